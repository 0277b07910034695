/* SPDX-License-Identifier: BSD-2-Clause */
/* dnsbl.c - is the client, or a name it goes by, on the lists (RFC 5782) that
 * the policy names? */
#include "check/checks.h"
#include "check/words.h"

/** What the lists weigh together, by what they say. */
struct weights {
    uint32_t listed, broken, open;
};

static uint32_t weight_of(const struct zone *zone,
                          const struct check_settings *settings)
{
    return settings->list_score > 0 ? zone->weight : 1;
}

static uint32_t weight_needed(const struct check_settings *settings)
{
    return settings->list_score > 0 ? settings->list_score
                                    : settings->lists_needed;
}

static const struct listing *listing_of(const struct facts *facts, size_t zone)
{
    return &facts->lists.of[facts->lists.zones->at[zone].of][zone];
}

/* True when some list has a subject to say something of. */
static bool weigh(const struct facts *facts,
                  const struct check_settings *settings,
                  struct weights *weights)
{
    const struct zones *zones = facts->lists.zones;
    bool any = false;

    *weights = (struct weights){0};
    for (size_t i = 0; zones && i < zones->count; i++) {
        const struct zone *zone = &zones->at[i];
        uint32_t weight = weight_of(zone, settings);
        if (zone->kind != ZONE_DENY)
            continue;
        switch (facts_zone(facts, i)) {
        case ZONE_OPEN:
            weights->open += weight;
            break;
        case ZONE_LISTED:
            weights->listed += weight;
            break;
        case ZONE_BROKEN:
            weights->broken += weight;
            break;
        case ZONE_NOT_LISTED:
            any = any || listing_of(facts, i)->a;
            continue;
        }
        any = true;
    }
    return any;
}

/* The first list that lists; its text is the one that is told. */
static const struct listing *first_listing(const struct facts *facts)
{
    const struct zones *zones = facts->lists.zones;

    for (size_t i = 0; zones && i < zones->count; i++)
        if (zones->at[i].kind == ZONE_DENY &&
            facts_zone(facts, i) == ZONE_LISTED)
            return listing_of(facts, i);
    return NULL;
}

struct finding dnsbl_find(const struct facts *facts,
                          const struct check_settings *settings)
{
    struct weights weights;
    uint32_t needed = weight_needed(settings);

    if (!weigh(facts, settings, &weights))
        return finding_of(RESULT_NONE, REASON_NONE);
    if (weights.listed >= needed)
        return finding_of(first_listing(facts)->txt ? RESULT_FAIL : RESULT_OPEN,
                          REASON_NONE);
    if (weights.listed + weights.broken + weights.open < needed)
        return finding_of(RESULT_PASS, REASON_NONE);
    return finding_of(weights.open > 0 ? RESULT_OPEN : RESULT_TEMPERROR,
                      REASON_NONE);
}

struct span dnsbl_text(const struct facts *facts)
{
    const struct listing *first = first_listing(facts);

    if (!first || !first->txt || first->txt->status != DNS_FOUND ||
        first->txt->count == 0)
        return (struct span){NULL, 0};
    return (struct span){first->txt->texts[0].octets,
                         first->txt->texts[0].length};
}

static void describe_listing(struct text *text, const struct zone *zone,
                             const char *subject, const struct dns_answer *a)
{
    text_addf(text, "%s is listed by %s (", subject, zone->name);
    words_add_address(text, zone_listing(zone, a));
    text_add(text, ")");
}

static void describe_trouble(struct text *text, const struct zone *zone,
                             const char *subject, const struct dns_answer *a)
{
    const struct address *error = zone_error(a);

    if (!error) {
        text_addf(text, "whether %s is listed by %s ", subject, zone->name);
        words_add_failure(text, a);
        return;
    }
    text_addf(text, "%s was asked about %s and answered ", zone->name, subject);
    words_add_address(text, error);
    text_addf(text, ": %s", zone_error_text(error));
}

/* Every list that says `word`, in a clause each. */
static void describe_lists(struct text *text, const struct facts *facts,
                           enum zone_word word)
{
    const struct zones *zones = facts->lists.zones;
    char subject[NAME_SIZE];
    const char *between = "";

    for (size_t i = 0; zones && i < zones->count; i++) {
        const struct zone *zone = &zones->at[i];
        const struct dns_answer *a = listing_of(facts, i)->a;
        if (zone->kind != ZONE_DENY || facts_zone(facts, i) != word ||
            !facts_zone_subject(facts, zone, subject))
            continue;
        text_add(text, between);
        if (word == ZONE_LISTED)
            describe_listing(text, zone, subject, a);
        else
            describe_trouble(text, zone, subject, a);
        between = ", ";
    }
}

static void describe_pass(struct text *text, const struct facts *facts)
{
    char subject[NAME_SIZE];
    struct zone client = {.of = ZONE_OF_CLIENT};

    text_add(text, facts_zone_subject(facts, &client, subject) ? subject
                                                               : "the client");
    text_add(text, " is on none of the lists that count, or on too few");
}

void dnsbl_describe(struct text *text, struct finding finding,
                    const struct facts *facts,
                    const struct check_settings *settings)
{
    struct span words = dnsbl_text(facts);

    (void)settings;
    switch (finding.result) {
    case RESULT_FAIL:
        describe_lists(text, facts, ZONE_LISTED);
        if (words.length > 0) {
            text_add(text, ": \"");
            text_add_shortened(text, words, DNS_TEXT_MOST);
            text_add(text, "\"");
        }
        return;
    case RESULT_TEMPERROR:
        describe_lists(text, facts, ZONE_BROKEN);
        if (text->length == 0)
            text_add(text, "the lists have not all answered yet");
        return;
    case RESULT_NONE:
        text_add(text, "there is nothing that a list could be asked about");
        return;
    case RESULT_OPEN:
    case RESULT_PASS:
    case RESULT_UNKNOWN:
        describe_pass(text, facts);
        return;
    }
}
