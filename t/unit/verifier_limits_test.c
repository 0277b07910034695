/* SPDX-License-Identifier: BSD-2-Clause */
/* verifier_limits_test.c - who waits for his turn, for how long, and what he is
 * told when it does not come */
#include "verifier_world.h"

/* Both limits hold, and who waits for a busy host holds up nobody. */
static void test_limits(void **state)
{
    static const struct server_script scripts[] = {{0}, {0}, {0}};
    struct world *world = begin(scripts, 3);
    atomic_store(&world->servers.gate, false);
    world->settings.most = 5;
    world->settings.most_per_host = 2;
    world->settings.reply_ms = 10000;
    ask_crowd(world, world->askers, CROWD, 0, 1);
    ask_crowd(world, world->askers + CROWD, CROWD, 1, 1);
    ask_crowd(world, world->askers + 2 * CROWD, CROWD, 2, 1);
    EVENTUALLY(open_now(world, 0) + open_now(world, 1) + open_now(world, 2) ==
               5);
    EVENTUALLY(verifier_flights(world->verifier) == 3 * CROWD);
    pause_ms(50); /* for one too many */
    assert_int_equal(open_now(world, 0), 2);
    assert_int_equal(open_now(world, 1), 2);
    assert_int_equal(open_now(world, 2), 1);
    atomic_store(&world->servers.gate, true);
    for (size_t i = 0; i < 3 * CROWD; i++)
        expect(&world->askers[i], CALLOUT_ACCEPTED);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(calls(world, i), CROWD);
        assert_in_range(at_once(world, i), 1, 2);
    }
    end(world);
}

/* A turn that does not come in time is no answer to keep, and without anybody
 * who waits the flight is none. After a first turn, what was heard then is the
 * answer. */
static void test_no_turn(void **state)
{
    static const struct server_script scripts[] = {{.greeting = SILENT},
                                                   {.deaf = true}};
    struct world *world = begin(scripts, 2);
    struct asker *first = &world->askers[0], *second = &world->askers[1],
                 *third = &world->askers[2];
    world->settings.most_per_host = 1;
    world->settings.reply_ms = 1000;
    ask_about(world, first, "a@example.com", 1);
    EVENTUALLY(calls(world, 0) == 1);
    world->settings.total_ms = 100;
    ask_about(world, second, "b@example.com", 1);
    prepare(world, third, "c@example.com", 0, 2);
    third->targets[0] = third->targets[1];
    third->targets[1].address = second->targets[0].address;
    verifier_ask(world->verifier, &third->ask);
    expect(second, CALLOUT_CAPACITY);
    expect(third, CALLOUT_UNREACHABLE);
    assert_int_equal(third->answer.trouble, CALLOUT_TROUBLE_REFUSED);
    assert_false(atomic_load(&first->told));
    assert_false(is_kept(world, "b@example.com"));
    assert_true(is_kept(world, "c@example.com"));
    expect(first, CALLOUT_UNREACHABLE);
    assert_int_equal(calls(world, 0), 1);
    end(world);
}

/* Each asker has his own patience; who comes later may see the turn. */
static void test_patience(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *first = &world->askers[0], *hasty = &world->askers[1],
                 *patient = &world->askers[2], *alone = &world->askers[3];
    atomic_store(&world->servers.gate, false);
    world->settings.most_per_host = 1;
    world->settings.reply_ms = 5000;
    ask_about(world, first, "a@example.com", 1);
    EVENTUALLY(calls(world, 0) == 1);
    world->settings.total_ms = 50;
    ask_about(world, hasty, "b@example.com", 1);
    ask_about(world, alone, "c@example.com", 1);
    world->settings.total_ms = 10000;
    ask_about(world, patient, "b@example.com", 1);
    expect(hasty, CALLOUT_CAPACITY);
    expect(alone, CALLOUT_CAPACITY);
    EVENTUALLY(verifier_flights(world->verifier) == 2);
    assert_false(atomic_load(&patient->told));
    atomic_store(&world->servers.gate, true);
    expect(first, CALLOUT_ACCEPTED);
    expect(patient, CALLOUT_ACCEPTED);
    assert_int_equal(calls(world, 0), 2);
    end(world);
}

/* Whoever is left has targets of his own, in an order of his own. */
static void test_another_way(void **state)
{
    static const struct server_script scripts[] = {
        {.greeting = "421 busy\r\n"}, {0}, {0}};
    struct world *world = begin(scripts, 3);
    struct asker *busy = &world->askers[0], *first = &world->askers[1],
                 *hasty = &world->askers[2], *patient = &world->askers[3];
    ask_about(world, busy, "a@example.com", 1);
    expect(busy, CALLOUT_UNREACHABLE);
    atomic_store(&world->servers.gate, false);
    world->settings.most = 1;
    world->settings.reply_ms = 5000;
    ask_at(world, first, "b@example.com", 1, 1);
    EVENTUALLY(calls(world, 1) == 1);
    world->settings.total_ms = 50;
    ask_about(world, hasty, "c@example.com", 2);
    world->settings.total_ms = 10000;
    ask_at(world, patient, "c@example.com", 2, 1);
    expect(hasty, CALLOUT_CAPACITY);
    atomic_store(&world->servers.gate, true);
    expect(first, CALLOUT_ACCEPTED);
    expect(patient, CALLOUT_ACCEPTED);
    assert_int_equal(calls(world, 2), 1);
    end(world);
}

/* Who asks for the sake of those who come later adds nothing to a flight: not
 * his own patience, nor his memory for as long as it lasts. */
static void test_refresh_waits_for_nothing(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *first = &world->askers[0], *hasty = &world->askers[1],
                 *later = &world->askers[2];
    atomic_store(&world->servers.gate, false);
    world->settings.most_per_host = 1;
    world->settings.reply_ms = 5000;
    ask_about(world, first, "a@example.com", 1);
    EVENTUALLY(calls(world, 0) == 1);
    world->settings.total_ms = 500;
    ask_about(world, hasty, "b@example.com", 1);
    EVENTUALLY(verifier_flights(world->verifier) == 2);
    world->settings.total_ms = 60000;
    prepare(world, later, "b@example.com", 0, 1);
    verifier_refresh(world->verifier, &later->ask);
    expect(hasty, CALLOUT_CAPACITY);
    EVENTUALLY(verifier_flights(world->verifier) == 1);
    atomic_store(&world->servers.gate, true);
    expect(first, CALLOUT_ACCEPTED);
    end(world);
}

/* Two in ten seconds: the third has none, and another domain has. */
static void test_rate(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *askers = world->askers;
    world->settings.per_domain = (struct callout_rate){2, 10000};
    world->settings.total_ms = 200;
    ask_about(world, &askers[0], "a@example.com", 1);
    ask_about(world, &askers[1], "b@example.com", 1);
    ask_about(world, &askers[2], "c@example.com", 1);
    ask_about(world, &askers[3], "a@example.net", 1);
    expect(&askers[0], CALLOUT_ACCEPTED);
    expect(&askers[1], CALLOUT_ACCEPTED);
    expect(&askers[3], CALLOUT_ACCEPTED);
    expect(&askers[2], CALLOUT_CAPACITY);
    instant before = clock_now(&clock_system);
    world->settings.per_domain = (struct callout_rate){1, 300};
    world->settings.total_ms = 5000;
    ask_about(world, &askers[4], "a@example.org", 1);
    ask_about(world, &askers[5], "b@example.org", 1);
    expect(&askers[4], CALLOUT_ACCEPTED);
    expect(&askers[5], CALLOUT_ACCEPTED);
    assert_true(clock_now(&clock_system) >= instant_after_ms(before, 300));
    assert_int_equal(calls(world, 0), 5);
    end(world);
}

#define FLOOD 100

/* S17: whom the rate lets have no turn in time is told so at once, and takes no
 * place; other domains at the same exchanger do not notice. */
static void test_over_the_rate(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *asker = world->askers, *other = &world->askers[FLOOD];
    char address[32];
    world->settings.per_domain = (struct callout_rate){2, 600000};
    world->settings.total_ms = 120000; /* far beyond what a test waits */
    for (size_t i = 0; i < FLOOD; i++) {
        (void)snprintf(address, sizeof(address), "u%zu@victim.example", i);
        ask_about(world, &asker[i], address, 1);
    }
    ask_about(world, other, "u@other.example", 1);
    for (size_t i = 0; i < FLOOD; i++)
        expect(&asker[i], i < 2 ? CALLOUT_ACCEPTED : CALLOUT_CAPACITY);
    expect(other, CALLOUT_ACCEPTED);
    EVENTUALLY(verifier_flights(world->verifier) == 0);
    assert_false(is_kept(world, "u2@victim.example"));
    assert_int_equal(calls(world, 0), 3);
    end(world);
}

/* S17: who is known as good is so whatever his domain's rate, also when he is
 * to be verified again, and when nothing comes of that. */
static void test_known_over_the_rate(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *good = &world->askers[0], *forged = &world->askers[1];
    struct mailpath path;
    struct callout_answer answer;
    bool stale = false;
    world->settings.per_domain = (struct callout_rate){1, 3600000};
    world->settings.refresh_s = 100;
    world->settings.total_ms = 120000;
    ask_about(world, good, "u@victim.example", 1);
    expect(good, CALLOUT_ACCEPTED);
    pass_s(world, 200);
    for (int i = 0; i < 3; i++) {
        ask_about(world, forged, "forged@victim.example", 1);
        expect(forged, CALLOUT_CAPACITY);
        mailpath_parse(&path, span_of("u@victim.example"));
        assert_true(verifier_kept(world->verifier, &path, &world->settings,
                                  &answer, &stale));
        assert_int_equal(answer.outcome, CALLOUT_ACCEPTED);
        assert_true(stale);
        verifier_refresh(world->verifier, &good->ask);
        pass_s(world, 1); /* what is asked later comes later */
        assert_int_equal(verifier_flights(world->verifier), 0);
    }
    assert_int_equal(calls(world, 0), 1);
    end(world);
}

/* S17: who was sent away and comes again has the next turn, though newcomers
 * wait. */
static void test_returner_goes_first(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *first = &world->askers[0], *forged = &world->askers[1],
                 *real = &world->askers[5];
    char address[32];
    world->settings.per_domain = (struct callout_rate){1, 60000};
    world->settings.total_ms = 200000;
    ask_about(world, first, "u@victim.example", 1);
    expect(first, CALLOUT_ACCEPTED);
    for (size_t i = 0; i < 3; i++) { /* due in one, two, three minutes */
        (void)snprintf(address, sizeof(address), "u%zu@victim.example", i);
        ask_about(world, &forged[i], address, 1);
    }
    ask_about(world, real, "real@victim.example", 1);
    expect(real, CALLOUT_CAPACITY);
    ask_about(world, real, "real@victim.example", 1);
    EVENTUALLY(verifier_flights(world->verifier) == 4);
    pass_s(world, 61);
    expect(real, CALLOUT_ACCEPTED);
    for (size_t i = 0; i < 3; i++)
        assert_false(atomic_load(&forged[i].told));
    pass_s(world, 61);
    ask_about(world, first, "u@other.example", 1); /* the loop looks */
    expect(&forged[0], CALLOUT_ACCEPTED);
    assert_false(atomic_load(&forged[1].told));
    expect(first, CALLOUT_ACCEPTED);
    end(world);
}

/* Who joins a flight that will have no turn in his own time is told so. */
static void test_join_over_the_rate(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *first = &world->askers[0], *patient = &world->askers[1],
                 *hasty = &world->askers[2];
    world->settings.per_domain = (struct callout_rate){1, 60000};
    world->settings.total_ms = 120000;
    ask_about(world, first, "a@victim.example", 1);
    expect(first, CALLOUT_ACCEPTED);
    ask_about(world, patient, "b@victim.example", 1);
    world->settings.total_ms = 50000;
    ask_about(world, hasty, "b@victim.example", 1);
    expect(hasty, CALLOUT_CAPACITY);
    assert_false(atomic_load(&patient->told));
    end(world);
}

/* Who has a domain has as many below it as he likes, and one share for all of
 * them; under a public suffix everybody has his own. */
static void test_rate_of_organisation(void **state)
{
    static const struct {
        const char *address;
        enum callout_outcome outcome;
    } rows[] = {
        {"u@a.example.com", CALLOUT_ACCEPTED},
        {"u@b.example.com", CALLOUT_CAPACITY},
        {"u@example.com", CALLOUT_CAPACITY},
        {"u@a.co.uk", CALLOUT_ACCEPTED},
        {"u@b.co.uk", CALLOUT_ACCEPTED},
        {"u@[192.0.2.1]", CALLOUT_ACCEPTED},
        {"u@[192.0.2.2]", CALLOUT_ACCEPTED},
        {"v@[192.0.2.2]", CALLOUT_CAPACITY},
    };
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    world->settings.per_domain = (struct callout_rate){1, 60000};
    world->settings.total_ms = 200;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        ask_about(world, &world->askers[i], rows[i].address, 1);
        expect(&world->askers[i], rows[i].outcome);
    }
    end(world);
}

/* It is bounded how many wait: one more is told so at once. */
static void test_flood(void **state)
{
    const size_t most = 10000;
    struct world *world = begin(NULL, 0);
    struct asker *askers = calloc(most + 1, sizeof(*askers));
    assert_non_null(askers);
    world->settings.most = 0;
    world->settings.total_ms = 60000;
    ask_crowd(world, askers, most + 1, 0, 1);
    expect(&askers[most], CALLOUT_CAPACITY);
    assert_int_equal(verifier_flights(world->verifier), most);
    for (size_t i = 0; i < most; i++)
        assert_false(atomic_load(&askers[i].told));
    end(world);
    for (size_t i = 0; i < most; i++)
        assert_true(askers[i].cut);
    free(askers);
}

/* So it is of those who ask about one address: they outlive their sessions. */
static void test_flood_of_one(void **state)
{
    const size_t most = 20000;
    struct world *world = begin(NULL, 0);
    struct asker *askers = calloc(most + 1, sizeof(*askers));
    assert_non_null(askers);
    world->settings.most = 0;
    world->settings.total_ms = 60000;
    for (size_t i = 0; i <= most; i++)
        ask_about(world, &askers[i], "a@example.com", 1);
    expect(&askers[most], CALLOUT_CAPACITY);
    assert_int_equal(verifier_flights(world->verifier), 1);
    for (size_t i = 0; i < most; i++)
        assert_false(atomic_load(&askers[i].told));
    end(world);
    for (size_t i = 0; i < most; i++)
        assert_true(askers[i].cut);
    free(askers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_no_turn),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_another_way),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_over_the_rate),
        cmocka_unit_test(test_known_over_the_rate),
        cmocka_unit_test(test_returner_goes_first),
        cmocka_unit_test(test_join_over_the_rate),
        cmocka_unit_test(test_rate_of_organisation),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_flood_of_one),
        cmocka_unit_test(test_refresh_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
