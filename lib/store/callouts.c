/* SPDX-License-Identifier: BSD-2-Clause */
/* callouts.c - answers packed small, for there is one for every address that
 * ever wrote to us */
#include "store/callouts.h"

#include "base/cache.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct callouts {
    struct cache *cache;
};

/** An answer without the empty room of its two strings. Immutable. */
struct kept {
    atomic_uint holds;
    uint16_t code;
    uint8_t outcome, stage, trouble;
    uint8_t exchanger_length, words_length;
    struct address address;
    instant learnt;
    char strings[]; /* the exchanger's name, then its words; no terminators */
};

_Static_assert(NAME_SIZE - 1 <= UINT8_MAX, "a name's length fits an octet");
_Static_assert(CALLOUT_WORDS_SIZE - 1 <= UINT8_MAX, "so does that of words");

static void hold(void *value)
{
    struct kept *kept = value;
    atomic_fetch_add_explicit(&kept->holds, 1, memory_order_relaxed);
}

static void drop(void *value)
{
    struct kept *kept = value;
    if (atomic_fetch_sub_explicit(&kept->holds, 1, memory_order_acq_rel) == 1)
        free(kept);
}

static size_t kept_size(size_t exchanger_length, size_t words_length)
{
    return sizeof(struct kept) + exchanger_length + words_length;
}

/* NULL when memory ends; held once. */
static struct kept *pack(const struct callout_answer *answer)
{
    size_t exchanger = strlen(answer->exchanger);
    size_t words = strlen(answer->words);
    struct kept *kept = malloc(kept_size(exchanger, words));
    if (kept == NULL)
        return NULL;
    atomic_init(&kept->holds, 1);
    kept->code = answer->code;
    kept->outcome = (uint8_t)answer->outcome;
    kept->stage = (uint8_t)answer->stage;
    kept->trouble = (uint8_t)answer->trouble;
    kept->exchanger_length = (uint8_t)exchanger;
    kept->words_length = (uint8_t)words;
    kept->address = answer->address;
    kept->learnt = answer->learnt;
    memcpy(kept->strings, answer->exchanger, exchanger);
    memcpy(kept->strings + exchanger, answer->words, words);
    return kept;
}

static void unpack(const struct kept *kept, struct callout_answer *answer)
{
    answer->outcome = (enum callout_outcome)kept->outcome;
    answer->stage = (enum callout_stage)kept->stage;
    answer->trouble = (enum callout_trouble)kept->trouble;
    answer->code = kept->code;
    answer->address = kept->address;
    answer->learnt = kept->learnt;
    memcpy(answer->exchanger, kept->strings, kept->exchanger_length);
    answer->exchanger[kept->exchanger_length] = '\0';
    memcpy(answer->words, kept->strings + kept->exchanger_length,
           kept->words_length);
    answer->words[kept->words_length] = '\0';
}

struct callouts *callouts_new(size_t bytes)
{
    static const struct cache_values values = {hold, drop};
    struct callouts *callouts = calloc(1, sizeof(*callouts));
    if (callouts == NULL)
        return NULL;
    callouts->cache = cache_new(bytes, &values);
    if (callouts->cache == NULL)
        callouts_free(&callouts);
    return callouts;
}

bool callouts_find(struct callouts *callouts, struct span address, instant now,
                   struct callout_answer *answer)
{
    struct kept *kept = cache_get(callouts->cache, address, now);
    if (kept == NULL)
        return false;
    unpack(kept, answer);
    drop(kept);
    return true;
}

/** How long an outcome is kept; 0: not at all. */
static uint32_t life_s(enum callout_outcome outcome,
                       const struct callout_settings *settings)
{
    switch (outcome) {
    case CALLOUT_ACCEPTED:
        return settings->valid_s;
    case CALLOUT_NO_SUCH_MAILBOX:
    case CALLOUT_REFUSES_BOUNCES:
    case CALLOUT_BLOCKED_US:
    case CALLOUT_ACCEPTS_ANYTHING:
    case CALLOUT_NEEDS_TLS:
    case CALLOUT_NO_SMTPUTF8:
    case CALLOUT_GIVEN_UP:
        return settings->invalid_s;
    case CALLOUT_GREYLISTED:
    case CALLOUT_UNREACHABLE:
        return settings->temperror_s;
    case CALLOUT_WALLED_OFF:
    case CALLOUT_CAPACITY:
    case CALLOUT_INTERNAL:
        break;
    }
    return 0;
}

/* True for what says nothing against an address that was good. */
static bool leaves_pass(enum callout_outcome outcome)
{
    switch (outcome) {
    case CALLOUT_ACCEPTED:
    case CALLOUT_NO_SUCH_MAILBOX:
    case CALLOUT_REFUSES_BOUNCES:
        return false;
    case CALLOUT_GREYLISTED:
    case CALLOUT_BLOCKED_US:
    case CALLOUT_ACCEPTS_ANYTHING:
    case CALLOUT_NEEDS_TLS:
    case CALLOUT_NO_SMTPUTF8:
    case CALLOUT_UNREACHABLE:
    case CALLOUT_GIVEN_UP:
    case CALLOUT_WALLED_OFF:
    case CALLOUT_CAPACITY:
    case CALLOUT_INTERNAL:
        break;
    }
    return true;
}

static bool has_pass(struct callouts *callouts, struct span address,
                     instant now)
{
    struct callout_answer standing;
    return callouts_find(callouts, address, now, &standing) &&
           standing.outcome == CALLOUT_ACCEPTED;
}

void callouts_keep(struct callouts *callouts, struct span address,
                   const struct callout_answer *answer,
                   const struct callout_settings *settings, instant now)
{
    uint32_t life = life_s(answer->outcome, settings);
    if (life == 0)
        return;
    if (leaves_pass(answer->outcome) && has_pass(callouts, address, now))
        return;
    struct kept *kept = pack(answer);
    if (kept == NULL)
        return;
    size_t cost = kept_size(kept->exchanger_length, kept->words_length);
    (void)cache_put(callouts->cache, address, kept, cost,
                    instant_after_s(now, life));
    drop(kept);
}

void callouts_free(struct callouts **callouts)
{
    if (*callouts == NULL)
        return;
    cache_free(&(*callouts)->cache);
    free(*callouts);
    *callouts = NULL;
}
