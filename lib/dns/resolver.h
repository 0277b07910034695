/* SPDX-License-Identifier: BSD-2-Clause */
/* resolver.h - questions to the configured servers over UDP and TCP on the
 * loop, equal ones under way asked once, answers kept for their lifetime */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include "dns/answer.h"
#include "dns/settings.h"
#include "loop/loop.h"

#include <stdbool.h>

/** Sockets open at once; further questions wait their turn, first come first
 * served. */
#define DNS_SOCKETS_MOST 512

/** Questions under way and waiting; one more is answered temperror/internal at
 * once. At 1 KiB each they are bounded so when no server answers. */
#define DNS_QUESTIONS_MOST 8192

struct resolver;

/** @return NULL with `why`: memory ends, or no server is configured and
 *          /etc/resolv.conf names none */
struct resolver *resolver_new(struct loop *loop,
                              const struct dns_settings *settings, char *why,
                              size_t why_size);

/** Take other settings for questions that begin from now on (reload); any
 * thread. False with `why`: as in resolver_new, the old ones stay. */
bool resolver_configure(struct resolver *resolver,
                        const struct dns_settings *settings, char *why,
                        size_t why_size);

/** The answer that is kept, held for the caller, or NULL. Any thread; the loop
 * is not touched. `name` is canonical. */
const struct dns_answer *resolver_kept(struct resolver *resolver,
                                       const char *name, enum dns_type type);

/** Whether answers are kept from now on; those that are kept are forgotten
 * with either. The loop's thread alone. */
void resolver_keep(struct resolver *resolver, bool keeps);

/** One question of one asker; lies in an object of the asker's until `done`. */
struct dns_ask {
    struct loop_job job; /* the resolver's */
    struct resolver *resolver;
    char name[NAME_SIZE]; /* canonical */
    enum dns_type type;
    bool fresh;       /* what is kept does not count */
    instant deadline; /* then the answer is temperror/timeout; the exchange
                         goes on and its answer is kept */
    /** Called once on the loop's thread; the hold on `answer` passes to the
     * asker. Never NULL. */
    void (*done)(struct dns_ask *ask, const struct dns_answer *answer);
    struct dns_ask *next; /* the resolver's */
};

/** Ask; any thread. `name` to `done` are filled by the asker. Equal questions
 * under way are asked once. */
void resolver_ask(struct resolver *resolver, struct dns_ask *ask);

/** After the loop was stopped, and when nobody can ask any more: every open
 * question is answered temperror/internal, all is freed. */
void resolver_free(struct resolver **resolver);

#endif
