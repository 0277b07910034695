/* SPDX-License-Identifier: BSD-2-Clause */
/* transport.h - one query on its way to one server, over a UDP socket or a TCP
 * connection of its own; the loop's thread alone */
#ifndef DNS_TRANSPORT_H
#define DNS_TRANSPORT_H

#include "dns/exchange.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dns_transport;

/**
 * What came: DNS_EVENT_OCTETS with a whole message, borrowed for the call (over
 * UDP perhaps again and again), or in the place of a message why none will
 * come, with our fault if it is one. `now`, `id` and `mix` are the hearer's to
 * fill. The transport may be freed in it.
 */
typedef void dns_transport_heard(void *context, const struct dns_event *event);

/**
 * Open a fresh socket, connected to the server, and send. The system draws the
 * source port at random; what comes from another address or port it drops, and
 * it tells when nobody listens there.
 * @param tcp    with the length in front (RFC 1035 4.2.2)
 * @param query  copied
 * @param trouble  its kind and fault are set when NULL is returned: why nothing
 *                 was sent
 * @return the caller owns it
 */
struct dns_transport *dns_transport_open(
    struct loop *loop, const struct dns_server *server, bool tcp,
    const struct dns_query *query, dns_transport_heard *heard, void *context,
    struct dns_event *trouble);

/** Close the socket; nothing is heard any more. *transport becomes NULL. */
void dns_transport_free(struct dns_transport **transport);

#endif
