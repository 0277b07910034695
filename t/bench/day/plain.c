/* SPDX-License-Identifier: BSD-2-Clause */
/* plain.c - one callout a message, and nothing kept of it */
#include "../bench.h"
#include "asking.h"
#include "smtp/connection.h"
#include "smtp/meaning.h"

#include <stdlib.h>

/* How many of a domain's addresses are tried, and how many of those that can be
 * connected to (Postfix's smtp_mx_address_limit and smtp_mx_session_limit). */
#define ADDRESSES_MOST 5
#define SESSIONS_MOST  2

/** One callout. */
struct query {
    struct plain *plain;
    struct message *message;
    struct callout_target targets[CALLOUT_TARGETS_MOST];
    size_t target_count, target, sessions;
    instant deadline;
    struct callout_answer answer; /* that counts most so far */
};

static void on_answered(void *context, const struct callout_answer *answer);

/* The answer was all that the query was for. */
static void on_closed(void *context)
{
    (void)context;
}

/* In the clear, for no exchanger of the world wants it otherwise. */
static void call(struct query *query)
{
    const struct connection_owner owner = {NULL, on_answered, on_closed, query};
    const struct connection_request request = {
        .targets = {&query->targets[query->target]},
        .count = 1,
        .path = message_path(query->message),
        .settings = &query->plain->policy->callout,
        .start = CALLOUT_START_CLEAR,
        .deadline = query->deadline};
    if (connection_open(query->plain->loop, NULL, &request, &owner) == NULL)
        bench_fail("no callout", 0);
}

static bool has_next(const struct query *query,
                     const struct callout_answer *answer)
{
    return !smtp_outcome_is_final(answer->outcome) &&
           query->sessions < SESSIONS_MOST && query->target < ADDRESSES_MOST &&
           query->target < query->target_count &&
           clock_now(loop_clock(query->plain->loop)) < query->deadline;
}

static void on_answered(void *context, const struct callout_answer *answer)
{
    struct query *query = context;
    if (query->target == 0 || smtp_outcome_weight(answer->outcome) >
                                  smtp_outcome_weight(query->answer.outcome))
        query->answer = *answer;
    query->target++;
    if (!callout_is_no_connection(answer))
        query->sessions++;
    if (has_next(query, answer)) {
        call(query);
        return;
    }
    mail_answer(query->message, &query->answer);
    free(query);
}

static void ask(void *context, struct message *message)
{
    struct plain *plain = context;
    struct query *query = bench_alloc(1, sizeof(*query));
    query->plain = plain;
    query->message = message;
    query->target_count = message_targets(message, query->targets);
    query->deadline = instant_after_ms(clock_now(loop_clock(plain->loop)),
                                       plain->policy->callout.total_ms);
    call(query);
}

struct mail_verifier plain_verifier(struct plain *plain)
{
    return (struct mail_verifier){ask, plain};
}
