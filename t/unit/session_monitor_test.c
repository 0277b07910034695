/* SPDX-License-Identifier: BSD-2-Clause */
/* session_monitor_test.c - what lingers in monitor mode: how much there is of
 * it, and how often it is tried (M20)
 *
 * DNS is silent about slow.example for longer than a test lasts. The linker
 * lets tries pass through here. */
#define WORLD_DNS "timeout: 1m, attempts: 1, budget: 5m"
#include "policy/verdict.h"
#include "session_log.h"
#include "session_world.h"

#define GOOD "mail.good.example"
#define OPEN "<x@slow.example>"
/* Of a message with one recipient: one for it, and one for each answer. */
#define TRIES_MOST 40

static const char monitor[] = "policy:\n"
                              "  mode: monitor\n"
                              "  reply-within: 5m\n"
                              "  sender-domain: {fail: reject}\n"
                              "  callout: {fail: reject}\n";

static atomic_uint evaluations;

/* The names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming) */
bool __real_verdict_is_settled(const struct rules *rules,
                               const struct findings *findings,
                               const struct first_sights *sights, instant now);
bool __wrap_verdict_is_settled(const struct rules *rules,
                               const struct findings *findings,
                               const struct first_sights *sights, instant now);

bool __wrap_verdict_is_settled(const struct rules *rules,
                               const struct findings *findings,
                               const struct first_sights *sights, instant now)
{
    atomic_fetch_add(&evaluations, 1);
    return __real_verdict_is_settled(rules, findings, sights, now);
}
/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

/* The verdict on a recipient, of whom there is one line. */
static void expect_verdict(const char *recipient, const char *verdict)
{
    char key[64];
    size_t found = 0;

    snprintf(key, sizeof(key), " recipient=%s ", recipient);
    for (size_t i = 0; i < log_count(); i++) {
        if (strstr(log_at(i), key) == NULL)
            continue;
        found++;
        if (strncmp(log_at(i) + strlen("verdict="), verdict, strlen(verdict)) !=
            0)
            fail_msg("%s: %s", recipient, log_at(i));
    }
    assert_int_equal(found, 1);
}

static void begin_message(struct session *session, const char *sender)
{
    assert_int_equal(say_mail(session, sender), 250);
}

static void say_recipient(struct session *session, unsigned number)
{
    char recipient[64];

    snprintf(recipient, sizeof(recipient), "<u%u@home.example>", number);
    assert_int_equal(say_rcpt(session, recipient), 250);
}

static struct session *begin_session(struct session_world *world)
{
    struct session *session = world_session(world);

    log_forget();
    say_helo(session, GOOD);
    return session;
}

/* However many they are: who is like those that wait is not tried by himself.
 * Each has a line of his own all the same, in the order of the commands. */
static void equal_recipients_share_an_evaluation(void **state)
{
    struct session_world *world = world_begin("", monitor);
    struct session *session = begin_session(world);
    char key[64];

    (void)state;
    atomic_store(&evaluations, 0);
    begin_message(session, OPEN);
    for (unsigned i = 0; i < 1000; i++)
        say_recipient(session, i);
    session_close(&session);
    if (atomic_load(&evaluations) > TRIES_MOST)
        fail_msg("%u tries", atomic_load(&evaluations));
    assert_int_equal(log_count(), 0);
    service_stop(world->service);
    assert_int_equal(log_count(), 1000);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), " recipient=u%u@home.example ", i);
        assert_non_null(strstr(log_at(i), key));
        assert_non_null(strstr(log_at(i), "verdict=continue"));
    }
    world_end(world, true);
}

/* Nor is a message that lingers tried for what another one's recipients say. */
static void a_command_is_news_to_its_own_message(void **state)
{
    struct session_world *world = world_begin(
        "", "policy:\n"
            "  mode: monitor\n"
            "  reply-within: 5m\n"
            "  sender-domain: {fail: reject}\n"
            "exceptions:\n"
            "  - {recipients: [\"u1*@*\"], policy: {helo-syntax: {fail: "
            "tag}}}\n"
            "  - {recipients: [\"u2*@*\"], policy: {helo-syntax: {fail: "
            "reject}}}\n");
    struct session *session = begin_session(world);

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        begin_message(session, OPEN);
        say_recipient(session, 1);
        session_abort(session);
    }
    begin_message(session, OPEN);
    atomic_store(&evaluations, 0);
    for (unsigned i = 0; i < 100; i++)
        for (unsigned j = 1; j <= 3; j++)
            say_recipient(session, j);
    if (atomic_load(&evaluations) > TRIES_MOST)
        fail_msg("%u tries", atomic_load(&evaluations));
    session_close(&session);
    service_stop(world->service);
    assert_int_equal(log_count(), 310);
    world_end(world, true);
}

/* Whose rules differ, or for whose sake no callout is made, has a verdict of
 * his own. */
static void other_recipients_do_not(void **state)
{
    struct session_world *world = world_begin(
        "fallback-sender: back@home.example",
        "policy: {mode: monitor, reply-within: 5m, callout: {fail: reject}}\n"
        "exceptions:\n"
        "  - {recipients: [\"sales@*\"], policy: {callout: {fail: tag}}}\n"
        "  - {recipients: [\"off@*\"], policy: {callout: off}}\n");
    static const char *const recipients[] = {
        "<bob@home.example>", "<back@home.example>", "<sales@home.example>",
        "<off@home.example>", "<eve@home.example>",  "<sales@good.example>"};
    struct session *session = begin_session(world);

    (void)state;
    atomic_store(&world->servers.gate, false);
    begin_message(session, "<x@bad.example>");
    for (size_t i = 0; i < sizeof(recipients) / sizeof(*recipients); i++)
        assert_int_equal(say_rcpt(session, recipients[i]), 250);
    session_close(&session);
    atomic_store(&world->servers.gate, true);
    EVENTUALLY(log_count() == 6);
    expect_verdict("bob@home.example", "reject");
    expect_verdict("eve@home.example", "reject");
    expect_verdict("back@home.example", "continue");
    expect_verdict("sales@home.example", "tag");
    expect_verdict("sales@good.example", "tag");
    expect_verdict("off@home.example", "continue");
    world_end(world, false);
}

/* The seventeenth message that lingers is one too many, and the oldest is
 * decided: recipient by recipient what is open is in-progress. */
static void sixteen_messages_linger(void **state)
{
    struct session_world *world =
        world_begin("", "policy:\n"
                        "  mode: monitor\n"
                        "  reply-within: 5m\n"
                        "  sender-domain: {temperror: tempfail}\n");
    struct session *session = begin_session(world);

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        begin_message(session, OPEN);
        assert_int_equal(log_count(), i > 16 ? 2 * (i - 16) : 0);
        say_recipient(session, 2 * i);
        say_recipient(session, 2 * i + 1);
        assert_int_equal(log_count(), i > 16 ? 2 * (i - 16) : 0);
    }
    for (size_t i = 0; i < log_count(); i++) {
        char key[64];

        snprintf(key, sizeof(key), " recipient=u%zu@home.example ", i);
        assert_non_null(strstr(log_at(i), key));
        assert_non_null(strstr(log_at(i), " reason=in-progress "));
    }
    session_close(&session);
    assert_int_equal(log_count(), 2 * (40 - 16));
    service_stop(world->service);
    assert_int_equal(log_count(), 2 * 40);
    world_end(world, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_recipients_share_an_evaluation),
        cmocka_unit_test(a_command_is_news_to_its_own_message),
        cmocka_unit_test(other_recipients_do_not),
        cmocka_unit_test(sixteen_messages_linger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
