/* SPDX-License-Identifier: BSD-2-Clause */
/* origin.c - do the address that callouts leave from and the name that they
 * give lead to each other? */
#include "check/origin.h"

#include "check/lookup.h"
#include "check/words.h"

#include <string.h>

/** Beyond these, "and N more". */
#define NAMES_SAID 3

/* Nobody outside sees the source: it is replaced on the way. */
static bool is_translated(const struct origin *origin)
{
    return address_is_reserved(&origin->source);
}

static const struct address *global_address(const struct origin *origin,
                                            size_t index)
{
    for (size_t i = 0; i < lookup_count(origin->forward); i++) {
        const struct address *address = &origin->forward->addresses[i];
        if (!address_is_reserved(address) && index-- == 0)
            return address;
    }
    return NULL;
}

const struct address *origin_address(const struct origin *origin, size_t index)
{
    if (index >= ORIGIN_ADDRESSES_MOST)
        return NULL;
    if (is_translated(origin))
        return global_address(origin, index);
    return index == 0 ? &origin->source : NULL;
}

static bool names(const struct dns_answer *reverse, const char *name)
{
    for (size_t i = 0; i < lookup_count(reverse); i++)
        if (strcmp(reverse->names[i], name) == 0)
            return true;
    return false;
}

static enum origin_state state_of(const struct dns_answer *answer, bool good)
{
    if (!answer)
        return ORIGIN_OPEN;
    if (answer->status == DNS_TEMPERROR)
        return ORIGIN_TEMPERROR;
    return good ? ORIGIN_GOOD : ORIGIN_WRONG;
}

/* From the name to the source; to any address if the source does not show. */
static enum origin_state judge_forward(const struct origin *origin)
{
    const struct dns_answer *forward = origin->forward;

    return state_of(forward, forward && (is_translated(origin)
                                             ? lookup_count(forward) > 0
                                             : dns_answer_has_address(
                                                   forward, &origin->source)));
}

static enum origin_state judge_reverse(const struct origin *origin,
                                       size_t index)
{
    const struct dns_answer *reverse = origin->reverse[index];

    return state_of(reverse, names(reverse, origin->name));
}

static void describe_forward(struct text *text, const struct origin *origin)
{
    const struct dns_answer *forward = origin->forward;
    const char *record = address_is_v4(&origin->source) ? "an A" : "an AAAA";

    text_addf(text, "the name %s ", origin->name);
    if (forward->status == DNS_TEMPERROR) {
        words_add_failure(text, forward);
        return;
    }
    if (forward->status == DNS_NXDOMAIN) {
        text_add(text, "does not exist in DNS");
    } else if (lookup_count(forward) == 0) {
        text_addf(text, "has no %s address in DNS",
                  lookup_family(&origin->source));
    } else {
        text_add(text, "resolves to ");
        words_add_addresses(text, forward, NULL);
    }
    text_add(text, ", but callouts leave from ");
    words_add_address(text, &origin->source);
    if (is_translated(origin))
        text_addf(text,
                  ", behind NAT: give the name %s record with the address that "
                  "NAT puts in its place, or set `callout.name`",
                  record);
    else
        text_addf(text,
                  ": give the name %s record with that address, or set "
                  "`callout.bind` or `callout.name`",
                  record);
}

static void describe_names(struct text *text, const struct dns_answer *reverse)
{
    size_t count = lookup_count(reverse);

    for (size_t i = 0; i < count && i < NAMES_SAID; i++)
        text_addf(text, "%s%s",
                  i == 0           ? ""
                  : i + 1 == count ? " and "
                                   : ", ",
                  reverse->names[i]);
    if (count > NAMES_SAID)
        text_addf(text, " and %zu more", count - NAMES_SAID);
}

static void describe_reverse(struct text *text, const struct origin *origin,
                             size_t index)
{
    const struct address *address = origin_address(origin, index);
    const struct dns_answer *reverse = origin->reverse[index];
    size_t count = lookup_count(reverse);

    if (count == 0 && reverse->status != DNS_TEMPERROR) {
        words_add_no_reverse(text, address, reverse);
    } else {
        text_add(text,
                 count > 1 ? "the reverse names of " : "the reverse name of ");
        words_add_address(text, address);
        text_add(text, count > 1 ? " are " : count > 0 ? " is " : " ");
    }
    if (reverse->status == DNS_TEMPERROR) {
        words_add_failure(text, reverse);
        return;
    }
    describe_names(text, reverse);
    text_addf(text,
              ": let whoever assigned the address set its PTR record to %s",
              origin->name);
}

static void describe_good(struct text *text, const struct origin *origin)
{
    text_addf(text, "callouts are %s and leave from ", origin->name);
    words_add_address(text, &origin->source);
    text_add(text, is_translated(origin)
                       ? ", behind NAT: DNS agrees as far as it tells here"
                       : ": these lead to each other");
}

static bool is_bad(enum origin_state state)
{
    return state == ORIGIN_WRONG || state == ORIGIN_TEMPERROR;
}

enum origin_state origin_judge(const struct origin *origin, struct text *text)
{
    enum origin_state whole = judge_forward(origin);

    if (is_bad(whole))
        describe_forward(text, origin);
    for (size_t i = 0; origin_address(origin, i); i++) {
        enum origin_state reverse = judge_reverse(origin, i);
        if (is_bad(reverse)) {
            text_add(text, text->length > 0 ? "; " : "");
            describe_reverse(text, origin, i);
        }
        whole = reverse > whole ? reverse : whole;
    }
    if (whole == ORIGIN_GOOD)
        describe_good(text, origin);
    return whole;
}
