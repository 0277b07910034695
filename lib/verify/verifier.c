/* SPDX-License-Identifier: BSD-2-Clause */
/* verifier.c - flights from the first asker to the landing: one exchanger's
 * address after the other is called, until one has a word that counts
 *
 * All of it, but what its header says, happens on the loop's thread. */
#include "verify/verifier.h"

#include "base/hash.h"
#include "base/log.h"
#include "smtp/connection.h"
#include "smtp/meaning.h"
#include "store/senders.h"
#include "verify/turns.h"
#include "verify/wall.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/** Flights under way or waiting; beyond it askers get CALLOUT_CAPACITY at once,
 * or a flood of forged senders would fill the memory with its queue. */
#define FLIGHTS_MOST 10000

/** Chains of flights; a power of two. */
#define CHAINS 4096

/** Our own fault is logged once in so long: strangers can bring it about. */
#define SAY_AGAIN_S 60

struct verifier {
    struct loop *loop;
    struct callouts *callouts;
    struct tls_client *tls;
    struct turns *turns;
    struct loop_timer *pace; /* when a domain's rate lets it go on */
    struct wall wall;
    struct call *calls;
    atomic_size_t flights; /* read by any thread */
    struct loop_job stop;
    bool stopped;
    instant said; /* when our own fault was last logged */
    struct hash_key hash_key;
    struct flight *chains[CHAINS];
};

/** A callout under way and all who wait for it. Path, targets and settings are
 * the first asker's, who waits as long as it flies; before it does, whoever
 * becomes the first. */
struct flight {
    struct turn turn;
    struct verifier *verifier;
    struct verify_ask *askers, **last;
    struct loop_timer *timer; /* while it waits for its turn: until `deadline`,
                                 or the next asker's patience ends */
    size_t target;            /* called, or waited for */
    bool clear;               /* TLS has failed with that target */
    bool begun;               /* it has had a turn: `deadline` counts */
    instant deadline;
    bool answered; /* somebody has, as `answer` has it */
    struct callout_answer answer;
    struct flight *next;     /* in its chain */
    char key[MAILPATH_SIZE]; /* the address's wire form */
};

/** A connection. It can outlive its flight: QUIT is not waited for. */
struct call {
    struct verifier *verifier;
    struct flight *flight; /* NULL once it was answered */
    struct turns_host *host;
    struct connection *connection;
    struct call *next, **link;
};

static instant now(const struct verifier *verifier)
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
    verifier->tls = tls_client_new();
    verifier->turns = turns_new();
    if (verifier->callouts == NULL || verifier->tls == NULL ||
        verifier->turns == NULL || !hash_key_draw(&verifier->hash_key))
        verifier_free(&verifier);
    return verifier;
}

bool verifier_kept(struct verifier *verifier, const struct mailpath *path,
                   const struct callout_settings *settings,
                   struct callout_answer *answer, bool *stale)
{
    struct callouts_kept kept;
    if (!senders_find(verifier->callouts, path, settings, now(verifier), &kept))
        return false;
    *answer = kept.answer;
    *stale = kept.stale;
    return true;
}

size_t verifier_flights(struct verifier *verifier)
{
    return atomic_load(&verifier->flights);
}

/* The link to the flight of this key, or to NULL at its chain's end. */
static struct flight **find(struct verifier *verifier, const char *key)
{
    uint64_t hash = hash_octets(&verifier->hash_key, span_of(key));
    struct flight **link = &verifier->chains[hash & (CHAINS - 1)];
    while (*link != NULL && strcmp((*link)->key, key) != 0)
        link = &(*link)->next;
    return link;
}

static struct flight *flight_of_turn(struct turn *turn)
{
    void *flight = (char *)turn - offsetof(struct flight, turn);
    return flight;
}

static void wake(struct verify_ask *askers, const struct callout_answer *answer)
{
    while (askers != NULL) {
        struct verify_ask *next = askers->next; /* it ends with `done` */
        askers->done(askers, answer);
        askers = next;
    }
}

/* Forget the flight, whatever it was about. Its askers are the caller's, to be
 * told when nothing else is left to do: they may ask again. */
static struct verify_ask *take_down(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    struct verify_ask *askers = flight->askers;
    turns_leave(verifier->turns, &flight->turn);
    *find(verifier, flight->key) = flight->next;
    (void)atomic_fetch_sub(&verifier->flights, 1);
    loop_timer_free(&flight->timer);
    free(flight);
    return askers;
}

static void log_our_fault(struct verifier *verifier, const char *what)
{
    instant at = now(verifier);
    if (verifier->said != INSTANT_NEVER &&
        at < instant_after_s(verifier->said, SAY_AGAIN_S))
        return;
    verifier->said = at;
    log_line(LOG_LEVEL_ERROR, "no callout: %s", what);
}

/* Whether nobody could be connected to. */
static bool is_no_connection(const struct callout_answer *answer)
{
    return answer->outcome == CALLOUT_UNREACHABLE &&
           answer->stage == CALLOUT_AT_CONNECT &&
           answer->trouble != CALLOUT_TROUBLE_NONE;
}

static void land(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    struct callout_answer answer = flight->answer;
    if (verifier->wall.stands && is_no_connection(&answer))
        answer.outcome = CALLOUT_WALLED_OFF;
    senders_learn(verifier->callouts, &flight->askers->path, &answer,
                  &flight->askers->settings, now(verifier));
    wake(take_down(flight), &answer);
}

/* Put an exchanger's answer beside what others have said. */
static void weigh(struct flight *flight, const struct callout_answer *answer)
{
    if (flight->answered && smtp_outcome_weight(answer->outcome) <=
                                smtp_outcome_weight(flight->answer.outcome))
        return;
    flight->answer = *answer;
    flight->answered = true;
}

static void weigh_our_fault(struct flight *flight, const char *what)
{
    log_our_fault(flight->verifier, what);
    const struct callout_answer answer = {.outcome = CALLOUT_INTERNAL,
                                          .learnt = now(flight->verifier)};
    weigh(flight, &answer);
}

/* Without a turn: when the next asker loses his patience. */
static void set_patience(struct flight *flight)
{
    instant next = INSTANT_NEVER;
    for (const struct verify_ask *ask = flight->askers; ask != NULL;
         ask = ask->next)
        next = ask->patience < next ? ask->patience : next;
    loop_timer_set(flight->timer, next);
}

/* The target after the one that gave this answer. An exchanger that wants us
 * to come later wants it at its other address, too. */
static size_t next_target(const struct flight *flight,
                          enum callout_outcome outcome)
{
    const struct verify_ask *ask = flight->askers;
    const char *exchanger = ask->targets[flight->target].exchanger;
    size_t next = flight->target + 1;
    while (outcome == CALLOUT_GREYLISTED && next < ask->target_count &&
           strcmp(ask->targets[next].exchanger, exchanger) == 0)
        next++;
    return next;
}

/* The domain whose turns a flight takes; that of a literal is its text. */
static const char *domain_of(const struct flight *flight)
{
    return flight->askers->path.domain;
}

/* Wait for the turn to call the flight's target; land when there is none, or no
 * time for it. Whoever has had a turn waits until his deadline. */
static void wait_for_turn(struct flight *flight)
{
    const struct verify_ask *ask = flight->askers;
    const struct turn_terms terms = {.most = ask->settings.most,
                                     .most_per_host =
                                         ask->settings.most_per_host,
                                     .per_domain = ask->settings.per_domain,
                                     .again = flight->begun};
    instant at = now(flight->verifier);
    if (flight->target >= ask->target_count ||
        (flight->begun && at >= flight->deadline)) {
        land(flight);
        return;
    }
    if (!turns_wait(flight->verifier->turns, &flight->turn, domain_of(flight),
                    &ask->targets[flight->target].address, &terms)) {
        weigh_our_fault(flight, "out of memory");
        land(flight);
        return;
    }
    if (flight->begun)
        loop_timer_set(flight->timer, flight->deadline);
    else
        set_patience(flight);
}

static void fly_on(struct flight *flight, enum callout_outcome outcome)
{
    flight->clear = false;
    flight->target = next_target(flight, outcome);
    if (smtp_outcome_is_final(outcome))
        land(flight);
    else
        wait_for_turn(flight);
}

static void on_answered(void *context, const struct callout_answer *answer);
static void on_closed(void *context);

/* Open the connection for which the flight has taken its turn. False: memory
 * ends. */
static bool open_call(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    const struct verify_ask *ask = flight->askers;
    struct call *call = calloc(1, sizeof(*call));
    if (call == NULL)
        return false;
    const struct connection_owner owner = {on_answered, on_closed, call};
    call->connection = connection_open(
        verifier->loop, &ask->targets[flight->target], &ask->path,
        &ask->settings, flight->clear ? NULL : verifier->tls, flight->deadline,
        &owner);
    if (call->connection == NULL) {
        free(call);
        return false;
    }
    call->verifier = verifier;
    call->flight = flight;
    call->host = flight->turn.host;
    call->next = verifier->calls;
    call->link = &verifier->calls;
    if (call->next != NULL)
        call->next->link = &call->next;
    verifier->calls = call;
    return true;
}

static void end_call(struct call *call)
{
    turns_end(call->verifier->turns, call->host);
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    free(call);
}

static void take_turns(struct verifier *verifier);

static void on_pace(void *context)
{
    take_turns(context);
}

/* Come back when a domain's rate lets it go on. Without memory for the timer
 * its flights go on with the next turn of anybody, or their askers leave. */
static void set_pace(struct verifier *verifier, instant due)
{
    if (verifier->pace == NULL && due != INSTANT_NEVER)
        verifier->pace = loop_timer_new(verifier->loop, on_pace, verifier);
    if (verifier->pace != NULL)
        loop_timer_set(verifier->pace, due);
}

/* Let everybody call whose turn it is: after any change that can bring one. */
static void take_turns(struct verifier *verifier)
{
    struct turn *turn;
    instant due;
    while ((turn = turns_take(verifier->turns, now(verifier), &due)) != NULL) {
        struct flight *flight = flight_of_turn(turn);
        loop_timer_set(flight->timer, INSTANT_NEVER);
        if (!flight->begun) {
            flight->begun = true;
            flight->deadline = instant_after_ms(
                now(verifier), flight->askers->settings.total_ms);
        }
        if (!open_call(flight)) {
            turns_end(verifier->turns, turn->host);
            weigh_our_fault(flight, "out of memory");
            fly_on(flight, CALLOUT_INTERNAL);
        }
    }
    set_pace(verifier, due);
}

/* Whether the same exchanger is to be asked again, in the clear. */
static bool is_worth_the_clear(const struct flight *flight,
                               const struct callout_answer *answer)
{
    return answer->trouble == CALLOUT_TROUBLE_TLS && !flight->clear &&
           flight->askers->settings.tls == CALLOUT_TLS_OPPORTUNISTIC;
}

static void on_answered(void *context, const struct callout_answer *answer)
{
    struct call *call = context;
    struct flight *flight = call->flight;
    call->flight = NULL;
    if (answer->outcome == CALLOUT_INTERNAL)
        log_our_fault(call->verifier,
                      "out of descriptors, ports or memory, or `callout.bind` "
                      "is not an address of this host");
    else if (is_no_connection(answer))
        wall_missed(&call->verifier->wall, &answer->address,
                    now(call->verifier));
    else
        wall_passed(&call->verifier->wall);
    if (is_worth_the_clear(flight, answer)) {
        flight->clear = true;
        wait_for_turn(flight);
    } else {
        weigh(flight, answer);
        fly_on(flight, answer->outcome);
    }
    take_turns(call->verifier);
}

static void on_closed(void *context)
{
    struct call *call = context;
    struct verifier *verifier = call->verifier;
    end_call(call);
    take_turns(verifier);
}

/* Take those off whose patience is over. */
static struct verify_ask *take_impatient(struct flight *flight, instant at)
{
    struct verify_ask *impatient = NULL;
    flight->last = &flight->askers;
    while (*flight->last != NULL) {
        struct verify_ask *ask = *flight->last;
        if (ask->patience > at) {
            flight->last = &ask->next;
            continue;
        }
        *flight->last = ask->next;
        ask->next = impatient;
        impatient = ask;
    }
    return impatient;
}

/* No turn has come in time. A flight that nobody waits for any more, and that
 * nobody has been called for, is none. */
static void on_timer(void *context)
{
    struct flight *flight = context;
    const struct callout_answer none = {.outcome = CALLOUT_CAPACITY,
                                        .learnt = now(flight->verifier)};
    if (flight->begun) {
        if (!flight->answered)
            weigh(flight, &none);
        land(flight);
        return;
    }
    const struct verify_ask *first = flight->askers;
    struct verifier *verifier = flight->verifier;
    struct verify_ask *impatient = take_impatient(flight, none.learnt);
    if (flight->askers == NULL) {
        (void)take_down(flight);
    } else if (flight->askers == first) {
        set_patience(flight);
    } else { /* whoever is the first now may have another target */
        turns_leave(verifier->turns, &flight->turn);
        wait_for_turn(flight);
    }
    wake(impatient, &none);
    take_turns(verifier);
}

/* A flight with its first asker. NULL: memory ends. */
static struct flight *new_flight(struct verify_ask *ask, const char *key)
{
    struct verifier *verifier = ask->verifier;
    struct flight *flight = calloc(1, sizeof(*flight));
    if (flight == NULL)
        return NULL;
    flight->timer = loop_timer_new(verifier->loop, on_timer, flight);
    if (flight->timer == NULL) {
        free(flight);
        return NULL;
    }
    flight->verifier = verifier;
    flight->askers = ask;
    flight->last = &ask->next;
    flight->answer.outcome = CALLOUT_UNREACHABLE; /* there may be no target */
    flight->answer.learnt = now(verifier);
    memcpy(flight->key, key, strlen(key) + 1);
    return flight;
}

/* Whether it can be asked about: it is an address. */
static bool is_askable(const struct mailpath *path)
{
    return path->form != MAILPATH_NULL && path->form != MAILPATH_INVALID;
}

static void join(struct flight *flight, struct verify_ask *ask)
{
    *flight->last = ask;
    flight->last = &ask->next;
    if (!flight->begun)
        set_patience(flight);
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
    struct flight **link = find(verifier, key);
    if (*link != NULL) {
        join(*link, ask);
        return true;
    }
    if (atomic_load(&verifier->flights) >= FLIGHTS_MOST) {
        *outcome = CALLOUT_CAPACITY;
        return false;
    }
    if (!wall_lets(&verifier->wall, now(verifier))) {
        *outcome = CALLOUT_WALLED_OFF;
        return false;
    }
    *link = new_flight(ask, key);
    if (*link == NULL)
        return false;
    (void)atomic_fetch_add(&verifier->flights, 1);
    wait_for_turn(*link);
    take_turns(verifier);
    return true;
}

static void run_ask(struct loop_job *job)
{
    void *around = (char *)job - offsetof(struct verify_ask, job);
    struct verify_ask *ask = around;
    struct verifier *verifier = ask->verifier;
    struct callout_answer answer = {.outcome = CALLOUT_INTERNAL,
                                    .learnt = now(verifier)};
    bool stale;
    if (verifier->stopped)
        ask->done(ask, NULL);
    /* It may have been learnt since the asker looked. */
    else if ((!ask->anew && verifier_kept(verifier, &ask->path, &ask->settings,
                                          &answer, &stale)) ||
             !board(ask, &answer.outcome))
        ask->done(ask, &answer);
}

void verifier_ask(struct verifier *verifier, struct verify_ask *ask)
{
    ask->verifier = verifier;
    ask->job.run = run_ask;
    loop_post(verifier->loop, &ask->job);
}

/* What is learnt is kept; there is nobody to be told. */
static void end_refresh(struct verify_ask *ask,
                        const struct callout_answer *answer)
{
    (void)answer;
    free(ask);
}

void verifier_refresh(struct verifier *verifier, const struct verify_ask *like)
{
    struct verify_ask *ask = malloc(sizeof(*ask));
    if (ask == NULL)
        return;
    *ask = *like;
    ask->anew = true;
    ask->patience = instant_after_ms(now(verifier), like->settings.total_ms);
    ask->done = end_refresh;
    verifier_ask(verifier, ask);
}

static void run_stop(struct loop_job *job)
{
    void *around = (char *)job - offsetof(struct verifier, stop);
    struct verifier *verifier = around;
    verifier->stopped = true;
    loop_timer_free(&verifier->pace);
    for (struct call *call = verifier->calls, *next; call != NULL;
         call = next) {
        next = call->next;
        connection_cut(&call->connection);
        end_call(call);
    }
    for (size_t i = 0; i < CHAINS; i++) {
        for (struct flight *flight = verifier->chains[i], *next; flight != NULL;
             flight = next) {
            next = flight->next;
            wake(take_down(flight), NULL);
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
    turns_free(&(*verifier)->turns);
    callouts_free(&(*verifier)->callouts);
    tls_client_free(&(*verifier)->tls);
    free(*verifier);
    *verifier = NULL;
}
