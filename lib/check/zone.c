/* SPDX-License-Identifier: BSD-2-Clause */
/* zone.c - questions to DNS lists, and the meaning of answers */
#include "check/zone.h"

#include "base/network.h"
#include "dns/lists.h"

#include <stdio.h>
#include <string.h>

#define V4_AT        12 /* of an address's octets, where it is an IPv4 one */
#define LOOPBACK     UINT32_C(0x7f000000)
#define LOOPBACK_END UINT32_C(0x7fffffff)
#define NOT_LISTED   UINT32_C(0x7f000001) /* never a listing: RFC 5782 5 */
#define ERRORS       UINT32_C(0x7fffff00) /* and what follows */

static uint32_t number_of(const struct address *address)
{
    const uint8_t *octets = address->octets + V4_AT;

    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 |
           (uint32_t)octets[2] << 8 | octets[3];
}

static bool is_in(uint32_t number, struct zone_range range)
{
    return number >= range.first && number <= range.last;
}

static bool is_listing(const struct zone *zone, const struct address *address)
{
    uint32_t number = number_of(address);

    if (list_answer_is_error(address))
        return false;
    if (zone->answers.count == 0)
        return number != NOT_LISTED;
    for (size_t i = 0; i < zone->answers.count; i++)
        if (is_in(number, zone->answers.range[i]))
            return true;
    return false;
}

static size_t address_count(const struct dns_answer *a)
{
    return a && a->addresses && a->status == DNS_FOUND ? a->count : 0;
}

const struct address *zone_listing(const struct zone *zone,
                                   const struct dns_answer *a)
{
    for (size_t i = 0; i < address_count(a); i++)
        if (is_listing(zone, &a->addresses[i]))
            return &a->addresses[i];
    return NULL;
}

const struct address *zone_error(const struct dns_answer *a)
{
    for (size_t i = 0; i < address_count(a); i++)
        if (list_answer_is_error(&a->addresses[i]))
            return &a->addresses[i];
    return NULL;
}

enum zone_word zone_word(const struct zone *zone, const struct dns_answer *a)
{
    if (!a)
        return ZONE_OPEN;
    if (a->status == DNS_TEMPERROR)
        return ZONE_BROKEN;
    if (zone_listing(zone, a))
        return ZONE_LISTED;
    return zone_error(a) ? ZONE_BROKEN : ZONE_NOT_LISTED;
}

const char *zone_error_text(const struct address *error)
{
    switch (number_of(error)) {
    case ERRORS | 252:
        return "the list's name is mistyped";
    case ERRORS | 254:
        return "the list does not answer to public or unknown resolvers";
    case ERRORS | 255:
        return "more was asked than the list allows";
    default:
        break;
    }
    if ((number_of(error) & ERRORS) == ERRORS)
        return "an error of the list's operator";
    return "an address that no list answers by: the list is gone, or the "
           "resolver puts answers of its own in place of it";
}

static bool fits(int length)
{
    return length > 0 && length < NAME_SIZE;
}

bool zone_address_question(const struct zone *zone,
                           const struct address *address,
                           char question[NAME_SIZE])
{
    char reverse[ADDRESS_REVERSE_SIZE];
    const char *suffix = address_is_v4(address) ? "in-addr.arpa" : "ip6.arpa";

    address_reverse_name(address, reverse);
    reverse[strlen(reverse) - strlen(suffix)] = '\0';
    return fits(snprintf(question, NAME_SIZE, "%s%s", reverse, zone->name));
}

bool zone_name_question(const struct zone *zone, const char *name,
                        char question[NAME_SIZE])
{
    return fits(snprintf(question, NAME_SIZE, "%s.%s", name, zone->name));
}

/* One IPv4 address; false: it is none. */
static bool read_number(uint32_t *number, struct span text)
{
    struct address address;

    if (!address_parse(&address, text) || !address_is_v4(&address) ||
        memchr(text.at, ':', text.length) != NULL)
        return false;
    *number = number_of(&address);
    return true;
}

static bool read_network(struct zone_range *range, struct span text)
{
    struct network network;

    if (!network_parse(&network, text) || !address_is_v4(&network.base))
        return false;
    range->first = number_of(&network.base);
    range->last = range->first | (uint32_t)(UINT64_C(0xffffffff) >>
                                            (network.bits - V4_AT * 8));
    return true;
}

static bool read_range(struct zone_range *range, struct span text)
{
    const char *dash = memchr(text.at, '-', text.length);

    if (memchr(text.at, '/', text.length) != NULL)
        return read_network(range, text);
    if (!dash) {
        range->last = 0;
        return read_number(&range->first, text) &&
               (range->last = range->first) != 0;
    }
    struct span first = {text.at, (size_t)(dash - text.at)};
    struct span last = {dash + 1, text.length - first.length - 1};
    return read_number(&range->first, first) && read_number(&range->last, last);
}

bool zone_range_parse(struct zone_range *range, struct span text)
{
    return read_range(range, text) && range->first >= LOOPBACK &&
           range->last <= LOOPBACK_END && range->first <= range->last;
}
