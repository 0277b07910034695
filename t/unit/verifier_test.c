/* SPDX-License-Identifier: BSD-2-Clause */
/* verifier_test.c - flights over real sockets to scripted servers: who is
 * called, how often, in what order, and what all askers are told */
#include "store/hosts.h"
#include "verifier_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <cmocka.h>

static void *ask_many(void *argument)
{
    const struct crowd *crowd = argument;
    for (size_t i = 0; i < ASKERS / THREADS; i++)
        ask_about(crowd->world, &crowd->askers[i],
                  i % 2 == 0 ? "u@example.com" : "<u@EXAMPLE.com>", 1);
    return NULL;
}

/* Many who ask about one address at once make one connection, and are all told;
 * who comes later is told what is kept. */
static void test_one_flight(void **state)
{
    static const struct server_script script = {.rcpt = "550 5.1.1 no\r\n"};
    struct world *world = begin(&script, 1);
    atomic_store(&world->servers.gate, false);
    world->settings.reply_ms = 10000;
    pthread_t threads[THREADS];
    struct crowd crowds[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        crowds[i] =
            (struct crowd){world, world->askers + i * (ASKERS / THREADS)};
        assert_int_equal(
            pthread_create(&threads[i], NULL, ask_many, &crowds[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    EVENTUALLY(calls(world, 0) == 1);
    assert_int_equal(verifier_flights(world->verifier), 1);
    assert_false(is_kept(world, "u@example.com"));
    atomic_store(&world->servers.gate, true);
    for (size_t i = 0; i < ASKERS; i++) {
        expect(&world->askers[i], CALLOUT_NO_SUCH_MAILBOX);
        assert_int_equal(world->askers[i].answer.code, 550);
        assert_string_equal(world->askers[i].answer.words, "5.1.1 no");
        assert_string_equal(world->askers[i].answer.exchanger,
                            "mx0.example.com");
    }
    assert_int_equal(verifier_flights(world->verifier), 0);
    assert_true(is_kept(world, "u@example.com"));
    assert_false(is_kept(world, "U@example.com"));
    ask_about(world, &world->askers[0], "u@example.com", 1);
    expect(&world->askers[0], CALLOUT_NO_SUCH_MAILBOX);
    assert_int_equal(calls(world, 0), 1);
    end(world);
}

#define CLOSES "close"

static const struct {
    const char *name;
    struct server_script scripts[3];
    struct {
        enum callout_outcome outcome;
        int of; /* the server's number */
        enum callout_stage stage;
        enum callout_trouble trouble;
    } answer;
    int calls[3];
} order[] = {
    {"a pass ends it",
     {{0}, {0}, {0}},
     {CALLOUT_ACCEPTED, 0, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE},
     {1, 0, 0}},
    {"a fail ends it",
     {{.rcpt = "550 no\r\n"}, {0}, {0}},
     {CALLOUT_NO_SUCH_MAILBOX, 0, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE},
     {1, 0, 0}},
    {"so does who takes no bounces",
     {{.mail = "550 no\r\n"}, {0}, {0}},
     {CALLOUT_REFUSES_BOUNCES, 0, CALLOUT_AT_MAIL, CALLOUT_TROUBLE_NONE},
     {1, 0, 0}},
    {"nobody listens, one is silent",
     {{.deaf = true}, {.greeting = SILENT}, {0}},
     {CALLOUT_ACCEPTED, 2, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE},
     {0, 1, 1}},
    {"refuses us, goes away",
     {{.greeting = "554 no\r\n"},
      {.greeting = "421 no\r\n"},
      {.rcpt = "550 no\r\n"}},
     {CALLOUT_NO_SUCH_MAILBOX, 2, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE},
     {1, 1, 1}},
    {"closes, is busy",
     {{.ehlo = CLOSES}, {.greeting = "450 later\r\n"}, {0}},
     {CALLOUT_ACCEPTED, 2, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE},
     {1, 1, 1}},
    {"is ourselves",
     {{.greeting = "220 MX1.example.org ESMTP\r\n"},
      {.ehlo = "250-mx1.example.org\r\n250 HELP\r\n"},
      {0}},
     {CALLOUT_ACCEPTED, 2, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE},
     {1, 1, 1}},
    {"greylisted before blocked before unreachable",
     {{.deaf = true}, {.greeting = "554 no\r\n"}, {.rcpt = "450 later\r\n"}},
     {CALLOUT_GREYLISTED, 2, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE},
     {0, 1, 1}},
    {"in another order",
     {{.mail = "450 later\r\n"}, {.greeting = "554 no\r\n"}, {.rcpt = CLOSES}},
     {CALLOUT_GREYLISTED, 0, CALLOUT_AT_MAIL, CALLOUT_TROUBLE_NONE},
     {1, 1, 1}},
    {"blocked",
     {{.rcpt = CLOSES}, {.rcpt = "554 5.7.1 no\r\n"}, {.deaf = true}},
     {CALLOUT_BLOCKED_US, 1, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE},
     {1, 1, 0}},
    {"nobody; the first tells why",
     {{.deaf = true}, {.greeting = SILENT}, {.mail = CLOSES}},
     {CALLOUT_UNREACHABLE, 0, CALLOUT_AT_CONNECT, CALLOUT_TROUBLE_REFUSED},
     {0, 1, 1}},
    {"silent",
     {{.rcpt = SILENT, .quit = SILENT}, {.deaf = true}, {.deaf = true}},
     {CALLOUT_UNREACHABLE, 0, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_TIMEOUT},
     {1, 0, 0}},
    {"leaves out a reply",
     {{.mail = SILENT}, {.deaf = true}, {.deaf = true}},
     {CALLOUT_UNREACHABLE, 0, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_PROTOCOL},
     {1, 0, 0}},
    {"not SMTP",
     {{.greeting = "SSH-2.0\r\n"}, {.deaf = true}, {.deaf = true}},
     {CALLOUT_UNREACHABLE, 0, CALLOUT_AT_GREETING, CALLOUT_TROUBLE_PROTOCOL},
     {1, 0, 0}},
    {"an answer stays when the connection dies",
     {{.rcpt = "550 no\r\n", .quit = CLOSES}, {0}, {0}},
     {CALLOUT_NO_SUCH_MAILBOX, 0, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE},
     {1, 0, 0}},
    {"QUIT is not waited for",
     {{.quit = SILENT}, {0}, {0}},
     {CALLOUT_ACCEPTED, 0, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE},
     {1, 0, 0}},
};

/* Who is asked next, and whose word counts. */
static void test_order(void **state)
{
    for (size_t i = 0; i < LENGTH(order); i++) {
        print_message("%s\n", order[i].name);
        struct world *world = begin(order[i].scripts, 3);
        struct asker *asker = &world->askers[0];
        ask_about(world, asker, "u@example.com", 3);
        expect(asker, order[i].answer.outcome);
        assert_int_equal(asker->answer.exchanger[2] - '0', order[i].answer.of);
        assert_int_equal(asker->answer.stage, order[i].answer.stage);
        assert_int_equal(asker->answer.trouble, order[i].answer.trouble);
        for (size_t j = 0; j < 3; j++)
            assert_int_equal(calls(world, j), order[i].calls[j]);
        assert_true(is_kept(world, "u@example.com"));
        end(world);
    }
}

/* The other address of an exchanger is asked when the first is not reached, but
 * not when it wants us to come later. */
static void test_two_addresses(void **state)
{
    static const struct {
        struct server_script script;
        enum callout_outcome outcome;
        int calls[3];
    } rows[] = {
        {{.rcpt = "450 later\r\n"}, CALLOUT_NO_SUCH_MAILBOX, {1, 0, 1}},
        {{.greeting = "554 no\r\n"}, CALLOUT_ACCEPTED, {1, 1, 0}},
        {{.deaf = true}, CALLOUT_ACCEPTED, {0, 1, 0}},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct server_script scripts[] = {
            rows[i].script, {0}, {.rcpt = "550 no\r\n"}};
        struct world *world = begin(scripts, 3);
        struct asker *asker = &world->askers[0];
        prepare(world, asker, "u@example.com", 0, 3);
        (void)snprintf(asker->targets[1].exchanger, NAME_SIZE,
                       "mx0.example.com");
        verifier_ask(world->verifier, &asker->ask);
        expect(asker, rows[i].outcome);
        for (size_t j = 0; j < 3; j++)
            assert_int_equal(calls(world, j), rows[i].calls[j]);
        end(world);
    }
}

/* The deadline of the whole is that of all exchangers together. */
static void test_total(void **state)
{
    static const struct server_script scripts[] = {
        {.greeting = SILENT}, {.rcpt = SILENT, .quit = SILENT}, {0}};
    struct world *world = begin(scripts, 3);
    struct asker *asker = &world->askers[0];
    world->settings.reply_ms = 250;
    world->settings.total_ms = 400;
    instant before = clock_now(&clock_system);
    ask_about(world, asker, "u@example.com", 3);
    expect(asker, CALLOUT_UNREACHABLE);
    assert_int_equal(asker->answer.trouble, CALLOUT_TROUBLE_TIMEOUT);
    assert_int_equal(asker->answer.stage, CALLOUT_AT_GREETING);
    assert_true(clock_now(&clock_system) >= instant_after_ms(before, 400));
    assert_int_equal(calls(world, 1), 1);
    assert_int_equal(calls(world, 2), 0);
    end(world);
}

/* What is stale is served, and verified again behind the askers' backs. */
static void test_refresh(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *asker = &world->askers[0];
    struct callout_answer answer;
    bool stale;
    world->settings.refresh_s = 0;
    ask_about(world, asker, "u@example.com", 1);
    expect(asker, CALLOUT_ACCEPTED);
    assert_true(verifier_kept(world->verifier, &asker->ask.path,
                              &world->settings, &answer, &stale));
    assert_true(stale);
    asker->ask.settings.refresh_s = 1000;
    verifier_refresh(world->verifier, &asker->ask);
    EVENTUALLY(calls(world, 0) == 2);
    EVENTUALLY(verifier_flights(world->verifier) == 0);
    assert_true(verifier_kept(world->verifier, &asker->ask.path,
                              &world->settings, &answer, &stale));
    assert_false(stale);
    end(world);
}

/* One callout for a mailing list; a forged tag that is refused hurts nobody. */
static void test_fold(void **state)
{
    static const struct server_script scripts[] = {
        {0}, {.rcpt = "550 5.1.1 no\r\n"}};
    struct world *world = begin(scripts, 2);
    struct asker *askers = world->askers;
    world->settings.fold = true;
    ask_about(world, &askers[0], "prvs=1234abcdef=u@example.com", 1);
    expect(&askers[0], CALLOUT_ACCEPTED);
    ask_at(world, &askers[1], "prvs=5678abcdef=u@example.com", 1, 1);
    expect(&askers[1], CALLOUT_ACCEPTED);
    assert_int_equal(calls(world, 1), 0);
    ask_at(world, &askers[2], "prvs=1234abcdef=v@example.com", 1, 1);
    expect(&askers[2], CALLOUT_NO_SUCH_MAILBOX);
    ask_about(world, &askers[3], "prvs=5678abcdef=v@example.com", 1);
    expect(&askers[3], CALLOUT_ACCEPTED);
    assert_true(is_kept(world, "prvs=9999abcdef=v@example.com"));
    world->settings.fold = false;
    assert_false(is_kept(world, "prvs=9999abcdef=v@example.com"));
    ask_at(world, &askers[4], "prvs=9999abcdef=v@example.com", 1, 1);
    expect(&askers[4], CALLOUT_NO_SUCH_MAILBOX);
    end(world);
}

/* A host that has no time for us is left alone for a while, whoever is asked
 * about; what it said stands for all. */
static void test_busy_host(void **state)
{
    static const struct server_script scripts[] = {
        {.greeting = "421 4.3.2 too busy\r\n"}};
    struct world *world = begin(scripts, 1);
    struct asker *askers = world->askers;
    ask_about(world, &askers[0], "u@example.com", 1);
    expect(&askers[0], CALLOUT_UNREACHABLE);
    ask_about(world, &askers[1], "v@other.example", 1);
    expect(&askers[1], CALLOUT_UNREACHABLE);
    assert_int_equal(askers[1].answer.code, 421);
    assert_string_equal(askers[1].answer.words, "4.3.2 too busy");
    assert_string_equal(askers[1].answer.exchanger, "mx0.example.com");
    assert_int_equal(calls(world, 0), 1);
    atomic_store(&world->ahead, instant_after_s(0, HOSTS_PAUSE_S));
    ask_about(world, &askers[2], "w@example.com", 1);
    expect(&askers[2], CALLOUT_UNREACHABLE);
    assert_int_equal(calls(world, 0), 2);
    end(world);
}

/* One that has turned into such a host is not called by those who have waited
 * for their turn with it; they go on to the next. */
static void test_busy_meanwhile(void **state)
{
    static const struct server_script scripts[] = {
        {.greeting = "421 4.3.2 too busy\r\n"}, {0}};
    struct world *world = begin(scripts, 2);
    atomic_store(&world->servers.gate, false);
    world->settings.reply_ms = 10000;
    world->settings.most_per_host = 1;
    for (size_t i = 0; i < CROWD; i++) {
        char address[32];
        (void)snprintf(address, sizeof(address), "%zu@example.com", i);
        ask_about(world, &world->askers[i], address, 2);
    }
    EVENTUALLY(verifier_flights(world->verifier) == CROWD);
    atomic_store(&world->servers.gate, true);
    for (size_t i = 0; i < CROWD; i++) {
        expect(&world->askers[i], CALLOUT_ACCEPTED);
        assert_string_equal(world->askers[i].answer.exchanger,
                            "mx1.example.com");
    }
    assert_int_equal(calls(world, 0), 1);
    end(world);
}

/* A host that has refused us often is believed; it is its word that is told,
 * with when it was said. */
static void test_blocked(void **state)
{
    static const struct server_script scripts[] = {
        {.greeting = "554 5.7.1 not you\r\n"}};
    struct world *world = begin(scripts, 1);
    struct asker *asker = &world->askers[0];
    for (int i = 0; i < HOSTS_REFUSALS + 3; i++) {
        char address[32];
        (void)snprintf(address, sizeof(address), "%d@example.com", i);
        atomic_store(&world->ahead, instant_after_s(0, 10 * (uint32_t)i));
        ask_about(world, asker, address, 1);
        expect(asker, CALLOUT_BLOCKED_US);
        assert_int_equal(asker->answer.code, 554);
    }
    assert_int_equal(calls(world, 0), HOSTS_REFUSALS);
    assert_true(asker->answer.learnt <= world_now(world) - 30000000);
    end(world);
}

/* S11: who is greylisted is not asked again before the time, and then once,
 * though nobody waits for it. */
static void test_greylisted(void **state)
{
    static const struct {
        const char *rcpt;
        uint32_t after_s;
    } rows[] = {
        {"451 4.7.1 greylisted\r\n", 300},
        {"450 4.7.1 greylisted, try again in 90 seconds\r\n", 90},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct server_script script = {.rcpt = rows[i].rcpt};
        struct world *world = begin(&script, 1);
        struct asker *asker = &world->askers[0];
        world->settings.temperror_s = 10;
        ask_about(world, asker, "u@example.com", 1);
        expect(asker, CALLOUT_GREYLISTED);
        assert_int_equal(asker->answer.retry_after_s, rows[i].after_s);
        pass_s(world, rows[i].after_s - 5);
        assert_true(is_kept(world, "u@example.com"));
        assert_int_equal(calls(world, 0), 1);
        pass_s(world, 5);
        EVENTUALLY(calls(world, 0) == 2);
        EVENTUALLY(verifier_flights(world->verifier) == 0);
        assert_true(is_kept(world, "u@example.com"));
        pass_s(world, 10);
        assert_false(is_kept(world, "u@example.com"));
        pass_s(world, 1000);
        assert_int_equal(calls(world, 0), 2);
        end(world);
    }
}

/* What waits for its time when all is stopped is forgotten. */
static void test_stop_greylisted(void **state)
{
    static const struct server_script script = {.mail = "450 later\r\n"};
    struct world *world = begin(&script, 1);
    ask_about(world, &world->askers[0], "u@example.com", 1);
    expect(&world->askers[0], CALLOUT_GREYLISTED);
    end(world);
}

/* A sender who has passed for long is trusted, if that is wanted. */
static void test_known(void **state)
{
    static const struct server_script scripts[] = {{0}};
    struct world *world = begin(scripts, 1);
    struct asker *asker = &world->askers[0];
    world->settings.refresh_s = 100;
    ask_about(world, asker, "u@example.com", 1);
    expect(asker, CALLOUT_ACCEPTED);
    for (int i = 0; i < 2; i++) {
        pass_s(world, 600);
        verifier_refresh(world->verifier, &asker->ask);
        EVENTUALLY(calls(world, 0) == 2 + i);
        EVENTUALLY(verifier_flights(world->verifier) == 0);
    }
    pass_s(world, 600);
    asker->ask.settings.trust_known = true;
    verifier_refresh(world->verifier, &asker->ask);
    pass_s(world, 0); /* what is asked later comes later: it was seen to */
    pass_s(world, 900);
    assert_true(is_kept(world, "u@example.com"));
    assert_int_equal(calls(world, 0), 3);
    end(world);
}

static void test_no_target(void **state)
{
    struct world *world = begin(NULL, 0);
    struct asker *asker = &world->askers[0];
    ask_about(world, asker, "u@example.com", 0);
    expect(asker, CALLOUT_UNREACHABLE);
    assert_string_equal(asker->answer.exchanger, "");
    end(world);
}

/* Our want of descriptors says nothing about the address. */
static void test_no_descriptor(void **state)
{
    static const struct server_script script = {0};
    struct rlimit limit, none;
    struct world *world = begin(&script, 1);
    struct asker *asker = &world->askers[0];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    ask_about(world, asker, "u@example.com", 1);
    expect(asker, CALLOUT_INTERNAL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_false(is_kept(world, "u@example.com"));
    ask_about(world, asker, "u@example.com", 1);
    expect(asker, CALLOUT_ACCEPTED);
    end(world);
}

/* Nobody is called about what cannot be asked. */
static void test_not_askable(void **state)
{
    static const char *const addresses[] = {"<>", "a b@example.com",
                                            "a\r\nQUIT"};
    static const struct server_script script = {0};
    struct world *world = begin(&script, 1);
    struct asker *asker = &world->askers[0];
    for (size_t i = 0; i < LENGTH(addresses); i++) {
        ask_about(world, asker, addresses[i], 1);
        expect(asker, CALLOUT_INTERNAL);
        assert_false(is_kept(world, addresses[i]));
    }
    assert_int_equal(calls(world, 0), 0);
    end(world);
}

/* Everybody is told at once when the verifier stops: who is called about, who
 * waits for a turn, and who comes later. */
static void test_stop(void **state)
{
    static const struct server_script script = {0};
    struct world *world = begin(&script, 1);
    atomic_store(&world->servers.gate, false);
    world->settings.reply_ms = 10000;
    world->settings.most = 4;
    world->settings.most_per_host = 3;
    ask_crowd(world, world->askers, CROWD, 0, 1);
    EVENTUALLY(open_now(world, 0) == 3);
    verifier_stop(world->verifier);
    world->stopped = true;
    for (size_t i = 0; i < CROWD; i++) {
        EVENTUALLY(atomic_load(&world->askers[i].told));
        assert_true(world->askers[i].cut);
    }
    EVENTUALLY(open_now(world, 0) == 0);
    assert_int_equal(verifier_flights(world->verifier), 0);
    ask_about(world, &world->askers[CROWD], "late@example.com", 1);
    EVENTUALLY(atomic_load(&world->askers[CROWD].told));
    assert_true(world->askers[CROWD].cut);
    end(world);
}

/* The same while a reply to QUIT is awaited that nobody waits for. */
static void test_stop_after_answer(void **state)
{
    static const struct server_script script = {.quit = SILENT};
    struct world *world = begin(&script, 1);
    struct asker *asker = &world->askers[0];
    ask_about(world, asker, "u@example.com", 1);
    expect(asker, CALLOUT_ACCEPTED);
    assert_int_equal(open_now(world, 0), 1);
    assert_int_equal(verifier_flights(world->verifier), 0);
    end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_flight),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_two_addresses),
        cmocka_unit_test(test_total),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_busy_host),
        cmocka_unit_test(test_busy_meanwhile),
        cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_greylisted),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_stop_greylisted),
        cmocka_unit_test(test_no_target),
        cmocka_unit_test(test_no_descriptor),
        cmocka_unit_test(test_not_askable),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stop_after_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
