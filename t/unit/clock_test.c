/* SPDX-License-Identifier: BSD-2-Clause */
/* clock_test.c - arithmetic on instants at its ends, and the system's clocks */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static void test_after(void **state)
{
    static const struct {
        instant (*after)(instant at, uint32_t count);
        instant at;
        uint32_t count;
        instant want;
    } rows[] = {
        {instant_after_ms, 0, 0, 0},
        {instant_after_ms, 5, 1, 1005},
        {instant_after_ms, -1000, 1, 0},
        {instant_after_ms, 0, UINT32_MAX, 4294967295000},
        {instant_after_ms, INSTANT_NEVER - 1000, 1, INSTANT_NEVER},
        {instant_after_ms, INSTANT_NEVER - 999, 1, INSTANT_NEVER},
        {instant_after_ms, INSTANT_NEVER, 0, INSTANT_NEVER},
        {instant_after_ms, INSTANT_NEVER, UINT32_MAX, INSTANT_NEVER},
        {instant_after_s, 7, 2, 2000007},
        {instant_after_s, 0, UINT32_MAX, 4294967295000000},
        {instant_after_s, INSTANT_NEVER - 1, 1, INSTANT_NEVER},
        {instant_after_s, INSTANT_NEVER, 1, INSTANT_NEVER},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        assert_true(rows[i].after(rows[i].at, rows[i].count) == rows[i].want);
}

static void test_until(void **state)
{
    static const struct {
        instant now, at;
        uint32_t want;
    } rows[] = {
        {0, 0, 0},
        {1, 0, 0},
        {INSTANT_NEVER, 0, 0},
        {0, 1, 1},
        {0, 1000, 1},
        {0, 1001, 2},
        {500, 1500, 1},
        {-1000, 1000, 2},
        {0, 4294967295000, UINT32_MAX},
        {0, 4294967295001, UINT32_MAX},
        {0, INSTANT_NEVER, UINT32_MAX},
        {INT64_MIN, INSTANT_NEVER, UINT32_MAX},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        assert_int_equal(instant_ms_until(rows[i].now, rows[i].at),
                         rows[i].want);
}

static void test_system(void **state)
{
    struct timespec monotonic;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    instant before =
        (instant)monotonic.tv_sec * 1000000 + monotonic.tv_nsec / 1000;
    instant now = clock_now(&clock_system);
    assert_true(now >= before);
    assert_true(now < instant_after_s(before, 60));
    assert_true(clock_now(&clock_system) >= now);

    int64_t wall = (int64_t)time(NULL);
    assert_in_range(clock_wall(&clock_system), wall, wall + 60);
}

/* A clock of our own comes through the same door. */
static instant told_now(void *context)
{
    return *(const int *)context;
}

static int64_t told_wall(void *context)
{
    return *(const int *)context + 1;
}

static void test_replaced(void **state)
{
    int told = 41;
    const struct clock clock = {told_now, told_wall, &told};
    assert_int_equal(clock_now(&clock), 41);
    assert_int_equal(clock_wall(&clock), 42);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_until),
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_replaced),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
