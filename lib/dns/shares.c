/* SPDX-License-Identifier: BSD-2-Clause */
/* shares.c - the zones that are silent, and the choices: the lowest rank is
 * served first, the highest gives up first */
#include "dns/shares.h"

#include "base/name.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** Chains of the table of zones; a power of two. */
#define CHAINS 1024

/** Labels of a reverse name that make its zone. */
#define LABELS_OF_SLASH_24 5  /* 3.2.1.in-addr.arpa */
#define LABELS_OF_SLASH_48 14 /* twelve nibbles, ip6.arpa */

/** By how much more a rank must be higher to lose a place within the grace. */
#define MUCH_HIGHER 2

/** How the time that nineteen in twenty answers take is followed: one that
 * took longer moves it up by nineteen steps, any other one down. */
#define SLOWER 19
#define STEP   ((instant)100)

/** Microseconds in a millisecond. */
#define MS ((instant)1000)

/** A zone that has left questions unanswered. */
struct zone {
    struct zone *next; /* in its chain */
    uint64_t id;
    unsigned silences; /* in a row */
    struct link order; /* with all, the one that was silent last is last */
    struct share_pool *pool; /* once it is silent */
};

struct shares {
    size_t places, silent_limit;
    struct members members;
    struct share_pool common;
    struct link order; /* zones */
    size_t zone_count, silent_zones;
    struct zone *zones[CHAINS];
    uint64_t displaced;
    instant grace;
};

struct shares *shares_new(size_t places, size_t most)
{
    struct shares *shares = calloc(1, sizeof(*shares));
    if (shares == NULL)
        return NULL;
    if (!members_begin(&shares->members, most)) {
        free(shares);
        return NULL;
    }
    shares->places = places;
    shares->grace = SHARES_GRACE_MS * MS;
    shares->silent_limit =
        (places + SHARES_SILENT_PART - 1) / SHARES_SILENT_PART;
    share_pool_begin(&shares->common, false, places - shares->silent_limit);
    links_begin(&shares->order);
    return shares;
}

/* The last so many labels. */
static const char *last_labels(const char *name, unsigned labels)
{
    const char *at = name + strlen(name);
    while (at > name && (at[-1] != '.' || --labels > 0))
        at--;
    return at;
}

uint64_t shares_zone(const struct shares *shares, const char *name)
{
    char organisation[NAME_SIZE];
    const char *zone = name;
    if (name_is_within(name, "in-addr.arpa"))
        zone = last_labels(name, LABELS_OF_SLASH_24);
    else if (name_is_within(name, "ip6.arpa"))
        zone = last_labels(name, LABELS_OF_SLASH_48);
    else if (name_organisation(organisation, name))
        zone = organisation;
    return hash_octets(&shares->members.key, span_of(zone));
}

static struct zone **zone_chain(struct shares *shares, uint64_t id)
{
    return &shares->zones[id % CHAINS];
}

static struct zone *find_zone(struct shares *shares, uint64_t id)
{
    struct zone *zone = *zone_chain(shares, id);
    while (zone != NULL && zone->id != id)
        zone = zone->next;
    return zone;
}

/* Where a zone's questions belong. */
static struct share_pool *pool_of(struct shares *shares, uint64_t id)
{
    const struct zone *zone = find_zone(shares, id);
    return zone != NULL && zone->pool != NULL ? zone->pool : &shares->common;
}

/* The zone has its share of the common places again, and no mark. */
static void forget_zone(struct shares *shares, struct zone *zone)
{
    struct share_pool *pool = zone->pool;
    struct zone **link = zone_chain(shares, zone->id);
    while (*link != zone)
        link = &(*link)->next;
    *link = zone->next;
    links_remove(&zone->order);
    shares->zone_count--;
    free(zone);
    if (pool == NULL)
        return;
    shares->silent_zones--;
    members_move_all(&shares->members, pool, &shares->common);
    members_end_turn(pool);
    free(pool);
}

/* NULL: memory ends. */
static struct zone *take_zone(struct shares *shares, uint64_t id)
{
    struct zone *zone = find_zone(shares, id);
    if (zone != NULL) {
        links_remove(&zone->order);
        links_append(&shares->order, &zone->order);
        return zone;
    }
    zone = calloc(1, sizeof(*zone));
    if (zone == NULL)
        return NULL;
    if (shares->zone_count == SHARES_ZONES_MOST)
        forget_zone(shares,
                    LINK_AROUND(shares->order.after, struct zone, order));
    struct zone **chain = zone_chain(shares, id);
    zone->id = id;
    zone->next = *chain;
    *chain = zone;
    links_append(&shares->order, &zone->order);
    shares->zone_count++;
    return zone;
}

/* The question was silent for longer than the grace; it counts once. Without
 * memory the zone keeps its common places. */
static void note_silence(struct shares *shares, struct share *share)
{
    struct zone *zone = share->noted ? NULL : take_zone(shares, share->zone);
    share->noted = true;
    if (zone == NULL || ++zone->silences < SHARES_SILENT_AFTER ||
        zone->pool != NULL)
        return;
    zone->pool = malloc(sizeof(*zone->pool));
    if (zone->pool == NULL)
        return;
    share_pool_begin(zone->pool, true, SHARES_ZONE_MOST);
    shares->silent_zones++;
}

bool shares_wait(struct shares *shares, struct share *share,
                 const struct address *client, uint64_t zone)
{
    *share = (struct share){.zone = zone};
    return members_add(&shares->members, share, client, pool_of(shares, zone));
}

static size_t open_of(const struct share_client *client)
{
    return client == NULL ? 0 : client->held + client->waits;
}

void shares_join(struct shares *shares, struct share *share,
                 const struct address *client)
{
    const struct share_client *counts = share->member->client;
    const struct share_client *asks = members_find(&shares->members, client);
    if (client == NULL || (!counts->own && open_of(asks) < open_of(counts)))
        members_give(&shares->members, share, client);
}

void shares_move(struct shares *shares, struct share *share,
                 const struct address *client)
{
    members_give(&shares->members, share, client);
}

bool shares_is_of(const struct share *share, const struct address *client)
{
    return members_is_of(share, client);
}

/* Those whose grace is over are silent now. */
static void grow_old(struct shares *shares, instant heard)
{
    while (!links_is_empty(&shares->members.young)) {
        struct share *share =
            LINK_AROUND(shares->members.young.after, struct share, age);
        if (share->since + shares->grace > heard)
            return;
        members_change(&shares->members, share, SHARE_SILENT);
    }
}

static struct share_member *highest_young(struct share_pool *pool)
{
    struct standing *standing = ladder_highest(&pool->young);
    return standing == NULL ? NULL
                            : LINK_AROUND(standing, struct share_member, young);
}

static struct share_member *highest_silent(struct share_pool *pool)
{
    struct standing *standing = ladder_highest(&pool->silent);
    return standing == NULL
               ? NULL
               : LINK_AROUND(standing, struct share_member, silent);
}

/* Who gives his place to a question of this rank; NULL: nobody. */
static struct share *find_loser(struct share_pool *pool, int rank, bool fresh)
{
    struct share_member *member = highest_silent(pool);
    if (member != NULL && member->silent.rank >= rank + (fresh ? 0 : 1))
        return member_first(member, SHARE_SILENT);
    member = highest_young(pool);
    return member != NULL && member->young.rank >= rank + MUCH_HIGHER
               ? member_first(member, SHARE_YOUNG)
               : NULL;
}

static void displace(struct shares *shares, struct share *share)
{
    if (share->state == SHARE_SILENT)
        note_silence(shares, share);
    members_change(&shares->members, share, SHARE_DISPLACED);
    shares->displaced++;
}

static void give(struct shares *shares, struct share *share, instant now)
{
    share->since = now;
    members_change(&shares->members, share, SHARE_YOUNG);
    members_served(share->member);
}

/* Whose turn it is in the pool, and whose place that is; NULL: nobody's. */
static struct share *next_of(struct share_pool *pool, struct share **displaced)
{
    struct share_member *member = members_lowest(pool);
    if (member == NULL)
        return NULL;
    bool fresh = member_has(member, SHARE_FRESH);
    if (pool->held >= pool->limit) {
        *displaced = find_loser(pool, member->waiting.rank, fresh);
        if (*displaced == NULL)
            return NULL;
    }
    return member_first(member, fresh ? SHARE_FRESH : SHARE_DISPLACED);
}

/* One of the common places. Whose zone has become silent since he waits, waits
 * with others of his zone. */
static struct share *next_common(struct shares *shares,
                                 struct share **displaced)
{
    for (;;) {
        struct share *share = next_of(&shares->common, displaced);
        if (share == NULL)
            return NULL;
        struct share_pool *pool = pool_of(shares, share->zone);
        if (pool == &shares->common)
            return share;
        *displaced = NULL;
        members_move(&shares->members, share, pool);
    }
}

/* All that silent zones may have is taken; the common places as well, for a
 * moment, by those of a zone that is silent no more. */
static bool is_full(const struct shares *shares)
{
    return shares->members.apart_held >= shares->silent_limit ||
           shares->members.held >= shares->places;
}

/* Who of all silent zones has been silent longest; NULL: nobody. */
static struct share *find_overdue(struct shares *shares)
{
    struct link *overdue = &shares->members.overdue;
    return links_is_empty(overdue)
               ? NULL
               : LINK_AROUND(overdue->after, struct share, age);
}

/* One of the places of the silent zones, which take turns. */
static struct share *next_silent(struct shares *shares,
                                 struct share **displaced)
{
    struct link *turns = &shares->members.turns;
    struct share *share = NULL;
    while (share == NULL && !links_is_empty(turns)) {
        struct share_pool *pool =
            LINK_AROUND(turns->after, struct share_pool, turn);
        bool has_room = pool->held < pool->limit;
        *displaced = NULL;
        if (has_room && is_full(shares)) {
            *displaced = find_overdue(shares);
            if (*displaced == NULL)
                return NULL;
        }
        members_end_turn(pool);
        share = next_of(pool, displaced);
    }
    return share;
}

struct share *shares_next(struct shares *shares, instant now, instant heard,
                          struct share **displaced)
{
    *displaced = NULL;
    grow_old(shares, heard);
    if (shares->members.waits == 0)
        return NULL;
    struct share *share = next_common(shares, displaced);
    if (share == NULL)
        share = next_silent(shares, displaced);
    if (share == NULL) {
        *displaced = NULL;
        return NULL;
    }
    if (*displaced != NULL)
        displace(shares, *displaced);
    give(shares, share, now);
    return share;
}

bool shares_is_crowded(const struct shares *shares)
{
    return shares->common.held >= shares->common.limit &&
           shares->members.waits > shares->members.apart_waits;
}

instant shares_grace(const struct shares *shares)
{
    return shares->grace;
}

instant shares_due(const struct shares *shares)
{
    if (shares->members.waits == 0 || links_is_empty(&shares->members.young))
        return INSTANT_NEVER;
    const struct share *share =
        LINK_AROUND(shares->members.young.after, struct share, age);
    return share->since + shares->grace;
}

struct share *shares_surplus(struct shares *shares)
{
    return members_surplus(&shares->members);
}

/* The grace is twice the time that is followed, and so are the steps. */
static void follow(struct shares *shares, instant took)
{
    const instant longest = SHARES_GRACE_MS * MS;
    const instant shortest = SHARES_GRACE_LEAST_MS * MS;
    shares->grace += 2 * took > shares->grace ? 2 * SLOWER * STEP : -2 * STEP;
    if (shares->grace > longest)
        shares->grace = longest;
    if (shares->grace < shortest)
        shares->grace = shortest;
}

void shares_end(struct shares *shares, struct share *share, instant now,
                instant heard, bool answered)
{
    if (answered && share_has_place(share))
        follow(shares, now - share->since);
    grow_old(shares, heard);
    struct zone *zone = find_zone(shares, share->zone);
    if (!answered && share->state == SHARE_SILENT)
        note_silence(shares, share);
    members_remove(&shares->members, share, answered);
    if (answered && zone != NULL)
        forget_zone(shares, zone);
}

void shares_count(struct shares *shares, instant heard, struct shares_use *use)
{
    const struct members *members = &shares->members;
    grow_old(shares, heard);
    *use = (struct shares_use){
        .places = shares->places,
        .used = members->held,
        .silent = members->held - members->young_count,
        .waiting = members->waits,
        .clients = members->clients_count,
        .silent_zones = shares->silent_zones,
        .silent_used = members->apart_held,
        .silent_waiting = members->apart_waits,
        .displaced = shares->displaced,
        .grace_ms = (unsigned)(shares->grace / MS),
    };
}

bool shares_foremost(const struct shares *shares, struct address *client,
                     size_t *held, size_t *waiting)
{
    const struct share_client *found = members_foremost(&shares->members);
    if (found == NULL)
        return false;
    *client = found->network;
    *held = found->held;
    *waiting = found->waits;
    return true;
}

/* Who has the most, but for the program itself. */
static void write_foremost(struct text *text, const struct shares *shares)
{
    struct address client;
    char address[ADDRESS_TEXT_SIZE];
    size_t held, waiting;
    if (!shares_foremost(shares, &client, &held, &waiting))
        return;
    address_format(&client, address);
    text_addf(text, "; client %s%s has the most: %zu places, %zu wait", address,
              address_is_v4(&client) ? "" : "/64", held, waiting);
}

void shares_write_use(struct shares *shares, instant heard, struct text *text)
{
    struct shares_use use;
    shares_count(shares, heard, &use);
    text_addf(text,
              "of %zu places %zu are in use, %zu of them by questions without "
              "an answer for %u ms; %zu questions wait, %zu of them for %zu "
              "zones that are silent; so far %" PRIu64 " have lost their place",
              use.places, use.used, use.silent, use.grace_ms, use.waiting,
              use.silent_waiting, use.silent_zones, use.displaced);
    write_foremost(text, shares);
}

void shares_free(struct shares **shares)
{
    struct shares *freed = *shares;
    if (freed == NULL)
        return;
    for (size_t i = 0; i < CHAINS; i++) {
        while (freed->zones[i] != NULL) {
            struct zone *zone = freed->zones[i];
            freed->zones[i] = zone->next;
            free(zone->pool);
            free(zone);
        }
    }
    members_end(&freed->members);
    free(freed);
    *shares = NULL;
}
