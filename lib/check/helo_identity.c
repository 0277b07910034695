/* SPDX-License-Identifier: BSD-2-Clause */
/* helo_identity.c - does a stranger greet with our identity, with our callouts'
 * name, with a local domain itself, or with a local address? Nobody but us
 * bears these. */
#include "check/checks.h"
#include "check/words.h"

#include <string.h>

enum borrowed {
    BORROWED_NOTHING,
    BORROWED_IDENTITY,
    BORROWED_CALLOUT_NAME,
    BORROWED_DOMAIN,
    BORROWED_ADDRESS
};

static enum borrowed borrowed_name(const struct site *site, const char *name)
{
    if (strcmp(name, site->identity) == 0)
        return BORROWED_IDENTITY;
    if (strcmp(name, site->callout_name) == 0)
        return BORROWED_CALLOUT_NAME;
    for (size_t i = 0; i < site->domain_count; i++)
        if (strcmp(name, site->domains[i]) == 0)
            return BORROWED_DOMAIN;
    return BORROWED_NOTHING;
}

static enum borrowed borrowed(const struct facts *facts)
{
    const struct helo_facts *helo = &facts->helo;

    switch (helo->form) {
    case HELO_NAME:
        return borrowed_name(facts->site, helo->name);
    case HELO_LITERAL:
    case HELO_BARE_ADDRESS:
        return networks_have(&facts->site->addresses, &helo->address)
                   ? BORROWED_ADDRESS
                   : BORROWED_NOTHING;
    case HELO_MISSING:
    case HELO_BAD_LITERAL:
    case HELO_BAD_NAME:
        break;
    }
    return BORROWED_NOTHING;
}

/* A client without an address came over a socket of this host: who that is,
 * nobody can say. */
struct finding helo_identity_find(const struct facts *facts,
                                  const struct check_settings *settings)
{
    (void)settings;
    if (!facts->client.known)
        return finding_of(RESULT_NONE, REASON_NONE);
    if (facts_client_is_ours(facts) || borrowed(facts) == BORROWED_NOTHING)
        return finding_of(RESULT_PASS, REASON_NONE);
    return finding_of(RESULT_FAIL, REASON_NONE);
}

static void describe_helo(struct text *text, const struct facts *facts)
{
    const char *name = facts->helo.name;

    switch (borrowed(facts)) {
    case BORROWED_NOTHING:
        text_add(text, "the HELO name is not one of this site");
        return;
    case BORROWED_IDENTITY:
        text_addf(text, "the HELO name %s is this mail server's own name",
                  name);
        return;
    case BORROWED_CALLOUT_NAME:
        text_addf(text, "the HELO name %s is the name of our callouts", name);
        return;
    case BORROWED_DOMAIN:
        text_addf(text, "the HELO name %s is a domain of this site", name);
        return;
    case BORROWED_ADDRESS:
        text_add(text, "the HELO name is the address ");
        words_add_address(text, &facts->helo.address);
        text_add(text, " of this site");
        return;
    }
}

void helo_identity_describe(struct text *text, struct finding finding,
                            const struct facts *facts,
                            const struct check_settings *settings)
{
    (void)settings;
    if (finding.result == RESULT_NONE) {
        text_add(text, "the client's address is not known");
        return;
    }
    describe_helo(text, facts);
    if (borrowed(facts) == BORROWED_NOTHING)
        return;
    text_add(text, ", and the connecting address ");
    words_add_address(text, &facts->client.address);
    text_add(text, facts_client_is_ours(facts) ? " is one of this site"
                                               : " is not one of this site");
}
