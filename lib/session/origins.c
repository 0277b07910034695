/* SPDX-License-Identifier: BSD-2-Clause */
/* origins.c - rounds of questions about the name of our callouts and the
 * addresses they leave from, until each family has been judged */
#include "session/origins.h"

#include "check/origin.h"
#include "dns/batch.h"

#include <stdlib.h>

enum family { FAMILY_V4, FAMILY_V6, FAMILY_COUNT };

/** Somewhere in the world (a.root-servers.net), to learn where we leave from.
 * Nothing is sent there. */
static const char *const faraway[] = {
    [FAMILY_V4] = "198.41.0.4",
    [FAMILY_V6] = "2001:503:ba3e::2:30",
};

static const enum dns_type forward_type[] = {
    [FAMILY_V4] = DNS_A,
    [FAMILY_V6] = DNS_AAAA,
};

#define TEXT_SIZE 1500 /* the log takes 2047 octets a line */

/** The way out in one address family. */
struct way {
    bool judged;
    bool leads_out; /* callouts leave from `source`, as of this round */
    struct address source;
};

struct origins {
    struct loop *loop;
    struct resolver *resolver;
    struct policy *policy;   /* in force when we looked last, held, or NULL */
    struct dns_batch *batch; /* of the round under way, or NULL */
    struct way ways[FAMILY_COUNT];
    instant due; /* the next round */
    uint32_t again_s;
    bool said_trouble;
};

static instant now_of(const struct origins *origins)
{
    return clock_now(loop_clock(origins->loop));
}

struct origins *origins_new(struct loop *loop, struct resolver *resolver)
{
    struct origins *origins = calloc(1, sizeof *origins);

    if (!origins)
        return NULL;
    origins->loop = loop;
    origins->resolver = resolver;
    origins->due = INSTANT_NEVER;
    return origins;
}

static bool find_source(const struct callout_sources *set, enum family family,
                        struct address *source)
{
    struct address towards;

    if (family == FAMILY_V4 ? set->has_v4 : set->has_v6) {
        *source = family == FAMILY_V4 ? set->v4 : set->v6;
        return true;
    }
    return address_parse(&towards, span_of(faraway[family])) &&
           network_source(source, &towards);
}

/* What is known so far; the rest is wanted. */
static struct origin gather(const struct origins *origins, enum family family)
{
    struct origin origin = {.name = origins->policy->callout.name,
                            .source = origins->ways[family].source};
    char reverse[ADDRESS_REVERSE_SIZE];
    const struct address *address;

    origin.forward =
        dns_batch_want(origins->batch, origin.name, forward_type[family]);
    for (size_t i = 0; (address = origin_address(&origin, i)); i++)
        origin.reverse[i] = dns_batch_want(
            origins->batch, address_reverse_name(address, reverse), DNS_PTR);
    return origin;
}

/* Whether this round is about it. */
static bool is_asked(const struct way *way)
{
    return way->leads_out && !way->judged;
}

static enum origin_state judge(const struct origins *origins,
                               enum family family, struct text *text)
{
    const struct origin origin = gather(origins, family);

    return origin_judge(&origin, text);
}

/* The first trouble is a notice; whoever has read it need not read on. */
static void say_trouble(struct origins *origins, const char *text)
{
    log_line(origins->said_trouble ? LOG_LEVEL_DEBUG : LOG_LEVEL_NOTICE,
             "callout: %s: whether our name and the addresses that callouts "
             "leave from lead to each other is looked up again in %u s",
             text, (unsigned)origins->again_s);
    origins->said_trouble = true;
}

/* All answers are there. */
static void conclude(struct origins *origins, enum family family)
{
    char buffer[TEXT_SIZE];
    struct text text;
    enum origin_state state;

    text_begin(&text, buffer, sizeof buffer);
    state = judge(origins, family, &text);
    if (state == ORIGIN_TEMPERROR) {
        say_trouble(origins, buffer);
        return;
    }
    log_line(state == ORIGIN_GOOD ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING,
             "callout: %s", buffer);
    origins->ways[family].judged = true;
}

static void put_off(struct origins *origins)
{
    const uint32_t next_s = 2 * origins->again_s;

    origins->due = instant_after_s(now_of(origins), origins->again_s);
    origins->again_s =
        next_s < ORIGINS_AGAIN_MOST_S ? next_s : ORIGINS_AGAIN_MOST_S;
}

static void end_round(struct origins *origins)
{
    bool all_judged = true;

    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (is_asked(&origins->ways[family]))
            conclude(origins, family);
        all_judged = all_judged && origins->ways[family].judged;
    }
    dns_batch_free(&origins->batch);
    if (!all_judged)
        put_off(origins);
}

static void go_on(struct origins *origins)
{
    char buffer[TEXT_SIZE];
    struct text unsaid;
    bool open = false;

    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        text_begin(&unsaid, buffer, sizeof buffer);
        if (is_asked(&origins->ways[family]) &&
            judge(origins, family, &unsaid) == ORIGIN_OPEN)
            open = true;
    }
    dns_batch_send(origins->batch);
    if (!open)
        end_round(origins);
}

/* Answers to a batch that was dropped arrive nevertheless. */
static void arrived(void *context)
{
    struct origins *origins = context;

    if (origins->batch)
        go_on(origins);
}

static void begin_round(struct origins *origins)
{
    const struct policy *policy = origins->policy;

    origins->due = INSTANT_NEVER;
    origins->batch =
        dns_batch_new(origins->resolver, NULL,
                      instant_after_ms(now_of(origins), policy->dns.budget_ms),
                      arrived, origins);
    if (!origins->batch) {
        put_off(origins);
        return;
    }
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        struct way *way = &origins->ways[family];
        way->leads_out =
            find_source(&policy->callout.sources, family, &way->source);
    }
    go_on(origins);
}

static void take_policy(struct origins *origins, struct policy *policy)
{
    const bool calls = policy->needs & NEED_CALLOUT;

    origins_stop(origins);
    origins->policy = policy_hold(policy);
    origins->due = calls ? now_of(origins) : INSTANT_NEVER;
    origins->again_s = ORIGINS_AGAIN_S;
    origins->said_trouble = false;
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        origins->ways[family].judged = false;
}

void origins_tick(struct origins *origins, struct policy *policy)
{
    if (policy != origins->policy)
        take_policy(origins, policy);
    if (!origins->batch && now_of(origins) >= origins->due)
        begin_round(origins);
}

void origins_stop(struct origins *origins)
{
    dns_batch_free(&origins->batch);
    if (origins->policy)
        policy_drop(origins->policy);
    origins->policy = NULL;
}

void origins_free(struct origins **origins)
{
    free(*origins);
    *origins = NULL;
}
