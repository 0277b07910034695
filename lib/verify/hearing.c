/* SPDX-License-Identifier: BSD-2-Clause */
/* hearing.c - the look-up of the host that is named, calls side by side, and
 * what they show together */
#include "verify/hearing.h"

#include "dns/batch.h"
#include "smtp/connection.h"

#include <stdlib.h>
#include <string.h>

#define CALLS_MOST (HEARING_REMEMBERED + 1)
#define TEXT_SIZE  1200 /* the log takes 2047 octets a line */
#define GREETS     220

/** A call to one host; by two addresses, if it is the one that is named. */
struct hearing_call {
    struct hearing *hearing;
    struct connection *connection; /* NULL once it is closed */
    struct callout_target targets[CONNECTION_TARGETS_MOST];
    struct turns_host *hosts[CONNECTION_TARGETS_MOST];
    size_t count;
    bool named;
    bool dead; /* it could not be connected to */
};

struct hearing {
    struct verifier *verifier;
    struct callout_settings settings;
    void (*turn_is_free)(struct verifier *verifier);
    struct dns_batch *batch; /* NULL: nothing is looked up */
    struct hearing_call calls[CALLS_MOST];
    size_t count;
    size_t open; /* look-up, calls, and whoever begins them; 0: no hearing */
    bool passes; /* one of the hosts */
    struct text text; /* who was tried, and how that went */
    char buffer[TEXT_SIZE];
};

struct hearing *hearing_new(struct verifier *verifier)
{
    struct hearing *hearing = calloc(1, sizeof(*hearing));
    if (hearing != NULL)
        hearing->verifier = verifier;
    return hearing;
}

void hearing_free(struct hearing **hearing)
{
    free(*hearing);
    *hearing = NULL;
}

static void add_comma(struct hearing *hearing)
{
    if (hearing->text.length > 0)
        text_add(&hearing->text, ", ");
}

static void add_host(struct hearing *hearing, const char *host,
                     const struct address *address)
{
    char written[ADDRESS_TEXT_SIZE];
    add_comma(hearing);
    text_add_outside(&hearing->text, span_of(host));
    text_addf(&hearing->text, " [%s] ", address_format(address, written));
}

/* The one that is named is of no use. */
static void note_useless(struct hearing *hearing, const char *what,
                         const char *why)
{
    add_comma(hearing);
    text_addf(&hearing->text, "%s %s%s", hearing->settings.witness, what, why);
}

/* Those that are dead, while others are not, are no witnesses any more. */
static void forget_dead(const struct hearing *hearing)
{
    for (size_t i = 0; i < hearing->count; i++)
        if (hearing->calls[i].dead && !hearing->calls[i].named)
            witnesses_forget(&hearing->verifier->witnesses,
                             &hearing->calls[i].targets[0].address);
}

static void tell(struct hearing *hearing, enum wall_proof proof)
{
    wall_heard(&hearing->verifier->wall, proof, hearing->buffer,
               verifier_now(hearing->verifier));
}

/* Whether enough are dead: one exchanger may have been a stranger's. */
static bool shows_shut(const struct hearing *hearing)
{
    size_t dead = 0;
    for (size_t i = 0; i < hearing->count; i++) {
        if (hearing->calls[i].dead && hearing->calls[i].named)
            return true;
        dead += hearing->calls[i].dead ? 1 : 0;
    }
    return dead >= HEARING_SHUT;
}

static void conclude(struct hearing *hearing)
{
    if (hearing->passes)
        forget_dead(hearing); /* the wall knows */
    else
        tell(hearing, shows_shut(hearing) ? WALL_PROOF_SHUT : WALL_PROOF_NONE);
}

/* One thing less is under way. */
static void leave(struct hearing *hearing)
{
    if (--hearing->open == 0)
        conclude(hearing);
}

static void note_greeting(struct hearing *hearing,
                          const struct callout_answer *answer)
{
    if (answer->outcome == CALLOUT_INTERNAL)
        text_add(&hearing->text, "could not be called by a fault of ours");
    else if (answer->code != 0)
        text_addf(&hearing->text, "greets with %u", (unsigned)answer->code);
    else
        text_add(&hearing->text, "was connected to, but did not greet");
}

static void on_missed(void *context, size_t which,
                      const struct callout_answer *answer)
{
    (void)context;
    (void)which;
    (void)answer; /* of the other address comes the last word */
}

static void on_answered(void *context, const struct callout_answer *answer)
{
    struct hearing_call *call = context;
    struct hearing *hearing = call->hearing;
    bool greets = answer->code == GREETS;
    add_host(hearing, answer->exchanger, &answer->address);
    call->dead = callout_is_no_connection(answer);
    if (call->dead) {
        text_add(&hearing->text, "could not be connected to");
        return;
    }
    note_greeting(hearing, answer);
    if (answer->outcome == CALLOUT_INTERNAL || (call->named && !greets))
        return;
    if (!call->named && greets)
        witnesses_hear(&hearing->verifier->witnesses, &call->targets[0],
                       verifier_now(hearing->verifier));
    hearing->passes = true;
    tell(hearing, WALL_PROOF_PASSES); /* it need not wait for the others */
}

static void let_go(struct hearing_call *call)
{
    for (size_t i = 0; i < call->count; i++)
        turns_end(call->hearing->verifier->turns, call->hosts[i]);
    call->count = 0;
}

static void on_closed(void *context)
{
    struct hearing_call *call = context;
    struct hearing *hearing = call->hearing;
    call->connection = NULL;
    let_go(call);
    leave(hearing);
    hearing->turn_is_free(hearing->verifier);
}

/* Take turns for those of the targets that have one; how many. */
static size_t take_turns_for(struct hearing_call *call,
                             const struct callout_target *targets, size_t count)
{
    struct hearing *hearing = call->hearing;
    const struct turn_terms terms = {
        .most = UINT32_MAX, .most_per_host = hearing->settings.most_per_host};
    for (size_t i = 0; i < count; i++) {
        struct turns_host *host =
            turns_also(hearing->verifier->turns, &targets[i].address, &terms);
        if (host == NULL)
            continue;
        call->hosts[call->count] = host;
        call->targets[call->count++] = targets[i];
    }
    return call->count;
}

/* NULL: memory ends. */
static struct connection *open_connection(struct hearing_call *call)
{
    struct hearing *hearing = call->hearing;
    struct verifier *verifier = hearing->verifier;
    const struct connection_owner owner = {on_missed, on_answered, on_closed,
                                           call};
    struct connection_request request = {
        .count = call->count,
        .settings = &hearing->settings,
        .deadline = instant_after_s(verifier_now(verifier), HEARING_CALL_S)};
    for (size_t i = 0; i < call->count; i++)
        request.targets[i] = &call->targets[i];
    return connection_open(verifier->loop, verifier->tls, &request, &owner);
}

/* Call a host. False: it has all its calls, or memory ends. */
static bool call_host(struct hearing *hearing,
                      const struct callout_target *targets, size_t count,
                      bool named)
{
    struct hearing_call *call = &hearing->calls[hearing->count];
    *call = (struct hearing_call){.hearing = hearing, .named = named};
    if (take_turns_for(call, targets, count) == 0)
        return false;
    call->connection = open_connection(call);
    if (call->connection == NULL) {
        let_go(call);
        return false;
    }
    hearing->count++;
    hearing->open++;
    return true;
}

static void call_remembered(struct hearing *hearing)
{
    struct verifier *verifier = hearing->verifier;
    const struct witnesses *witnesses = &verifier->witnesses;
    size_t order[WITNESSES_MOST], called = 0;
    const instant at = verifier_now(verifier);
    const struct span seed = {(const char *)&at, sizeof(at)};
    size_t count =
        witnesses_order(witnesses, verifier->wall.since,
                        hash_octets(&verifier->hash_key, seed), order);
    for (size_t i = 0; i < count && called < HEARING_REMEMBERED; i++)
        called += call_host(hearing, &witnesses->at[order[i]].target, 1, false)
                      ? 1
                      : 0;
    if (count > 0 && called > 0)
        return;
    add_comma(hearing);
    text_add(&hearing->text, count == 0
                                 ? "no exchanger has answered in the last day"
                                 : "those that have answered are being called");
}

/* The first address of the answer that is outside. */
static size_t add_target(const struct hearing *hearing,
                         const struct dns_answer *answer,
                         struct callout_target *target)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (address_is_reserved(&answer->addresses[i]))
            continue;
        memcpy(target->exchanger, hearing->settings.witness, NAME_SIZE);
        target->address = answer->addresses[i];
        return 1;
    }
    return 0;
}

static void call_named(struct hearing *hearing, const struct dns_answer *v4,
                       const struct dns_answer *v6)
{
    struct callout_target targets[CONNECTION_TARGETS_MOST];
    size_t count = add_target(hearing, v4, &targets[0]);
    count += add_target(hearing, v6, &targets[count]);
    const struct dns_answer *troubled = v4->status == DNS_TEMPERROR ? v4 : v6;
    if (count > 0 && !call_host(hearing, targets, count, true))
        note_useless(hearing, "is being called", "");
    else if (count == 0 && troubled->status == DNS_TEMPERROR)
        note_useless(hearing, "could not be looked up: ",
                     dns_trouble_text(troubled->trouble));
    else if (count == 0)
        note_useless(hearing, "has no public address", "");
}

static void look_up(struct hearing *hearing)
{
    const char *name = hearing->settings.witness;
    const struct dns_answer *v4 = dns_batch_want(hearing->batch, name, DNS_A);
    const struct dns_answer *v6 =
        dns_batch_want(hearing->batch, name, DNS_AAAA);
    (void)dns_batch_send(hearing->batch);
    if (v4 == NULL || v6 == NULL)
        return;
    call_named(hearing, v4, v6);
    dns_batch_free(&hearing->batch);
    leave(hearing);
}

/* Answers to a batch that was dropped arrive nevertheless. */
static void on_arrived(void *context)
{
    struct hearing *hearing = context;
    if (hearing->batch != NULL)
        look_up(hearing);
}

static void find_named(struct hearing *hearing)
{
    struct verifier *verifier = hearing->verifier;
    if (hearing->settings.witness[0] == '\0' || verifier->resolver == NULL)
        return;
    hearing->batch =
        dns_batch_new(verifier->resolver, NULL,
                      instant_after_s(verifier_now(verifier), HEARING_LOOKUP_S),
                      on_arrived, hearing);
    if (hearing->batch == NULL) {
        note_useless(hearing, "could not be looked up: ", "out of memory");
        return;
    }
    hearing->open++;
    look_up(hearing);
}

void hearing_consider(struct verifier *verifier,
                      const struct callout_settings *settings,
                      void (*turn_is_free)(struct verifier *verifier))
{
    struct hearing *hearing = verifier->hearing;
    if (hearing->open > 0 ||
        !wall_wants_hearing(&verifier->wall, verifier_now(verifier)))
        return;
    hearing->settings = *settings;
    hearing->turn_is_free = turn_is_free;
    hearing->count = 0;
    hearing->passes = false;
    text_begin(&hearing->text, hearing->buffer, sizeof(hearing->buffer));
    hearing->open = 1;
    find_named(hearing);
    call_remembered(hearing);
    leave(hearing);
}

void hearing_cut(struct verifier *verifier)
{
    struct hearing *hearing = verifier->hearing;
    dns_batch_free(&hearing->batch);
    for (size_t i = 0; i < hearing->count; i++) {
        if (hearing->calls[i].connection == NULL)
            continue;
        connection_cut(&hearing->calls[i].connection);
        let_go(&hearing->calls[i]);
    }
    hearing->count = 0;
    hearing->open = 0;
}
