/* SPDX-License-Identifier: BSD-2-Clause */
/* network_test.c - networks, lists of them, this host's addresses */
#include "base/network.h"

#include <ifaddrs.h>
#include <net/if.h>
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

/* The interfaces of the host; NULL: the system does not tell. These definitions
 * stand before the C library's, whose headers have other parameter names.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
static struct ifaddrs *interfaces;

int getifaddrs(struct ifaddrs **list)
{
    *list = interfaces;
    return interfaces == NULL ? -1 : 0;
}

void freeifaddrs(struct ifaddrs *list)
{
    assert_ptr_equal(list, interfaces);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static void adds_host(void **state)
{
    static const struct {
        unsigned flags;
        const char *address; /* NULL: an interface without one */
        bool added;
    } rows[] = {
        {IFF_UP | IFF_LOOPBACK, "127.0.0.1", true},
        {IFF_UP | IFF_LOOPBACK, "::1", true},
        {IFF_UP, "192.0.2.1", true},
        {IFF_UP, "2001:db8::1", true},
        {IFF_UP, "fe80::1", true},
        {IFF_UP, NULL, false},
        {0, "192.0.2.2", false},
    };
    const struct network first = network_of("203.0.113.0/24");
    struct sockaddr_storage sockets[COUNT(rows)];
    struct ifaddrs list[COUNT(rows)] = {{0}};
    struct networks networks = {0};
    size_t added = 1;

    for (size_t i = 0; i < COUNT(rows); i++) {
        list[i].ifa_flags = rows[i].flags;
        list[i].ifa_next = i + 1 < COUNT(rows) ? &list[i + 1] : NULL;
        if (rows[i].address != NULL) {
            const struct address address = address_of(rows[i].address);

            address_to_socket(&address, 0, &sockets[i]);
            list[i].ifa_addr = (struct sockaddr *)&sockets[i];
        }
    }
    interfaces = list;
    assert_true(networks_add(&networks, &first));
    assert_true(networks_add_host(&networks));
    assert_true(network_has(&networks.at[0], &first.base));
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!rows[i].added)
            continue;
        const struct network one = network_of(rows[i].address);

        assert_int_equal(networks.at[added].bits, one.bits);
        assert_true(address_equal(&networks.at[added].base, &one.base));
        added++;
    }
    assert_int_equal(networks.count, added);
    networks_clear(&networks);
}

static void knows_host(void **state)
{
    const struct address ours = address_of("2001:db8::1");
    const struct address other = address_of("2001:db8::2");
    struct sockaddr_storage socket;
    struct ifaddrs interface = {.ifa_flags = IFF_UP,
                                .ifa_addr = (struct sockaddr *)&socket};

    address_to_socket(&ours, 0, &socket);
    interfaces = &interface;
    assert_true(network_is_of_host(&ours));
    assert_false(network_is_of_host(&other));
    interface.ifa_flags = 0;
    assert_false(network_is_of_host(&ours));
}

static void says_when_host_is_unknown(void **state)
{
    struct networks networks = {0};

    interfaces = NULL;
    assert_false(networks_add_host(&networks));
    assert_int_equal(networks.count, 0);
    assert_true(network_is_of_host(&(struct address){0}));
}

static void finds_source(void **state)
{
    static const struct {
        const char *towards, *source; /* NULL: none */
    } rows[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"127.0.0.9", "127.0.0.1"},
        {"255.255.255.255", NULL},
        {"ff02::1", NULL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct address towards = address_of(rows[i].towards);
        struct address source, expected;
        const bool found = network_source(&source, &towards);

        assert_int_equal(found, rows[i].source != NULL);
        if (!found)
            continue;
        expected = address_of(rows[i].source);
        assert_true(address_equal(&source, &expected));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(has),
        cmocka_unit_test(lists),
        cmocka_unit_test(adds_host),
        cmocka_unit_test(knows_host),
        cmocka_unit_test(finds_source),
        cmocka_unit_test(says_when_host_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
