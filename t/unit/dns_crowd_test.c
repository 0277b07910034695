/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_crowd_test.c - row D22 of the faults: a resolver with few places, and
 * strangers who ask for names that no server answers for */
#include "base/log.h"
#include "dns/batch.h"
#include "dns/resolver.h"
#include "dns_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define S      ((instant)1000000)
#define GRACE  ((instant)1000 * SHARES_GRACE_MS)
#define PLACES 8
#define COMMON 7 /* the eighth is for silent zones */

static unsigned warnings;
static char last_warning[1000];

/* In the place of the library's: what is said is counted. */
void log_line(enum log_level level, const char *format, ...)
{
    char line[sizeof(last_warning)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (level != LOG_LEVEL_WARNING)
        return;
    warnings++;
    memcpy(last_warning, line, sizeof(line));
}

bool log_wants(enum log_level level)
{
    return true;
}

void log_close(void)
{
}

struct scene {
    struct stopped_clock clock;
    struct loop *loop;
    struct resolver *resolver;
    struct dns_play play;
};

struct asker {
    struct dns_ask ask;
    const struct dns_answer *answer;
};

static void take_answer(struct dns_ask *ask, const struct dns_answer *answer)
{
    struct asker *asker = (struct asker *)ask;
    assert_null(asker->answer);
    asker->answer = answer;
}

static struct wire *say_found(struct dns_play *play, const uint8_t *query,
                              size_t length, bool tcp)
{
    struct wire *wire = wire_reply_to(query, length, 0);
    wire_address(wire, NULL, 300, "192.0.2.1");
    return wire;
}

/* Names that begin with `g` are answered, others never. */
static struct wire *say_good(struct dns_play *play, const uint8_t *query,
                             size_t length, bool tcp)
{
    return query[13] == 'g' ? say_found(play, query, length, tcp) : NULL;
}

static void begin(struct scene *scene, size_t places)
{
    warnings = 0;
    last_warning[0] = '\0';
    stopped_clock_begin(&scene->clock);
    play_open(&scene->play, say_good, false);
    scene->loop = loop_new(&scene->clock.clock);
    assert_non_null(scene->loop);
    struct dns_settings settings = {.servers = {play_server(&scene->play)},
                                    .server_count = 1,
                                    .timeout_ms = 2000,
                                    .attempts = 2};
    char why[100];
    scene->resolver =
        resolver_new(scene->loop, &settings, places, why, sizeof(why));
    assert_non_null(scene->resolver);
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

static void move_clock(struct scene *scene, instant by)
{
    scene->clock.at += by;
    settle(scene);
}

static void end(struct scene *scene)
{
    resolver_free(&scene->resolver);
    loop_free(&scene->loop);
    play_close(&scene->play);
}

/* A client by its number; 0: the program itself. */
static struct address client(unsigned number)
{
    struct address address = {{[10] = 0xff, [11] = 0xff, [12] = 203}};
    address.octets[14] = (uint8_t)(number >> 8);
    address.octets[15] = (uint8_t)number;
    return address;
}

static void ask(struct scene *scene, struct asker *asker, unsigned number,
                const char *name)
{
    *asker = (struct asker){.ask = {.type = DNS_A,
                                    .has_client = number != 0,
                                    .client = client(number),
                                    .deadline = scene->clock.at + 5 * S,
                                    .done = take_answer}};
    (void)snprintf(asker->ask.name, sizeof(asker->ask.name), "%s", name);
    resolver_ask(scene->resolver, &asker->ask);
}

/* Names of domains of their own. */
static void ask_crowd(struct scene *scene, struct asker *crowd, unsigned count,
                      unsigned clients)
{
    for (unsigned i = 0; i < count; i++) {
        char name[NAME_SIZE];
        (void)snprintf(name, sizeof(name), "m.n%u.example", i);
        ask(scene, &crowd[i], 100 + i % clients, name);
    }
    settle(scene);
}

static void assert_found(struct asker *asker)
{
    assert_true(asker->answer != NULL && asker->answer->status == DNS_FOUND);
    dns_answer_drop(asker->answer);
    asker->answer = NULL;
}

static void assert_trouble(const struct asker *asker, enum dns_trouble trouble)
{
    assert_true(asker->answer != NULL &&
                asker->answer->status == DNS_TEMPERROR);
    assert_int_equal(asker->answer->trouble, trouble);
}

static struct resolver_use use_of(struct scene *scene)
{
    struct resolver_use use;
    resolver_use(scene->resolver, &use);
    return use;
}

/* A client with few questions does not wait for those who have many. */
static void good_client_does_not_wait(void **state)
{
    struct scene scene;
    static struct asker crowd[60], good[3], own;
    begin(&scene, PLACES);
    ask_crowd(&scene, crowd, 60, 3);
    assert_int_equal(use_of(&scene).shares.used, COMMON);
    assert_int_equal(use_of(&scene).shares.waiting, 60 - COMMON);
    assert_int_equal(scene.play.queries, COMMON);
    move_clock(&scene, GRACE);
    ask(&scene, &good[0], 1, "good.one.example");
    ask(&scene, &good[1], 1, "good.two.example");
    ask(&scene, &good[2], 1, "good.three.example");
    ask(&scene, &own, 0, "good.own.example");
    settle(&scene); /* no time passes */
    for (size_t i = 0; i < 3; i++)
        assert_found(&good[i]);
    assert_found(&own);
    assert_true(use_of(&scene).shares.used <= PLACES);
    assert_true(use_of(&scene).shares.displaced > 0);
    end(&scene);
}

/* A question that lost its place is asked again when it has one, and answered
 * within its own deadline; no server is blamed. */
static void who_lost_his_place_is_answered(void **state)
{
    struct scene scene;
    struct asker slow, crowd[COMMON];
    begin(&scene, PLACES);
    ask(&scene, &slow, 1, "slow.example");
    settle(&scene);
    move_clock(&scene, GRACE);
    ask_crowd(&scene, crowd, COMMON, COMMON);
    assert_int_equal(use_of(&scene).shares.displaced, 1);
    assert_int_equal(scene.play.queries, 1 + COMMON);
    move_clock(&scene, 2 * S);
    assert_null(slow.answer);
    scene.play.script = say_found;
    resolver_withdraw(&crowd[0].ask); /* a place is free */
    settle(&scene);
    assert_found(&slow);
    end(&scene);
}

/* What nobody waits for any more ends when its exchange does. */
static void outlast(struct scene *scene)
{
    for (unsigned i = 0; i < 4; i++)
        move_clock(scene, 5 * S);
    assert_int_equal(use_of(scene).shares.used, 0);
}

/* However often it is resumed, and beyond the last round. */
static void resumed_rounds_do_not_end_it(void **state)
{
    struct scene scene;
    struct asker slow, crowd[COMMON];
    begin(&scene, PLACES);
    for (unsigned i = 0; i < 6; i++) {
        char name[NAME_SIZE];
        if (i == 0)
            ask(&scene, &slow, 1, "slow.example");
        settle(&scene);
        move_clock(&scene, GRACE);
        for (unsigned j = 0; j < COMMON; j++) {
            (void)snprintf(name, sizeof(name), "m.n%u-%u.example", i, j);
            ask(&scene, &crowd[j], 100 + j, name);
        }
        settle(&scene);
        assert_int_equal(use_of(&scene).shares.displaced, i + 1);
        if (i == 5)
            scene.play.script = say_found;
        for (unsigned j = 0; j < COMMON; j++)
            resolver_withdraw(&crowd[j].ask);
    }
    settle(&scene);
    assert_found(&slow);
    end(&scene);
}

/* What was not asked for long is no time-out of its zone's. */
static void waiting_in_vain_is_told(void **state)
{
    struct scene scene;
    struct asker crowd[COMMON + 1];
    begin(&scene, PLACES);
    ask_crowd(&scene, crowd, COMMON + 1, 1);
    move_clock(&scene, 5 * S);
    unsigned crowded = 0;
    for (size_t i = 0; i < COMMON + 1; i++) {
        assert_non_null(crowd[i].answer);
        crowded += crowd[i].answer->trouble == DNS_TROUBLE_CROWDED;
    }
    assert_true(crowded >= 1 && crowded < COMMON + 1);
    outlast(&scene);
    assert_int_equal(use_of(&scene).shares.clients, 0);
    end(&scene);
}

static void place_is_free_with_the_last_asker(void **state)
{
    struct scene scene;
    struct asker one, other, waits[COMMON];
    begin(&scene, PLACES);
    ask(&scene, &one, 1, "slow.example");
    scene.clock.at += S;
    ask(&scene, &other, 2, "slow.example");
    settle(&scene);
    assert_int_equal(scene.play.queries, 1);
    ask_crowd(&scene, waits, COMMON, 1);
    assert_int_equal(use_of(&scene).shares.waiting, 1);
    resolver_withdraw(&one.ask);
    assert_trouble(&one, DNS_TROUBLE_TIMEOUT);
    assert_null(other.answer);
    assert_int_equal(use_of(&scene).shares.waiting, 1);
    resolver_withdraw(&one.ask); /* nothing happens any more */
    resolver_withdraw(&other.ask);
    assert_trouble(&other, DNS_TROUBLE_TIMEOUT);
    assert_int_equal(use_of(&scene).shares.waiting, 0);
    assert_int_equal(use_of(&scene).withdrawn, 1);
    move_clock(&scene, 5 * S);
    assert_int_equal(use_of(&scene).late, COMMON);
    outlast(&scene);
    end(&scene);
}

static void count_arrival(void *context)
{
    unsigned *arrived = context;
    (*arrived)++;
}

/* Each question of a batch arrives nevertheless, soon. */
static void batch_that_goes_is_in_nobodys_way(void **state)
{
    struct scene scene;
    unsigned arrived = 0;
    const struct address stranger = client(1);
    begin(&scene, PLACES);
    struct dns_batch *batch =
        dns_batch_new(scene.resolver, &stranger, scene.clock.at + 5 * S,
                      count_arrival, &arrived);
    for (unsigned i = 0; i < 20; i++) {
        char name[NAME_SIZE];
        (void)snprintf(name, sizeof(name), "m%u.example", i);
        (void)dns_batch_want(batch, name, DNS_A);
    }
    (void)dns_batch_want(batch, "good.example", DNS_A);
    assert_int_equal(dns_batch_send(batch), 21);
    settle(&scene);
    assert_int_equal(use_of(&scene).shares.used, COMMON);
    dns_batch_free(&batch);
    settle(&scene);
    assert_int_equal(arrived, 21);
    assert_in_range(use_of(&scene).shares.used, 1, COMMON);
    assert_int_equal(use_of(&scene).shares.waiting, 0);

    /* What goes on for nobody is in nobody's way. */
    struct asker others[COMMON];
    const unsigned queries = scene.play.queries;
    ask_crowd(&scene, others, COMMON, COMMON);
    assert_int_equal(scene.play.queries, queries + COMMON);
    assert_int_equal(use_of(&scene).shares.displaced, 0);
    move_clock(&scene, 5 * S);
    outlast(&scene);
    end(&scene);
}

/* With the resolver's end between the batch's and the job of its withdrawal. */
static void batch_may_go_last(void **state)
{
    struct scene scene;
    unsigned arrived = 0;
    begin(&scene, PLACES);
    struct dns_batch *batch = dns_batch_new(
        scene.resolver, NULL, scene.clock.at + 5 * S, count_arrival, &arrived);
    (void)dns_batch_want(batch, "m.example", DNS_A);
    assert_int_equal(dns_batch_send(batch), 1);
    settle(&scene);
    dns_batch_free(&batch);
    end(&scene);
    assert_int_equal(arrived, 1);
}

/* A name that a stranger asks for as well is not slower for it. */
static void shared_name_is_not_dragged_down(void **state)
{
    struct scene scene;
    static struct asker crowd[60], hostile, good;
    begin(&scene, PLACES);
    ask_crowd(&scene, crowd, 60, 1);
    move_clock(&scene, GRACE);
    scene.clock.at += 1;
    ask(&scene, &hostile, 100, "good.example");
    loop_turn(scene.loop);
    ask(&scene, &good, 1, "good.example");
    settle(&scene);
    assert_found(&good);
    assert_found(&hostile);
    end(&scene);
}

static void crowd_is_said_once_a_minute(void **state)
{
    struct scene scene;
    static struct asker crowd[20];
    begin(&scene, PLACES);
    ask_crowd(&scene, crowd, COMMON, 2);
    assert_int_equal(warnings, 0);
    outlast(&scene);
    ask_crowd(&scene, crowd, 20, 1);
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(last_warning, "a question waits for a place"));
    assert_non_null(strstr(last_warning, "of 8 places 7 are in use"));
    assert_non_null(strstr(last_warning, "client 203.0.0.100 has the most: "
                                         "7 places, 1 wait"));
    assert_int_equal(use_of(&scene).waited, 20 - COMMON);
    outlast(&scene);
    ask_crowd(&scene, crowd, 20, 1);
    assert_int_equal(warnings, 1);
    outlast(&scene);
    move_clock(&scene, 20 * S);
    ask_crowd(&scene, crowd, 20, 1);
    assert_int_equal(warnings, 2);
    end(&scene);
}

/* Though whoever comes has a place at once: somebody waits for it. */
static void lost_place_is_said(void **state)
{
    struct scene scene;
    static struct asker crowd[COMMON], good;
    begin(&scene, PLACES);
    warnings = 0;
    ask_crowd(&scene, crowd, COMMON, 1);
    move_clock(&scene, GRACE);
    assert_int_equal(warnings, 0);
    ask(&scene, &good, 1, "good.example");
    settle(&scene);
    assert_found(&good);
    assert_int_equal(warnings, 1);
    assert_non_null(
        strstr(last_warning, "a question has lost its place to another"));
    end(&scene);
}

/* At the bound somebody is dropped who has many waiting, not who came last. */
static void who_has_most_is_dropped(void **state)
{
    struct scene scene;
    struct asker good;
    struct asker *crowd = calloc(DNS_QUESTIONS_MOST, sizeof(*crowd));
    assert_non_null(crowd);
    begin(&scene, PLACES);
    ask_crowd(&scene, crowd, DNS_QUESTIONS_MOST, 2);
    for (size_t i = 0; i < DNS_QUESTIONS_MOST; i++)
        assert_null(crowd[i].answer);
    warnings = 0;
    move_clock(&scene, GRACE);
    ask(&scene, &good, 1, "good.example");
    settle(&scene);
    assert_found(&good);
    assert_int_equal(use_of(&scene).dropped, 1);
    size_t dropped = 0;
    for (size_t i = 0; i < DNS_QUESTIONS_MOST; i++) {
        if (crowd[i].answer != NULL)
            assert_trouble(&crowd[i], DNS_TROUBLE_CROWDED);
        dropped += crowd[i].answer != NULL;
    }
    assert_int_equal(dropped, 1);
    end(&scene);
    free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_client_does_not_wait),
        cmocka_unit_test(who_lost_his_place_is_answered),
        cmocka_unit_test(resumed_rounds_do_not_end_it),
        cmocka_unit_test(waiting_in_vain_is_told),
        cmocka_unit_test(place_is_free_with_the_last_asker),
        cmocka_unit_test(batch_that_goes_is_in_nobodys_way),
        cmocka_unit_test(batch_may_go_last),
        cmocka_unit_test(shared_name_is_not_dragged_down),
        cmocka_unit_test(crowd_is_said_once_a_minute),
        cmocka_unit_test(lost_place_is_said),
        cmocka_unit_test(who_has_most_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
