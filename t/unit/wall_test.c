/* SPDX-License-Identifier: BSD-2-Clause */
/* wall_test.c - S20: when callouts that cannot connect are a wall of ours */
#include "verify/wall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static instant at(uint32_t seconds)
{
    return instant_after_s(0, seconds);
}

static void miss(struct wall *wall, uint8_t host, uint32_t seconds)
{
    const struct address address = {.octets = {[15] = host}};
    wall_missed(wall, &address, at(seconds));
}

static void test_many_hosts_for_long(void **state)
{
    struct wall wall = {0};
    for (uint8_t i = 0; i < 2 * WALL_HOSTS; i++)
        miss(&wall, i, i);
    assert_true(wall_lets(&wall, at(WALL_S)));
    miss(&wall, 1, WALL_S - 1);
    assert_true(wall_lets(&wall, at(WALL_S)));
    miss(&wall, 1, WALL_S);
    assert_false(wall_lets(&wall, at(WALL_S)));
}

/* One domain whose hosts are gone is not the world. */
static void test_few_hosts(void **state)
{
    struct wall wall = {0};
    for (uint32_t i = 0; i < 1000; i++)
        miss(&wall, (uint8_t)(i % (WALL_HOSTS - 1)), 10 * i);
    assert_true(wall_lets(&wall, at(10000)));
}

static void test_one_that_passes_is_enough(void **state)
{
    struct wall wall = {0};
    for (uint8_t i = 0; i < WALL_HOSTS; i++)
        miss(&wall, i, 0);
    wall_passed(&wall);
    for (uint8_t i = 0; i < WALL_HOSTS - 1; i++)
        miss(&wall, i, WALL_S);
    miss(&wall, 0, 10 * WALL_S);
    assert_true(wall_lets(&wall, at(10 * WALL_S)));
}

static void test_tries(void **state)
{
    struct wall wall = {0};
    for (uint8_t i = 0; i < WALL_HOSTS; i++)
        miss(&wall, i, 0);
    miss(&wall, 0, WALL_S);
    assert_false(wall_lets(&wall, at(WALL_S + WALL_TRY_S - 1)));
    assert_true(wall_lets(&wall, at(WALL_S + WALL_TRY_S)));
    assert_false(wall_lets(&wall, at(WALL_S + WALL_TRY_S + 1)));
    miss(&wall, 7, WALL_S + WALL_TRY_S + 5);
    assert_false(wall_lets(&wall, at(WALL_S + 2 * WALL_TRY_S - 1)));
    assert_true(wall_lets(&wall, at(WALL_S + 2 * WALL_TRY_S)));
    wall_passed(&wall);
    assert_true(wall_lets(&wall, at(WALL_S + 2 * WALL_TRY_S + 1)));
    assert_true(wall_lets(&wall, at(WALL_S + 2 * WALL_TRY_S + 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_hosts_for_long),
        cmocka_unit_test(test_few_hosts),
        cmocka_unit_test(test_one_that_passes_is_enough),
        cmocka_unit_test(test_tries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
