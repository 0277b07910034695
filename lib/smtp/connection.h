/* SPDX-License-Identifier: BSD-2-Clause */
/* connection.h - one callout to one exchanger: a socket and its deadlines on
 * the loop, around the dialogue */
#ifndef SMTP_CONNECTION_H
#define SMTP_CONNECTION_H

#include "base/callout.h"
#include "base/mailpath.h"
#include "loop/loop.h"
#include "smtp/inquiry.h"
#include "smtp/tls.h"

/** One address in IPv4 and one in IPv6. */
#define CONNECTION_TARGETS_MOST 2

struct connection;

/** Who opened a connection, and what he is told, on the loop's thread. He may
 * open another one while he is told, but not cut this one. */
struct connection_owner {
    /** Of each target, by its index, that will not be connected to while
     * another is or may be: why, or NULL when that was faster. */
    void (*missed)(void *context, size_t which,
                   const struct callout_answer *answer);
    /** Once, as soon as the answer is there; borrowed for the call. */
    void (*answered)(void *context, const struct callout_answer *answer);
    /** Once, after `answered`: the socket is closed, the connection freed. */
    void (*closed)(void *context);
    void *context;
};

/** What is asked, of whom; all of it is copied. */
struct connection_request {
    /** One exchanger's, in order of try: they are tried side by side when the
     * first takes its time (RFC 8305), and one is asked. */
    const struct callout_target *targets[CONNECTION_TARGETS_MOST];
    size_t count;                /* at least one */
    const struct mailpath *path; /* not the null one; NULL: the greeting is
                                    all that is wanted */
    /** Name, source addresses, port, use of TLS, times for connect and reply
     * are taken from these. */
    const struct callout_settings *settings;
    struct inquiry_wishes wishes;
    enum callout_start start;
    instant deadline; /* for the answer */
};

/**
 * Connect to a target's address, which was looked up before and is not looked
 * up again, and ask about the path. Nothing is told before this has returned.
 * The loop's thread alone.
 * @param client  for TLS; borrowed until `closed`
 * @return NULL when memory ends or the path cannot be put on the wire
 */
struct connection *connection_open(struct loop *loop, struct tls_client *client,
                                   const struct connection_request *request,
                                   const struct connection_owner *owner);

/** Close at once, telling nobody, and set *connection to NULL. The loop's
 * thread, or after it has ended. */
void connection_cut(struct connection **connection);

#endif
