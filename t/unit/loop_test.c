/* SPDX-License-Identifier: BSD-2-Clause */
/* loop_test.c - jobs in order, timers by a simulated clock, and the thread */
#include "loop/loop.h"

#include <event2/event.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/** A simulated clock; it counts how often it was read. */
struct hands {
    instant now;
    atomic_int reads;
};

static instant hands_now(void *context)
{
    struct hands *hands = context;
    atomic_fetch_add(&hands->reads, 1);
    return hands->now;
}

static int64_t hands_wall(void *context)
{
    return 0;
}

/** What happened, one letter each. */
struct story {
    char letters[64];
    size_t length;
};

static void tell(struct story *story, char letter)
{
    assert_true(story->length + 1 < sizeof(story->letters));
    story->letters[story->length++] = letter;
    story->letters[story->length] = '\0';
}

struct telling_job {
    struct loop_job job;
    struct loop *loop;
    struct story *story;
    char letter;
    struct telling_job *posts; /* another one, or none */
    struct loop_timer *sets;   /* to now, or none */
};

static void tell_job(struct loop_job *job)
{
    struct telling_job *ours = (struct telling_job *)job;
    tell(ours->story, ours->letter);
    if (ours->posts != NULL)
        loop_post(ours->loop, &ours->posts->job);
    if (ours->sets != NULL)
        loop_timer_set(ours->sets, 0);
}

static void tell_timer(void *context)
{
    tell(context, '!');
}

/* A job that is posted by a job runs after those that were there before, and
 * after timers and sockets had their turn. */
static void test_jobs(void **state)
{
    struct hands hands = {.now = 0};
    const struct clock clock = {hands_now, hands_wall, &hands};
    struct loop *loop = loop_new(&clock);
    assert_non_null(loop);
    assert_ptr_equal(loop_clock(loop), &clock);
    assert_non_null(loop_events(loop));
    loop_turn(loop);

    struct story story = {.length = 0};
    struct loop_timer *timer = loop_timer_new(loop, tell_timer, &story);
    struct telling_job jobs[4];
    for (size_t i = 0; i < LENGTH(jobs); i++)
        jobs[i] = (struct telling_job){{tell_job, NULL}, loop, &story,
                                       (char)('a' + i),  NULL, NULL};
    jobs[0].posts = &jobs[3];
    jobs[1].sets = timer;
    loop_post(loop, &jobs[0].job);
    loop_post(loop, &jobs[1].job);
    loop_post(loop, &jobs[2].job);
    assert_string_equal(story.letters, "");
    loop_turn(loop);
    assert_string_equal(story.letters, "abc!d");
    jobs[0].posts = NULL;
    loop_post(loop, &jobs[0].job);
    loop_turn(loop);
    assert_string_equal(story.letters, "abc!da");
    loop_timer_free(&timer);
    loop_free(&loop);
    assert_null(loop);
    loop_free(&loop);
}

/** A job that posts itself, or a timer that sets itself to what is past, until
 * the event was seen of a socket that it made ready. */
struct stubborn {
    struct loop_job job;
    struct loop *loop;
    struct loop_timer *timer;
    int pipe[2];
    int turns;
    bool seen;
};

static bool goes_on(struct stubborn *stubborn)
{
    if (stubborn->turns++ == 0)
        assert_int_equal(write(stubborn->pipe[1], "x", 1), 1);
    return !stubborn->seen && stubborn->turns < 100;
}

static void post_again(struct loop_job *job)
{
    struct stubborn *ours = (struct stubborn *)job;
    if (goes_on(ours))
        loop_post(ours->loop, job);
}

static void set_again(void *context)
{
    struct stubborn *ours = context;
    if (goes_on(ours))
        loop_timer_set(ours->timer, 0);
}

static void see(evutil_socket_t socket, short what, void *context)
{
    struct stubborn *ours = context;
    ours->seen = true;
}

static void test_nobody_starves(void **state)
{
    for (int with_timer = 0; with_timer < 2; with_timer++) {
        struct stubborn stubborn = {.job = {post_again, NULL}};
        stubborn.loop = loop_new(&clock_system);
        assert_non_null(stubborn.loop);
        assert_int_equal(pipe(stubborn.pipe), 0);
        stubborn.timer = loop_timer_new(stubborn.loop, set_again, &stubborn);
        struct event *event =
            event_new(loop_events(stubborn.loop), stubborn.pipe[0], EV_READ,
                      see, &stubborn);
        event_add(event, NULL);
        if (with_timer)
            loop_timer_set(stubborn.timer, 0);
        else
            loop_post(stubborn.loop, &stubborn.job);
        loop_turn(stubborn.loop);
        assert_true(stubborn.seen);
        assert_int_equal(stubborn.turns, 2);
        event_free(event);
        loop_timer_free(&stubborn.timer);
        close(stubborn.pipe[0]);
        close(stubborn.pipe[1]);
        loop_free(&stubborn.loop);
    }
}

/** A timer of a test, told by its letter. */
struct telling_timer {
    struct loop_timer *timer;
    struct story *story;
    char letter;
    instant again; /* what it sets itself to when it fires */
    struct telling_timer *frees;
};

static void timer_fired(void *context)
{
    struct telling_timer *ours = context;
    tell(ours->story, ours->letter);
    loop_timer_set(ours->timer, ours->again);
    ours->again = INSTANT_NEVER;
    if (ours->frees != NULL)
        loop_timer_free(&ours->frees->timer);
}

enum { A, B, C, TIMERS, NONE = -1 };
enum { NEVER = -1 };

/* A row is a step: set a timer, or none, then turn at a time. */
static void test_timers(void **state)
{
    static const struct {
        int timer;
        instant at, now;
        const char *want;
    } rows[] = {
        {NONE, 0, 0, ""},     {A, 100, 99, ""},
        {NONE, 0, 100, "A"},  {NONE, 0, 200, ""}, /* once */
        {A, 300, 250, ""},    {A, 400, 300, ""},  /* replaced */
        {A, 350, 350, "A"},   {A, 500, 360, ""},
        {A, NEVER, 600, ""}, /* taken back */
        {A, 10, 600, "A"},   /* long past */
        {A, 720, 610, ""},    {B, 700, 610, ""},
        {C, 710, 610, ""},    {NONE, 0, 800, "BCA"},
        {C, 900, 810, ""},    {B, 900, 810, ""},
        {A, 910, 810, ""},    {C, NEVER, 905, "B"},
        {NONE, 0, 1000, "A"},
    };
    struct hands hands = {.now = 0};
    const struct clock clock = {hands_now, hands_wall, &hands};
    struct story story;
    struct telling_timer timers[TIMERS];
    struct loop *loop = loop_new(&clock);
    for (size_t i = 0; i < TIMERS; i++) {
        timers[i] = (struct telling_timer){NULL, &story, (char)('A' + i),
                                           INSTANT_NEVER, NULL};
        timers[i].timer = loop_timer_new(loop, timer_fired, &timers[i]);
    }
    for (size_t i = 0; i < LENGTH(rows); i++) {
        story = (struct story){.length = 0};
        instant at = rows[i].at == NEVER ? INSTANT_NEVER : rows[i].at;
        if (rows[i].timer != NONE)
            loop_timer_set(timers[rows[i].timer].timer, at);
        hands.now = rows[i].now;
        loop_turn(loop);
        assert_string_equal(story.letters, rows[i].want);
    }
    for (size_t i = 0; i < TIMERS; i++)
        loop_timer_free(&timers[i].timer);
    loop_timer_free(&timers[0].timer);
    loop_free(&loop);
}

/* While it fires a timer may set itself, free itself or another that is due. */
static void test_timers_within(void **state)
{
    struct hands hands = {.now = 0};
    const struct clock clock = {hands_now, hands_wall, &hands};
    struct story story = {.length = 0};
    struct loop *loop = loop_new(&clock);
    struct telling_timer timers[TIMERS];
    for (size_t i = 0; i < TIMERS; i++) {
        timers[i] = (struct telling_timer){NULL, &story, (char)('A' + i),
                                           INSTANT_NEVER, NULL};
        timers[i].timer = loop_timer_new(loop, timer_fired, &timers[i]);
        loop_timer_set(timers[i].timer, 10 + (instant)i);
    }
    timers[A].again = 0;
    timers[B].frees = &timers[C];
    hands.now = 20;
    loop_turn(loop);
    assert_string_equal(story.letters, "ABA");
    timers[A].frees = &timers[A];
    loop_timer_set(timers[A].timer, 20);
    loop_turn(loop);
    assert_string_equal(story.letters, "ABAA");
    assert_null(timers[A].timer);
    assert_null(timers[C].timer);
    loop_timer_free(&timers[B].timer);
    loop_free(&loop);
}

enum { MANY = 1000 };

/** One of many timers, to be fired at its time and no sooner. */
struct checked_timer {
    struct loop_timer *timer;
    struct hands *hands;
    instant at;    /* INSTANT_NEVER when not set */
    instant *last; /* when the one before it was due */
    int *strange;
};

static void checked_fired(void *context)
{
    struct checked_timer *ours = context;
    if (ours->at > ours->hands->now || ours->at < *ours->last)
        ++*ours->strange;
    *ours->last = ours->at;
    ours->at = INSTANT_NEVER;
}

static uint32_t draw(uint32_t *random)
{
    *random = *random * 1664525 + 1013904223;
    return *random >> 8;
}

/* All that there are can be set at once. */
static void test_all_timers(void **state)
{
    struct hands hands = {.now = 0};
    const struct clock clock = {hands_now, hands_wall, &hands};
    struct loop *loop = loop_new(&clock);
    struct checked_timer *timers = calloc(MANY, sizeof(*timers));
    instant last = 0;
    int strange = 0;
    for (size_t i = 0; i < MANY; i++) {
        struct checked_timer *timer = &timers[i];
        *timer = (struct checked_timer){NULL, &hands, MANY - (instant)i, &last,
                                        &strange};
        timer->timer = loop_timer_new(loop, checked_fired, timer);
        loop_timer_set(timer->timer, timer->at);
    }
    hands.now = MANY;
    loop_turn(loop);
    assert_int_equal(strange, 0);
    assert_int_equal(last, MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(timers[i].at == INSTANT_NEVER);
        loop_timer_free(&timers[i].timer);
    }
    free(timers);
    loop_free(&loop);
}

/* Many timers, set, set anew, taken back and freed in no order at all. */
static void test_many_timers(void **state)
{
    struct hands hands = {.now = 0};
    const struct clock clock = {hands_now, hands_wall, &hands};
    struct loop *loop = loop_new(&clock);
    struct checked_timer *timers = calloc(MANY, sizeof(*timers));
    uint32_t random = 1;
    instant last = 0;
    int strange = 0;
    for (size_t turn = 0; turn < 20 * MANY; turn++) {
        struct checked_timer *timer = &timers[draw(&random) % MANY];
        uint32_t choice = draw(&random) % 16;
        if (timer->timer == NULL) {
            *timer = (struct checked_timer){NULL, &hands, INSTANT_NEVER, &last,
                                            &strange};
            timer->timer = loop_timer_new(loop, checked_fired, timer);
            assert_non_null(timer->timer);
        } else if (choice == 0) {
            loop_timer_free(&timer->timer);
            timer->at = INSTANT_NEVER;
            continue;
        }
        timer->at =
            choice == 1 ? INSTANT_NEVER : hands.now + 1 + draw(&random) % 5000;
        loop_timer_set(timer->timer, timer->at);
        if (turn % 16 == 0) {
            last = 0;
            hands.now += turn % 512 == 0 ? 10000 : 40; /* all, or some */
            loop_turn(loop);
        }
    }
    assert_int_equal(strange, 0);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(timers[i].timer == NULL || timers[i].at > hands.now);
        loop_timer_free(&timers[i].timer);
    }
    free(timers);
    loop_free(&loop);
}

enum { POSTERS = 4, POSTS = 5000 };

/** One of the jobs of one of the threads. */
struct numbered_job {
    struct loop_job job;
    struct poster *poster;
    size_t number;
};

struct poster {
    struct loop *loop;
    struct numbered_job *jobs;
    pthread_t thread;
    size_t ran, strange;
};

static void run_numbered(struct loop_job *job)
{
    struct numbered_job *ours = (struct numbered_job *)job;
    ours->poster->strange += ours->number != ours->poster->ran;
    ours->poster->ran++;
}

static void *post_all(void *argument)
{
    struct poster *poster = argument;
    for (size_t i = 0; i < POSTS; i++) {
        poster->jobs[i] =
            (struct numbered_job){{run_numbered, NULL}, poster, i};
        loop_post(poster->loop, &poster->jobs[i].job);
    }
    return NULL;
}

static void test_posts_of_threads(void **state)
{
    struct loop *loop = loop_new(&clock_system);
    struct poster posters[POSTERS];
    assert_true(loop_start(loop));
    for (size_t i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.loop = loop};
        posters[i].jobs = calloc(POSTS, sizeof(struct numbered_job));
        assert_int_equal(
            pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
    for (size_t i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    loop_stop(loop);
    for (size_t i = 0; i < POSTERS; i++) {
        assert_int_equal(posters[i].ran, POSTS);
        assert_int_equal(posters[i].strange, 0);
        free(posters[i].jobs);
    }
    loop_free(&loop);
}

/** A job that holds the loop until it is let go. */
struct gate_job {
    struct loop_job job;
    sem_t reached, open;
};

static void wait_at_gate(struct loop_job *job)
{
    struct gate_job *gate = (struct gate_job *)job;
    sem_post(&gate->reached);
    while (sem_wait(&gate->open) != 0)
        continue;
}

static void gate_close(struct gate_job *gate, struct loop *loop)
{
    gate->job.run = wait_at_gate;
    sem_init(&gate->reached, 0, 0);
    sem_init(&gate->open, 0, 0);
    loop_post(loop, &gate->job);
    while (sem_wait(&gate->reached) != 0)
        continue;
}

static void gate_free(struct gate_job *gate)
{
    sem_destroy(&gate->reached);
    sem_destroy(&gate->open);
}

/* The loop reads its clock twice a turn. Five thousand posts are no more turns
 * than they must be, what loop_stop posts behind them included. */
static void test_few_wakeups(void **state)
{
    struct hands hands = {.now = 0};
    const struct clock clock = {hands_now, hands_wall, &hands};
    struct loop *loop = loop_new(&clock);
    struct gate_job gate;
    assert_true(loop_start(loop));
    gate_close(&gate, loop);
    struct poster poster = {.loop = loop};
    poster.jobs = calloc(POSTS, sizeof(struct numbered_job));
    post_all(&poster);
    int before = hands.reads;
    sem_post(&gate.open);
    loop_stop(loop);
    assert_int_equal(poster.ran, POSTS);
    assert_in_range(hands.reads - before, 2,
                    2 * (POSTS / LOOP_JOBS_A_TURN + 2));
    free(poster.jobs);
    gate_free(&gate);
    loop_free(&loop);
}

/* Stopping and starting over; jobs of in between run when the loop is freed. */
static void test_stop(void **state)
{
    struct loop *loop = loop_new(&clock_system);
    struct story story = {.length = 0};
    struct telling_job job = {{tell_job, NULL}, loop, &story, 'a', NULL, NULL};
    struct telling_job next = {{tell_job, NULL}, loop, &story, 'b', NULL, NULL};
    loop_stop(loop);
    for (int i = 0; i < 2; i++) {
        assert_true(loop_start(loop));
        loop_post(loop, &job.job);
        loop_stop(loop);
        loop_stop(loop);
    }
    assert_string_equal(story.letters, "aa");
    job.posts = &next;
    loop_post(loop, &job.job);
    assert_string_equal(story.letters, "aa");
    loop_free(&loop);
    assert_string_equal(story.letters, "aaab");
}

/** A timer that is made, fires and is freed on the loop's thread. */
struct alarm_job {
    struct loop_job job;
    struct loop *loop;
    struct loop_timer *timer;
    instant due, fired;
    sem_t done;
};

static void alarm_fired(void *context)
{
    struct alarm_job *alarm = context;
    alarm->fired = clock_now(loop_clock(alarm->loop));
    loop_timer_free(&alarm->timer);
    sem_post(&alarm->done);
}

static void make_alarm(struct loop_job *job)
{
    struct alarm_job *ours = (struct alarm_job *)job;
    ours->timer = loop_timer_new(ours->loop, alarm_fired, ours);
    loop_timer_set(ours->timer, ours->due);
}

static void test_alarm_of_thread(void **state)
{
    static const uint32_t delays_ms[] = {0, 1, 30};
    struct loop *loop = loop_new(&clock_system);
    assert_true(loop_start(loop));
    for (size_t i = 0; i < LENGTH(delays_ms); i++) {
        struct alarm_job alarm = {.job = {make_alarm, NULL}, .loop = loop};
        sem_init(&alarm.done, 0, 0);
        alarm.due = instant_after_ms(clock_now(&clock_system), delays_ms[i]);
        loop_post(loop, &alarm.job);
        while (sem_wait(&alarm.done) != 0)
            continue;
        assert_true(alarm.fired >= alarm.due);
        assert_true(alarm.fired < instant_after_s(alarm.due, 20));
        sem_destroy(&alarm.done);
    }
    loop_free(&loop);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_nobody_starves),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_timers_within),
        cmocka_unit_test(test_all_timers),
        cmocka_unit_test(test_many_timers),
        cmocka_unit_test(test_posts_of_threads),
        cmocka_unit_test(test_few_wakeups),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_alarm_of_thread),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
