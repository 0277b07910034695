/* SPDX-License-Identifier: BSD-2-Clause */
/* members.c - shares enter and leave; everything else follows */
#include "dns/members.h"

#include <stdlib.h>

static uint64_t hash_of(const struct members *members, const void *octets,
                        size_t length)
{
    return hash_octets(&members->key, (struct span){octets, length});
}

/* Without an address: the program's own. */
static struct address network_of(const struct address *client)
{
    return client == NULL ? (struct address){{0}}
                          : address_client_network(client);
}

static struct share_client **client_chain(struct members *members,
                                          const struct address *network)
{
    return &members->clients[hash_of(members, network->octets,
                                     sizeof(network->octets)) %
                             MEMBERS_CHAINS];
}

struct share_client *members_find(struct members *members,
                                  const struct address *client)
{
    const struct address network = network_of(client);
    struct share_client *found = *client_chain(members, &network);
    while (found != NULL && (found->own != (client == NULL) ||
                             !address_equal(&found->network, &network)))
        found = found->next;
    return found;
}

static struct share_client *take_client(struct members *members,
                                        const struct address *client)
{
    struct share_client *taken = members_find(members, client);
    if (taken != NULL)
        return taken;
    taken = members->spare_clients;
    members->spare_clients = taken->next;
    *taken = (struct share_client){.network = network_of(client),
                                   .own = client == NULL};
    struct share_client **chain = client_chain(members, &taken->network);
    taken->next = *chain;
    *chain = taken;
    links_begin(&taken->waiting);
    links_append(&members->peers[0], &taken->peers);
    members->clients_count++;
    return taken;
}

static void release_client(struct members *members, struct share_client *client)
{
    if (client->held + client->waits > 0)
        return;
    struct share_client **link = client_chain(members, &client->network);
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    links_remove(&client->peers);
    client->next = members->spare_clients;
    members->spare_clients = client;
    members->clients_count--;
}

static struct share_member **member_chain(struct members *members,
                                          const struct share_client *client,
                                          const struct share_pool *pool)
{
    const void *pair[] = {client, pool};
    return &members
                ->chains[hash_of(members, pair, sizeof(pair)) % MEMBERS_CHAINS];
}

static struct share_member *take_member(struct members *members,
                                        struct share_client *client,
                                        struct share_pool *pool)
{
    struct share_member **chain = member_chain(members, client, pool);
    struct share_member *member = *chain;
    while (member != NULL && (member->client != client || member->pool != pool))
        member = member->next;
    if (member != NULL)
        return member;
    member = members->spare_members;
    members->spare_members = member->next;
    *member = (struct share_member){.client = client,
                                    .pool = pool,
                                    .next = *chain,
                                    .waiting.rank = -1,
                                    .young.rank = -1,
                                    .silent.rank = -1};
    *chain = member;
    links_append(&pool->members, &member->beside);
    for (size_t i = 0; i < SHARE_STATES; i++)
        links_begin(&member->lists[i]);
    return member;
}

static void release_member(struct members *members, struct share_member *member)
{
    struct share_client *client = member->client;
    if (member->shares > 0)
        return;
    struct share_member **link = member_chain(members, client, member->pool);
    while (*link != member)
        link = &(*link)->next;
    *link = member->next;
    links_remove(&member->beside);
    member->next = members->spare_members;
    members->spare_members = member;
    release_client(members, client);
}

/* Before all others comes the program itself. */
static int rank_of(const struct share_member *member, size_t others)
{
    const size_t highest = LADDER_RUNGS - 1;
    if (member->client->own)
        return 0;
    others += member->lost;
    return 1 + (int)(others < highest ? others : highest - 1);
}

bool member_has(const struct share_member *member, enum share_state state)
{
    return !links_is_empty(&member->lists[state]);
}

/* Who has lost his place is among those that count already. */
static int rank_of_next(const struct share_member *member)
{
    if (member_has(member, SHARE_FRESH))
        return rank_of(member, member->engaged);
    return member_has(member, SHARE_DISPLACED)
               ? rank_of(member, member->engaged - 1)
               : -1;
}

static int rank_of_holder(const struct share_member *member,
                          enum share_state state)
{
    return member_has(member, state) && !member->client->own
               ? rank_of(member, member->engaged - 1)
               : -1;
}

static void stand(struct share_member *member)
{
    struct share_pool *pool = member->pool;
    ladder_put(&pool->waiting, &member->waiting, rank_of_next(member));
    ladder_put(&pool->young, &member->young,
               rank_of_holder(member, SHARE_YOUNG));
    ladder_put(&pool->silent, &member->silent,
               rank_of_holder(member, SHARE_SILENT));
}

bool share_has_place(const struct share *share)
{
    return share->state == SHARE_YOUNG || share->state == SHARE_SILENT;
}

/* A pool apart that may have someone to serve has its turn. */
static void take_turn(struct members *members, struct share_pool *pool)
{
    if (!pool->apart || pool->has_turn || pool->waiting.used == 0)
        return;
    pool->has_turn = true;
    links_append(&members->turns, &pool->turn);
}

void members_end_turn(struct share_pool *pool)
{
    if (pool->has_turn)
        links_remove(&pool->turn);
    pool->has_turn = false;
}

static void count_waiting(struct members *members, struct share_client *client,
                          bool more)
{
    client->waits = more ? client->waits + 1 : client->waits - 1;
    if (client->own)
        return;
    links_remove(&client->peers);
    links_append(&members->peers[client->waits], &client->peers);
    if (client->waits > members->peers_top)
        members->peers_top = client->waits;
}

static void enter_waiting(struct members *members, struct share *share)
{
    struct share_client *client = share->member->client;
    links_append(&client->waiting, &share->waiting);
    count_waiting(members, client, true);
    members->waits++;
    if (share->member->pool->apart)
        members->apart_waits++;
}

static void leave_waiting(struct members *members, struct share *share)
{
    links_remove(&share->waiting);
    count_waiting(members, share->member->client, false);
    members->waits--;
    if (share->member->pool->apart)
        members->apart_waits--;
}

/* The list by age that a share with a place is in; NULL: in none. */
static struct link *list_by_age(struct members *members,
                                const struct share *share)
{
    const struct share_member *member = share->member;
    if (share->state == SHARE_YOUNG)
        return &members->young;
    return member->pool->apart && !member->client->own ? &members->overdue
                                                       : NULL;
}

static void enter_place(struct members *members, struct share *share)
{
    struct share_pool *pool = share->member->pool;
    struct link *by_age = list_by_age(members, share);
    pool->held++;
    share->member->client->held++;
    members->held++;
    if (pool->apart)
        members->apart_held++;
    if (share->state == SHARE_YOUNG)
        members->young_count++;
    if (by_age != NULL)
        links_append(by_age, &share->age);
}

static void leave_place(struct members *members, struct share *share)
{
    struct share_pool *pool = share->member->pool;
    pool->held--;
    share->member->client->held--;
    members->held--;
    if (pool->apart)
        members->apart_held--;
    if (share->state == SHARE_YOUNG)
        members->young_count--;
    if (list_by_age(members, share) != NULL)
        links_remove(&share->age);
}

/* Into the member's list of this state, and into all that counts it. */
static void enter(struct members *members, struct share *share,
                  struct share_member *member, enum share_state state)
{
    share->member = member;
    share->state = state;
    member->shares++;
    if (state != SHARE_FRESH)
        member->engaged++;
    links_append(&member->lists[state], &share->link);
    if (share_has_place(share))
        enter_place(members, share);
    else
        enter_waiting(members, share);
    stand(member);
    take_turn(members, member->pool);
}

/* The member may be left without shares: release_member comes next, unless the
 * share comes back to it. */
static struct share_member *leave(struct members *members, struct share *share)
{
    struct share_member *member = share->member;
    if (share_has_place(share))
        leave_place(members, share);
    else
        leave_waiting(members, share);
    links_remove(&share->link);
    member->shares--;
    if (share->state != SHARE_FRESH)
        member->engaged--;
    stand(member);
    take_turn(members, member->pool);
    return member;
}

void members_change(struct members *members, struct share *share,
                    enum share_state state)
{
    enter(members, share, leave(members, share), state);
}

static void move(struct members *members, struct share *share,
                 struct share_client *client, struct share_pool *pool)
{
    struct share_member *to = take_member(members, client, pool);
    struct share_member *from = leave(members, share);
    enter(members, share, to, share->state);
    release_member(members, from);
}

void members_move(struct members *members, struct share *share,
                  struct share_pool *pool)
{
    move(members, share, share->member->client, pool);
}

void members_give(struct members *members, struct share *share,
                  const struct address *client)
{
    if (!members_is_of(share, client))
        move(members, share, take_client(members, client), share->member->pool);
}

void members_move_all(struct members *members, struct share_pool *from,
                      struct share_pool *to)
{
    while (!links_is_empty(&from->members)) {
        struct share_member *member =
            LINK_AROUND(from->members.after, struct share_member, beside);
        enum share_state state = 0;
        while (!member_has(member, state))
            state++;
        members_move(members, member_first(member, state), to);
    }
}

/* As many clients and members at hand as there will be shares, and one more for
 * while a share moves. */
static bool allot(struct members *members)
{
    while (members->allotted < members->count + 2) {
        struct share_client *client = calloc(1, sizeof(*client));
        struct share_member *member = calloc(1, sizeof(*member));
        if (client == NULL || member == NULL) {
            free(client);
            free(member);
            return false;
        }
        client->next = members->spare_clients;
        members->spare_clients = client;
        member->next = members->spare_members;
        members->spare_members = member;
        members->allotted++;
    }
    return true;
}

bool members_add(struct members *members, struct share *share,
                 const struct address *client, struct share_pool *pool)
{
    if (!allot(members))
        return false;
    members->count++;
    enter(members, share,
          take_member(members, take_client(members, client), pool),
          SHARE_FRESH);
    return true;
}

void members_remove(struct members *members, struct share *share, bool answered)
{
    struct share_member *member = share->member;
    if (answered)
        member->lost = 0;
    else if (share->state == SHARE_SILENT || share->state == SHARE_DISPLACED)
        member->lost++;
    release_member(members, leave(members, share));
    members->count--;
}

bool members_is_of(const struct share *share, const struct address *client)
{
    const struct share_client *counts = share->member->client;
    const struct address network = network_of(client);
    return counts->own == (client == NULL) &&
           address_equal(&counts->network, &network);
}

struct share *member_first(struct share_member *member, enum share_state state)
{
    return LINK_AROUND(member->lists[state].after, struct share, link);
}

struct share_member *members_lowest(struct share_pool *pool)
{
    struct standing *standing = ladder_lowest(&pool->waiting);
    return standing == NULL
               ? NULL
               : LINK_AROUND(standing, struct share_member, waiting);
}

void members_served(struct share_member *member)
{
    struct ladder *ladder = &member->pool->waiting;
    int rank = member->waiting.rank;
    ladder_put(ladder, &member->waiting, -1);
    ladder_put(ladder, &member->waiting, rank);
}

struct share *members_surplus(struct members *members)
{
    while (members->peers_top > 0 &&
           links_is_empty(&members->peers[members->peers_top]))
        members->peers_top--;
    if (members->peers_top == 0)
        return NULL;
    struct share_client *client = LINK_AROUND(
        members->peers[members->peers_top].after, struct share_client, peers);
    return LINK_AROUND(client->waiting.before, struct share, waiting);
}

static bool is_before(const struct share_client *a,
                      const struct share_client *b)
{
    return a->held > b->held || (a->held == b->held && a->waits > b->waits);
}

const struct share_client *members_foremost(const struct members *members)
{
    const struct share_client *found = NULL;
    for (size_t i = 0; i < MEMBERS_CHAINS; i++) {
        const struct share_client *client = members->clients[i];
        for (; client != NULL; client = client->next)
            if (!client->own && (found == NULL || is_before(client, found)))
                found = client;
    }
    return found;
}

void share_pool_begin(struct share_pool *pool, bool apart, size_t limit)
{
    *pool = (struct share_pool){.apart = apart, .limit = limit};
    links_begin(&pool->members);
    ladder_begin(&pool->waiting);
    ladder_begin(&pool->young);
    ladder_begin(&pool->silent);
}

bool members_begin(struct members *members, size_t most)
{
    /* From nobody to all, and to the one that is too many. */
    size_t lists = most + 2;
    members->peers = calloc(lists, sizeof(*members->peers));
    if (members->peers == NULL || !hash_key_draw(&members->key)) {
        free(members->peers);
        return false;
    }
    for (size_t i = 0; i < lists; i++)
        links_begin(&members->peers[i]);
    links_begin(&members->young);
    links_begin(&members->overdue);
    links_begin(&members->turns);
    return true;
}

void members_end(struct members *members)
{
    while (members->spare_clients != NULL) {
        struct share_client *client = members->spare_clients;
        members->spare_clients = client->next;
        free(client);
    }
    while (members->spare_members != NULL) {
        struct share_member *member = members->spare_members;
        members->spare_members = member->next;
        free(member);
    }
    free(members->peers);
}
