/* SPDX-License-Identifier: BSD-2-Clause */
/* verifier.c - askers: told what is kept, or put on the flight to the address
 * that they ask about */
#include "verify/verifier.h"

#include "base/log.h"
#include "store/senders.h"
#include "verify/parts.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/** Flights under way or waiting; beyond it askers get CALLOUT_CAPACITY at once,
 * or a flood of forged senders would fill the memory with its queue. */
#define FLIGHTS_MOST 10000

/** Our own fault is logged once in so long. */
#define SAY_AGAIN_S 60

/** Bytes for what is known of hosts: some six thousand that give trouble. */
#define HOSTS_BYTES ((size_t)4 << 20)

instant verifier_now(const struct verifier *verifier)
{
    return clock_now(loop_clock(verifier->loop));
}

struct verifier *verifier_new(struct loop *loop, size_t memory)
{
    struct verifier *verifier = calloc(1, sizeof(*verifier));
    if (verifier == NULL)
        return NULL;
    verifier->loop = loop;
    verifier->said = INSTANT_NEVER;
    atomic_init(&verifier->flights, 0);
    verifier->callouts = callouts_new(memory);
    verifier->hosts = hosts_new(HOSTS_BYTES);
    verifier->tls = tls_client_new();
    verifier->turns = turns_new();
    if (verifier->callouts == NULL || verifier->hosts == NULL ||
        verifier->tls == NULL || verifier->turns == NULL ||
        !hash_key_draw(&verifier->hash_key))
        verifier_free(&verifier);
    return verifier;
}

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

struct flight **verifier_find(struct verifier *verifier, const char *key)
{
    uint64_t hash = hash_octets(&verifier->hash_key, span_of(key));
    struct flight **link = &verifier->chains[hash & (CHAINS - 1)];
    while (*link != NULL && strcmp((*link)->key, key) != 0)
        link = &(*link)->next;
    return link;
}

void askers_tell(struct verify_ask *askers, const struct callout_answer *answer)
{
    while (askers != NULL) {
        struct verify_ask *next = askers->next; /* it ends with `done` */
        askers->done(askers, answer);
        askers = next;
    }
}

void verifier_log_fault(struct verifier *verifier, const char *what)
{
    instant at = verifier_now(verifier);
    if (verifier->said != INSTANT_NEVER &&
        at < instant_after_s(verifier->said, SAY_AGAIN_S))
        return;
    verifier->said = at;
    log_line(LOG_LEVEL_ERROR, "no callout: %s", what);
}

/* Whether it can be asked about: it is an address. */
static bool is_askable(const struct mailpath *path)
{
    return path->form != MAILPATH_NULL && path->form != MAILPATH_INVALID;
}

/* Join the flight to this address, or begin one. False, with the outcome: it
 * cannot be. */
static bool board(struct verify_ask *ask, enum callout_outcome *outcome)
{
    struct verifier *verifier = ask->verifier;
    char key[MAILPATH_SIZE];
    *outcome = CALLOUT_INTERNAL;
    if (!is_askable(&ask->path) || !mailpath_write(&ask->path, key))
        return false;
    ask->next = NULL;
    struct flight **link = verifier_find(verifier, key);
    if (*link != NULL) {
        flight_join(*link, ask);
        return true;
    }
    if (atomic_load(&verifier->flights) >= FLIGHTS_MOST) {
        *outcome = CALLOUT_CAPACITY;
        return false;
    }
    if (!wall_lets(&verifier->wall, verifier_now(verifier))) {
        *outcome = CALLOUT_WALLED_OFF;
        return false;
    }
    *link = flight_new(ask, key);
    if (*link == NULL)
        return false;
    (void)atomic_fetch_add(&verifier->flights, 1);
    flight_wait(*link);
    verifier_take_turns(verifier);
    return true;
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
    struct callout_answer answer = {.outcome = CALLOUT_INTERNAL,
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

static void run_stop(struct loop_job *job)
{
    void *around = (char *)job - offsetof(struct verifier, stop);
    struct verifier *verifier = around;
    verifier->stopped = true;
    loop_timer_free(&verifier->pace);
    calls_cut(verifier);
    retries_drop(verifier);
    for (size_t i = 0; i < CHAINS; i++) {
        for (struct flight *flight = verifier->chains[i], *next; flight != NULL;
             flight = next) {
            next = flight->next;
            askers_tell(flight_take_down(flight), NULL);
        }
    }
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
    assert((*verifier)->calls == NULL);
    assert((*verifier)->retries == NULL);
    turns_free(&(*verifier)->turns);
    callouts_free(&(*verifier)->callouts);
    hosts_free(&(*verifier)->hosts);
    tls_client_free(&(*verifier)->tls);
    free(*verifier);
    *verifier = NULL;
}
