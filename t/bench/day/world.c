/* SPDX-License-Identifier: BSD-2-Clause */
/* world.c - a world drawn by lot: few large domains and very many small ones,
 * most of them at somebody else's exchangers */
#include "world.h"

#include "../bench.h"
#include "chance.h"

#include <stdlib.h>
#include <string.h>

/* Providers whose own domains are the first ones; many others are with them. */
#define PROVIDERS      20
#define PROVIDER_HOSTS 4

/* Companies at which smaller domains have their mail. */
#define HOSTERS      2000
#define HOSTER_HOSTS 2

/* Of the other domains, in a thousand: who is where. The rest has a machine of
 * its own, and some of these two. */
#define AT_PROVIDER 350
#define AT_HOSTER   350
#define HAS_TWO     300

/* Who write to us from the largest domain; the others have fewer in proportion
 * to their rank, but everyone some. */
#define PEOPLE_MOST  100000
#define PEOPLE_LEAST 3

/* Of the domains that are no provider's, in a thousand. */
#define TAKES_ANYTHING 40
#define HAS_WORD       250 /* each word of a dictionary is a mailbox */

/* Of the addresses that people and lists write from, in a thousand: those that
 * take no mail. */
#define NO_REPLY 20

/* Of the sites that are no provider's, in a thousand. */
#define IS_DEAD         10
#define REFUSES         5
#define SHUNS           10
#define REFUSES_BOUNCES 20
#define GREYLISTS       60
#define GREETS_LATE     15
#define TLS_BROKEN      10

/* Of all. */
#define HAS_V6 300
#define TLS    850

#define TURN_LEAST_MS    20
#define TURN_MOST_MS     200
#define LATE_GREETING_MS 20000

/* Greylisting, as it is mostly set up: come again after five minutes; who has
 * done so five times is believed. The list forgets what others write over. */
#define GREY_S       300
#define GREY_TRUSTS  5
#define GREY_ENTRIES (UINT32_C(1) << 18)

#define V4_NETWORK 10 /* 10.0.0.0/8 */

/* What is drawn of a thing, beside its number. */
enum lot { OF_DOMAIN = 1, OF_SITE, OF_OCTET, OF_LOCAL, OF_RECIPIENT };

/** How those of a kind defend themselves. */
struct manner {
    uint32_t calls_a_minute;   /* they take from one client */
    uint32_t refusals_an_hour; /* before they shut it out */
    uint32_t shut_s;           /* for so long */
    uint32_t defends;          /* how many in a thousand do that */
};

static const struct manner provider_manner = {120, 200, 3600, 1000};
static const struct manner hoster_manner = {60, 50, 86400, 300};
static const struct manner own_manner = {0, 10, 86400, 150};

struct grey {
    uint64_t recipient;
    instant first;
};

struct world {
    struct domain *domains;
    uint32_t domain_count;
    struct host *hosts;
    uint32_t host_count, host_room;
    struct grey *greys;
};

static void draw_troubles(struct chance *chance, struct host *host)
{
    if (chance_hits(chance, IS_DEAD))
        host->door = HOST_IS_DEAD;
    else if (chance_hits(chance, REFUSES))
        host->door = HOST_REFUSES;
    host->shuns = chance_hits(chance, SHUNS);
    host->refuses_bounces = chance_hits(chance, REFUSES_BOUNCES);
    host->greylists = chance_hits(chance, GREYLISTS);
    host->tls_broken = chance_hits(chance, TLS_BROKEN);
    if (chance_hits(chance, GREETS_LATE))
        host->greeting_ms = LATE_GREETING_MS;
}

/* Hosts that are alike.
 * @return the first one's index */
static uint32_t add_site(struct world *world, const struct manner *manner,
                         uint32_t hosts)
{
    uint32_t first = world->host_count;
    struct chance chance = {chance_of(first, OF_SITE), 0};
    struct host host = {.tls = chance_hits(&chance, TLS),
                        .has_v6 = chance_hits(&chance, HAS_V6),
                        .calls_a_minute = manner->calls_a_minute};
    host.turn_ms =
        TURN_LEAST_MS + chance_below(&chance, TURN_MOST_MS - TURN_LEAST_MS);
    host.greeting_ms = host.turn_ms;
    if (chance_hits(&chance, manner->defends))
        host.refusals_an_hour = manner->refusals_an_hour;
    host.shut_s = manner->shut_s;
    if (manner != &provider_manner)
        draw_troubles(&chance, &host);
    for (uint32_t i = 0; i < hosts; i++)
        world->hosts[world->host_count++] = host;
    return first;
}

static void draw_domain(struct world *world, uint32_t index)
{
    struct chance chance = {chance_of(index, OF_DOMAIN), 0};
    struct domain *domain = &world->domains[index];
    uint32_t where = chance_below(&chance, 1000);
    domain->people = PEOPLE_LEAST + PEOPLE_MOST / (index + 1);
    if (index < PROVIDERS || where < AT_PROVIDER) {
        uint32_t provider =
            index < PROVIDERS ? index : chance_zipf(&chance, PROVIDERS);
        domain->first_host = provider * PROVIDER_HOSTS;
        domain->hosts = PROVIDER_HOSTS;
    } else if (where < AT_PROVIDER + AT_HOSTER) {
        domain->first_host = PROVIDERS * PROVIDER_HOSTS +
                             chance_zipf(&chance, HOSTERS) * HOSTER_HOSTS;
        domain->hosts = HOSTER_HOSTS;
    } else {
        domain->hosts = chance_hits(&chance, HAS_TWO) ? 2 : 1;
        domain->first_host = add_site(world, &own_manner, domain->hosts);
    }
    domain->takes_anything =
        index >= PROVIDERS && chance_hits(&chance, TAKES_ANYTHING);
}

struct world *world_new(uint32_t domains)
{
    struct world *world = bench_alloc(1, sizeof(*world));
    world->host_room =
        PROVIDERS * PROVIDER_HOSTS + HOSTERS * HOSTER_HOSTS + 2 * domains;
    world->hosts = bench_alloc(world->host_room, sizeof(*world->hosts));
    world->domains = bench_alloc(domains, sizeof(*world->domains));
    world->greys = bench_alloc(GREY_ENTRIES, sizeof(*world->greys));
    world->domain_count = domains;
    for (uint32_t i = 0; i < PROVIDERS; i++)
        (void)add_site(world, &provider_manner, PROVIDER_HOSTS);
    for (uint32_t i = 0; i < HOSTERS; i++)
        (void)add_site(world, &hoster_manner, HOSTER_HOSTS);
    for (uint32_t i = 0; i < domains; i++)
        draw_domain(world, i);
    return world;
}

void world_free(struct world **world)
{
    free((*world)->greys);
    free((*world)->domains);
    free((*world)->hosts);
    free(*world);
    *world = NULL;
}

const struct domain *world_domain(const struct world *world, uint32_t index)
{
    return &world->domains[index % world->domain_count];
}

/* The number behind a word. */
static uint32_t number_in(const char *name, const char *word)
{
    return (uint32_t)strtoul(name + strlen(word), NULL, 10);
}

static uint64_t number_of_text(const char *text)
{
    uint64_t number = 0;
    for (; *text != '\0'; text++)
        number = chance_of(number ^ (unsigned char)*text, OF_OCTET);
    return number;
}

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/* Whether somebody may write from there, or a list. */
static bool is_sender(const struct domain *domain, const char *local)
{
    return begins(local, "list") ||
           (begins(local, "user") && number_in(local, "user") < domain->people);
}

bool world_has_mailbox(const struct world *world, const char *local,
                       const char *name)
{
    static const char batv[] = "prvs=";
    uint32_t index = number_in(name, "d");
    const struct domain *domain = world_domain(world, index);
    if (domain->takes_anything || strcmp(local, "postmaster") == 0 ||
        begins(local, "bounces+") || begins(local, "SRS0="))
        return true;
    if (begins(local, batv) && strchr(local + strlen(batv), '=') != NULL)
        local = strchr(local + strlen(batv), '=') + 1;
    struct chance chance = {chance_of(index, number_of_text(local)), OF_LOCAL};
    if (is_sender(domain, local))
        return !chance_hits(&chance, NO_REPLY);
    if (strpbrk(local, "0123456789") != NULL)
        return false;
    return index < PROVIDERS || chance_hits(&chance, HAS_WORD);
}

/* The last three octets are the host's number, in either family. */
static void put_number(struct address *address, uint32_t host)
{
    for (size_t i = 0; i < 3; i++)
        address->octets[15 - i] = (uint8_t)(host >> 8 * i);
}

struct address world_v4(uint32_t host)
{
    struct address address = {{0}};
    address.octets[10] = address.octets[11] = UINT8_MAX;
    address.octets[12] = V4_NETWORK;
    put_number(&address, host);
    return address;
}

bool world_v6(const struct world *world, uint32_t host, struct address *address)
{
    *address = (struct address){{0x20, 0x01, 0x0d, 0xb8}}; /* 2001:db8::/32 */
    put_number(address, host);
    return world->hosts[host].has_v6;
}

struct host *world_host(struct world *world, const struct address *address)
{
    const uint8_t *last = &address->octets[13];
    uint32_t number =
        (uint32_t)last[0] << 16 | (uint32_t)last[1] << 8 | (uint32_t)last[2];
    return &world->hosts[number % world->host_room];
}

bool world_puts_off(struct world *world, struct host *host,
                    const char *recipient, instant now)
{
    if (!host->greylists || host->greylisted_well >= GREY_TRUSTS)
        return false;
    uint64_t number = number_of_text(recipient);
    struct grey *grey =
        &world->greys[chance_of(number, OF_RECIPIENT) & (GREY_ENTRIES - 1)];
    if (grey->recipient != number)
        *grey = (struct grey){number, now};
    if (now < instant_after_s(grey->first, GREY_S))
        return true;
    host->greylisted_well++;
    return false;
}

struct world_tally world_tally(const struct world *world)
{
    struct world_tally tally = {0};
    for (uint32_t i = 0; i < world->host_count; i++) {
        const struct host *host = &world->hosts[i];
        tally.calls += host->calls;
        tally.in_vain += host->in_vain;
        tally.shut_out += host->shut_out;
        if (host->most_in_minute > tally.most_in_minute)
            tally.most_in_minute = host->most_in_minute;
        if (host->calls > tally.most_in_day)
            tally.most_in_day = host->calls;
    }
    return tally;
}
