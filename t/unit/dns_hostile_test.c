/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_hostile_test.c - octets that are no reply, or not the one that was asked
 * for, or made to hurt whoever reads them (D8, D9) */
#include "dns/packet.h"
#include "dns_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
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

/* D8 */
static void strays_are_known(void **state)
{
    struct dns_query query, other;
    write_query(&query, "mail.example", DNS_A);
    static const struct {
        size_t at; /* an octet that differs */
        uint8_t flip;
    } rows[] = {
        {0, 1},    {1, 1},    /* id */
        {2, 0x80}, {2, 0x08}, /* QR, opcode */
        {5, 1},    {5, 3},    /* QDCOUNT 0, 2 */
        {13, 1},              /* name */
        {27, 1},   {29, 1},   /* type, class */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wire *wire = wire_reply(&query, 0);
        wire->octets[rows[i].at] ^= rows[i].flip;
        const struct dns_answer *answer = NULL;
        assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_STRAY);
    }
    write_query(&other, "mail.example.net", DNS_A);
    const struct dns_answer *answer = NULL;
    assert_int_equal(read_reply(&query, wire_reply(&other, 0), &answer),
                     DNS_REPLY_STRAY);
    assert_int_equal(read_reply(&other, wire_reply(&query, 0), &answer),
                     DNS_REPLY_STRAY);
}

static void question_is_compared_without_case(void **state)
{
    struct dns_query query;
    write_query(&query, "mail.example", DNS_A);
    struct wire *wire = wire_reply(&query, 0);
    memcpy(wire->octets + 13, "MaIl", 4);
    wire_address(wire, NULL, 300, "192.0.2.1");
    const struct dns_answer *answer = read_answer(&query, wire);
    assert_int_equal(answer->count, 1);
    dns_answer_drop(answer);
}

static void bare_header_may_only_refuse(void **state)
{
    struct dns_query query;
    write_query(&query, "mail.example", DNS_A);
    for (unsigned code = 0; code < 6; code++) {
        struct wire *wire = wire_reply(&query, WIRE_RCODE(code));
        wire_set_16(wire, 4, 0);
        wire->length = 12;
        const struct dns_answer *answer = NULL;
        enum dns_reply reply = read_reply(&query, wire, &answer);
        assert_int_equal(reply == DNS_REPLY_STRAY, code == 0 || code == 3);
    }
}

/* D9: every reply cut anywhere is either a stray or damaged, never an answer:
 * the record that was cut was announced. */
static void cut_replies_are_no_answers(void **state)
{
    struct dns_query query;
    write_query(&query, "example", DNS_MX);
    struct wire *wire = wire_reply(&query, 0);
    wire_mx(wire, 300, 10, "mx.example");
    for (size_t length = 0; length < wire->length; length++) {
        uint8_t *octets = malloc(length + 1);
        assert_non_null(octets);
        memcpy(octets, wire->octets, length);
        const struct dns_answer *answer = NULL;
        enum dns_reply reply =
            dns_reply_read(&query, octets, length, NOW, &answer);
        assert_int_equal(reply, length < 12 + 13 ? DNS_REPLY_STRAY
                                                 : DNS_REPLY_MALFORMED);
        free(octets);
    }
    free(wire);
}

/* D9: a record's length that lies. Too short a one leaves no record; of too
 * long a one, the front is the record; one that leaves the packet is seen. */
static void lying_lengths_are_seen(void **state)
{
    static const struct {
        enum dns_type type;
        unsigned length; /* the right one; 17 octets follow */
    } rows[] = {{DNS_A, 4}, {DNS_AAAA, 16}, {DNS_MX, 3}, {DNS_PTR, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dns_query query;
        write_query(&query, "example", rows[i].type);
        for (unsigned length = 0; length < 40; length++) {
            struct wire *wire = wire_reply(&query, 0);
            wire_record(wire, WIRE_ANSWER, NULL, rows[i].type, 300);
            wire_add(wire, (const uint8_t[17]){0}, 17);
            wire_set_16(wire, wire->rdata - 2, length);
            bool right = length >= rows[i].length && length <= 17;
            const struct dns_answer *answer = NULL;
            assert_int_equal(read_reply(&query, wire, &answer),
                             right ? DNS_REPLY_ANSWER : DNS_REPLY_MALFORMED);
            dns_answer_drop(answer);
        }
    }
    struct dns_query query;
    write_query(&query, "no.example", DNS_A);
    struct wire *wire = wire_reply(&query, WIRE_RCODE(3));
    wire_record(wire, WIRE_AUTHORITY, "example", WIRE_SOA, 300);
    const struct dns_answer *answer = NULL;
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_MALFORMED);
}

/* D9: pointers to themselves, to each other, forward, outside. */
static void looping_compression_is_seen(void **state)
{
    struct dns_query query;
    write_query(&query, "example", DNS_PTR);
    static const unsigned offsets[] = {0, 2, 0, 200, 0x3f00};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        struct wire *wire = wire_reply(&query, 0);
        wire_record(wire, WIRE_ANSWER, NULL, DNS_PTR, 300);
        unsigned here = (unsigned)wire->length;
        if (i == 2) {
            wire_16(wire, 0xc000 | (here + 2));
            wire_16(wire, 0xc000 | here);
        } else {
            wire_16(wire, 0xc000 | ((here + offsets[i]) & 0x3fff));
        }
        wire_end(wire);
        const struct dns_answer *answer = NULL;
        assert_int_equal(read_reply(&query, wire, &answer),
                         DNS_REPLY_MALFORMED);
    }
}

/* A name that grows by going through its own beginning again and again. */
static void endless_name_is_seen(void **state)
{
    struct dns_query query;
    write_query(&query, "example", DNS_PTR);
    struct wire *wire = wire_reply(&query, 0);
    wire_record(wire, WIRE_ANSWER, NULL, DNS_PTR, 300);
    unsigned here = (unsigned)wire->length;
    wire_label(wire, "a", 1);
    wire_16(wire, 0xc000 | here);
    wire_end(wire);
    const struct dns_answer *answer = NULL;
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_MALFORMED);
}

/* 64 KiB: pointers in a row, and as many names as are taken that begin at the
 * far end of them. */
static void long_rows_of_pointers_cost_little(void **state)
{
    struct dns_query query;
    write_query(&query, "example", DNS_PTR);
    struct wire *wire = wire_reply(&query, 0);
    wire_record(wire, WIRE_ADDITIONAL, NULL, 65280, 300);
    unsigned at = (unsigned)wire->length;
    wire_16(wire, 0xc00c);
    for (; at + 4 < 0x3fff; at += 2)
        wire_16(wire, 0xc000 | at);
    wire_end(wire);
    /* Sections follow each other: this one record is ANSWER's. */
    wire_set_16(wire, WIRE_ANSWER, 1);
    wire_set_16(wire, WIRE_ADDITIONAL, 0);
    for (unsigned i = 1; i < DNS_REPLY_RECORDS_MOST; i++) {
        wire_record(wire, WIRE_ANSWER, NULL, DNS_PTR, 300);
        wire_16(wire, 0xc000 | at);
        wire_end(wire);
    }
    clock_t before = clock();
    const struct dns_answer *answer = NULL;
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_ANSWER);
    dns_answer_drop(answer);
    assert_in_range((clock() - before) * 1000 / CLOCKS_PER_SEC, 0, 1000);
}

static void too_many_records_are_not_read(void **state)
{
    struct dns_query query;
    write_query(&query, "example", DNS_A);
    struct wire *wire = wire_reply(&query, 0);
    for (unsigned i = 0; i <= DNS_REPLY_RECORDS_MOST; i++)
        wire_address(wire, NULL, 300, "192.0.2.1");
    const struct dns_answer *answer = NULL;
    assert_int_equal(read_reply(&query, wire, &answer), DNS_REPLY_MALFORMED);
}

/* D9: strings of a TXT record that go beyond it, and a record without any. */
static void lying_strings_are_seen(void **state)
{
    struct dns_query query;
    write_query(&query, "example", DNS_TXT);
    for (unsigned length = 0; length < 12; length++) {
        struct wire *wire = wire_reply(&query, 0);
        wire_record(wire, WIRE_ANSWER, NULL, DNS_TXT, 300);
        wire_add(wire, "\3abc\3def", 8);
        wire_set_16(wire, wire->rdata - 2, length);
        bool right = length == 4 || length == 8;
        const struct dns_answer *answer = NULL;
        assert_int_equal(read_reply(&query, wire, &answer),
                         right ? DNS_REPLY_ANSWER : DNS_REPLY_MALFORMED);
        dns_answer_drop(answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strays_are_known),
        cmocka_unit_test(question_is_compared_without_case),
        cmocka_unit_test(bare_header_may_only_refuse),
        cmocka_unit_test(cut_replies_are_no_answers),
        cmocka_unit_test(lying_lengths_are_seen),
        cmocka_unit_test(lying_strings_are_seen),
        cmocka_unit_test(looping_compression_is_seen),
        cmocka_unit_test(endless_name_is_seen),
        cmocka_unit_test(long_rows_of_pointers_cost_little),
        cmocka_unit_test(too_many_records_are_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
