/* SPDX-License-Identifier: BSD-2-Clause */
/* network.c - networks, lists of them, and the addresses of this host */
#include "base/network.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define V4_OFFSET 96 /* bits before the IPv4 part of a v4-mapped address */

/* One to three digits without leading zeros, at most `most`. */
static bool read_bits(struct span text, unsigned most, unsigned *bits)
{
    unsigned value = 0;

    if (text.length < 1 || text.length > 3 ||
        (text.length > 1 && text.at[0] == '0'))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text.at[i] - '0');
    }
    *bits = value;
    return value <= most;
}

static bool host_bits_set(const struct address *address, unsigned bits)
{
    for (unsigned i = bits; i < 128; i++)
        if ((address->octets[i / 8] >> (7 - i % 8) & 1) != 0)
            return true;
    return false;
}

bool network_parse(struct network *network, struct span text)
{
    const char *slash =
        text.length > 0 ? memchr(text.at, '/', text.length) : NULL;
    struct span before = text;
    struct span after;
    struct address base;
    unsigned offset;
    unsigned bits = 128;

    if (slash != NULL)
        before.length = (size_t)(slash - text.at);
    if (!address_parse(&base, before))
        return false;
    /* The text decides, for a v4-mapped one counts bits as IPv6 does. */
    offset = memchr(before.at, ':', before.length) == NULL ? V4_OFFSET : 0;
    if (slash != NULL) {
        after.at = slash + 1;
        after.length = text.length - before.length - 1;
        if (!read_bits(after, 128 - offset, &bits))
            return false;
        bits += offset;
    }
    if (host_bits_set(&base, bits))
        return false;
    network->base = base;
    network->bits = (uint8_t)bits;
    return true;
}

bool network_has(const struct network *network, const struct address *address)
{
    if (network->bits < V4_OFFSET && address_is_v4(address))
        return false;
    return address_equal_bits(address, &network->base, network->bits);
}

bool networks_have(const struct networks *networks,
                   const struct address *address)
{
    for (size_t i = 0; i < networks->count; i++)
        if (network_has(&networks->at[i], address))
            return true;
    return false;
}

bool networks_add(struct networks *networks, const struct network *network)
{
    struct network *at =
        realloc(networks->at, (networks->count + 1) * sizeof *at);

    if (at == NULL)
        return false;
    at[networks->count++] = *network;
    networks->at = at;
    return true;
}

bool networks_add_host(struct networks *networks)
{
    const size_t before = networks->count;
    struct ifaddrs *interfaces;
    bool added = true;

    if (getifaddrs(&interfaces) != 0)
        return false;
    for (struct ifaddrs *i = interfaces; added && i != NULL; i = i->ifa_next) {
        struct network network = {.bits = 128};

        if ((i->ifa_flags & IFF_UP) == 0 || i->ifa_addr == NULL ||
            !address_from_socket(&network.base, i->ifa_addr))
            continue;
        added = networks_add(networks, &network);
    }
    freeifaddrs(interfaces);
    if (!added)
        networks->count = before;
    return added;
}

bool network_is_of_host(const struct address *address)
{
    struct networks host = {0};
    const bool is_of_host =
        !networks_add_host(&host) || networks_have(&host, address);

    networks_clear(&host);
    return is_of_host;
}

bool network_source(struct address *source, const struct address *towards)
{
    struct sockaddr_storage to, from;
    const socklen_t to_size = address_to_socket(towards, 1, &to);
    socklen_t from_size = sizeof from;
    const int unsent = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool found;

    if (unsent < 0)
        return false;
    found = connect(unsent, (struct sockaddr *)&to, to_size) == 0 &&
            getsockname(unsent, (struct sockaddr *)&from, &from_size) == 0 &&
            address_from_socket(source, (struct sockaddr *)&from);
    close(unsent);
    return found;
}

void networks_clear(struct networks *networks)
{
    free(networks->at);
    networks->at = NULL;
    networks->count = 0;
}
