/* SPDX-License-Identifier: BSD-2-Clause */
/* attempts.h - a TCP connection to one of a host's addresses: the next one is
 * tried when the first has failed or takes its time, and the first that is
 * connected wins (RFC 8305 5) */
#ifndef SMTP_ATTEMPTS_H
#define SMTP_ATTEMPTS_H

#include "base/callout.h"
#include "loop/loop.h"

#include <stddef.h>

/** One in IPv4 and one in IPv6. */
#define ATTEMPTS_MOST 2

/** How long an address has to itself (RFC 8305 8). */
#define ATTEMPT_DELAY_MS 250

/** Addresses that are being connected to. The loop's thread alone. */
struct attempts;

/** Why there is no connection. */
struct attempt_failure {
    enum callout_outcome outcome;
    enum callout_trouble trouble;
    enum callout_stage stage;
    enum fault fault; /* CALLOUT_INTERNAL: what it comes from */
};

/** Who wants a connection, and what he is told, by the address's index. */
struct attempts_owner {
    /** The last word: the socket is his from now on, not blocking.
     * @param local  the address of our end */
    void (*connected)(void *context, size_t which, int socket,
                      const struct address *local);
    /** Of each that could not be; when all of them are told of, that is the
     * last word. */
    void (*failed)(void *context, size_t which, struct attempt_failure failure);
    void *context;
};

/** What is wanted; all of it is copied. */
struct attempts_request {
    struct address addresses[ATTEMPTS_MOST]; /* in order of try */
    size_t count;                            /* at least one */
    uint16_t port;
    struct callout_sources sources; /* of ours, to leave from */
    uint32_t each_ms;               /* for one address */
    instant deadline;               /* for all of them */
};

/** Begin to connect. Nothing is told before this has returned.
 * @return NULL when memory ends; the owner cuts it, after the last word at the
 *         latest */
struct attempts *attempts_begin(struct loop *loop,
                                const struct attempts_request *request,
                                const struct attempts_owner *owner);

/** Stop, closing what is under way, telling nobody; *attempts becomes NULL, or
 * is so already. The owner may do so while he is told. */
void attempts_cut(struct attempts **attempts);

#endif
