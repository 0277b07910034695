/* SPDX-License-Identifier: BSD-2-Clause */
/* network_test.c - networks, lists of them, this host's addresses */
#include "base/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct address address_of(const char *text)
{
    struct address address;

    if (!address_parse(&address, span_of(text)))
        fail_msg("%s: not an address", text);
    return address;
}

static struct network network_of(const char *text)
{
    struct network network;

    if (!network_parse(&network, span_of(text)))
        fail_msg("%s: not a network", text);
    return network;
}

static void parses(void **state)
{
    static const struct {
        const char *text;
        int bits; /* -1: not a network */
        const char *base;
    } rows[] = {
        {"192.0.2.0/24", 120, "192.0.2.0"},
        {"192.0.2.1", 128, "192.0.2.1"},
        {"192.0.2.1/32", 128, "192.0.2.1"},
        {"0.0.0.0/0", 96, "0.0.0.0"},
        {"128.0.0.0/1", 97, "128.0.0.0"},
        {"2001:db8::/32", 32, "2001:db8::"},
        {"2001:db8::1", 128, "2001:db8::1"},
        {"2001:db8::1/128", 128, "2001:db8::1"},
        {"::/0", 0, "::"},
        {"::ffff:0:0/96", 96, "0.0.0.0"},
        {"::ffff:192.0.2.0/120", 120, "192.0.2.0"},
        {"::ffff:192.0.2.0/24", -1, NULL},
        {"192.0.2.1/24", -1, NULL},
        {"192.0.2.128/24", -1, NULL},
        {"192.0.2.0/33", -1, NULL},
        {"2001:db8::/129", -1, NULL},
        {"2001:db8::1/127", -1, NULL},
        {"2001:db8::/28", -1, NULL},
        {"192.0.2.0/", -1, NULL},
        {"192.0.2.0/024", -1, NULL},
        {"192.0.2.0/+24", -1, NULL},
        {"192.0.2.0/24 ", -1, NULL},
        {"192.0.2.0/24/24", -1, NULL},
        {"192.0.2.0/4294967320", -1, NULL},
        {"192.0.2.0/255.255.255.0", -1, NULL},
        {"192.0.2.0 /24", -1, NULL},
        {"192.0.2/24", -1, NULL},
        {"/24", -1, NULL},
        {"/", -1, NULL},
        {"", -1, NULL},
        {"example.org", -1, NULL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct network network;
        const bool taken = network_parse(&network, span_of(rows[i].text));

        if (taken != (rows[i].bits >= 0))
            fail_msg("\"%s\": %s", rows[i].text, taken ? "taken" : "refused");
        if (taken) {
            const struct address base = address_of(rows[i].base);

            assert_int_equal(network.bits, rows[i].bits);
            assert_true(address_equal(&network.base, &base));
        }
    }
}

static void has(void **state)
{
    static const struct {
        const char *network;
        const char *address;
        bool inside;
    } rows[] = {
        {"192.0.2.0/24", "192.0.2.0", true},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.0/24", "192.0.1.255", false},
        {"192.0.2.0/24", "2001:db8::1", false},
        {"192.0.2.0/25", "192.0.2.127", true},
        {"192.0.2.0/25", "192.0.2.128", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "::", false},
        {"::ffff:0:0/96", "203.0.113.9", true},
        {"::/0", "2001:db8::1", true},
        {"::/0", "::1", true},
        {"::/0", "203.0.113.9", false},
        {"::/64", "203.0.113.9", false},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"2001:db8::/33", "2001:db8:8000::", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct network network = network_of(rows[i].network);
        const struct address address = address_of(rows[i].address);

        if (network_has(&network, &address) != rows[i].inside)
            fail_msg("%s, %s", rows[i].network, rows[i].address);
    }
}

static void lists(void **state)
{
    static const char *const members[] = {"192.0.2.0/24", "2001:db8::/32",
                                          "203.0.113.7"};
    static const struct {
        const char *address;
        bool inside;
    } rows[] = {
        {"192.0.2.9", true},    {"2001:db8::9", true}, {"203.0.113.7", true},
        {"203.0.113.8", false}, {"2001:db9::", false},
    };
    struct networks networks = {0};

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct address address = address_of(rows[i].address);

        assert_false(networks_have(&networks, &address));
    }
    for (size_t i = 0; i < COUNT(members); i++) {
        const struct network network = network_of(members[i]);

        assert_true(networks_add(&networks, &network));
    }
    assert_int_equal(networks.count, COUNT(members));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct address address = address_of(rows[i].address);

        if (networks_have(&networks, &address) != rows[i].inside)
            fail_msg("%s", rows[i].address);
    }
    networks_clear(&networks);
    assert_int_equal(networks.count, 0);
    networks_clear(&networks);
}

/* Which addresses a host has is its own matter; that they are whole addresses
 * and come behind what was there is not. */
static void adds_host(void **state)
{
    const struct network first = network_of("192.0.2.0/24");
    const struct address loopback = address_of("127.0.0.1");
    struct networks networks = {0};

    assert_true(networks_add(&networks, &first));
    assert_true(networks_add_host(&networks));
    assert_true(network_has(&networks.at[0], &first.base));
    for (size_t i = 1; i < networks.count; i++)
        assert_int_equal(networks.at[i].bits, 128);
    if (networks.count > 1)
        assert_true(networks_have(&networks, &loopback));
    networks_clear(&networks);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(has),
        cmocka_unit_test(lists),
        cmocka_unit_test(adds_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
