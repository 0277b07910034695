/* SPDX-License-Identifier: BSD-2-Clause */
/* returners_test.c - S17: for how long it is known who was sent away, and what
 * a flood does to that */
#include "verify/returners.h"

#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static const struct hash_key key = {1, 2};

static uint64_t sender(uint32_t number)
{
    char address[32];
    (void)snprintf(address, sizeof(address), "u%u@example.com",
                   (unsigned)number);
    return hash_octets(&key, span_of(address));
}

static instant at(uint32_t seconds)
{
    return instant_after_s(0, seconds);
}

static void test_time(void **state)
{
    static const uint32_t after[] = {0, 1, RETURNERS_S / 2, RETURNERS_S - 1};
    for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
        struct returners *returners = returners_new();
        assert_non_null(returners);
        returners_note(returners, sender(0), at(100000)); /* begins a field */
        instant then = at(100000 + after[i]);
        returners_note(returners, sender(1), then);
        assert_true(returners_have(returners, sender(1), then));
        assert_true(returners_have(returners, sender(1),
                                   instant_after_s(then, RETURNERS_S)));
        assert_false(returners_have(returners, sender(2), then));
        assert_false(returners_have(returners, sender(1),
                                    instant_after_s(then, 2 * RETURNERS_S)));
        returners_free(&returners);
        assert_null(returners);
    }
}

static void test_long_idle(void **state)
{
    struct returners *returners = returners_new();
    assert_non_null(returners);
    assert_false(returners_have(returners, sender(1), at(0)));
    returners_note(returners, sender(1), at(5));
    assert_false(returners_have(returners, sender(1), at(30 * RETURNERS_S)));
    returners_note(returners, sender(1), at(30 * RETURNERS_S));
    assert_true(returners_have(returners, sender(1), at(31 * RETURNERS_S)));
    returners_free(&returners);
}

/* A hundred a second for an hour: nobody is forgotten, and few pass for such as
 * were here. */
static void test_flood(void **state)
{
    const uint32_t count = 100 * RETURNERS_S;
    struct returners *returners = returners_new();
    uint32_t taken_for = 0;
    assert_non_null(returners);
    for (uint32_t i = 0; i < count; i++)
        returners_note(returners, sender(i), at(10 + i / 100));
    for (uint32_t i = 0; i < count; i += 101)
        assert_true(returners_have(returners, sender(i), at(RETURNERS_S)));
    for (uint32_t i = 0; i < 10000; i++)
        taken_for +=
            returners_have(returners, sender(count + i), at(RETURNERS_S));
    assert_in_range(taken_for, 0, 500);
    returners_free(&returners);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_long_idle),
        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
