/* SPDX-License-Identifier: BSD-2-Clause */
/* remembering.c - what lib/session does about a message's callout: take what is
 * kept and have what is stale verified again, or wait until reply-within */
#include "../bench.h"
#include "asking.h"
#include "simulation.h"
#include "verify/verifier.h"

#include <stdlib.h>

struct remembering {
    struct loop *loop;
    const struct policy *policy;
    struct verifier *verifier;
};

struct wait {
    struct verify_ask ask;   /* first: `done` gets back from it to us */
    struct message *message; /* NULL: it has been told that it must wait */
    struct loop_timer *timer;
    struct callout_target targets[CALLOUT_TARGETS_MOST];
};

static instant now(const struct remembering *remembering)
{
    return clock_now(loop_clock(remembering->loop));
}

struct remembering *remembering_new(struct loop *loop,
                                    const struct policy *policy)
{
    struct remembering *remembering = bench_alloc(1, sizeof(*remembering));
    char why[100];
    remembering->loop = loop;
    remembering->policy = policy;
    remembering->verifier =
        verifier_new(loop, policy->cache_bytes, why, sizeof(why));
    if (remembering->verifier == NULL)
        bench_fail(why, 0);
    return remembering;
}

static void fill_ask(const struct remembering *remembering,
                     struct message *message,
                     struct callout_target targets[CALLOUT_TARGETS_MOST],
                     struct verify_ask *ask)
{
    uint32_t within_ms = remembering->policy->reply_within_ms;
    ask->path = *message_path(message);
    ask->settings = remembering->policy->callout;
    ask->patience =
        instant_after_ms(now(remembering), within_ms - within_ms / 10);
    ask->targets = targets;
    ask->target_count = message_targets(message, targets);
}

static void end_waiting(struct wait *wait, const struct callout_answer *answer)
{
    struct message *message = wait->message;
    wait->message = NULL;
    loop_timer_free(&wait->timer);
    if (message != NULL)
        mail_answer(message, answer);
}

static void on_deadline(void *context)
{
    end_waiting(context, NULL);
}

static void on_done(struct verify_ask *ask, const struct callout_answer *answer)
{
    struct wait *wait = (struct wait *)ask;
    end_waiting(wait, answer);
    free(wait);
}

static void refresh(struct remembering *remembering, struct message *message)
{
    struct callout_target targets[CALLOUT_TARGETS_MOST];
    struct verify_ask like = {0};
    fill_ask(remembering, message, targets, &like);
    verifier_refresh(remembering->verifier, &like);
}

static void ask(void *context, struct message *message)
{
    struct remembering *remembering = context;
    struct callout_answer answer;
    bool stale;
    if (verifier_kept(remembering->verifier, message_path(message),
                      &remembering->policy->callout, &answer, &stale)) {
        if (stale)
            refresh(remembering, message);
        mail_answer(message, &answer);
        return;
    }
    struct wait *wait = bench_alloc(1, sizeof(*wait));
    fill_ask(remembering, message, wait->targets, &wait->ask);
    wait->ask.done = on_done;
    wait->message = message;
    wait->timer = loop_timer_new(remembering->loop, on_deadline, wait);
    loop_timer_set(wait->timer,
                   instant_after_ms(now(remembering),
                                    remembering->policy->reply_within_ms));
    verifier_ask(remembering->verifier, &wait->ask);
}

struct mail_verifier remembering_verifier(struct remembering *remembering)
{
    return (struct mail_verifier){ask, remembering};
}

void remembering_free(struct remembering **remembering)
{
    verifier_stop((*remembering)->verifier);
    simulation_run((*remembering)->loop, now(*remembering));
    verifier_free(&(*remembering)->verifier);
    free(*remembering);
    *remembering = NULL;
}
