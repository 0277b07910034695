/* SPDX-License-Identifier: BSD-2-Clause */
/* resolver.h - questions to the configured servers over UDP and TCP on the
 * loop, equal ones under way asked once, answers kept for their lifetime */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include "dns/answer.h"
#include "dns/settings.h"
#include "dns/shares.h"
#include "loop/loop.h"

#include <stdbool.h>

/** Places, each a socket, that there can be; further questions wait until they
 * may have one (dns/shares.h). */
#define DNS_SOCKETS_MOST 512

/** Questions under way and waiting; for one more another is answered
 * temperror/crowded at once, of the client of which most wait. At 1 KiB each
 * they are bounded so when no server answers. */
#define DNS_QUESTIONS_MOST 8192

/** That questions had to wait, or were dropped, is said once in so long. */
#define DNS_CROWD_SAY_S 60

struct inquiry;
struct resolver;

/** @param places  sockets open at once: SHARES_PLACES_LEAST to DNS_SOCKETS_MOST
 *  @return NULL with `why`: memory ends, or no server is configured and
 *          /etc/resolv.conf names none */
struct resolver *resolver_new(struct loop *loop,
                              const struct dns_settings *settings,
                              size_t places, char *why, size_t why_size);

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
    bool fresh; /* what is kept does not count */
    /** On whose behalf: places are shared by clients. Without, it is a question
     * of the program's own, which never waits for others. */
    bool has_client;
    struct address client;
    instant deadline; /* then the answer is temperror/timeout, or crowded if it
                         waits for a place */
    /** Called once on the loop's thread; the hold on `answer` passes to the
     * asker. Never NULL. */
    void (*done)(struct dns_ask *ask, const struct dns_answer *answer);
    struct inquiry *inquiry; /* the resolver's: while it is open */
    struct link beside;      /* the resolver's */
};

/** Ask; any thread. `name` to `done` are filled by the asker. Equal questions
 * under way are asked once. */
void resolver_ask(struct resolver *resolver, struct dns_ask *ask);

/** Have a job run on the loop, after all asks before it were taken; any
 * thread. */
void resolver_post(struct resolver *resolver, struct loop_job *job);

/** Nobody wants the answer any more: it is done at once, if it was not before,
 * with temperror/timeout. A question that nobody waits for is given up. The
 * loop's thread alone, after the job of resolver_ask has run. */
void resolver_withdraw(struct dns_ask *ask);

/** How the places are used now, and what has happened since the start. */
struct resolver_use {
    struct shares_use shares;
    uint64_t waited;    /* questions that did not get a place at once */
    uint64_t dropped;   /* to make room for others */
    uint64_t late;      /* whose last asker could wait no longer */
    uint64_t withdrawn; /* whose last asker lost interest */
};

/** The loop's thread alone. */
void resolver_use(struct resolver *resolver, struct resolver_use *use);

/** After the loop was stopped, and when nobody can ask any more: every open
 * question is answered temperror/internal, all is freed. */
void resolver_free(struct resolver **resolver);

#endif
