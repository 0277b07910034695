/* SPDX-License-Identifier: BSD-2-Clause */
/* turns_test.c - the order of turns, both limits, and those who leave */
#include "verify/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { MOST = 3, MOST_PER_HOST = 2 };

static struct address host(uint8_t number)
{
    return (struct address){.octets = {[15] = number}};
}

static void wait_with(struct turns *turns, struct turn *turn, uint8_t number,
                      bool first)
{
    const struct turn_terms terms = {MOST, MOST_PER_HOST, first};
    struct address address = host(number);
    assert_true(turns_wait(turns, turn, &address, &terms));
}

static void wait_for(struct turns *turns, struct turn *turn, uint8_t number)
{
    wait_with(turns, turn, number, false);
}

static void test_first_come(void **state)
{
    struct turns *turns = turns_new();
    struct turn turn[5] = {{0}};
    assert_non_null(turns);
    assert_null(turns_take(turns));
    for (uint8_t i = 0; i < 5; i++)
        wait_for(turns, &turn[i], i);
    for (size_t i = 0; i < MOST; i++)
        assert_ptr_equal(turns_take(turns), &turn[i]);
    assert_null(turns_take(turns));
    turns_end(turns, turn[1].host);
    assert_ptr_equal(turns_take(turns), &turn[3]);
    assert_null(turns_take(turns));
    turns_end(turns, turn[0].host);
    turns_end(turns, turn[2].host);
    assert_ptr_equal(turns_take(turns), &turn[4]);
    assert_null(turns_take(turns));
    turns_end(turns, turn[3].host);
    turns_end(turns, turn[4].host);
    turns_free(&turns);
    assert_null(turns);
}

/* Who waits for a busy host holds up nobody else, and is the next when it is
 * free, before those who came later. */
static void test_busy_host(void **state)
{
    struct turns *turns = turns_new();
    struct turn turn[6] = {{0}};
    assert_non_null(turns);
    for (size_t i = 0; i < 4; i++)
        wait_for(turns, &turn[i], 1);
    wait_for(turns, &turn[4], 2);
    assert_ptr_equal(turns_take(turns), &turn[0]);
    assert_ptr_equal(turns_take(turns), &turn[1]);
    assert_ptr_equal(turns_take(turns), &turn[4]);
    assert_null(turns_take(turns));
    wait_for(turns, &turn[5], 3);
    turns_end(turns, turn[0].host);
    assert_ptr_equal(turns_take(turns), &turn[2]);
    assert_null(turns_take(turns));
    turns_end(turns, turn[4].host);
    assert_ptr_equal(turns_take(turns), &turn[5]);
    turns_end(turns, turn[1].host);
    assert_ptr_equal(turns_take(turns), &turn[3]);
    turns_end(turns, turn[2].host);
    turns_end(turns, turn[3].host);
    turns_end(turns, turn[5].host);
    turns_free(&turns);
}

static void test_before_others(void **state)
{
    struct turns *turns = turns_new();
    struct turn turn[2] = {{0}};
    assert_non_null(turns);
    wait_for(turns, &turn[0], 1);
    wait_with(turns, &turn[1], 2, true);
    assert_ptr_equal(turns_take(turns), &turn[1]);
    assert_ptr_equal(turns_take(turns), &turn[0]);
    turns_end(turns, turn[0].host);
    turns_end(turns, turn[1].host);
    turns_free(&turns);
}

/* Whoever leaves, from either list, holds up nobody behind him. */
static void test_leave(void **state)
{
    struct turns *turns = turns_new();
    struct turn turn[5] = {{0}};
    assert_non_null(turns);
    turns_leave(turns, &turn[0]); /* does not wait */
    for (size_t i = 0; i < 5; i++)
        wait_for(turns, &turn[i], 1);
    assert_ptr_equal(turns_take(turns), &turn[0]);
    assert_ptr_equal(turns_take(turns), &turn[1]);
    assert_null(turns_take(turns));
    turns_leave(turns, &turn[3]);
    /* turn[2] is woken twice over, and leaves before it is looked at. */
    turns_end(turns, turn[0].host);
    turns_end(turns, turn[1].host);
    turns_leave(turns, &turn[2]);
    assert_ptr_equal(turns_take(turns), &turn[4]);
    assert_null(turns_take(turns));
    turns_leave(turns, &turn[4]); /* does not wait any more */
    turns_end(turns, turn[4].host);
    turns_free(&turns);
}

/* One woken, gone before it is looked at, while a second waits at the host and
 * no call to it is left that could end. */
static void test_last_to_leave(void **state)
{
    const struct turn_terms alone = {MOST, 1, false};
    struct turns *turns = turns_new();
    struct turn turn[3] = {{0}};
    struct address address = host(1);
    assert_non_null(turns);
    for (size_t i = 0; i < 3; i++)
        assert_true(turns_wait(turns, &turn[i], &address, &alone));
    assert_ptr_equal(turns_take(turns), &turn[0]);
    assert_null(turns_take(turns));
    turns_end(turns, turn[0].host);
    turns_leave(turns, &turn[1]);
    assert_ptr_equal(turns_take(turns), &turn[2]);
    turns_end(turns, turn[2].host);
    turns_free(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_come),    cmocka_unit_test(test_busy_host),
        cmocka_unit_test(test_before_others), cmocka_unit_test(test_leave),
        cmocka_unit_test(test_last_to_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
