/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_packet_test.c - queries written, replies read: good, empty, absurd and
 * hostile ones */
#include "dns/packet.h"
#include "dns_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define NOW ((instant)1000 * 1000000)
#define ID  0x4711

static void write_query(struct dns_query *query, const char *name,
                        enum dns_type type)
{
    assert_true(dns_query_write(query, name, type, ID, true, 0));
}

/* The reply is read and freed. */
static enum dns_reply read_reply(const struct dns_query *query,
                                 struct wire *wire,
                                 const struct dns_answer **answer)
{
    *answer = NULL;
    enum dns_reply reply =
        dns_reply_read(query, wire->octets, wire->length, NOW, answer);
    assert_int_equal(reply == DNS_REPLY_ANSWER, *answer != NULL);
    free(wire);
    return reply;
}

/* As read_reply, when it must be an answer; the caller drops it. */
static const struct dns_answer *read_answer(const struct dns_query *query,
                                            struct wire *wire)
{
    const struct dns_answer *answer = NULL;
    assert_int_equal(read_reply(query, wire, &answer), DNS_REPLY_ANSWER);
    return answer;
}

static int64_t life_of(const struct dns_answer *answer)
{
    return (answer->expires - NOW) / 1000000;
}

static void assert_address(const struct address *address, const char *text)
{
    char formatted[ADDRESS_TEXT_SIZE];
    assert_string_equal(address_format(address, formatted), text);
}

static void query_has_its_form(void **state)
{
    static const uint8_t expected[] = {
        0x47, 0x11, 0x01, 0x00, 0,    1,    0,   0,   0, 0, 0,  1,
        2,    'm',  'x',  4,    't',  'e',  's', 't', 0, 0, 28, 0,
        1,    0,    0,    41,   0x04, 0xd0, 0,   0,   0, 0, 0,  0};
    struct dns_query query;
    assert_true(dns_query_write(&query, "mx.test", DNS_AAAA, ID, true, 0));
    assert_int_equal(query.length, sizeof(expected));
    assert_memory_equal(query.octets, expected, sizeof(expected));

    assert_true(dns_query_write(&query, "mx.test", DNS_AAAA, ID, false, 0));
    assert_int_equal(query.length, sizeof(expected) - 11);
    assert_int_equal(query.octets[11], 0);
}

static void case_is_mixed_by_its_bits(void **state)
{
    struct dns_query query;
    assert_true(dns_query_write(&query, "mx-1.test", DNS_A, ID, false, 0x29));
    assert_memory_equal(query.octets + 12, "\4Mx-1\4tEsT", 11);
    assert_true(query.mixed);
    assert_true(dns_query_write(&query, "mx-1.test", DNS_A, ID, false, 0));
    assert_memory_equal(query.octets + 12, "\4mx-1\4test", 11);
    assert_false(query.mixed);
}

/* Who answers in another case has not seen the question, or does not keep it;
 * without mixing any case will do. */
static void mixed_case_must_come_back(void **state)
{
    struct dns_query query;
    assert_true(dns_query_write(&query, "mx.test", DNS_A, ID, false, 5));
    struct wire *wire = wire_reply(&query, 0);
    wire_address(wire, NULL, 300, "192.0.2.1");
    dns_answer_drop(read_answer(&query, wire));

    const struct dns_answer *answer = NULL;
    wire = wire_reply(&query, 0);
    wire_address(wire, NULL, 300, "192.0.2.1");
    wire->octets[13] ^= 0x20;
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_OTHER_CASE);

    write_query(&query, "mx.test", DNS_A);
    wire = wire_reply(&query, 0);
    wire_address(wire, NULL, 300, "192.0.2.1");
    wire->octets[13] ^= 0x20;
    dns_answer_drop(read_answer(&query, wire));
}

/* An OPT record with these octets as its options. */
static void wire_options(struct wire *wire, const char *octets, size_t length)
{
    wire_record(wire, WIRE_ADDITIONAL, "", WIRE_OPT, 0);
    wire_add(wire, octets, length);
    wire_end(wire);
}

/* D18: what a validating resolver says beside SERVFAIL (RFC 8914). */
static void extended_errors_are_read(void **state)
{
    static const struct {
        const char *octets;
        size_t length;
        const char *text;
    } rows[] = {
        {"\0\17\0\2\0\6", 6, "extended error 6"},
        {"\0\17\0\5\0\6bad", 9, "extended error 6 bad"},
        {"\0\17\0\6\0\6b\na\"", 10, "extended error 6 b\\x0aa\""},
        {"\0\3\0\2id\0\17\0\2\0\11\0\17\0\2\0\26", 18,
         "extended error 9, extended error 22"},
        {"\0\17\0\1\0", 5, ""},
        {"\0\17\0\377\0\6", 6, ""},
        {"\0\17\0", 3, ""},
        {"", 0, ""},
    };
    struct dns_query query;
    write_query(&query, "mail.example", DNS_A);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buffer[200];
        struct text text;
        struct wire *wire = wire_reply(&query, WIRE_RCODE(2));
        wire_options(wire, rows[i].octets, rows[i].length);
        text_begin(&text, buffer, sizeof(buffer));
        dns_reply_explain(wire->octets, wire->length, &text);
        assert_string_equal(buffer, rows[i].text);
        free(wire);
    }
}

static void query_takes_every_name_there_is(void **state)
{
    char name[NAME_SIZE];
    memset(name, 'a', sizeof(name));
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    struct dns_query query;
    assert_true(dns_query_write(&query, name, DNS_A, ID, true, 0));
    assert_int_equal(query.length, DNS_QUERY_SIZE);

    name[63] = 'a'; /* a label of 127 octets */
    assert_false(dns_query_write(&query, name, DNS_A, ID, true, 0));
}

static void addresses_are_found(void **state)
{
    struct dns_query query;
    write_query(&query, "mail.example", DNS_A);
    struct wire *wire = wire_reply(&query, 0);
    wire_address(wire, NULL, 300, "192.0.2.1");
    wire_address(wire, NULL, 200, "192.0.2.2");
    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->status, DNS_FOUND);
    assert_int_equal(answer->count, 2);
    assert_int_equal(life_of(answer), 200);
    assert_address(&answer->addresses[0], "192.0.2.1");
    assert_true(dns_answer_has_address(answer, &answer->addresses[1]));
    dns_answer_drop(answer);

    write_query(&query, "mail.example", DNS_AAAA);
    wire = wire_reply(&query, 0);
    wire_address(wire, NULL, 300, "2001:db8::1");
    answer = read_answer(&query, wire);
    assert_address(&answer->addresses[0], "2001:db8::1");
    dns_answer_drop(answer);
}

static void mapped_address_is_no_ipv6_address(void **state)
{
    struct dns_query query;
    write_query(&query, "mail.example", DNS_AAAA);
    struct wire *wire = wire_reply(&query, 0);
    wire_record(wire, WIRE_ANSWER, NULL, DNS_AAAA, 300);
    wire_add(
        wire,
        (const uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1},
        16);
    wire_end(wire);
    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->status, DNS_FOUND);
    assert_int_equal(answer->count, 0);
    assert_int_equal(answer->unusable, 1);
    dns_answer_drop(answer);
}

/* D19 */
static void lives_stay_within_bounds(void **state)
{
    static const struct {
        uint32_t ttl;
        int64_t life;
    } rows[] = {
        {0, DNS_LIFE_LEAST_S},
        {1, DNS_LIFE_LEAST_S},
        {DNS_LIFE_LEAST_S + 1, DNS_LIFE_LEAST_S + 1},
        {3600, 3600},
        {86400, 86400},
        {86401, DNS_LIFE_MOST_S},
        {0x7fffffff, DNS_LIFE_MOST_S},
        {0x80000000, DNS_LIFE_LEAST_S},
        {0xffffffff, DNS_LIFE_LEAST_S},
    };
    struct dns_query query;
    write_query(&query, "mail.example", DNS_A);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wire *wire = wire_reply(&query, 0);
        wire_address(wire, NULL, rows[i].ttl, "192.0.2.1");
        const struct dns_answer *answer = read_answer(&query, wire);
        assert_int_equal(life_of(answer), rows[i].life);
        dns_answer_drop(answer);
    }
}

static void nothing_lives_by_its_soa(void **state)
{
    static const struct {
        uint32_t ttl, minimum;
        int64_t life;
    } rows[] = {
        {300, 60, 60},      {60, 300, 60},
        {0, 0, 5},          {86400, 86400, DNS_NEGATIVE_MOST_S},
        {300, 1u << 31, 5},
    };
    struct dns_query query;
    write_query(&query, "no.example", DNS_A);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wire *wire = wire_reply(&query, WIRE_RCODE(i % 2 ? 3 : 0));
        wire_soa(wire, rows[i].ttl, rows[i].minimum);
        const struct dns_answer *answer = read_answer(&query, wire);
        assert_int_equal(answer->status, i % 2 ? DNS_NXDOMAIN : DNS_NODATA);
        assert_int_equal(answer->count, 0);
        assert_int_equal(life_of(answer), rows[i].life);
        dns_answer_drop(answer);
    }
}

static void nothing_without_soa_hardly_lives(void **state)
{
    struct dns_query query;
    write_query(&query, "no.example", DNS_MX);
    const struct dns_answer *answer =
        read_answer(&query, wire_reply(&query, 0));
    assert_int_equal(answer->status, DNS_NODATA);
    assert_int_equal(life_of(answer), DNS_LIFE_LEAST_S);
    dns_answer_drop(answer);
}

static void referral_is_no_answer(void **state)
{
    struct dns_query query;
    write_query(&query, "no.example", DNS_MX);
    struct wire *wire = wire_reply(&query, 0);
    wire_named(wire, WIRE_AUTHORITY, "example", WIRE_NS, 60, "ns.example");
    const struct dns_answer *answer = NULL;
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_REFUSED);
}

static void aliases_are_followed(void **state)
{
    struct dns_query query;
    write_query(&query, "one.example", DNS_A);
    struct wire *wire = wire_reply(&query, 0);
    wire_address(wire, "other.example", 300, "192.0.2.9");
    wire_address(wire, "three.example", 300, "192.0.2.1");
    wire_named(wire, WIRE_ANSWER, "TWO.example", WIRE_CNAME, 20,
               "Three.Example");
    wire_named(wire, WIRE_ANSWER, "One.Example", WIRE_CNAME, 100,
               "two.EXAMPLE");
    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->count, 1);
    assert_address(&answer->addresses[0], "192.0.2.1");
    assert_int_equal(life_of(answer), 20);
    dns_answer_drop(answer);
}

static void alias_to_nothing_is_nothing(void **state)
{
    struct dns_query query;
    write_query(&query, "one.example", DNS_A);
    for (unsigned code = 0; code <= 3; code += 3) {
        struct wire *wire = wire_reply(&query, WIRE_RCODE(code));
        wire_named(wire, WIRE_ANSWER, NULL, WIRE_CNAME, 7, "no.example");
        wire_soa(wire, 300, 300);
        const struct dns_answer *answer = read_answer(&query, wire);
        assert_int_equal(answer->status, code ? DNS_NXDOMAIN : DNS_NODATA);
        assert_int_equal(life_of(answer), 7);
        dns_answer_drop(answer);
    }
}

/* D10. A chain of so many aliases: a0.example, a1.example ... */
static struct wire *write_chain(const struct dns_query *query, unsigned aliases)
{
    struct wire *wire = wire_reply(query, 0);
    char owner[32] = "a0.example";
    for (unsigned i = 0; i < aliases; i++) {
        char target[32];
        (void)snprintf(target, sizeof(target), "a%u.example", i + 1);
        wire_named(wire, WIRE_ANSWER, owner, WIRE_CNAME, 300, target);
        memcpy(owner, target, sizeof(owner));
    }
    wire_address(wire, owner, 300, "192.0.2.1");
    return wire;
}

static void chain_has_an_end(void **state)
{
    struct dns_query query;
    write_query(&query, "a0.example", DNS_A);
    const struct dns_answer *answer =
        read_answer(&query, write_chain(&query, DNS_CHAIN_MOST));
    assert_int_equal(answer->count, 1);
    dns_answer_drop(answer);

    assert_int_equal(
        read_reply(&query, write_chain(&query, DNS_CHAIN_MOST + 1), &answer),
        DNS_REPLY_ENDLESS);

    struct wire *wire = wire_reply(&query, 0);
    wire_named(wire, WIRE_ANSWER, NULL, WIRE_CNAME, 300, "b.example");
    wire_named(wire, WIRE_ANSWER, "b.example", WIRE_CNAME, 300, "a0.example");
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_ENDLESS);

    wire = wire_reply(&query, 0);
    wire_named(wire, WIRE_ANSWER, NULL, WIRE_CNAME, 300, "a0.example");
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_ENDLESS);
}

/* RFC 2317: the reverse zone of a small network. */
static void reverse_names_may_be_aliases(void **state)
{
    struct dns_query query;
    write_query(&query, "5.2.0.192.in-addr.arpa", DNS_PTR);
    struct wire *wire = wire_reply(&query, 0);
    wire_named(wire, WIRE_ANSWER, NULL, WIRE_CNAME, 300,
               "5.0/28.2.0.192.in-addr.arpa");
    wire_named(wire, WIRE_ANSWER, "5.0/28.2.0.192.in-addr.arpa", DNS_PTR, 300,
               "Mail.Example");
    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->count, 1);
    assert_string_equal(answer->names[0], "mail.example");
    dns_answer_drop(answer);
}

/* D12, D16: one PTR with hostile octets, then a good one. */
static void hostile_names_are_left_out(void **state)
{
    static const struct {
        const char *octets;
        size_t length;
    } labels[] = {
        {"a b", 3},   {"a\0b", 3},     {"mail.example", 12}, {"a\nb", 3},
        {"\"a\"", 3}, {"\xc3\xa4", 2}, {"\x7f", 1},          {"-a", 2},
        {"a\\b", 3},  {"10", 2},       {"a/b", 3},           {"\x1b[0m", 4},
    };
    struct dns_query query;
    write_query(&query, "5.2.0.192.in-addr.arpa", DNS_PTR);
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        struct wire *wire = wire_reply(&query, 0);
        wire_record(wire, WIRE_ANSWER, NULL, DNS_PTR, 300);
        wire_label(wire, labels[i].octets, labels[i].length);
        wire_8(wire, 0);
        wire_end(wire);
        wire_named(wire, WIRE_ANSWER, NULL, DNS_PTR, 300, "");
        wire_named(wire, WIRE_ANSWER, NULL, DNS_PTR, 300, "mail.example");
        const struct dns_answer *answer = read_answer(&query, wire);
        assert_int_equal(answer->status, DNS_FOUND);
        assert_int_equal(answer->unusable, 2);
        assert_int_equal(answer->count, 1);
        assert_string_equal(answer->names[0], "mail.example");
        dns_answer_drop(answer);
    }
}

static void long_names_are_read_whole(void **state)
{
    char name[NAME_SIZE];
    memset(name, 'a', sizeof(name));
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    struct dns_query query;
    write_query(&query, "5.2.0.192.in-addr.arpa", DNS_PTR);
    struct wire *wire = wire_reply(&query, 0);
    wire_named(wire, WIRE_ANSWER, NULL, DNS_PTR, 300, name);
    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->count, 1);
    assert_string_equal(answer->names[0], name);
    dns_answer_drop(answer);
}

static void exchangers_come_by_preference(void **state)
{
    struct dns_query query;
    write_query(&query, "example", DNS_MX);
    struct wire *wire = wire_reply(&query, 0);
    wire_mx(wire, 300, 20, "b.example");
    wire_mx(wire, 300, 65535, "c.example");
    wire_mx(wire, 300, 5, "A.example");
    wire_mx(wire, 300, 1, "");
    wire_mx(wire, 300, 2, "192.0.2.1");
    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->count, 3);
    assert_int_equal(answer->unusable, 2);
    assert_string_equal(answer->exchangers[0].host, "a.example");
    assert_int_equal(answer->exchangers[0].preference, 5);
    assert_string_equal(answer->exchangers[1].host, "b.example");
    assert_string_equal(answer->exchangers[2].host, "c.example");
    assert_int_equal(answer->exchangers[2].preference, 65535);
    assert_string_equal(answer->exchangers[3].host, "192.0.2.1");
    assert_int_equal(answer->exchangers[3].preference, 2);
    assert_string_equal(answer->exchangers[4].host, ".");
    dns_answer_drop(answer);
}

/* What is no host name can be shown all the same. */
static void bad_exchangers_are_shown(void **state)
{
    struct dns_query query;
    write_query(&query, "example", DNS_MX);
    struct wire *wire = wire_reply(&query, 0);
    wire_record(wire, WIRE_ANSWER, NULL, DNS_MX, 300);
    wire_16(wire, 10);
    wire_label(wire, "a.\r\n\0\xff\\ b", 9);
    wire_label(wire, "example", 7);
    wire_8(wire, 0);
    wire_end(wire);
    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->count, 0);
    assert_int_equal(answer->unusable, 1);
    assert_string_equal(answer->exchangers[0].host,
                        "a.\\x0d\\x0a\\x00\\xff\\\\ b.example");
    dns_answer_drop(answer);
}

/* D11 */
static void null_exchanger_stands_alone(void **state)
{
    struct dns_query query;
    write_query(&query, "example", DNS_MX);
    struct wire *wire = wire_reply(&query, 0);
    wire_mx(wire, 300, 0, "");
    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->count, 1);
    assert_int_equal(answer->unusable, 0);
    assert_string_equal(answer->exchangers[0].host, "");
    dns_answer_drop(answer);
}

/* D13: of 200 the best are kept. */
/* A string of a TXT record. */
static void wire_string(struct wire *wire, const char *octets, size_t length)
{
    wire_label(wire, octets, length);
}

static void texts_are_joined_and_cut(void **state)
{
    char full[255];
    memset(full, 'x', sizeof(full));
    struct dns_query query;
    write_query(&query, "2.0.0.127.list.example", DNS_TXT);
    struct wire *wire = wire_reply(&query, 0);
    wire_record(wire, WIRE_ANSWER, NULL, DNS_TXT, 300);
    wire_string(wire, "see ", 4);
    wire_string(wire, "", 0);
    wire_string(wire, "a\0b\n", 4);
    wire_end(wire);
    wire_record(wire, WIRE_ANSWER, NULL, DNS_TXT, 300);
    wire_string(wire, "front", 5);
    wire_string(wire, full, sizeof(full));
    wire_end(wire);
    wire_record(wire, WIRE_ANSWER, NULL, DNS_TXT, 300);
    wire_string(wire, "", 0);
    wire_end(wire);

    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->count, 3);
    assert_int_equal(answer->texts[0].length, 8);
    assert_memory_equal(answer->texts[0].octets, "see a\0b\n", 8);
    assert_int_equal(answer->texts[1].length, DNS_TEXT_MOST);
    assert_memory_equal(answer->texts[1].octets, "frontxxx", 8);
    assert_int_equal(answer->texts[2].length, 0);
    dns_answer_drop(answer);
}

static void records_have_a_bound(void **state)
{
    struct dns_query query;
    write_query(&query, "example", DNS_MX);
    struct wire *wire = wire_reply(&query, 0);
    for (unsigned i = 0; i < 200; i++)
        wire_mx(wire, 300, 200 - i, "mx.example");
    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->count, DNS_RECORDS_MOST);
    assert_true(answer->more);
    assert_int_equal(answer->exchangers[0].preference, 1);
    assert_int_equal(answer->exchangers[99].preference, 100);
    dns_answer_drop(answer);
}

static void codes_are_told_apart(void **state)
{
    static const enum dns_reply expected[16] = {
        DNS_REPLY_ANSWER,   DNS_REPLY_FORMERR,  DNS_REPLY_SERVFAIL,
        DNS_REPLY_ANSWER,   DNS_REPLY_FORMERR,  DNS_REPLY_REFUSED,
        DNS_REPLY_SERVFAIL, DNS_REPLY_SERVFAIL, DNS_REPLY_SERVFAIL,
        DNS_REPLY_SERVFAIL, DNS_REPLY_SERVFAIL, DNS_REPLY_SERVFAIL,
        DNS_REPLY_SERVFAIL, DNS_REPLY_SERVFAIL, DNS_REPLY_SERVFAIL,
        DNS_REPLY_SERVFAIL};
    struct dns_query query;
    write_query(&query, "mail.example", DNS_A);
    for (unsigned code = 0; code < 16; code++) {
        const struct dns_answer *answer = NULL;
        assert_int_equal(
            read_reply(&query, wire_reply(&query, WIRE_RCODE(code)), &answer),
            expected[code]);
        dns_answer_drop(answer);
    }
}

static void extended_codes_are_read(void **state)
{
    struct dns_query query;
    write_query(&query, "mail.example", DNS_A);
    struct wire *wire = wire_reply(&query, 0);
    wire_record(wire, WIRE_ADDITIONAL, "", WIRE_OPT, 1u << 24); /* BADVERS */
    const struct dns_answer *answer = NULL;
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_FORMERR);
}

/* A truncated reply may end anywhere. */
static void truncation_needs_no_whole_records(void **state)
{
    struct dns_query query;
    write_query(&query, "mail.example", DNS_A);
    struct wire *wire = wire_reply(&query, WIRE_TRUNCATED);
    wire_address(wire, NULL, 300, "192.0.2.1");
    wire->length -= 3;
    const struct dns_answer *answer = NULL;
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_TRUNCATED);
}

static void yes_and_no_is_absurd(void **state)
{
    struct dns_query query;
    write_query(&query, "mail.example", DNS_A);
    struct wire *wire = wire_reply(&query, WIRE_RCODE(3));
    wire_address(wire, NULL, 300, "192.0.2.1");
    const struct dns_answer *answer = NULL;
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_has_its_form),
        cmocka_unit_test(case_is_mixed_by_its_bits),
        cmocka_unit_test(mixed_case_must_come_back),
        cmocka_unit_test(extended_errors_are_read),
        cmocka_unit_test(query_takes_every_name_there_is),
        cmocka_unit_test(addresses_are_found),
        cmocka_unit_test(mapped_address_is_no_ipv6_address),
        cmocka_unit_test(lives_stay_within_bounds),
        cmocka_unit_test(nothing_lives_by_its_soa),
        cmocka_unit_test(nothing_without_soa_hardly_lives),
        cmocka_unit_test(referral_is_no_answer),
        cmocka_unit_test(aliases_are_followed),
        cmocka_unit_test(alias_to_nothing_is_nothing),
        cmocka_unit_test(chain_has_an_end),
        cmocka_unit_test(reverse_names_may_be_aliases),
        cmocka_unit_test(hostile_names_are_left_out),
        cmocka_unit_test(long_names_are_read_whole),
        cmocka_unit_test(exchangers_come_by_preference),
        cmocka_unit_test(bad_exchangers_are_shown),
        cmocka_unit_test(null_exchanger_stands_alone),
        cmocka_unit_test(texts_are_joined_and_cut),
        cmocka_unit_test(records_have_a_bound),
        cmocka_unit_test(codes_are_told_apart),
        cmocka_unit_test(extended_codes_are_read),
        cmocka_unit_test(truncation_needs_no_whole_records),
        cmocka_unit_test(yes_and_no_is_absurd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
