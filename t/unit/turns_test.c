/* SPDX-License-Identifier: BSD-2-Clause */
/* turns_test.c - the order of turns, the limits, and those who leave */
#include "verify/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define S ((instant)1000000)

enum { MOST = 3, MOST_PER_HOST = 2 };

static const struct turn_terms usual = {.most = MOST,
                                        .most_per_host = MOST_PER_HOST};

static void wait_for(struct turns *turns, struct turn *turn, const char *domain,
                     uint8_t host, const struct turn_terms *terms)
{
    const struct address address = {.octets = {[15] = host}};
    assert_true(turns_wait(turns, turn, domain, &address, terms));
}

static struct turn *take(struct turns *turns)
{
    instant due;
    return turns_take(turns, S, &due);
}

static void test_first_come(void **state)
{
    struct turns *turns = turns_new();
    struct turn turn[5] = {{0}};
    assert_non_null(turns);
    assert_null(take(turns));
    for (uint8_t i = 0; i < 5; i++)
        wait_for(turns, &turn[i], "a.example", i, &usual);
    for (size_t i = 0; i < MOST; i++)
        assert_ptr_equal(take(turns), &turn[i]);
    assert_null(take(turns));
    turns_end(turns, turn[1].host);
    assert_ptr_equal(take(turns), &turn[3]);
    assert_null(take(turns));
    turns_end(turns, turn[0].host);
    turns_end(turns, turn[2].host);
    assert_ptr_equal(take(turns), &turn[4]);
    assert_null(take(turns));
    turns_end(turns, turn[3].host);
    turns_end(turns, turn[4].host);
    turns_free(&turns);
    assert_null(turns);
}

/* Who waits for a busy host holds up no other domain, and is the next when it
 * is free. */
static void test_busy_host(void **state)
{
    struct turns *turns = turns_new();
    struct turn turn[5] = {{0}};
    assert_non_null(turns);
    for (size_t i = 0; i < 4; i++)
        wait_for(turns, &turn[i], "a.example", 1, &usual);
    wait_for(turns, &turn[4], "b.example", 2, &usual);
    assert_ptr_equal(take(turns), &turn[0]);
    assert_ptr_equal(take(turns), &turn[4]);
    assert_ptr_equal(take(turns), &turn[1]);
    assert_null(take(turns));
    turns_end(turns, turn[4].host);
    assert_null(take(turns)); /* there is room, but not at that host */
    turns_end(turns, turn[0].host);
    assert_ptr_equal(take(turns), &turn[2]);
    turns_end(turns, turn[1].host);
    assert_ptr_equal(take(turns), &turn[3]);
    turns_end(turns, turn[2].host);
    turns_end(turns, turn[3].host);
    turns_free(&turns);
}

/* A call beside one's own counts as any other, and waits for nobody. */
static void test_also(void **state)
{
    static const struct address one = {.octets = {[15] = 1}},
                                other = {.octets = {[15] = 2}};
    struct turns *turns = turns_new();
    struct turn turn[2] = {{0}};
    assert_non_null(turns);
    for (size_t i = 0; i < 2; i++) {
        wait_for(turns, &turn[i], "a.example", 1, &usual);
        assert_ptr_equal(take(turns), &turn[i]);
    }
    assert_null(turns_also(turns, &one, &usual)); /* it has all its calls */
    struct turns_host *host = turns_also(turns, &other, &usual);
    assert_non_null(host);
    assert_null(turns_also(turns, &other, &usual)); /* there is no room */
    turns_end(turns, turn[0].host);
    struct turns_host *again = turns_also(turns, &one, &usual);
    assert_ptr_equal(again, turn[1].host);
    turns_end(turns, again);
    turns_end(turns, host);
    turns_end(turns, turn[1].host);
    turns_free(&turns);
}

/* A domain with many who wait has no more than its turn; also where all want
 * the same host, as at a large provider. */
static void test_domains_take_turns(void **state)
{
    const struct turn_terms alone = {.most = 1, .most_per_host = 1};
    struct turns *turns = turns_new();
    struct turn forged[6] = {{0}}, other[2] = {{0}};
    const struct turn *const order[] = {&forged[0], &other[0],  &forged[1],
                                        &other[1],  &forged[2], &forged[3],
                                        &forged[4], &forged[5]};
    assert_non_null(turns);
    for (size_t i = 0; i < 6; i++)
        wait_for(turns, &forged[i], "forged.example", 1, &alone);
    for (size_t i = 0; i < 2; i++)
        wait_for(turns, &other[i], "other.example", 1, &alone);
    for (size_t i = 0; i < 8; i++) {
        const struct turn *turn = take(turns);
        assert_ptr_equal(turn, order[i]);
        assert_null(take(turns));
        turns_end(turns, turn->host);
    }
    turns_free(&turns);
}

static void test_again_goes_before(void **state)
{
    struct turn_terms again = usual;
    struct turns *turns = turns_new();
    struct turn turn[2] = {{0}};
    assert_non_null(turns);
    again.again = true;
    wait_for(turns, &turn[0], "a.example", 1, &usual);
    wait_for(turns, &turn[1], "a.example", 1, &again);
    assert_ptr_equal(take(turns), &turn[1]);
    assert_ptr_equal(take(turns), &turn[0]);
    turns_end(turns, turn[0].host);
    turns_end(turns, turn[1].host);
    turns_free(&turns);
}

/* Three a minute: three at once, then one every twenty seconds; and each domain
 * has its own. A second call for the same is not counted. */
static void test_rate(void **state)
{
    struct turn_terms rated = {.most = 100,
                               .most_per_host = 100,
                               .per_domain = {.count = 3, .per_ms = 60000}};
    struct turn_terms again = rated;
    struct turns *turns = turns_new();
    struct turn turn[7] = {{0}};
    instant due;
    assert_non_null(turns);
    again.again = true;
    for (size_t i = 0; i < 5; i++)
        wait_for(turns, &turn[i], "a.example", 1, &rated);
    for (size_t i = 0; i < 3; i++)
        assert_ptr_equal(turns_take(turns, 100 * S, &due), &turn[i]);
    assert_null(turns_take(turns, 100 * S, &due));
    assert_true(due == 120 * S);
    wait_for(turns, &turn[5], "b.example", 1, &rated);
    wait_for(turns, &turn[6], "a.example", 2, &again);
    assert_ptr_equal(turns_take(turns, 119 * S, &due), &turn[5]);
    assert_ptr_equal(turns_take(turns, 119 * S, &due), &turn[6]);
    assert_null(turns_take(turns, 119 * S, &due));
    assert_ptr_equal(turns_take(turns, 120 * S, &due), &turn[3]);
    assert_null(turns_take(turns, 139 * S, &due));
    assert_true(due == 140 * S);
    assert_ptr_equal(turns_take(turns, 140 * S, &due), &turn[4]);
    for (size_t i = 0; i < 7; i++)
        turns_end(turns, turn[i].host);
    /* What was forgotten is whole again, and what is remembered is not. */
    wait_for(turns, &turn[0], "a.example", 1, &rated);
    assert_null(turns_take(turns, 141 * S, &due));
    turns_leave(turns, &turn[0]);
    for (size_t i = 0; i < 3; i++)
        wait_for(turns, &turn[i], "a.example", 1, &rated);
    for (size_t i = 0; i < 3; i++)
        assert_ptr_equal(turns_take(turns, 300 * S, &due), &turn[i]);
    for (size_t i = 0; i < 3; i++)
        turns_end(turns, turn[i].host);
    turns_free(&turns);
}

static instant due_at(struct turns *turns, const char *domain,
                      const struct turn_terms *terms, uint32_t seconds)
{
    return turns_due(turns, domain, terms, seconds * S) / S;
}

/* S17: when one more would have his turn, who does not wait for that. */
static void test_due(void **state)
{
    const struct turn_terms rated = {
        .most = 100,
        .most_per_host = 100,
        .per_domain = {.count = 3, .per_ms = 60000},
        .newcomer = true};
    struct turn_terms known = rated, again = rated, free = rated;
    struct turns *turns = turns_new();
    struct turn turn[9] = {{0}};
    instant due;
    assert_non_null(turns);
    known.newcomer = false;
    again.again = true;
    free.per_domain.count = 0;
    for (size_t i = 0; i < 5; i++) {
        static const int expected[] = {100, 100, 100, 120, 140};
        assert_int_equal(due_at(turns, "a.example", &rated, 100), expected[i]);
        wait_for(turns, &turn[i], "a.example", (uint8_t)i, &rated);
    }
    assert_int_equal(due_at(turns, "a.example", &known, 100), 100);
    assert_int_equal(due_at(turns, "a.example", &free, 100), 100);
    assert_int_equal(due_at(turns, "b.example", &rated, 100), 100);
    for (size_t i = 0; i < 3; i++)
        assert_ptr_equal(turns_take(turns, 100 * S, &due), &turn[i]);
    assert_int_equal(due_at(turns, "a.example", &rated, 110), 160);
    assert_int_equal(due_at(turns, "a.example", &known, 110), 120);
    assert_int_equal(due_at(turns, "a.example", &again, 110), 110);
    wait_for(turns, &turn[5], "a.example", 1, &known);
    wait_for(turns, &turn[6], "a.example", 1, &again);
    assert_int_equal(due_at(turns, "a.example", &known, 110), 140);
    assert_int_equal(due_at(turns, "a.example", &rated, 110), 180);
    for (size_t i = 3; i < 7; i++)
        turns_leave(turns, &turn[i]);
    assert_int_equal(due_at(turns, "a.example", &rated, 110), 120);
    for (size_t i = 0; i < 3; i++)
        turns_end(turns, turn[i].host);
    turns_free(&turns);
}

/* S17: a flood of newcomers does not keep those out who are none; they are
 * served in the order they came. */
static void test_newcomers_stand_behind(void **state)
{
    const struct turn_terms known = {
        .most = 1,
        .most_per_host = 1,
        .per_domain = {.count = 1, .per_ms = 1000}};
    struct turn_terms newcomer = known, again = known;
    struct turns *turns = turns_new();
    struct turn forged[3] = {{0}}, good[2] = {{0}}, second = {0};
    const struct turn *const order[] = {&second,    &good[0],   &good[1],
                                        &forged[0], &forged[1], &forged[2]};
    instant due;
    assert_non_null(turns);
    newcomer.newcomer = true;
    again.again = true;
    for (size_t i = 0; i < 3; i++)
        wait_for(turns, &forged[i], "a.example", 1, &newcomer);
    for (size_t i = 0; i < 2; i++)
        wait_for(turns, &good[i], "a.example", 1, &known);
    wait_for(turns, &second, "a.example", 1, &again);
    for (size_t i = 0; i < 6; i++) {
        const struct turn *turn =
            turns_take(turns, (instant)(10 + i) * S, &due);
        assert_ptr_equal(turn, order[i]);
        turns_end(turns, turn->host);
    }
    turns_free(&turns);
}

/* Whoever leaves holds up nobody behind him. */
static void test_leave(void **state)
{
    struct turns *turns = turns_new();
    struct turn turn[5] = {{0}};
    assert_non_null(turns);
    turns_leave(turns, &turn[0]); /* does not wait */
    for (size_t i = 0; i < 5; i++)
        wait_for(turns, &turn[i], i < 4 ? "a.example" : "b.example", 1, &usual);
    assert_ptr_equal(take(turns), &turn[0]);
    turns_leave(turns, &turn[4]);
    turns_leave(turns, &turn[2]);
    assert_ptr_equal(take(turns), &turn[1]);
    assert_null(take(turns));
    turns_end(turns, turn[0].host);
    turns_end(turns, turn[1].host);
    assert_ptr_equal(take(turns), &turn[3]);
    turns_leave(turns, &turn[3]); /* does not wait any more */
    turns_end(turns, turn[3].host);
    turns_free(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_come),
        cmocka_unit_test(test_busy_host),
        cmocka_unit_test(test_also),
        cmocka_unit_test(test_domains_take_turns),
        cmocka_unit_test(test_again_goes_before),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_newcomers_stand_behind),
        cmocka_unit_test(test_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
