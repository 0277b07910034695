/* SPDX-License-Identifier: BSD-2-Clause */
/* address.h - IP addresses in one canonical form, networks, and the ranges that
 * no callout may reach */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/** An IPv6 address; an IPv4 one in its v4-mapped form (RFC 4291 2.5.5.2), so
 * that equal addresses are equal octets whatever way they were written. */
struct address {
    uint8_t octets[16];
};

#define ADDRESS_TEXT_SIZE    46 /* longest text form and its terminator */
#define ADDRESS_REVERSE_SIZE 74 /* 32 nibbles with dots, ip6.arpa, NUL */

bool address_is_v4(const struct address *address);
bool address_equal(const struct address *a, const struct address *b);

/** Read a dotted quad (four decimal numbers, no leading zeros) or an RFC 4291
 * IPv6 text, nothing before or after it. False: it is neither. */
bool address_parse(struct address *address, struct span text);

/** Read an address literal with its brackets: `[192.0.2.1]`,
 * `[IPv6:2001:db8::1]`, the tag in any case (RFC 5321 4.1.3). */
bool address_parse_literal(struct address *address, struct span text);

/** False when the family is neither AF_INET nor AF_INET6. */
bool address_from_socket(struct address *address, const struct sockaddr *from);

/** Fill `to` for this address and port; the length is returned. */
socklen_t address_to_socket(const struct address *address, uint16_t port,
                            struct sockaddr_storage *to);

/** The text form: dotted quad, or RFC 5952. Returns `text`. */
const char *address_format(const struct address *address,
                           char text[ADDRESS_TEXT_SIZE]);

/** The name that holds its PTR records, under in-addr.arpa (RFC 1035 3.5) or
 * ip6.arpa (RFC 3596 2.5), without a trailing dot. Returns `name`. */
const char *address_reverse_name(const struct address *address,
                                 char name[ADDRESS_REVERSE_SIZE]);

/** The address with all but the first 64 bits cleared if it is IPv6, else
 * itself: what one client network is known by. */
struct address address_client_network(const struct address *address);

/** True for every address that is not for global unicast (IANA special-purpose
 * registries): private, loopback, link-local, multicast, unspecified,
 * documentation, benchmarking, shared, reserved, ULA, site-local, NAT64, 6to4,
 * Teredo, discard. */
bool address_is_reserved(const struct address *address);

/** An address and how many of its first bits count (0 to 128, an IPv4 prefix
 * length plus 96). */
struct network {
    struct address base;
    uint8_t bits;
};

/** Networks in the order given; owned by whoever holds it. */
struct networks {
    struct network *at;
    size_t count;
};

/** Read `ADDRESS` or `ADDRESS/BITS`. False: neither, or host bits are set. */
bool network_parse(struct network *network, struct span text);

bool network_has(const struct network *network, const struct address *address);
bool networks_have(const struct networks *networks,
                   const struct address *address);

/** Append one; false when memory ends, nothing is changed then. */
bool networks_add(struct networks *networks, const struct network *network);

/** Append every address of this host's interfaces that is up (loopback ones
 * too). False when the system does not tell or memory ends. */
bool networks_add_host(struct networks *networks);

void networks_clear(struct networks *networks);

#endif
