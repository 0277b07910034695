/* SPDX-License-Identifier: BSD-2-Clause */
/* turns.h - whose turn it is to call: limits in all and for each address that
 * is called, first come first served */
#ifndef VERIFY_TURNS_H
#define VERIFY_TURNS_H

#include "base/address.h"

#include <stdbool.h>
#include <stdint.h>

/** All calls under way and all who wait to call. Not thread-safe. */
struct turns;

/** An address that is called or waited for. */
struct turns_host;

/** One who waits to call; lies in an object of the waiter's. The fields are the
 * module's, but `host`, once the turn was taken. */
struct turn {
    struct turns_host *host;
    uint32_t most, most_per_host;
    struct turn_list *list; /* where it waits; NULL: it does not */
    struct turn *before, *after;
};

/** @return NULL when memory ends; the caller owns it */
struct turns *turns_new(void);

/** What one who waits is held to, and whether it goes before the others: who
 * has called one address has had his wait. */
struct turn_terms {
    uint32_t most;          /* calls at once in all */
    uint32_t most_per_host; /* to one address */
    bool first;
};

/** Wait to call the address. False: memory ends. */
bool turns_wait(struct turns *turns, struct turn *turn,
                const struct address *address, const struct turn_terms *terms);

/** Wait no more; nothing if it does not wait. */
void turns_leave(struct turns *turns, struct turn *turn);

/** The next whose turn it is, or NULL. From now on it is a call to its host,
 * until turns_end. */
struct turn *turns_take(struct turns *turns);

/** A call to the host is over. */
void turns_end(struct turns *turns, struct turns_host *host);

/** Nobody waits or calls any more. *turns becomes NULL. */
void turns_free(struct turns **turns);

#endif
