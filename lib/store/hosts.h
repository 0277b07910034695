/* SPDX-License-Identifier: BSD-2-Clause */
/* hosts.h - what is known of exchangers' addresses whatever mailbox is asked
 * about: which of them are to be left alone for a while, and how TLS goes
 *
 * A host that closes with 421, or does not answer in time before MAIL, is left
 * alone for HOSTS_PAUSE_S, and for twice as long each time that it does so
 * again, until it answers; so is one that has no answer about HOSTS_SILENCES
 * senders in a row. One that refuses us before MAIL, HOSTS_REFUSALS times in an
 * hour, is left alone for a day: it has made up its mind. */
#ifndef STORE_HOSTS_H
#define STORE_HOSTS_H

#include "base/callout.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

#define HOSTS_PAUSE_S      60   /* after the first failure; doubles */
#define HOSTS_PAUSE_MOST_S 3600 /* and no longer than that */
#define HOSTS_SILENCES     3    /* about a sender, with no answer between */
#define HOSTS_REFUSALS     5    /* of us, before MAIL, in */
#define HOSTS_REFUSALS_S   3600 /* this time, and it is left alone */
#define HOSTS_BLOCKED_S    86400
#define HOSTS_TLS_S        7200 /* what TLS was like with it is known for */

/** Not thread-safe. */
struct hosts;

/** @param bytes  the bound; the least recently used is forgotten first
 *  @return NULL when memory ends; the caller owns it */
struct hosts *hosts_new(size_t bytes);

/** How a host is to be met. */
struct hosts_advice {
    bool leave; /* it alone: `instead` is what it said, and when */
    struct callout_answer instead;
    enum callout_start start; /* unless `leave` */
};

/** What is best done about a host by the name that it goes by here, TLS being
 * used as the policy says. */
void hosts_advise(struct hosts *hosts, const struct callout_target *target,
                  enum callout_tls_use use, instant now,
                  struct hosts_advice *advice);

/**
 * Learn from how a callout went. When memory ends nothing is.
 * @param begun  when it was: failures of calls that were under way together
 *               count as one
 */
void hosts_learn(struct hosts *hosts, const struct callout_answer *answer,
                 instant begun, instant now);

/** Free, and set *hosts to NULL. */
void hosts_free(struct hosts **hosts);

#endif
