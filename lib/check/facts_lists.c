/* SPDX-License-Identifier: BSD-2-Clause */
/* facts_lists.c - what the lists of the policy say of one session: whose name
 * or address each is asked about, and what that comes to */
#include "check/checks.h"

#include <stdio.h>

/** The subject of a list in this session. */
struct subject {
    enum { SUBJECT_NONE, SUBJECT_OPEN, SUBJECT_BROKEN, SUBJECT_KNOWN } state;
    const char *name; /* SUBJECT_KNOWN; NULL: the client's address */
};

/* The reverse name; an allow-list believes a confirmed one alone, for whoever
 * owns the address can write any other. */
static struct subject reverse_of(const struct facts *facts,
                                 const struct zone *zone)
{
    struct subject subject = {.state = SUBJECT_NONE};

    switch (facts_reverse(facts, &subject.name)) {
    case REVERSE_OPEN:
        subject.state = SUBJECT_OPEN;
        break;
    case REVERSE_CONFIRMED:
        subject.state = SUBJECT_KNOWN;
        break;
    case REVERSE_UNCONFIRMED:
        if (zone->kind == ZONE_DENY)
            subject.state = SUBJECT_KNOWN;
        break;
    case REVERSE_MISSING:
        break;
    case REVERSE_TEMPERROR:
    case REVERSE_INTERNAL:
        subject.state = SUBJECT_BROKEN;
        break;
    }
    return subject;
}

static struct subject subject_of(const struct facts *facts,
                                 const struct zone *zone)
{
    const struct mailpath *path = &facts->sender.path;
    struct subject subject = {.state = SUBJECT_NONE};

    switch (zone->of) {
    case ZONE_OF_CLIENT:
        if (facts->client.known)
            subject.state = SUBJECT_KNOWN;
        break;
    case ZONE_OF_HELO:
        subject.name = facts->helo.name;
        if (helo_is_host(&facts->helo))
            subject.state = SUBJECT_KNOWN;
        break;
    case ZONE_OF_SENDER:
        subject.name = path->domain;
        if (facts->sender.given && path->form == MAILPATH_DOMAIN &&
            !facts_sender_is_exempt(facts))
            subject.state = SUBJECT_KNOWN;
        break;
    case ZONE_OF_REVERSE:
        return reverse_of(facts, zone);
    }
    return subject;
}

bool facts_zone_subject(const struct facts *facts, const struct zone *zone,
                        char text[NAME_SIZE])
{
    struct subject subject = subject_of(facts, zone);
    char address[ADDRESS_TEXT_SIZE];

    if (subject.state != SUBJECT_KNOWN)
        return false;
    snprintf(text, NAME_SIZE, "%s",
             subject.name ? subject.name
                          : address_format(&facts->client.address, address));
    return true;
}

bool facts_zone_question(const struct facts *facts, const struct zone *zone,
                         char question[NAME_SIZE])
{
    struct subject subject = subject_of(facts, zone);

    if (subject.state != SUBJECT_KNOWN)
        return false;
    return subject.name
               ? zone_name_question(zone, subject.name, question)
               : zone_address_question(zone, &facts->client.address, question);
}

enum zone_word facts_zone(const struct facts *facts, size_t index)
{
    const struct zone *zone = &facts->lists.zones->at[index];
    const struct listing *listing = &facts->lists.of[zone->of][index];
    char question[NAME_SIZE];

    if (listing->state == LISTING_ABSENT)
        return ZONE_NOT_LISTED;
    switch (subject_of(facts, zone).state) {
    case SUBJECT_NONE:
        return ZONE_NOT_LISTED;
    case SUBJECT_OPEN:
        return ZONE_OPEN;
    case SUBJECT_BROKEN:
        return ZONE_BROKEN;
    case SUBJECT_KNOWN:
        break;
    }
    if (!facts_zone_question(facts, zone, question))
        return ZONE_NOT_LISTED;
    return zone_word(zone, listing->a);
}

bool facts_exempt(const struct facts *facts, unsigned check, bool *open,
                  const struct zone **by)
{
    const struct zones *zones = facts->lists.zones;

    *open = false;
    for (size_t i = 0; zones && i < zones->count; i++) {
        const struct zone *zone = &zones->at[i];
        if (zone->kind != ZONE_ALLOW || !(zone->exempt & 1U << check))
            continue;
        enum zone_word word = facts_zone(facts, i);
        if (word == ZONE_LISTED && by)
            *by = zone;
        if (word == ZONE_LISTED)
            return true;
        *open = *open || word == ZONE_OPEN;
    }
    return false;
}
