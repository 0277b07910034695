/* SPDX-License-Identifier: BSD-2-Clause */
/* canary_test.c - D23: a resolver that begins to lie and mends, tried by a
 * clock that is moved */
#include "dns/canary.h"

#include "dns_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define S   ((instant)1000000)
#define OWN "mx.home.example"

/* A round: two families of our own name, and the impossible one. */
#define ROUND 3

enum manner { HONEST, DENIES, FINDS, SILENT };

struct played {
    struct dns_play play;
    enum manner manner;
    unsigned asked, asked_us;
    char impossible[64]; /* the last one, as it was asked */
};

static bool is_ours(const uint8_t *query)
{
    return memcmp(query + 13, "mx", 2) == 0;
}

static bool is_impossible(const uint8_t *query)
{
    return memcmp(query + 13, "bonafide-canary", 15) == 0;
}

/* 192.0.2.1 for an A of `play`, or nothing. */
static struct wire *say(struct dns_play *play, const uint8_t *query,
                        size_t length, bool tcp)
{
    struct played *played = (struct played *)play;
    bool v4 = query[length - 11 - 3] == DNS_A; /* before class and OPT */
    bool finds = played->manner == FINDS ||
                 (played->manner == HONEST && !is_impossible(query));

    played->asked++;
    played->asked_us += is_ours(query);
    if (is_impossible(query))
        snprintf(played->impossible, sizeof(played->impossible), "%s",
                 (const char *)query + 13);
    if (played->manner == SILENT)
        return NULL;
    struct wire *wire = wire_reply_to(query, length, WIRE_RCODE(finds ? 0 : 3));
    if (finds && v4)
        wire_address(wire, NULL, 300, "192.0.2.1");
    else
        wire_soa(wire, 300, 300);
    return wire;
}

struct stage {
    struct stopped_clock clock;
    struct loop *loop;
    struct resolver *resolver;
    struct canary *canary;
    struct played server;
};

static void begin(struct stage *stage, enum manner manner)
{
    char why[100];

    stopped_clock_begin(&stage->clock);
    stage->server = (struct played){.manner = manner};
    play_open(&stage->server.play, say, false);
    stage->loop = loop_new(&stage->clock.clock);
    assert_non_null(stage->loop);
    struct dns_settings settings = {
        .servers = {play_server(&stage->server.play)},
        .server_count = 1,
        .timeout_ms = 1000,
        .attempts = 1};
    stage->resolver = resolver_new(stage->loop, &settings, DNS_SOCKETS_MOST,
                                   why, sizeof(why));
    assert_non_null(stage->resolver);
    stage->canary = canary_new(stage->loop, stage->resolver);
    assert_non_null(stage->canary);
}

static void end(struct stage *stage)
{
    canary_stop(stage->canary);
    loop_turn(stage->loop);
    resolver_free(&stage->resolver);
    loop_free(&stage->loop);
    canary_free(&stage->canary);
    assert_null(stage->canary);
    play_close(&stage->server.play);
}

static void settle(struct stage *stage)
{
    for (unsigned idle = 0; idle < 3;) {
        loop_turn(stage->loop);
        bool any = play_turn(&stage->server.play);
        idle = any ? 0 : idle + 1;
        if (!any)
            play_rest();
    }
}

static void pass_time(struct stage *stage, instant by)
{
    stage->clock.at += by;
    settle(stage);
}

static void watch(struct stage *stage)
{
    canary_watch(stage->canary, OWN, true, false);
    settle(stage);
}

static enum trust_word word_of(struct stage *stage)
{
    return canary_trust(stage->canary).word;
}

/** Somebody who asks, or who waits for a round. */
struct asker {
    struct dns_ask ask;
    struct canary_ask wish;
    enum dns_status status;
    unsigned told;
};

static void take_answer(struct dns_ask *ask, const struct dns_answer *answer)
{
    struct asker *asker = (struct asker *)ask;
    asker->status = answer->status;
    dns_answer_drop(answer);
}

static void take_round(struct canary_ask *wish)
{
    void *around = (char *)wish - offsetof(struct asker, wish);
    struct asker *asker = around;
    asker->told++;
}

static void want(struct stage *stage, struct asker *asker)
{
    *asker = (struct asker){.wish.done = take_round};
    canary_want(stage->canary, &asker->wish);
}

static enum dns_status ask(struct stage *stage, const char *name)
{
    struct asker asker = {.ask = {.type = DNS_A,
                                  .deadline = stage->clock.at + S,
                                  .done = take_answer}};
    snprintf(asker.ask.name, sizeof(asker.ask.name), "%s", name);
    resolver_ask(stage->resolver, &asker.ask);
    settle(stage);
    return asker.status;
}

static bool is_kept(struct stage *stage, const char *name)
{
    const struct dns_answer *kept = resolver_kept(stage->resolver, name, DNS_A);
    dns_answer_drop(kept);
    return kept != NULL;
}

static void it_is_tried_at_once_and_by_the_clock(void **state)
{
    struct stage stage;
    begin(&stage, HONEST);
    settle(&stage);
    assert_int_equal(stage.server.asked, 0);
    watch(&stage);
    assert_int_equal(stage.server.asked, ROUND);
    assert_int_equal(word_of(&stage), TRUST_GOOD);
    pass_time(&stage, (CANARY_ROUND_S - 1) * S);
    assert_int_equal(stage.server.asked, ROUND);
    /* Our memory holds our name, and does not answer for the resolver. */
    pass_time(&stage, 1 * S);
    assert_int_equal(stage.server.asked, 2 * ROUND);
    assert_int_equal(stage.server.asked_us, 4);
    assert_int_equal(canary_counts(stage.canary).rounds, 2);
    end(&stage);
}

static void impossible_name_is_another_one_each_time(void **state)
{
    struct stage stage;
    char first[64];
    begin(&stage, HONEST);
    watch(&stage);
    snprintf(first, sizeof(first), "%s", stage.server.impossible);
    /* "bonafide-canary", a length, twenty letters. */
    assert_int_equal(strlen(first), 15 + 1 + 20);
    assert_int_equal(first[15], 20);
    pass_time(&stage, CANARY_ROUND_S * S);
    assert_int_equal(strlen(stage.server.impossible), 15 + 1 + 20);
    assert_string_not_equal(stage.server.impossible, first);
    end(&stage);
}

static void one_round_serves_all_who_want_it(void **state)
{
    struct stage stage;
    struct asker askers[8];
    begin(&stage, HONEST);
    watch(&stage);
    pass_time(&stage, 10 * S);
    for (size_t i = 0; i < 8; i++)
        want(&stage, &askers[i]);
    settle(&stage);
    assert_int_equal(stage.server.asked, 2 * ROUND);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(askers[i].told, 1);
    assert_true(canary_trust(stage.canary).answered == stage.clock.at);
    end(&stage);
}

/* Where no check rests on DNS it is asked for nobody. */
static void nothing_is_asked_by_the_clock_where_nothing_rests_on_it(
    void **state)
{
    struct stage stage;
    struct asker asker;
    begin(&stage, HONEST);
    canary_watch(stage.canary, OWN, false, false);
    pass_time(&stage, CANARY_ROUND_S * S);
    assert_int_equal(stage.server.asked, 0);
    want(&stage, &asker);
    settle(&stage);
    assert_int_equal(asker.told, 1);
    assert_int_equal(stage.server.asked, ROUND);
    pass_time(&stage, CANARY_ROUND_S * S);
    assert_int_equal(stage.server.asked, ROUND);
    end(&stage);
}

static const struct {
    enum manner manner;
    enum trust_word word;
    enum dns_status status; /* of a name that exists */
} liars[] = {
    {DENIES, TRUST_DENIES, DNS_NXDOMAIN},
    {FINDS, TRUST_FINDS, DNS_FOUND},
};

static void nothing_of_a_liar_outlives_its_lies(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        struct stage stage;
        struct asker asker;
        begin(&stage, HONEST);
        watch(&stage);
        ask(&stage, "before.example");
        assert_true(is_kept(&stage, "before.example"));

        stage.server.manner = liars[i].manner;
        pass_time(&stage, 10 * S);
        assert_int_equal(ask(&stage, "early.example"), liars[i].status);
        assert_true(is_kept(&stage, "early.example"));
        want(&stage, &asker);
        settle(&stage);
        assert_int_equal(asker.told, 1);
        assert_int_equal(word_of(&stage), liars[i].word);
        assert_false(is_kept(&stage, "before.example"));
        assert_false(is_kept(&stage, "early.example"));
        assert_int_equal(ask(&stage, "late.example"), liars[i].status);
        assert_false(is_kept(&stage, "late.example"));
        canary_note_doubt(stage.canary);

        pass_time(&stage, CANARY_AGAIN_S * S);
        assert_int_equal(word_of(&stage), liars[i].word);
        stage.server.manner = HONEST;
        pass_time(&stage, CANARY_AGAIN_S * S);
        assert_int_equal(word_of(&stage), TRUST_GOOD);
        assert_int_equal(ask(&stage, "late.example"), DNS_FOUND);
        assert_true(is_kept(&stage, "late.example"));
        struct canary_counts counts = canary_counts(stage.canary);
        assert_int_equal(counts.losses, 1);
        assert_int_equal(counts.doubts, 1);
        assert_int_equal(counts.rounds, 4);
        end(&stage);
    }
}

static void silence_is_asked_again_soon(void **state)
{
    struct stage stage;
    struct asker asker;
    begin(&stage, HONEST);
    watch(&stage);
    stage.server.manner = SILENT;
    want(&stage, &asker);
    settle(&stage);
    assert_int_equal(asker.told, 0);
    pass_time(&stage, CANARY_PATIENCE_MS * S / 1000);
    assert_int_equal(asker.told, 1);
    assert_int_equal(word_of(&stage), TRUST_SILENT);
    stage.server.manner = HONEST;
    pass_time(&stage, CANARY_AGAIN_S * S);
    assert_int_equal(word_of(&stage), TRUST_GOOD);
    assert_int_equal(canary_counts(stage.canary).losses, 0);
    end(&stage);
}

/* A name that is new to the resolver may be in no DNS. */
static void another_name_or_resolver_is_learnt_anew(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        struct stage stage;
        begin(&stage, HONEST);
        watch(&stage);
        stage.server.manner = DENIES;
        pass_time(&stage, CANARY_ROUND_S * S);
        assert_int_equal(word_of(&stage), TRUST_DENIES);
        /* A reload that changes neither mends nothing. */
        watch(&stage);
        assert_int_equal(word_of(&stage), TRUST_DENIES);
        canary_watch(stage.canary, i == 0 ? OWN : "other.home.example", true,
                     i == 0);
        settle(&stage);
        assert_int_equal(word_of(&stage), TRUST_GOOD);
        ask(&stage, "after.example");
        assert_true(is_kept(&stage, "after.example"));
        end(&stage);
    }
}

static void who_waits_is_let_go_when_it_stops(void **state)
{
    struct stage stage;
    struct asker early, late;
    begin(&stage, SILENT);
    watch(&stage);
    want(&stage, &early);
    settle(&stage);
    canary_stop(stage.canary);
    settle(&stage);
    assert_int_equal(early.told, 1);
    unsigned asked = stage.server.asked;
    want(&stage, &late);
    settle(&stage);
    assert_int_equal(late.told, 1);
    assert_int_equal(stage.server.asked, asked);
    end(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_tried_at_once_and_by_the_clock),
        cmocka_unit_test(impossible_name_is_another_one_each_time),
        cmocka_unit_test(one_round_serves_all_who_want_it),
        cmocka_unit_test(
            nothing_is_asked_by_the_clock_where_nothing_rests_on_it),
        cmocka_unit_test(nothing_of_a_liar_outlives_its_lies),
        cmocka_unit_test(silence_is_asked_again_soon),
        cmocka_unit_test(another_name_or_resolver_is_learnt_anew),
        cmocka_unit_test(who_waits_is_let_go_when_it_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
