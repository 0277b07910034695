/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.c - the loop's thread, its queue of jobs and its timers. Libevent waits
 * for sockets; the timers are ours, so that they go by the loop's clock, which
 * tests replace, and so that setting one cannot fail. */
#include "loop/loop.h"

#include "base/log.h"
#include "base/thread.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>

/** The loop wakes at least so often; in between nothing depends on it. */
#define SLEEP_MOST_MS 3600000

struct loop_timer {
    struct loop *loop;
    instant at;
    uint64_t order; /* how many were set before it, ever */
    size_t place;   /* in the heap, counted from 1; 0: not set */
    void (*fired)(void *context);
    void *context;
};

struct loop {
    const struct clock *clock;
    struct event_base *base;
    struct event *wake;  /* made active by the first job of a queue */
    struct event *alarm; /* pending until the next timer is due */

    /* The thread that calls loop_stop and loop_free alone. */
    pthread_t thread;
    bool started;

    /* The loop's thread alone. */
    bool stopping;
    struct loop_timer **heap; /* by time, the root at 1 */
    size_t heap_size;         /* room for every timer there is */
    size_t timers, set;
    uint64_t sets; /* ever */
    instant now;   /* when timers were last looked after */
    struct loop_job stop;
    struct loop_job *taken, **taken_last; /* from the queue, to be run in this
                                             turn or the next ones */
    instant heard;

    pthread_mutex_t lock; /* of the queue; nothing else is locked under it
                             but libevent's own */
    struct loop_job *first, **last;
};

/* The events only wake the loop: jobs and timers are looked after in each
 * turn. */
static void do_nothing(evutil_socket_t socket, short what, void *context)
{
    (void)socket;
    (void)what;
    (void)context;
}

/* What libevent has to say goes where all we say goes. */
static void say(int severity, const char *words)
{
    log_line(severity >= EVENT_LOG_WARN ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG,
             "libevent: %s", words);
}

static bool make_events(struct loop *loop)
{
    event_set_log_callback(say);
    if (evthread_use_pthreads() != 0)
        return false;
    loop->base = event_base_new();
    if (loop->base == NULL)
        return false;
    loop->wake = event_new(loop->base, -1, 0, do_nothing, NULL);
    loop->alarm = event_new(loop->base, -1, 0, do_nothing, NULL);
    return loop->wake != NULL && loop->alarm != NULL;
}

static void free_events(struct loop *loop)
{
    if (loop->alarm != NULL)
        event_free(loop->alarm);
    if (loop->wake != NULL)
        event_free(loop->wake);
    if (loop->base != NULL)
        event_base_free(loop->base);
}

struct loop *loop_new(const struct clock *clock)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL)
        return NULL;
    loop->clock = clock;
    loop->heard = clock_now(clock);
    loop->last = &loop->first;
    loop->taken_last = &loop->taken;
    if (make_events(loop) && pthread_mutex_init(&loop->lock, NULL) == 0)
        return loop;
    free_events(loop);
    free(loop);
    return NULL;
}

struct event_base *loop_events(struct loop *loop)
{
    return loop->base;
}

const struct clock *loop_clock(const struct loop *loop)
{
    return loop->clock;
}

void loop_post(struct loop *loop, struct loop_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&loop->lock);
    bool first = loop->first == NULL;
    *loop->last = job;
    loop->last = &job->next;
    /* Under the lock: once it is released the job may run, and with it end
     * what keeps the loop alive. */
    if (first)
        event_active(loop->wake, 0, 0);
    pthread_mutex_unlock(&loop->lock);
}

/* What was posted is behind what waits already. All of it: only the first job
 * of a queue wakes the loop. */
static void take_jobs(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    if (loop->first != NULL) {
        *loop->taken_last = loop->first;
        loop->taken_last = loop->last;
        loop->first = NULL;
        loop->last = &loop->first;
    }
    pthread_mutex_unlock(&loop->lock);
}

/* Run what is queued now, but not so much that sockets and timers have to wait
 * for long; what these jobs post has to wait, so that they cannot starve them
 * either. True when there was anything. */
static bool run_jobs(struct loop *loop)
{
    take_jobs(loop);
    bool any = loop->taken != NULL;
    for (size_t i = 0; i < LOOP_JOBS_A_TURN && loop->taken != NULL; i++) {
        struct loop_job *job = loop->taken;
        loop->taken = job->next;
        if (loop->taken == NULL)
            loop->taken_last = &loop->taken;
        job->run(job);
    }
    if (loop->taken != NULL)
        event_active(loop->wake, 0, 0);
    return any;
}

static void put_at(struct loop *loop, size_t place, struct loop_timer *timer)
{
    loop->heap[place] = timer;
    timer->place = place;
}

static bool is_before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void move_up(struct loop *loop, struct loop_timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && is_before(timer, loop->heap[place / 2])) {
        put_at(loop, place, loop->heap[place / 2]);
        place /= 2;
    }
    put_at(loop, place, timer);
}

static void move_down(struct loop *loop, struct loop_timer *timer)
{
    size_t place = timer->place;
    for (;;) {
        size_t child = 2 * place;
        if (child < loop->set &&
            is_before(loop->heap[child + 1], loop->heap[child]))
            child++;
        if (child > loop->set || is_before(timer, loop->heap[child]))
            break;
        put_at(loop, place, loop->heap[child]);
        place = child;
    }
    put_at(loop, place, timer);
}

static void unset(struct loop_timer *timer)
{
    struct loop *loop = timer->loop;
    if (timer->place == 0)
        return;
    struct loop_timer *last = loop->heap[loop->set--];
    if (last != timer) {
        put_at(loop, timer->place, last);
        move_up(loop, last);
        move_down(loop, last);
    }
    timer->place = 0;
}

void loop_timer_set(struct loop_timer *timer, instant at)
{
    struct loop *loop = timer->loop;
    unset(timer);
    if (at == INSTANT_NEVER)
        return;
    /* Into the past means next, but not before those who wait already. */
    timer->at = at < loop->now ? loop->now : at;
    timer->order = loop->sets++;
    put_at(loop, ++loop->set, timer);
    move_up(loop, timer);
}

/* Room for one more timer, and for the unused place 0. */
static bool grow_heap(struct loop *loop)
{
    if (loop->timers + 1 < loop->heap_size)
        return true;
    size_t size = loop->heap_size == 0 ? 64 : 2 * loop->heap_size;
    struct loop_timer **heap = realloc(loop->heap, size * sizeof(*loop->heap));
    if (heap == NULL)
        return false;
    loop->heap = heap;
    loop->heap_size = size;
    return true;
}

struct loop_timer *loop_timer_new(struct loop *loop,
                                  void (*fired)(void *context), void *context)
{
    if (!grow_heap(loop))
        return NULL;
    struct loop_timer *timer = calloc(1, sizeof(*timer));
    if (timer == NULL)
        return NULL;
    timer->loop = loop;
    timer->fired = fired;
    timer->context = context;
    loop->timers++;
    return timer;
}

void loop_timer_free(struct loop_timer **timer)
{
    if (*timer == NULL)
        return;
    unset(*timer);
    (*timer)->loop->timers--;
    free(*timer);
    *timer = NULL;
}

/* Fire what is due and was set before: one that sets itself anew into the past
 * has to wait for the next turn. True when there was anything. */
static bool fire_due(struct loop *loop)
{
    uint64_t sets = loop->sets;
    bool any = false;
    loop->now = clock_now(loop->clock);
    while (loop->set > 0) {
        struct loop_timer *timer = loop->heap[1];
        if (timer->at > loop->now || timer->order >= sets)
            break;
        unset(timer);
        timer->fired(timer->context);
        any = true;
    }
    return any;
}

/* Have libevent wake us for the next timer. It counts by a coarser clock and
 * may be a little early: then nothing is due, and it is asked again. */
static void set_alarm(struct loop *loop)
{
    uint32_t ms = SLEEP_MOST_MS;
    if (loop->set > 0) {
        ms = instant_ms_until(clock_now(loop->clock), loop->heap[1]->at);
        if (ms > SLEEP_MOST_MS)
            ms = SLEEP_MOST_MS;
    }
    struct timeval delay = {
        .tv_sec = (time_t)(ms / 1000),
        .tv_usec = (suseconds_t)(ms % 1000 * 1000),
    };
    /* Out of memory: rather turn without rest than sleep past a deadline. */
    if (event_add(loop->alarm, &delay) != 0)
        event_active(loop->alarm, 0, 0);
}

/* False: the system refuses. */
static bool hear(struct loop *loop, int how)
{
    instant now = clock_now(loop->clock);
    if (event_base_loop(loop->base, how) == -1)
        return false;
    loop->heard = now;
    return true;
}

instant loop_heard(const struct loop *loop)
{
    return loop->heard;
}

static void *run_thread(void *argument)
{
    struct loop *loop = argument;
    while (!loop->stopping) {
        set_alarm(loop);
        if (!hear(loop, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY)) {
            log_line(LOG_LEVEL_ERROR, "the event loop cannot wait for events");
            log_close();
            abort();
        }
        fire_due(loop);
        run_jobs(loop);
    }
    return NULL;
}

bool loop_start(struct loop *loop)
{
    loop->stopping = false;
    loop->started = thread_start(&loop->thread, run_thread, loop);
    return loop->started;
}

void loop_turn(struct loop *loop)
{
    bool any;
    do {
        (void)hear(loop, EVLOOP_NONBLOCK);
        any = fire_due(loop);
        any = run_jobs(loop) || any;
    } while (any);
}

static void end_thread(struct loop_job *job)
{
    void *around = (char *)job - offsetof(struct loop, stop);
    struct loop *loop = around;
    loop->stopping = true;
}

void loop_stop(struct loop *loop)
{
    if (!loop->started)
        return;
    loop->stop.run = end_thread;
    loop_post(loop, &loop->stop);
    pthread_join(loop->thread, NULL);
    loop->started = false;
}

void loop_free(struct loop **loop)
{
    if (*loop == NULL)
        return;
    loop_stop(*loop);
    while (run_jobs(*loop))
        continue;
    assert((*loop)->timers == 0);
    pthread_mutex_destroy(&(*loop)->lock);
    free_events(*loop);
    free((*loop)->heap);
    free(*loop);
    *loop = NULL;
}
