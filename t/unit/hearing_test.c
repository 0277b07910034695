/* SPDX-License-Identifier: BSD-2-Clause */
/* hearing_test.c - S20: who is called when a wall is suspected, and what that
 * shows; over real sockets */
#include "verify/hearing.h"

#include "dns/resolver.h"
#include "dns_server.h"
#include "smtp_server.h"
#include "verify/verifier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

/** A verifier whose wall is suspected, on a loop that the test turns; SMTP
 * servers from 127.0.0.2 on, a DNS server. */
struct scene {
    struct servers servers;
    struct dns_play play;
    struct loop *loop;
    struct resolver *resolver;
    struct verifier *verifier;
    struct callout_settings settings;
    int turns_freed;
};

static struct scene scene;

static void note_free(struct verifier *verifier)
{
    assert_ptr_equal(verifier, scene.verifier);
    scene.turns_freed++;
}

static struct wire *say_nothing(struct dns_play *play, const uint8_t *query,
                                size_t length, bool tcp)
{
    return NULL;
}

/* That a name leads into our own network. */
static struct wire *say_inside(struct dns_play *play, const uint8_t *query,
                               size_t length, bool tcp)
{
    struct wire *wire = wire_reply_to(query, length, 0);
    if (wire->octets[wire->length - 3] == DNS_A)
        wire_address(wire, NULL, 300, "127.0.0.2");
    return wire;
}

static void suspect(void)
{
    struct wall *wall = &scene.verifier->wall;
    struct address address = {{0}};
    wall->next_hearing = 0;
    for (uint8_t i = 0; i < WALL_HOSTS; i++) {
        address.octets[15] = i;
        wall_missed(wall, &address, 1);
    }
    wall_missed(wall, &address, verifier_now(scene.verifier));
    wall->since = verifier_now(scene.verifier);
}

static void begin(const struct server_script *scripts, size_t count,
                  dns_play_script *dns)
{
    char why[100];
    memset(&scene, 0, sizeof(scene));
    servers_start(&scene.servers, scripts, count);
    play_open(&scene.play, dns, false);
    scene.loop = loop_new(&clock_system);
    assert_non_null(scene.loop);
    const struct dns_settings dns_settings = {
        .servers = {play_server(&scene.play)},
        .server_count = 1,
        .timeout_ms = 100,
        .budget_ms = 200,
        .attempts = 1};
    scene.resolver = resolver_new(scene.loop, &dns_settings, DNS_SOCKETS_MOST,
                                  why, sizeof(why));
    scene.verifier = verifier_new(scene.loop, 1 << 20, why, sizeof(why));
    assert_non_null(scene.resolver);
    assert_non_null(scene.verifier);
    verifier_resolve_by(scene.verifier, scene.resolver);
    scene.settings = (struct callout_settings){.name = "mx1.example.org",
                                               .port = scene.servers.port,
                                               .connect_ms = 2000,
                                               .reply_ms = 5000,
                                               .total_ms = 10000,
                                               .most = 0, /* all in use */
                                               .most_per_host = 1};
    suspect();
}

static void end(void)
{
    verifier_stop(scene.verifier);
    loop_turn(scene.loop);
    resolver_free(&scene.resolver);
    loop_free(&scene.loop);
    verifier_free(&scene.verifier);
    servers_stop(&scene.servers);
    play_close(&scene.play);
}

/* A host of a network and organisation of its own, 127.NETWORK.0.2, has
 * answered. Servers are at 127.0.0.2 alone. */
static struct address hear(unsigned network)
{
    struct callout_target target = {.exchanger = ""};
    char address[ADDRESS_TEXT_SIZE];
    (void)snprintf(target.exchanger, NAME_SIZE, "mx.d%u.example", network);
    (void)snprintf(address, sizeof(address), "127.%u.0.2", network);
    assert_true(address_parse(&target.address, span_of(address)));
    witnesses_hear(&scene.verifier->witnesses, &target,
                   verifier_now(scene.verifier) + network);
    return target.address;
}

static int calls(void)
{
    return atomic_load(&scene.servers.server[0].calls);
}

/* Have those that are to be called called, and wait for the end of it. */
static void hold(void)
{
    hearing_consider(scene.verifier, &scene.settings, note_free);
    for (int tries = 0; tries < 5000; tries++) {
        loop_turn(scene.loop);
        (void)play_datagram(&scene.play);
        if (!scene.verifier->wall.trying &&
            atomic_load(&scene.servers.server[0].open) == 0)
            break;
        pause_ms(2);
    }
    assert_false(scene.verifier->wall.trying);
}

static void name_witness(void)
{
    (void)snprintf(scene.settings.witness, NAME_SIZE, "witness.example");
}

static void test_nobody(void **state)
{
    begin(NULL, 0, say_nothing);
    hold();
    assert_true(scene.verifier->wall.suspected);
    assert_false(scene.verifier->wall.stands);
    end();
}

/* Whoever has answered is called, whatever he greets with now; and once a
 * minute at most. */
static void test_answers(void **state)
{
    static const struct server_script scripts[][1] = {
        {{0}}, {{.greeting = "554 not you\r\n"}}, {{.greeting = "close"}}};
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        begin(scripts[i], 1, say_nothing);
        (void)hear(0);
        hold();
        assert_false(scene.verifier->wall.suspected);
        assert_false(scene.verifier->wall.stands);
        EVENTUALLY(calls() == 1);
        suspect();
        scene.verifier->wall.next_hearing =
            instant_after_s(verifier_now(scene.verifier), 1000);
        hold();
        assert_int_equal(calls(), 1);
        end();
    }
}

static void test_dead(void **state)
{
    begin(NULL, 0, say_nothing);
    scene.settings.port = 1; /* nobody listens there */
    for (unsigned i = 0; i < 5; i++)
        (void)hear(i);
    hold();
    assert_true(scene.verifier->wall.stands);
    assert_int_equal(scene.verifier->witnesses.count, 5); /* none to blame */
    assert_int_equal(scene.turns_freed, HEARING_REMEMBERED);
    end();
}

/* One that is dead may be a stranger's, who has shut it down. */
static void test_one_dead(void **state)
{
    begin(NULL, 0, say_nothing);
    scene.settings.port = 1;
    (void)hear(0);
    hold();
    assert_true(scene.verifier->wall.suspected);
    assert_false(scene.verifier->wall.stands);
    end();
}

/* Those that are dead while another answers have been a stranger's. */
static void test_one_of_them_answers(void **state)
{
    static const struct server_script scripts[] = {{0}};
    begin(scripts, 1, say_nothing);
    for (unsigned i = 0; i < 3; i++)
        (void)hear(i);
    hold();
    for (int i = 0; i < 500 && scene.turns_freed < 3; i++) {
        loop_turn(scene.loop);
        pause_ms(2);
    }
    assert_false(scene.verifier->wall.stands);
    assert_int_equal(scene.turns_freed, 3);
    assert_int_equal(scene.verifier->witnesses.count, 1);
    assert_string_equal(scene.verifier->witnesses.at[0].target.exchanger,
                        "mx.d0.example");
    end();
}

/* A host that has all its calls is passed over. */
static void test_busy(void **state)
{
    static const struct server_script scripts[] = {{0}};
    const struct turn_terms terms = {.most = 1, .most_per_host = 1};
    begin(scripts, 1, say_nothing);
    const struct address address = hear(0);
    struct turns_host *host =
        turns_also(scene.verifier->turns, &address, &terms);
    assert_non_null(host);
    hold();
    assert_true(scene.verifier->wall.suspected);
    assert_false(scene.verifier->wall.stands);
    assert_int_equal(calls(), 0);
    turns_end(scene.verifier->turns, host);
    end();
}

/* That the one that is named cannot be looked up shows nothing: it neither
 * makes a wall, nor keeps others from making one. */
static void test_not_looked_up(void **state)
{
    begin(NULL, 0, say_nothing);
    name_witness();
    hold();
    assert_true(scene.play.queries >= 2);
    assert_true(scene.verifier->wall.suspected);
    assert_false(scene.verifier->wall.stands);
    end();
    begin(NULL, 0, say_nothing);
    name_witness();
    scene.settings.port = 1;
    (void)hear(0);
    (void)hear(1);
    hold();
    assert_true(scene.verifier->wall.stands);
    end();
}

/* No name leads a call into our own network, nor does one there show anything.
 */
static void test_inside(void **state)
{
    static const struct server_script scripts[] = {{0}};
    begin(scripts, 1, say_inside);
    name_witness();
    hold();
    assert_true(scene.verifier->wall.suspected);
    assert_false(scene.verifier->wall.stands);
    assert_int_equal(calls(), 0);
    end();
}

/* The end comes while the name is looked up, and while a host is silent. */
static void test_cut(void **state)
{
    static const struct server_script scripts[] = {{.greeting = ""}};
    begin(scripts, 1, say_nothing);
    name_witness();
    (void)hear(0);
    hearing_consider(scene.verifier, &scene.settings, note_free);
    for (int i = 0; i < 5000 && calls() == 0; i++) {
        loop_turn(scene.loop);
        pause_ms(2);
    }
    assert_int_equal(calls(), 1);
    end();
    assert_int_equal(scene.turns_freed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_dead),
        cmocka_unit_test(test_one_dead),
        cmocka_unit_test(test_one_of_them_answers),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_not_looked_up),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
