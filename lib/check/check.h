/* SPDX-License-Identifier: BSD-2-Clause */
/* check.h - the checks: facts in, one finding out, pure; one file a check */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "check/facts.h"
#include "check/finding.h"

/** What confirms a HELO name: `by:` of helo-match. */
enum match_by { MATCH_ADDRESS = 1, MATCH_NAME = 2, MATCH_ORGANISATION = 4 };
#define MATCH_BY_EVERY (MATCH_ADDRESS | MATCH_NAME | MATCH_ORGANISATION)

/** How the checks are made: the keys beside results in the policy file. */
struct check_settings {
    unsigned match_by;     /* of enum match_by */
    bool match_all;        /* `need: all` */
    uint32_t lists_needed; /* `need:` of dnsbl */
    uint32_t list_score;   /* its `score:`; 0: `need` counts */
};

/** What the first list that lists says of it, or nothing: outside text. */
struct span dnsbl_text(const struct facts *facts);

/** Put one check to the facts. RESULT_OPEN while they do not tell. A check of
 * DNS with an answer of our own fault is temperror/internal. RESULT_NONE when
 * an allow-list frees from the check; one that may still do so keeps open what
 * is not good. A fail that rests on DNS is temperror while the resolver is not
 * to be believed, and open until it has been tried of late (trust.h). So is a
 * callout that was not begun while it finds what cannot be: where it leads
 * nobody is to be called. */
struct finding check_find(enum check check, const struct facts *facts,
                          const struct check_settings *settings);

/** True when check_find is temperror since the resolver is not to be believed:
 * for a fail that rests on its answers, or a callout that is not begun. */
bool check_is_doubted(enum check check, const struct facts *facts,
                      const struct check_settings *settings);

/** True when the facts make a fail that is open for no other reason than that
 * the resolver is to be tried first. */
bool check_waits_for_trust(enum check check, const struct facts *facts,
                           const struct check_settings *settings);

/**
 * Add, in plain words of one or two sentences, what was seen: both names, the
 * address, what each resolved to; for a callout the exchanger asked, its code
 * and words. For the rejected postmaster's eyes, all outside octets escaped.
 * `finding` is what check_find made of these facts, or temperror/in-progress.
 */
void check_describe(struct text *text, enum check check, struct finding finding,
                    const struct facts *facts,
                    const struct check_settings *settings);

#endif
