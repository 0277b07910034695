/* SPDX-License-Identifier: BSD-2-Clause */
/* shares.h - who may have a place next, and who has to give one up: places are
 * few, and strangers can ask names whose servers never answer
 *
 * A place is the one socket of a question under way. Who counts is the client
 * for whom it is asked, an IPv4 address or an IPv6 /64. A question's rank is
 * the number of other questions of its client that have a place, or have had
 * one in vain: those still open, and those that were over since one was
 * answered, as long as any is open. Few places in a short time are what an
 * honest message needs; a client whose names are silent soon has a high rank,
 * for the questions that lost their places count on.
 *
 * - A free place goes to the question of the lowest rank.
 * - When there is none, a question may take another's: of those that have been
 *   silent for longer than the grace the one of the highest rank, if its own is
 *   not higher; else that of a client which has at least two more. Who lost his
 *   place waits again, behind the fresh ones of his client, and takes another's
 *   only from a higher rank, so that no two can take a place from each other in
 *   turn. While there is room nobody loses anything.
 * - A zone of which SHARES_SILENT_AFTER questions in a row have had a place for
 *   longer than the grace, and were not answered, is silent until one is. One
 *   datagram that was lost, or one slow name, does not do it: the next answer
 *   begins the count anew. Each silent zone has SHARES_ZONE_MOST places, all
 *   together have an eighth, which is set aside for them; within a zone clients
 *   share as above, and zones take turns.
 * - A question of the program's own comes first and never loses its place.
 *
 * No I/O, no clock; each choice costs the same however many wait. One thread.
 *
 * Who owns what: a `share` lies in its question, which gives it back with
 * shares_end; members.h has the books.
 */
#ifndef DNS_SHARES_H
#define DNS_SHARES_H

#include "base/text.h"
#include "dns/members.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How long a question may be silent before its place can be taken: twice what
 * nineteen in twenty answers take, between these two. The sooner a place is
 * known to be held in vain, the more strangers there can be; a server that is
 * well answers most names in less than the longest grace. What took longer is
 * in its memory when it is asked again. What came while we were busy with
 * others counts: see `heard` below. It begins with the longest, and answers
 * that strangers delay cannot make it longer than that. */
#define SHARES_GRACE_MS       250
#define SHARES_GRACE_LEAST_MS 50

/** Places that can be: fewer than two leave none for silent zones. */
#define SHARES_PLACES_LEAST 2

/** Unanswered questions in a row that make a zone a silent one. */
#define SHARES_SILENT_AFTER 8

/** Places of one silent zone. */
#define SHARES_ZONE_MOST 4

/** Of all places one in so many is for silent zones. */
#define SHARES_SILENT_PART 8

/** Zones with unanswered questions that are remembered; the one that was
 * silent longest ago is forgotten for another. */
#define SHARES_ZONES_MOST 1024

struct shares;

/**
 * @param places  for all, SHARES_PLACES_LEAST or more
 * @param most    questions there can be at once
 * @return NULL: memory or random numbers end
 */
struct shares *shares_new(size_t places, size_t most);

/** What a name's questions have in common: its organisational domain (that of
 * the list for a question to a DNS list), for a reverse name the /24 or /48, as
 * a number that nobody can guess. */
uint64_t shares_zone(const struct shares *shares, const char *name);

/**
 * A new question waits, even when a place is free: see shares_next.
 * @param client  on whose behalf; NULL: the program's own
 * @return false: memory ends
 */
bool shares_wait(struct shares *shares, struct share *share,
                 const struct address *client, uint64_t zone);

/** Another client asks the same: it counts for the one that has less open. */
void shares_join(struct shares *shares, struct share *share,
                 const struct address *client);

/** It is asked on behalf of this client from now on. */
void shares_move(struct shares *shares, struct share *share,
                 const struct address *client);

/** True when it counts for this client. */
bool shares_is_of(const struct share *share, const struct address *client);

/**
 * Give a place to the next that may have one.
 * @param heard      all answers that had come by then were taken
 * @param displaced  the question whose place it was, or NULL: it was free
 * @return NULL: there is nobody, or no place for them
 */
struct share *shares_next(struct shares *shares, instant now, instant heard,
                          struct share **displaced);

/** True when somebody waits for one of the common places, and none is free. */
bool shares_is_crowded(const struct shares *shares);

/** The grace as it is now, in microseconds. */
instant shares_grace(const struct shares *shares);

/** When shares_next may have something new though nothing was called. */
instant shares_due(const struct shares *shares);

/** The one to drop when there are too many: the last that waits of the client
 * of which most wait. NULL: only the program's own wait, or nobody. */
struct share *shares_surplus(struct shares *shares);

/**
 * The question is over, whatever its state.
 * @param answered  its zone has spoken: found, or no such name or data
 */
void shares_end(struct shares *shares, struct share *share, instant now,
                instant heard, bool answered);

struct shares_use {
    size_t places;
    size_t used;           /* places that somebody has */
    size_t silent;         /* of them for longer than the grace */
    size_t waiting;        /* questions that wait */
    size_t clients;        /* with a question open */
    size_t silent_zones;   /* zones that are silent */
    size_t silent_used;    /* places that those have */
    size_t silent_waiting; /* their questions that wait */
    uint64_t displaced;    /* places that were taken, ever */
    unsigned grace_ms;
};

void shares_count(struct shares *shares, instant heard, struct shares_use *use);

/** The client with most places, or when none has one with most that wait, and
 * how many these are; looks at all. False: there is none. */
bool shares_foremost(const struct shares *shares, struct address *client,
                     size_t *held, size_t *waiting);

/** The same in a sentence, for the log. */
void shares_write_use(struct shares *shares, instant heard, struct text *text);

/** Every share was ended. */
void shares_free(struct shares **shares);

#endif
