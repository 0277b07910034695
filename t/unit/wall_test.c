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

static bool wants(struct wall *wall, uint32_t seconds)
{
    return wall_wants_hearing(wall, at(seconds));
}

static void hear(struct wall *wall, enum wall_proof proof, uint32_t seconds)
{
    wall_heard(wall, proof, "mx.example", at(seconds));
}

/* Give reason for a suspicion at WALL_S. */
static void suspect(struct wall *wall)
{
    for (uint8_t i = 0; i < WALL_HOSTS; i++)
        miss(wall, i, 0);
    miss(wall, 0, WALL_S);
}

static void build(struct wall *wall)
{
    suspect(wall);
    assert_true(wants(wall, WALL_S));
    hear(wall, WALL_PROOF_SHUT, WALL_S);
}

static void test_many_hosts_for_long(void **state)
{
    struct wall wall = {0};
    for (uint8_t i = 0; i < 2 * WALL_HOSTS; i++)
        miss(&wall, i, i);
    assert_false(wants(&wall, WALL_S));
    miss(&wall, 1, WALL_S - 1);
    assert_false(wants(&wall, WALL_S));
    miss(&wall, 1, WALL_S);
    assert_true(wants(&wall, WALL_S));
    assert_true(wall_lets(&wall, at(WALL_S)));
}

/* Hosts of the strangers' choice alone never make one, however many they are;
 * and while the others are asked nothing changes. */
static void test_strangers_alone(void **state)
{
    struct wall wall = {0};
    suspect(&wall);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t now = WALL_S + i * WALL_HEARING_S;
        miss(&wall, (uint8_t)i, now);
        assert_true(wants(&wall, now));
        assert_true(wall_lets(&wall, at(now)));
        assert_false(wants(&wall, now)); /* one is under way */
        hear(&wall, WALL_PROOF_NONE, now + 1);
        assert_true(wall_lets(&wall, at(now + 1)));
        assert_false(wants(&wall, now + WALL_HEARING_S - 1));
    }
}

static void test_none_answers(void **state)
{
    struct wall wall = {0};
    suspect(&wall);
    assert_true(wants(&wall, WALL_S));
    hear(&wall, WALL_PROOF_SHUT, WALL_S + 10);
    assert_true(wall.stands);
    assert_false(wall_lets(&wall, at(WALL_S + 10)));
    assert_false(wants(&wall, WALL_S + 10));
    assert_true(wants(&wall, WALL_S + WALL_HEARING_S));
    hear(&wall, WALL_PROOF_NONE, WALL_S + WALL_HEARING_S); /* shows nothing */
    assert_true(wall.stands);
    assert_true(wants(&wall, WALL_S + 2 * WALL_HEARING_S));
    hear(&wall, WALL_PROOF_PASSES, WALL_S + 2 * WALL_HEARING_S);
    assert_false(wall.stands);
    assert_true(wall_lets(&wall, at(WALL_S + 2 * WALL_HEARING_S)));
}

/* One that answers clears the suspicion: it begins from the start, and no two
 * hearings are nearer than they may be. */
static void test_one_answers(void **state)
{
    struct wall wall = {0};
    suspect(&wall);
    assert_true(wants(&wall, WALL_S));
    hear(&wall, WALL_PROOF_PASSES, WALL_S + 1);
    hear(&wall, WALL_PROOF_SHUT, WALL_S + 2); /* of the same one, too late */
    assert_false(wall.stands);
    for (uint8_t i = 0; i < WALL_HOSTS; i++)
        miss(&wall, i, WALL_S + 3);
    miss(&wall, 0, WALL_S + 2 + WALL_S);
    assert_false(wants(&wall, WALL_S + 2 + WALL_S));
    miss(&wall, 0, WALL_S + 3 + WALL_S);
    assert_true(wants(&wall, WALL_S + 3 + WALL_S));
}

/* A callout that connects while the others are asked is the better proof. */
static void test_passes_meanwhile(void **state)
{
    struct wall wall = {0};
    suspect(&wall);
    assert_true(wants(&wall, WALL_S));
    wall_passed(&wall);
    hear(&wall, WALL_PROOF_SHUT, WALL_S + 10);
    assert_false(wall.stands);
}

/* One domain whose hosts are gone is not the world. */
static void test_few_hosts(void **state)
{
    struct wall wall = {0};
    for (uint32_t i = 0; i < 1000; i++)
        miss(&wall, (uint8_t)(i % (WALL_HOSTS - 1)), 10 * i);
    assert_false(wants(&wall, 10000));
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
    assert_false(wants(&wall, 10 * WALL_S));
}

static void test_tries(void **state)
{
    struct wall wall = {0};
    build(&wall);
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
        cmocka_unit_test(test_strangers_alone),
        cmocka_unit_test(test_none_answers),
        cmocka_unit_test(test_one_answers),
        cmocka_unit_test(test_passes_meanwhile),
        cmocka_unit_test(test_few_hosts),
        cmocka_unit_test(test_one_that_passes_is_enough),
        cmocka_unit_test(test_tries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
