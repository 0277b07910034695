/* SPDX-License-Identifier: BSD-2-Clause */
/* background.c - addresses that are verified while nobody waits: those whose
 * pass is stale, and once those whose exchanger has put us off */
#include "verify/parts.h"

#include <stdlib.h>
#include <string.h>

/** Exchangers put us off for so long when they do not say for how long. */
#define RETRY_S 300

/** Of those who wait for the time of their retry, kilobytes each. */
#define RETRIES_MOST 2000

/** An asker who asks for the sake of those who come later. */
struct background {
    struct verify_ask ask;           /* first: `done` gets back from it to us */
    struct loop_timer *timer;        /* NULL once it has asked */
    struct background *next, **link; /* of those with a timer */
    struct callout_target targets[];
};

/* What is learnt is kept; there is nobody to be told. */
static void end(struct verify_ask *ask, const struct callout_answer *answer)
{
    struct background *background = (struct background *)ask;
    (void)answer;
    free(background);
}

/* NULL: memory ends. */
static struct background *new_background(struct verifier *verifier,
                                         const struct verify_ask *like)
{
    size_t size = like->target_count * sizeof(*like->targets);
    struct background *background = calloc(1, sizeof(*background) + size);
    if (background == NULL)
        return NULL;
    background->ask = *like;
    if (size > 0)
        memcpy(background->targets, like->targets, size);
    background->ask.targets = background->targets;
    background->ask.verifier = verifier;
    background->ask.anew = true;
    background->ask.done = end;
    return background;
}

static void ask(struct background *background)
{
    struct verify_ask *wish = &background->ask;
    wish->patience =
        instant_after_ms(verifier_now(wish->verifier), wish->settings.total_ms);
    verifier_ask(wish->verifier, wish);
}

void verifier_refresh(struct verifier *verifier, const struct verify_ask *like)
{
    struct background *background = new_background(verifier, like);
    if (background != NULL)
        ask(background);
}

static void leave_list(struct background *retry)
{
    struct verifier *verifier = retry->ask.verifier;
    loop_timer_free(&retry->timer);
    verifier->retry_count--;
    *retry->link = retry->next;
    if (retry->next != NULL)
        retry->next->link = retry->link;
}

static void on_time(void *context)
{
    struct background *retry = context;
    leave_list(retry);
    ask(retry);
}

uint16_t retry_after_s(const struct verifier *verifier,
                       const struct verify_ask *ask,
                       const struct callout_answer *answer)
{
    if (answer->outcome != CALLOUT_GREYLISTED || ask->retry ||
        verifier->retry_count >= RETRIES_MOST)
        return 0;
    return answer->retry_after_s > 0 ? answer->retry_after_s : RETRY_S;
}

void retry_plan(struct verifier *verifier, const struct verify_ask *like,
                uint32_t after_s)
{
    struct background *retry = new_background(verifier, like);
    if (retry == NULL)
        return;
    retry->timer = loop_timer_new(verifier->loop, on_time, retry);
    if (retry->timer == NULL) {
        free(retry);
        return;
    }
    retry->ask.retry = true;
    retry->next = verifier->retries;
    retry->link = &verifier->retries;
    if (retry->next != NULL)
        retry->next->link = &retry->next;
    verifier->retries = retry;
    verifier->retry_count++;
    loop_timer_set(retry->timer,
                   instant_after_s(verifier_now(verifier), after_s));
}

void retries_drop(struct verifier *verifier)
{
    for (struct background *retry = verifier->retries, *next; retry != NULL;
         retry = next) {
        next = retry->next;
        leave_list(retry);
        free(retry);
    }
}
