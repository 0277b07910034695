/* SPDX-License-Identifier: BSD-2-Clause */
/* attempts.c - connecting (smtp/attempts.h) to the world's hosts: each attempt
 * knows from its beginning how and when it will end */
#include "smtp/attempts.h"

#include "../bench.h"
#include "simulation.h"
#include "visit.h"

#include <stdlib.h>

#define NO_SOCKET (-1)

struct attempt {
    bool over;
    enum callout_trouble trouble; /* NONE: it connects */
    instant due;
};

struct attempts {
    struct loop *loop;
    struct attempts_owner owner;
    struct attempts_request request;
    struct attempt at[ATTEMPTS_MOST];
    size_t begun, over;
    instant next; /* the next attempt, if any is left */
    struct loop_timer *timer;
};

void attempts_cut(struct attempts **attempts)
{
    if (*attempts == NULL)
        return;
    loop_timer_free(&(*attempts)->timer);
    free(*attempts);
    *attempts = NULL;
}

static enum callout_trouble trouble_with(const struct host *host)
{
    switch (host->door) {
    case HOST_OPEN:
        break;
    case HOST_REFUSES:
        return CALLOUT_TROUBLE_REFUSED;
    case HOST_IS_DEAD:
        return CALLOUT_TROUBLE_TIMEOUT;
    }
    return CALLOUT_TROUBLE_NONE;
}

static void begin_attempt(struct attempts *attempts)
{
    const struct attempts_request *request = &attempts->request;
    struct host *host = world_host(simulation_world(attempts->loop),
                                   &request->addresses[attempts->begun]);
    struct attempt *attempt = &attempts->at[attempts->begun++];
    instant at = clock_now(loop_clock(attempts->loop));
    instant late = instant_after_ms(at, request->each_ms);
    if (late > request->deadline)
        late = request->deadline;
    visit_knock(host, at);
    attempt->trouble = trouble_with(host);
    attempt->due = instant_after_ms(at, host->turn_ms);
    if (attempt->trouble == CALLOUT_TROUBLE_TIMEOUT || attempt->due > late) {
        attempt->trouble = CALLOUT_TROUBLE_TIMEOUT;
        attempt->due = late;
    }
    attempts->next = instant_after_ms(at, ATTEMPT_DELAY_MS);
}

static void set_timer(struct attempts *attempts)
{
    instant due = INSTANT_NEVER;
    for (size_t i = 0; i < attempts->begun; i++)
        if (!attempts->at[i].over && attempts->at[i].due < due)
            due = attempts->at[i].due;
    if (attempts->begun < attempts->request.count && attempts->next < due)
        due = attempts->next;
    loop_timer_set(attempts->timer, due);
}

/* Tell how the attempt has ended. False: it was the last word. */
static bool end(struct attempts *attempts, size_t which)
{
    const struct attempts_owner *owner = &attempts->owner;
    const struct attempt *attempt = &attempts->at[which];
    const struct attempt_failure failure = {
        CALLOUT_UNREACHABLE, attempt->trouble, CALLOUT_AT_CONNECT, FAULT_NONE};
    const struct address local = {{0}};
    attempts->at[which].over = true;
    attempts->over++;
    bool connects = attempt->trouble == CALLOUT_TROUBLE_NONE;
    bool more = !connects && attempts->over < attempts->request.count;
    if (connects)
        owner->connected(owner->context, which, NO_SOCKET, &local);
    else
        owner->failed(owner->context, which, failure);
    return more;
}

static void on_timer(void *context)
{
    struct attempts *attempts = context;
    instant at = clock_now(loop_clock(attempts->loop));
    for (size_t i = 0; i < attempts->begun; i++) {
        const struct attempt *attempt = &attempts->at[i];
        if (!attempt->over && attempt->due <= at && !end(attempts, i))
            return;
    }
    if (attempts->begun < attempts->request.count &&
        (attempts->next <= at || attempts->over == attempts->begun))
        begin_attempt(attempts);
    set_timer(attempts);
}

struct attempts *attempts_begin(struct loop *loop,
                                const struct attempts_request *request,
                                const struct attempts_owner *owner)
{
    struct attempts *attempts = bench_alloc(1, sizeof(*attempts));
    attempts->loop = loop;
    attempts->request = *request;
    attempts->owner = *owner;
    attempts->timer = loop_timer_new(loop, on_timer, attempts);
    begin_attempt(attempts);
    set_timer(attempts);
    return attempts;
}
