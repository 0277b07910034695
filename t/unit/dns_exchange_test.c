/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_exchange_test.c - exchanges from the first query to the answer, in
 * simulated time and without a socket */
#include "dns/exchange.h"
#include "dns_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define TIMEOUT_MS 2000
#define S          ((instant)1000000)

/** An exchange about mail.example, A, and the servers 192.0.2.1, .2 ... */
struct scene {
    struct dns_servers *servers;
    struct dns_exchange *exchange;
    instant now;
    uint16_t id; /* of the last query */
};

static void begin_mixing(struct scene *scene, size_t servers, uint32_t attempts,
                         bool mixes)
{
    struct dns_settings settings = {.server_count = servers,
                                    .timeout_ms = TIMEOUT_MS,
                                    .attempts = attempts,
                                    .mix_case = mixes};
    for (size_t i = 0; i < servers; i++) {
        assert_true(
            address_parse(&settings.servers[i].address, span_of("192.0.2.1")));
        settings.servers[i].address.octets[15] = (uint8_t)(i + 1);
    }
    *scene = (struct scene){.now = 1000 * S, .id = 100};
    scene->servers = dns_servers_new(&settings);
    assert_non_null(scene->servers);
    scene->exchange = dns_exchange_new("mail.example", DNS_A, scene->servers);
    assert_non_null(scene->exchange);
}

static void begin(struct scene *scene, size_t servers, uint32_t attempts)
{
    begin_mixing(scene, servers, attempts, false);
}

/* Another question to the same servers. */
static void begin_again(struct scene *scene)
{
    dns_exchange_free(&scene->exchange);
    scene->exchange = dns_exchange_new("mail.example", DNS_A, scene->servers);
    assert_non_null(scene->exchange);
}

static void end(struct scene *scene)
{
    dns_exchange_free(&scene->exchange);
    assert_null(scene->exchange);
    dns_servers_drop(scene->servers);
}

static enum dns_next take(struct scene *scene, enum dns_event_kind kind)
{
    struct dns_event event = {
        .kind = kind, .now = scene->now, .id = ++scene->id, .mix = 3};
    return dns_exchange_take(scene->exchange, &event);
}

static enum dns_next time_out(struct scene *scene)
{
    scene->now = dns_exchange_deadline(scene->exchange);
    return take(scene, DNS_EVENT_TIME);
}

/* The wire is freed. */
static enum dns_next take_wire(struct scene *scene, struct wire *wire)
{
    struct dns_event event = {.kind = DNS_EVENT_OCTETS,
                              .now = scene->now,
                              .id = ++scene->id,
                              .octets = wire->octets,
                              .length = wire->length};
    enum dns_next next = dns_exchange_take(scene->exchange, &event);
    free(wire);
    return next;
}

static enum dns_next take_code(struct scene *scene, unsigned flags)
{
    return take_wire(scene,
                     wire_reply(dns_exchange_query(scene->exchange), flags));
}

static enum dns_next take_good(struct scene *scene)
{
    struct wire *wire = wire_reply(dns_exchange_query(scene->exchange), 0);
    wire_address(wire, NULL, 300, "192.0.2.99");
    return take_wire(scene, wire);
}

static enum dns_next take_garbage(struct scene *scene)
{
    struct wire *wire = wire_reply(dns_exchange_query(scene->exchange), 0);
    wire_set_16(wire, WIRE_ANSWER, 1);
    return take_wire(scene, wire);
}

static bool has_edns(const struct scene *scene)
{
    return dns_exchange_query(scene->exchange)->octets[11] == 1;
}

static unsigned asked(const struct scene *scene)
{
    return dns_exchange_server(scene->exchange)->address.octets[15];
}

static void assert_trouble(const struct scene *scene, enum dns_trouble trouble)
{
    const struct dns_answer *answer = dns_exchange_answer(scene->exchange);
    assert_int_equal(answer->status, DNS_TEMPERROR);
    assert_int_equal(answer->trouble, trouble);
}

static void good_answer_ends_it(void **state)
{
    struct scene scene;
    begin(&scene, 2, 2);
    assert_int_equal(take(&scene, DNS_EVENT_BEGIN), DNS_NEXT_UDP);
    const struct dns_query *query = dns_exchange_query(scene.exchange);
    assert_int_equal(query->octets[0] << 8 | query->octets[1], 101);
    assert_true(has_edns(&scene));
    assert_int_equal(asked(&scene), 1);
    assert_int_equal(dns_exchange_deadline(scene.exchange), 1002 * S);
    assert_int_equal(take_good(&scene), DNS_NEXT_DONE);
    const struct dns_answer *answer = dns_exchange_answer(scene.exchange);
    assert_int_equal(answer->status, DNS_FOUND);
    assert_int_equal(answer->expires, 1300 * S);
    end(&scene);
}

static void nothing_is_an_answer(void **state)
{
    static const struct {
        unsigned code;
        enum dns_status status;
    } rows[] = {{0, DNS_NODATA}, {3, DNS_NXDOMAIN}};
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        begin(&scene, 2, 2);
        (void)take(&scene, DNS_EVENT_BEGIN);
        assert_int_equal(take_code(&scene, rows[i].code), DNS_NEXT_DONE);
        assert_int_equal(dns_exchange_answer(scene.exchange)->status,
                         rows[i].status);
        end(&scene);
    }
}

/* D4 */
static void silence_goes_round_and_ends(void **state)
{
    struct scene scene;
    begin(&scene, 2, 2);
    static const unsigned order[] = {1, 2, 1, 2};
    enum dns_next next = take(&scene, DNS_EVENT_BEGIN);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(next, DNS_NEXT_UDP);
        assert_int_equal(asked(&scene), order[i]);
        next = time_out(&scene);
    }
    assert_int_equal(next, DNS_NEXT_DONE);
    assert_int_equal(scene.now, (1000 + 8) * S);
    assert_trouble(&scene, DNS_TROUBLE_TIMEOUT);
    end(&scene);
}

static void early_time_is_waited_out(void **state)
{
    struct scene scene;
    begin(&scene, 1, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    scene.now += TIMEOUT_MS * 1000 - 1;
    assert_int_equal(take(&scene, DNS_EVENT_TIME), DNS_NEXT_WAIT);
    scene.now += 1;
    assert_int_equal(take(&scene, DNS_EVENT_TIME), DNS_NEXT_DONE);
    end(&scene);
}

/* What one server cannot do, the next may: whatever it was. */
static void next_server_is_asked_after_each_failure(void **state)
{
    enum {
        SILENT,
        SERVFAIL,
        REFUSED,
        NOTAUTH,
        GARBAGE,
        CLOSED_DOOR,
        NO_ROUTE,
        OURS,
        WAYS
    };
    for (int way = 0; way < WAYS; way++) {
        struct scene scene;
        begin(&scene, 2, 1);
        (void)take(&scene, DNS_EVENT_BEGIN);
        enum dns_next next =
            way == SILENT        ? time_out(&scene)
            : way == SERVFAIL    ? take_code(&scene, 2)
            : way == REFUSED     ? take_code(&scene, 5)
            : way == NOTAUTH     ? take_code(&scene, 9)
            : way == GARBAGE     ? take_garbage(&scene)
            : way == CLOSED_DOOR ? take(&scene, DNS_EVENT_REFUSED)
            : way == NO_ROUTE    ? take(&scene, DNS_EVENT_NO_ROUTE)
                                 : take(&scene, DNS_EVENT_FAILED);
        assert_int_equal(next, DNS_NEXT_UDP);
        assert_int_equal(asked(&scene), 2);
        assert_true(has_edns(&scene));
        assert_int_equal(take_good(&scene), DNS_NEXT_DONE);
        assert_int_equal(dns_exchange_answer(scene.exchange)->status,
                         DNS_FOUND);
        end(&scene);
    }
}

/* D3, D18: all say SERVFAIL; nobody is asked twice. */
static void failure_of_all_is_told(void **state)
{
    struct scene scene;
    begin(&scene, 3, 2);
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(take_code(&scene, 2), DNS_NEXT_UDP);
    assert_int_equal(take_code(&scene, 5), DNS_NEXT_UDP);
    assert_int_equal(take_code(&scene, 2), DNS_NEXT_DONE);
    assert_trouble(&scene, DNS_TROUBLE_SERVFAIL);
    end(&scene);
}

/* Only the silent one gets a second turn. */
static void settled_servers_are_left_in_peace(void **state)
{
    struct scene scene;
    begin(&scene, 3, 3);
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(take_code(&scene, 5), DNS_NEXT_UDP);
    assert_int_equal(time_out(&scene), DNS_NEXT_UDP);
    assert_int_equal(asked(&scene), 3);
    assert_int_equal(take_code(&scene, 2), DNS_NEXT_UDP);
    assert_int_equal(asked(&scene), 2);
    assert_int_equal(time_out(&scene), DNS_NEXT_UDP);
    assert_int_equal(asked(&scene), 2);
    assert_int_equal(time_out(&scene), DNS_NEXT_DONE);
    assert_trouble(&scene, DNS_TROUBLE_SERVFAIL);
    end(&scene);
}

static void weightiest_trouble_is_told(void **state)
{
    struct scene scene;
    begin(&scene, 2, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    (void)take(&scene, DNS_EVENT_REFUSED);
    assert_int_equal(time_out(&scene), DNS_NEXT_DONE);
    assert_trouble(&scene, DNS_TROUBLE_REFUSED);
    end(&scene);

    begin(&scene, 2, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    (void)take(&scene, DNS_EVENT_NO_ROUTE);
    assert_int_equal(take(&scene, DNS_EVENT_NO_ROUTE), DNS_NEXT_DONE);
    assert_trouble(&scene, DNS_TROUBLE_NO_NETWORK);
    end(&scene);

    begin(&scene, 2, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    (void)take(&scene, DNS_EVENT_FAILED);
    assert_int_equal(time_out(&scene), DNS_NEXT_DONE);
    assert_trouble(&scene, DNS_TROUBLE_INTERNAL);
    end(&scene);
}

/* P4: what our own fault comes from is in the answer. */
static void our_fault_has_its_cause(void **state)
{
    static const enum fault faults[] = {FAULT_DESCRIPTOR, FAULT_MEMORY,
                                        FAULT_NONE};
    for (size_t i = 0; i < 3; i++) {
        struct scene scene;
        const struct dns_event event = {.kind = DNS_EVENT_FAILED,
                                        .fault = faults[i]};
        begin(&scene, 1, 1);
        (void)take(&scene, DNS_EVENT_BEGIN);
        assert_int_equal(dns_exchange_take(scene.exchange, &event),
                         DNS_NEXT_DONE);
        assert_trouble(&scene, DNS_TROUBLE_INTERNAL);
        assert_int_equal(dns_exchange_answer(scene.exchange)->fault, faults[i]);
        end(&scene);
    }
}

static void formerr_is_asked_again_without_edns(void **state)
{
    struct scene scene;
    begin(&scene, 2, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    instant deadline = dns_exchange_deadline(scene.exchange);
    scene.now += S;
    assert_int_equal(take_code(&scene, 1), DNS_NEXT_UDP);
    assert_int_equal(asked(&scene), 1);
    assert_false(has_edns(&scene));
    assert_int_equal(dns_exchange_deadline(scene.exchange), deadline);
    /* It says so of the plain query too: the next, with EDNS again. */
    assert_int_equal(take_code(&scene, 1), DNS_NEXT_UDP);
    assert_int_equal(asked(&scene), 2);
    assert_true(has_edns(&scene));
    assert_int_equal(take_code(&scene, 4), DNS_NEXT_UDP);
    assert_false(has_edns(&scene));
    assert_int_equal(take_good(&scene), DNS_NEXT_DONE);
    end(&scene);
}

/* D6 */
static void truncated_is_asked_over_tcp(void **state)
{
    struct scene scene;
    begin(&scene, 2, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    instant deadline = dns_exchange_deadline(scene.exchange);
    scene.now += S;
    assert_int_equal(take_code(&scene, WIRE_TRUNCATED), DNS_NEXT_TCP);
    assert_int_equal(asked(&scene), 1);
    assert_int_equal(dns_exchange_deadline(scene.exchange), deadline);
    assert_int_equal(take_good(&scene), DNS_NEXT_DONE);
    assert_int_equal(dns_exchange_answer(scene.exchange)->status, DNS_FOUND);
    end(&scene);
}

/* D7 and its like: the next server gets UDP again. */
static void tcp_may_fail(void **state)
{
    enum { REFUSED, CLOSED, SILENT, TRUNCATED, STRAY, WAYS };
    for (int way = 0; way < WAYS; way++) {
        struct scene scene;
        begin(&scene, 2, 1);
        (void)take(&scene, DNS_EVENT_BEGIN);
        (void)take_code(&scene, WIRE_TRUNCATED);
        struct wire *wire =
            wire_reply(dns_exchange_query(scene.exchange), WIRE_TRUNCATED);
        if (way == STRAY)
            wire->octets[0] ^= 1;
        enum dns_next next = way == REFUSED  ? take(&scene, DNS_EVENT_REFUSED)
                             : way == CLOSED ? take(&scene, DNS_EVENT_CLOSED)
                             : way == SILENT ? time_out(&scene)
                                             : DNS_NEXT_DONE;
        if (way == TRUNCATED || way == STRAY)
            next = take_wire(&scene, wire);
        else
            free(wire);
        assert_int_equal(next, DNS_NEXT_UDP);
        assert_int_equal(asked(&scene), 2);
        end(&scene);
    }
}

static void plain_query_stays_plain_over_tcp(void **state)
{
    struct scene scene;
    begin(&scene, 1, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(take_code(&scene, 1), DNS_NEXT_UDP);
    assert_int_equal(take_code(&scene, WIRE_TRUNCATED), DNS_NEXT_TCP);
    assert_false(has_edns(&scene));
    assert_int_equal(take_good(&scene), DNS_NEXT_DONE);
    end(&scene);
}

/* D8: strays change nothing, and the true answer still counts. */
static void strays_are_ignored(void **state)
{
    struct scene scene;
    begin(&scene, 1, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    const struct dns_query *query = dns_exchange_query(scene.exchange);
    for (unsigned i = 0; i < DNS_STRAYS_MOST; i++) {
        struct wire *wire = wire_reply(query, WIRE_RCODE(3));
        wire->octets[i % 2] ^= (uint8_t)(i + 1);
        assert_int_equal(take_wire(&scene, wire), DNS_NEXT_WAIT);
    }
    assert_int_equal(take_good(&scene), DNS_NEXT_DONE);
    assert_int_equal(dns_exchange_answer(scene.exchange)->status, DNS_FOUND);
    end(&scene);
}

/* Somebody is guessing: he cannot over TCP. */
static void flood_of_strays_drives_to_tcp(void **state)
{
    struct scene scene;
    begin(&scene, 1, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    enum dns_next next = DNS_NEXT_WAIT;
    unsigned strays = 0;
    for (; next == DNS_NEXT_WAIT; strays++)
        next = take_wire(&scene, calloc(1, sizeof(struct wire)));
    assert_int_equal(next, DNS_NEXT_TCP);
    assert_int_equal(strays, DNS_STRAYS_MOST + 1);
    assert_int_equal(dns_exchange_strays(scene.exchange), strays);
    end(&scene);
}

/* An endless chain is the data's fault: no other server is bothered. */
static char first_letter(const struct scene *scene)
{
    return (char)dns_exchange_query(scene->exchange)->octets[13];
}

/* A server that does not keep our letters may be a forger: he is no part of a
 * TCP connection. */
static void other_case_drives_to_tcp(void **state)
{
    struct scene scene;
    begin_mixing(&scene, 1, 1, true);
    assert_int_equal(take(&scene, DNS_EVENT_BEGIN), DNS_NEXT_UDP);
    assert_int_equal(first_letter(&scene), 'M');
    struct wire *wire = wire_reply(dns_exchange_query(scene.exchange), 0);
    wire_address(wire, NULL, 300, "192.0.2.66");
    wire->octets[13] = 'm';
    assert_int_equal(take_wire(&scene, wire), DNS_NEXT_TCP);
    assert_int_equal(first_letter(&scene), 'm');
    assert_int_equal(take_good(&scene), DNS_NEXT_DONE);
    end(&scene);
}

static void case_is_mixed_if_wanted(void **state)
{
    struct scene scene;
    begin_mixing(&scene, 1, 1, true);
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(take_good(&scene), DNS_NEXT_DONE);
    end(&scene);
    begin(&scene, 1, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(first_letter(&scene), 'm');
    end(&scene);
}

/* D18. */
static void extended_error_is_kept(void **state)
{
    struct scene scene;
    begin(&scene, 1, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    struct wire *wire =
        wire_reply(dns_exchange_query(scene.exchange), WIRE_RCODE(2));
    wire_record(wire, WIRE_ADDITIONAL, "", WIRE_OPT, 0);
    wire_add(wire, "\0\17\0\7\0\6bogus", 11);
    wire_end(wire);
    assert_int_equal(take_wire(&scene, wire), DNS_NEXT_DONE);
    assert_trouble(&scene, DNS_TROUBLE_SERVFAIL);
    assert_string_equal(dns_exchange_reason(scene.exchange),
                        "extended error 6 bogus");
    end(&scene);
}

static void endless_chain_is_a_temperror(void **state)
{
    struct scene scene;
    begin(&scene, 2, 2);
    (void)take(&scene, DNS_EVENT_BEGIN);
    struct wire *wire = wire_reply(dns_exchange_query(scene.exchange), 0);
    wire_named(wire, WIRE_ANSWER, NULL, WIRE_CNAME, 300, "mail.example");
    assert_int_equal(take_wire(&scene, wire), DNS_NEXT_DONE);
    assert_trouble(&scene, DNS_TROUBLE_MALFORMED);
    end(&scene);
}

static void failed_server_is_asked_last(void **state)
{
    struct scene scene;
    begin(&scene, 2, 2);
    (void)take(&scene, DNS_EVENT_BEGIN);
    (void)time_out(&scene);
    (void)take_good(&scene);

    begin_again(&scene);
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(asked(&scene), 2);
    assert_int_equal(time_out(&scene), DNS_NEXT_UDP);
    assert_int_equal(asked(&scene), 1); /* last, not never */
    (void)take_good(&scene);

    begin_again(&scene); /* now the other one rests */
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(asked(&scene), 1);
    end(&scene);
}

/* When the rest is over, one question tries; the others do not wait for it. */
static void one_question_tries_a_rested_server(void **state)
{
    struct scene scene;
    begin(&scene, 2, 2);
    (void)take(&scene, DNS_EVENT_BEGIN);
    (void)time_out(&scene);
    scene.now += DNS_SERVER_REST_S * S;

    begin_again(&scene);
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(asked(&scene), 1);
    struct dns_exchange *trying = scene.exchange;
    scene.exchange = NULL;

    begin_again(&scene);
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(asked(&scene), 2);
    dns_exchange_free(&scene.exchange);

    scene.exchange = trying; /* it answers, and is the first again */
    (void)take_good(&scene);
    begin_again(&scene);
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(asked(&scene), 1);
    end(&scene);
}

/* D5: an hour without any server; the first question afterwards succeeds. */
static void outage_leaves_no_mark(void **state)
{
    struct scene scene;
    begin(&scene, 2, 1);
    for (instant over = scene.now + 3600 * S; scene.now < over;
         scene.now += 10 * S) {
        begin_again(&scene);
        assert_int_equal(take(&scene, DNS_EVENT_BEGIN), DNS_NEXT_UDP);
        assert_int_equal(time_out(&scene), DNS_NEXT_UDP);
        assert_int_equal(take(&scene, DNS_EVENT_NO_ROUTE), DNS_NEXT_DONE);
    }
    begin_again(&scene);
    assert_int_equal(take(&scene, DNS_EVENT_BEGIN), DNS_NEXT_UDP);
    assert_int_equal(take_good(&scene), DNS_NEXT_DONE);
    assert_int_equal(dns_exchange_answer(scene.exchange)->status, DNS_FOUND);
    end(&scene);
}

/* SERVFAIL is about the name asked, so the server keeps its place. */
static void failure_of_a_name_is_no_fault_of_the_server(void **state)
{
    struct scene scene;
    begin(&scene, 2, 1);
    (void)take(&scene, DNS_EVENT_BEGIN);
    (void)take_code(&scene, 2);
    begin_again(&scene);
    (void)take(&scene, DNS_EVENT_BEGIN);
    assert_int_equal(asked(&scene), 1);
    end(&scene);
}

static void name_without_wire_form_is_our_fault(void **state)
{
    struct scene scene;
    begin(&scene, 1, 1);
    dns_exchange_free(&scene.exchange);
    scene.exchange = dns_exchange_new("a..b", DNS_A, scene.servers);
    assert_int_equal(take(&scene, DNS_EVENT_BEGIN), DNS_NEXT_DONE);
    assert_trouble(&scene, DNS_TROUBLE_INTERNAL);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_answer_ends_it),
        cmocka_unit_test(nothing_is_an_answer),
        cmocka_unit_test(silence_goes_round_and_ends),
        cmocka_unit_test(early_time_is_waited_out),
        cmocka_unit_test(next_server_is_asked_after_each_failure),
        cmocka_unit_test(failure_of_all_is_told),
        cmocka_unit_test(settled_servers_are_left_in_peace),
        cmocka_unit_test(weightiest_trouble_is_told),
        cmocka_unit_test(our_fault_has_its_cause),
        cmocka_unit_test(formerr_is_asked_again_without_edns),
        cmocka_unit_test(truncated_is_asked_over_tcp),
        cmocka_unit_test(tcp_may_fail),
        cmocka_unit_test(plain_query_stays_plain_over_tcp),
        cmocka_unit_test(strays_are_ignored),
        cmocka_unit_test(flood_of_strays_drives_to_tcp),
        cmocka_unit_test(other_case_drives_to_tcp),
        cmocka_unit_test(case_is_mixed_if_wanted),
        cmocka_unit_test(extended_error_is_kept),
        cmocka_unit_test(endless_chain_is_a_temperror),
        cmocka_unit_test(failed_server_is_asked_last),
        cmocka_unit_test(one_question_tries_a_rested_server),
        cmocka_unit_test(outage_leaves_no_mark),
        cmocka_unit_test(failure_of_a_name_is_no_fault_of_the_server),
        cmocka_unit_test(name_without_wire_form_is_our_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
