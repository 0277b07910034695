/* SPDX-License-Identifier: BSD-2-Clause */
/* session_test.c - sessions as an MTA tells them: state, waiting, stages */
#include "session_world.h"

#define GOOD  "mail.good.example"
#define BOB   "<bob@home.example>"
#define ALICE "<alice@good.example>"

static const char base[] =
    "policy:\n"
    "  reply-within: 700ms\n"
    "  helo-syntax: {fail: reject}\n"
    "  helo-forward: {fail: tempfail, temperror: tempfail}\n"
    "  sender-domain: {fail: reject, temperror: tempfail}\n"
    "  callout: {fail: reject, temperror: tempfail}\n"
    "exceptions:\n"
    "  - {name: postmaster, recipients: [\"postmaster@*\"], do: accept}\n";

enum verb { END, HELO, MAIL, RCPT, RSET, EOM };

struct step {
    enum verb verb;
    const char *argument;
    unsigned code;
};

/* One row a session; the code that each step is answered with. */
static const struct step sessions[][8] = {
    {{HELO, GOOD, 250}, {MAIL, ALICE, 250}, {RCPT, BOB, 250}, {EOM, "", 0}},
    {{MAIL, ALICE, 250}, {RCPT, BOB, 550}},
    {{HELO, "word", 250}, {MAIL, ALICE, 250}, {RCPT, BOB, 550}},
    {{HELO, "word", 250},
     {HELO, GOOD, 250},
     {MAIL, ALICE, 250},
     {RCPT, BOB, 250}},
    {{HELO, GOOD, 250},
     {HELO, "word", 250},
     {MAIL, ALICE, 250},
     {RCPT, BOB, 550}},
    {{HELO, "word", 250},
     {MAIL, ALICE, 250},
     {HELO, GOOD, 250},
     {RCPT, BOB, 250}, /* no message is under way: nothing to judge */
     {MAIL, ALICE, 250},
     {RCPT, BOB, 250}},
    {{HELO, "mail.none.example", 250}, {MAIL, ALICE, 250}, {RCPT, BOB, 450}},
    {{HELO, "mail.slow.example", 250}, {MAIL, ALICE, 250}, {RCPT, BOB, 451}},
    {{HELO, GOOD, 250}, {MAIL, "<x@bad.example>", 250}, {RCPT, BOB, 550}},
    {{HELO, GOOD, 250}, {MAIL, "<x@none.example>", 250}, {RCPT, BOB, 550}},
    {{HELO, GOOD, 250}, {MAIL, "<>", 250}, {RCPT, BOB, 250}},
    {{HELO, GOOD, 250},
     {MAIL, "<x@bad.example>", 250},
     {RCPT, "<postmaster@home.example>", 250},
     {RCPT, BOB, 550},
     {RCPT, "<postmaster@home.example>", 250}},
    {{HELO, GOOD, 250},
     {MAIL, "<x@bad.example>", 250},
     {RCPT, BOB, 550},
     {MAIL, ALICE, 250}, /* begun anew without RSET */
     {RCPT, BOB, 250}},
    {{HELO, GOOD, 250},
     {MAIL, "<x@bad.example>", 250},
     {RSET, "", 0},
     {MAIL, ALICE, 250},
     {RCPT, BOB, 250},
     {EOM, "", 0},
     {RCPT, BOB, 250}}, /* the message is over */
    {{RCPT, BOB, 250}, {EOM, "", 0}, {RSET, "", 0}},
    {{END, NULL, 0}},
};

static unsigned take(struct session *session, const struct step *step)
{
    struct session_tags tags;

    switch (step->verb) {
    case HELO:
        return say_helo(session, step->argument);
    case MAIL:
        return say_mail(session, step->argument);
    case RCPT:
        return say_rcpt(session, step->argument);
    case RSET:
        session_abort(session);
        break;
    case EOM:
        assert_null(session_eom(session, NULL, &tags));
        assert_null(tags.authres);
        break;
    case END:
        break;
    }
    return 0;
}

static void state_is_right_after_each_step(void **state)
{
    struct session_world *world = world_begin("", base);

    (void)state;
    for (size_t i = 0; i < sizeof(sessions) / sizeof(*sessions); i++) {
        struct session *session = world_session(world);
        const struct step *step = sessions[i];

        for (size_t j = 0; j < 8 && step[j].verb != END; j++) {
            const unsigned code = take(session, &step[j]);
            if (code != step[j].code)
                fail_msg("session %zu, step %zu: %u", i, j, code);
        }
        session_close(&session);
        assert_null(session);
    }
    world_end(world, false);
}

/* What is not known in time is in-progress; the callout goes on by itself, and
 * its answer is there for the retry. */
static void retry_finds_the_answer(void **state)
{
    struct session_world *world = world_begin("", base);
    struct session *session = world_session(world);

    (void)state;
    atomic_store(&world->servers.gate, false);
    say_helo(session, GOOD);
    say_mail(session, ALICE);
    assert_int_equal(say_rcpt(session, BOB), 450);
    atomic_store(&world->servers.gate, true);
    /* The message's waiting is spent, and what was open stays so. */
    assert_int_equal(say_rcpt(session, BOB), 450);
    session_abort(session);
    say_mail(session, ALICE);
    assert_int_equal(say_rcpt(session, BOB), 250);
    session_close(&session);
    assert_int_equal(atomic_load(&world->servers.server[0].calls), 1);
    world_end(world, false);
}

/* So does what could not even begin before the verdict: DNS had not answered
 * yet. That the client is gone changes nothing. */
static void what_comes_too_late_begins_by_itself(void **state)
{
    struct session_world *world = world_begin("limits: {waiting: 0}", base);
    struct session *session = world_session(world);
    atomic_int *const calls = &world->servers.server[0].calls;

    (void)state;
    atomic_store(&world->servers.gate, false); /* or it may not be too late */
    say_helo(session, GOOD);
    say_mail(session, ALICE);
    assert_int_equal(say_rcpt(session, BOB) / 10, 45);
    session_close(&session);
    atomic_store(&world->servers.gate, true);
    EVENTUALLY(atomic_load(calls) == 1);
    EVENTUALLY(atomic_load(&world->servers.server[0].open) == 0);
    session = world_session(world);
    say_helo(session, GOOD);
    say_mail(session, ALICE);
    assert_int_equal(say_rcpt(session, BOB), 250);
    assert_int_equal(atomic_load(calls), 1);
    /* And if we stop before that, nothing is left of it. */
    say_mail(session, "<x@slow.example>");
    assert_int_equal(say_rcpt(session, BOB) / 10, 45);
    session_close(&session);
    world_end(world, false);
}

/* A DNS server that was silent for one message may answer for the next, on the
 * same connection and with the same HELO. */
static void next_message_asks_again(void **state)
{
    struct session_world *world = world_begin("", base);
    struct session *session = world_session(world);

    (void)state;
    say_helo(session, "mail.slow.example");
    say_mail(session, ALICE);
    assert_int_equal(say_rcpt(session, BOB), 451);
    atomic_store(&world->slow_answers, true);
    assert_int_equal(say_rcpt(session, BOB), 451); /* it is the same message */
    say_mail(session, ALICE);
    assert_int_equal(say_rcpt(session, BOB), 250);
    session_close(&session);
    world_end(world, false);
}

static void kept_facts_ask_nothing(void **state)
{
    struct session_world *world = world_begin("", base);

    (void)state;
    for (int i = 0; i < 3; i++) {
        const unsigned before = atomic_load(&world->questions);
        struct session *session = world_session(world);

        say_helo(session, GOOD);
        say_mail(session, ALICE);
        assert_int_equal(say_rcpt(session, BOB), 250);
        session_close(&session);
        if (i > 0)
            assert_int_equal(atomic_load(&world->questions), before);
    }
    assert_int_equal(atomic_load(&world->servers.server[0].calls), 1);
    world_end(world, false);
}

static void nobody_waits_beyond_the_limit(void **state)
{
    struct session_world *world = world_begin("limits: {waiting: 0}", base);
    struct session *session = world_session(world);

    (void)state;
    say_helo(session, "mail.slow.example");
    say_mail(session, ALICE);
    assert_int_equal(say_rcpt(session, BOB), 451);
    session_close(&session);
    world_end(world, false);
}

static void stages(void **state)
{
    static const struct {
        const char *stage;
        unsigned helo, mail, rcpt;
    } rows[] = {{"helo", 550, 250, 550},
                {"mail", 250, 550, 250},
                {"rcpt", 250, 250, 550}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char text[256];
        struct session_world *world;
        struct session *session;

        snprintf(text, sizeof(text),
                 "policy:\n  reply-at: %s\n  helo-syntax: {fail: reject}\n",
                 rows[i].stage);
        world = world_begin("", text);
        session = world_session(world);
        assert_int_equal(say_helo(session, "word"), rows[i].helo);
        assert_int_equal(say_mail(session, ALICE), rows[i].mail);
        assert_int_equal(say_rcpt(session, BOB), rows[i].rcpt);
        session_close(&session);
        world_end(world, false);
    }
}

/* Whether a callout is made depends on what the other checks found. */
static void callout_is_made_when_it_is_due(void **state)
{
    static const struct {
        const char *when, *helo;
        int calls;
    } rows[] = {{"clean", GOOD, 1},
                {"clean", "word", 0},
                {"suspicious", GOOD, 0},
                {"suspicious", "word", 1},
                {"always", "word", 1},
                {"never", GOOD, 0},
                {"clean, begin: mail", GOOD, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char callout[64];
        struct session_world *world;
        struct session *session;

        snprintf(callout, sizeof(callout), "when: %s", rows[i].when);
        world =
            world_begin(callout, "policy:\n  helo-syntax: {fail: tempfail}\n"
                                 "  callout: {fail: reject}\n");
        session = world_session(world);
        say_helo(session, rows[i].helo);
        say_mail(session, ALICE);
        say_rcpt(session, BOB);
        session_close(&session);
        if (atomic_load(&world->servers.server[0].calls) != rows[i].calls)
            fail_msg("row %zu: %d", i,
                     atomic_load(&world->servers.server[0].calls));
        world_end(world, false);
    }
}

/* Callouts that are not made, whatever the other checks say. */
static void spared(void **state)
{
    static const struct {
        const char *callout;
        bool authenticated;
        const char *recipient;
        int calls;
    } rows[] = {
        {"when: clean", false, BOB, 1},
        {"when: clean", true, BOB, 0},
        {"never: {domains: [\"*.example\"]}", false, BOB, 0},
        {"never: {domains: [bad.example]}", false, BOB, 1},
        {"never: {hosts: [MX.good.example]}", false, BOB, 0},
        {"never: {hosts: [mx.bad.example]}", false, BOB, 1},
        {"except: [own-host]", false, BOB, 0},
        {"except: [known]", false, BOB, 1},
        {"fallback-sender: back@home.example", false, BOB, 1},
        {"fallback-sender: back@home.example", false, "<back@HOME.example>", 0},
        {"fallback-sender: alice@good.example", false, BOB, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct session_world *world =
            world_begin(rows[i].callout, "policy: {callout: {fail: reject}}\n");
        struct session *session = world_session(world);

        say_helo(session, GOOD);
        assert_null(
            session_mail(session, span_of(ALICE), rows[i].authenticated, NULL));
        assert_int_equal(say_rcpt(session, rows[i].recipient), 250);
        session_close(&session);
        if (atomic_load(&world->servers.server[0].calls) != rows[i].calls)
            fail_msg("row %zu: %d", i,
                     atomic_load(&world->servers.server[0].calls));
        world_end(world, false);
    }
}

static unsigned say_message(struct session *session, const char *sender)
{
    session_abort(session);
    say_mail(session, sender);
    return say_rcpt(session, BOB);
}

/* Of every check, the callout too, whose finding comes last. */
static void soft_action_turns_hard(void **state)
{
    struct session_world *world = world_begin(
        "", "policy:\n  helo-syntax: {fail: {tempfail: 1s, then: reject}}\n"
            "  callout: {fail: {tempfail: 1s, then: reject}}\n");
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 50000000};
    struct session *word = world_session(world);
    struct session *refused = world_session(world);

    (void)state;
    say_helo(word, "word");
    say_helo(refused, GOOD);
    assert_int_equal(say_message(word, ALICE), 450);
    assert_int_equal(say_message(refused, "<alice@bad.example>"), 450);
    nanosleep(&second, NULL);
    assert_int_equal(say_message(word, ALICE), 550);
    assert_int_equal(say_message(refused, "<alice@bad.example>"), 550);
    session_close(&word);
    session_close(&refused);
    world_end(world, false);
}

static void tags_and_forged_fields(void **state)
{
    struct session_world *world =
        world_begin("", "policy:\n  helo-syntax: {fail: tag}\n");
    struct session *session = world_session(world);
    struct session_tags tags;

    (void)state;
    say_helo(session, "word");
    say_mail(session, ALICE);
    assert_int_equal(say_rcpt(session, BOB), 250);
    session_header(session, "Subject", span_of("mx.home.example; x"));
    session_header(session, "authentication-results", span_of("other; x"));
    session_header(session, "Authentication-Results",
                   span_of("(c) MX.home.example; iprev=pass"));
    session_header(session, "Authentication-Results",
                   span_of("mx.home.example; iprev=pass"));
    assert_null(session_eom(session, NULL, &tags));
    assert_int_equal(tags.forged_count, 2);
    assert_int_equal(tags.forged[0], 2);
    assert_int_equal(tags.forged[1], 3);
    assert_non_null(tags.authres);
    assert_non_null(strstr(tags.authres, "x-helo-syntax=fail"));
    say_mail(session, ALICE);
    assert_null(session_eom(session, NULL, &tags));
    assert_null(tags.authres);
    session_close(&session);
    world_end(world, false);
}

/* In monitor mode every answer is "go on", at once, whatever is open. */
static void monitor_mode_goes_on(void **state)
{
    struct session_world *world = world_begin(
        "", "policy:\n  mode: monitor\n  helo-syntax: {fail: reject}\n"
            "  helo-forward: {temperror: tempfail}\n");
    struct session *session = world_session(world);

    (void)state;
    say_helo(session, "mail.slow.example");
    say_mail(session, ALICE);
    assert_int_equal(say_rcpt(session, BOB), 250);
    say_helo(session, "word");
    say_mail(session, ALICE);
    assert_int_equal(say_rcpt(session, BOB), 250);
    session_close(&session);
    service_stop(world->service);
    world_end(world, true);
}

/* Each thread plays sessions and leaves them at one point or another. */
static void *play(void *argument)
{
    struct session_world *world = argument;

    for (unsigned i = 0; i < 60; i++) {
        struct session *session = world_session(world);
        char sender[64];

        snprintf(sender, sizeof(sender), "<u%u@%s.example>", i % 7,
                 i % 3 ? "good" : "bad");
        say_helo(session, i % 5 ? GOOD : "mail.slow.example");
        if (i % 4)
            say_mail(session, sender);
        if (i % 4 > 1)
            say_rcpt(session, BOB);
        if (i % 2)
            session_abort(session);
        session_close(&session);
    }
    return NULL;
}

static void threads_reloads_and_a_stop(void **state)
{
    struct session_world *world = world_begin("", base);
    pthread_t threads[6];
    char why[256];

    (void)state;
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, play, world), 0);
    for (int i = 0; i < 20; i++) {
        const struct timespec pause = {.tv_nsec = 20000000};
        struct policy *policy = world_policy_of(world, "", base);

        assert_true(service_reload(world->service, policy, why, sizeof(why)));
        policy_drop(policy);
        nanosleep(&pause, NULL);
    }
    service_stop(world->service);
    for (size_t i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    world_end(world, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_is_right_after_each_step),
        cmocka_unit_test(retry_finds_the_answer),
        cmocka_unit_test(what_comes_too_late_begins_by_itself),
        cmocka_unit_test(next_message_asks_again),
        cmocka_unit_test(kept_facts_ask_nothing),
        cmocka_unit_test(nobody_waits_beyond_the_limit),
        cmocka_unit_test(stages),
        cmocka_unit_test(callout_is_made_when_it_is_due),
        cmocka_unit_test(spared),
        cmocka_unit_test(soft_action_turns_hard),
        cmocka_unit_test(tags_and_forged_fields),
        cmocka_unit_test(monitor_mode_goes_on),
        cmocka_unit_test(threads_reloads_and_a_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
