/* SPDX-License-Identifier: BSD-2-Clause */
/* sighting.c - whose failure a soft action counts from: the first sight of a
 * check's subject */
#include "session/parts.h"

#define SUBJECT_SIZE (ADDRESS_TEXT_SIZE + NAME_SIZE + 32)

static void add_client(struct text *subject, const struct facts *facts)
{
    struct address network = address_client_network(&facts->client.address);
    char address[ADDRESS_TEXT_SIZE];

    text_add(subject, facts->client.known ? address_format(&network, address)
                                          : "unknown");
}

static void add_helo(struct text *subject, const struct helo_facts *helo)
{
    if (helo->form == HELO_NAME)
        text_add(subject, helo->name);
    else
        text_add_outside(subject, helo->text);
}

/* The subject of a check: whom it is about (client and HELO name, the client's
 * network, the sender's domain, the sender). */
static struct span write_subject(struct text *subject, enum check check,
                                 const struct message *message,
                                 const struct facts *facts)
{
    text_add(subject, check_name(check));
    text_add(subject, " ");
    switch (check) {
    case CHECK_HELO_SYNTAX:
    case CHECK_HELO_IDENTITY:
    case CHECK_HELO_FORWARD:
    case CHECK_HELO_MATCH:
        add_client(subject, facts);
        text_add(subject, " ");
        add_helo(subject, &facts->helo);
        break;
    case CHECK_CLIENT_PTR:
    case CHECK_DNSBL:
        add_client(subject, facts);
        break;
    case CHECK_SENDER_DOMAIN:
        text_add(subject, facts->sender.path.domain);
        break;
    case CHECK_CALLOUT:
        text_add(subject, message->sender_wire);
        break;
    }
    return (struct span){subject->buffer, subject->length};
}

void sighting_look(const struct message *message, const struct rules *rules,
                   const struct facts *facts, enum check check,
                   struct evidence *evidence)
{
    const struct service *service = message->session->service;
    const struct finding finding = evidence->findings.of[check];
    char buffer[SUBJECT_SIZE];
    struct text subject;

    evidence->sights.of[check] = INSTANT_NEVER;
    if (finding.result == RESULT_OPEN ? !rules_are_soft(rules, check)
                                      : !rules_keep_s(rules, check, finding))
        return;
    text_begin(&subject, buffer, sizeof buffer);
    evidence->sights.of[check] = sights_first(
        service->sights, write_subject(&subject, check, message, facts),
        clock_now(service->clock));
}

void sightings_look(const struct message *message, const struct rules *rules,
                    const struct facts *facts, struct evidence *evidence)
{
    for (enum check check = 0; check < CHECK_COUNT; check++)
        sighting_look(message, rules, facts, check, evidence);
}

void sightings_note(const struct message *message, const struct rules *rules,
                    const struct facts *facts, const struct findings *findings)
{
    const struct service *service = message->session->service;
    const instant now = clock_now(service->clock);
    char buffer[SUBJECT_SIZE];

    for (enum check check = 0; check < CHECK_COUNT; check++) {
        const uint32_t keep_s = rules_keep_s(rules, check, findings->of[check]);
        const bool passes = findings->of[check].result == RESULT_PASS;
        struct text subject;
        struct span key;

        if (!keep_s && !(passes && rules_are_soft(rules, check)))
            continue;
        text_begin(&subject, buffer, sizeof buffer);
        key = write_subject(&subject, check, message, facts);
        if (keep_s)
            sights_note(service->sights, key, now, keep_s);
        else
            sights_forget(service->sights, key);
    }
}
