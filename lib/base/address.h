/* SPDX-License-Identifier: BSD-2-Clause */
/* address.h - IP addresses in one canonical form: reading, writing, and which
 * of them are not for global unicast. Pure functions, safe in any thread. */
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

/** True when the first `bits` bits (0 to 128) of both are equal. */
bool address_equal_bits(const struct address *a, const struct address *b,
                        unsigned bits);

/** Read a dotted quad (four decimal numbers, no leading zeros) or an RFC 4291
 * IPv6 text, nothing before or after it, no zone.
 * False: it is neither; `address` is then unchanged, here and below. */
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

/** True for every address that is not for global unicast: what the IANA
 * special-purpose registries hold (private, loopback, link-local, shared,
 * documentation, benchmarking, NAT64, 6to4, Teredo, discard, unique-local ...),
 * multicast, and all IPv6 outside 2000::/3, whence alone IANA allocates. */
bool address_is_reserved(const struct address *address);

#endif
