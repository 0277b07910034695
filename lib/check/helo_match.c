/* SPDX-License-Identifier: BSD-2-Clause */
/* helo_match.c - is the HELO name the client's? Its addresses, a reverse name
 * of the client, or the organisation of one may confirm it. */
#include "check/checks.h"
#include "check/lookup.h"
#include "check/words.h"

#include <string.h>

/* The answer about the HELO name in the client's address family, the only one
 * that can confirm it; or in the other one. */
static const struct dns_answer *forward(const struct facts *facts, bool other)
{
    bool v4 = address_is_v4(&facts->client.address);

    return v4 != other ? facts->helo.a : facts->helo.aaaa;
}

static struct finding confirmed(bool yes)
{
    return finding_of(yes ? RESULT_PASS : RESULT_FAIL, REASON_NONE);
}

/* Does this answer hold the client's address? */
static struct finding leads_to_client(const struct facts *facts,
                                      const struct dns_answer *answer)
{
    if (!answer)
        return finding_of(RESULT_OPEN, REASON_NONE);
    if (answer->status == DNS_TEMPERROR)
        return lookup_temperror(answer);
    return confirmed(dns_answer_has_address(answer, &facts->client.address));
}

/* How much a part that did not decide weighs in the whole. */
static int weight(struct finding finding)
{
    if (finding.result == RESULT_OPEN)
        return 3;
    if (finding.result == RESULT_TEMPERROR)
        return finding.reason == REASON_INTERNAL ? 2 : 1;
    return 0;
}

/* The whole of two parts: `decisive` (pass for any, fail for all) settles it at
 * once; else what is open, else temperror, our own fault first. */
static struct finding together(struct finding a, struct finding b,
                               enum result decisive)
{
    if (a.result == decisive || b.result == decisive)
        return finding_of(decisive, REASON_NONE);
    return weight(b) > weight(a) ? b : a;
}

static bool is_same_name(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Is there a forward-confirmed reverse name that is alike? Only the answers
 * about names that are alike count. */
static struct finding find_alike(const struct facts *facts,
                                 bool alike(const char *a, const char *b))
{
    const struct client_facts *client = &facts->client;
    struct finding found = confirmed(false);

    if (!client->ptr)
        return finding_of(RESULT_OPEN, REASON_NONE);
    if (client->ptr->status == DNS_TEMPERROR)
        return lookup_temperror(client->ptr);
    for (size_t i = 0; i < client->ptr->count && i < REVERSE_NAMES_MOST; i++) {
        if (!alike(client->ptr->names[i], facts->helo.name))
            continue;
        struct finding one = leads_to_client(facts, client->reverse[i]);
        found = together(found, one, RESULT_PASS);
    }
    return found;
}

static struct finding find_by(const struct facts *facts, enum match_by by)
{
    switch (by) {
    case MATCH_ADDRESS:
        return leads_to_client(facts, forward(facts, false));
    case MATCH_NAME:
        return find_alike(facts, is_same_name);
    case MATCH_ORGANISATION:
        return find_alike(facts, name_same_organisation);
    }
    return confirmed(false);
}

/* Cheap ones first. */
#define WAYS 3
static const enum match_by ways[WAYS] = {MATCH_ADDRESS, MATCH_NAME,
                                         MATCH_ORGANISATION};

struct finding helo_match_find(const struct facts *facts,
                               const struct check_settings *settings)
{
    enum result decisive = settings->match_all ? RESULT_FAIL : RESULT_PASS;
    struct finding whole = confirmed(settings->match_all);

    if (!facts->client.known)
        return finding_of(RESULT_NONE, REASON_NONE);
    if (facts->helo.form == HELO_LITERAL)
        return confirmed(
            address_equal(&facts->helo.address, &facts->client.address));
    if (!helo_is_host(&facts->helo))
        return finding_of(RESULT_NONE, REASON_NONE);
    for (size_t i = 0; i < WAYS && whole.result != decisive; i++)
        if (settings->match_by & ways[i])
            whole = together(whole, find_by(facts, ways[i]), decisive);
    return whole;
}

static void describe_literal(struct text *text, const struct facts *facts)
{
    text_add(text, "the address literal of ");
    words_add_address(text, &facts->helo.address);
    if (address_equal(&facts->helo.address, &facts->client.address)) {
        text_add(text, " is that of the connecting address");
        return;
    }
    text_add(text, " is not that of the connecting address ");
    words_add_address(text, &facts->client.address);
}

/* What the HELO name resolves to, beside the connecting address. */
static void describe_forward(struct text *text, const struct facts *facts)
{
    const struct address *client = &facts->client.address;
    const struct dns_answer *own = forward(facts, false);
    const struct dns_answer *other = forward(facts, true);

    if (!own || own->status == DNS_TEMPERROR) {
        text_addf(text, "the %s address of %s ", lookup_family(client),
                  facts->helo.name);
        words_add_failure(text, own);
        return;
    }
    if (dns_answer_has_address(own, client)) {
        text_addf(text, "%s resolves to the connecting address ",
                  facts->helo.name);
        words_add_address(text, client);
        return;
    }
    if (lookup_count(own) > 0 || lookup_count(other) > 0) {
        text_addf(text, "%s resolves to ", facts->helo.name);
        words_add_addresses(text, own, other);
        text_add(text, ", not to the connecting address ");
    } else if (own->status == DNS_NXDOMAIN) {
        text_addf(text, "%s does not exist in DNS; the connecting address is ",
                  facts->helo.name);
    } else {
        text_addf(text,
                  "%s has no %s address in DNS; the connecting address is ",
                  facts->helo.name, lookup_family(client));
    }
    words_add_address(text, client);
}

void helo_match_describe(struct text *text, struct finding finding,
                         const struct facts *facts,
                         const struct check_settings *settings)
{
    if (finding.result == RESULT_NONE) {
        text_add(text,
                 facts->client.known
                     ? "the HELO name is not a fully qualified domain name"
                     : "the client's address is not known");
        return;
    }
    if (facts->helo.form == HELO_LITERAL) {
        describe_literal(text, facts);
        return;
    }
    if (settings->match_by & MATCH_ADDRESS)
        describe_forward(text, facts);
    else
        text_addf(text, "the HELO name is %s", facts->helo.name);
    if (settings->match_by & (MATCH_NAME | MATCH_ORGANISATION)) {
        text_add(text, "; ");
        words_add_reverse(text, &facts->client);
    }
}
