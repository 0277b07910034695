/* SPDX-License-Identifier: BSD-2-Clause */
/* facts.c - to read a HELO argument, to order exchangers, and what can be said
 * of client and sender from the facts alone */
#include "check/facts.h"

#include "base/hash.h"
#include "check/lookup.h"
#include "check/unusable.h"

#include <string.h>

static struct span trimmed(struct span text)
{
    while (text.length > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.length--;
    }
    while (text.length > 0 && (text.at[text.length - 1] == ' ' ||
                               text.at[text.length - 1] == '\t'))
        text.length--;
    return text;
}

void helo_facts_read(struct helo_facts *helo, struct span text)
{
    struct span word = trimmed(text);

    helo->text = text;
    helo->fault = NAME_OK;
    helo->name[0] = '\0';
    memset(&helo->address, 0, sizeof helo->address);

    if (word.length == 0) {
        helo->form = HELO_MISSING;
    } else if (word.at[0] == '[') {
        helo->form = address_parse_literal(&helo->address, word)
                         ? HELO_LITERAL
                         : HELO_BAD_LITERAL;
    } else if (address_parse(&helo->address, word)) {
        helo->form = HELO_BARE_ADDRESS;
    } else {
        helo->fault = name_parse(helo->name, word);
        helo->form = helo->fault == NAME_OK ? HELO_NAME : HELO_BAD_NAME;
    }
}

static bool is_ordered(const struct sender_facts *sender, const char *host)
{
    for (size_t i = 0; i < sender->exchanger_count; i++)
        if (strcmp(sender->exchangers[i].host, host) == 0)
            return true;
    return false;
}

/* The place among exchangers of one preference goes by host, not by the order
 * of the records: that one changes from answer to answer. */
static bool comes_before(const struct dns_exchanger *a,
                         const struct dns_exchanger *b,
                         const struct hash_key *key)
{
    if (a->preference != b->preference)
        return a->preference < b->preference;
    return hash_octets(key, span_of(a->host)) <
           hash_octets(key, span_of(b->host));
}

static const struct dns_exchanger *next_in_order(
    const struct sender_facts *sender, const struct hash_key *key)
{
    const struct dns_exchanger *next = NULL;

    for (size_t i = 0; i < sender->mx->count; i++) {
        const struct dns_exchanger *one = &sender->mx->exchangers[i];
        if (one->host[0] == '\0' || unusable_is_localhost(one->host) ||
            is_ordered(sender, one->host))
            continue;
        if (!next || comes_before(one, next, key))
            next = one;
    }
    return next;
}

void sender_facts_order(struct sender_facts *sender, uint32_t seed)
{
    const struct hash_key key = {.low = seed};

    sender->exchanger_count = 0;
    if (lookup_count(sender->mx) == 0)
        return;
    while (sender->exchanger_count < CALLOUT_HOSTS_MOST) {
        const struct dns_exchanger *next = next_in_order(sender, &key);
        if (!next)
            break;
        struct exchanger_facts *to =
            &sender->exchangers[sender->exchanger_count++];
        to->host = next->host;
        to->preference = next->preference;
    }
}

bool facts_client_is_ours(const struct facts *facts)
{
    return facts->client.known &&
           networks_have(&facts->site->addresses, &facts->client.address);
}

static bool is_bare_postmaster(const struct mailpath *path)
{
    return path->form == MAILPATH_BARE &&
           span_equal_nocase(span_of(path->local), span_of("postmaster"));
}

bool facts_sender_is_exempt(const struct facts *facts)
{
    const struct mailpath *path = &facts->sender.path;

    if (path->form == MAILPATH_NULL || is_bare_postmaster(path))
        return true;
    if (path->form != MAILPATH_DOMAIN)
        return false;
    for (size_t i = 0; i < facts->site->domain_count; i++)
        if (name_is_within(path->domain, facts->site->domains[i]))
            return true;
    return false;
}

/* What the answers to the reverse names say, the PTR record itself being
 * there. */
static enum reverse_state confirmed_by(const struct client_facts *client,
                                       const char **name)
{
    enum reverse_state state = REVERSE_UNCONFIRMED;

    for (size_t i = 0; i < client->ptr->count && i < REVERSE_NAMES_MOST; i++) {
        const struct dns_answer *forward = client->reverse[i];
        if (!forward) {
            state = REVERSE_OPEN;
        } else if (forward->status == DNS_TEMPERROR) {
            if (state == REVERSE_UNCONFIRMED)
                state = REVERSE_TEMPERROR;
            if (state == REVERSE_TEMPERROR &&
                forward->trouble == DNS_TROUBLE_INTERNAL)
                state = REVERSE_INTERNAL;
        } else if (dns_answer_has_address(forward, &client->address)) {
            *name = client->ptr->names[i];
            return REVERSE_CONFIRMED;
        }
    }
    return state;
}

enum reverse_state facts_reverse(const struct facts *facts, const char **name)
{
    const struct client_facts *client = &facts->client;

    *name = NULL;
    if (!client->known)
        return REVERSE_MISSING;
    if (!client->ptr)
        return REVERSE_OPEN;
    if (client->ptr->status == DNS_TEMPERROR)
        return client->ptr->trouble == DNS_TROUBLE_INTERNAL ? REVERSE_INTERNAL
                                                            : REVERSE_TEMPERROR;
    if (lookup_count(client->ptr) == 0)
        return REVERSE_MISSING;
    *name = client->ptr->names[0];
    return confirmed_by(client, name);
}

bool facts_client_is_of(const struct facts *facts, const char *domain,
                        bool *open)
{
    const struct client_facts *client = &facts->client;

    if (!client->known)
        return false;
    *open = *open || !client->ptr;
    for (size_t i = 0; i < lookup_count(client->ptr) && i < REVERSE_NAMES_MOST;
         i++) {
        if (!name_same_organisation(client->ptr->names[i], domain))
            continue;
        if (client->reverse[i] &&
            dns_answer_has_address(client->reverse[i], &client->address))
            return true;
        *open = *open || !client->reverse[i];
    }
    return false;
}

static enum fault first_fault(const struct dns_answer *const *answers,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (answers[i] && answers[i]->fault != FAULT_NONE)
            return answers[i]->fault;
    return FAULT_NONE;
}

static enum fault sender_fault(const struct sender_facts *sender)
{
    const struct dns_answer *const own[] = {sender->mx, sender->a,
                                            sender->aaaa};
    enum fault fault = first_fault(own, sizeof(own) / sizeof(own[0]));

    for (size_t i = 0; fault == FAULT_NONE && i < sender->exchanger_count;
         i++) {
        const struct dns_answer *const of[] = {sender->exchangers[i].a,
                                               sender->exchangers[i].aaaa};
        fault = first_fault(of, sizeof(of) / sizeof(of[0]));
    }
    if (fault == FAULT_NONE && sender->callout)
        fault = sender->callout->fault;
    return fault;
}

static enum fault lists_fault(const struct list_facts *lists)
{
    enum fault fault = FAULT_NONE;

    for (size_t i = 0;
         lists->zones && fault == FAULT_NONE && i < lists->zones->count; i++) {
        const struct listing *entries = lists->of[lists->zones->at[i].of];
        if (entries)
            fault = first_fault(&entries[i].a, 1);
    }
    return fault;
}

enum fault facts_fault(const struct facts *facts)
{
    const struct dns_answer *const own[] = {facts->client.ptr, facts->helo.a,
                                            facts->helo.aaaa};
    enum fault fault = first_fault(own, sizeof(own) / sizeof(own[0]));

    if (fault == FAULT_NONE)
        fault = first_fault(facts->client.reverse, REVERSE_NAMES_MOST);
    if (fault == FAULT_NONE)
        fault = sender_fault(&facts->sender);
    return fault != FAULT_NONE ? fault : lists_fault(&facts->lists);
}
