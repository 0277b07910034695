/* SPDX-License-Identifier: BSD-2-Clause */
/* domains.c - facts about a domain among the answers about addresses, under
 * keys that no address has */
#include "store/domains.h"

#include "base/name.h"

#include <stdio.h>

/** The facts. An answer is kept of each: what is wrong, or CALLOUT_ACCEPTED. */
enum fact { BOUNCES, FALLBACK, ANYTHING, POSTMASTER };

#define KEY_SIZE (NAME_SIZE + 16)

/* A space is in an address only between quotes, and then a quote is first. */
static struct span key_of(enum fact fact, const char *domain,
                          char key[KEY_SIZE])
{
    static const char *const names[] = {[BOUNCES] = "bounces",
                                        [FALLBACK] = "fallback",
                                        [ANYTHING] = "anything",
                                        [POSTMASTER] = "postmaster"};
    (void)snprintf(key, KEY_SIZE, "%s %s", names[fact], domain);
    return span_of(key);
}

static bool is_known(struct callouts *callouts, enum fact fact,
                     const char *domain, instant now)
{
    char key[KEY_SIZE];
    struct callouts_kept kept;
    return callouts_find(callouts, key_of(fact, domain, key), now, &kept);
}

/* Whether this is known, and wrong. */
static bool is_wrong(struct callouts *callouts, enum fact fact,
                     const char *domain, instant now,
                     struct callouts_kept *kept)
{
    char key[KEY_SIZE];
    return callouts_find(callouts, key_of(fact, domain, key), now, kept) &&
           kept->answer.outcome != CALLOUT_ACCEPTED;
}

/* Whether <> is refused, and the name that we could ask in instead. */
static bool refuses_bounces(struct callouts *callouts, const char *domain,
                            const struct callout_settings *settings,
                            instant now, struct callouts_kept *kept)
{
    return is_wrong(callouts, BOUNCES, domain, now, kept) &&
           (settings->fallback[0] == '\0' ||
            (kept->answer.found & CALLOUT_FOUND_NO_BOUNCES) != 0);
}

bool domains_find(struct callouts *callouts, const char *domain,
                  const struct callout_settings *settings, instant now,
                  struct callouts_kept *kept)
{
    return refuses_bounces(callouts, domain, settings, now, kept) ||
           (settings->catch_all &&
            is_wrong(callouts, ANYTHING, domain, now, kept)) ||
           (settings->postmaster &&
            is_wrong(callouts, POSTMASTER, domain, now, kept));
}

void domains_look(struct callouts *callouts, const char *domain,
                  const struct callout_settings *settings, instant now,
                  struct domains_open *open)
{
    open->accepts_anything =
        settings->catch_all && !is_known(callouts, ANYTHING, domain, now);
    open->has_postmaster =
        settings->postmaster && !is_known(callouts, POSTMASTER, domain, now);
    open->no_bounces = is_known(callouts, FALLBACK, domain, now) ||
                       is_known(callouts, BOUNCES, domain, now);
}

/** One lesson about a domain. */
struct lesson {
    struct callouts *callouts;
    const char *domain;
    instant now;
};

static void learn(const struct lesson *lesson, enum fact fact,
                  const struct callout_answer *answer, uint32_t seconds)
{
    char key[KEY_SIZE];
    callouts_note(lesson->callouts, key_of(fact, lesson->domain, key), answer,
                  instant_after_s(lesson->now, seconds));
}

void domains_learn(struct callouts *callouts, const char *domain,
                   const struct callout_answer *answer,
                   const struct callout_settings *settings, instant now)
{
    static const struct callout_answer well = {.outcome = CALLOUT_ACCEPTED};
    const struct lesson lesson = {callouts, domain, now};
    if (answer->outcome == CALLOUT_REFUSES_BOUNCES &&
        answer->stage == CALLOUT_AT_MAIL)
        learn(&lesson, BOUNCES, answer, settings->invalid_s);
    if (answer->outcome == CALLOUT_ACCEPTS_ANYTHING)
        learn(&lesson, ANYTHING, answer, settings->valid_s);
    if (answer->outcome == CALLOUT_NO_POSTMASTER)
        learn(&lesson, POSTMASTER, answer, settings->invalid_s);
    /* Once it is known it is not found out anew, or it would never end. */
    if ((answer->found & CALLOUT_FOUND_NO_BOUNCES) != 0 &&
        !is_known(callouts, FALLBACK, domain, now))
        learn(&lesson, FALLBACK, &well, settings->invalid_s);
    if ((answer->found & CALLOUT_FOUND_NOT_ANYTHING) != 0)
        learn(&lesson, ANYTHING, &well, settings->valid_s);
    if ((answer->found & CALLOUT_FOUND_POSTMASTER) != 0)
        learn(&lesson, POSTMASTER, &well, settings->valid_s);
}
