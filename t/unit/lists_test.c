/* SPDX-License-Identifier: BSD-2-Clause */
/* lists_test.c - lists that pass their self-test, fail it, mend, fall silent
 * and come back, by a clock that is moved */
#include "dns/lists.h"

#include "dns_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define S    ((instant)1000000)
#define ZONE "bl.example"

/** How the server behaves; the script has no other way to know. */
struct behaviour {
    const char *listed, *unlisted; /* addresses; "": NXDOMAIN */
    bool silent;
};

struct played {
    struct dns_play play;
    struct behaviour behaviour;
    unsigned asked;
};

/* Whether the question's first label is the one of the entry that must be
 * there: 2, or test. */
static bool is_listed_entry(const uint8_t *query)
{
    return query[13] == '2' || query[13] == 't';
}

static struct wire *say(struct dns_play *play, const uint8_t *query,
                        size_t length, bool tcp)
{
    struct played *played = (struct played *)play;
    const char *answer = is_listed_entry(query) ? played->behaviour.listed
                                                : played->behaviour.unlisted;
    played->asked++;
    if (played->behaviour.silent)
        return NULL;
    struct wire *wire =
        wire_reply_to(query, length, WIRE_RCODE(*answer != '\0' ? 0 : 3));
    if (*answer != '\0')
        wire_address(wire, NULL, 60, answer);
    return wire;
}

struct stage {
    struct stopped_clock clock;
    struct loop *loop;
    struct resolver *resolver;
    struct lists *lists;
    struct played server;
};

static void begin(struct stage *stage, struct behaviour behaviour)
{
    char why[100];

    stopped_clock_begin(&stage->clock);
    play_open(&stage->server.play, say, false);
    stage->server.behaviour = behaviour;
    stage->server.asked = 0;
    stage->loop = loop_new(&stage->clock.clock);
    assert_non_null(stage->loop);
    struct dns_settings settings = {
        .servers = {play_server(&stage->server.play)},
        .server_count = 1,
        .timeout_ms = 1000,
        .attempts = 1};
    stage->resolver = resolver_new(stage->loop, &settings, DNS_SOCKETS_MOST,
                                   why, sizeof(why));
    assert_non_null(stage->resolver);
    stage->lists = lists_new(stage->loop, stage->resolver);
    assert_non_null(stage->lists);
}

static void end(struct stage *stage)
{
    lists_stop(stage->lists);
    resolver_free(&stage->resolver);
    loop_free(&stage->loop);
    lists_free(&stage->lists);
    assert_null(stage->lists);
    play_close(&stage->server.play);
}

static void settle(struct stage *stage)
{
    for (unsigned idle = 0; idle < 3;) {
        loop_turn(stage->loop);
        bool any = play_turn(&stage->server.play);
        idle = any ? 0 : idle + 1;
        if (!any)
            play_rest();
    }
}

static void pass_time(struct stage *stage, instant by)
{
    stage->clock.at += by;
    settle(stage);
}

static void watch(struct stage *stage, enum list_kind kind)
{
    struct list_name name = {.zone = ZONE, .kind = kind};
    assert_true(lists_watch(stage->lists, &name, 1));
    settle(stage);
}

static enum list_state state_of(struct stage *stage, enum list_kind kind)
{
    return lists_state(stage->lists, ZONE, kind);
}

static const struct {
    struct behaviour behaviour;
    enum list_state state;
} rows[] = {
    {{.listed = "127.0.0.2", .unlisted = ""}, LIST_GOOD},
    {{.listed = "127.0.0.99", .unlisted = ""}, LIST_GOOD},
    {{.listed = "", .unlisted = ""}, LIST_FAILED},
    {{.listed = "127.0.0.2", .unlisted = "127.0.0.2"}, LIST_FAILED},
    {{.listed = "127.255.255.254", .unlisted = ""}, LIST_FAILED},
    {{.listed = "192.0.2.1", .unlisted = "192.0.2.1"}, LIST_FAILED},
    {{.silent = true}, LIST_GOOD},
};

static void tests_tell_good_from_bad(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (enum list_kind kind = LIST_OF_IPV4; kind <= LIST_OF_NAMES;
             kind++) {
            struct stage stage;
            begin(&stage, rows[i].behaviour);
            assert_int_equal(state_of(&stage, kind), LIST_GOOD);
            watch(&stage, kind);
            assert_int_equal(stage.server.asked, 2);
            assert_int_equal(state_of(&stage, kind), rows[i].state);
            end(&stage);
        }
    }
}

static void bad_list_mends(void **state)
{
    struct stage stage;
    begin(&stage, (struct behaviour){.listed = "", .unlisted = ""});
    watch(&stage, LIST_OF_IPV4);
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_FAILED);
    assert_int_equal(state_of(&stage, LIST_OF_IPV6), LIST_GOOD);

    stage.server.behaviour.listed = "127.0.0.2";
    pass_time(&stage, (LISTS_TEST_S - 1) * S);
    assert_int_equal(stage.server.asked, 2);
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_FAILED);
    pass_time(&stage, 2 * S);
    assert_int_equal(stage.server.asked, 4);
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_GOOD);

    stage.server.behaviour.unlisted = "127.0.0.2";
    pass_time(&stage, (LISTS_TEST_S + 1) * S);
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_FAILED);
    end(&stage);
}

/* A server that is silent during the test says nothing about the list. */
static void silence_leaves_the_state(void **state)
{
    struct stage stage;
    begin(&stage, (struct behaviour){.listed = "", .unlisted = ""});
    watch(&stage, LIST_OF_IPV4);
    stage.server.behaviour = (struct behaviour){
        .listed = "127.0.0.2", .unlisted = "", .silent = true};
    pass_time(&stage, (LISTS_TEST_S + 1) * S);
    pass_time(&stage, 11 * S);
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_FAILED);
    stage.server.behaviour.silent = false;
    pass_time(&stage, (LISTS_RETRY_S + 1) * S);
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_GOOD);
    end(&stage);
}

static void silent_list_rests_and_comes_back(void **state)
{
    struct stage stage;
    begin(&stage, (struct behaviour){.listed = "127.0.0.2", .unlisted = ""});
    watch(&stage, LIST_OF_IPV4);
    for (unsigned i = 0; i < LISTS_SILENT_MOST; i++) {
        assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_GOOD);
        lists_heard(stage.lists, ZONE, LIST_OF_IPV4, false);
    }
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_SILENT);
    assert_int_equal(state_of(&stage, LIST_OF_IPV6), LIST_GOOD);

    pass_time(&stage, LISTS_REST_S * S);
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_GOOD);
    lists_heard(stage.lists, ZONE, LIST_OF_IPV4, false);
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_SILENT);

    pass_time(&stage, LISTS_REST_S * S);
    lists_heard(stage.lists, ZONE, LIST_OF_IPV4, true);
    for (unsigned i = 1; i < LISTS_SILENT_MOST; i++)
        lists_heard(stage.lists, ZONE, LIST_OF_IPV4, false);
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_GOOD);
    end(&stage);
}

static void those_not_named_any_more_are_believed(void **state)
{
    struct stage stage;
    begin(&stage, (struct behaviour){.listed = "", .unlisted = ""});
    watch(&stage, LIST_OF_IPV4);
    watch(&stage, LIST_OF_NAMES);
    assert_int_equal(state_of(&stage, LIST_OF_IPV4), LIST_GOOD);
    assert_int_equal(state_of(&stage, LIST_OF_NAMES), LIST_FAILED);
    unsigned asked = stage.server.asked;
    watch(&stage, LIST_OF_NAMES);
    assert_int_equal(stage.server.asked, asked);
    assert_true(lists_watch(stage.lists, NULL, 0));
    pass_time(&stage, (LISTS_TEST_S + 1) * S);
    assert_int_equal(stage.server.asked, asked);
    end(&stage);
}

static void nothing_is_asked_once_it_stops(void **state)
{
    struct stage stage;
    struct list_name name = {.zone = ZONE, .kind = LIST_OF_IPV4};
    begin(&stage, (struct behaviour){.listed = "", .unlisted = ""});
    assert_true(lists_watch(stage.lists, &name, 1));
    end(&stage);
    assert_int_equal(stage.server.asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_tell_good_from_bad),
        cmocka_unit_test(bad_list_mends),
        cmocka_unit_test(silence_leaves_the_state),
        cmocka_unit_test(silent_list_rests_and_comes_back),
        cmocka_unit_test(those_not_named_any_more_are_believed),
        cmocka_unit_test(nothing_is_asked_once_it_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
