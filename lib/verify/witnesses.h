/* SPDX-License-Identifier: BSD-2-Clause */
/* witnesses.h - exchangers that have answered lately: who of them is asked when
 * nobody else can be connected to, whether it is our own way out that is shut
 *
 * A stranger can have exchangers that answer, and can shut them down when they
 * have become witnesses. So there is but one for each organisational domain and
 * for each network (/16 of IPv4, /32 of IPv6), and the room is never taken from
 * one who still answers: who was known before the stranger came stays so. All
 * that are asked must fail, two at least (hearing.h), and they are the one that
 * has been known for the longest time, and others by lot. Those that a hearing
 * finds dead while another answers are forgotten: who tries it pays for each
 * hearing with networks that answered. Who is alone in having answered for a
 * day, in two networks, can do it all the same: `callout.witness` is for sites
 * that are as quiet as that. */
#ifndef VERIFY_WITNESSES_H
#define VERIFY_WITNESSES_H

#include "base/callout.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WITNESSES_MOST 16
/** For so long after it has answered a host is one. */
#define WITNESSES_S 86400

struct witness {
    struct callout_target target;
    char organisation[NAME_SIZE];
    instant since; /* it has been one */
    instant heard; /* it has answered last */
};

/** All zeros: there are none. Not thread-safe. */
struct witnesses {
    struct witness at[WITNESSES_MOST];
    size_t count;
};

/** An exchanger has answered to the point. */
void witnesses_hear(struct witnesses *witnesses,
                    const struct callout_target *target, instant now);

/**
 * In which order those are asked that had answered within WITNESSES_S before
 * `then`.
 * @param lot  a random number
 * @return how many; `order` has their places in `witnesses->at`
 */
size_t witnesses_order(const struct witnesses *witnesses, instant then,
                       uint64_t lot, size_t order[WITNESSES_MOST]);

/** The host at the address is none any more, nothing if it was none. */
void witnesses_forget(struct witnesses *witnesses,
                      const struct address *address);

#endif
