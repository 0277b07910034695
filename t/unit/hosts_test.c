/* SPDX-License-Identifier: BSD-2-Clause */
/* hosts_test.c - when a host is left alone, for how long, and how TLS with it
 * begins */
#include "store/hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

enum operation { LEARN, ADVISE };

/** How a callout may go. */
enum word {
    BUSY,
    SILENT,
    SILENT_AT_EHLO,
    SILENT_OF_IT,
    REFUSED,
    NO_ROUTE,
    BLOCKS,
    REFUSES_IT,
    PASSES
};

static const struct callout_answer said[] = {
    [BUSY] = {.outcome = CALLOUT_UNREACHABLE,
              .stage = CALLOUT_AT_MAIL,
              .code = 421},
    [SILENT] = {.outcome = CALLOUT_UNREACHABLE,
                .stage = CALLOUT_AT_CONNECT,
                .trouble = CALLOUT_TROUBLE_TIMEOUT},
    [SILENT_AT_EHLO] = {.outcome = CALLOUT_UNREACHABLE,
                        .stage = CALLOUT_AT_HELO,
                        .trouble = CALLOUT_TROUBLE_TIMEOUT},
    [SILENT_OF_IT] = {.outcome = CALLOUT_UNREACHABLE,
                      .stage = CALLOUT_AT_MAIL,
                      .trouble = CALLOUT_TROUBLE_TIMEOUT},
    [REFUSED] = {.outcome = CALLOUT_UNREACHABLE,
                 .stage = CALLOUT_AT_CONNECT,
                 .trouble = CALLOUT_TROUBLE_REFUSED},
    [NO_ROUTE] = {.outcome = CALLOUT_UNREACHABLE,
                  .stage = CALLOUT_AT_CONNECT,
                  .trouble = CALLOUT_TROUBLE_NO_ROUTE},
    [BLOCKS] = {.outcome = CALLOUT_BLOCKED_US,
                .stage = CALLOUT_AT_GREETING,
                .code = 554},
    [REFUSES_IT] = {.outcome = CALLOUT_BLOCKED_US,
                    .stage = CALLOUT_AT_RCPT,
                    .code = 550},
    [PASSES] = {.outcome = CALLOUT_ACCEPTED,
                .stage = CALLOUT_AT_RCPT,
                .code = 250},
};

/** A step follows those before it; times are seconds. */
struct step {
    enum operation operation;
    int host, now;
    enum word word; /* LEARN */
    int begun;
    bool leave; /* ADVISE */
    int code;   /* of what stands for an answer */
};

static const struct step busy[] = {
    {ADVISE, 1, 10, .leave = false},
    {LEARN, 1, 10, BUSY, .begun = 9},
    {ADVISE, 1, 10, .leave = true, .code = 421},
    {ADVISE, 1, 69, .leave = true, .code = 421},
    {ADVISE, 1, 70, .leave = false},
    {ADVISE, 2, 10, .leave = false},
    /* What was under way together counts once. */
    {LEARN, 1, 11, BUSY, .begun = 9},
    {LEARN, 1, 12, BUSY, .begun = 10},
    {ADVISE, 1, 70, .leave = false},
    /* Twice as long each time. */
    {LEARN, 1, 80, SILENT, .begun = 75},
    {ADVISE, 1, 199, .leave = true, .code = 0},
    {ADVISE, 1, 200, .leave = false},
    {LEARN, 1, 200, BUSY, .begun = 200},
    {ADVISE, 1, 439, .leave = true, .code = 421},
    {ADVISE, 1, 440, .leave = false},
    {LEARN, 1, 1000, BUSY, .begun = 999},
    {LEARN, 1, 2000, BUSY, .begun = 1999},
    {LEARN, 1, 3000, BUSY, .begun = 2999},
    {LEARN, 1, 5000, BUSY, .begun = 4999},
    {ADVISE, 1, 8599, .leave = true, .code = 421},
    {ADVISE, 1, 8600, .leave = false},
    /* No longer than an hour. */
    {LEARN, 1, 8600, BUSY, .begun = 8600},
    {ADVISE, 1, 12199, .leave = true, .code = 421},
    {ADVISE, 1, 12200, .leave = false},
    /* Until it answers, */
    {LEARN, 1, 12200, PASSES, .begun = 12200},
    {LEARN, 1, 12300, BUSY, .begun = 12299},
    {ADVISE, 1, 12359, .leave = true, .code = 421},
    {ADVISE, 1, 12360, .leave = false},
    /* or nobody has asked for long. */
    {LEARN, 1, 12400, BUSY, .begun = 12399},
    {LEARN, 1, 30000, BUSY, .begun = 29999},
    {ADVISE, 1, 30059, .leave = true, .code = 421},
    {ADVISE, 1, 30060, .leave = false},
    /* A host where nothing listens costs nobody anything. */
    {LEARN, 2, 30000, REFUSED, .begun = 29999},
    {LEARN, 2, 30000, NO_ROUTE, .begun = 29999},
    {ADVISE, 2, 30000, .leave = false},
    /* It may be one mailbox alone that it has no answer about. */
    {LEARN, 2, 30000, SILENT_OF_IT, .begun = 29999},
    {ADVISE, 2, 30000, .leave = false},
    {LEARN, 2, 30000, SILENT_AT_EHLO, .begun = 29999},
    {ADVISE, 2, 30000, .leave = true, .code = 0},
    /* About one after the other, */
    {LEARN, 3, 40000, SILENT_OF_IT, .begun = 39999},
    {LEARN, 3, 40100, SILENT_OF_IT, .begun = 40099},
    {ADVISE, 3, 40100, .leave = false},
    {LEARN, 3, 40200, SILENT_OF_IT, .begun = 40199},
    {ADVISE, 3, 40259, .leave = true, .code = 0},
    {ADVISE, 3, 40260, .leave = false},
    {LEARN, 3, 40300, SILENT_OF_IT, .begun = 40299},
    {ADVISE, 3, 40419, .leave = true, .code = 0},
    /* and with no answer between. */
    {LEARN, 4, 50000, SILENT_OF_IT, .begun = 49999},
    {LEARN, 4, 50100, SILENT_OF_IT, .begun = 50099},
    {LEARN, 4, 50150, PASSES, .begun = 50149},
    {LEARN, 4, 50200, SILENT_OF_IT, .begun = 50199},
    {LEARN, 4, 50300, SILENT_OF_IT, .begun = 50299},
    {ADVISE, 4, 50300, .leave = false},
};

static const struct step blocks[] = {
    {LEARN, 1, 10, BLOCKS, .begun = 9},
    {LEARN, 1, 20, BLOCKS, .begun = 19},
    {LEARN, 1, 30, BLOCKS, .begun = 29},
    {LEARN, 1, 40, BLOCKS, .begun = 39},
    {ADVISE, 1, 40, .leave = false},
    /* It is not about the host when MAIL was taken, */
    {LEARN, 1, 50, REFUSES_IT, .begun = 49},
    {ADVISE, 1, 50, .leave = false},
    /* and an hour is long. */
    {LEARN, 1, 3610, BLOCKS, .begun = 3609},
    {LEARN, 1, 3620, BLOCKS, .begun = 3619},
    {LEARN, 1, 3630, BLOCKS, .begun = 3629},
    {LEARN, 1, 3640, BLOCKS, .begun = 3639},
    {ADVISE, 1, 3640, .leave = false},
    {LEARN, 1, 3650, BLOCKS, .begun = 3649},
    {ADVISE, 1, 3650, .leave = true, .code = 554},
    {ADVISE, 1, 90049, .leave = true, .code = 554},
    {ADVISE, 1, 90050, .leave = false},
    {LEARN, 1, 90050, BLOCKS, .begun = 90050},
    {ADVISE, 1, 90050, .leave = false},
};

static struct address host_at(int number)
{
    return (struct address){
        .octets = {
            [10] = 0xff, [11] = 0xff, [12] = 192, [15] = (uint8_t)number}};
}

#define NAME "mx.example.com"

static void advise_as(struct hosts *hosts, const char *name,
                      const struct address *host, enum callout_tls_use use,
                      instant now, struct hosts_advice *advice)
{
    struct callout_target target = {.address = *host};
    (void)snprintf(target.exchanger, NAME_SIZE, "%s", name);
    hosts_advise(hosts, &target, use, now, advice);
}

static void advise(struct hosts *hosts, const struct address *host,
                   enum callout_tls_use use, instant now,
                   struct hosts_advice *advice)
{
    advise_as(hosts, NAME, host, use, now, advice);
}

static void play(const struct step *steps, size_t count)
{
    struct hosts *hosts = hosts_new(1 << 20);
    assert_non_null(hosts);
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        struct address host = host_at(step->host);
        instant now = instant_after_s(0, (uint32_t)step->now);
        struct callout_answer answer = said[step->word];
        struct hosts_advice advice;
        answer.address = host;
        if (step->operation == LEARN) {
            hosts_learn(hosts, &answer,
                        instant_after_s(0, (uint32_t)step->begun), now);
            continue;
        }
        advise(hosts, &host, CALLOUT_TLS_OFF, now, &advice);
        if (advice.leave != step->leave ||
            (advice.leave && advice.instead.code != step->code))
            fail_msg("step %zu: %s, code %u", i, advice.leave ? "leave" : "ask",
                     advice.leave ? (unsigned)advice.instead.code : 0);
    }
    hosts_free(&hosts);
    assert_null(hosts);
}

static void test_busy(void **state)
{
    play(busy, LENGTH(busy));
}

static void test_blocks(void **state)
{
    play(blocks, LENGTH(blocks));
}

/* Of what was said of one sender nothing is told to another. */
static void test_words(void **state)
{
    struct hosts *hosts = hosts_new(1 << 20);
    const struct address host = host_at(1);
    struct hosts_advice advice;
    assert_non_null(hosts);
    for (int stage = CALLOUT_AT_GREETING; stage <= CALLOUT_AT_RCPT; stage++) {
        const struct callout_answer busy_now = {.outcome = CALLOUT_UNREACHABLE,
                                                .stage =
                                                    (enum callout_stage)stage,
                                                .code = 421,
                                                .address = host,
                                                .words = "4.7.0 no time"};
        const instant now = instant_after_s(0, 10000 * (uint32_t)stage);
        hosts_learn(hosts, &busy_now, now, now);
        advise(hosts, &host, CALLOUT_TLS_OFF, now, &advice);
        assert_true(advice.leave);
        assert_true(advice.instead.left_alone);
        assert_int_equal(advice.instead.stage, stage);
        assert_string_equal(advice.instead.words,
                            stage == CALLOUT_AT_RCPT ? "" : "4.7.0 no time");
    }
    hosts_free(&hosts);
}

/* What TLS was like last, and what is best done by those who use it so. */
static void test_tls(void **state)
{
    enum { LEFT = -1 };
    static const struct callout_answer fails = {.exchanger = NAME,
                                                .outcome = CALLOUT_UNREACHABLE,
                                                .stage = CALLOUT_AT_HELO,
                                                .trouble = CALLOUT_TROUBLE_TLS},
                                       works = {.exchanger = NAME,
                                                .outcome = CALLOUT_ACCEPTED,
                                                .code = 250,
                                                .tls = CALLOUT_TLS_USED},
                                       demands = {.exchanger = NAME,
                                                  .outcome = CALLOUT_NEEDS_TLS,
                                                  .code = 530},
                                       passes = {.exchanger = NAME,
                                                 .outcome = CALLOUT_ACCEPTED,
                                                 .code = 250,
                                                 .tls = CALLOUT_TLS_FAILED};
    static const struct {
        const struct callout_answer *said[3];
        int off, opportunistic, required;
    } rows[] = {
        {{&works},
         CALLOUT_START_AS_OFFERED,
         CALLOUT_START_AS_OFFERED,
         CALLOUT_START_AS_OFFERED},
        {{&fails},
         CALLOUT_START_AS_OFFERED,
         CALLOUT_START_CLEAR,
         CALLOUT_START_AS_OFFERED},
        {{&fails, &passes},
         CALLOUT_START_AS_OFFERED,
         CALLOUT_START_CLEAR,
         CALLOUT_START_AS_OFFERED},
        {{&fails, &works},
         CALLOUT_START_AS_OFFERED,
         CALLOUT_START_AS_OFFERED,
         CALLOUT_START_AS_OFFERED},
        {{&demands}, LEFT, CALLOUT_START_TLS, CALLOUT_START_TLS},
        {{&demands, &works}, LEFT, CALLOUT_START_TLS, CALLOUT_START_TLS},
        {{&fails, &demands}, LEFT, LEFT, LEFT},
    };
    struct address host = host_at(1);
    instant late = instant_after_s(0, 100 + HOSTS_TLS_S);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const int starts[] = {rows[i].off, rows[i].opportunistic,
                              rows[i].required};
        struct hosts *hosts = hosts_new(1 << 20);
        struct hosts_advice advice;
        assert_non_null(hosts);
        for (size_t j = 0; j < 3 && rows[i].said[j] != NULL; j++) {
            struct callout_answer answer = *rows[i].said[j];
            answer.address = host;
            hosts_learn(hosts, &answer, 0, instant_after_s(0, 100));
        }
        for (int use = CALLOUT_TLS_OFF; use <= CALLOUT_TLS_REQUIRED; use++) {
            advise(hosts, &host, (enum callout_tls_use)use, late - 1, &advice);
            int found = advice.leave ? LEFT : (int)advice.start;
            if (found != starts[use])
                fail_msg("row %zu, use %d: %d", i, use, found);
        }
        advise(hosts, &host, CALLOUT_TLS_OPPORTUNISTIC, late, &advice);
        assert_false(advice.leave);
        assert_int_equal(advice.start, CALLOUT_START_AS_OFFERED);
        hosts_free(&hosts);
    }
}

/* TLS can fail for the name that a server was told: whoever publishes another
 * one for its address does it no harm. */
static void test_tls_by_name(void **state)
{
    struct callout_answer answer = {.outcome = CALLOUT_UNREACHABLE,
                                    .stage = CALLOUT_AT_HELO,
                                    .trouble = CALLOUT_TROUBLE_TLS,
                                    .exchanger = "forged.example",
                                    .address = host_at(1)};
    struct hosts *hosts = hosts_new(1 << 20);
    struct hosts_advice advice;
    assert_non_null(hosts);
    hosts_learn(hosts, &answer, 0, 0);
    advise_as(hosts, "forged.example", &answer.address,
              CALLOUT_TLS_OPPORTUNISTIC, 1, &advice);
    assert_int_equal(advice.start, CALLOUT_START_CLEAR);
    advise(hosts, &answer.address, CALLOUT_TLS_OPPORTUNISTIC, 1, &advice);
    assert_int_equal(advice.start, CALLOUT_START_AS_OFFERED);
    answer.outcome = CALLOUT_NEEDS_TLS;
    answer.trouble = CALLOUT_TROUBLE_NONE;
    hosts_learn(hosts, &answer, 1, 2);
    advise_as(hosts, "forged.example", &answer.address,
              CALLOUT_TLS_OPPORTUNISTIC, 3, &advice);
    assert_true(advice.leave);
    advise(hosts, &answer.address, CALLOUT_TLS_OPPORTUNISTIC, 3, &advice);
    assert_false(advice.leave);
    assert_int_equal(advice.start, CALLOUT_START_TLS);
    /* That it works for another name says nothing of this one. */
    answer = (struct callout_answer){.outcome = CALLOUT_ACCEPTED,
                                     .code = 250,
                                     .tls = CALLOUT_TLS_USED,
                                     .exchanger = NAME,
                                     .address = host_at(1)};
    hosts_learn(hosts, &answer, 3, 4);
    advise_as(hosts, "forged.example", &answer.address,
              CALLOUT_TLS_OPPORTUNISTIC, 5, &advice);
    assert_true(advice.leave);
    hosts_free(&hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_busy),        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_words),       cmocka_unit_test(test_tls),
        cmocka_unit_test(test_tls_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
