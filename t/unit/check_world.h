/* SPDX-License-Identifier: BSD-2-Clause */
/* check_world.h - facts of a session from short texts, for the tests of the
 * checks
 *
 * An answer is written NULL: not known yet, "nx": NXDOMAIN, "none": no data,
 * "time-out" and "internal": temperror, else its records, space between them;
 * MX records with their preference in front: "10 mx1.example.org 20 .";
 * "!..." is a record that is no host name. */
#ifndef CHECK_WORLD_H
#define CHECK_WORLD_H

#include "check/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define WORLD_ANSWERS_MOST 40
#define WORLD_RECORDS_MOST 100

struct world {
    struct facts facts;
    struct site site;
    struct check_settings settings;
    struct callout_answer callout;
    struct dns_answer answers[WORLD_ANSWERS_MOST];
    size_t answer_count;
};

static inline struct address world_address(const char *text)
{
    struct address address;

    if (!address_parse(&address, span_of(text)))
        fail_msg("not an address: %s", text);
    return address;
}

/* Networks, space between them. */
static inline void world_networks(struct networks *to, const char *texts)
{
    char copy[256];
    char *rest = copy, *one;

    networks_clear(to);
    snprintf(copy, sizeof copy, "%s", texts);
    while ((one = strtok_r(rest, " ", &rest)) != NULL) {
        struct network network;
        assert_true(network_parse(&network, span_of(one)));
        assert_true(networks_add(to, &network));
    }
}

/* This site is mx.home.example for home.example, at 192.0.2.1 and 2001:db8::1;
 * its callouts are callout.home.example, and 192.0.2.9 is another address of
 * its host. Callouts may go to 192.0.2.0/24 and 2001:db8::/32. */
static inline struct world *world_new(void)
{
    static char domains[][NAME_SIZE] = {"home.example", "second.example"};
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    snprintf(world->site.identity, NAME_SIZE, "mx.home.example");
    snprintf(world->site.callout_name, NAME_SIZE, "callout.home.example");
    world->site.domains = domains;
    world->site.domain_count = 2;
    world_networks(&world->site.addresses, "192.0.2.1 2001:db8::1");
    world_networks(&world->site.host, "127.0.0.1 192.0.2.9");
    world_networks(&world->site.callable, "192.0.2.0/24 2001:db8::/32");
    world->settings.match_by = MATCH_BY_EVERY;
    world->facts.site = &world->site;
    return world;
}

static inline void world_free(struct world *world)
{
    networks_clear(&world->site.addresses);
    networks_clear(&world->site.host);
    networks_clear(&world->site.callable);
    for (size_t i = 0; i < world->answer_count; i++) {
        free(world->answers[i].addresses);
        free(world->answers[i].exchangers);
        free(world->answers[i].names);
        free(world->answers[i].texts);
    }
    free(world);
}

static inline bool world_status(struct dns_answer *answer, const char *text)
{
    if (strcmp(text, "nx") == 0) {
        answer->status = DNS_NXDOMAIN;
    } else if (strcmp(text, "none") == 0) {
        answer->status = DNS_NODATA;
    } else if (strcmp(text, "time-out") == 0) {
        answer->status = DNS_TEMPERROR;
        answer->trouble = DNS_TROUBLE_TIMEOUT;
    } else if (strcmp(text, "internal") == 0) {
        answer->status = DNS_TEMPERROR;
        answer->trouble = DNS_TROUBLE_INTERNAL;
    } else {
        return false;
    }
    return true;
}

static inline void world_record(struct dns_answer *answer, enum dns_type type,
                                const char *text, uint16_t preference)
{
    size_t at = answer->count;

    assert_in_range(at, 0, WORLD_RECORDS_MOST - 1);
    if (text[0] == '!') {
        answer->unusable++;
        snprintf(answer->exchangers[WORLD_RECORDS_MOST - answer->unusable].host,
                 NAME_SIZE, "%s", text + 1);
        return;
    }
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        answer->addresses[at] = world_address(text);
        break;
    case DNS_PTR:
        snprintf(answer->names[at], NAME_SIZE, "%s", text);
        break;
    case DNS_MX:
        answer->exchangers[at].preference = preference;
        if (strcmp(text, ".") != 0)
            snprintf(answer->exchangers[at].host, NAME_SIZE, "%s", text);
        break;
    case DNS_TXT:
        answer->texts[at].length = (uint16_t)strlen(text);
        memcpy(answer->texts[at].octets, text, answer->texts[at].length);
        break;
    }
    answer->count++;
}

static inline const struct dns_answer *world_answer(struct world *world,
                                                    enum dns_type type,
                                                    const char *text)
{
    char copy[2048];
    char *rest = copy, *one;
    struct dns_answer *answer;

    if (!text)
        return NULL;
    assert_in_range(world->answer_count, 0, WORLD_ANSWERS_MOST - 1);
    answer = &world->answers[world->answer_count++];
    if (world_status(answer, text))
        return answer;
    answer->status = DNS_FOUND;
    answer->addresses = calloc(WORLD_RECORDS_MOST, sizeof *answer->addresses);
    answer->exchangers = calloc(WORLD_RECORDS_MOST, sizeof *answer->exchangers);
    answer->names = calloc(WORLD_RECORDS_MOST, sizeof *answer->names);
    answer->texts = calloc(WORLD_RECORDS_MOST, sizeof *answer->texts);
    assert_true(answer->addresses && answer->exchangers && answer->names &&
                answer->texts);
    snprintf(copy, sizeof copy, "%s", text);
    while ((one = strtok_r(rest, " ", &rest)) != NULL) {
        uint16_t preference = 0;
        if (type == DNS_MX) {
            preference = (uint16_t)strtoul(one, NULL, 10);
            one = strtok_r(rest, " ", &rest);
            assert_non_null(one);
        }
        world_record(answer, type, one, preference);
    }
    memmove(&answer->exchangers[answer->count],
            &answer->exchangers[WORLD_RECORDS_MOST - answer->unusable],
            answer->unusable * sizeof *answer->exchangers);
    return answer;
}

/* NULL: its address is not known. */
static inline void world_client(struct world *world, const char *address)
{
    world->facts.client.known = address != NULL;
    if (address)
        world->facts.client.address = world_address(address);
}

/* The PTR answer, and the forward answers of its names with "|" between them;
 * "?" is one not known yet. */
static inline void world_reverse(struct world *world, const char *ptr,
                                 const char *forwards)
{
    struct client_facts *client = &world->facts.client;
    enum dns_type type = address_is_v4(&client->address) ? DNS_A : DNS_AAAA;
    char copy[1024];
    char *rest = copy, *one;
    size_t i = 0;

    client->ptr = world_answer(world, DNS_PTR, ptr);
    snprintf(copy, sizeof copy, "%s", forwards ? forwards : "");
    while ((one = strtok_r(rest, "|", &rest)) != NULL) {
        assert_in_range(i, 0, REVERSE_NAMES_MOST - 1);
        client->reverse[i++] =
            strcmp(one, "?") == 0 ? NULL : world_answer(world, type, one);
    }
}

static inline void world_helo(struct world *world, const char *text,
                              const char *a, const char *aaaa)
{
    struct helo_facts *helo = &world->facts.helo;

    helo_facts_read(helo, text ? span_of(text) : (struct span){"", 0});
    helo->a = world_answer(world, DNS_A, a);
    helo->aaaa = world_answer(world, DNS_AAAA, aaaa);
}

/* The sender, its MX answer and, for a domain without MX, its addresses. */
static inline void world_sender(struct world *world, const char *path,
                                const char *mx, const char *a, const char *aaaa)
{
    struct sender_facts *sender = &world->facts.sender;

    sender->given = true;
    mailpath_parse(&sender->path, span_of(path));
    sender->mx = world_answer(world, DNS_MX, mx);
    sender->a = world_answer(world, DNS_A, a);
    sender->aaaa = world_answer(world, DNS_AAAA, aaaa);
    sender_facts_order(sender, 1);
}

/* The addresses of one exchanger. */
static inline void world_exchanger(struct world *world, const char *host,
                                   const char *a, const char *aaaa)
{
    struct sender_facts *sender = &world->facts.sender;

    for (size_t i = 0; i < sender->exchanger_count; i++) {
        struct exchanger_facts *exchanger = &sender->exchangers[i];
        if (strcmp(exchanger->host, host) != 0)
            continue;
        exchanger->a = world_answer(world, DNS_A, a);
        exchanger->aaaa = world_answer(world, DNS_AAAA, aaaa);
        return;
    }
    fail_msg("no such exchanger: %s", host);
}

/* Fails unless the check comes out so; `words`, when given, is the whole
 * description. */
static inline void world_expect(struct world *world, const char *row,
                                enum check check, enum result result,
                                enum reason reason, const char *words)
{
    char buffer[1024];
    struct text text;
    struct finding finding = check_find(check, &world->facts, &world->settings);

    if (finding.result != result || finding.reason != reason)
        fail_msg("%s: %s/%s, expected %s/%s", row, result_name(finding.result),
                 reason_name(finding.reason), result_name(result),
                 reason_name(reason));
    if (finding.result != RESULT_OPEN && finding.reason != REASON_INTERNAL &&
        !check_can_result(check, finding.result, finding.reason))
        fail_msg("%s: not to be named in a policy file", row);
    if (finding.result == RESULT_OPEN)
        finding = (struct finding){RESULT_TEMPERROR, REASON_IN_PROGRESS};
    text_begin(&text, buffer, sizeof buffer);
    check_describe(&text, check, finding, &world->facts, &world->settings);
    if (text.length == 0 || text.cut)
        fail_msg("%s: description empty or cut", row);
    if (words && strcmp(buffer, words) != 0)
        fail_msg("%s: \"%s\"\nexpected \"%s\"", row, buffer, words);
}

#endif
