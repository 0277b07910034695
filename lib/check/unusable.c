/* SPDX-License-Identifier: BSD-2-Clause */
/* unusable.c - the exchangers of the sender's domain that no mail can go to,
 * and why that is so of each */
#include "check/unusable.h"

#include "check/lookup.h"
#include "check/route.h"
#include "check/words.h"

#include <string.h>

/** Beyond these, "and N more". */
#define UNUSABLE_SAID 2

/** A list that is being written. */
struct list {
    struct text *text;
    const char *before;
    size_t count; /* written, or left out */
};

bool unusable_is_localhost(const char *host)
{
    return name_is_within(host, "localhost");
}

/* True when there is room for one more. */
static bool go_on(struct list *list)
{
    list->count++;
    if (list->count > UNUSABLE_SAID)
        return false;
    text_add(list->text, list->count == 1 ? list->before : ", ");
    return true;
}

static void add_bad_name(struct text *text, const char *host)
{
    char name[NAME_SIZE];
    struct address address;
    struct span octets = span_of(host);

    if (strcmp(host, ".") == 0) {
        text_add(text, "a null MX among other records");
        return;
    }
    text_add(text, host);
    if (address_parse(&address, octets) ||
        address_parse_literal(&address, octets))
        text_add(text, " is an address and no host name");
    else
        text_addf(text, " is no host name (%s)",
                  name_fault_text(name_parse(name, octets)));
}

static void add_names(struct list *list, const struct dns_answer *mx)
{
    for (size_t i = mx->unusable; i-- > 0;)
        if (go_on(list))
            add_bad_name(list->text, mx->exchangers[mx->count + i].host);
    for (size_t i = 0; i < mx->count; i++)
        if (unusable_is_localhost(mx->exchangers[i].host) && go_on(list))
            text_addf(list->text, "%s is the host that asks",
                      mx->exchangers[i].host);
}

static void add_hosts(struct list *list, const struct facts *facts)
{
    for (size_t i = 0; i < route_count(&facts->sender); i++) {
        enum route route = route_of(facts, i);
        struct exchanger_facts exchanger = route_at(&facts->sender, i);

        if (route == ROUTE_OURS && go_on(list))
            text_addf(list->text, "%s is this site", exchanger.host);
        if (route == ROUTE_NONE && go_on(list))
            words_add_host(list->text, exchanger.host, exchanger.a,
                           exchanger.aaaa);
    }
}

void unusable_describe(struct text *text, const char *before,
                       const struct facts *facts)
{
    struct list list = {text, before, 0};

    if (facts->sender.path.form == MAILPATH_LITERAL)
        return;
    if (facts->sender.mx && facts->sender.mx->status == DNS_FOUND)
        add_names(&list, facts->sender.mx);
    add_hosts(&list, facts);
    if (list.count > UNUSABLE_SAID)
        text_addf(text, " and %zu more", list.count - UNUSABLE_SAID);
}
