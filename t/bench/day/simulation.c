/* SPDX-License-Identifier: BSD-2-Clause */
/* simulation.c - a heap of timers, the earliest on top, and a list of jobs */
#include "simulation.h"

#include "../bench.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#define NOT_SET    SIZE_MAX
#define FIRST_ROOM 1024

struct loop_timer {
    struct loop *loop;
    void (*fired)(void *context);
    void *context;
    instant at;
    uint64_t number; /* between equal instants, who was set first */
    size_t slot;     /* in the heap, or NOT_SET */
};

struct loop {
    struct clock clock;
    instant now;
    struct world *world;
    struct loop_job *jobs, **last_job;
    struct loop_timer **heap;
    size_t count, room;
    uint64_t numbers;
};

static instant simulated_now(void *context)
{
    const struct loop *loop = context;
    return loop->now;
}

static int64_t simulated_wall(void *context)
{
    return simulated_now(context) / 1000000;
}

struct loop *simulation_new(struct world *world, instant begin)
{
    struct loop *loop = bench_alloc(1, sizeof(*loop));
    loop->clock = (struct clock){simulated_now, simulated_wall, loop};
    loop->now = begin;
    loop->world = world;
    loop->last_job = &loop->jobs;
    return loop;
}

void simulation_free(struct loop **loop)
{
    assert((*loop)->count == 0 && (*loop)->jobs == NULL);
    free((*loop)->heap);
    free(*loop);
    *loop = NULL;
}

struct world *simulation_world(const struct loop *loop)
{
    return loop->world;
}

const struct clock *loop_clock(const struct loop *loop)
{
    return &loop->clock;
}

instant loop_heard(const struct loop *loop)
{
    return clock_now(loop_clock(loop));
}

/* For the library's sockets, of which none is opened here. */
struct event_base *loop_events(struct loop *loop)
{
    (void)loop;
    bench_fail("a simulated loop has no sockets", 0);
}

void loop_post(struct loop *loop, struct loop_job *job)
{
    job->next = NULL;
    *loop->last_job = job;
    loop->last_job = &job->next;
}

static void run_jobs(struct loop *loop)
{
    while (loop->jobs != NULL) {
        struct loop_job *job = loop->jobs;
        loop->jobs = job->next;
        if (loop->jobs == NULL)
            loop->last_job = &loop->jobs;
        job->run(job);
    }
}

static bool is_before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->at != b->at ? a->at < b->at : a->number < b->number;
}

static void put(struct loop *loop, size_t slot, struct loop_timer *timer)
{
    loop->heap[slot] = timer;
    timer->slot = slot;
}

static void sift_up(struct loop *loop, size_t slot, struct loop_timer *timer)
{
    while (slot > 0 && is_before(timer, loop->heap[(slot - 1) / 2])) {
        put(loop, slot, loop->heap[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    put(loop, slot, timer);
}

static void sift_down(struct loop *loop, size_t slot, struct loop_timer *timer)
{
    for (;;) {
        size_t child = 2 * slot + 1;
        if (child + 1 < loop->count &&
            is_before(loop->heap[child + 1], loop->heap[child]))
            child++;
        if (child >= loop->count || !is_before(loop->heap[child], timer))
            break;
        put(loop, slot, loop->heap[child]);
        slot = child;
    }
    put(loop, slot, timer);
}

/* The last one takes the free place, or one above or below it. */
static void take_out(struct loop_timer *timer)
{
    struct loop *loop = timer->loop;
    size_t slot = timer->slot;
    if (slot == NOT_SET)
        return;
    timer->slot = NOT_SET;
    struct loop_timer *last = loop->heap[--loop->count];
    if (last == timer)
        return;
    if (is_before(last, timer))
        sift_up(loop, slot, last);
    else
        sift_down(loop, slot, last);
}

static void make_room(struct loop *loop)
{
    if (loop->count < loop->room)
        return;
    loop->room = loop->room > 0 ? 2 * loop->room : FIRST_ROOM;
    void *heap = realloc(loop->heap, loop->room * sizeof(*loop->heap));
    if (heap == NULL)
        bench_fail("no memory", 0);
    loop->heap = heap;
}

struct loop_timer *loop_timer_new(struct loop *loop,
                                  void (*fired)(void *context), void *context)
{
    struct loop_timer *timer = bench_alloc(1, sizeof(*timer));
    *timer = (struct loop_timer){
        .loop = loop, .fired = fired, .context = context, .slot = NOT_SET};
    return timer;
}

void loop_timer_set(struct loop_timer *timer, instant at)
{
    struct loop *loop = timer->loop;
    take_out(timer);
    if (at == INSTANT_NEVER)
        return;
    make_room(loop);
    timer->at = at;
    timer->number = loop->numbers++;
    sift_up(loop, loop->count++, timer);
}

void loop_timer_free(struct loop_timer **timer)
{
    if (*timer == NULL)
        return;
    take_out(*timer);
    free(*timer);
    *timer = NULL;
}

void simulation_run(struct loop *loop, instant until)
{
    for (;;) {
        run_jobs(loop);
        if (loop->count == 0 || loop->heap[0]->at > until)
            break;
        struct loop_timer *timer = loop->heap[0];
        if (timer->at > loop->now)
            loop->now = timer->at;
        take_out(timer);
        timer->fired(timer->context);
    }
    loop->now = until;
}
