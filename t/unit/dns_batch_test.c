/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_batch_test.c - the questions of one subject: wanted, sent together,
 * answered in whatever order */
#include "dns/batch.h"
#include "dns_server.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define S ((instant)1000000)

/** A server, who asks it, and how many answers arrived. */
struct scene {
    struct stopped_clock clock;
    struct loop *loop;
    struct resolver *resolver;
    struct dns_play play;
    struct dns_batch *batch;
    size_t arrived;
};

/* To a PTR two names, to all else an address. */
static struct wire *say_found(struct dns_play *play, const uint8_t *query,
                              size_t length, bool tcp)
{
    struct wire *wire = wire_reply_to(query, length, 0);
    if (wire->octets[wire->length - 3] == DNS_PTR) {
        wire_named(wire, WIRE_ANSWER, NULL, DNS_PTR, 300, "one.example");
        wire_named(wire, WIRE_ANSWER, NULL, DNS_PTR, 300, "two.example");
    } else {
        wire_address(wire, NULL, 300, "192.0.2.1");
    }
    return wire;
}

static struct wire *say_nothing(struct dns_play *play, const uint8_t *query,
                                size_t length, bool tcp)
{
    return NULL;
}

static void note_arrival(void *context)
{
    struct scene *scene = context;
    scene->arrived++;
}

static void begin(struct scene *scene, const struct clock *clock,
                  dns_play_script *script)
{
    *scene = (struct scene){.arrived = 0};
    stopped_clock_begin(&scene->clock);
    play_open(&scene->play, script, false);
    scene->loop = loop_new(clock != NULL ? clock : &scene->clock.clock);
    assert_non_null(scene->loop);
    struct dns_settings settings = {.servers = {play_server(&scene->play)},
                                    .server_count = 1,
                                    .timeout_ms = 2000,
                                    .attempts = 1};
    char why[100];
    scene->resolver = resolver_new(scene->loop, &settings, DNS_SOCKETS_MOST,
                                   why, sizeof(why));
    assert_non_null(scene->resolver);
}

static void begin_batch(struct scene *scene)
{
    scene->batch = dns_batch_new(scene->resolver, NULL, scene->clock.at + 5 * S,
                                 note_arrival, scene);
    assert_non_null(scene->batch);
}

static void end(struct scene *scene)
{
    dns_batch_free(&scene->batch);
    assert_null(scene->batch);
    loop_stop(scene->loop);
    resolver_free(&scene->resolver);
    loop_free(&scene->loop);
    play_close(&scene->play);
}

static void settle(struct scene *scene)
{
    for (unsigned idle = 0; idle < 3;) {
        loop_turn(scene->loop);
        bool any = play_turn(&scene->play);
        idle = any ? 0 : idle + 1;
        if (!any)
            play_rest();
    }
}

static void independent_questions_travel_together(void **state)
{
    struct scene scene;
    begin(&scene, NULL, say_found);
    begin_batch(&scene);
    assert_null(dns_batch_want(scene.batch, "1.2.0.192.in-addr.arpa", DNS_PTR));
    assert_null(dns_batch_want(scene.batch, "helo.example", DNS_A));
    assert_null(dns_batch_want(scene.batch, "helo.example", DNS_A));
    assert_int_equal(dns_batch_sent(scene.batch), 0);
    assert_int_equal(dns_batch_send(scene.batch), 2);
    assert_int_equal(dns_batch_send(scene.batch), 0);
    assert_null(dns_batch_want(scene.batch, "helo.example", DNS_A));
    loop_turn(scene.loop);
    play_rest();
    assert_true(play_datagram(&scene.play));
    assert_true(play_datagram(&scene.play));
    assert_int_equal(scene.arrived, 0);
    settle(&scene);
    assert_int_equal(scene.arrived, 2);

    /* What follows from an answer is the next round. */
    const struct dns_answer *ptr =
        dns_batch_want(scene.batch, "1.2.0.192.in-addr.arpa", DNS_PTR);
    assert_int_equal(ptr->count, 2);
    for (size_t i = 0; i < ptr->count; i++)
        assert_null(dns_batch_want(scene.batch, ptr->names[i], DNS_A));
    assert_int_equal(dns_batch_send(scene.batch), 2);
    settle(&scene);
    assert_int_equal(scene.arrived, 4);
    assert_int_equal(dns_batch_sent(scene.batch), 4);
    assert_int_equal(scene.play.queries, 4);
    for (size_t i = 0; i < ptr->count; i++)
        assert_int_equal(
            dns_batch_want(scene.batch, ptr->names[i], DNS_A)->status,
            DNS_FOUND);
    end(&scene);
}

static void kept_answers_are_there_at_once(void **state)
{
    struct scene scene;
    begin(&scene, NULL, say_found);
    begin_batch(&scene);
    assert_null(dns_batch_want(scene.batch, "helo.example", DNS_A));
    assert_int_equal(dns_batch_send(scene.batch), 1);
    settle(&scene);
    const struct dns_answer *first =
        dns_batch_want(scene.batch, "helo.example", DNS_A);
    assert_non_null(first);

    struct dns_batch *earlier = scene.batch;
    begin_batch(&scene);
    assert_ptr_equal(dns_batch_want(scene.batch, "helo.example", DNS_A), first);
    assert_int_equal(dns_batch_send(scene.batch), 0);
    assert_int_equal(dns_batch_sent(scene.batch), 0);
    dns_batch_free(&earlier);

    /* It does not change for this batch, though it is no longer kept. */
    scene.clock.at += 400 * S;
    assert_ptr_equal(dns_batch_want(scene.batch, "helo.example", DNS_A), first);
    assert_null(resolver_kept(scene.resolver, "helo.example", DNS_A));
    end(&scene);
}

static void deadline_is_that_of_the_batch(void **state)
{
    struct scene scene;
    begin(&scene, NULL, say_nothing);
    scene.batch = dns_batch_new(scene.resolver, NULL, scene.clock.at + S,
                                note_arrival, &scene);
    assert_null(dns_batch_want(scene.batch, "helo.example", DNS_A));
    assert_int_equal(dns_batch_send(scene.batch), 1);
    settle(&scene);
    scene.clock.at += S;
    settle(&scene);
    assert_int_equal(scene.arrived, 1);
    const struct dns_answer *answer =
        dns_batch_want(scene.batch, "helo.example", DNS_A);
    assert_int_equal(answer->status, DNS_TEMPERROR);
    assert_int_equal(answer->trouble, DNS_TROUBLE_TIMEOUT);
    end(&scene);
}

static void questions_have_a_bound(void **state)
{
    struct scene scene;
    begin(&scene, NULL, say_found);
    begin_batch(&scene);
    char name[NAME_SIZE];
    for (unsigned i = 0; i < DNS_BATCH_MOST; i++) {
        (void)snprintf(name, sizeof(name), "n%u.example", i);
        assert_null(dns_batch_want(scene.batch, name, DNS_A));
    }
    assert_ptr_equal(dns_batch_want(scene.batch, "more.example", DNS_A),
                     dns_answer_fault(FAULT_NONE));
    assert_null(dns_batch_want(scene.batch, name, DNS_A));
    assert_int_equal(dns_batch_send(scene.batch), DNS_BATCH_MOST);
    settle(&scene);
    assert_int_equal(scene.arrived, DNS_BATCH_MOST);
    end(&scene);
}

static void batch_may_go_before_its_answers(void **state)
{
    struct scene scene;
    begin(&scene, NULL, say_found);
    begin_batch(&scene);
    assert_null(dns_batch_want(scene.batch, "one.example", DNS_A));
    assert_null(dns_batch_want(scene.batch, "two.example", DNS_A));
    assert_int_equal(dns_batch_send(scene.batch), 2);
    assert_null(dns_batch_want(scene.batch, "never.example", DNS_A));
    dns_batch_free(&scene.batch);
    settle(&scene);
    assert_int_equal(scene.arrived, 2);
    assert_int_equal(scene.play.queries, 2);
    end(&scene);
}

static void let_go(void *context)
{
    struct scene *scene = context;
    scene->arrived++;
    dns_batch_free(&scene->batch);
}

static void batch_may_go_with_an_answer(void **state)
{
    struct scene scene;
    begin(&scene, NULL, say_found);
    scene.batch = dns_batch_new(scene.resolver, NULL, scene.clock.at + 5 * S,
                                let_go, &scene);
    assert_null(dns_batch_want(scene.batch, "one.example", DNS_A));
    assert_null(dns_batch_want(scene.batch, "two.example", DNS_A));
    assert_int_equal(dns_batch_send(scene.batch), 2);
    settle(&scene);
    assert_int_equal(scene.arrived, 2);
    end(&scene);
}

/** An owner who waits on a condition while the loop has its own thread. */
struct owner {
    pthread_mutex_t lock;
    size_t arrived;
};

static void wake_owner(void *context)
{
    struct owner *owner = context;
    pthread_mutex_lock(&owner->lock);
    owner->arrived++;
    pthread_mutex_unlock(&owner->lock);
}

static size_t arrived_at(struct owner *owner)
{
    pthread_mutex_lock(&owner->lock);
    size_t arrived = owner->arrived;
    pthread_mutex_unlock(&owner->lock);
    return arrived;
}

/* Answers from the loop's thread while the owner goes on wanting. */
static void loop_may_have_its_own_thread(void **state)
{
    struct scene scene;
    struct owner owner = {.lock = PTHREAD_MUTEX_INITIALIZER};
    begin(&scene, &clock_system, say_found);
    assert_true(loop_start(scene.loop));
    scene.batch = dns_batch_new(scene.resolver, NULL,
                                instant_after_s(clock_now(&clock_system), 30),
                                wake_owner, &owner);
    char names[20][NAME_SIZE];
    for (unsigned i = 0; i < 20; i++) {
        (void)snprintf(names[i], NAME_SIZE, "n%u.example", i);
        (void)dns_batch_want(scene.batch, names[i], DNS_A);
        assert_int_equal(dns_batch_send(scene.batch), 1);
        (void)play_turn(&scene.play);
    }
    for (unsigned i = 0; i < 20000 && arrived_at(&owner) < 20; i++) {
        if (!play_turn(&scene.play))
            play_rest();
    }
    assert_int_equal(arrived_at(&owner), 20);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(dns_batch_want(scene.batch, names[i], DNS_A)->status,
                         DNS_FOUND);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_questions_travel_together),
        cmocka_unit_test(kept_answers_are_there_at_once),
        cmocka_unit_test(deadline_is_that_of_the_batch),
        cmocka_unit_test(questions_have_a_bound),
        cmocka_unit_test(batch_may_go_before_its_answers),
        cmocka_unit_test(batch_may_go_with_an_answer),
        cmocka_unit_test(loop_may_have_its_own_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
