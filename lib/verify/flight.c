/* SPDX-License-Identifier: BSD-2-Clause */
/* flight.c - a flight from the first target to the landing: one exchanger's
 * address after the other is called, until one has a word that counts */
#include "verify/flight.h"

#include "smtp/meaning.h"
#include "store/senders.h"
#include "verify/askers.h"
#include "verify/call.h"
#include "verify/hearing.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/** Flights under way or waiting; beyond it askers get CALLOUT_CAPACITY at once,
 * or a flood of forged senders would fill the memory with its queue. */
#define FLIGHTS_MOST 10000

/** Askers on all flights; beyond it likewise. As many as
 * `callout.limits.waiting` can let wait, for they outlive their sessions. */
#define ASKERS_MOST 20000

/** Exchangers put us off for so long when they do not say for how long. */
#define RETRY_S 300

/** Of those who wait for the time of their retry, kilobytes each. */
#define RETRIES_MOST 2000

/** A callout under way and all who wait for it. Path, targets and settings are
 * the first asker's, who waits as long as it flies; before it does, whoever
 * becomes the first. */
struct flight {
    struct turn turn;
    struct verifier *verifier;
    struct askers askers;
    struct loop_timer *timer; /* while it waits for its turn: until `deadline`,
                                 or the next asker's patience ends */
    instant patience;         /* the next asker's, until it has begun */
    instant due;              /* its turn by the rate, as of when it came */
    size_t target;            /* called, or waited for */
    unsigned tried;           /* targets, as bits: nobody turns to them again */
    enum callout_start start; /* how that is met, unless it is */
    bool restarted;           /* as its own answer asked for */
    bool begun;               /* it has had a turn: `deadline` counts */
    instant deadline;
    bool answered; /* somebody has, as `answer` has it */
    struct callout_answer answer;
    struct flight *next;     /* in its chain */
    char key[MAILPATH_SIZE]; /* the address's wire form */
};

static struct flight *flight_of_turn(struct turn *turn)
{
    void *flight = (char *)turn - offsetof(struct flight, turn);
    return flight;
}

static uint64_t hash_of(const struct verifier *verifier, const char *key)
{
    return hash_octets(&verifier->hash_key, span_of(key));
}

/* The link to the flight of this key, or to NULL at its chain's end. */
static struct flight **find(struct verifier *verifier, const char *key)
{
    struct flight **link =
        &verifier->chains[hash_of(verifier, key) & (CHAINS - 1)];
    while (*link != NULL && strcmp((*link)->key, key) != 0)
        link = &(*link)->next;
    return link;
}

/* Forget the flight, whatever it was about. Its askers are the caller's, to be
 * told when nothing else is left to do: they may ask again. */
static struct verify_ask *take_down(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    struct verify_ask *askers = flight->askers.first;
    turns_leave(verifier->turns, &flight->turn);
    *find(verifier, flight->key) = flight->next;
    (void)atomic_fetch_sub(&verifier->flights, 1);
    loop_timer_free(&flight->timer);
    free(flight);
    return askers;
}

/* In how many seconds the answer is worth a retry in the background; 0: it is
 * not, or it was one. */
static uint16_t retry_after_s(const struct verifier *verifier,
                              const struct verify_ask *ask,
                              const struct callout_answer *answer)
{
    if (answer->outcome != CALLOUT_GREYLISTED || ask->retry ||
        verifier->retry_count >= RETRIES_MOST)
        return 0;
    return answer->retry_after_s > 0 ? answer->retry_after_s : RETRY_S;
}

static void land(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    const struct verify_ask *ask = flight->askers.first;
    struct callout_answer answer = flight->answer;
    if (verifier->wall.stands && !ask_leads_inside(ask) &&
        callout_is_no_connection(&answer))
        answer.outcome = CALLOUT_WALLED_OFF;
    answer.retry_after_s = retry_after_s(verifier, ask, &answer);
    senders_learn(verifier->callouts, &ask->path, &answer, &ask->settings,
                  verifier_now(verifier));
    if (answer.outcome == CALLOUT_GREYLISTED && answer.retry_after_s > 0)
        verifier->plan_retry(verifier, ask, answer.retry_after_s);
    askers_tell(take_down(flight), &answer);
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

static struct callout_answer no_memory(const struct flight *flight)
{
    verifier_log_fault(flight->verifier, "out of memory");
    return (struct callout_answer){.outcome = CALLOUT_INTERNAL,
                                   .fault = FAULT_MEMORY,
                                   .learnt = verifier_now(flight->verifier)};
}

/* Without a turn: when the next asker loses his patience. */
static void set_patience(struct flight *flight)
{
    flight->patience = askers_patience(&flight->askers);
    loop_timer_set(flight->timer, flight->patience);
}

static bool has_tried(const struct flight *flight, size_t target)
{
    return (flight->tried & 1U << target) != 0;
}

static void note_tried(struct flight *flight, size_t target)
{
    flight->tried |= 1U << target;
}

/* Turn from the target that gave this outcome to the first one that was not
 * tried. An exchanger that wants us to come later wants it at its other
 * address, too. */
static void turn_to_next(struct flight *flight, enum callout_outcome outcome)
{
    const struct verify_ask *ask = flight->askers.first;
    const char *exchanger = ask->targets[flight->target].exchanger;
    note_tried(flight, flight->target);
    for (size_t i = 0; i < ask->target_count; i++)
        if (outcome == CALLOUT_GREYLISTED &&
            strcmp(ask->targets[i].exchanger, exchanger) == 0)
            note_tried(flight, i);
    flight->target = 0;
    while (flight->target < ask->target_count &&
           has_tried(flight, flight->target))
        flight->target++;
    flight->restarted = false;
}

/* The domain whose turns a flight takes: the organisational one, for whoever
 * owns a domain, or forges senders below a wildcard, has another name for each
 * of them. A public suffix stands for itself, as does a literal. */
static const char *domain_of(const struct mailpath *path,
                             char organisation[NAME_SIZE])
{
    return path->form == MAILPATH_DOMAIN &&
                   name_organisation(organisation, path->domain)
               ? organisation
               : path->domain;
}

/* Take what is known of the target's host into account: what it said, when it
 * is left alone for that, or how it is met. */
static bool is_left_alone(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    const struct verify_ask *ask = flight->askers.first;
    const struct callout_target *target = &ask->targets[flight->target];
    struct hosts_advice advice;
    if (flight->restarted)
        return false;
    hosts_advise(verifier->hosts, target, ask->settings.tls,
                 verifier_now(verifier), &advice);
    flight->start = advice.start;
    if (!advice.leave)
        return false;
    memcpy(advice.instead.exchanger, target->exchanger, NAME_SIZE);
    weigh(flight, &advice.instead);
    turn_to_next(flight, advice.instead.outcome);
    return true;
}

/* Whether there is a target to call, and time for it. */
static bool has_target(struct flight *flight)
{
    while (flight->target < flight->askers.first->target_count)
        if (!is_left_alone(flight))
            return !flight->begun ||
                   verifier_now(flight->verifier) < flight->deadline;
    return false;
}

/* Who is asked about anew, as one who is known or was put off, is no newcomer,
 * nor is who was sent away before. */
static bool is_newcomer(const struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    return !flight->askers.first->anew &&
           !returners_have(verifier->returners, hash_of(verifier, flight->key),
                           verifier_now(verifier));
}

static struct turn_terms terms_of(const struct flight *flight)
{
    const struct callout_settings *settings = &flight->askers.first->settings;
    return (struct turn_terms){.most = settings->most,
                               .most_per_host = settings->most_per_host,
                               .per_domain = settings->per_domain,
                               .again = flight->begun,
                               .newcomer = is_newcomer(flight)};
}

/* When it may have its turn by the rate of its domain, if it comes now; at once
 * where there is nobody to call. */
static instant due_of(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    char organisation[NAME_SIZE];
    if (!has_target(flight))
        return verifier_now(verifier);
    const struct turn_terms terms = terms_of(flight);
    return turns_due(verifier->turns,
                     domain_of(&flight->askers.first->path, organisation),
                     &terms, verifier_now(verifier));
}

/* Whether the turn comes too late for him. Whose patience was over before he
 * asked still has one that is free, for those who come later. */
static bool is_too_late(const struct flight *flight,
                        const struct verify_ask *ask)
{
    return flight->due > verifier_now(flight->verifier) &&
           flight->due >= ask->patience;
}

/* Remember, before they are told, that the flight's askers were sent away. */
static void note_returner(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    returners_note(verifier->returners, hash_of(verifier, flight->key),
                   verifier_now(verifier));
}

/* Wait for the turn to call the flight's target, or one behind it; land when
 * there is none, or no time for it. */
static void wait_for_turn(struct flight *flight)
{
    const struct verify_ask *ask = flight->askers.first;
    char organisation[NAME_SIZE];
    if (!has_target(flight)) {
        land(flight);
        return;
    }
    const struct turn_terms terms = terms_of(flight);
    if (!turns_wait(flight->verifier->turns, &flight->turn,
                    domain_of(&ask->path, organisation),
                    &ask->targets[flight->target].address, &terms)) {
        const struct callout_answer answer = no_memory(flight);
        weigh(flight, &answer);
        land(flight);
        return;
    }
    if (flight->begun)
        loop_timer_set(flight->timer, flight->deadline);
    else
        set_patience(flight);
}

/* Go on with the answer of the target that was called. */
static void go_on(struct flight *flight, const struct callout_answer *answer)
{
    weigh(flight, answer);
    turn_to_next(flight, answer->outcome);
    if (smtp_outcome_is_final(answer->outcome))
        land(flight);
    else
        wait_for_turn(flight);
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

static void set_deadline(struct flight *flight)
{
    loop_timer_set(flight->timer, INSTANT_NEVER);
    if (flight->begun)
        return;
    flight->begun = true;
    flight->deadline =
        instant_after_ms(verifier_now(flight->verifier),
                         flight->askers.first->settings.total_ms);
}

/* Whether the same exchanger is to be asked once more, otherwise: in the clear
 * when TLS has failed; by TLS when it will not be asked without, which is its
 * word if that fails. */
static bool is_to_be_met_anew(struct flight *flight,
                              const struct callout_answer *answer)
{
    if (flight->askers.first->settings.tls != CALLOUT_TLS_OPPORTUNISTIC ||
        flight->restarted)
        return false;
    if (answer->trouble == CALLOUT_TROUBLE_TLS) {
        flight->start = CALLOUT_START_CLEAR;
    } else if (answer->outcome == CALLOUT_NEEDS_TLS &&
               answer->tls == CALLOUT_TLS_NOT_USED) {
        flight->start = CALLOUT_START_TLS;
        weigh(flight, answer);
    } else {
        return false;
    }
    flight->restarted = true;
    return true;
}

static void on_missed(void *context, size_t target,
                      const struct callout_answer *answer)
{
    struct flight *flight = context;
    note_tried(flight, target);
    weigh(flight, answer);
}

static void on_answered(void *context, size_t target,
                        const struct callout_answer *answer)
{
    struct flight *flight = context;
    flight->target = target;
    if (is_to_be_met_anew(flight, answer))
        wait_for_turn(flight);
    else
        go_on(flight, answer);
}

/* The target with which the flight's is tried side by side: of the same
 * exchanger, in the other family, to be met alike. The count: there is none. */
static size_t find_second(const struct flight *flight)
{
    const struct verify_ask *ask = flight->askers.first;
    const struct callout_target *first = &ask->targets[flight->target];
    struct hosts_advice advice;
    size_t i = 0;
    for (; i < ask->target_count; i++) {
        const struct callout_target *target = &ask->targets[i];
        if (i == flight->target || has_tried(flight, i) ||
            strcmp(target->exchanger, first->exchanger) != 0 ||
            address_is_v4(&target->address) == address_is_v4(&first->address))
            continue;
        hosts_advise(flight->verifier->hosts, target, ask->settings.tls,
                     verifier_now(flight->verifier), &advice);
        if (!advice.leave && advice.start == flight->start)
            break;
    }
    return i;
}

static void add_target(struct call_request *request, size_t target,
                       struct turns_host *host)
{
    request->targets[request->count] = target;
    request->hosts[request->count++] = host;
}

/* Call the target, for which a turn was taken, and a second one if there is a
 * turn for it, too. False: memory ends. */
static bool call(struct flight *flight)
{
    const struct call_owner owner = {on_missed, on_answered, take_turns,
                                     flight};
    const struct verify_ask *ask = flight->askers.first;
    size_t second = flight->restarted ? ask->target_count : find_second(flight);
    struct turns_host *host = NULL;
    struct call_request request = {
        .ask = ask, .start = flight->start, .deadline = flight->deadline};
    add_target(&request, flight->target, flight->turn.host);
    if (second < ask->target_count)
        host = turns_also(flight->verifier->turns,
                          &ask->targets[second].address, &flight->turn.terms);
    if (host != NULL)
        add_target(&request, second, host);
    return call_open(flight->verifier, &request, &owner);
}

/* It has taken its turn; but while it waited, its host may have turned into one
 * to be left alone. */
static void take_off(struct flight *flight)
{
    set_deadline(flight);
    if (is_left_alone(flight)) {
        turns_end(flight->verifier->turns, flight->turn.host);
        wait_for_turn(flight);
    } else if (!call(flight)) {
        const struct callout_answer answer = no_memory(flight);
        go_on(flight, &answer);
    }
}

/* Let everybody call whose turn it is: after any change that can bring one. */
static void take_turns(struct verifier *verifier)
{
    struct turn *turn;
    instant due;
    while ((turn = turns_take(verifier->turns, verifier_now(verifier), &due)) !=
           NULL)
        take_off(flight_of_turn(turn));
    set_pace(verifier, due);
}

/* Begin with the targets of whoever is the first asker; there may be none. */
static void begin_with_first(struct flight *flight)
{
    flight->target = 0;
    flight->tried = 0;
    flight->answered = false;
    flight->answer =
        (struct callout_answer){.outcome = CALLOUT_UNREACHABLE,
                                .learnt = verifier_now(flight->verifier)};
}

/* Who is the first now has targets of his own, and the flight begins anew with
 * them, behind others. Until when patience is too short for that. */
static instant give_up_place(struct flight *flight)
{
    turns_leave(flight->verifier->turns, &flight->turn);
    flight->due = due_of(flight);
    begin_with_first(flight);
    return flight->due;
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
            weigh(flight, &none);
        land(flight);
        return;
    }
    struct verifier *verifier = flight->verifier;
    bool first_leaves = flight->askers.first->patience <= none.learnt;
    note_returner(flight);
    struct verify_ask *impatient = askers_take_impatient(
        &flight->askers, first_leaves ? give_up_place(flight) : none.learnt);
    if (flight->askers.first == NULL)
        (void)take_down(flight);
    else if (first_leaves)
        wait_for_turn(flight);
    else
        set_patience(flight);
    askers_tell(impatient, &none);
    take_turns(verifier);
}

/* A flight with its first asker, on no chain yet. NULL: memory ends. */
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
    askers_begin(&flight->askers, ask);
    begin_with_first(flight);
    memcpy(flight->key, key, strlen(key) + 1);
    return flight;
}

static void join(struct flight *flight, struct verify_ask *ask)
{
    askers_add(&flight->askers, ask);
    if (flight->begun || flight->patience <= ask->patience)
        return;
    flight->patience = ask->patience;
    loop_timer_set(flight->timer, flight->patience);
}

/* Whether nobody waits, and nothing is lost if it comes to nothing: each
 * message of a sender whose pass is stale brings one. */
static bool is_refresh(const struct verify_ask *ask)
{
    return ask->anew && !ask->retry;
}

/* Have a flight begin. False, with the outcome: it cannot be. */
static bool begin_flight(struct verify_ask *ask, const char *key,
                         struct flight **link, enum callout_outcome *outcome)
{
    struct verifier *verifier = ask->verifier;
    struct flight *flight = new_flight(ask, key);
    if (flight == NULL) {
        *outcome = CALLOUT_INTERNAL;
        return false;
    }
    *link = flight;
    (void)atomic_fetch_add(&verifier->flights, 1);
    flight->due = due_of(flight);
    if (is_too_late(flight, ask)) {
        note_returner(flight);
        (void)take_down(flight);
        *outcome = CALLOUT_CAPACITY;
        return false;
    }
    verifier->askers++;
    wait_for_turn(flight);
    take_turns(verifier);
    return true;
}

bool flight_board(struct verify_ask *ask, const char *key,
                  enum callout_outcome *outcome)
{
    struct verifier *verifier = ask->verifier;
    struct flight **link = find(verifier, key);
    ask->next = NULL;
    if (*link != NULL && is_refresh(ask)) {
        ask->done(ask, NULL); /* the flight will do */
        return true;
    }
    if (verifier->askers >= ASKERS_MOST ||
        (*link == NULL && atomic_load(&verifier->flights) >= FLIGHTS_MOST) ||
        (*link != NULL && !(*link)->begun && is_too_late(*link, ask))) {
        *outcome = CALLOUT_CAPACITY;
        return false;
    }
    if (*link != NULL) {
        verifier->askers++;
        join(*link, ask);
        return true;
    }
    hearing_consider(verifier, &ask->settings, take_turns);
    if (!ask_leads_inside(ask) &&
        !wall_lets(&verifier->wall, verifier_now(verifier))) {
        *outcome = CALLOUT_WALLED_OFF;
        return false;
    }
    return begin_flight(ask, key, link, outcome);
}

void flights_cut(struct verifier *verifier)
{
    loop_timer_free(&verifier->pace);
    calls_cut(verifier);
    hearing_cut(verifier);
    for (size_t i = 0; i < CHAINS; i++) {
        for (struct flight *flight = verifier->chains[i], *next; flight != NULL;
             flight = next) {
            next = flight->next;
            askers_tell(take_down(flight), NULL);
        }
    }
}
