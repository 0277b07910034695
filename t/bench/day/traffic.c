/* SPDX-License-Identifier: BSD-2-Clause */
/* traffic.c - a day's messages in the order in which they come: the share of
 * each minute, and in it one envelope after the other by lot */
#include "traffic.h"

#include "../bench.h"
#include "chance.h"

#include <stdio.h>
#include <stdlib.h>

#define PI          3.14159265358979323846
#define MINUTES     1440
#define US_PER_MIN  60000000
#define QUIET_AT    240 /* the minute with the fewest messages: 4 o'clock */
#define SWING       0.5 /* so much fewer than the mean then, more at 16 */
#define HOUR        60
#define HOURS       24
#define CAMPAIGN    30 /* minutes that one lasts; one begins in each hour */
#define SEED        20
#define CAMPAIGN_OF 21

/* In a thousand: of all messages; of the forged ones while a campaign is on;
 * of the other forged ones, whose domain is drawn as a genuine one's would be
 * and not from all alike; of all forged ones, whose local part is a word, and
 * who come again when they are put off. */
#define FORGED        300
#define OF_A_CAMPAIGN 400
#define OF_THE_KNOWN  500
#define A_WORD        500
#define COMES_AGAIN   200

/* Of the genuine ones in a thousand: machines write most of them. The others
 * are from people's own addresses. */
#define LIST              300 /* from the list's one address */
#define LIST_BY_NUMBER    200 /* VERP: the message's number */
#define LIST_BY_RECIPIENT 100 /* VERP: that, and whom it goes to */
#define BATV              50
#define SRS               50

/* One domain in so many writes to us, the larger ones; any can be forged. */
#define WRITES 4

#define LISTS      5    /* of a domain */
#define RECIPIENTS 5000 /* of ours */

struct traffic {
    const struct world *world;
    uint32_t domains, messages;
    struct chance chance;
    uint32_t given;
    uint32_t minute; /* of the next one, unless its share has been given */
    uint32_t victims[HOURS], begins[HOURS]; /* of the campaigns */
};

static const char *const words[] = {
    "admin",   "anna",   "andrea", "bill",   "billing",  "bob",      "chris",
    "contact", "daniel", "david",  "eva",    "frank",    "helpdesk", "hr",
    "info",    "james",  "jobs",   "john",   "julia",    "kate",     "laura",
    "mail",    "maria",  "mark",   "martin", "mary",     "michael",  "news",
    "noreply", "office", "orders", "paul",   "peter",    "sales",    "service",
    "support", "susan",  "thomas", "test",   "webmaster"};

#define WORDS (uint32_t)(sizeof(words) / sizeof(words)[0])

struct traffic *traffic_new(const struct world *world, uint32_t domains,
                            uint32_t messages)
{
    struct traffic *traffic = bench_alloc(1, sizeof(*traffic));
    struct chance chance = {CAMPAIGN_OF, 0};
    traffic->world = world;
    traffic->domains = domains;
    traffic->messages = messages;
    traffic->chance.seed = SEED;
    for (uint32_t hour = 0; hour < HOURS; hour++) {
        traffic->victims[hour] = chance_below(&chance, domains);
        traffic->begins[hour] =
            hour * HOUR + chance_below(&chance, HOUR - CAMPAIGN);
    }
    return traffic;
}

void traffic_free(struct traffic **traffic)
{
    free(*traffic);
    *traffic = NULL;
}

/* How many messages have come when the minute begins. */
static double come_by(const struct traffic *traffic, uint32_t minute)
{
    const double turn = 2 * PI / MINUTES;
    double swung =
        sin(turn * ((double)minute - QUIET_AT)) + sin(turn * QUIET_AT);
    return traffic->messages *
           (minute / (double)MINUTES - SWING * swung / (2 * PI));
}

static instant next_instant(struct traffic *traffic)
{
    while (traffic->minute + 1 < MINUTES &&
           come_by(traffic, traffic->minute + 1) <= traffic->given)
        traffic->minute++;
    double from = come_by(traffic, traffic->minute);
    double to = come_by(traffic, traffic->minute + 1);
    double part = (traffic->given - from) / (to - from);
    return (instant)((traffic->minute + (part > 0 ? part : 0)) * US_PER_MIN);
}

/* The domain that a campaign of now forges, or some other. */
static uint32_t forged_domain(struct traffic *traffic)
{
    uint32_t hour = traffic->minute / HOUR;
    uint32_t begin = traffic->begins[hour];
    if (traffic->minute >= begin && traffic->minute < begin + CAMPAIGN &&
        chance_hits(&traffic->chance, OF_A_CAMPAIGN))
        return traffic->victims[hour];
    if (chance_hits(&traffic->chance, OF_THE_KNOWN))
        return chance_zipf(&traffic->chance, traffic->domains / WRITES);
    return chance_below(&traffic->chance, traffic->domains);
}

static void forge(struct traffic *traffic, struct envelope *envelope,
                  struct text *sender)
{
    struct chance *chance = &traffic->chance;
    envelope->domain = forged_domain(traffic);
    envelope->comes_again = chance_hits(chance, COMES_AGAIN);
    if (chance_hits(chance, A_WORD))
        text_add(sender, words[chance_below(chance, WORDS)]);
    else
        text_addf(sender, "k%u", (unsigned)chance_below(chance, UINT32_MAX));
}

static void write_genuine(struct traffic *traffic, struct envelope *envelope,
                          struct text *sender)
{
    struct chance *chance = &traffic->chance;
    envelope->domain = chance_zipf(chance, traffic->domains / WRITES);
    envelope->comes_again = true;
    const struct domain *domain =
        world_domain(traffic->world, envelope->domain);
    unsigned person = chance_zipf(chance, domain->people);
    unsigned number = chance_below(chance, 1000000);
    unsigned list = chance_below(chance, LISTS);
    uint32_t kind = chance_below(chance, 1000);
    if (kind < LIST)
        text_addf(sender, "list%u", list);
    else if ((kind -= LIST) < LIST_BY_NUMBER)
        text_addf(sender, "bounces+%06u-list%u", number, list);
    else if ((kind -= LIST_BY_NUMBER) < LIST_BY_RECIPIENT)
        text_addf(sender, "bounces+%06u-list%u-our%u=bench.example", number,
                  list, (unsigned)chance_zipf(chance, RECIPIENTS));
    else if ((kind -= LIST_BY_RECIPIENT) < BATV)
        text_addf(sender, "prvs=0123%06u=user%u", number, person);
    else if (kind - BATV < SRS)
        text_addf(sender, "SRS0=%04x=Q1=d%u.example=user%u", number % 65536,
                  (unsigned)chance_zipf(chance, traffic->domains / WRITES),
                  person);
    else
        text_addf(sender, "user%u", person);
}

bool traffic_next(struct traffic *traffic, struct envelope *envelope)
{
    struct text sender;
    if (traffic->given == traffic->messages)
        return false;
    envelope->at = next_instant(traffic);
    traffic->given++;
    text_begin(&sender, envelope->sender, sizeof(envelope->sender));
    envelope->forged = chance_hits(&traffic->chance, FORGED);
    if (envelope->forged)
        forge(traffic, envelope, &sender);
    else
        write_genuine(traffic, envelope, &sender);
    text_addf(&sender, "@d%u.example", (unsigned)envelope->domain);
    return true;
}
