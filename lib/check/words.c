/* SPDX-License-Identifier: BSD-2-Clause */
/* words.c - what DNS said, in words: the clauses that descriptions of several
 * checks share */
#include "check/words.h"

#include "check/lookup.h"

/** Beyond these, "and N more". */
#define ADDRESSES_SAID 3
#define NAMES_SAID     3

/** Octets of a sender or of a HELO argument that are shown. */
#define OUTSIDE_SAID 100

void words_add_address(struct text *text, const struct address *address)
{
    char form[ADDRESS_TEXT_SIZE];

    text_add(text, address_format(address, form));
}

void words_add_addresses(struct text *text, const struct dns_answer *first,
                         const struct dns_answer *second)
{
    size_t count = lookup_count(first);
    size_t total = count + lookup_count(second);

    for (size_t i = 0; i < total && i < ADDRESSES_SAID; i++) {
        if (i > 0)
            text_add(text, i + 1 == total ? " and " : ", ");
        words_add_address(text, i < count ? &first->addresses[i]
                                          : &second->addresses[i - count]);
    }
    if (total > ADDRESSES_SAID)
        text_addf(text, " and %zu more", total - ADDRESSES_SAID);
}

void words_add_failure(struct text *text, const struct dns_answer *answer)
{
    if (answer)
        text_addf(text, "could not be looked up (%s)",
                  dns_trouble_text(answer->trouble));
    else
        text_add(text, "could not be looked up in time");
}

static bool is_temperror(const struct dns_answer *answer)
{
    return answer && answer->status == DNS_TEMPERROR;
}

void words_add_host(struct text *text, const char *host,
                    const struct dns_answer *a, const struct dns_answer *aaaa)
{
    text_addf(text, "%s ", host);
    switch (lookup_host(a, aaaa)) {
    case LOOKUP_FOUND:
        text_add(text, "resolves to ");
        words_add_addresses(text, a, aaaa);
        return;
    case LOOKUP_NXDOMAIN:
        text_add(text, "does not exist in DNS");
        return;
    case LOOKUP_NO_ADDRESS:
        text_add(text, "has no address in DNS");
        return;
    case LOOKUP_OPEN:
        words_add_failure(text, NULL);
        return;
    case LOOKUP_TEMPERROR:
    case LOOKUP_INTERNAL:
        words_add_failure(text, is_temperror(a) ? a : aaaa);
        return;
    }
}

static bool is_confirmed(const struct client_facts *client, size_t index)
{
    const struct dns_answer *forward = client->reverse[index];

    return forward && dns_answer_has_address(forward, &client->address);
}

/* `name (what it resolves to)`. */
static void add_reverse_name(struct text *text,
                             const struct client_facts *client, size_t index)
{
    const struct dns_answer *forward = client->reverse[index];

    text_addf(text, "%s (", client->ptr->names[index]);
    if (is_confirmed(client, index)) {
        text_add(text, "confirmed");
    } else if (!forward || is_temperror(forward)) {
        words_add_failure(text, forward);
    } else if (forward->status == DNS_NXDOMAIN) {
        text_add(text, "does not exist in DNS");
    } else if (lookup_count(forward) > 0) {
        text_add(text, "resolves to ");
        words_add_addresses(text, forward, NULL);
    } else {
        text_addf(text, "has no %s address in DNS",
                  lookup_family(&client->address));
    }
    text_add(text, ")");
}

/* The names that are confirmed, or the others; `said` counts them. */
static void add_reverse_names(struct text *text,
                              const struct client_facts *client, size_t count,
                              bool confirmed, size_t *said)
{
    for (size_t i = 0; i < count && *said < NAMES_SAID; i++) {
        if (is_confirmed(client, i) != confirmed)
            continue;
        if (*said > 0)
            text_add(text, *said + 1 == client->ptr->count ? " and " : ", ");
        add_reverse_name(text, client, i);
        (*said)++;
    }
}

void words_add_no_reverse(struct text *text, const struct address *address,
                          const struct dns_answer *ptr)
{
    if (ptr->unusable > 0) {
        text_add(text, "the PTR record of ");
        words_add_address(text, address);
        text_add(text, " holds no valid host name");
    } else {
        text_add(text, "there is no reverse name (PTR record) for ");
        words_add_address(text, address);
    }
}

void words_add_reverse(struct text *text, const struct client_facts *client)
{
    const struct dns_answer *ptr = client->ptr;
    size_t count = lookup_count(ptr);
    size_t said = 0;

    if (ptr && ptr->status != DNS_TEMPERROR && count == 0) {
        words_add_no_reverse(text, &client->address, ptr);
        return;
    }
    text_add(text,
             count > 1 ? "the reverse names of " : "the reverse name of ");
    words_add_address(text, &client->address);
    if (count == 0) {
        text_add(text, " ");
        words_add_failure(text, ptr);
        return;
    }
    text_add(text, count > 1 ? " are " : " is ");
    size_t looked = count < REVERSE_NAMES_MOST ? count : REVERSE_NAMES_MOST;
    add_reverse_names(text, client, looked, true, &said);
    add_reverse_names(text, client, looked, false, &said);
    if (count > said)
        text_addf(text, " and %zu more", count - said);
    if (count > looked)
        text_addf(text, " (the first %zu were looked up)", looked);
}

void words_add_sender(struct text *text, const struct mailpath *path)
{
    char wire[MAILPATH_SIZE] = "";

    text_add(text, "<");
    if (mailpath_write(path, wire))
        text_add_shortened(text, span_of(wire), OUTSIDE_SAID);
    text_add(text, ">");
}

void words_add_quoted(struct text *text, struct span outside)
{
    text_add(text, "\"");
    text_add_shortened(text, outside, OUTSIDE_SAID);
    text_add(text, "\"");
}
