/* SPDX-License-Identifier: BSD-2-Clause */
/* network.h - networks as configuration files write them, lists of them, and
 * the addresses of this host */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include "base/address.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An address and how many of its first bits count (0 to 128, an IPv4 prefix
 * length plus 96). */
struct network {
    struct address base;
    uint8_t bits;
};

/** Networks in the order given, owned by whoever holds the struct; begins as
 * all zeros. */
struct networks {
    struct network *at;
    size_t count;
};

/** Read `ADDRESS` or `ADDRESS/BITS`. False: neither, or host bits are set;
 * `network` is then unchanged. */
bool network_parse(struct network *network, struct span text);

/** An IPv4 address is only in networks that are IPv4 altogether: `::/0` holds
 * every IPv6 address and no other. */
bool network_has(const struct network *network, const struct address *address);
bool networks_have(const struct networks *networks,
                   const struct address *address);

/** Append one; false when memory ends, nothing is changed then. */
bool networks_add(struct networks *networks, const struct network *network);

/** Append every address of this host's interfaces that is up (loopback ones
 * too). False when the system does not tell or memory ends; nothing is changed
 * then. */
bool networks_add_host(struct networks *networks);

/** True when an interface of this host that is up has the address now, or when
 * the system does not tell. */
bool network_is_of_host(const struct address *address);

/** Which address of ours the system would send from to `towards`, as it is
 * now; nothing is sent. False: it knows no way there, or does not tell. */
bool network_source(struct address *source, const struct address *towards);

/** Free the list; it is empty then and can be used again. */
void networks_clear(struct networks *networks);

#endif
