/* SPDX-License-Identifier: BSD-2-Clause */
/* call.c - a connection to the exchanger whose turn it is, by whichever of its
 * addresses is faster, and what is learnt from how it went */
#include "store/domains.h"
#include "verify/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define IMPOSSIBLE_SIZE 24 /* "nobody-", 16 digits, NUL */

/** A connection. It can outlive its flight: QUIT is not waited for. */
struct call {
    struct verifier *verifier;
    struct flight *flight;                   /* NULL once it was answered */
    size_t targets[CONNECTION_TARGETS_MOST]; /* of the flight's */
    struct turns_host *hosts[CONNECTION_TARGETS_MOST]; /* NULL: no more */
    size_t count;
    struct connection *connection;
    instant begun;
    struct call *next, **link;
};

static void let_go(struct call *call, size_t which)
{
    if (call->hosts[which] != NULL)
        turns_end(call->verifier->turns, call->hosts[which]);
    call->hosts[which] = NULL;
}

static void end_call(struct call *call)
{
    for (size_t i = 0; i < call->count; i++)
        let_go(call, i);
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    free(call);
}

/* Whether the time was too short to say anything of the host. */
static bool is_cut_short(const struct flight *flight,
                         const struct callout_answer *answer)
{
    return answer->trouble == CALLOUT_TROUBLE_TIMEOUT &&
           answer->learnt >= flight->deadline;
}

static void learn(const struct call *call, const struct callout_answer *answer)
{
    struct verifier *verifier = call->verifier;
    const struct verify_ask *ask = call->flight->askers;
    instant at = verifier_now(verifier);
    if (answer->outcome == CALLOUT_INTERNAL)
        verifier_log_fault(verifier,
                           "out of descriptors, ports or memory, or "
                           "`callout.bind` is not an address of this host");
    else if (callout_is_no_connection(answer))
        wall_missed(&verifier->wall, &answer->address, at);
    else
        wall_passed(&verifier->wall);
    domains_learn(verifier->callouts, ask->path.domain, answer, &ask->settings,
                  at);
    if (!is_cut_short(call->flight, answer))
        hosts_learn(verifier->hosts, answer, call->begun, at);
}

/* Whether the same exchanger is to be asked once more, otherwise: in the clear
 * when TLS has failed; by TLS when it will not be asked without, which is its
 * word if that fails. */
static bool is_to_be_met_anew(struct flight *flight,
                              const struct callout_answer *answer)
{
    if (flight->askers->settings.tls != CALLOUT_TLS_OPPORTUNISTIC ||
        flight->restarted)
        return false;
    if (answer->trouble == CALLOUT_TROUBLE_TLS) {
        flight->start = CALLOUT_START_CLEAR;
    } else if (answer->outcome == CALLOUT_NEEDS_TLS &&
               answer->tls == CALLOUT_TLS_NOT_USED) {
        flight->start = CALLOUT_START_TLS;
        flight_weigh(flight, answer);
    } else {
        return false;
    }
    flight->restarted = true;
    return true;
}

/* One address of the exchanger is out; the other one goes on. */
static void on_missed(void *context, size_t which,
                      const struct callout_answer *answer)
{
    struct call *call = context;
    let_go(call, which);
    if (answer != NULL) {
        learn(call, answer);
        flight_note_tried(call->flight, call->targets[which]);
        flight_weigh(call->flight, answer);
    }
    verifier_take_turns(call->verifier);
}

/* Which of the flight's targets has answered. */
static size_t target_of(const struct call *call, const struct address *address)
{
    const struct callout_target *targets = call->flight->askers->targets;
    size_t which = 0;
    while (which + 1 < call->count &&
           !address_equal(&targets[call->targets[which]].address, address))
        which++;
    return call->targets[which];
}

static void on_answered(void *context, const struct callout_answer *answer)
{
    struct call *call = context;
    struct flight *flight = call->flight;
    learn(call, answer);
    flight->target = target_of(call, &answer->address);
    call->flight = NULL;
    if (is_to_be_met_anew(flight, answer))
        flight_wait(flight);
    else
        flight_go_on(flight, answer);
    verifier_take_turns(call->verifier);
}

static void on_closed(void *context)
{
    struct call *call = context;
    struct verifier *verifier = call->verifier;
    end_call(call);
    verifier_take_turns(verifier);
}

/* A local part that nobody has: one in 2^64 might. False: the system gives no
 * randomness. */
static bool make_impossible(char local[IMPOSSIBLE_SIZE])
{
    uint64_t number;
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return false;
    (void)snprintf(local, IMPOSSIBLE_SIZE, "nobody-%016" PRIx64, number);
    return true;
}

/* What else is asked: what the settings want and is not known of the domain.
 */
static void fill_wishes(const struct flight *flight,
                        char impossible[IMPOSSIBLE_SIZE],
                        struct inquiry_wishes *wishes)
{
    struct verifier *verifier = flight->verifier;
    const struct verify_ask *ask = flight->askers;
    struct domains_open open;
    domains_look(verifier->callouts, ask->path.domain, &ask->settings,
                 verifier_now(verifier), &open);
    *wishes = (struct inquiry_wishes){.postmaster = open.has_postmaster,
                                      .no_bounces = open.no_bounces};
    if (open.accepts_anything && make_impossible(impossible))
        wishes->impossible = impossible;
    if (ask->settings.fallback[0] != '\0')
        wishes->fallback = ask->settings.fallback;
}

/* The target with which the flight's is tried side by side: of the same
 * exchanger, in the other family, to be met alike. The count: there is none. */
static size_t find_second(const struct flight *flight)
{
    const struct verify_ask *ask = flight->askers;
    const struct callout_target *first = &ask->targets[flight->target];
    struct hosts_advice advice;
    size_t i = 0;
    for (; i < ask->target_count; i++) {
        const struct callout_target *target = &ask->targets[i];
        if (i == flight->target || flight_has_tried(flight, i) ||
            strcmp(target->exchanger, first->exchanger) != 0 ||
            address_is_v4(&target->address) == address_is_v4(&first->address))
            continue;
        hosts_advise(flight->verifier->hosts, &target->address,
                     ask->settings.tls, verifier_now(flight->verifier),
                     &advice);
        if (!advice.leave && advice.start == flight->start)
            break;
    }
    return i;
}

static void add_target(struct call *call, size_t target,
                       struct turns_host *host)
{
    call->targets[call->count] = target;
    call->hosts[call->count++] = host;
}

/* The flight's target, and a second one if it has a turn. */
static void choose_targets(struct call *call)
{
    struct flight *flight = call->flight;
    const struct verify_ask *ask = flight->askers;
    size_t second = flight->restarted ? ask->target_count : find_second(flight);
    struct turns_host *host = NULL;
    add_target(call, flight->target, flight->turn.host);
    if (second < ask->target_count)
        host = turns_also(flight->verifier->turns,
                          &ask->targets[second].address, &flight->turn.terms);
    if (host != NULL)
        add_target(call, second, host);
}

/* NULL: memory ends. */
static struct connection *open_connection(struct call *call)
{
    const struct connection_owner owner = {on_missed, on_answered, on_closed,
                                           call};
    struct verifier *verifier = call->verifier;
    const struct flight *flight = call->flight;
    const struct verify_ask *ask = flight->askers;
    char impossible[IMPOSSIBLE_SIZE];
    struct connection_request request = {.count = call->count,
                                         .path = &ask->path,
                                         .settings = &ask->settings,
                                         .start = flight->start,
                                         .deadline = flight->deadline};
    for (size_t i = 0; i < call->count; i++)
        request.targets[i] = &ask->targets[call->targets[i]];
    fill_wishes(flight, impossible, &request.wishes);
    return connection_open(verifier->loop, verifier->tls, &request, &owner);
}

static void enlist(struct call *call)
{
    struct verifier *verifier = call->verifier;
    call->next = verifier->calls;
    call->link = &verifier->calls;
    if (call->next != NULL)
        call->next->link = &call->next;
    verifier->calls = call;
}

bool call_open(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    struct call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        turns_end(verifier->turns, flight->turn.host);
        return false;
    }
    call->verifier = verifier;
    call->flight = flight;
    call->begun = verifier_now(verifier);
    choose_targets(call);
    enlist(call);
    call->connection = open_connection(call);
    if (call->connection != NULL)
        return true;
    end_call(call);
    return false;
}

void calls_cut(struct verifier *verifier)
{
    for (struct call *call = verifier->calls, *next; call != NULL;
         call = next) {
        next = call->next;
        connection_cut(&call->connection);
        end_call(call);
    }
}
