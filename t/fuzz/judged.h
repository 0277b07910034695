/* SPDX-License-Identifier: BSD-2-Clause */
/* judged.h - what must hold of findings, verdicts, replies and header fields,
 * whatever they were made of; each aborts when it does not */
#ifndef FUZZ_JUDGED_H
#define FUZZ_JUDGED_H

#include "policy/reply.h"
#include "policy/verdict.h"

/** The policy of a text of the target's own, held once for the caller. */
struct policy *judged_read(const char *text);

/** One of a few policies, read once: strict and soft, with lists, with words
 * of its own. Whatever the number, there is one. */
const struct policy *judged_policy(uint32_t number);

/** It is in the table of what this check can come to. */
void require_finding(enum check check, struct finding finding);

/** There are words for it, all of them printable. */
void require_described(enum check check, struct finding finding,
                       const struct facts *facts,
                       const struct check_settings *settings);

/** The verdict is that of one of the findings, nothing is refused for what is
 * no failure, and no finding has a stronger action. */
void require_verdict(const struct rules *rules, const struct verdict *verdict,
                     const struct findings *findings);

/** If it counts as settled, nothing that an open finding can turn out to be
 * changes it; and nothing goes beyond the strongest that may come. */
void require_settled(const struct rules *rules, const struct findings *findings,
                     const struct first_sights *sights, instant now);

/** The reply to a verdict of tempfail or reject. */
void require_reply(const struct verdict *verdict, const struct facts *facts,
                   const struct rules *rules);

/** Code and status of one class, lines within their bounds. */
void require_reply_form(const struct reply *reply);

/** The header field: folded, of our own authserv-id, and well-formed. */
void require_authres(const struct facts *facts, const struct rules *rules,
                     const struct findings *findings);

/** A field's value by itself. */
void require_authres_form(struct span value, const char *identity);

#endif
