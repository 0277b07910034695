/* SPDX-License-Identifier: BSD-2-Clause */
/* address_test.c - addresses: reading, writing, comparing, reserved ranges */
#include "base/address.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct address address_of(const char *text)
{
    struct address address;

    if (!address_parse(&address, span_of(text)))
        fail_msg("%s: not an address", text);
    return address;
}

static const struct {
    const char *text;
    const char *written; /* NULL: not an address */
} texts[] = {
    {"192.0.2.1", "192.0.2.1"},
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"256.0.2.1", NULL},
    {"192.0.2", NULL},
    {"192.0.2.1.1", NULL},
    {"192.0.2.1.", NULL},
    {".192.0.2.1", NULL},
    {"192.0..1", NULL},
    {"192.0.2.01", NULL},
    {"192.0.2.00", NULL},
    {"0xc0.0.2.1", NULL},
    {"3221225985", NULL},
    {" 192.0.2.1", NULL},
    {"192.0.2.1 ", NULL},
    {"192.0.2.-1", NULL},
    {"", NULL},
    {"mx.example.org", NULL},
    /* v4-mapped is IPv4 */
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"::FFFF:c000:0201", "192.0.2.1"},
    {"0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"},
    /* RFC 5952 */
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"2001:DB8::A", "2001:db8::a"},
    {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
    {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"0:0:1:1:1:1:0:0", "::1:1:1:1:0:0"},
    {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
    {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
    {"0:2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"::192.0.2.1", "::c000:201"},
    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"1:2:3:4:5:6:255.255.255.255", "1:2:3:4:5:6:ffff:ffff"},
    {"1:2:3:4:5:6:7", NULL},
    {"1:2:3:4:5:6:7:8:9", NULL},
    {"1::2::3", NULL},
    {"1:2:3:4::5:6:7:8", NULL},
    {":1:2:3:4:5:6:7", NULL},
    {"1:2:3:4:5:6:7:", NULL},
    {":::", NULL},
    {":", NULL},
    {"12345::", NULL},
    {"g::", NULL},
    {"fe80::1%eth0", NULL},
    {"[::1]", NULL},
    {"::1/128", NULL},
    {"::ffff:192.0.2.256", NULL},
    {"1:2:3:4:5:6:7:192.0.2.1", NULL},
    {"0000:0000:0000:0000:0000:0000:255.255.255.2555", NULL},
    {"0000000000000000000000000000000000000000000000000000::", NULL},
};

static void parses_and_formats(void **state)
{
    for (size_t i = 0; i < COUNT(texts); i++) {
        const struct address before = {{1, 2, 3}};
        struct address address = before;
        char text[ADDRESS_TEXT_SIZE];
        const bool taken = address_parse(&address, span_of(texts[i].text));

        if (taken != (texts[i].written != NULL))
            fail_msg("\"%s\": %s", texts[i].text, taken ? "taken" : "refused");
        if (!taken)
            assert_true(address_equal(&address, &before));
        else
            assert_string_equal(address_format(&address, text),
                                texts[i].written);
    }
}

static void ends_at_length(void **state)
{
    struct address address;

    assert_true(address_parse(&address, (struct span){"192.0.2.12", 9}));
    assert_true(address_equal(
        &address, &(struct address){{[10] = 0xff, 0xff, 192, 0, 2, 1}}));
    assert_false(address_parse(&address, (struct span){"192.0.2.1\0", 10}));
    assert_false(address_parse(&address, (struct span){NULL, 0}));
}

static void parses_literals(void **state)
{
    static const struct {
        const char *text;
        const char *written; /* NULL: not a literal */
    } rows[] = {
        {"[192.0.2.1]", "192.0.2.1"},
        {"[IPv6:2001:db8::1]", "2001:db8::1"},
        {"[ipv6:2001:db8::1]", "2001:db8::1"},
        {"[IPV6:2001:0DB8:0:0:0:0:0:1]", "2001:db8::1"},
        {"[IPv6:::1]", "::1"},
        {"[IPv6:::]", "::"},
        {"[IPv6:::ffff:192.0.2.1]", "192.0.2.1"},
        {"[2001:db8::1]", NULL},
        {"[IPv6:192.0.2.1]", NULL},
        {"[IPv6:]", NULL},
        {"[IPv6]", NULL},
        {"[IPv4:192.0.2.1]", NULL},
        {"[x-tag:192.0.2.1]", NULL},
        {"[]", NULL},
        {"[", NULL},
        {"", NULL},
        {"192.0.2.1", NULL},
        {"[192.0.2.1", NULL},
        {"192.0.2.1]", NULL},
        {"[[192.0.2.1]]", NULL},
        {"[ 192.0.2.1]", NULL},
        {"[192.0.2.1] ", NULL},
        {"[192.0.2.1].", NULL},
        {"[192.0.2.256]", NULL},
        {"[IPv6:fe80::1%eth0]", NULL},
        {"[mx.example.org]", NULL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address;
        char text[ADDRESS_TEXT_SIZE];
        const bool taken =
            address_parse_literal(&address, span_of(rows[i].text));

        if (taken != (rows[i].written != NULL))
            fail_msg("\"%s\": %s", rows[i].text, taken ? "taken" : "refused");
        if (taken)
            assert_string_equal(address_format(&address, text),
                                rows[i].written);
    }
}

static void compares_bits(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned bits;
        bool equal;
    } rows[] = {
        {"2001:db8::1", "2001:db8::1", 128, true},
        {"2001:db8::1", "2001:db8::", 128, false},
        {"2001:db8::1", "2001:db8::", 127, true},
        {"2001:db8::2", "2001:db8::", 127, false},
        {"8000::", "::", 1, false},
        {"8000::", "::", 0, true},
        {"192.0.2.129", "192.0.2.1", 120, true},
        {"192.0.2.129", "192.0.2.1", 121, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct address a = address_of(rows[i].a);
        const struct address b = address_of(rows[i].b);

        if (address_equal_bits(&a, &b, rows[i].bits) != rows[i].equal)
            fail_msg("%s, %s, %u bits", rows[i].a, rows[i].b, rows[i].bits);
    }
}

static void keeps_sockets(void **state)
{
    static const char *const rows[] = {"192.0.2.1", "127.0.0.1", "2001:db8::1",
                                       "::1", "::"};
    struct address address;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct address from = address_of(rows[i]);
        struct sockaddr_storage socket;
        const socklen_t length = address_to_socket(&from, 25, &socket);

        if (address_is_v4(&from)) {
            const struct sockaddr_in *v4 = (const void *)&socket;

            assert_int_equal(socket.ss_family, AF_INET);
            assert_int_equal(length, sizeof(struct sockaddr_in));
            assert_int_equal(ntohs(v4->sin_port), 25);
        } else {
            const struct sockaddr_in6 *v6 = (const void *)&socket;

            assert_int_equal(socket.ss_family, AF_INET6);
            assert_int_equal(length, sizeof(struct sockaddr_in6));
            assert_int_equal(ntohs(v6->sin6_port), 25);
        }
        assert_true(
            address_from_socket(&address, (const struct sockaddr *)&socket));
        assert_true(address_equal(&address, &from));
    }
}

static void reads_mapped_sockets_as_v4(void **state)
{
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
    const struct address expected = address_of("192.0.2.1");
    struct address address;

    memcpy(&mapped.sin6_addr, expected.octets, sizeof expected.octets);
    assert_true(
        address_from_socket(&address, (const struct sockaddr *)&mapped));
    assert_true(address_is_v4(&address));
    assert_true(address_equal(&address, &expected));
}

static void refuses_other_sockets(void **state)
{
    static const sa_family_t rows[] = {AF_UNIX, AF_UNSPEC};
    struct address address;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct sockaddr_storage other = {.ss_family = rows[i]};

        assert_false(
            address_from_socket(&address, (const struct sockaddr *)&other));
    }
}

static void writes_reverse_names(void **state)
{
    static const struct {
        const char *text;
        const char *name;
    } rows[] = {
        {"192.0.2.1", "1.2.0.192.in-addr.arpa"},
        {"255.254.253.252", "252.253.254.255.in-addr.arpa"},
        {"::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa"},
        {"2001:db8::567:89ab", "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
                               "0.8.b.d.0.1.0.0.2.ip6.arpa"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct address address = address_of(rows[i].text);
        char name[ADDRESS_REVERSE_SIZE];

        assert_string_equal(address_reverse_name(&address, name), rows[i].name);
    }
}

static void names_client_networks(void **state)
{
    static const struct {
        const char *text;
        const char *network;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {"2001:db8:1:2::", "2001:db8:1:2::"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct address address = address_of(rows[i].text);
        const struct address network = address_client_network(&address);
        char text[ADDRESS_TEXT_SIZE];

        assert_string_equal(address_format(&network, text), rows[i].network);
    }
}

/* Both ends of each range and its neighbours outside. */
static const struct {
    const char *text;
    bool reserved;
} ranges[] = {
    {"0.0.0.0", true},
    {"0.255.255.255", true},
    {"1.0.0.0", false},
    {"9.255.255.255", false},
    {"10.0.0.0", true},
    {"10.255.255.255", true},
    {"11.0.0.0", false},
    {"100.63.255.255", false},
    {"100.64.0.0", true},
    {"100.127.255.255", true},
    {"100.128.0.0", false},
    {"126.255.255.255", false},
    {"127.0.0.0", true},
    {"127.255.255.255", true},
    {"128.0.0.0", false},
    {"169.253.255.255", false},
    {"169.254.0.0", true},
    {"169.254.255.255", true},
    {"169.255.0.0", false},
    {"172.15.255.255", false},
    {"172.16.0.0", true},
    {"172.31.255.255", true},
    {"172.32.0.0", false},
    {"191.255.255.255", false},
    {"192.0.0.0", true},
    {"192.0.0.255", true},
    {"192.0.1.0", false},
    {"192.0.1.255", false},
    {"192.0.2.0", true},
    {"192.0.2.255", true},
    {"192.0.3.0", false},
    {"192.88.98.255", false},
    {"192.88.99.0", true},
    {"192.88.99.255", true},
    {"192.88.100.0", false},
    {"192.167.255.255", false},
    {"192.168.0.0", true},
    {"192.168.255.255", true},
    {"192.169.0.0", false},
    {"198.17.255.255", false},
    {"198.18.0.0", true},
    {"198.19.255.255", true},
    {"198.20.0.0", false},
    {"198.51.99.255", false},
    {"198.51.100.0", true},
    {"198.51.100.255", true},
    {"198.51.101.0", false},
    {"203.0.112.255", false},
    {"203.0.113.0", true},
    {"203.0.113.255", true},
    {"203.0.114.0", false},
    {"223.255.255.255", false},
    {"224.0.0.0", true},
    {"239.255.255.255", true},
    {"240.0.0.0", true},
    {"255.255.255.255", true},
    {"8.8.8.8", false},
    {"::", true},
    {"::1", true},
    {"::2", true},
    {"::ffff:127.0.0.1", true},
    {"::ffff:10.1.2.3", true},
    {"::ffff:8.8.8.8", false},
    {"::8.8.8.8", true},
    {"64:ff9b::8.8.8.8", true},
    {"64:ff9b:1::1", true},
    {"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", true},
    {"100::", true},
    {"100::1", true},
    {"1fff:ffff::", true},
    {"2000::", false},
    {"2000:ffff:ffff::", false},
    {"2001::", true},
    {"2001:0:1:2::1", true},
    {"2001:1::1", true},
    {"2001:2::", true},
    {"2001:3::1", true},
    {"2001:10::", true},
    {"2001:20::", true},
    {"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"2001:200::", false},
    {"2001:db7:ffff::", false},
    {"2001:db8::", true},
    {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"2001:db9::", false},
    {"2001:ffff:ffff::", false},
    {"2002::", true},
    {"2002:808:808::1", true},
    {"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"2003::", false},
    {"2606:4700::1111", false},
    {"3ffe:ffff::", false},
    {"3fff::", true},
    {"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"3fff:1000::", false},
    {"4000::", true},
    {"5f00::1", true},
    {"fbff::", true},
    {"fc00::", true},
    {"fdff:ffff::1", true},
    {"fe80::1", true},
    {"febf:ffff::1", true},
    {"fec0::1", true},
    {"feff:ffff::1", true},
    {"ff00::", true},
    {"ff02::1", true},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
};

static void knows_reserved(void **state)
{
    for (size_t i = 0; i < COUNT(ranges); i++) {
        const struct address address = address_of(ranges[i].text);

        if (address_is_reserved(&address) != ranges[i].reserved)
            fail_msg("%s: %s", ranges[i].text,
                     ranges[i].reserved ? "not reserved" : "reserved");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_formats),
        cmocka_unit_test(ends_at_length),
        cmocka_unit_test(parses_literals),
        cmocka_unit_test(compares_bits),
        cmocka_unit_test(keeps_sockets),
        cmocka_unit_test(reads_mapped_sockets_as_v4),
        cmocka_unit_test(refuses_other_sockets),
        cmocka_unit_test(writes_reverse_names),
        cmocka_unit_test(names_client_networks),
        cmocka_unit_test(knows_reserved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
