/* SPDX-License-Identifier: BSD-2-Clause */
/* sleep_test.c - a machine that slept: callouts whose deadlines are over when
 * it wakes up are unsure, and nothing is tried once more for that (row P9 of
 * the faults to survive; fault/clock stops the whole daemon) */
#include "verifier_world.h"

enum { ASKED = 20, SLEEP_S = 500, LONG_MS = 100000 };

static const struct server_script scripts[] = {
    {.rcpt = SILENT, .quit = SILENT}, {0}, {0}};

static struct world *begin_patient(void)
{
    struct world *world = begin(scripts, LENGTH(scripts));
    world->settings.reply_ms = LONG_MS;
    world->settings.connect_ms = LONG_MS;
    world->settings.total_ms = 2 * LONG_MS;
    world->settings.most_per_host = ASKED;
    return world;
}

/* The first exchanger says nothing; the others, which would accept, could only
 * be asked after the deadline of all. */
static void test_flights(void **state)
{
    struct world *world = begin_patient();
    ask_crowd(world, world->askers, ASKED, 0, LENGTH(scripts));
    EVENTUALLY(calls(world, 0) == ASKED);
    pass_s(world, SLEEP_S);
    for (size_t i = 0; i < ASKED; i++)
        expect(&world->askers[i], CALLOUT_UNREACHABLE);
    assert_int_equal(calls(world, 0), ASKED);
    assert_int_equal(calls(world, 1), 0);
    assert_int_equal(calls(world, 2), 0);
    EVENTUALLY(open_now(world, 0) == 0);
    end(world);
}

/* What is known still is, and who comes then is served as ever. */
static void test_after(void **state)
{
    struct world *world = begin_patient();
    struct asker *asker = &world->askers[0];
    ask_at(world, asker, "before@example.com", 1, 1);
    expect(asker, CALLOUT_ACCEPTED);
    pass_s(world, SLEEP_S);
    assert_true(is_kept(world, "before@example.com"));
    ask_at(world, asker, "after@example.com", 1, 1);
    expect(asker, CALLOUT_ACCEPTED);
    assert_int_equal(calls(world, 1), 2);
    end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flights),
        cmocka_unit_test(test_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
