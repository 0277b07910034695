/* SPDX-License-Identifier: BSD-2-Clause */
/* returners.h - the senders that were sent away for want of a turn, so that one
 * who comes again is known from those who come for the first time
 *
 * A mail server that is put off comes again, and who forges ever new senders
 * does not: it is what greylisting rests on. Who comes again goes before the
 * newcomers (turns.h); a forger who does so pays two tries for each sender.
 *
 * There may be a thousand of them a second, and memory that a flood can empty
 * of others is none. So only bits are kept, two for each sender in a field that
 * begins anew every hour; the field of the hour before counts as well. Nobody
 * is forgotten before his hour is over. The fuller a field, the more newcomers
 * pass for such as were here: at a hundred a second one in twenty, and in a
 * flood that is much larger all of them, who are then served as they come. */
#ifndef VERIFY_RETURNERS_H
#define VERIFY_RETURNERS_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

/** A field's time: mail servers try again within it. */
#define RETURNERS_S 3600

/** Its bits; a power of two. Two fields take 1 MiB. */
#define RETURNERS_BITS (1U << 22)

/** Not thread-safe. */
struct returners;

/** @return NULL when memory ends; the caller owns it */
struct returners *returners_new(void);

/** The sender of this hash (hash_octets) was sent away. */
void returners_note(struct returners *returners, uint64_t hash, instant now);

/** Whether he was within the last hour; at most twice as long ago. */
bool returners_have(struct returners *returners, uint64_t hash, instant now);

/** Free, and set *returners to NULL. */
void returners_free(struct returners **returners);

#endif
