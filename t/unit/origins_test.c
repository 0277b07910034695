/* SPDX-License-Identifier: BSD-2-Clause */
/* origins_test.c - what is asked about our callouts' name and addresses, what
 * is logged of it and how often, by a clock that is moved */
#include "session/origins.h"

#include "dns_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define S          ((instant)1000000)
#define LINES_MOST 8

/** The log, in place of the real one. */
static struct {
    enum log_level level[LINES_MOST];
    char text[LINES_MOST][512];
    size_t count;
} lines;

void log_line(enum log_level level, const char *format, ...)
{
    va_list arguments;

    assert_true(lines.count < LINES_MOST);
    lines.level[lines.count] = level;
    va_start(arguments, format);
    vsnprintf(lines.text[lines.count], sizeof lines.text[0], format, arguments);
    va_end(arguments);
    lines.count++;
}

bool log_wants(enum log_level level)
{
    return level < LOG_LEVEL_DEBUG; /* nothing of the resolver's */
}

void log_close(void)
{
}

/* The lines so far are the log, each its level's letter and a part of its text;
 * then forget them. */
static void assert_logged(const char *const *expected)
{
    size_t i = 0;

    for (; expected[i]; i++) {
        if (i == lines.count)
            fail_msg("not logged: %s", expected[i]);
        if ("EWNID"[lines.level[i]] != expected[i][0] ||
            !strstr(lines.text[i], expected[i] + 2))
            fail_msg("\"%c %s\"\nexpected \"%s\"", "EWNID"[lines.level[i]],
                     lines.text[i], expected[i]);
    }
    if (i < lines.count)
        fail_msg("also logged: %s", lines.text[i]);
    lines.count = 0;
}

#define ASSERT_LOGGED(...) \
 assert_logged((const char *const[]){__VA_ARGS__, NULL})
#define ASSERT_NOTHING_LOGGED() assert_logged((const char *const[]){NULL})

/** The server's answers. */
struct answers {
    const char *a, *aaaa; /* NULL: none */
    const char *ptr;      /* of any address */
    bool broken;          /* SERVFAIL to everything */
    bool v4_broken;       /* to A and PTR under in-addr.arpa */
};

struct stage {
    struct dns_play play; /* first: the script finds the rest by it */
    struct answers answers;
    struct stopped_clock clock;
    struct loop *loop;
    struct resolver *resolver;
    struct policy *policy;
    struct origins *origins;
};

static enum dns_type type_of(const uint8_t *query)
{
    size_t at = 12;

    while (query[at] != 0)
        at += 1U + query[at];
    return (enum dns_type)(query[at + 1] << 8 | query[at + 2]);
}

/* The last label but one tells of which family a reverse name is. */
static bool is_of_v4(const uint8_t *query, size_t length)
{
    for (size_t i = 12; i + 7 < length; i++)
        if (memcmp(query + i, "in-addr", 7) == 0)
            return true;
    return type_of(query) == DNS_A;
}

static struct wire *say(struct dns_play *play, const uint8_t *query,
                        size_t length, bool tcp)
{
    const struct answers *answers = &((struct stage *)play)->answers;
    struct wire *wire;

    if (answers->broken || (answers->v4_broken && is_of_v4(query, length)))
        return wire_reply_to(query, length, WIRE_RCODE(2));
    wire = wire_reply_to(query, length, 0);
    if (type_of(query) == DNS_A && answers->a)
        wire_address(wire, NULL, 60, answers->a);
    else if (type_of(query) == DNS_AAAA && answers->aaaa)
        wire_address(wire, NULL, 60, answers->aaaa);
    else if (type_of(query) == DNS_PTR && answers->ptr)
        wire_named(wire, WIRE_ANSWER, NULL, DNS_PTR, 60, answers->ptr);
    else
        wire_soa(wire, 60, 60);
    return wire;
}

static struct policy *policy_of(const char *callout)
{
    struct complaints complaints = {0};
    char text[512];
    struct policy *policy;

    snprintf(text, sizeof text,
             "identity: mx.home.example\ncallout: {%s}\n"
             "policy: {callout: {fail: reject}}\n",
             callout);
    policy = policy_read_text("test.yaml", span_of(text), &complaints);
    complaints_clear(&complaints);
    assert_non_null(policy);
    return policy;
}

#define BOUND "bind: [45.1.0.1, \"2a10:1::1\"]"

static struct stage *begin(const char *callout, struct answers answers)
{
    struct stage *stage = calloc(1, sizeof *stage);
    struct dns_settings settings = {
        .server_count = 1, .timeout_ms = 1000, .attempts = 1};
    char why[100];

    assert_non_null(stage);
    lines.count = 0;
    stopped_clock_begin(&stage->clock);
    play_open(&stage->play, say, false);
    stage->answers = answers;
    stage->loop = loop_new(&stage->clock.clock);
    assert_non_null(stage->loop);
    settings.servers[0] = play_server(&stage->play);
    stage->resolver =
        resolver_new(stage->loop, &settings, DNS_SOCKETS_MOST, why, sizeof why);
    assert_non_null(stage->resolver);
    stage->origins = origins_new(stage->loop, stage->resolver);
    assert_non_null(stage->origins);
    stage->policy = policy_of(callout);
    return stage;
}

static void end(struct stage *stage)
{
    origins_stop(stage->origins);
    resolver_free(&stage->resolver);
    loop_free(&stage->loop);
    origins_free(&stage->origins);
    assert_null(stage->origins);
    ASSERT_NOTHING_LOGGED();
    policy_drop(stage->policy);
    play_close(&stage->play);
    free(stage);
}

static void settle(struct stage *stage)
{
    for (unsigned idle = 0; idle < 3;) {
        loop_turn(stage->loop);
        bool any = play_turn(&stage->play);
        idle = any ? 0 : idle + 1;
        if (!any)
            play_rest();
    }
}

static void tick(struct stage *stage, instant by)
{
    stage->clock.at += by;
    origins_tick(stage->origins, stage->policy);
    settle(stage);
}

static void reload(struct stage *stage, const char *callout)
{
    policy_drop(stage->policy);
    stage->policy = policy_of(callout);
    tick(stage, 0);
}

/* Each family is said once, as long as the policy stays. */
static void says_once(void **state)
{
    struct stage *stage =
        begin(BOUND, (struct answers){.a = "45.1.0.1",
                                      .aaaa = "2a10:1::1",
                                      .ptr = "mx.home.example"});

    tick(stage, 0);
    ASSERT_LOGGED("D callouts are mx.home.example and leave from 45.1.0.1:",
                  "D callouts are mx.home.example and leave from 2a10:1::1:");
    assert_int_equal(stage->play.queries, 4);
    tick(stage, 10 * 3600 * S);
    assert_int_equal(stage->play.queries, 4);
    ASSERT_NOTHING_LOGGED();
    end(stage);
}

/* Wrong is a warning, and a new policy is looked at anew. */
static void warns(void **state)
{
    struct stage *stage = begin(
        BOUND, (struct answers){.a = "45.1.0.9", .ptr = "mx.home.example"});

    tick(stage, 0);
    ASSERT_LOGGED("W callout: the name mx.home.example resolves to 45.1.0.9, "
                  "but callouts leave from 45.1.0.1: ",
                  "W callout: the name mx.home.example has no IPv6 address in "
                  "DNS, but callouts leave from 2a10:1::1: ");
    tick(stage, 3600 * S);
    ASSERT_NOTHING_LOGGED();
    reload(stage, "bind: [45.1.0.9, \"2a10:1::1\"], name: mx1.home.example");
    ASSERT_LOGGED("W the reverse name of 45.1.0.9 is mx.home.example: ",
                  "W the name mx1.home.example has no IPv6 address in DNS");
    end(stage);
}

/* What the name resolves to is looked up first where the source is hidden. */
static void looks_behind_nat(void **state)
{
    struct stage *stage =
        begin("bind: [10.0.0.5, \"fd00::5\"]",
              (struct answers){
                  .a = "45.1.0.1", .aaaa = "2a10:1::1", .ptr = "h1.example"});

    tick(stage, 0);
    ASSERT_LOGGED("W the reverse name of 45.1.0.1 is h1.example: ",
                  "W the reverse name of 2a10:1::1 is h1.example: ");
    end(stage);
}

/* Who makes no callouts is asked nothing. */
static void heeds_when(void **state)
{
    struct stage *stage = begin(BOUND ", when: never", (struct answers){0});

    tick(stage, 0);
    tick(stage, 3600 * S);
    assert_int_equal(stage->play.queries, 0);
    ASSERT_NOTHING_LOGGED();
    end(stage);
}

#define AGAIN "lead to each other is looked up again in "

/* Broken DNS is a notice once, and asked ever more seldom until it is well. */
static void asks_again(void **state)
{
    struct stage *stage =
        begin(BOUND, (struct answers){.a = "45.1.0.1",
                                      .aaaa = "2a10:1::1",
                                      .ptr = "mx.home.example",
                                      .broken = true});

    tick(stage, 0);
    ASSERT_LOGGED("N callout: the name mx.home.example could not be looked up "
                  "(server failure); the reverse name of 45.1.0.1 could not be "
                  "looked up (server failure): ",
                  "D " AGAIN "10 s");
    tick(stage, 9 * S);
    ASSERT_NOTHING_LOGGED();
    tick(stage, S);
    ASSERT_LOGGED("D " AGAIN "20 s", "D " AGAIN "20 s");
    for (uint32_t s = 20; s < ORIGINS_AGAIN_MOST_S; s *= 2) {
        tick(stage, (s - 1) * S);
        ASSERT_NOTHING_LOGGED();
        tick(stage, S);
        ASSERT_LOGGED("D " AGAIN, "D " AGAIN);
    }
    tick(stage, ORIGINS_AGAIN_MOST_S * S);
    ASSERT_LOGGED("D " AGAIN "3600 s", "D " AGAIN "3600 s");
    stage->answers.broken = false;
    tick(stage, ORIGINS_AGAIN_MOST_S * S);
    ASSERT_LOGGED("D callouts are ", "D callouts are ");
    tick(stage, ORIGINS_AGAIN_MOST_S * S);
    ASSERT_NOTHING_LOGGED();
    end(stage);
}

/* The family that was judged is not judged again for the other's sake. */
static void keeps_families_apart(void **state)
{
    struct stage *stage = begin(BOUND, (struct answers){.v4_broken = true});

    tick(stage, 0);
    ASSERT_LOGGED("N the reverse name of 45.1.0.1 could not be looked up",
                  "W the name mx.home.example has no IPv6 address in DNS");
    stage->answers.v4_broken = false;
    tick(stage, 10 * S);
    ASSERT_LOGGED("W the name mx.home.example has no IPv4 address in DNS");
    tick(stage, 3600 * S);
    ASSERT_NOTHING_LOGGED();
    end(stage);
}

/* Answers that come after a reload are those to what was asked before it; what
 * comes at the end is not judged. */
static void is_interrupted(void **state)
{
    struct stage *stage =
        begin(BOUND, (struct answers){.a = "45.1.0.1",
                                      .aaaa = "2a10:1::1",
                                      .ptr = "mx.home.example"});

    origins_tick(stage->origins, stage->policy);
    reload(stage, "bind: [45.1.0.2, \"2a10:1::2\"]");
    ASSERT_LOGGED("W but callouts leave from 45.1.0.2",
                  "W but callouts leave from 2a10:1::2");
    reload(stage, BOUND);
    ASSERT_LOGGED("D ", "D ");
    policy_drop(stage->policy);
    stage->policy = policy_of("bind: [45.1.0.3]");
    origins_tick(stage->origins, stage->policy);
    loop_turn(stage->loop);
    end(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_once),
        cmocka_unit_test(warns),
        cmocka_unit_test(looks_behind_nat),
        cmocka_unit_test(heeds_when),
        cmocka_unit_test(asks_again),
        cmocka_unit_test(keeps_families_apart),
        cmocka_unit_test(is_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
