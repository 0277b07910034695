/* SPDX-License-Identifier: BSD-2-Clause */
/* turns.c - a ring of the lanes that somebody waits in, and where in it the
 * next turn is looked for */
#include "verify/turns.h"

#include <assert.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_MS 1000

struct turns_host {
    struct address address;
    size_t calls;
    size_t users; /* calls, and lanes */
};

struct turns_domain {
    size_t lanes;
    size_t newcomers, others; /* who wait, but those who wait again */
    /** When all its turns so far would have been due had they come evenly
     * (the virtual scheduling of a leaky bucket). */
    instant even;
    struct turns_domain *before, *after; /* idle ones, without a lane */
    char name[];
};

struct turn_list {
    struct turn *first, *last;
};

struct turns_lane {
    struct turns_domain *domain;
    struct turns_host *host;
    struct turn_list others, newcomers; /* in the order of their turns */
    struct turns_lane *before, *after;  /* in the ring */
};

struct turns {
    void *hosts, *domains, *lanes; /* trees of tsearch */
    size_t calls;
    struct turns_lane *next;               /* in the ring; NULL: it is empty */
    struct turns_domain *idle, *idle_last; /* the oldest first */
};

static int compare_hosts(const void *a, const void *b)
{
    const struct turns_host *one = a, *other = b;
    return memcmp(&one->address, &other->address, sizeof(one->address));
}

static int compare_domains(const void *a, const void *b)
{
    const struct turns_domain *one = a, *other = b;
    return strcmp(one->name, other->name);
}

static int compare_lanes(const void *a, const void *b)
{
    const struct turns_lane *one = a, *other = b;
    int hosts = compare_hosts(one->host, other->host);
    return hosts != 0 ? hosts : compare_domains(one->domain, other->domain);
}

/* What equals `fresh` in the tree, or `fresh` itself; else it is freed. NULL:
 * memory ends. */
static void *find_or_keep(void **tree, void *fresh,
                          int (*compare)(const void *, const void *))
{
    void **node = tsearch(fresh, tree, compare);
    void *found = node == NULL ? NULL : *node;
    if (found != fresh)
        free(fresh);
    return found;
}

static struct turns_host *find_host(struct turns *turns,
                                    const struct address *address)
{
    struct turns_host *fresh = calloc(1, sizeof(*fresh));
    if (fresh == NULL)
        return NULL;
    fresh->address = *address;
    return find_or_keep(&turns->hosts, fresh, compare_hosts);
}

static void free_unused_host(struct turns *turns, struct turns_host *host)
{
    if (host->users > 0)
        return;
    (void)tdelete(host, &turns->hosts, compare_hosts);
    free(host);
}

static void join_idle(struct turns *turns, struct turns_domain *domain)
{
    domain->after = NULL;
    domain->before = turns->idle_last;
    if (domain->before != NULL)
        domain->before->after = domain;
    else
        turns->idle = domain;
    turns->idle_last = domain;
}

static void leave_idle(struct turns *turns, struct turns_domain *domain)
{
    if (domain->before != NULL)
        domain->before->after = domain->after;
    else
        turns->idle = domain->after;
    if (domain->after != NULL)
        domain->after->before = domain->before;
    else
        turns->idle_last = domain->before;
}

/* Forget domains whose share is whole again. */
static void prune_idle(struct turns *turns, instant now)
{
    while (turns->idle != NULL && turns->idle->even <= now) {
        struct turns_domain *domain = turns->idle;
        leave_idle(turns, domain);
        (void)tdelete(domain, &turns->domains, compare_domains);
        free(domain);
    }
}

/* A new one is idle. */
static struct turns_domain *find_domain(struct turns *turns, const char *name)
{
    size_t size = strlen(name) + 1;
    struct turns_domain *fresh = calloc(1, sizeof(*fresh) + size);
    if (fresh == NULL)
        return NULL;
    memcpy(fresh->name, name, size);
    struct turns_domain *domain =
        find_or_keep(&turns->domains, fresh, compare_domains);
    if (domain == fresh)
        join_idle(turns, domain);
    return domain;
}

static void leave_ring(struct turns *turns, struct turns_lane *lane)
{
    if (lane->after == lane) {
        turns->next = NULL;
        return;
    }
    lane->before->after = lane->after;
    lane->after->before = lane->before;
    if (turns->next == lane)
        turns->next = lane->after;
}

/* Behind all others. */
static void join_ring(struct turns *turns, struct turns_lane *lane)
{
    if (turns->next == NULL) {
        lane->before = lane->after = lane;
        turns->next = lane;
        return;
    }
    lane->after = turns->next;
    lane->before = turns->next->before;
    lane->before->after = lane;
    lane->after->before = lane;
}

/* Both must be there. A new one is in the ring already. */
static struct turns_lane *find_lane(struct turns *turns,
                                    struct turns_domain *domain,
                                    struct turns_host *host)
{
    struct turns_lane *fresh = calloc(1, sizeof(*fresh));
    if (fresh == NULL)
        return NULL;
    fresh->domain = domain;
    fresh->host = host;
    struct turns_lane *lane = find_or_keep(&turns->lanes, fresh, compare_lanes);
    if (lane != fresh)
        return lane;
    host->users++;
    if (domain->lanes++ == 0)
        leave_idle(turns, domain);
    join_ring(turns, lane);
    return lane;
}

static void free_lane(struct turns *turns, struct turns_lane *lane)
{
    leave_ring(turns, lane);
    (void)tdelete(lane, &turns->lanes, compare_lanes);
    if (--lane->domain->lanes == 0)
        join_idle(turns, lane->domain);
    lane->host->users--;
    free_unused_host(turns, lane->host);
    free(lane);
}

static bool is_newcomer(const struct turn *turn)
{
    return turn->terms.newcomer && !turn->terms.again;
}

static struct turn_list *list_of(struct turns_lane *lane,
                                 const struct turn *turn)
{
    return is_newcomer(turn) ? &lane->newcomers : &lane->others;
}

/* How many of the turn's sort wait for a turn of the domain; NULL: it needs
 * none more. */
static size_t *count_of(struct turns_domain *domain, const struct turn *turn)
{
    if (turn->terms.again)
        return NULL;
    return is_newcomer(turn) ? &domain->newcomers : &domain->others;
}

/* The next of the lane. */
static struct turn *first_of(const struct turns_lane *lane)
{
    return lane->others.first != NULL ? lane->others.first
                                      : lane->newcomers.first;
}

static void add_turn(struct turns_lane *lane, struct turn *turn)
{
    struct turn_list *list = list_of(lane, turn);
    size_t *count = count_of(lane->domain, turn);
    bool in_front = turn->terms.again;
    turn->lane = lane;
    turn->before = in_front ? NULL : list->last;
    turn->after = in_front ? list->first : NULL;
    if (turn->before != NULL)
        turn->before->after = turn;
    else
        list->first = turn;
    if (turn->after != NULL)
        turn->after->before = turn;
    else
        list->last = turn;
    if (count != NULL)
        (*count)++;
}

static void remove_turn(struct turns *turns, struct turn *turn)
{
    struct turns_lane *lane = turn->lane;
    struct turn_list *list = list_of(lane, turn);
    size_t *count = count_of(lane->domain, turn);
    if (turn->before != NULL)
        turn->before->after = turn->after;
    else
        list->first = turn->after;
    if (turn->after != NULL)
        turn->after->before = turn->before;
    else
        list->last = turn->before;
    turn->lane = NULL;
    if (count != NULL)
        (*count)--;
    if (first_of(lane) == NULL)
        free_lane(turns, lane);
}

struct turns *turns_new(void)
{
    return calloc(1, sizeof(struct turns));
}

bool turns_wait(struct turns *turns, struct turn *turn, const char *domain,
                const struct address *address, const struct turn_terms *terms)
{
    struct turns_domain *of = find_domain(turns, domain);
    struct turns_host *host = find_host(turns, address);
    struct turns_lane *lane = NULL;
    if (of != NULL && host != NULL)
        lane = find_lane(turns, of, host);
    if (lane == NULL) {
        if (host != NULL)
            free_unused_host(turns, host);
        return false;
    }
    turn->host = host;
    turn->terms = *terms;
    add_turn(lane, turn);
    return true;
}

void turns_leave(struct turns *turns, struct turn *turn)
{
    if (turn->lane != NULL)
        remove_turn(turns, turn);
}

static instant gap_us(const struct callout_rate *rate)
{
    return (instant)rate->per_ms * US_PER_MS / rate->count;
}

/* From when on the domain's share lets it have this turn. */
static instant allowed_from(const struct turns_domain *domain,
                            const struct turn_terms *terms)
{
    const struct callout_rate *rate = &terms->per_domain;
    if (terms->again || rate->count == 0)
        return 0;
    return domain->even - gap_us(rate) * (rate->count - 1);
}

instant turns_due(struct turns *turns, const char *domain,
                  const struct turn_terms *terms, instant now)
{
    const struct callout_rate *rate = &terms->per_domain;
    if (terms->again || rate->count == 0)
        return now;
    const struct turns_domain *of = find_domain(turns, domain);
    if (of == NULL)
        return now; /* turns_wait will say so */
    size_t ahead = of->others + (terms->newcomer ? of->newcomers : 0);
    instant even = of->even > now ? of->even : now;
    instant due =
        even + gap_us(rate) * ((instant)ahead + 1 - (instant)rate->count);
    return due > now ? due : now;
}

static void charge(struct turns_domain *domain, const struct turn_terms *terms,
                   instant now)
{
    if (terms->again || terms->per_domain.count == 0)
        return;
    instant from = domain->even > now ? domain->even : now;
    domain->even = from + gap_us(&terms->per_domain);
}

static void begin_call(struct turns *turns, struct turns_host *host)
{
    turns->calls++;
    host->calls++;
    host->users++;
}

static struct turn *take(struct turns *turns, struct turns_lane *lane,
                         instant now)
{
    struct turn *turn = first_of(lane);
    charge(lane->domain, &turn->terms, now);
    turns->next = lane->after;
    begin_call(turns, turn->host); /* it outlives the lane */
    remove_turn(turns, turn);
    return turn;
}

struct turn *turns_take(struct turns *turns, instant now, instant *due)
{
    *due = INSTANT_NEVER;
    prune_idle(turns, now);
    struct turns_lane *begin = turns->next, *lane = begin;
    if (lane == NULL)
        return NULL;
    do {
        const struct turn_terms *terms = &first_of(lane)->terms;
        instant from = allowed_from(lane->domain, terms);
        if (turns->calls >= terms->most)
            return NULL;
        if (lane->host->calls < terms->most_per_host) {
            if (from <= now)
                return take(turns, lane, now);
            if (from < *due)
                *due = from;
        }
        lane = lane->after;
    } while (lane != begin);
    return NULL;
}

struct turns_host *turns_also(struct turns *turns,
                              const struct address *address,
                              const struct turn_terms *terms)
{
    if (turns->calls >= terms->most)
        return NULL;
    struct turns_host *host = find_host(turns, address);
    if (host == NULL)
        return NULL;
    if (host->calls >= terms->most_per_host) {
        free_unused_host(turns, host);
        return NULL;
    }
    begin_call(turns, host);
    return host;
}

void turns_end(struct turns *turns, struct turns_host *host)
{
    turns->calls--;
    host->calls--;
    host->users--;
    free_unused_host(turns, host);
}

void turns_free(struct turns **turns)
{
    if (*turns == NULL)
        return;
    assert((*turns)->hosts == NULL && (*turns)->next == NULL);
    prune_idle(*turns, INSTANT_NEVER);
    free(*turns);
    *turns = NULL;
}
