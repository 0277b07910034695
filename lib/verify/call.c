/* SPDX-License-Identifier: BSD-2-Clause */
/* call.c - a connection to the exchanger whose turn it is, by whichever of its
 * addresses is faster, and what is learnt from how it went */
#include "verify/call.h"

#include "store/domains.h"
#include "verify/hearing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPOSSIBLE_SIZE 24 /* "nobody-", 16 digits, NUL */

/** A connection. Its QUIT is not waited for. */
struct call {
    struct verifier *verifier;
    struct call_owner owner;
    struct call_request request; /* a host is NULL whose turn is over */
    struct connection *connection;
    instant begun;
    struct call *next, **link;
};

static void let_go(struct call *call, size_t which)
{
    struct turns_host **host = &call->request.hosts[which];
    if (*host != NULL)
        turns_end(call->verifier->turns, *host);
    *host = NULL;
}

static void end_call(struct call *call)
{
    for (size_t i = 0; i < call->request.count; i++)
        let_go(call, i);
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    free(call);
}

/* Whether the time was too short to say anything of the host. */
static bool is_cut_short(const struct call *call,
                         const struct callout_answer *answer)
{
    return answer->trouble == CALLOUT_TROUBLE_TIMEOUT &&
           answer->learnt >= call->request.deadline;
}

/* Whether it is our own way out that is shut, and no host to blame. */
static bool is_walled_off(const struct call *call,
                          const struct callout_target *target,
                          const struct callout_answer *answer)
{
    return call->verifier->wall.stands && !target->inside &&
           callout_is_no_connection(answer);
}

static void note_missed(const struct call *call,
                        const struct callout_target *target)
{
    struct verifier *verifier = call->verifier;
    wall_missed(&verifier->wall, &target->address, verifier_now(verifier));
    hearing_consider(verifier, &call->request.ask->settings,
                     call->owner.turn_is_free);
}

/* What a host that is outside shows of our way there. One that has talked with
 * us may be a witness of it. */
static void learn_of_wall(const struct call *call,
                          const struct callout_target *target,
                          const struct callout_answer *answer)
{
    struct verifier *verifier = call->verifier;
    if (callout_is_no_connection(answer)) {
        note_missed(call, target);
        return;
    }
    wall_passed(&verifier->wall);
    if (answer->code != 0 && answer->stage >= CALLOUT_AT_MAIL)
        witnesses_hear(&verifier->witnesses, target, verifier_now(verifier));
}

static void learn(const struct call *call, const struct callout_target *target,
                  const struct callout_answer *answer)
{
    struct verifier *verifier = call->verifier;
    const struct verify_ask *ask = call->request.ask;
    instant at = verifier_now(verifier);
    if (answer->outcome == CALLOUT_INTERNAL)
        verifier_log_fault(verifier,
                           "out of descriptors, ports or memory, or "
                           "`callout.bind` is not an address of this host");
    else if (!target->inside)
        learn_of_wall(call, target, answer);
    domains_learn(verifier->callouts, ask->path.domain, answer, &ask->settings,
                  at);
    if (!is_cut_short(call, answer) && !is_walled_off(call, target, answer))
        hosts_learn(verifier->hosts, answer, call->begun, at);
}

/* One address of the exchanger is out; the other one goes on. */
static void on_missed(void *context, size_t which,
                      const struct callout_answer *answer)
{
    struct call *call = context;
    let_go(call, which);
    if (answer != NULL) {
        size_t target = call->request.targets[which];
        learn(call, &call->request.ask->targets[target], answer);
        call->owner.missed(call->owner.context, target, answer);
    }
    call->owner.turn_is_free(call->verifier);
}

/* Which of the asker's targets has answered. */
static size_t target_of(const struct call *call, const struct address *address)
{
    const struct call_request *request = &call->request;
    const struct callout_target *targets = request->ask->targets;
    size_t which = 0;
    while (which + 1 < request->count &&
           !address_equal(&targets[request->targets[which]].address, address))
        which++;
    return request->targets[which];
}

static void on_answered(void *context, const struct callout_answer *answer)
{
    struct call *call = context;
    size_t target = target_of(call, &answer->address);
    learn(call, &call->request.ask->targets[target], answer);
    call->request.ask = NULL; /* he may be told, and end with it */
    call->owner.answered(call->owner.context, target, answer);
    call->owner.turn_is_free(call->verifier);
}

static void on_closed(void *context)
{
    struct call *call = context;
    struct verifier *verifier = call->verifier;
    const struct call_owner owner = call->owner;
    end_call(call);
    owner.turn_is_free(verifier);
}

/* A local part that nobody has: one in 2^64 might. It is always the same for a
 * domain, for who is greylisted is known again by it. */
static void make_impossible(const struct call *call,
                            char local[IMPOSSIBLE_SIZE])
{
    const struct hash_key *key = &call->verifier->hash_key;
    const char *domain = call->request.ask->path.domain;
    uint64_t number = hash_octets(key, span_of(domain));
    (void)snprintf(local, IMPOSSIBLE_SIZE, "nobody-%016" PRIx64, number);
}

/* What else is asked: what the settings want and is not known of the domain.
 */
static void fill_wishes(const struct call *call,
                        char impossible[IMPOSSIBLE_SIZE],
                        struct inquiry_wishes *wishes)
{
    struct verifier *verifier = call->verifier;
    const struct verify_ask *ask = call->request.ask;
    struct domains_open open;
    domains_look(verifier->callouts, ask->path.domain, &ask->settings,
                 verifier_now(verifier), &open);
    *wishes = (struct inquiry_wishes){.postmaster = open.has_postmaster,
                                      .no_bounces = open.no_bounces};
    if (open.accepts_anything) {
        make_impossible(call, impossible);
        wishes->impossible = impossible;
    }
    if (ask->settings.fallback[0] != '\0')
        wishes->fallback = ask->settings.fallback;
}

/* NULL: memory ends. */
static struct connection *open_connection(struct call *call)
{
    const struct connection_owner owner = {on_missed, on_answered, on_closed,
                                           call};
    const struct call_request *request = &call->request;
    const struct verify_ask *ask = request->ask;
    char impossible[IMPOSSIBLE_SIZE];
    struct connection_request wanted = {.count = request->count,
                                        .path = &ask->path,
                                        .settings = &ask->settings,
                                        .start = request->start,
                                        .deadline = request->deadline};
    for (size_t i = 0; i < request->count; i++)
        wanted.targets[i] = &ask->targets[request->targets[i]];
    fill_wishes(call, impossible, &wanted.wishes);
    return connection_open(call->verifier->loop, call->verifier->tls, &wanted,
                           &owner);
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

bool call_open(struct verifier *verifier, const struct call_request *request,
               const struct call_owner *owner)
{
    struct call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        for (size_t i = 0; i < request->count; i++)
            turns_end(verifier->turns, request->hosts[i]);
        return false;
    }
    call->verifier = verifier;
    call->owner = *owner;
    call->request = *request;
    call->begun = verifier_now(verifier);
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
