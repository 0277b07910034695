/* SPDX-License-Identifier: BSD-2-Clause */
/* route.c - where mail to the sender would go, and whether a callout may go
 * there */
#include "check/route.h"

#include "check/lookup.h"

#include <stdio.h>

/** How many of a host's addresses are called. */
#define ADDRESSES_PER_HOST 2

static bool is_literal(const struct sender_facts *sender)
{
    return sender->path.form == MAILPATH_LITERAL;
}

static bool is_its_own_exchanger(const struct sender_facts *sender)
{
    return sender->mx && sender->mx->status == DNS_NODATA;
}

size_t route_count(const struct sender_facts *sender)
{
    if (is_literal(sender) || is_its_own_exchanger(sender))
        return 1;
    return sender->exchanger_count;
}

struct exchanger_facts route_at(const struct sender_facts *sender, size_t index)
{
    if (is_literal(sender))
        return (struct exchanger_facts){.host = sender->path.domain};
    if (is_its_own_exchanger(sender))
        return (struct exchanger_facts){
            .host = sender->path.domain,
            .a = sender->a,
            .aaaa = sender->aaaa,
        };
    return sender->exchangers[index];
}

static bool is_ours(const struct site *site, const struct address *address)
{
    return networks_have(&site->addresses, address) ||
           networks_have(&site->host, address);
}

static bool is_callable(const struct site *site, const struct address *address)
{
    return networks_have(&site->callable, address);
}

static bool is_reachable(const struct site *site, const struct address *address)
{
    return !address_is_reserved(address) || is_callable(site, address);
}

static bool is_target(const struct site *site, const struct address *address)
{
    return is_callable(site, address) ||
           (!address_is_reserved(address) && !is_ours(site, address));
}

/* Only the states that one address can have: REACHABLE, OURS, NONE. */
static enum route route_of_address(const struct site *site,
                                   const struct address *address)
{
    if (!is_reachable(site, address))
        return ROUTE_NONE;
    return is_ours(site, address) ? ROUTE_OURS : ROUTE_REACHABLE;
}

/* The records of one answer have no order: one address of ours makes the host
 * ours. */
static enum route route_of_records(const struct site *site,
                                   const struct dns_answer *answer)
{
    enum route best = ROUTE_NONE;

    for (size_t i = 0; i < lookup_count(answer); i++) {
        enum route route = route_of_address(site, &answer->addresses[i]);
        if (route == ROUTE_OURS)
            return ROUTE_OURS;
        if (route == ROUTE_REACHABLE)
            best = ROUTE_REACHABLE;
    }
    return best;
}

static enum route route_of_answer(const struct site *site,
                                  const struct dns_answer *answer)
{
    if (!answer)
        return ROUTE_OPEN;
    if (answer->status == DNS_TEMPERROR)
        return answer->trouble == DNS_TROUBLE_INTERNAL ? ROUTE_INTERNAL
                                                       : ROUTE_TEMPERROR;
    return route_of_records(site, answer);
}

static bool is_decided(enum route route)
{
    return route == ROUTE_REACHABLE || route == ROUTE_OURS;
}

/* IPv4 comes first here too, as it does in facts_targets: its answer alone
 * decides if it can. */
static enum route route_of_host(const struct site *site,
                                const struct exchanger_facts *exchanger)
{
    enum route v4 = route_of_answer(site, exchanger->a);
    enum route v6 = route_of_answer(site, exchanger->aaaa);

    if (is_decided(v4) || v4 == ROUTE_OPEN)
        return v4;
    if (is_decided(v6) || v6 == ROUTE_OPEN)
        return v6;
    if (lookup_host(exchanger->a, exchanger->aaaa) == LOOKUP_NXDOMAIN)
        return ROUTE_NONE;
    if (v4 == ROUTE_INTERNAL || v6 == ROUTE_INTERNAL)
        return ROUTE_INTERNAL;
    return v4 == ROUTE_TEMPERROR ? v4 : v6;
}

enum route route_of(const struct facts *facts, size_t index)
{
    const struct sender_facts *sender = &facts->sender;

    if (is_literal(sender))
        return route_of_address(facts->site, &sender->path.literal);
    struct exchanger_facts exchanger = route_at(sender, index);
    return route_of_host(facts->site, &exchanger);
}

/** The targets, while they are being chosen. */
struct choice {
    const struct site *site;
    struct callout_target *targets;
    size_t count;
};

static bool is_chosen(const struct choice *choice,
                      const struct address *address)
{
    for (size_t i = 0; i < choice->count; i++)
        if (address_equal(&choice->targets[i].address, address))
            return true;
    return false;
}

/* Two exchangers with one address are one server: it is asked once. */
static bool choose(struct choice *choice, const char *host,
                   const struct address *address)
{
    if (choice->count == CALLOUT_TARGETS_MOST ||
        !is_target(choice->site, address) || is_chosen(choice, address))
        return false;
    struct callout_target *target = &choice->targets[choice->count++];
    snprintf(target->exchanger, sizeof target->exchanger, "%s", host);
    target->address = *address;
    target->inside = is_callable(choice->site, address);
    return true;
}

/* Up to `most` of this answer; how many that were. */
static size_t choose_from(struct choice *choice, const char *host,
                          const struct dns_answer *answer, size_t most)
{
    size_t chosen = 0;

    for (size_t i = 0; i < lookup_count(answer) && chosen < most; i++)
        chosen += choose(choice, host, &answer->addresses[i]);
    return chosen;
}

/* IPv4 goes first: where a host has no reverse name for its IPv6 address, as is
 * common, exchangers refuse it over IPv6 and tell nothing of the mailbox. */
static void choose_host(struct choice *choice,
                        const struct exchanger_facts *exchanger)
{
    const char *host = exchanger->host;
    size_t chosen = choose_from(choice, host, exchanger->a, 1);

    chosen += choose_from(choice, host, exchanger->aaaa, 1);
    if (chosen < ADDRESSES_PER_HOST)
        chosen += choose_from(choice, host, exchanger->a,
                              ADDRESSES_PER_HOST - chosen);
    if (chosen < ADDRESSES_PER_HOST)
        choose_from(choice, host, exchanger->aaaa, ADDRESSES_PER_HOST - chosen);
}

size_t facts_targets(const struct facts *facts,
                     struct callout_target targets[CALLOUT_TARGETS_MOST])
{
    const struct sender_facts *sender = &facts->sender;
    struct choice choice = {.site = facts->site, .targets = targets};

    if (is_literal(sender)) {
        choose(&choice, sender->path.domain, &sender->path.literal);
        return choice.count;
    }
    for (size_t i = 0; i < route_count(sender); i++) {
        struct exchanger_facts exchanger = route_at(sender, i);
        choose_host(&choice, &exchanger);
    }
    return choice.count;
}

bool facts_targets_are_known(const struct facts *facts)
{
    const struct sender_facts *sender = &facts->sender;

    if (is_literal(sender))
        return true;
    if (!sender->mx)
        return false;
    for (size_t i = 0; i < route_count(sender); i++) {
        struct exchanger_facts exchanger = route_at(sender, i);
        if (!exchanger.a || !exchanger.aaaa)
            return false;
    }
    return true;
}
