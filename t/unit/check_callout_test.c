/* SPDX-License-Identifier: BSD-2-Clause */
/* check_callout_test.c - callout: what outcomes come to, and what is said of
 * them */
#include "check_world.h"

/* A sender whose domain passes. */
static struct world *world_with_sender(const char *sender)
{
    struct world *world = world_new();

    world_sender(world, sender, "10 mx1.example.org", NULL, NULL);
    if (world->facts.sender.exchanger_count > 0)
        world_exchanger(world, "mx1.example.org", "192.0.2.25", "none");
    return world;
}

#define AT "mx1.example.org [192.0.2.25] "

static const struct {
    const char *row;
    enum callout_outcome outcome;
    enum callout_stage stage;
    enum callout_trouble trouble;
    uint16_t code;
    const char *said;
    enum result result;
    enum reason reason;
    const char *words;
} rows[] = {
    {"accepted", CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE, 250,
     "2.1.5 Ok", RESULT_PASS, REASON_NONE,
     AT "answered 250 to RCPT TO:<user@example.org>: \"2.1.5 Ok\""},
    {"no such mailbox", CALLOUT_NO_SUCH_MAILBOX, CALLOUT_AT_RCPT,
     CALLOUT_TROUBLE_NONE, 550, "5.1.1 no such user", RESULT_FAIL,
     REASON_NO_SUCH_MAILBOX,
     AT "answered 550 to RCPT TO:<user@example.org>: \"5.1.1 no such user\""},
    {"refuses bounces", CALLOUT_REFUSES_BOUNCES, CALLOUT_AT_MAIL,
     CALLOUT_TROUBLE_NONE, 553, "no bounces here", RESULT_FAIL,
     REASON_REFUSES_BOUNCES,
     AT "answered 553 to MAIL FROM:<>: \"no bounces here\""},
    {"greylisted", CALLOUT_GREYLISTED, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE,
     451, "", RESULT_TEMPERROR, REASON_GREYLISTED,
     AT "answered 451 to RCPT TO:<user@example.org>"},
    {"blocked at the greeting", CALLOUT_BLOCKED_US, CALLOUT_AT_GREETING,
     CALLOUT_TROUBLE_NONE, 554, "go away", RESULT_UNKNOWN, REASON_BLOCKED_US,
     AT "answered 554 to our connection: \"go away\""},
    {"blocked at HELO", CALLOUT_BLOCKED_US, CALLOUT_AT_HELO,
     CALLOUT_TROUBLE_NONE, 550, "who?", RESULT_UNKNOWN, REASON_BLOCKED_US,
     AT "answered 550 to EHLO or HELO: \"who?\""},
    {"421", CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING, CALLOUT_TROUBLE_NONE, 421,
     "too busy", RESULT_TEMPERROR, REASON_UNREACHABLE,
     AT "answered 421 to our connection: \"too busy\""},
    {"connection refused", CALLOUT_UNREACHABLE, CALLOUT_AT_CONNECT,
     CALLOUT_TROUBLE_REFUSED, 0, "", RESULT_TEMPERROR, REASON_UNREACHABLE,
     AT "refused the connection"},
    {"no route", CALLOUT_UNREACHABLE, CALLOUT_AT_CONNECT,
     CALLOUT_TROUBLE_NO_ROUTE, 0, "", RESULT_TEMPERROR, REASON_UNREACHABLE,
     AT "could not be reached over the network"},
    {"silence", CALLOUT_UNREACHABLE, CALLOUT_AT_CONNECT,
     CALLOUT_TROUBLE_TIMEOUT, 0, "", RESULT_TEMPERROR, REASON_UNREACHABLE,
     AT "did not answer our connection in time"},
    {"closed", CALLOUT_UNREACHABLE, CALLOUT_AT_MAIL, CALLOUT_TROUBLE_CLOSED, 0,
     "", RESULT_TEMPERROR, REASON_UNREACHABLE,
     AT "closed the connection before it answered MAIL FROM:<>"},
    {"not SMTP", CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING,
     CALLOUT_TROUBLE_PROTOCOL, 0, "", RESULT_TEMPERROR, REASON_UNREACHABLE,
     AT "gave an answer to our connection that is not SMTP"},
    {"ourselves", CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING,
     CALLOUT_TROUBLE_OURSELVES, 0, "", RESULT_TEMPERROR, REASON_UNREACHABLE,
     AT "is ourselves, for it has our name"},
    {"no SMTPUTF8", CALLOUT_NO_SMTPUTF8, CALLOUT_AT_HELO, CALLOUT_TROUBLE_NONE,
     0, "", RESULT_UNKNOWN, REASON_NO_SMTPUTF8,
     AT "does not offer SMTPUTF8 (RFC 6531), which <user@example.org> needs"},
    {"given up", CALLOUT_GIVEN_UP, CALLOUT_AT_CONNECT, CALLOUT_TROUBLE_TIMEOUT,
     0, "", RESULT_UNKNOWN, REASON_GIVEN_UP,
     AT "did not answer our connection in time; it has been so for longer than "
        "we put mail off"},
    {"walled off", CALLOUT_WALLED_OFF, CALLOUT_AT_CONNECT, CALLOUT_TROUBLE_NONE,
     0, "", RESULT_UNKNOWN, REASON_WALLED_OFF,
     "our callouts reach no mail server at present, so that nobody could be "
     "asked about <user@example.org>"},
    {"over a limit", CALLOUT_CAPACITY, CALLOUT_AT_CONNECT, CALLOUT_TROUBLE_NONE,
     0, "", RESULT_UNKNOWN, REASON_CAPACITY,
     "too many senders are being verified at once to ask about "
     "<user@example.org>"},
    {"our own fault", CALLOUT_INTERNAL, CALLOUT_AT_CONNECT,
     CALLOUT_TROUBLE_NONE, 0, "", RESULT_TEMPERROR, REASON_INTERNAL,
     "an error of our own kept us from verifying <user@example.org>"},
};

static void outcomes_are_mapped(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *world = world_with_sender("<user@example.org>");
        struct callout_answer *answer = &world->callout;
        answer->outcome = rows[i].outcome;
        answer->stage = rows[i].stage;
        answer->trouble = rows[i].trouble;
        answer->code = rows[i].code;
        answer->address = world_address("192.0.2.25");
        snprintf(answer->exchanger, NAME_SIZE, "mx1.example.org");
        snprintf(answer->words, CALLOUT_WORDS_SIZE, "%s", rows[i].said);
        world->facts.sender.callout = answer;
        world_expect(world, rows[i].row, CHECK_CALLOUT, rows[i].result,
                     rows[i].reason, rows[i].words);
        world_free(world);
    }
}

static void what_was_kept_says_how_old_it_is(void **state)
{
    static const struct {
        uint32_t age_s;
        const char *words;
    } ages[] = {{1, "1 second"},   {59, "59 seconds"}, {60, "1 minute"},
                {7199, "1 hour"},  {7200, "2 hours"},  {86400, "1 day"},
                {604800, "7 days"}};
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        struct world *world = world_with_sender("<user@example.org>");
        char words[200];
        world->callout.outcome = CALLOUT_NO_SUCH_MAILBOX;
        world->callout.stage = CALLOUT_AT_RCPT;
        world->callout.code = 550;
        world->callout.address = world_address("192.0.2.25");
        snprintf(world->callout.exchanger, NAME_SIZE, "mx1.example.org");
        world->facts.sender.callout = &world->callout;
        world->facts.sender.callout_age_s = ages[i].age_s;
        snprintf(words, sizeof words,
                 AT "answered 550 to RCPT TO:<user@example.org> (%s ago)",
                 ages[i].words);
        world_expect(world, ages[i].words, CHECK_CALLOUT, RESULT_FAIL,
                     REASON_NO_SUCH_MAILBOX, words);
        world_free(world);
    }
}

/* It was not asked about this sender, and what it has said of another one is
 * not told. */
static void who_is_left_alone_was_not_asked(void **state)
{
    static const struct {
        enum callout_outcome outcome;
        enum callout_stage stage;
        enum callout_trouble trouble;
        uint16_t code;
        const char *words;
    } answers[] = {
        {CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING, CALLOUT_TROUBLE_NONE, 421,
         "answered 421 to our connection"},
        {CALLOUT_UNREACHABLE, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_NONE, 421,
         "answered 421 to RCPT for another sender"},
        {CALLOUT_UNREACHABLE, CALLOUT_AT_HELO, CALLOUT_TROUBLE_TIMEOUT, 0,
         "did not answer EHLO or HELO in time"},
        {CALLOUT_NEEDS_TLS, CALLOUT_AT_MAIL, CALLOUT_TROUBLE_NONE, 530,
         "answered 530 to MAIL FROM:<>"},
    };

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct world *world = world_with_sender("<user@example.org>");
        const bool needs_tls = answers[i].outcome == CALLOUT_NEEDS_TLS;
        char words[200];

        world->callout = (struct callout_answer){
            .outcome = answers[i].outcome,
            .stage = answers[i].stage,
            .trouble = answers[i].trouble,
            .code = answers[i].code,
            .left_alone = true,
            .exchanger = "mx1.example.org",
        };
        world->callout.address = world_address("192.0.2.25");
        world->facts.sender.callout = &world->callout;
        world->facts.sender.callout_age_s = 61;
        snprintf(words, sizeof words,
                 AT "is left alone for a while, for it %s (1 minute ago)",
                 answers[i].words);
        world_expect(world, answers[i].words, CHECK_CALLOUT,
                     needs_tls ? RESULT_UNKNOWN : RESULT_TEMPERROR,
                     needs_tls ? REASON_NEEDS_TLS : REASON_UNREACHABLE, words);
        world_free(world);
    }
}

static void without_an_answer_it_is_open(void **state)
{
    struct world *world = world_with_sender("<user@example.org>");

    world_expect(world, "open", CHECK_CALLOUT, RESULT_OPEN, REASON_NONE,
                 "we are still asking the mail exchanger of the sender whether "
                 "it accepts mail to <user@example.org>");
    world_free(world);
}

/* What sender-domain says comes first, even if an answer is kept. */
static void sender_domain_comes_first(void **state)
{
    static const struct {
        const char *sender, *mx;
        enum result result;
        const char *words;
    } first[] = {
        {"<>", NULL, RESULT_NONE, "the sender is <>, that of bounces"},
        {"<user@home.example>", NULL, RESULT_NONE, NULL},
        {"<user@example.org>", "nx", RESULT_NONE,
         "the sender's domain example.org does not exist in DNS"},
        {"<user@example.org>", "time-out", RESULT_NONE, NULL},
        {"<user@example..org>", NULL, RESULT_NONE, NULL},
        {"<user@example.org>", NULL, RESULT_OPEN,
         "the MX records of example.org could not be looked up in time"},
    };

    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        struct world *world = world_new();
        world->facts.sender.callout = &world->callout;
        world_sender(world, first[i].sender, first[i].mx, NULL, NULL);
        world_expect(world, first[i].sender, CHECK_CALLOUT, first[i].result,
                     REASON_NONE, first[i].words);
        world_free(world);
    }
}

static void outside_octets_are_escaped(void **state)
{
    struct world *world = world_with_sender("<\"a\\\" b\"@example.org>");

    world->callout = (struct callout_answer){
        .outcome = CALLOUT_ACCEPTED,
        .stage = CALLOUT_AT_RCPT,
        .exchanger = "mx1.example.org",
        .code = 250,
    };
    world->callout.address = world_address("192.0.2.25");
    world->facts.sender.callout = &world->callout;
    world_expect(world, "quoted", CHECK_CALLOUT, RESULT_PASS, REASON_NONE,
                 AT "answered 250 to RCPT TO:<\"a\\\\\" b\"@example.org>");
    world_sender(world, "<j\xc3\xbcrgen@example.org>", "10 mx1.example.org",
                 NULL, NULL);
    world_exchanger(world, "mx1.example.org", "192.0.2.25", "none");
    world_expect(world, "utf-8", CHECK_CALLOUT, RESULT_PASS, REASON_NONE,
                 AT "answered 250 to RCPT TO:<j\\xc3\\xbcrgen@example.org>");
    world_free(world);
}

static void a_literal_is_said_once(void **state)
{
    struct world *world = world_new();

    world_sender(world, "<user@[192.0.2.25]>", NULL, NULL, NULL);
    world->callout = (struct callout_answer){
        .outcome = CALLOUT_UNREACHABLE,
        .trouble = CALLOUT_TROUBLE_REFUSED,
        .exchanger = "[192.0.2.25]",
    };
    world->callout.address = world_address("192.0.2.25");
    world->facts.sender.callout = &world->callout;
    world_expect(world, "literal", CHECK_CALLOUT, RESULT_TEMPERROR,
                 REASON_UNREACHABLE, "[192.0.2.25] refused the connection");
    world_free(world);
}

static void what_became_of_tls_is_said(void **state)
{
    static const struct {
        enum callout_tls tls;
        const char *words;
    } ways[] = {
        {CALLOUT_TLS_NOT_USED, "mx answered 250 to MAIL FROM:<>"},
        {CALLOUT_TLS_USED, "mx answered 250 to MAIL FROM:<> (by TLS)"},
        {CALLOUT_TLS_FAILED, "mx answered 250 to MAIL FROM:<> (in the clear, "
                             "for TLS with it failed)"},
    };

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct world *world = world_new();

        world_sender(world, "<user@[192.0.2.25]>", NULL, NULL, NULL);
        world->callout = (struct callout_answer){
            .outcome = CALLOUT_ACCEPTED,
            .stage = CALLOUT_AT_MAIL,
            .code = 250,
            .tls = ways[i].tls,
            .exchanger = "mx",
        };
        world->facts.sender.callout = &world->callout;
        world_expect(world, "TLS", CHECK_CALLOUT, RESULT_PASS, REASON_NONE,
                     ways[i].words);
        world_free(world);
    }
}

static void nobody_asked_is_said(void **state)
{
    struct world *world = world_with_sender("<user@example.org>");

    world->callout = (struct callout_answer){.outcome = CALLOUT_UNREACHABLE};
    world->facts.sender.callout = &world->callout;
    world_expect(world, "nobody", CHECK_CALLOUT, RESULT_TEMPERROR,
                 REASON_UNREACHABLE,
                 "no mail exchanger of example.org could be asked");
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_are_mapped),
        cmocka_unit_test(what_was_kept_says_how_old_it_is),
        cmocka_unit_test(who_is_left_alone_was_not_asked),
        cmocka_unit_test(without_an_answer_it_is_open),
        cmocka_unit_test(sender_domain_comes_first),
        cmocka_unit_test(outside_octets_are_escaped),
        cmocka_unit_test(a_literal_is_said_once),
        cmocka_unit_test(what_became_of_tls_is_said),
        cmocka_unit_test(nobody_asked_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
