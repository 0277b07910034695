/* SPDX-License-Identifier: BSD-2-Clause */
/* check_trust_test.c - D23: what each check makes of its facts while the
 * resolver is not to be believed, or is to be tried first */
#include "check_world.h"

#define S      ((instant)1000000)
#define CLIENT "192.0.2.7"

/** Answers arrive at 100 s. */
#define ARRIVED (100 * S)

static const struct trust lost = {
    .word = TRUST_DENIES, .answered = 101 * S, .from = INSTANT_NEVER};
static const struct trust astray = {
    .word = TRUST_FINDS, .answered = 101 * S, .from = INSTANT_NEVER};
static const struct trust silent = {.word = TRUST_SILENT, .answered = 101 * S};
static const struct trust mended = {
    .word = TRUST_GOOD, .answered = 101 * S, .from = 101 * S};
static const struct trust old = {.word = TRUST_GOOD, .answered = 94 * S};
static const struct trust recent = {.word = TRUST_GOOD, .answered = 95 * S};

static const struct {
    const struct trust *trust;
    enum result of_dns, of_others;
} states[] = {
    {&lost, RESULT_TEMPERROR, RESULT_FAIL},
    {&astray, RESULT_TEMPERROR, RESULT_FAIL},
    {&silent, RESULT_TEMPERROR, RESULT_FAIL},
    {&mended, RESULT_TEMPERROR, RESULT_FAIL},
    {&old, RESULT_OPEN, RESULT_FAIL},
    {&recent, RESULT_FAIL, RESULT_FAIL},
};

/** Facts that make a fail; of the checks with a list, of "deny.example". */
static const struct {
    const char *name;
    enum check check;
    bool rests_on_dns;
    const char *helo, *helo_a, *helo_aaaa;
    const char *ptr, *forwards;
    const char *sender, *mx, *host, *host_a, *host_aaaa;
    enum callout_outcome outcome; /* ACCEPTED: there is none */
} rows[] = {
    {.name = "word", .check = CHECK_HELO_SYNTAX, .helo = "desktop"},
    {.name = "our name",
     .check = CHECK_HELO_IDENTITY,
     .helo = "mx.home.example"},
    {.name = "no such name",
     .check = CHECK_HELO_FORWARD,
     .rests_on_dns = true,
     .helo = "m.example.net",
     .helo_a = "nx",
     .helo_aaaa = "nx"},
    {.name = "no address",
     .check = CHECK_HELO_FORWARD,
     .rests_on_dns = true,
     .helo = "m.example.net",
     .helo_a = "none",
     .helo_aaaa = "none"},
    {.name = "denied match",
     .check = CHECK_HELO_MATCH,
     .rests_on_dns = true,
     .helo = "m.example.net",
     .helo_a = "nx",
     .helo_aaaa = "nx",
     .ptr = "nx"},
    {.name = "other address",
     .check = CHECK_HELO_MATCH,
     .rests_on_dns = true,
     .helo = "m.example.net",
     .helo_a = "192.0.2.9",
     .helo_aaaa = "none",
     .ptr = "m.example.org",
     .forwards = "192.0.2.9"},
    {.name = "other literal", .check = CHECK_HELO_MATCH, .helo = "[192.0.2.8]"},
    {.name = "no reverse",
     .check = CHECK_CLIENT_PTR,
     .rests_on_dns = true,
     .ptr = "nx"},
    {.name = "unconfirmed",
     .check = CHECK_CLIENT_PTR,
     .rests_on_dns = true,
     .ptr = "m.example.org",
     .forwards = "nx"},
    {.name = "no domain",
     .check = CHECK_SENDER_DOMAIN,
     .rests_on_dns = true,
     .sender = "<a@example.net>",
     .mx = "nx"},
    {.name = "null MX",
     .check = CHECK_SENDER_DOMAIN,
     .rests_on_dns = true,
     .sender = "<a@example.net>",
     .mx = "0 ."},
    {.name = "reserved",
     .check = CHECK_SENDER_DOMAIN,
     .rests_on_dns = true,
     .sender = "<a@example.net>",
     .mx = "5 mx.example.net",
     .host = "mx.example.net",
     .host_a = "10.0.0.1",
     .host_aaaa = "none"},
    {.name = "us",
     .check = CHECK_SENDER_DOMAIN,
     .rests_on_dns = true,
     .sender = "<a@example.net>",
     .mx = "5 mx.example.net",
     .host = "mx.example.net",
     .host_a = "192.0.2.1",
     .host_aaaa = "none"},
    {.name = "syntax", .check = CHECK_SENDER_DOMAIN, .sender = "<a@@b>"},
    {.name = "literal",
     .check = CHECK_SENDER_DOMAIN,
     .sender = "<a@[10.0.0.1]>"},
    {.name = "no mailbox",
     .check = CHECK_CALLOUT,
     .rests_on_dns = true,
     .sender = "<a@example.net>",
     .mx = "5 mx.example.net",
     .host = "mx.example.net",
     .host_a = "192.0.2.25",
     .host_aaaa = "none",
     .outcome = CALLOUT_NO_SUCH_MAILBOX},
    {.name = "literal's mailbox",
     .check = CHECK_CALLOUT,
     .sender = "<a@[192.0.2.25]>",
     .outcome = CALLOUT_NO_SUCH_MAILBOX},
};

static struct world *make(size_t i)
{
    struct world *world = world_new();
    world_client(world, CLIENT);
    if (rows[i].ptr != NULL)
        world_reverse(world, rows[i].ptr, rows[i].forwards);
    if (rows[i].helo != NULL)
        world_helo(world, rows[i].helo, rows[i].helo_a, rows[i].helo_aaaa);
    if (rows[i].sender != NULL)
        world_sender(world, rows[i].sender, rows[i].mx, NULL, NULL);
    if (rows[i].host != NULL)
        world_exchanger(world, rows[i].host, rows[i].host_a, rows[i].host_aaaa);
    if (rows[i].outcome != CALLOUT_ACCEPTED) {
        world->callout = (struct callout_answer){.outcome = rows[i].outcome,
                                                 .learnt = ARRIVED,
                                                 .exchanger = "mx.example.net",
                                                 .code = 550};
        world->facts.sender.callout = &world->callout;
    }
    for (size_t k = 0; k < world->answer_count; k++)
        world->answers[k].arrived = ARRIVED;
    return world;
}

static enum result result_of(const struct world *world, enum check check)
{
    return check_find(check, &world->facts, &world->settings).result;
}

static void fails_that_rest_on_dns_wait_or_are_none(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct world *world = make(i);
        const enum check check = rows[i].check;
        for (size_t k = 0; k < sizeof(states) / sizeof(*states); k++) {
            world->facts.trust = *states[k].trust;
            enum result expected =
                rows[i].rests_on_dns ? states[k].of_dns : states[k].of_others;
            if (result_of(world, check) != expected)
                fail_msg("%s, state %zu: %s", rows[i].name, k,
                         result_name(result_of(world, check)));
            assert_int_equal(
                check_waits_for_trust(check, &world->facts, &world->settings),
                expected == RESULT_OPEN);
            assert_int_equal(
                check_is_doubted(check, &world->facts, &world->settings),
                expected == RESULT_TEMPERROR);
        }
        world->facts.trust = (struct trust){0};
        assert_int_equal(result_of(world, check), RESULT_FAIL);
        world_free(world);
    }
}

/* The last of the answers is what the round must not be too old for, the first
 * what must not be from a time of lies. */
static void every_answer_counts(void **state)
{
    struct world *world = make(2);
    struct trust trust = {.word = TRUST_GOOD, .answered = 100 * S};
    world->facts.trust = trust;
    assert_int_equal(result_of(world, CHECK_HELO_FORWARD), RESULT_FAIL);
    world->answers[1].arrived = 106 * S;
    assert_int_equal(result_of(world, CHECK_HELO_FORWARD), RESULT_OPEN);
    world->answers[1].arrived = 101 * S;
    world->facts.trust.from = 100 * S + 1;
    assert_int_equal(result_of(world, CHECK_HELO_FORWARD), RESULT_TEMPERROR);
    world_free(world);
}

static void what_is_no_fail_stays(void **state)
{
    struct world *world = world_new();
    world_helo(world, "m.example.net", CLIENT, "none");
    world->facts.trust = lost;
    assert_int_equal(result_of(world, CHECK_HELO_FORWARD), RESULT_PASS);
    world_helo(world, "m.example.net", "nx", NULL);
    assert_int_equal(result_of(world, CHECK_HELO_FORWARD), RESULT_OPEN);
    assert_false(check_waits_for_trust(CHECK_HELO_FORWARD, &world->facts,
                                       &world->settings));
    world_helo(world, "m.example.net", "none", "time-out");
    assert_int_equal(result_of(world, CHECK_HELO_FORWARD), RESULT_TEMPERROR);
    assert_false(
        check_is_doubted(CHECK_HELO_FORWARD, &world->facts, &world->settings));
    world_free(world);
}

/* Nobody is called where a liar leads; one that denies everything leads
 * nowhere, and nothing it led to is kept against anybody. */
static void nobody_is_called_where_a_liar_leads(void **state)
{
    struct world *world = make(15);
    world->facts.sender.callout = NULL;
    assert_int_equal(result_of(world, CHECK_CALLOUT), RESULT_OPEN);
    world->facts.trust = lost;
    assert_int_equal(result_of(world, CHECK_CALLOUT), RESULT_OPEN);
    world->facts.trust = astray;
    world_expect(world, "astray", CHECK_CALLOUT, RESULT_TEMPERROR, REASON_NONE,
                 "no mail exchanger is asked, for our own DNS resolver finds a "
                 "name that cannot exist at present");
    assert_true(
        check_is_doubted(CHECK_CALLOUT, &world->facts, &world->settings));
    world->facts.sender.callout = &world->callout;
    world->callout.outcome = CALLOUT_ACCEPTED;
    assert_int_equal(result_of(world, CHECK_CALLOUT), RESULT_PASS);
    world_free(world);
}

/* A listing is a fail that rests on DNS, and so is whatever a list that frees
 * from it was said not to know. */
static void lists_rest_on_dns(void **state)
{
    struct zone zone[] = {
        {.name = "deny.example", .kind = ZONE_DENY, .of = ZONE_OF_CLIENT},
        {.name = "allow.example",
         .kind = ZONE_ALLOW,
         .of = ZONE_OF_CLIENT,
         .exempt = 1U << CHECK_HELO_SYNTAX},
    };
    struct zones zones = {.count = 2, .at = zone};
    struct world *world = make(0);
    struct listing listings[ZONES_MOST] = {
        {.state = LISTING_TOLD,
         .a = world_answer(world, DNS_A, "127.0.0.2"),
         .txt = world_answer(world, DNS_TXT, "spam")},
        {.state = LISTING_TOLD, .a = world_answer(world, DNS_A, "nx")},
    };
    for (size_t k = 0; k < world->answer_count; k++)
        world->answers[k].arrived = ARRIVED;
    world->facts.lists.zones = &zones;
    world->facts.lists.of[ZONE_OF_CLIENT] = listings;
    world->settings.lists_needed = 1;
    assert_int_equal(result_of(world, CHECK_DNSBL), RESULT_FAIL);
    assert_int_equal(result_of(world, CHECK_HELO_SYNTAX), RESULT_FAIL);
    world->facts.trust = old;
    assert_int_equal(result_of(world, CHECK_DNSBL), RESULT_OPEN);
    assert_int_equal(result_of(world, CHECK_HELO_SYNTAX), RESULT_OPEN);
    world->facts.trust = astray;
    world_expect(world, "listed", CHECK_DNSBL, RESULT_TEMPERROR, REASON_NONE,
                 "192.0.2.7 is listed by deny.example (127.0.0.2): \"spam\"; "
                 "but our own DNS resolver finds a name that cannot exist at "
                 "present, and this may not be so");
    assert_int_equal(result_of(world, CHECK_HELO_SYNTAX), RESULT_TEMPERROR);
    world_free(world);
}

static void words_say_why(void **state)
{
    struct world *world = make(2);
    world->facts.trust = lost;
    world_expect(world, "lost", CHECK_HELO_FORWARD, RESULT_TEMPERROR,
                 REASON_NONE,
                 "the HELO name m.example.net does not exist in DNS; but our "
                 "own DNS resolver denies our own name at present, and this "
                 "may not be so");
    world->facts.trust = mended;
    world_expect(world, "mended", CHECK_HELO_FORWARD, RESULT_TEMPERROR,
                 REASON_NONE,
                 "the HELO name m.example.net does not exist in DNS; but our "
                 "own DNS resolver gave wrong answers until a moment ago, and "
                 "this may not be so");
    /* In time there was no word of the canary. */
    world->facts.trust = old;
    world_expect(world, "old", CHECK_HELO_FORWARD, RESULT_OPEN, REASON_NONE,
                 "the HELO name m.example.net does not exist in DNS; but our "
                 "own DNS resolver is still being tried, and this may not be "
                 "so");
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_that_rest_on_dns_wait_or_are_none),
        cmocka_unit_test(every_answer_counts),
        cmocka_unit_test(what_is_no_fail_stays),
        cmocka_unit_test(nobody_is_called_where_a_liar_leads),
        cmocka_unit_test(lists_rest_on_dns),
        cmocka_unit_test(words_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
