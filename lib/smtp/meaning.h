/* SPDX-License-Identifier: BSD-2-Clause */
/* meaning.h - what a reply to a callout says about the address asked about, and
 * whose word counts when exchangers differ */
#ifndef SMTP_MEANING_H
#define SMTP_MEANING_H

#include "base/callout.h"
#include "smtp/reply.h"
#include "smtp/signs.h"

#include <stdbool.h>

struct smtp_meaning {
    bool proceed;                 /* no answer yet: on to the next command */
    enum callout_outcome outcome; /* unless `proceed` */
    enum callout_trouble trouble; /* unless `proceed` */
};

/** What the reply means.
 * @param stage  to what it is the reply; never CALLOUT_AT_CONNECT */
struct smtp_meaning smtp_meaning(enum callout_stage stage,
                                 const struct smtp_reply *reply,
                                 const struct smtp_question *question);

/** How much an outcome counts beside another exchanger's; between equals it is
 * the word of the one asked first. */
unsigned smtp_outcome_weight(enum callout_outcome outcome);

/** True when no other exchanger need be asked: the outcome is the address's or
 * the domain's, not this exchanger's. */
bool smtp_outcome_is_final(enum callout_outcome outcome);

#endif
