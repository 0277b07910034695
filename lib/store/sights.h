/* SPDX-License-Identifier: BSD-2-Clause */
/* sights.h - when a subject's failure of a check was first seen, for actions
 * that are soft for a while and then hard */
#ifndef STORE_SIGHTS_H
#define STORE_SIGHTS_H

#include "base/clock.h"
#include "base/text.h"

struct sights;

/** @param bytes  the bound; the least recently seen are forgotten first
 *  @return NULL when memory ends */
struct sights *sights_new(size_t bytes);

/** When the subject was first seen failing, or INSTANT_NEVER: not yet, or
 * forgotten. Any thread. */
instant sights_first(struct sights *sights, struct span subject, instant now);

/** It was seen failing at `now`; forgotten when not seen again within
 * `keep_s`. The first sight stays what it was. Any thread. */
void sights_note(struct sights *sights, struct span subject, instant now,
                 uint32_t keep_s);

/** It passes now. Any thread. */
void sights_forget(struct sights *sights, struct span subject);

void sights_free(struct sights **sights);

#endif
