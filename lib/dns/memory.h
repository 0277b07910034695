/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.h - the answers that are kept, by name and type, for their lifetime;
 * any thread */
#ifndef DNS_MEMORY_H
#define DNS_MEMORY_H

#include "base/cache.h"
#include "dns/answer.h"

/** What all answers that are kept may occupy. */
#define DNS_MEMORY_BYTES ((size_t)32 * 1024 * 1024)

/** @return NULL when memory ends; freed by cache_free */
struct cache *dns_memory_new(void);

/** The answer, held for the caller, or NULL. */
const struct dns_answer *dns_memory_get(struct cache *memory, const char *name,
                                        enum dns_type type, instant now);

/** Keep an answer until it expires; a temperror is never kept. */
void dns_memory_put(struct cache *memory, const char *name, enum dns_type type,
                    const struct dns_answer *answer);

#endif
