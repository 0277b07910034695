/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_strangers_test.c - good clients beside a crowd of strangers whose names
 * nobody answers for, on a simulated clock: how long a good one's questions
 * take does not depend on the machine. Row D22 of the faults; what is measured
 * is in t/bench/hostile-dns. */
#include "dns/resolver.h"
#include "dns/shares.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MS       ((instant)1000)
#define ROUND    (20 * MS)   /* from a question to its answer */
#define PATIENCE (5000 * MS) /* of a session, dns.budget */
#define ALONE    (2 * ROUND) /* of a good client: what leads to what */
#define GOODS    20
#define WIDE     10 /* reverse names of a stranger, addresses of exchangers */

/** What a session asks: first these, then what follows from two of them. */
enum { PTR, HELO_A, HELO_AAAA, MX, FIRST, QUESTIONS = FIRST + 2 * WIDE };

struct question {
    struct share share; /* first: it leads back to us */
    struct session *session;
    bool open;
    bool is_answered; /* somebody is there for it */
};

struct session {
    bool good;
    struct address client;
    instant begun;
    size_t count, open;
    struct question questions[QUESTIONS];
};

struct crowd {
    struct shares *shares;
    instant now;
    size_t open; /* questions of all */
    uint32_t clients;
    uint64_t zones;
};

static void over(struct crowd *crowd, struct question *question, bool answered)
{
    shares_end(crowd->shares, &question->share, crowd->now, crowd->now,
               answered);
    question->open = false;
    question->session->open--;
    crowd->open--;
}

/* The resolver's bound; whoever is dropped is a stranger's. */
static void drop_surplus(struct crowd *crowd)
{
    if (crowd->open <= DNS_QUESTIONS_MOST)
        return;
    void *surplus = shares_surplus(crowd->shares);
    struct question *question = surplus;
    assert_non_null(question);
    assert_false(question->session->good);
    over(crowd, question, false);
}

static void ask(struct crowd *crowd, struct session *session, bool answered)
{
    struct question *question = &session->questions[session->count++];
    *question = (struct question){
        .session = session, .open = true, .is_answered = answered};
    assert_true(shares_wait(crowd->shares, &question->share, &session->client,
                            ++crowd->zones));
    session->open++;
    crowd->open++;
    drop_surplus(crowd);
}

static void begin(struct crowd *crowd, struct session *session, bool good)
{
    const uint32_t number = ++crowd->clients;
    *session = (struct session){.good = good,
                                .client = {{[10] = 0xff,
                                            [11] = 0xff,
                                            [12] = 10,
                                            number >> 16 & 0xff,
                                            number >> 8 & 0xff,
                                            number & 0xff}},
                                .begun = crowd->now};
    ask(crowd, session, true);
    ask(crowd, session, good);
    ask(crowd, session, good);
    ask(crowd, session, true);
}

/* What PTR and MX lead to: one name each of the good, as many as are looked at
 * of the strangers. */
static void follow(struct crowd *crowd, struct session *session, size_t from)
{
    const size_t wide = session->good ? 1 : WIDE;
    if (from == PTR || from == MX)
        for (size_t i = 0; i < wide; i++)
            ask(crowd, session, session->good);
}

static void hear(struct crowd *crowd, struct session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        struct question *question = &session->questions[i];
        if (!question->open || !question->is_answered ||
            !share_has_place(&question->share) ||
            crowd->now < question->share.since + ROUND)
            continue;
        over(crowd, question, true);
        follow(crowd, session, i);
    }
}

static void end(struct crowd *crowd, struct session *session)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->questions[i].open)
            over(crowd, &session->questions[i], false);
}

/* A stranger whose time is over comes again, from another address. */
static void stranger_step(struct crowd *crowd, struct session *session)
{
    hear(crowd, session);
    if (session->open > 0 && crowd->now < session->begun + PATIENCE)
        return;
    end(crowd, session);
    begin(crowd, session, false);
}

static void serve(struct crowd *crowd)
{
    struct share *displaced;
    while (shares_next(crowd->shares, crowd->now, crowd->now, &displaced) !=
           NULL)
        continue;
}

/* A millisecond of all. */
static void pass(struct crowd *crowd, struct session *strangers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        stranger_step(crowd, &strangers[i]);
    serve(crowd);
    crowd->now += MS;
}

static void beside(size_t count)
{
    struct session *strangers = calloc(count, sizeof(*strangers));
    struct session good;
    struct crowd crowd = {
        .shares = shares_new(DNS_SOCKETS_MOST, DNS_QUESTIONS_MOST + 2 * WIDE),
        .now = 1000 * PATIENCE};
    assert_non_null(strangers);
    assert_non_null(crowd.shares);
    for (size_t i = 0; i < count; i++) { /* they come one after the other */
        strangers[i].begun =
            crowd.now - PATIENCE * (instant)(count - i) / (instant)count;
        strangers[i].open = 1;
    }
    while (crowd.now < 1002 * PATIENCE)
        pass(&crowd, strangers, count);
    for (int i = 0; i < GOODS; i++) {
        begin(&crowd, &good, true);
        serve(&crowd);
        while (good.open > 0) {
            pass(&crowd, strangers, count);
            hear(&crowd, &good);
            serve(&crowd);
        }
        assert_in_range(crowd.now - good.begun, ALONE, ALONE + ALONE / 2);
    }
    for (size_t i = 0; i < count; i++)
        end(&crowd, &strangers[i]);
    shares_free(&crowd.shares);
    free(strangers);
}

static void beside_500(void **state)
{
    beside(500);
}

static void beside_2000(void **state)
{
    beside(2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beside_500),
        cmocka_unit_test(beside_2000),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
