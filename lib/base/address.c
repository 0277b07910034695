/* SPDX-License-Identifier: BSD-2-Clause */
/* address.c - IP addresses: reading, writing, comparing */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define GROUPS 8  /* of 16 bits in an IPv6 text */
#define V4_AT  12 /* where a v4-mapped address holds the IPv4 one */

static const uint8_t mapped_prefix[V4_AT] = {[10] = 0xff, [11] = 0xff};

static const char hex_digits[] = "0123456789abcdef";

struct prefix {
    uint8_t octets[4];
    unsigned bits;
};

/* What lies inside 192.0.0.0/24 and 2001::/23 and is globally reachable all
 * the same is anycast of some protocol or an identifier, never a mail host. */
static const struct prefix reserved_v4[] = {
    {{0}, 8},             /* this network, RFC 791 */
    {{10}, 8},            /* private, RFC 1918 */
    {{100, 64}, 10},      /* shared, RFC 6598 */
    {{127}, 8},           /* loopback, RFC 1122 */
    {{169, 254}, 16},     /* link-local, RFC 3927 */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* protocols, RFC 6890 */
    {{192, 0, 2}, 24},    /* documentation, RFC 5737 */
    {{192, 88, 99}, 24},  /* 6to4 relays, RFC 7526 */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarking, RFC 2544 */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast, RFC 5771 */
    {{240}, 4},           /* reserved and broadcast, RFC 1112, RFC 919 */
};

static const struct prefix global_unicast_v6 = {{0x20}, 3};

static const struct prefix reserved_v6[] = {
    {{0x20, 0x01}, 23},             /* protocols, Teredo, RFC 2928 */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation, RFC 3849 */
    {{0x20, 0x02}, 16},             /* 6to4, RFC 3056 */
    {{0x3f, 0xff}, 20},             /* documentation, RFC 9637 */
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

bool address_is_v4(const struct address *address)
{
    return memcmp(address->octets, mapped_prefix, V4_AT) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

static bool equal_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    const size_t whole = bits / 8;
    const unsigned rest = bits % 8;

    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool address_equal_bits(const struct address *a, const struct address *b,
                        unsigned bits)
{
    return equal_bits(a->octets, b->octets, bits);
}

static void set_v4(struct address *address, const void *octets)
{
    memcpy(address->octets, mapped_prefix, V4_AT);
    memcpy(address->octets + V4_AT, octets, 4);
}

/* Both families in one: `text` is terminated for the system's reader. */
static bool read_family(struct address *address, struct span text, int family)
{
    char copy[ADDRESS_TEXT_SIZE];
    uint8_t octets[16];

    if (text.length >= sizeof copy ||
        memchr(text.at, '\0', text.length) != NULL)
        return false;
    memcpy(copy, text.at, text.length);
    copy[text.length] = '\0';
    if (inet_pton(family, copy, octets) != 1)
        return false;
    if (family == AF_INET)
        set_v4(address, octets);
    else
        memcpy(address->octets, octets, sizeof octets);
    return true;
}

bool address_parse(struct address *address, struct span text)
{
    if (text.length == 0)
        return false;
    return read_family(address, text, AF_INET) ||
           read_family(address, text, AF_INET6);
}

bool address_parse_literal(struct address *address, struct span text)
{
    static const char tag[] = "IPv6:";
    const size_t tag_length = sizeof tag - 1;
    struct span inside;

    if (text.length < 3 || text.at[0] != '[' || text.at[text.length - 1] != ']')
        return false;
    inside.at = text.at + 1;
    inside.length = text.length - 2;
    if (inside.length < tag_length ||
        !span_equal_nocase((struct span){inside.at, tag_length}, span_of(tag)))
        return read_family(address, inside, AF_INET);
    inside.at += tag_length;
    inside.length -= tag_length;
    return read_family(address, inside, AF_INET6);
}

bool address_from_socket(struct address *address, const struct sockaddr *from)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    switch (from->sa_family) {
    case AF_INET:
        memcpy(&v4, from, sizeof v4);
        set_v4(address, &v4.sin_addr);
        return true;
    case AF_INET6:
        memcpy(&v6, from, sizeof v6);
        memcpy(address->octets, &v6.sin6_addr, sizeof address->octets);
        return true;
    default:
        return false;
    }
}

socklen_t address_to_socket(const struct address *address, uint16_t port,
                            struct sockaddr_storage *to)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    memset(to, 0, sizeof *to);
    if (address_is_v4(address)) {
        v4.sin_port = htons(port);
        memcpy(&v4.sin_addr, address->octets + V4_AT, 4);
        memcpy(to, &v4, sizeof v4);
        return sizeof v4;
    }
    v6.sin6_port = htons(port);
    memcpy(&v6.sin6_addr, address->octets, sizeof address->octets);
    memcpy(to, &v6, sizeof v6);
    return sizeof v6;
}

/* The run of zero groups that RFC 5952 4.2 shortens: the longest of at least
 * two, the first of equally long ones. Without any, `start` stays. */
static int longest_zeros(const unsigned groups[GROUPS], int *start)
{
    int best = 1;
    int length = 0;

    for (int i = 0; i < GROUPS; i++) {
        length = groups[i] == 0 ? length + 1 : 0;
        if (length > best) {
            best = length;
            *start = i + 1 - length;
        }
    }
    return best;
}

static void format_v6(const struct address *address,
                      char text[ADDRESS_TEXT_SIZE])
{
    const uint8_t *octet = address->octets;
    unsigned groups[GROUPS];
    int start = GROUPS;
    int zeros;
    struct text out;

    for (int i = 0; i < GROUPS; i++, octet += 2)
        groups[i] = (unsigned)octet[0] << 8 | octet[1];
    zeros = longest_zeros(groups, &start);
    text_begin(&out, text, ADDRESS_TEXT_SIZE);
    for (int i = 0; i < GROUPS;) {
        if (i == start) {
            text_add(&out, "::");
            i += zeros;
        } else {
            const bool first = i == 0 || i == start + zeros;

            text_addf(&out, first ? "%x" : ":%x", groups[i]);
            i++;
        }
    }
}

const char *address_format(const struct address *address,
                           char text[ADDRESS_TEXT_SIZE])
{
    const uint8_t *v4 = address->octets + V4_AT;

    if (address_is_v4(address))
        snprintf(text, ADDRESS_TEXT_SIZE, "%u.%u.%u.%u", v4[0], v4[1], v4[2],
                 v4[3]);
    else
        format_v6(address, text);
    return text;
}

const char *address_reverse_name(const struct address *address,
                                 char name[ADDRESS_REVERSE_SIZE])
{
    const uint8_t *v4 = address->octets + V4_AT;
    char *end = name;

    if (address_is_v4(address)) {
        snprintf(name, ADDRESS_REVERSE_SIZE, "%u.%u.%u.%u.in-addr.arpa", v4[3],
                 v4[2], v4[1], v4[0]);
        return name;
    }
    for (size_t i = sizeof address->octets; i-- > 0;) {
        *end++ = hex_digits[address->octets[i] & 0xf];
        *end++ = '.';
        *end++ = hex_digits[address->octets[i] >> 4];
        *end++ = '.';
    }
    memcpy(end, "ip6.arpa", sizeof "ip6.arpa");
    return name;
}

struct address address_client_network(const struct address *address)
{
    struct address network = *address;

    if (!address_is_v4(address))
        memset(network.octets + 8, 0, 8);
    return network;
}

static bool has_prefix(const uint8_t *octets, const struct prefix *prefixes,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (equal_bits(octets, prefixes[i].octets, prefixes[i].bits))
            return true;
    return false;
}

bool address_is_reserved(const struct address *address)
{
    const uint8_t *octets = address->octets;

    if (address_is_v4(address))
        return has_prefix(octets + V4_AT, reserved_v4, COUNT(reserved_v4));
    return !has_prefix(octets, &global_unicast_v6, 1) ||
           has_prefix(octets, reserved_v6, COUNT(reserved_v6));
}
