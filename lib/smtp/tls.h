/* SPDX-License-Identifier: BSD-2-Clause */
/* tls.h - the client's side of TLS without I/O: octets from the network go in,
 * octets for it and plain text come out (OpenSSL, TLS 1.2 and later)
 *
 * No certificate is demanded: without DANE or MTA-STS anybody in between can
 * take STARTTLS out of the dialogue, and TLS that may be anybody's is better
 * than none (RFC 7435). */
#ifndef SMTP_TLS_H
#define SMTP_TLS_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/** Octets from a server in which nothing is said are no more than this, or it
 * counts as failed: certificates take some thousand, but it could have us
 * answer demands of the protocol's own for ever. */
#define TLS_MUTE_MOST 131072

/** What all connections share. */
struct tls_client;

/** @param why  a line about what is wrong, when the result is NULL
 *  @return NULL when the library or memory fails; the caller owns it */
struct tls_client *tls_client_new(char *why, size_t why_size);

/** After all its connections. *client becomes NULL. */
void tls_client_free(struct tls_client **client);

/** One connection. Not thread-safe: it lives on the loop. */
struct tls;

/** @param name  the server's, which it is told (RFC 6066 3); empty, or an
 *               address literal: not
 *  @return NULL when memory ends */
struct tls *tls_new(struct tls_client *client, const char *name);

enum tls_state {
    TLS_DONE,   /* the handshake is, or there is plain text */
    TLS_WAIT,   /* for more octets */
    TLS_CLOSED, /* by the other side, as is proper */
    TLS_FAILED
};

/** Give it octets that came from the network. False: memory ends. */
bool tls_feed(struct tls *tls, struct span octets);

/** Go on with the handshake, until TLS_DONE or TLS_FAILED. */
enum tls_state tls_shake(struct tls *tls);

/** Read plain text, after the handshake.
 * @param length  of what was read, for TLS_DONE */
enum tls_state tls_read(struct tls *tls, char *plain, size_t size,
                        size_t *length);

/** Write plain text, after the handshake. False: it cannot be. */
bool tls_write(struct tls *tls, struct span plain);

/** Say that nothing more is written. */
void tls_close(struct tls *tls);

/** What is to be sent: valid until the next call but tls_sent. */
struct span tls_outgoing(struct tls *tls);

/** So many octets of it have been. */
void tls_sent(struct tls *tls, size_t length);

/** Free, and set *tls to NULL. */
void tls_free(struct tls **tls);

#endif
