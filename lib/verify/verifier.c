/* SPDX-License-Identifier: BSD-2-Clause */
/* verifier.c - askers: told what is kept, or put on the flight to the address
 * that they ask about; and those of our own, behind whom nobody stands */
#include "verify/verifier.h"

#include "store/senders.h"
#include "verify/flight.h"
#include "verify/hearing.h"
#include "verify/parts.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Bytes for what is known of hosts: some four thousand that give trouble. */
#define HOSTS_BYTES ((size_t)4 << 20)

/** An asker who asks for the sake of those who come later. */
struct background {
    struct verify_ask ask;           /* first: `done` gets back from it to us */
    struct loop_timer *timer;        /* NULL once it has asked */
    struct background *next, **link; /* of those with a timer */
    struct callout_target targets[];
};

bool verifier_kept(struct verifier *verifier, const struct mailpath *path,
                   const struct callout_settings *settings,
                   struct callout_answer *answer, bool *stale)
{
    struct callouts_kept kept;
    if (!senders_find(verifier->callouts, path, settings,
                      verifier_now(verifier), &kept))
        return false;
    *answer = kept.answer;
    *stale = kept.stale;
    return true;
}

size_t verifier_flights(struct verifier *verifier)
{
    return atomic_load(&verifier->flights);
}

/* Whether it can be asked about: it is an address. */
static bool is_askable(const struct mailpath *path)
{
    return path->form != MAILPATH_NULL && path->form != MAILPATH_INVALID;
}

/* False, with the outcome: there can be no flight. */
static bool board(struct verify_ask *ask, enum callout_outcome *outcome)
{
    char key[MAILPATH_SIZE];
    *outcome = CALLOUT_INTERNAL;
    return is_askable(&ask->path) && mailpath_write(&ask->path, key) &&
           flight_board(ask, key, outcome);
}

/* Whether no flight is needed: it may have been learnt since the asker looked;
 * of one who is to be verified again, he may be trusted. */
static bool is_known(const struct verify_ask *ask,
                     struct callout_answer *answer)
{
    struct verifier *verifier = ask->verifier;
    bool stale;
    if (ask->anew && (ask->retry || !ask->settings.trust_known ||
                      !senders_renew(verifier->callouts, &ask->path,
                                     &ask->settings, verifier_now(verifier))))
        return false;
    return verifier_kept(verifier, &ask->path, &ask->settings, answer, &stale);
}

static void run_ask(struct loop_job *job)
{
    void *around = (char *)job - offsetof(struct verify_ask, job);
    struct verify_ask *ask = around;
    struct verifier *verifier = ask->verifier;
    struct callout_answer answer = {
        .outcome = CALLOUT_INTERNAL,
        .fault = is_askable(&ask->path) ? FAULT_MEMORY : FAULT_NONE,
        .learnt = verifier_now(verifier)};
    if (verifier->stopped)
        ask->done(ask, NULL);
    else if (is_known(ask, &answer) || !board(ask, &answer.outcome))
        ask->done(ask, &answer);
}

void verifier_ask(struct verifier *verifier, struct verify_ask *ask)
{
    ask->verifier = verifier;
    ask->job.run = run_ask;
    loop_post(verifier->loop, &ask->job);
}

/* What is learnt is kept; there is nobody to be told. */
static void end(struct verify_ask *ask, const struct callout_answer *answer)
{
    struct background *background = (struct background *)ask;
    (void)answer;
    free(background);
}

/* NULL: memory ends. */
static struct background *new_background(struct verifier *verifier,
                                         const struct verify_ask *like)
{
    size_t size = like->target_count * sizeof(*like->targets);
    struct background *background = calloc(1, sizeof(*background) + size);
    if (background == NULL)
        return NULL;
    background->ask = *like;
    if (size > 0)
        memcpy(background->targets, like->targets, size);
    background->ask.targets = background->targets;
    background->ask.verifier = verifier;
    background->ask.anew = true;
    background->ask.done = end;
    return background;
}

static void send_off(struct background *background)
{
    struct verify_ask *wish = &background->ask;
    wish->patience =
        instant_after_ms(verifier_now(wish->verifier), wish->settings.total_ms);
    verifier_ask(wish->verifier, wish);
}

void verifier_refresh(struct verifier *verifier, const struct verify_ask *like)
{
    struct background *background = new_background(verifier, like);
    if (background != NULL)
        send_off(background);
}

static void leave_list(struct background *retry)
{
    struct verifier *verifier = retry->ask.verifier;
    loop_timer_free(&retry->timer);
    verifier->retry_count--;
    *retry->link = retry->next;
    if (retry->next != NULL)
        retry->next->link = retry->link;
}

static void on_time(void *context)
{
    struct background *retry = context;
    leave_list(retry);
    send_off(retry);
}

/* Have it asked again, once, after so many seconds; nothing when memory ends.
 */
static void plan_retry(struct verifier *verifier, const struct verify_ask *like,
                       uint32_t after_s)
{
    struct background *retry = new_background(verifier, like);
    if (retry == NULL)
        return;
    retry->timer = loop_timer_new(verifier->loop, on_time, retry);
    if (retry->timer == NULL) {
        free(retry);
        return;
    }
    retry->ask.retry = true;
    retry->next = verifier->retries;
    retry->link = &verifier->retries;
    if (retry->next != NULL)
        retry->next->link = &retry->next;
    verifier->retries = retry;
    verifier->retry_count++;
    loop_timer_set(retry->timer,
                   instant_after_s(verifier_now(verifier), after_s));
}

/* Forget those whose time has not come. */
static void drop_retries(struct verifier *verifier)
{
    for (struct background *retry = verifier->retries, *next; retry != NULL;
         retry = next) {
        next = retry->next;
        leave_list(retry);
        free(retry);
    }
}

/* False: memory ends, or the system gives no randomness. */
static bool make_parts(struct verifier *verifier, size_t memory)
{
    verifier->callouts = callouts_new(memory);
    verifier->hosts = hosts_new(HOSTS_BYTES);
    verifier->turns = turns_new();
    verifier->returners = returners_new();
    verifier->hearing = hearing_new(verifier);
    return verifier->callouts != NULL && verifier->hosts != NULL &&
           verifier->turns != NULL && verifier->returners != NULL &&
           verifier->hearing != NULL && hash_key_draw(&verifier->hash_key);
}

struct verifier *verifier_new(struct loop *loop, size_t memory, char *why,
                              size_t why_size)
{
    struct verifier *verifier = calloc(1, sizeof(*verifier));
    if (verifier == NULL || !make_parts(verifier, memory)) {
        (void)snprintf(why, why_size, "out of memory");
        verifier_free(&verifier);
        return NULL;
    }
    verifier->loop = loop;
    verifier->said = INSTANT_NEVER;
    verifier->plan_retry = plan_retry;
    atomic_init(&verifier->flights, 0);
    verifier->tls = tls_client_new(why, why_size);
    if (verifier->tls == NULL)
        verifier_free(&verifier);
    return verifier;
}

void verifier_resolve_by(struct verifier *verifier, struct resolver *resolver)
{
    verifier->resolver = resolver;
}

static void run_stop(struct loop_job *job)
{
    void *around = (char *)job - offsetof(struct verifier, stop);
    struct verifier *verifier = around;
    verifier->stopped = true;
    drop_retries(verifier);
    flights_cut(verifier);
}

void verifier_stop(struct verifier *verifier)
{
    verifier->stop.run = run_stop;
    loop_post(verifier->loop, &verifier->stop);
}

void verifier_free(struct verifier **verifier)
{
    if (*verifier == NULL)
        return;
    assert(atomic_load(&(*verifier)->flights) == 0);
    assert((*verifier)->askers == 0);
    assert((*verifier)->calls == NULL);
    assert((*verifier)->retries == NULL);
    turns_free(&(*verifier)->turns);
    returners_free(&(*verifier)->returners);
    hearing_free(&(*verifier)->hearing);
    callouts_free(&(*verifier)->callouts);
    hosts_free(&(*verifier)->hosts);
    tls_client_free(&(*verifier)->tls);
    free(*verifier);
    *verifier = NULL;
}
