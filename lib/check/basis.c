/* SPDX-License-Identifier: BSD-2-Clause */
/* basis.c - when the first and the last of the answers arrived that a check
 * goes by: no more is needed to judge them */
#include "check/basis.h"

#include "check/checks.h"

/** When the answers arrived, so far as there are any. */
struct span_of_time {
    bool any;
    instant oldest, newest;
};

static void add_instant(struct span_of_time *time, instant at)
{
    if (!time->any || at < time->oldest)
        time->oldest = at;
    if (!time->any || at > time->newest)
        time->newest = at;
    time->any = true;
}

/* An answer that is not there yet, or none, is nothing that a fail can be made
 * of. */
static void add(struct span_of_time *time, const struct dns_answer *answer)
{
    if (answer != NULL && answer->status != DNS_TEMPERROR)
        add_instant(time, answer->arrived);
}

static void add_helo(struct span_of_time *time, const struct helo_facts *helo)
{
    add(time, helo->a);
    add(time, helo->aaaa);
}

static void add_reverse(struct span_of_time *time,
                        const struct client_facts *client)
{
    add(time, client->ptr);
    for (size_t i = 0; i < REVERSE_NAMES_MOST; i++)
        add(time, client->reverse[i]);
}

static void add_sender(struct span_of_time *time,
                       const struct sender_facts *sender)
{
    add(time, sender->mx);
    add(time, sender->a);
    add(time, sender->aaaa);
    for (size_t i = 0; i < sender->exchanger_count; i++) {
        add(time, sender->exchangers[i].a);
        add(time, sender->exchangers[i].aaaa);
    }
}

static void add_zone(struct span_of_time *time, const struct facts *facts,
                     size_t index)
{
    const struct zone *zone = &facts->lists.zones->at[index];
    add(time, facts->lists.of[zone->of][index].a);
    if (zone->of == ZONE_OF_REVERSE)
        add_reverse(time, &facts->client);
}

static void add_listings(struct span_of_time *time, const struct facts *facts)
{
    const struct zones *zones = facts->lists.zones;
    for (size_t i = 0; zones != NULL && i < zones->count; i++)
        if (zones->at[i].kind == ZONE_DENY &&
            facts_zone(facts, i) == ZONE_LISTED)
            add_zone(time, facts, i);
}

static void add_allowances(struct span_of_time *time, enum check check,
                           const struct facts *facts)
{
    const struct zones *zones = facts->lists.zones;
    for (size_t i = 0; zones != NULL && i < zones->count; i++)
        if (zones->at[i].kind == ZONE_ALLOW &&
            (zones->at[i].exempt & 1U << check) != 0)
            add_zone(time, facts, i);
}

/* A callout that was kept went by answers of then. */
static void add_callout(struct span_of_time *time,
                        const struct sender_facts *sender)
{
    if (sender->path.form != MAILPATH_DOMAIN)
        return;
    add_sender(time, sender);
    if (sender->callout != NULL)
        add_instant(time, sender->callout->learnt);
}

static struct span_of_time find_basis(enum check check,
                                      const struct facts *facts)
{
    struct span_of_time time = {0};
    add_allowances(&time, check, facts);
    switch (check) {
    case CHECK_HELO_SYNTAX:
    case CHECK_HELO_IDENTITY:
        break;
    case CHECK_HELO_MATCH:
        if (!helo_is_host(&facts->helo))
            break;
        add_helo(&time, &facts->helo);
        add_reverse(&time, &facts->client);
        break;
    case CHECK_HELO_FORWARD:
        add_helo(&time, &facts->helo);
        break;
    case CHECK_CLIENT_PTR:
        add_reverse(&time, &facts->client);
        break;
    case CHECK_DNSBL:
        add_listings(&time, facts);
        break;
    case CHECK_SENDER_DOMAIN:
        add_sender(&time, &facts->sender);
        break;
    case CHECK_CALLOUT:
        add_callout(&time, &facts->sender);
        break;
    }
    return time;
}

enum trust_judgement basis_judge(enum check check, const struct facts *facts)
{
    struct span_of_time time = find_basis(check, facts);
    if (!time.any)
        return TRUST_BELIEVED;
    return trust_judge(&facts->trust, time.oldest, time.newest);
}
