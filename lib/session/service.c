/* SPDX-License-Identifier: BSD-2-Clause */
/* service.c - what all sessions share, and the list of those on trial, so that
 * stopping finds them */
#include "session/origins.h"
#include "session/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SIGHTS_BYTES ((size_t)16 << 20)
#define TICK_MS      250

static bool make_parts(struct service *service, char *why, size_t why_size)
{
    const struct policy *policy = service->policy;

    service->loop = loop_new(service->clock);
    service->sights = sights_new(SIGHTS_BYTES);
    if (!service->loop || !service->sights) {
        snprintf(why, why_size, "out of memory or descriptors");
        return false;
    }
    service->verifier =
        verifier_new(service->loop, policy->cache_bytes, why, why_size);
    if (!service->verifier)
        return false;
    service->resolver = resolver_new(service->loop, &policy->dns,
                                     service->limits.places, why, why_size);
    if (!service->resolver)
        return false;
    verifier_resolve_by(service->verifier, service->resolver);
    service->lists = lists_new(service->loop, service->resolver);
    service->canary = canary_new(service->loop, service->resolver);
    service->origins = origins_new(service->loop, service->resolver);
    if (!service->lists || !service->canary || !service->origins) {
        snprintf(why, why_size, "out of memory");
        return false;
    }
    return true;
}

/* Names of the zones, one more for those that know two families. */
static size_t name_lists(const struct zones *zones, struct list_name *names)
{
    size_t count = 0;

    for (size_t i = 0; i < zones->count; i++) {
        const struct zone *zone = &zones->at[i];
        const bool of_client = zone->of == ZONE_OF_CLIENT;
        struct list_name *name = &names[count++];

        memcpy(name->zone, zone->name, sizeof name->zone);
        name->kind = of_client ? LIST_OF_IPV4 : LIST_OF_NAMES;
        if (!of_client)
            continue;
        names[count] = *name;
        names[count++].kind = LIST_OF_IPV6;
    }
    return count;
}

/* What cannot be watched is believed: the fault is ours. */
static void watch_lists(struct service *service, const struct policy *policy)
{
    struct list_name *names = calloc(2 * ZONES_MOST, sizeof *names);
    const bool wanted = policy->needs & NEED_LISTS;

    if (!names || !lists_watch(service->lists, names,
                               wanted ? name_lists(&policy->zones, names) : 0))
        log_line(LOG_LEVEL_ERROR, "dnsbl: out of memory, lists are not tested");
    free(names);
}

/* Nothing is asked by the clock where no check rests on DNS. */
static void watch_resolver(struct service *service, const struct policy *policy,
                           bool other)
{
    canary_watch(service->canary, policy->site.identity, policy->needs != 0,
                 other);
}

static bool has_same_servers(const struct dns_settings *a,
                             const struct dns_settings *b)
{
    bool same = a->server_count == b->server_count;

    for (size_t i = 0; same && i < a->server_count; i++)
        same = address_equal(&a->servers[i].address, &b->servers[i].address) &&
               a->servers[i].port == b->servers[i].port &&
               a->servers[i].scope == b->servers[i].scope;
    return same;
}

/* Ids of two runs of the daemon should not meet in one log. */
static uint64_t first_id(const struct clock *clock)
{
    uint64_t id;

    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
        id = (uint64_t)clock_wall(clock) << 16;
    return id;
}

struct service *service_new(struct policy *policy, const struct clock *clock,
                            const struct service_limits *limits, char *why,
                            size_t why_size)
{
    static const struct service_limits unlimited = {
        .places = DNS_SOCKETS_MOST,
        .waiting = UINT32_MAX,
        .callouts = UINT32_MAX,
    };
    struct service *service = calloc(1, sizeof *service);

    if (!service) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    service->clock = clock;
    service->limits = limits ? *limits : unlimited;
    service->policy = policy_hold(policy);
    atomic_init(&service->next_id, first_id(clock));
    pthread_mutex_init(&service->lock, NULL);
    if (!make_parts(service, why, why_size))
        service_free(&service);
    return service;
}

bool service_reload(struct service *service, struct policy *policy, char *why,
                    size_t why_size)
{
    struct policy *before;

    if (!resolver_configure(service->resolver, &policy->dns, why, why_size))
        return false;
    policy_hold(policy);
    pthread_mutex_lock(&service->lock);
    before = service->policy;
    service->policy = policy;
    pthread_mutex_unlock(&service->lock);
    watch_lists(service, policy);
    watch_resolver(service, policy,
                   !has_same_servers(&before->dns, &policy->dns));
    policy_drop(before);
    return true;
}

struct policy *service_policy(struct service *service)
{
    struct policy *policy;

    pthread_mutex_lock(&service->lock);
    policy = policy_hold(service->policy);
    pthread_mutex_unlock(&service->lock);
    return policy;
}

uint32_t service_make_id(struct service *service, char id[SESSION_ID_SIZE])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const uint64_t number = atomic_fetch_add(&service->next_id, 1);
    uint64_t rest = number;

    for (size_t i = SESSION_ID_SIZE - 1; i-- > 0; rest >>= 5)
        id[i] = digits[rest & 31];
    id[SESSION_ID_SIZE - 1] = '\0';
    return (uint32_t)number;
}

/* Under the service's lock. */
static void list_add(struct service *service, struct session *session)
{
    session->enlisted = true;
    session->previous = NULL;
    session->next = service->on_trial;
    if (session->next)
        session->next->previous = session;
    service->on_trial = session;
}

/* Under the service's lock. */
static void list_remove(struct service *service, struct session *session)
{
    session->enlisted = false;
    if (session->previous)
        session->previous->next = session->next;
    else
        service->on_trial = session->next;
    if (session->next)
        session->next->previous = session->previous;
}

void service_enlist(struct session *session, instant due)
{
    struct service *service = session->service;

    pthread_mutex_lock(&service->lock);
    session->due = due;
    if (!session->enlisted)
        list_add(service, session);
    pthread_mutex_unlock(&service->lock);
}

void service_delist(struct session *session)
{
    struct service *service = session->service;

    pthread_mutex_lock(&service->lock);
    if (session->enlisted)
        list_remove(service, session);
    pthread_mutex_unlock(&service->lock);
}

/* Take a session off the list whose trial is late at `now`, held; NULL: there
 * is none. */
static struct session *take_due(struct service *service, instant now)
{
    struct session *session;

    pthread_mutex_lock(&service->lock);
    session = service->on_trial;
    while (session && session->due > now)
        session = session->next;
    if (session) {
        session_hold(session);
        list_remove(service, session);
    }
    pthread_mutex_unlock(&service->lock);
    return session;
}

/* Those that are still on trial after the step list themselves again. */
static void wake_due(struct service *service, instant now)
{
    struct session *session;

    while ((session = take_due(service, now))) {
        pthread_mutex_lock(&session->lock);
        session->step(session);
        pthread_mutex_unlock(&session->lock);
        session_drop(session);
    }
}

/* In monitor mode nobody waits for the deadline: it is looked for. */
static void tick(void *context)
{
    struct service *service = context;
    const instant now = clock_now(service->clock);
    struct policy *policy = service_policy(service);

    wake_due(service, now);
    origins_tick(service->origins, policy);
    policy_drop(policy);
    loop_timer_set(service->ticker, instant_after_ms(now, TICK_MS));
}

void service_on_wait(struct service *service, void (*waits)(void))
{
    service->waits = waits;
}

struct loop *service_loop(struct service *service)
{
    return service->loop;
}

bool service_start(struct service *service)
{
    service->ticker = loop_timer_new(service->loop, tick, service);
    if (!service->ticker)
        return false;
    loop_timer_set(service->ticker, clock_now(service->clock));
    watch_lists(service, service->policy);
    watch_resolver(service, service->policy, false);
    return loop_start(service->loop);
}

void service_stop(struct service *service)
{
    atomic_store(&service->stopping, true);
    wake_due(service, INSTANT_NEVER);
    verifier_stop(service->verifier);
    canary_stop(service->canary);
    loop_stop(service->loop);
}

void service_free(struct service **service)
{
    struct service *s = *service;

    if (!s)
        return;
    loop_timer_free(&s->ticker);
    if (s->lists)
        lists_stop(s->lists);
    if (s->origins)
        origins_stop(s->origins);
    resolver_free(&s->resolver);
    loop_free(&s->loop);
    lists_free(&s->lists);
    canary_free(&s->canary);
    origins_free(&s->origins);
    verifier_free(&s->verifier);
    sights_free(&s->sights);
    policy_drop(s->policy);
    pthread_mutex_destroy(&s->lock);
    free(s);
    *service = NULL;
}
