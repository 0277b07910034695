/* SPDX-License-Identifier: BSD-2-Clause */
/* gather.c - facts from DNS, derived anew from the batch each time: what is not
 * there yet is wanted, and the rest of the derivation waits for it */
#include "base/address.h"
#include "session/parts.h"

/* Without a batch memory has ended: our own fault, said in the answer. */
static const struct dns_answer *want(struct dns_batch *batch, const char *name,
                                     enum dns_type type)
{
    return batch ? dns_batch_want(batch, name, type) : dns_answer_internal();
}

static bool is_found(const struct dns_answer *answer)
{
    return answer && answer->status == DNS_FOUND;
}

void gather_client(struct client_facts *client, struct dns_batch *batch)
{
    char reverse[ADDRESS_REVERSE_SIZE];
    const enum dns_type type =
        address_is_v4(&client->address) ? DNS_A : DNS_AAAA;

    if (!client->known)
        return;
    address_reverse_name(&client->address, reverse);
    client->ptr = want(batch, reverse, DNS_PTR);
    if (!is_found(client->ptr))
        return;
    for (size_t i = 0; i < client->ptr->count && i < REVERSE_NAMES_MOST; i++)
        client->reverse[i] = want(batch, client->ptr->names[i], type);
}

static enum list_kind kind_of(const struct facts *facts,
                              const struct zone *zone)
{
    if (zone->of != ZONE_OF_CLIENT)
        return LIST_OF_NAMES;
    return address_is_v4(&facts->client.address) ? LIST_OF_IPV4 : LIST_OF_IPV6;
}

/* Whether a list is asked is settled when it is first wanted; whether it has
 * answered is told to `lists` once, unless the answer was kept, or it was not
 * asked for long because of others. */
static void gather_listing(struct lists *lists, enum list_kind kind,
                           const struct zone *zone, const char *question,
                           struct listing *listing, struct dns_batch *batch)
{
    if (listing->state == LISTING_NEW &&
        lists_state(lists, zone->name, kind) != LIST_GOOD)
        listing->state = LISTING_ABSENT;
    if (listing->state == LISTING_ABSENT)
        return;
    listing->a = want(batch, question, DNS_A);
    if (!listing->a) {
        listing->state = LISTING_WAITED;
        return;
    }
    if (listing->state == LISTING_WAITED &&
        listing->a->trouble != DNS_TROUBLE_CROWDED)
        lists_heard(lists, zone->name, kind,
                    listing->a->trouble != DNS_TROUBLE_TIMEOUT);
    listing->state = LISTING_TOLD;
    if (zone_word(zone, listing->a) == ZONE_LISTED)
        listing->txt = want(batch, question, DNS_TXT);
}

void gather_lists(struct lists *lists, const struct facts *facts,
                  enum zone_of of, struct listing *listings,
                  struct dns_batch *batch)
{
    const struct zones *zones = facts->lists.zones;
    char question[NAME_SIZE];

    for (size_t i = 0; i < zones->count; i++) {
        const struct zone *zone = &zones->at[i];

        if (zone->of == of && facts_zone_question(facts, zone, question))
            gather_listing(lists, kind_of(facts, zone), zone, question,
                           &listings[i], batch);
    }
}

void gather_helo(struct helo_facts *helo, struct dns_batch *batch)
{
    if (helo->form != HELO_NAME || !name_is_qualified(helo->name))
        return;
    helo->a = want(batch, helo->name, DNS_A);
    helo->aaaa = want(batch, helo->name, DNS_AAAA);
}

static void gather_exchangers(struct sender_facts *sender,
                              struct dns_batch *batch)
{
    for (size_t i = 0; i < sender->exchanger_count; i++) {
        struct exchanger_facts *exchanger = &sender->exchangers[i];

        if (exchanger->host[0] == '\0')
            continue; /* a null MX */
        exchanger->a = want(batch, exchanger->host, DNS_A);
        exchanger->aaaa = want(batch, exchanger->host, DNS_AAAA);
    }
}

void gather_sender(struct sender_facts *sender, struct dns_batch *batch,
                   uint32_t seed)
{
    if (sender->path.form != MAILPATH_DOMAIN)
        return;
    sender->mx = want(batch, sender->path.domain, DNS_MX);
    if (!sender->mx)
        return;
    if (sender->mx->status == DNS_NODATA) {
        sender->a = want(batch, sender->path.domain, DNS_A);
        sender->aaaa = want(batch, sender->path.domain, DNS_AAAA);
    } else if (sender->mx->status == DNS_FOUND) {
        sender_facts_order(sender, seed);
        gather_exchangers(sender, batch);
    }
}
