/* SPDX-License-Identifier: BSD-2-Clause */
/* hosts.c - hosts that have given trouble; of the others nothing is kept */
#include "store/hosts.h"

#include "base/cache.h"

#include <stdlib.h>
#include <string.h>

/** How long failures are counted on after the last one: longer than the longest
 * pause, or a host that is always silent would seem to fail for the first time
 * after each. */
#define COUNT_ON_S (2 * HOSTS_PAUSE_MOST_S)

struct hosts {
    struct cache *cache;
};

/** A host; changed where it stands, for there is but one thread. */
struct host {
    size_t holds;
    uint32_t failures; /* 421s and time-outs, with no answer between */
    instant failed;    /* the last of them */
    uint32_t silences; /* time-outs at any stage, with no answer between */
    instant silent;    /* the last of them */
    uint32_t refusals; /* of us */
    instant refused;   /* the first of them */
    instant left;      /* it is left alone until then, for `last` */
    struct callout_answer last;
    bool tls_fails, tls_demanded; /* as it was found */
    char fails_as[NAME_SIZE];     /* the name that it was told then */
    instant tls_known;            /* until then */
};

static void hold(void *value)
{
    struct host *host = value;
    host->holds++;
}

static void drop(void *value)
{
    struct host *host = value;
    if (--host->holds == 0)
        free(host);
}

struct hosts *hosts_new(size_t bytes)
{
    static const struct cache_values values = {hold, drop};
    struct hosts *hosts = calloc(1, sizeof(*hosts));
    if (hosts == NULL)
        return NULL;
    hosts->cache = cache_new(bytes, &values);
    if (hosts->cache == NULL)
        hosts_free(&hosts);
    return hosts;
}

void hosts_free(struct hosts **hosts)
{
    if (*hosts == NULL)
        return;
    cache_free(&(*hosts)->cache);
    free(*hosts);
    *hosts = NULL;
}

static struct span key_of(const struct address *address)
{
    return (struct span){(const char *)address, sizeof(*address)};
}

/* Whether TLS with it fails for the name that it would be told: anybody can
 * publish another one for its address. */
static bool fails_by_tls(const struct host *host, const char *name)
{
    return host->tls_fails && strcmp(host->fails_as, name) == 0;
}

/* Whether the host is left alone. One that demands TLS is so only by those who
 * have none for it. */
static bool is_left(const struct host *host, const char *name,
                    enum callout_tls_use use, instant now)
{
    if (now >= host->left)
        return false;
    return host->last.outcome != CALLOUT_NEEDS_TLS || use == CALLOUT_TLS_OFF ||
           fails_by_tls(host, name);
}

static enum callout_start start_of(const struct host *host, const char *name,
                                   enum callout_tls_use use, instant now)
{
    bool fails = fails_by_tls(host, name);
    if (use == CALLOUT_TLS_OFF || now >= host->tls_known)
        return CALLOUT_START_AS_OFFERED;
    if (host->tls_demanded && !fails)
        return CALLOUT_START_TLS;
    return fails && use == CALLOUT_TLS_OPPORTUNISTIC ? CALLOUT_START_CLEAR
                                                     : CALLOUT_START_AS_OFFERED;
}

void hosts_advise(struct hosts *hosts, const struct callout_target *target,
                  enum callout_tls_use use, instant now,
                  struct hosts_advice *advice)
{
    struct span key = key_of(&target->address);
    struct host *host = cache_get(hosts->cache, key, now);
    advice->leave = false;
    advice->start = CALLOUT_START_AS_OFFERED;
    if (host == NULL)
        return;
    advice->leave = is_left(host, target->exchanger, use, now);
    if (advice->leave)
        advice->instead = host->last;
    else
        advice->start = start_of(host, target->exchanger, use, now);
    drop(host);
}

static bool is_silence(const struct callout_answer *answer)
{
    return answer->outcome == CALLOUT_UNREACHABLE &&
           answer->trouble == CALLOUT_TROUBLE_TIMEOUT;
}

static bool is_failure(const struct callout_answer *answer)
{
    return (answer->outcome == CALLOUT_UNREACHABLE && answer->code == 421) ||
           (is_silence(answer) && answer->stage < CALLOUT_AT_MAIL);
}

/* Silence about one recipient is not the host's, or he who owns a mailbox that
 * takes its time could have all others there put off; and where MAIL and RCPT
 * travel together, their replies may do so too. Silence about one after the
 * other is the host's. */
static bool is_silent_of_all(struct host *host,
                             const struct callout_answer *answer, instant now)
{
    if (!is_silence(answer))
        return false;
    host->silences++;
    host->silent = now;
    return host->silences >= HOSTS_SILENCES;
}

static bool is_refusal_of_us(const struct callout_answer *answer)
{
    return answer->outcome == CALLOUT_BLOCKED_US &&
           answer->stage < CALLOUT_AT_MAIL;
}

static void leave(struct host *host, const struct callout_answer *answer,
                  instant until)
{
    host->left = until;
    host->last = *answer;
    host->last.left_alone = true;
    if (answer->stage == CALLOUT_AT_RCPT)
        host->last.words[0] = '\0'; /* of a sender who is nobody else's */
}

static uint32_t pause_of(uint32_t failures)
{
    uint32_t seconds = HOSTS_PAUSE_S;
    while (--failures > 0 && seconds < HOSTS_PAUSE_MOST_S)
        seconds *= 2;
    return seconds < HOSTS_PAUSE_MOST_S ? seconds : HOSTS_PAUSE_MOST_S;
}

static void note_failure(struct host *host, const struct callout_answer *answer,
                         instant begun, instant now)
{
    if (host->failures > 0 && begun <= host->failed)
        return;
    host->failures++;
    host->failed = now;
    leave(host, answer, instant_after_s(now, pause_of(host->failures)));
}

static void note_refusal(struct host *host, const struct callout_answer *answer,
                         instant now)
{
    if (now >= instant_after_s(host->refused, HOSTS_REFUSALS_S))
        host->refusals = 0;
    if (host->refusals == 0)
        host->refused = now;
    host->refusals++;
    if (host->refusals >= HOSTS_REFUSALS)
        leave(host, answer, instant_after_s(now, HOSTS_BLOCKED_S));
}

static void note_tls(struct host *host, const struct callout_answer *answer,
                     instant now)
{
    bool demands = answer->outcome == CALLOUT_NEEDS_TLS;
    bool fails = answer->trouble == CALLOUT_TROUBLE_TLS;
    if (answer->tls == CALLOUT_TLS_USED &&
        fails_by_tls(host, answer->exchanger))
        host->tls_fails = false;
    if (!demands && !fails)
        return;
    host->tls_known = instant_after_s(now, HOSTS_TLS_S);
    if (fails)
        memcpy(host->fails_as, answer->exchanger, NAME_SIZE);
    host->tls_fails = host->tls_fails || fails;
    host->tls_demanded = host->tls_demanded || demands;
    if (demands)
        leave(host, answer, host->tls_known);
}

static void note(struct host *host, const struct callout_answer *answer,
                 instant begun, instant now)
{
    bool silent = is_silent_of_all(host, answer, now);
    if (silent || is_failure(answer))
        note_failure(host, answer, begun, now);
    else if (answer->code != 0)
        host->failures = 0;
    if (answer->code != 0)
        host->silences = 0;
    if (is_refusal_of_us(answer))
        note_refusal(host, answer, now);
    note_tls(host, answer, now);
}

static instant later(instant one, instant other)
{
    return one > other ? one : other;
}

/* Until when anything of it counts. */
static instant end_of(const struct host *host)
{
    instant end = later(host->left, host->tls_known);
    if (host->failures > 0)
        end = later(end, instant_after_s(host->failed, COUNT_ON_S));
    if (host->silences > 0)
        end = later(end, instant_after_s(host->silent, COUNT_ON_S));
    if (host->refusals > 0)
        end = later(end, instant_after_s(host->refused, HOSTS_REFUSALS_S));
    return end;
}

/* What is known of the address, or a fresh one; held once. NULL: memory ends.
 */
static struct host *find_or_make(struct hosts *hosts,
                                 const struct address *address, instant now)
{
    struct host *host = cache_get(hosts->cache, key_of(address), now);
    if (host != NULL)
        return host;
    host = calloc(1, sizeof(*host));
    if (host != NULL)
        hold(host);
    return host;
}

void hosts_learn(struct hosts *hosts, const struct callout_answer *answer,
                 instant begun, instant now)
{
    struct span key = key_of(&answer->address);
    struct host *host = find_or_make(hosts, &answer->address, now);
    if (host == NULL)
        return;
    note(host, answer, begun, now);
    instant end = end_of(host);
    if (end > now)
        (void)cache_put(hosts->cache, key, host, sizeof(*host), end);
    else
        cache_remove(hosts->cache, key);
    drop(host);
}
