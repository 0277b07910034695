/* SPDX-License-Identifier: BSD-2-Clause */
/* verifier_wall_test.c - S20: what askers are told when nobody can be connected
 * to, and what makes a wall of that */
#include "verifier_world.h"
#include "verify/parts.h"

#define CLOSED_PORT 1

/* Have an exchanger answer, which is then a witness. */
static void meet(struct world *world, size_t server)
{
    ask_at(world, &world->askers[0], "known@example.org", server, 1);
    expect(&world->askers[0], CALLOUT_ACCEPTED);
}

/* A host that has answered and does no more, to be remembered on the loop. */
struct remembered {
    struct loop_job job;
    struct world *world;
    struct callout_target target;
    atomic_bool heard;
};

static void remember(struct loop_job *job)
{
    struct remembered *host = (struct remembered *)job;
    witnesses_hear(&host->world->verifier->witnesses, &host->target,
                   clock_now(&host->world->clock));
    atomic_store(&host->heard, true);
}

/* Of an organisation and a network of its own. */
static void meet_another(struct world *world, unsigned network)
{
    struct remembered host = {.job.run = remember, .world = world};
    char text[ADDRESS_TEXT_SIZE];
    (void)snprintf(host.target.exchanger, NAME_SIZE, "mx.d%u.example", network);
    (void)snprintf(text, sizeof(text), "127.%u.0.2", network);
    assert_true(address_parse(&host.target.address, span_of(text)));
    loop_post(world->loop, &host.job);
    EVENTUALLY(atomic_load(&host.heard));
}

/* Ask for as many hosts as make a suspicion, where nobody listens, for so long.
 */
static void call_the_dead(struct world *world)
{
    struct asker *asker = &world->askers[0];
    char address[32];
    for (size_t i = 0; i < WALL_HOSTS; i++) {
        (void)snprintf(address, sizeof(address), "u%zu@example.com", i);
        ask_at(world, asker, address, 100 + i, 1);
        expect(asker, CALLOUT_UNREACHABLE);
    }
    atomic_store(&world->ahead, (instant)WALL_S * 1000000);
    ask_at(world, asker, "late@example.com", 100, 1);
    expect(asker, CALLOUT_UNREACHABLE);
}

/* Until those who have answered were asked, nothing changes. */
static void wait_for_wall(struct world *world)
{
    struct asker *asker = &world->askers[0];
    char address[32];
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(address, sizeof(address), "later%d@example.com", i);
        ask_at(world, asker, address, 100, 1);
        EVENTUALLY(atomic_load(&asker->told));
        if (asker->answer.outcome == CALLOUT_WALLED_OFF)
            break;
        pause_ms(5);
    }
    assert_int_equal(asker->answer.outcome, CALLOUT_WALLED_OFF);
}

/* Nobody can be connected to, and the witnesses neither. */
static void build_wall(struct world *world)
{
    world->settings.port = CLOSED_PORT;
    meet_another(world, 1);
    call_the_dead(world);
    wait_for_wall(world);
    world->settings.port = world->servers.port;
}

/* S20: strangers with dead hosts, and nobody who has answered: each is judged
 * for himself, for however long. */
static void test_strangers_are_no_wall(void **state)
{
    struct world *world = begin(NULL, 0);
    struct asker *asker = &world->askers[0];
    char address[32];
    world->settings.port = CLOSED_PORT;
    call_the_dead(world);
    for (int i = 0; i < 50; i++) {
        (void)snprintf(address, sizeof(address), "later%d@example.com", i);
        pass_s(world, 20);
        ask_at(world, asker, address, 100 + (size_t)i, 1);
        expect(asker, CALLOUT_UNREACHABLE);
    }
    end(world);
}

/* S20: one who has answered is asked before a wall is believed in, and answers:
 * there is none. */
static void test_witness_answers(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *asker = &world->askers[0];
    char address[32];
    meet(world, 0);
    call_the_dead(world);
    EVENTUALLY(calls(world, 0) == 2);
    for (int i = 0; i < 50; i++) {
        (void)snprintf(address, sizeof(address), "later%d@example.com", i);
        ask_at(world, asker, address, 100 + (size_t)i % WALL_HOSTS, 1);
        expect(asker, CALLOUT_UNREACHABLE);
    }
    assert_int_equal(calls(world, 0), 2);
    end(world);
}

/* S20: when nobody can be connected to for long it is our own way out that is
 * shut; one callout a minute sees whether it still is. */
static void test_wall(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *askers = world->askers;
    meet(world, 0);
    build_wall(world);
    ask_about(world, &askers[1], "good@example.com", 1);
    expect(&askers[1], CALLOUT_WALLED_OFF);
    assert_int_equal(calls(world, 0), 1);
    assert_false(is_kept(world, "good@example.com"));
    atomic_store(&world->ahead, (instant)(WALL_S + WALL_TRY_S) * 1000000);
    ask_about(world, &askers[2], "good@example.com", 1);
    expect(&askers[2], CALLOUT_ACCEPTED);
    ask_about(world, &askers[3], "other@example.com", 1);
    expect(&askers[3], CALLOUT_ACCEPTED);
    end(world);
}

/* A host behind our own wall is not to blame for its silence: it is called
 * again, once the wall is gone, as if nothing had been. */
static void test_wall_blames_nobody(void **state)
{
    static const struct server_script scripts[] = {{.full = true}, {0}};
    struct world *world = begin(scripts, 2);
    struct asker *asker = &world->askers[0];
    meet(world, 1);
    build_wall(world);
    atomic_store(&world->servers.gate, false); /* the witness does not greet */
    world->settings.connect_ms = 50;
    world->settings.reply_ms = 20000;
    atomic_store(&world->ahead, (instant)(WALL_S + WALL_TRY_S) * 1000000);
    ask_about(world, asker, "u@example.net", 1);
    expect(asker, CALLOUT_WALLED_OFF);
    assert_int_equal(asker->answer.trouble, CALLOUT_TROUBLE_TIMEOUT);
    atomic_store(&world->servers.gate, true);
    for (int i = 0; i < 1000; i++) {
        ask_about(world, asker, "v@example.net", 1);
        EVENTUALLY(atomic_load(&asker->told));
        if (asker->answer.outcome != CALLOUT_WALLED_OFF)
            break;
        pause_ms(5);
    }
    assert_int_equal(asker->answer.outcome, CALLOUT_UNREACHABLE);
    assert_false(asker->answer.left_alone);
    end(world);
}

static void ask_inside_at(struct world *world, const char *address,
                          size_t server, enum callout_outcome outcome)
{
    struct asker *asker = &world->askers[0];
    prepare(world, asker, address, server, 1);
    asker->targets[0].inside = true;
    verifier_ask(world->verifier, &asker->ask);
    expect(asker, outcome);
}

/* One that answers. */
static void ask_inside(struct world *world, const char *address)
{
    const uint16_t port = world->settings.port;
    world->settings.port = world->servers.port;
    ask_inside_at(world, address, 0, CALLOUT_ACCEPTED);
    world->settings.port = port;
}

/* Hosts inside answer whether or not there is a wall: they are no witnesses,
 * keep none from being seen, and are called behind it. */
static void test_inside(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    world->settings.port = CLOSED_PORT;
    ask_inside(world, "before@example.net");
    meet_another(world, 1);
    meet_another(world, 2);
    call_the_dead(world);
    ask_inside(world, "meanwhile@example.net");
    wait_for_wall(world);
    ask_inside(world, "behind@example.net");
    ask_inside_at(world, "dead@example.edu", 50, CALLOUT_UNREACHABLE);
    ask_at(world, &world->askers[1], "u@example.org", 100, 1);
    expect(&world->askers[1], CALLOUT_WALLED_OFF);
    assert_int_equal(calls(world, 0), 3);
    end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strangers_are_no_wall),
        cmocka_unit_test(test_witness_answers),
        cmocka_unit_test(test_wall),
        cmocka_unit_test(test_wall_blames_nobody),
        cmocka_unit_test(test_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
