/* SPDX-License-Identifier: BSD-2-Clause */
/* sights_test.c - first sights: kept while the failure goes on, forgotten after
 * it, and under threads */
#include "store/sights.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

enum operation { NOTE, FORGET, FIRST };
enum { KEEP_S = 100, NEVER = -1 };

static instant at_s(int seconds)
{
    return seconds == NEVER ? INSTANT_NEVER
                            : instant_after_s(0, (uint32_t)seconds);
}

/* A row is a step; each follows the ones before it. */
static void test_steps(void **state)
{
    static const struct {
        enum operation operation;
        const char *subject;
        int now, first;
    } rows[] = {
        {FIRST, "a", 0, NEVER},
        {NOTE, "a", 10, 0},
        {FIRST, "a", 10, 10},
        {FIRST, "b", 10, NEVER},
        /* The first one stays, and each makes it last longer. */
        {NOTE, "a", 60, 0},
        {FIRST, "a", 60, 10},
        {FIRST, "a", 159, 10},
        {NOTE, "a", 159, 0},
        {FIRST, "a", 258, 10},
        /* Not seen again for so long. */
        {FIRST, "a", 259, NEVER},
        {NOTE, "a", 260, 0},
        {FIRST, "a", 260, 260},
        {NOTE, "b", 261, 0},
        {FORGET, "a", 0, 0},
        {FIRST, "a", 261, NEVER},
        {FIRST, "b", 261, 261},
        {FORGET, "a", 0, 0},
    };
    struct sights *sights = sights_new(1 << 20);
    assert_non_null(sights);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct span subject = span_of(rows[i].subject);
        switch (rows[i].operation) {
        case NOTE:
            sights_note(sights, subject, at_s(rows[i].now), KEEP_S);
            break;
        case FORGET:
            sights_forget(sights, subject);
            break;
        case FIRST:
            if (sights_first(sights, subject, at_s(rows[i].now)) !=
                at_s(rows[i].first))
                fail_msg("row %zu", i);
            break;
        }
    }
    sights_free(&sights);
    assert_null(sights);
}

static void *note_and_forget(void *argument)
{
    struct sights *sights = argument;
    for (int i = 0; i < 20000; i++) {
        struct span subject = span_of(i % 3 == 0 ? "a" : "b");
        sights_note(sights, subject, i, KEEP_S);
        if (sights_first(sights, subject, i) != INSTANT_NEVER && i % 7 == 0)
            sights_forget(sights, subject);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct sights *sights = sights_new(1 << 20);
    pthread_t threads[4];
    assert_non_null(sights);
    for (size_t i = 0; i < LENGTH(threads); i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, note_and_forget, sights), 0);
    for (size_t i = 0; i < LENGTH(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    sights_free(&sights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
