/* SPDX-License-Identifier: BSD-2-Clause */
/* turns.h - whose turn it is to call: limits in all, for each address that is
 * called, and for each sender domain in a time
 *
 * Who waits for one address because of one sender domain stands in a lane, and
 * the lanes take turns: whoever forges a thousand senders of one domain keeps
 * that domain waiting and no other. A lane whose address has all its calls, or
 * whose domain has had its share, is passed over.
 *
 * In a lane newcomers stand behind all others. A flood of forged senders is one
 * of newcomers: were all served as they come, it would have every turn of the
 * domain, for it is there whenever one is free, and a true sender is there but
 * now and then. So one who was sent away and comes again goes before it, as
 * mail servers do come and floods do not, and so does whoever is known. */
#ifndef VERIFY_TURNS_H
#define VERIFY_TURNS_H

#include "base/address.h"
#include "base/callout.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

/** All calls under way and all who wait to call. Not thread-safe. */
struct turns;

/** An address that is called or waited for; a sender domain likewise. */
struct turns_host;
struct turns_lane;

/** What one who waits is held to. */
struct turn_terms {
    uint32_t most;                  /* calls at once in all */
    uint32_t most_per_host;         /* to one address */
    struct callout_rate per_domain; /* turns of one sender domain */
    bool again;    /* he has called another address for this: he goes before
                   others of his lane, and is not counted anew */
    bool newcomer; /* he goes behind all of his lane who are none */
};

/** One who waits to call; lies in an object of the waiter's. The fields are the
 * module's, but `host`, once the turn was taken. */
struct turn {
    struct turns_host *host;
    struct turns_lane *lane; /* NULL: it does not wait */
    struct turn_terms terms;
    struct turn *before, *after;
};

/** @return NULL when memory ends; the caller owns it */
struct turns *turns_new(void);

/** Wait to call the address for a sender of the domain. False: memory ends. */
bool turns_wait(struct turns *turns, struct turn *turn, const char *domain,
                const struct address *address, const struct turn_terms *terms);

/** When one more who waited for the domain would have his turn by its rate
 * alone, if all take theirs when they can who go before him; `now` if that is
 * past. */
instant turns_due(struct turns *turns, const char *domain,
                  const struct turn_terms *terms, instant now);

/** Wait no more; nothing if it does not wait. */
void turns_leave(struct turns *turns, struct turn *turn);

/**
 * The next whose turn it is, or NULL. From now on it is a call to its host,
 * until turns_end.
 * @param due  with NULL: when a domain that waits for its rate alone may go on;
 *             INSTANT_NEVER: none does
 */
struct turn *turns_take(struct turns *turns, instant now, instant *due);

/**
 * One more call of whoever has taken a turn, to another address beside his.
 * @return the host, until turns_end; NULL: it has all its calls, or memory ends
 */
struct turns_host *turns_also(struct turns *turns,
                              const struct address *address,
                              const struct turn_terms *terms);

/** A call to the host is over. */
void turns_end(struct turns *turns, struct turns_host *host);

/** Nobody waits or calls any more. *turns becomes NULL. */
void turns_free(struct turns **turns);

#endif
