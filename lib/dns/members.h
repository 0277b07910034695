/* SPDX-License-Identifier: BSD-2-Clause */
/* members.h - the books of dns/shares.h: which client has which questions in
 * which pool, by what rank, and all the counts that follow from that
 *
 * A share lies in its question and belongs to a member, a client's part in a
 * pool; a pool is what is shared among clients: the common places, or those of
 * a silent zone. Members stand on the pool's ladders by their rank, clients in
 * lists by how many of their shares wait. A member is there while it has
 * shares, a client while it has members. Only dns/shares.c uses this.
 */
#ifndef DNS_MEMBERS_H
#define DNS_MEMBERS_H

#include "base/address.h"
#include "base/clock.h"
#include "base/hash.h"
#include "dns/ladder.h"

/** Chains of a table; a power of two. */
#define MEMBERS_CHAINS 1024

enum share_state {
    SHARE_FRESH,     /* waits, and never had a place */
    SHARE_DISPLACED, /* waits, and lost one */
    SHARE_YOUNG,     /* has a place, within the grace */
    SHARE_SILENT,    /* has one for longer */
    SHARE_STATES
};

/** A question's part; lies in the question. Its fields are set here, but for
 * the last three, which are those of shares.c. */
struct share {
    struct link link;    /* with others of the member's in this state */
    struct link waiting; /* with all that wait of its client */
    struct link age;     /* with all that have a place, by its time */
    struct share_member *member;
    enum share_state state;
    uint64_t zone;
    instant since; /* when it was given its place */
    bool noted;    /* its zone has been told that it was silent */
};

struct share_pool {
    bool apart; /* of a silent zone */
    size_t limit, held;
    struct link members;
    struct ladder waiting, young, silent; /* members with such shares */
    struct link turn; /* of those apart: with others that may have to serve */
    bool has_turn;
};

struct share_client {
    struct share_client *next; /* in its chain, or the next spare one */
    struct address network;
    bool own; /* the program itself */
    size_t held, waits;
    struct link waiting; /* its shares that wait, the newest last */
    struct link peers;   /* with others of which as many wait; the program's own
                            are no matter there */
};

struct share_member {
    struct share_member *next; /* in its chain, or the next spare one */
    struct share_client *client;
    struct share_pool *pool;
    struct link beside; /* with the pool's others */
    size_t shares;
    size_t engaged; /* of them all but the fresh ones */
    size_t lost; /* that were over in vain since the last that was answered */
    struct link lists[SHARE_STATES];
    struct standing waiting, young, silent;
};

struct members {
    struct hash_key key;
    size_t count; /* shares */
    size_t waits, held, young_count, clients_count;
    size_t apart_held, apart_waits; /* of them in pools apart */
    struct link young;   /* shares, the one that has its place longest first */
    struct link overdue; /* silent shares of pools apart but the program's */
    struct link turns;   /* pools apart */
    struct link *peers;  /* clients by how many of their shares wait */
    size_t peers_top;    /* nobody has more */
    struct share_client *clients[MEMBERS_CHAINS];
    struct share_member *chains[MEMBERS_CHAINS];
    /* There are no more of either than shares, and one while a share moves:
     * with so many at hand moving cannot fail. */
    size_t allotted;
    struct share_client *spare_clients;
    struct share_member *spare_members;
};

/** @param members  all zeros
 *  @param most  shares there can be
 *  @return false: memory or random numbers end */
bool members_begin(struct members *members, size_t most);

/** Every share has left. */
void members_end(struct members *members);

void share_pool_begin(struct share_pool *pool, bool apart, size_t limit);

/** A fresh share. False: memory ends. */
bool members_add(struct members *members, struct share *share,
                 const struct address *client, struct share_pool *pool);

/** @param answered  else, if it had a place for long, its member is the worse
 *                   for it until another is answered */
void members_remove(struct members *members, struct share *share,
                    bool answered);

void members_change(struct members *members, struct share *share,
                    enum share_state state);

/** To another pool, or another client; NULL: the program. */
void members_move(struct members *members, struct share *share,
                  struct share_pool *pool);
void members_give(struct members *members, struct share *share,
                  const struct address *client);

/** All shares of a pool. */
void members_move_all(struct members *members, struct share_pool *from,
                      struct share_pool *to);

/** NULL: it has nothing open. A client is known by its network; NULL is the
 * program. */
struct share_client *members_find(struct members *members,
                                  const struct address *client);

bool members_is_of(const struct share *share, const struct address *client);

/** The member that is served next, the next ones on its rung coming before it
 * from then on; NULL: nobody waits. */
struct share_member *members_lowest(struct share_pool *pool);
void members_served(struct share_member *member);

bool member_has(const struct share_member *member, enum share_state state);
struct share *member_first(struct share_member *member, enum share_state state);

/** A pool apart has had its turn. */
void members_end_turn(struct share_pool *pool);

/** The newest that waits of the client of which most wait; NULL: there is none
 * but the program's. */
struct share *members_surplus(struct members *members);

/** The client that holds most places, or of several the one of which most wait;
 * NULL: there is none but the program. Looks at all. */
const struct share_client *members_foremost(const struct members *members);

bool share_has_place(const struct share *share);

#endif
