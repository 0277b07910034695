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

/** An answer without the empty room of its two strings, and what follows from
 * when it came. Immutable. */
struct kept {
    atomic_uint holds;
    uint16_t code, retry_after_s;
    uint8_t outcome, stage, trouble, tls, found;
    uint8_t exchanger_length, words_length;
    bool left_alone;
    struct address address;
    instant learnt;
    instant believed; /* until then; what is kept longer is so for `since` */
    instant refresh;  /* from then on it is stale */
    instant first;    /* of passes in a row, when the first one came */
    instant since;    /* of a pass, its first refusal; of no answer, the first
                         time there was none; INSTANT_NEVER: neither */
    char strings[];   /* the exchanger's name, then its words; no terminators */
};

_Static_assert(NAME_SIZE - 1 <= UINT8_MAX, "a name's length fits an octet");
_Static_assert(CALLOUT_WORDS_SIZE - 1 <= UINT8_MAX, "so does that of words");

/** When a new answer's instants are; see struct kept. */
struct life {
    instant believed, refresh, since, first;
};

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
static struct kept *pack(const struct callout_answer *answer,
                         const struct life *life)
{
    size_t exchanger = strlen(answer->exchanger);
    size_t words = strlen(answer->words);
    struct kept *kept = malloc(kept_size(exchanger, words));
    if (kept == NULL)
        return NULL;
    atomic_init(&kept->holds, 1);
    kept->code = answer->code;
    kept->retry_after_s = answer->retry_after_s;
    kept->outcome = (uint8_t)answer->outcome;
    kept->stage = (uint8_t)answer->stage;
    kept->trouble = (uint8_t)answer->trouble;
    kept->tls = (uint8_t)answer->tls;
    kept->found = (uint8_t)answer->found;
    kept->left_alone = answer->left_alone;
    kept->believed = life->believed;
    kept->refresh = life->refresh;
    kept->since = life->since;
    kept->first = life->first;
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
    answer->tls = (enum callout_tls)kept->tls;
    answer->found = kept->found;
    answer->left_alone = kept->left_alone;
    answer->code = kept->code;
    answer->retry_after_s = kept->retry_after_s;
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
                   struct callouts_kept *found)
{
    struct kept *kept = cache_get(callouts->cache, address, now);
    if (kept == NULL)
        return false;
    bool believed = now < kept->believed;
    if (believed) {
        unpack(kept, &found->answer);
        found->stale = now >= kept->refresh;
    }
    drop(kept);
    return believed;
}

/* What an outcome says of the address. */
enum sort { SORT_PASS, SORT_FAIL, SORT_UNKNOWN, SORT_NO_ANSWER, SORT_NOTHING };

static enum sort sort_of(enum callout_outcome outcome)
{
    switch (outcome) {
    case CALLOUT_ACCEPTED:
        return SORT_PASS;
    case CALLOUT_NO_SUCH_MAILBOX:
    case CALLOUT_REFUSES_BOUNCES:
    case CALLOUT_NO_POSTMASTER:
        return SORT_FAIL;
    case CALLOUT_ACCEPTS_ANYTHING:
    case CALLOUT_BLOCKED_US:
    case CALLOUT_NEEDS_TLS:
    case CALLOUT_NO_SMTPUTF8:
        return SORT_UNKNOWN;
    case CALLOUT_GREYLISTED:
    case CALLOUT_UNREACHABLE:
    case CALLOUT_GIVEN_UP:
        return SORT_NO_ANSWER;
    case CALLOUT_WALLED_OFF:
    case CALLOUT_CAPACITY:
    case CALLOUT_INTERNAL:
        break;
    }
    return SORT_NOTHING;
}

/* Without memory it is merely asked again. */
static void put(struct callouts *callouts, struct span address,
                const struct callout_answer *answer, const struct life *life,
                instant expires)
{
    struct kept *kept = pack(answer, life);
    if (kept == NULL)
        return;
    size_t cost = kept_size(kept->exchanger_length, kept->words_length);
    (void)cache_put(callouts->cache, address, kept, cost, expires);
    drop(kept);
}

void callouts_note(struct callouts *callouts, struct span key,
                   const struct callout_answer *answer, instant until)
{
    const struct life life = {
        .believed = until, .refresh = INSTANT_NEVER, .since = INSTANT_NEVER};
    put(callouts, key, answer, &life, until);
}

/** One lesson: what is taught, what stands, and by which settings. */
struct lesson {
    struct callouts *callouts;
    struct span address;
    const struct kept *standing; /* NULL: nothing does */
    const struct callout_settings *settings;
    instant now;
};

static bool has_pass(const struct lesson *lesson)
{
    return lesson->standing != NULL &&
           lesson->standing->outcome == CALLOUT_ACCEPTED &&
           lesson->now < lesson->standing->believed;
}

static void learn_for(const struct lesson *lesson,
                      const struct callout_answer *answer, uint32_t seconds)
{
    callouts_note(lesson->callouts, lesson->address, answer,
                  instant_after_s(lesson->now, seconds));
}

static void learn_pass(const struct lesson *lesson,
                       const struct callout_answer *answer)
{
    const struct callout_settings *settings = lesson->settings;
    instant until = instant_after_s(lesson->now, settings->valid_s);
    const struct life life = {
        .believed = until,
        .refresh = instant_after_s(lesson->now, settings->refresh_s),
        .since = INSTANT_NEVER,
        .first = has_pass(lesson) ? lesson->standing->first : lesson->now};
    put(lesson->callouts, lesson->address, answer, &life, until);
}

/* The pass stands for as long as it did, and is what is believed. */
static void keep_pass(const struct lesson *lesson,
                      struct callout_answer *answer, instant since,
                      uint32_t refresh_s)
{
    const struct kept *standing = lesson->standing;
    const struct life life = {.believed = standing->believed,
                              .refresh =
                                  instant_after_s(lesson->now, refresh_s),
                              .since = since,
                              .first = standing->first};
    unpack(standing, answer);
    put(lesson->callouts, lesson->address, answer, &life, life.believed);
}

/* The first refusal of what passes, or one too soon after it, may be a slip. */
static void learn_fail(const struct lesson *lesson,
                       struct callout_answer *answer)
{
    uint32_t invalid_s = lesson->settings->invalid_s;
    instant first = lesson->now;
    if (has_pass(lesson) && lesson->standing->since != INSTANT_NEVER)
        first = lesson->standing->since;
    if (has_pass(lesson) && lesson->now < instant_after_s(first, invalid_s))
        keep_pass(lesson, answer, first, invalid_s);
    else
        learn_for(lesson, answer, invalid_s);
}

static void learn_unknown(const struct lesson *lesson,
                          struct callout_answer *answer)
{
    uint32_t invalid_s = lesson->settings->invalid_s;
    if (has_pass(lesson))
        keep_pass(lesson, answer, lesson->standing->since, invalid_s);
    else
        learn_for(lesson, answer, invalid_s);
}

/* Who has put us off is not asked before the retry. */
static uint32_t believed_s(const struct callout_answer *answer,
                           const struct callout_settings *settings)
{
    if (answer->outcome == CALLOUT_GREYLISTED && answer->retry_after_s > 0)
        return answer->retry_after_s;
    return settings->temperror_s;
}

/* It is remembered for longer than it is believed, so that it is known since
 * when there has been no answer. */
static void learn_no_answer(const struct lesson *lesson,
                            struct callout_answer *answer)
{
    const struct callout_settings *settings = lesson->settings;
    const struct kept *standing = lesson->standing;
    uint32_t seconds = believed_s(answer, settings);
    struct life life = {.refresh = INSTANT_NEVER, .since = lesson->now};
    if (has_pass(lesson)) {
        keep_pass(lesson, answer, standing->since, seconds);
        return;
    }
    if (standing != NULL &&
        sort_of((enum callout_outcome)standing->outcome) == SORT_NO_ANSWER)
        life.since = standing->since;
    if (lesson->now >= instant_after_s(life.since, settings->give_up_s)) {
        answer->outcome = CALLOUT_GIVEN_UP;
        seconds = settings->invalid_s;
    }
    life.believed = instant_after_s(lesson->now, seconds);
    put(lesson->callouts, lesson->address, answer, &life,
        instant_after_s(life.believed, settings->give_up_s));
}

void callouts_learn(struct callouts *callouts, struct span address,
                    struct callout_answer *answer,
                    const struct callout_settings *settings, instant now)
{
    struct kept *standing = cache_get(callouts->cache, address, now);
    const struct lesson lesson = {callouts, address, standing, settings, now};
    switch (sort_of(answer->outcome)) {
    case SORT_PASS:
        learn_pass(&lesson, answer);
        break;
    case SORT_FAIL:
        learn_fail(&lesson, answer);
        break;
    case SORT_UNKNOWN:
        learn_unknown(&lesson, answer);
        break;
    case SORT_NO_ANSWER:
        learn_no_answer(&lesson, answer);
        break;
    case SORT_NOTHING:
        break;
    }
    if (standing != NULL)
        drop(standing);
}

/* For how long an answer that is no pass is not doubted; 0: it says nothing. */
static uint32_t life_s(const struct callout_answer *answer,
                       const struct callout_settings *settings)
{
    switch (sort_of(answer->outcome)) {
    case SORT_FAIL:
    case SORT_UNKNOWN:
        return settings->invalid_s;
    case SORT_NO_ANSWER:
        return believed_s(answer, settings);
    case SORT_PASS:
    case SORT_NOTHING:
        break;
    }
    return 0;
}

void callouts_put_off(struct callouts *callouts, struct span address,
                      const struct callout_answer *answer,
                      const struct callout_settings *settings, instant now)
{
    struct callout_answer pass;
    uint32_t seconds = life_s(answer, settings);
    struct kept *standing = cache_get(callouts->cache, address, now);
    const struct lesson lesson = {callouts, address, standing, settings, now};
    if (seconds > 0 && has_pass(&lesson) && now >= standing->refresh)
        keep_pass(&lesson, &pass, standing->since, seconds);
    if (standing != NULL)
        drop(standing);
}

bool callouts_renew(struct callouts *callouts, struct span address,
                    const struct callout_settings *settings, instant now)
{
    struct callout_answer answer;
    struct kept *standing = cache_get(callouts->cache, address, now);
    const struct lesson lesson = {callouts, address, standing, settings, now};
    bool proved = has_pass(&lesson) && standing->since == INSTANT_NEVER &&
                  now >= instant_after_s(standing->first, settings->valid_s);
    if (proved) {
        unpack(standing, &answer);
        learn_pass(&lesson, &answer);
    }
    if (standing != NULL)
        drop(standing);
    return proved;
}

void callouts_free(struct callouts **callouts)
{
    if (*callouts == NULL)
        return;
    cache_free(&(*callouts)->cache);
    free(*callouts);
    *callouts = NULL;
}
