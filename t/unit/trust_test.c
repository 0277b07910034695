/* SPDX-License-Identifier: BSD-2-Clause */
/* trust_test.c - D23: what rounds of a canary's questions say of a resolver,
 * and which answers are believed for it */
#include "dns/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define S ((instant)1000000)

static const struct dns_answer found = {.status = DNS_FOUND};
static const struct dns_answer absent = {.status = DNS_NXDOMAIN};
static const struct dns_answer nothing = {.status = DNS_NODATA};
static const struct dns_answer failure = {.status = DNS_TEMPERROR,
                                          .trouble = DNS_TROUBLE_TIMEOUT};

static const struct dns_answer *answer(char letter)
{
    switch (letter) {
    case 'f':
        return &found;
    case 'x':
        return &absent;
    case 'n':
        return &nothing;
    default:
        return &failure;
    }
}

/** Rounds one after the other, each as the letters of the own name's A and
 * AAAA and of the impossible name: found, nXdomain, no data, "-" a failure. */
#define ROUNDS_MOST 5
static const struct {
    const char *rounds[ROUNDS_MOST];
    enum trust_word word;
} rows[] = {
    {{"---"}, TRUST_MUTE},
    {{"fnx"}, TRUST_GOOD},
    {{"nfx"}, TRUST_GOOD},
    {{"fxn"}, TRUST_GOOD},
    {{"f--"}, TRUST_GOOD},
    /* Our name is in no DNS, or not yet: the other half serves alone. */
    {{"xxx"}, TRUST_GOOD},
    {{"xx-"}, TRUST_MUTE},
    {{"xxx", "xxx"}, TRUST_GOOD},
    {{"xxx", "fnx", "xxx"}, TRUST_DENIES},
    /* One that denies everything. */
    {{"fnx", "xxx"}, TRUST_DENIES},
    {{"fnx", "nnn"}, TRUST_DENIES},
    {{"nfx", "nxx"}, TRUST_DENIES},
    {{"f--", "xx-"}, TRUST_DENIES},
    {{"fnx", "n-x"}, TRUST_GOOD},
    {{"fnx", "--x"}, TRUST_GOOD},
    {{"fnx", "xxx", "--x"}, TRUST_DENIES},
    {{"fnx", "xxx", "---"}, TRUST_DENIES},
    {{"fnx", "xxx", "fnx"}, TRUST_GOOD},
    {{"fnx", "xxx", "f--"}, TRUST_GOOD},
    /* One that finds everything. */
    {{"fff"}, TRUST_FINDS},
    {{"--f"}, TRUST_FINDS},
    {{"fnx", "fff"}, TRUST_FINDS},
    {{"xxx", "xxf"}, TRUST_FINDS},
    {{"fff", "fn-"}, TRUST_FINDS},
    {{"fff", "---"}, TRUST_FINDS},
    {{"fff", "fnx"}, TRUST_GOOD},
    {{"fff", "xxx"}, TRUST_GOOD}, /* what it found was no name of ours */
    {{"fnx", "xxx", "fff"}, TRUST_FINDS},
    {{"fnx", "fff", "xxx"}, TRUST_DENIES},
    /* One that says nothing is no liar, nor mended by it. */
    {{"fnx", "---"}, TRUST_SILENT},
    {{"fnx", "---", "---"}, TRUST_SILENT},
    {{"fnx", "---", "f--"}, TRUST_GOOD},
    {{"fnx", "---", "--x"}, TRUST_GOOD},
    {{"fnx", "---", "xx-"}, TRUST_DENIES},
};

static void take(struct trust *trust, const char *letters, instant now)
{
    const struct trust_round round = {answer(letters[0]), answer(letters[1]),
                                      answer(letters[2])};
    trust_take(trust, &round, now);
    assert_true(trust->answered == now);
}

static void rounds_come_to_a_word(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct trust trust = TRUST_BEGIN;
        for (size_t k = 0; k < ROUNDS_MOST && rows[i].rounds[k] != NULL; k++)
            take(&trust, rows[i].rounds[k], (instant)(k + 1) * S);
        if (trust.word != rows[i].word)
            fail_msg("row %zu: %d", i, (int)trust.word);
        assert_int_equal(trust_is_lost(&trust), trust.word == TRUST_DENIES ||
                                                    trust.word == TRUST_FINDS);
        assert_true(*trust_text(&trust) != '\0');
    }
}

static void nobody_who_is_not_tried_is_doubted(void **state)
{
    const struct trust trust = {0};
    assert_int_equal(trust_judge(&trust, 1 * S, 99 * S), TRUST_BELIEVED);
}

static void new_answers_want_a_round_of_late(void **state)
{
    struct trust trust = TRUST_BEGIN;
    assert_int_equal(trust_judge(&trust, 90 * S, 99 * S), TRUST_OPEN);
    take(&trust, "fnx", 100 * S);
    /* What is older than the round, or at most five seconds younger. */
    assert_int_equal(trust_judge(&trust, 1 * S, 99 * S), TRUST_BELIEVED);
    assert_int_equal(trust_judge(&trust, 105 * S, 105 * S), TRUST_BELIEVED);
    assert_int_equal(trust_judge(&trust, 105 * S, 105 * S + 1), TRUST_OPEN);
    take(&trust, "fnx", 106 * S);
    assert_int_equal(trust_judge(&trust, 105 * S, 105 * S + 1), TRUST_BELIEVED);
    /* Silence is heard as well: nothing can be made of the answers. */
    take(&trust, "---", 120 * S);
    assert_int_equal(trust_judge(&trust, 119 * S, 119 * S), TRUST_DOUBTED);
    assert_int_equal(trust_judge(&trust, 126 * S, 126 * S), TRUST_OPEN);
}

/* It cannot be tried at all: that must not keep every fail open. */
static void mute_one_is_believed(void **state)
{
    struct trust trust = TRUST_BEGIN;
    take(&trust, "---", 100 * S);
    assert_int_equal(trust_judge(&trust, 99 * S, 99 * S), TRUST_BELIEVED);
}

static void what_came_before_the_end_of_lies_is_doubted(void **state)
{
    struct trust trust = TRUST_BEGIN;
    take(&trust, "fnx", 100 * S);
    take(&trust, "xxx", 110 * S);
    assert_int_equal(trust_judge(&trust, 90 * S, 90 * S), TRUST_DOUBTED);
    assert_int_equal(trust_judge(&trust, 110 * S, 110 * S), TRUST_DOUBTED);
    take(&trust, "fff", 115 * S);
    assert_int_equal(trust_judge(&trust, 115 * S, 115 * S), TRUST_DOUBTED);
    take(&trust, "fnx", 120 * S);
    assert_int_equal(trust_judge(&trust, 119 * S, 121 * S), TRUST_DOUBTED);
    assert_int_equal(trust_judge(&trust, 121 * S, 122 * S), TRUST_BELIEVED);
    /* It stays so when all is well. */
    take(&trust, "fnx", 500 * S);
    assert_int_equal(trust_judge(&trust, 119 * S, 119 * S), TRUST_DOUBTED);
}

static void another_name_is_learnt_anew(void **state)
{
    struct trust trust = TRUST_BEGIN;
    take(&trust, "fnx", 100 * S);
    take(&trust, "xxx", 110 * S);
    trust_forget_us(&trust, 111 * S);
    assert_false(trust_is_lost(&trust));
    assert_int_equal(trust_judge(&trust, 110 * S, 110 * S), TRUST_DOUBTED);
    assert_int_equal(trust_judge(&trust, 111 * S, 111 * S), TRUST_OPEN);
    take(&trust, "xxx", 112 * S);
    assert_int_equal(trust.word, TRUST_GOOD);
    /* What finds everything is no better for that. */
    take(&trust, "fff", 113 * S);
    trust_forget_us(&trust, 114 * S);
    assert_int_equal(trust.word, TRUST_FINDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_come_to_a_word),
        cmocka_unit_test(nobody_who_is_not_tried_is_doubted),
        cmocka_unit_test(new_answers_want_a_round_of_late),
        cmocka_unit_test(mute_one_is_believed),
        cmocka_unit_test(what_came_before_the_end_of_lies_is_doubted),
        cmocka_unit_test(another_name_is_learnt_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
