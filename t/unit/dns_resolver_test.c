/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_resolver_test.c - questions over real sockets to a server in the same
 * thread, while time stands still until it is moved */
#include "dns/resolver.h"
#include "dns_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define S          ((instant)1000000)
#define TIMEOUT_MS 2000

/** Two servers, of which the first is asked first, and what asks them. */
struct scene {
    struct stopped_clock clock;
    struct loop *loop;
    struct resolver *resolver;
    struct dns_play first, second;
};

/** One asker and what he was told. */
struct asker {
    struct dns_ask ask;
    const struct dns_answer *answer;
};

static void take_answer(struct dns_ask *ask, const struct dns_answer *answer)
{
    struct asker *asker = (struct asker *)ask;
    assert_null(asker->answer);
    assert_non_null(answer);
    asker->answer = answer;
}

/* 192.0.2.1 for an A, TTL 300. */
static struct wire *say_found(struct dns_play *play, const uint8_t *query,
                              size_t length, bool tcp)
{
    struct wire *wire = wire_reply_to(query, length, 0);
    wire_address(wire, NULL, 300, "192.0.2.1");
    return wire;
}

static struct wire *say_nothing(struct dns_play *play, const uint8_t *query,
                                size_t length, bool tcp)
{
    return NULL;
}

static struct wire *say_servfail(struct dns_play *play, const uint8_t *query,
                                 size_t length, bool tcp)
{
    return wire_reply_to(query, length, WIRE_RCODE(2));
}

/* Truncated over UDP, 192.0.2.1 over TCP. */
static struct wire *say_truncated(struct dns_play *play, const uint8_t *query,
                                  size_t length, bool tcp)
{
    return tcp ? say_found(play, query, length, tcp)
               : wire_reply_to(query, length, WIRE_TRUNCATED);
}

static void begin(struct scene *scene, dns_play_script *first,
                  dns_play_script *second)
{
    stopped_clock_begin(&scene->clock);
    play_open(&scene->first, first, true);
    play_open(&scene->second, second, true);
    scene->loop = loop_new(&scene->clock.clock);
    assert_non_null(scene->loop);
    struct dns_settings settings = {
        .servers = {play_server(&scene->first), play_server(&scene->second)},
        .server_count = 2,
        .timeout_ms = TIMEOUT_MS,
        .attempts = 1};
    char why[100];
    scene->resolver = resolver_new(scene->loop, &settings, DNS_SOCKETS_MOST,
                                   why, sizeof(why));
    assert_non_null(scene->resolver);
    assert_string_equal(why, "");
}

static void end(struct scene *scene)
{
    resolver_free(&scene->resolver);
    assert_null(scene->resolver);
    loop_free(&scene->loop);
    play_close(&scene->first);
    play_close(&scene->second);
}

/* Until nobody has anything to do, also not the kernel in between. */
static void settle(struct scene *scene)
{
    for (unsigned idle = 0; idle < 3;) {
        loop_turn(scene->loop);
        bool any = play_turn(&scene->first);
        any = play_turn(&scene->second) || any;
        idle = any ? 0 : idle + 1;
        if (!any)
            play_rest();
    }
}

/* As settle, until the asker has been told, for some real seconds. */
static void settle_until_told(struct scene *scene, const struct asker *asker)
{
    for (unsigned i = 0; i < 5000 && asker->answer == NULL; i++)
        settle(scene);
    assert_non_null(asker->answer);
}

static void move_clock(struct scene *scene, instant by)
{
    scene->clock.at += by;
    settle(scene);
}

static void ask(struct scene *scene, struct asker *asker, const char *name,
                instant patience)
{
    *asker = (struct asker){
        .ask = {.type = DNS_A, .has_client = true, .done = take_answer}};
    (void)snprintf(asker->ask.name, sizeof(asker->ask.name), "%s", name);
    asker->ask.deadline = scene->clock.at + patience;
    resolver_ask(scene->resolver, &asker->ask);
}

static void assert_found(const struct asker *asker)
{
    const struct dns_answer *answer = asker->answer;
    assert_true(answer != NULL && answer->status == DNS_FOUND &&
                answer->count == 1);
}

static void assert_trouble(const struct asker *asker, enum dns_trouble trouble)
{
    const struct dns_answer *answer = asker->answer;
    assert_true(answer != NULL && answer->status == DNS_TEMPERROR &&
                answer->trouble == trouble);
}

static void forget(struct asker *asker)
{
    dns_answer_drop(asker->answer);
    asker->answer = NULL;
}

static void answer_is_kept_for_its_life(void **state)
{
    struct scene scene;
    struct asker asker;
    begin(&scene, say_found, say_found);
    assert_null(resolver_kept(scene.resolver, "mail.example", DNS_A));
    ask(&scene, &asker, "mail.example", 5 * S);
    settle(&scene);
    assert_found(&asker);
    forget(&asker);

    move_clock(&scene, 299 * S);
    const struct dns_answer *kept =
        resolver_kept(scene.resolver, "mail.example", DNS_A);
    assert_non_null(kept);
    dns_answer_drop(kept);
    assert_null(resolver_kept(scene.resolver, "mail.example", DNS_AAAA));
    ask(&scene, &asker, "mail.example", 5 * S);
    settle(&scene);
    assert_found(&asker);
    forget(&asker);
    assert_int_equal(scene.first.queries, 1);

    move_clock(&scene, 1 * S);
    assert_null(resolver_kept(scene.resolver, "mail.example", DNS_A));
    ask(&scene, &asker, "mail.example", 5 * S);
    settle(&scene);
    assert_found(&asker);
    forget(&asker);
    assert_int_equal(scene.first.queries, 2);
    assert_int_equal(scene.second.queries, 0);
    end(&scene);
}

static void equal_questions_are_asked_once(void **state)
{
    struct scene scene;
    struct asker askers[3], other;
    begin(&scene, say_found, say_found);
    for (size_t i = 0; i < 3; i++)
        ask(&scene, &askers[i], "mail.example", 5 * S);
    ask(&scene, &other, "other.example", 5 * S);
    settle(&scene);
    for (size_t i = 0; i < 3; i++) {
        assert_found(&askers[i]);
        assert_ptr_equal(askers[i].answer, askers[0].answer);
    }
    assert_found(&other);
    assert_int_equal(scene.first.queries, 2);
    for (size_t i = 0; i < 3; i++)
        forget(&askers[i]);
    forget(&other);
    end(&scene);
}

/* Each asker leaves at his own deadline; the exchange goes on and what it
 * brings is kept. */
static void askers_have_their_own_deadlines(void **state)
{
    struct scene scene;
    struct asker hasty, patient, late;
    begin(&scene, say_nothing, say_found);
    ask(&scene, &hasty, "mail.example", 1 * S);
    ask(&scene, &patient, "mail.example", 3 * S);
    settle(&scene);
    move_clock(&scene, 1 * S);
    assert_trouble(&hasty, DNS_TROUBLE_TIMEOUT);
    assert_null(patient.answer);
    move_clock(&scene, 1 * S);
    assert_found(&patient);
    assert_int_equal(scene.first.queries, 1);
    assert_int_equal(scene.second.queries, 1);
    forget(&patient);

    ask(&scene, &late, "late.example", 0);
    settle(&scene);
    assert_trouble(&late, DNS_TROUBLE_TIMEOUT);
    assert_int_equal(scene.first.queries + scene.second.queries, 2);

    scene.second.script = say_nothing;
    ask(&scene, &hasty, "hasty.example", 1 * S);
    settle(&scene);
    move_clock(&scene, 1 * S);
    assert_trouble(&hasty, DNS_TROUBLE_TIMEOUT);
    scene.first.script = say_found; /* nobody waits when it comes */
    move_clock(&scene, 1 * S);
    const struct dns_answer *kept =
        resolver_kept(scene.resolver, "hasty.example", DNS_A);
    assert_non_null(kept);
    dns_answer_drop(kept);
    end(&scene);
}

static void temperrors_are_not_kept(void **state)
{
    struct scene scene;
    struct asker asker;
    begin(&scene, say_servfail, say_servfail);
    ask(&scene, &asker, "mail.example", 5 * S);
    settle(&scene);
    assert_trouble(&asker, DNS_TROUBLE_SERVFAIL);
    assert_null(resolver_kept(scene.resolver, "mail.example", DNS_A));
    scene.first.script = say_found;
    ask(&scene, &asker, "mail.example", 5 * S);
    settle(&scene);
    assert_found(&asker);
    forget(&asker);
    end(&scene);
}

/* A closed port answers at once (ICMP), and the next server is asked at once:
 * no time passes. */
static void closed_port_costs_no_time(void **state)
{
    struct scene scene;
    struct asker asker;
    begin(&scene, say_found, say_found);
    play_close(&scene.first);
    ask(&scene, &asker, "mail.example", 5 * S);
    settle_until_told(&scene, &asker);
    assert_found(&asker);
    assert_int_equal(scene.second.queries, 1);
    forget(&asker);

    play_close(&scene.second);
    ask(&scene, &asker, "other.example", 5 * S);
    settle_until_told(&scene, &asker);
    assert_trouble(&asker, DNS_TROUBLE_REFUSED);
    end(&scene);
}

static void each_try_has_its_own_port_and_id(void **state)
{
    struct scene scene;
    struct asker asker;
    begin(&scene, say_nothing, say_found);
    struct dns_settings settings = {.servers = {play_server(&scene.first)},
                                    .server_count = 1,
                                    .timeout_ms = TIMEOUT_MS,
                                    .attempts = 2};
    char why[100];
    assert_true(
        resolver_configure(scene.resolver, &settings, why, sizeof(why)));
    ask(&scene, &asker, "mail.example", 60 * S);
    settle(&scene);
    move_clock(&scene, 2 * S);
    move_clock(&scene, 2 * S);
    assert_trouble(&asker, DNS_TROUBLE_TIMEOUT);
    assert_int_equal(scene.first.queries, 2);
    assert_int_equal(scene.second.queries, 0);
    /* One of the two may be equal by chance, hardly both. */
    assert_true(scene.first.client.sin_port != scene.first.last_port ||
                scene.first.id != scene.first.last_id);
    end(&scene);
}

/* D8: another id, another sender; then the answer. */
static void only_the_server_is_heard(void **state)
{
    struct scene scene;
    struct asker asker;
    begin(&scene, say_nothing, say_nothing);
    ask(&scene, &asker, "mail.example", 5 * S);
    settle(&scene);
    assert_int_equal(scene.first.queries, 1);
    struct dns_query query;
    assert_true(dns_query_write(&query, "mail.example", DNS_A, scene.first.id,
                                true, 0));

    struct wire *forged = wire_reply(&query, WIRE_RCODE(3));
    scene.second.client = scene.first.client;
    play_send(&scene.second, forged); /* right but for its source */
    settle(&scene);
    assert_null(asker.answer);

    forged->octets[0] ^= 0xff;
    play_send(&scene.first, forged); /* another id */
    forged->length = 3;
    forged->octets[0] ^= 0xff;
    play_send(&scene.first, forged);
    settle(&scene);
    assert_null(asker.answer);
    free(forged);

    struct wire *wire = wire_reply(&query, 0);
    wire_address(wire, NULL, 300, "192.0.2.1");
    play_send(&scene.first, wire);
    free(wire);
    settle(&scene);
    assert_found(&asker);
    forget(&asker);
    end(&scene);
}

/* D6 */
static void truncated_is_asked_over_tcp(void **state)
{
    struct scene scene;
    struct asker asker;
    begin(&scene, say_truncated, say_servfail);
    ask(&scene, &asker, "mail.example", 5 * S);
    settle_until_told(&scene, &asker);
    assert_found(&asker);
    assert_int_equal(scene.first.queries, 1);
    assert_int_equal(scene.first.streams, 1);
    forget(&asker);
    end(&scene);
}

/* 300 reverse names do not fit UDP. */
static struct wire *say_many(struct dns_play *play, const uint8_t *query,
                             size_t length, bool tcp)
{
    struct wire *wire = wire_reply_to(query, length, tcp ? 0 : WIRE_TRUNCATED);
    for (unsigned i = 0; tcp && i < 300; i++) {
        char name[200];
        (void)snprintf(name, sizeof(name), "m%u.%060d.%060d.example", i, 0, 0);
        wire_named(wire, WIRE_ANSWER, NULL, DNS_PTR, 300, name);
    }
    return wire;
}

static void large_replies_come_whole(void **state)
{
    struct scene scene;
    struct asker asker;
    begin(&scene, say_many, say_servfail);
    asker = (struct asker){.ask = {.name = "1.2.0.192.in-addr.arpa",
                                   .type = DNS_PTR,
                                   .deadline = scene.clock.at + 5 * S,
                                   .done = take_answer}};
    resolver_ask(scene.resolver, &asker.ask);
    settle_until_told(&scene, &asker);
    assert_int_equal(asker.answer->status, DNS_FOUND);
    assert_int_equal(asker.answer->count, DNS_RECORDS_MOST);
    assert_true(asker.answer->more);
    forget(&asker);
    end(&scene);
}

/* D7: an octet, then silence: cut at the end of the server's turn. */
static void dripping_connection_is_cut(void **state)
{
    struct scene scene;
    struct asker asker;
    begin(&scene, say_truncated, say_found);
    scene.first.tcp_most = 1;
    ask(&scene, &asker, "mail.example", 5 * S);
    while (scene.first.streams == 0)
        settle(&scene);
    settle(&scene);
    for (unsigned i = 0; i < 4; i++) {
        assert_null(asker.answer);
        play_must(send(scene.first.connections[0], "x", 1, 0) == 1);
        move_clock(&scene, S / 2);
    }
    assert_found(&asker);
    assert_int_equal(scene.second.queries, 1);
    forget(&asker);
    end(&scene);
}

static void broken_connection_leads_to_the_next(void **state)
{
    struct scene scene;
    struct asker asker;
    begin(&scene, say_truncated, say_found);
    scene.first.tcp_most = 5;
    scene.first.tcp_hangs_up = true;
    ask(&scene, &asker, "mail.example", 5 * S);
    settle_until_told(&scene, &asker);
    assert_found(&asker);
    assert_int_equal(scene.second.queries, 1);
    forget(&asker);
    end(&scene);

    begin(&scene, say_truncated, say_found);
    (void)close(scene.first.listener);
    scene.first.listener = -1;
    ask(&scene, &asker, "mail.example", 5 * S);
    settle_until_told(&scene, &asker);
    assert_found(&asker);
    assert_int_equal(scene.second.queries, 1);
    forget(&asker);
    end(&scene);
}

/* A link-local server without its interface cannot be reached from here. */
static void missing_route_is_told(void **state)
{
    struct scene scene;
    struct asker asker;
    begin(&scene, say_found, say_found);
    struct dns_settings settings = {
        .server_count = 1, .timeout_ms = TIMEOUT_MS, .attempts = 1};
    assert_true(
        address_parse(&settings.servers[0].address, span_of("fe80::1")));
    settings.servers[0].port = 53;
    char why[100];
    assert_true(
        resolver_configure(scene.resolver, &settings, why, sizeof(why)));
    ask(&scene, &asker, "mail.example", 5 * S);
    settle(&scene);
    assert_trouble(&asker, DNS_TROUBLE_NO_NETWORK);
    end(&scene);
}

/** Those that are not for silent zones, and more questions than these. */
#define SOCKETS (DNS_SOCKETS_MOST - DNS_SOCKETS_MOST / SHARES_SILENT_PART)
#define CROWD   (SOCKETS + 20)

static struct asker *ask_crowd(struct scene *scene, instant patience)
{
    struct asker *crowd = calloc(CROWD, sizeof(*crowd));
    assert_non_null(crowd);
    for (size_t i = 0; i < CROWD; i++) {
        char name[NAME_SIZE];
        (void)snprintf(name, sizeof(name), "n%zu.example", i);
        ask(scene, &crowd[i], name, patience);
        if (i % 50 == 0) /* or its socket's buffer would overflow */
            settle(scene);
    }
    settle(scene);
    return crowd;
}

static void sockets_have_a_bound(void **state)
{
    struct scene scene;
    begin(&scene, say_nothing, say_found);
    struct asker *crowd = ask_crowd(&scene, 5 * S);
    assert_int_equal(scene.first.queries, SOCKETS);

    /* One is answered: the first who waits gets his socket. */
    struct dns_query query;
    struct wire *wire;
    assert_true(dns_query_write(&query, crowd[SOCKETS - 1].ask.name, DNS_A,
                                scene.first.id, true, 0));
    wire = wire_reply(&query, 0);
    wire_address(wire, NULL, 300, "192.0.2.1");
    play_send(&scene.first, wire);
    free(wire);
    settle(&scene);
    assert_found(&crowd[SOCKETS - 1]);
    assert_int_equal(scene.first.queries, SOCKETS + 1);

    forget(&crowd[SOCKETS - 1]);
    end(&scene);
    free(crowd);
}

/* Whose askers have left before its turn came is not asked any more. */
static void forgotten_questions_are_not_asked(void **state)
{
    struct scene scene;
    begin(&scene, say_nothing, say_nothing);
    struct asker *crowd = ask_crowd(&scene, S / 10);
    move_clock(&scene, S / 10);
    for (size_t i = 0; i < CROWD; i++)
        assert_trouble(&crowd[i],
                       i < SOCKETS ? DNS_TROUBLE_TIMEOUT : DNS_TROUBLE_CROWDED);
    for (unsigned i = 0; i < 8; i++)
        move_clock(&scene, 1 * S);
    assert_int_equal(scene.first.queries, SOCKETS);
    free(crowd);
    end(&scene);
}

static void questions_have_a_bound(void **state)
{
    struct scene scene;
    begin(&scene, say_nothing, say_nothing);
    size_t count = DNS_QUESTIONS_MOST + 1;
    struct asker *askers = calloc(count, sizeof(*askers));
    assert_non_null(askers);
    for (size_t i = 0; i < count; i++) {
        char name[NAME_SIZE];
        (void)snprintf(name, sizeof(name), "n%zu.example", i);
        ask(&scene, &askers[i], name, 5 * S);
    }
    settle(&scene);
    for (size_t i = 0; i + 1 < count; i++)
        assert_null(askers[i].answer);
    assert_trouble(&askers[count - 1], DNS_TROUBLE_CROWDED);
    end(&scene); /* answers all that are open */
    for (size_t i = 0; i + 1 < count; i++)
        assert_trouble(&askers[i], DNS_TROUBLE_INTERNAL);
    free(askers);
}

static void end_answers_what_is_open(void **state)
{
    struct scene scene;
    struct asker over_udp, over_tcp;
    begin(&scene, say_nothing, say_nothing);
    ask(&scene, &over_udp, "udp.example", 5 * S);
    settle(&scene);
    scene.first.script = say_truncated;
    scene.first.tcp_most = 1;
    ask(&scene, &over_tcp, "tcp.example", 5 * S);
    settle(&scene);
    end(&scene);
    assert_trouble(&over_udp, DNS_TROUBLE_INTERNAL);
    assert_trouble(&over_tcp, DNS_TROUBLE_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_is_kept_for_its_life),
        cmocka_unit_test(equal_questions_are_asked_once),
        cmocka_unit_test(askers_have_their_own_deadlines),
        cmocka_unit_test(temperrors_are_not_kept),
        cmocka_unit_test(closed_port_costs_no_time),
        cmocka_unit_test(each_try_has_its_own_port_and_id),
        cmocka_unit_test(only_the_server_is_heard),
        cmocka_unit_test(truncated_is_asked_over_tcp),
        cmocka_unit_test(large_replies_come_whole),
        cmocka_unit_test(dripping_connection_is_cut),
        cmocka_unit_test(broken_connection_leads_to_the_next),
        cmocka_unit_test(missing_route_is_told),
        cmocka_unit_test(sockets_have_a_bound),
        cmocka_unit_test(forgotten_questions_are_not_asked),
        cmocka_unit_test(questions_have_a_bound),
        cmocka_unit_test(end_answers_what_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
