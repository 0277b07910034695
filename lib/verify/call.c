/* SPDX-License-Identifier: BSD-2-Clause */
/* call.c - a connection to the exchanger whose turn it is, and what is learnt
 * from how it went, whoever was asked about */
#include "store/domains.h"
#include "verify/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define IMPOSSIBLE_SIZE 24 /* "nobody-", 16 digits, NUL */

/** A connection. It can outlive its flight: QUIT is not waited for. */
struct call {
    struct verifier *verifier;
    struct flight *flight; /* NULL once it was answered */
    struct turns_host *host;
    struct connection *connection;
    instant begun;
    struct call *next, **link;
};

static void end_call(struct call *call)
{
    turns_end(call->verifier->turns, call->host);
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

static void on_answered(void *context, const struct callout_answer *answer)
{
    struct call *call = context;
    struct flight *flight = call->flight;
    learn(call, answer);
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

bool call_open(struct flight *flight)
{
    struct verifier *verifier = flight->verifier;
    const struct verify_ask *ask = flight->askers;
    struct call *call = calloc(1, sizeof(*call));
    if (call == NULL)
        return false;
    char impossible[IMPOSSIBLE_SIZE];
    struct connection_request request = {.target =
                                             &ask->targets[flight->target],
                                         .path = &ask->path,
                                         .settings = &ask->settings,
                                         .start = flight->start,
                                         .deadline = flight->deadline};
    fill_wishes(flight, impossible, &request.wishes);
    const struct connection_owner owner = {on_answered, on_closed, call};
    call->connection =
        connection_open(verifier->loop, verifier->tls, &request, &owner);
    if (call->connection == NULL) {
        free(call);
        return false;
    }
    call->verifier = verifier;
    call->flight = flight;
    call->host = flight->turn.host;
    call->begun = verifier_now(verifier);
    call->next = verifier->calls;
    call->link = &verifier->calls;
    if (call->next != NULL)
        call->next->link = &call->next;
    verifier->calls = call;
    return true;
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
