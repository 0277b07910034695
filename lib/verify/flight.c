/* SPDX-License-Identifier: BSD-2-Clause */
/* flight.c - a flight from the first target to the landing: one exchanger's
 * address after the other is called, until one has a word that counts */
#include "smtp/meaning.h"
#include "store/senders.h"
#include "verify/parts.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct flight *flight_of_turn(struct turn *turn)
{
    void *flight = (char *)turn - offsetof(struct flight, turn);
    return flight;
}

struct verify_ask *flight_take_down(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    struct verify_ask *askers = flight->askers;
    turns_leave(verifier->turns, &flight->turn);
    *verifier_find(verifier, flight->key) = flight->next;
    (void)atomic_fetch_sub(&verifier->flights, 1);
    loop_timer_free(&flight->timer);
    free(flight);
    return askers;
}

static void land(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    const struct verify_ask *ask = flight->askers;
    struct callout_answer answer = flight->answer;
    if (verifier->wall.stands && callout_is_no_connection(&answer))
        answer.outcome = CALLOUT_WALLED_OFF;
    answer.retry_after_s = retry_after_s(verifier, ask, &answer);
    senders_learn(verifier->callouts, &ask->path, &answer, &ask->settings,
                  verifier_now(verifier));
    if (answer.outcome == CALLOUT_GREYLISTED && answer.retry_after_s > 0)
        retry_plan(verifier, ask, answer.retry_after_s);
    askers_tell(flight_take_down(flight), &answer);
}

void flight_weigh(struct flight *flight, const struct callout_answer *answer)
{
    if (flight->answered && smtp_outcome_weight(answer->outcome) <=
                                smtp_outcome_weight(flight->answer.outcome))
        return;
    flight->answer = *answer;
    flight->answered = true;
}

static struct callout_answer no_memory(const struct flight *flight)
{
    verifier_log_fault(flight->verifier, "out of memory");
    return (struct callout_answer){.outcome = CALLOUT_INTERNAL,
                                   .learnt = verifier_now(flight->verifier)};
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

bool flight_has_tried(const struct flight *flight, size_t target)
{
    return (flight->tried & 1U << target) != 0;
}

void flight_note_tried(struct flight *flight, size_t target)
{
    flight->tried |= 1U << target;
}

/* Turn from the target that gave this outcome to the first one that was not
 * tried. An exchanger that wants us to come later wants it at its other
 * address, too. */
static void turn_to_next(struct flight *flight, enum callout_outcome outcome)
{
    const struct verify_ask *ask = flight->askers;
    const char *exchanger = ask->targets[flight->target].exchanger;
    flight_note_tried(flight, flight->target);
    for (size_t i = 0; i < ask->target_count; i++)
        if (outcome == CALLOUT_GREYLISTED &&
            strcmp(ask->targets[i].exchanger, exchanger) == 0)
            flight_note_tried(flight, i);
    flight->target = 0;
    while (flight->target < ask->target_count &&
           flight_has_tried(flight, flight->target))
        flight->target++;
    flight->restarted = false;
}

/* The domain whose turns a flight takes; that of a literal is its text. */
static const char *domain_of(const struct flight *flight)
{
    return flight->askers->path.domain;
}

/* Take what is known of the target's host into account: what it said, when it
 * is left alone for that, or how it is met. */
static bool is_left_alone(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    const struct verify_ask *ask = flight->askers;
    const struct callout_target *target = &ask->targets[flight->target];
    struct hosts_advice advice;
    if (flight->restarted)
        return false;
    hosts_advise(verifier->hosts, &target->address, ask->settings.tls,
                 verifier_now(verifier), &advice);
    flight->start = advice.start;
    if (!advice.leave)
        return false;
    memcpy(advice.instead.exchanger, target->exchanger, NAME_SIZE);
    flight_weigh(flight, &advice.instead);
    turn_to_next(flight, advice.instead.outcome);
    return true;
}

/* Whether there is a target to call, and time for it. */
static bool has_target(struct flight *flight)
{
    while (flight->target < flight->askers->target_count)
        if (!is_left_alone(flight))
            return !flight->begun ||
                   verifier_now(flight->verifier) < flight->deadline;
    return false;
}

void flight_wait(struct flight *flight)
{
    const struct verify_ask *ask = flight->askers;
    const struct turn_terms terms = {.most = ask->settings.most,
                                     .most_per_host =
                                         ask->settings.most_per_host,
                                     .per_domain = ask->settings.per_domain,
                                     .again = flight->begun};
    if (!has_target(flight)) {
        land(flight);
        return;
    }
    if (!turns_wait(flight->verifier->turns, &flight->turn, domain_of(flight),
                    &ask->targets[flight->target].address, &terms)) {
        const struct callout_answer answer = no_memory(flight);
        flight_weigh(flight, &answer);
        land(flight);
        return;
    }
    if (flight->begun)
        loop_timer_set(flight->timer, flight->deadline);
    else
        set_patience(flight);
}

void flight_go_on(struct flight *flight, const struct callout_answer *answer)
{
    flight_weigh(flight, answer);
    turn_to_next(flight, answer->outcome);
    if (smtp_outcome_is_final(answer->outcome))
        land(flight);
    else
        flight_wait(flight);
}

static void on_pace(void *context)
{
    verifier_take_turns(context);
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

static void begin(struct flight *flight)
{
    loop_timer_set(flight->timer, INSTANT_NEVER);
    if (flight->begun)
        return;
    flight->begun = true;
    flight->deadline = instant_after_ms(verifier_now(flight->verifier),
                                        flight->askers->settings.total_ms);
}

/* It has taken its turn; but while it waited, its host may have turned into one
 * to be left alone. */
static void take_off(struct flight *flight)
{
    begin(flight);
    if (is_left_alone(flight)) {
        turns_end(flight->verifier->turns, flight->turn.host);
        flight_wait(flight);
    } else if (!call_open(flight)) {
        const struct callout_answer answer = no_memory(flight);
        flight_go_on(flight, &answer);
    }
}

void verifier_take_turns(struct verifier *verifier)
{
    struct turn *turn;
    instant due;
    while ((turn = turns_take(verifier->turns, verifier_now(verifier), &due)) !=
           NULL)
        take_off(flight_of_turn(turn));
    set_pace(verifier, due);
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
    const struct callout_answer none = {
        .outcome = CALLOUT_CAPACITY, .learnt = verifier_now(flight->verifier)};
    if (flight->begun) {
        if (!flight->answered)
            flight_weigh(flight, &none);
        land(flight);
        return;
    }
    const struct verify_ask *first = flight->askers;
    struct verifier *verifier = flight->verifier;
    struct verify_ask *impatient = take_impatient(flight, none.learnt);
    if (flight->askers == NULL) {
        (void)flight_take_down(flight);
    } else if (flight->askers == first) {
        set_patience(flight);
    } else { /* whoever is the first now may have another target */
        turns_leave(verifier->turns, &flight->turn);
        flight_wait(flight);
    }
    askers_tell(impatient, &none);
    verifier_take_turns(verifier);
}

struct flight *flight_new(struct verify_ask *ask, const char *key)
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
    flight->answer.learnt = verifier_now(verifier);
    memcpy(flight->key, key, strlen(key) + 1);
    return flight;
}

void flight_join(struct flight *flight, struct verify_ask *ask)
{
    *flight->last = ask;
    flight->last = &ask->next;
    if (!flight->begun)
        set_patience(flight);
}
