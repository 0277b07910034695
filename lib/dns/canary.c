/* SPDX-License-Identifier: BSD-2-Clause */
/* canary.c - rounds of questions on the loop, who waits for them, and what is
 * said when the resolver is lost and when it is well again */
#include "dns/canary.h"

#include "base/log.h"
#include "base/text.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum question { OWN_A, OWN_AAAA, IMPOSSIBLE, QUESTIONS };

static const enum dns_type types[QUESTIONS] = {
    [OWN_A] = DNS_A,
    [OWN_AAAA] = DNS_AAAA,
    [IMPOSSIBLE] = DNS_A,
};

#define IMPOSSIBLE_WORD    "bonafide-canary."
#define IMPOSSIBLE_LETTERS 20 /* 94 bits */

/** One question of a round. */
struct probe {
    struct dns_ask ask; /* first: it leads back to us */
    struct canary *canary;
    const struct dns_answer *answer;
};

struct canary {
    struct loop *loop;
    struct resolver *resolver;
    struct loop_timer *timer; /* the loop's, made there */
    struct loop_job job;

    pthread_mutex_t lock; /* of what follows, down to the counts */
    bool posted, stopped;
    bool often; /* asked by the clock as well */
    char own[NAME_SIZE];
    bool renamed; /* since the round under way began */
    struct trust trust;
    struct canary_ask *asks; /* those who wait */
    struct canary_counts counts;

    /* The loop's thread alone. */
    unsigned open; /* questions of the round under way */
    struct probe probes[QUESTIONS];
    enum trust_word followed; /* of it something was said and done last */
    instant lost_at;
    unsigned long doubts_before; /* when it was lost */
};

static instant now_of(const struct canary *canary)
{
    return clock_now(loop_clock(canary->loop));
}

struct canary *canary_new(struct loop *loop, struct resolver *resolver)
{
    struct canary *canary = calloc(1, sizeof(*canary));
    if (canary == NULL)
        return NULL;
    if (pthread_mutex_init(&canary->lock, NULL) != 0) {
        free(canary);
        return NULL;
    }
    canary->loop = loop;
    canary->resolver = resolver;
    canary->trust = (struct trust)TRUST_BEGIN;
    canary->followed = canary->trust.word;
    return canary;
}

/* False: the system gives no randomness. */
static bool write_impossible(char name[NAME_SIZE])
{
    uint8_t random[IMPOSSIBLE_LETTERS];
    char letters[IMPOSSIBLE_LETTERS + 1] = "";
    struct text text;
    bool drawn = getentropy(random, sizeof(random)) == 0;
    for (size_t i = 0; drawn && i < sizeof(random); i++)
        letters[i] = (char)('a' + random[i] % 26);
    text_begin(&text, name, NAME_SIZE);
    text_add(&text, IMPOSSIBLE_WORD);
    text_add(&text, letters);
    return drawn;
}

#define UNTIL                                                                \
 "until it tells the truth, no check fails because of what it says: such a " \
 "fail is a temporary error"

static void say_lost(const struct canary *canary, enum trust_word word,
                     const char *own)
{
    if (word == TRUST_FINDS)
        log_line(LOG_LEVEL_ERROR,
                 "dns: the resolver finds %s, which cannot exist; " UNTIL,
                 canary->probes[IMPOSSIBLE].ask.name);
    else
        log_line(LOG_LEVEL_ERROR,
                 "dns: the resolver denies %s, our own name, which it has "
                 "found before; " UNTIL,
                 own);
}

static void say_silent(const char *own)
{
    log_line(LOG_LEVEL_WARNING,
             "dns: the resolver answers neither for %s nor for a name that "
             "cannot exist; " UNTIL,
             own);
}

static void say_well(const struct canary *canary, unsigned long doubts)
{
    log_line(LOG_LEVEL_NOTICE,
             "dns: the resolver tells the truth again, after %lld s; fails "
             "that were temporary errors meanwhile: %lu",
             (long long)(now_of(canary) - canary->lost_at) / 1000000, doubts);
}

static bool is_lost(enum trust_word word)
{
    return word == TRUST_DENIES || word == TRUST_FINDS;
}

static bool is_well(enum trust_word word)
{
    return !is_lost(word) && word != TRUST_SILENT;
}

/* What is to be done and said when the word is another one. */
static void follow(struct canary *canary, enum trust_word word, const char *own,
                   unsigned long doubts)
{
    enum trust_word before = canary->followed;
    if (word == before)
        return;
    canary->followed = word;
    if (is_lost(before) != is_lost(word))
        resolver_keep(canary->resolver, !is_lost(word));
    if (is_well(before)) {
        canary->lost_at = now_of(canary);
        canary->doubts_before = doubts;
    }
    if (is_lost(word))
        say_lost(canary, word, own);
    else if (word == TRUST_SILENT)
        say_silent(own);
    else if (!is_well(before))
        say_well(canary, doubts - canary->doubts_before);
}

static void wake(struct canary_ask *asks)
{
    while (asks != NULL) {
        struct canary_ask *next = asks->next;
        asks->done(asks);
        asks = next;
    }
}

/* Under the lock: those who wait, who do not any more. */
static struct canary_ask *take_asks(struct canary *canary)
{
    struct canary_ask *asks = canary->asks;
    canary->asks = NULL;
    return asks;
}

/* Under the lock: when the next round is due. */
static instant next_round(const struct canary *canary, instant now)
{
    const struct trust *trust = &canary->trust;
    bool well = !trust_is_lost(trust) && trust->word != TRUST_SILENT;
    if (canary->stopped || !canary->often)
        return INSTANT_NEVER;
    if (canary->renamed)
        return now;
    return instant_after_s(now, well ? CANARY_ROUND_S : CANARY_AGAIN_S);
}

static void set_timer(struct canary *canary, instant at)
{
    if (canary->timer != NULL)
        loop_timer_set(canary->timer, at);
}

/* Under the lock. Answers about a name that is not ours any more say nothing of
 * the one that is. */
static void take_round(struct canary *canary, instant now)
{
    const struct dns_answer *none = dns_answer_temperror(DNS_TROUBLE_TIMEOUT);
    struct trust_round round = {canary->probes[OWN_A].answer,
                                canary->probes[OWN_AAAA].answer,
                                canary->probes[IMPOSSIBLE].answer};
    bool was_lost = trust_is_lost(&canary->trust);
    if (canary->renamed)
        round.own_a = round.own_aaaa = none;
    trust_take(&canary->trust, &round, now);
    canary->counts.rounds++;
    if (trust_is_lost(&canary->trust) && !was_lost)
        canary->counts.losses++;
}

/* All answers are there. */
static void end_round(struct canary *canary)
{
    char own[NAME_SIZE];
    instant now = now_of(canary);

    pthread_mutex_lock(&canary->lock);
    bool stopped = canary->stopped;
    if (!stopped)
        take_round(canary, now);
    enum trust_word word = canary->trust.word;
    unsigned long doubts = canary->counts.doubts;
    instant next = next_round(canary, now);
    memcpy(own, canary->own, sizeof(own));
    struct canary_ask *asks = take_asks(canary);
    pthread_mutex_unlock(&canary->lock);

    if (!stopped)
        follow(canary, word, own, doubts);
    for (size_t i = 0; i < QUESTIONS; i++)
        dns_answer_drop(canary->probes[i].answer);
    set_timer(canary, next);
    wake(asks);
}

static void take_answer(struct dns_ask *ask, const struct dns_answer *answer)
{
    void *first = ask; /* a probe begins with its ask */
    struct probe *probe = first;
    probe->answer = answer;
    if (--probe->canary->open == 0)
        end_round(probe->canary);
}

/* Without randomness the own name serves alone. */
static void write_probe(struct canary *canary, size_t which, instant deadline)
{
    struct probe *probe = &canary->probes[which];
    probe->canary = canary;
    probe->ask = (struct dns_ask){.type = types[which],
                                  .fresh = true,
                                  .deadline = deadline,
                                  .done = take_answer};
    if (which != IMPOSSIBLE)
        memcpy(probe->ask.name, canary->own, sizeof(canary->own));
    else if (!write_impossible(probe->ask.name))
        probe->ask.deadline = 0; /* it is answered by a time-out */
}

/* Unless one is under way, or it has stopped: under the lock all the time, so
 * that nothing is asked behind the back of canary_stop. */
static void begin_round(struct canary *canary)
{
    instant deadline = instant_after_ms(now_of(canary), CANARY_PATIENCE_MS);
    pthread_mutex_lock(&canary->lock);
    bool begins = !canary->stopped && canary->open == 0 &&
                  (canary->often || canary->asks != NULL);
    if (begins) {
        canary->renamed = false;
        canary->open = QUESTIONS;
    }
    for (size_t i = 0; begins && i < QUESTIONS; i++) {
        write_probe(canary, i, deadline);
        resolver_ask(canary->resolver, &canary->probes[i].ask);
    }
    pthread_mutex_unlock(&canary->lock);
}

static void on_timer(void *context)
{
    begin_round(context);
}

static void run_job(struct loop_job *job)
{
    void *around = (char *)job - offsetof(struct canary, job);
    struct canary *canary = around;

    pthread_mutex_lock(&canary->lock);
    canary->posted = false;
    bool stopped = canary->stopped;
    struct canary_ask *asks = stopped ? take_asks(canary) : NULL;
    pthread_mutex_unlock(&canary->lock);
    if (stopped)
        loop_timer_free(&canary->timer);
    else if (canary->timer == NULL)
        canary->timer = loop_timer_new(canary->loop, on_timer, canary);
    begin_round(canary);
    wake(asks);
}

/* Under the lock. */
static void post(struct canary *canary)
{
    if (canary->posted)
        return;
    canary->posted = true;
    canary->job.run = run_job;
    loop_post(canary->loop, &canary->job);
}

void canary_watch(struct canary *canary, const char *own, bool often,
                  bool other)
{
    size_t length = strnlen(own, NAME_SIZE - 1);
    pthread_mutex_lock(&canary->lock);
    if (other || strcmp(canary->own, own) != 0) {
        canary->renamed = true;
        trust_forget_us(&canary->trust, now_of(canary));
    }
    memcpy(canary->own, own, length);
    canary->own[length] = '\0';
    canary->often = often;
    post(canary);
    pthread_mutex_unlock(&canary->lock);
}

struct trust canary_trust(struct canary *canary)
{
    pthread_mutex_lock(&canary->lock);
    struct trust trust = canary->trust;
    pthread_mutex_unlock(&canary->lock);
    return trust;
}

void canary_want(struct canary *canary, struct canary_ask *ask)
{
    pthread_mutex_lock(&canary->lock);
    ask->next = canary->asks;
    canary->asks = ask;
    post(canary);
    pthread_mutex_unlock(&canary->lock);
}

void canary_note_doubt(struct canary *canary)
{
    pthread_mutex_lock(&canary->lock);
    canary->counts.doubts++;
    pthread_mutex_unlock(&canary->lock);
}

struct canary_counts canary_counts(struct canary *canary)
{
    pthread_mutex_lock(&canary->lock);
    struct canary_counts counts = canary->counts;
    pthread_mutex_unlock(&canary->lock);
    return counts;
}

void canary_stop(struct canary *canary)
{
    pthread_mutex_lock(&canary->lock);
    canary->stopped = true;
    post(canary);
    pthread_mutex_unlock(&canary->lock);
}

void canary_free(struct canary **canary)
{
    if (*canary == NULL)
        return;
    pthread_mutex_destroy(&(*canary)->lock);
    free(*canary);
    *canary = NULL;
}
