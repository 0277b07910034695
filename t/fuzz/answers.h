/* SPDX-License-Identifier: BSD-2-Clause */
/* answers.h - answers of DNS from text
 *
 * Space between records: addresses; host names; "10 mx.example 20 ." with each
 * preference in front of its exchanger; of TXT the whole text is one record.
 * "nx": NXDOMAIN, "none": no data, "late": time-out, "broken": a fault of ours,
 * "fail": SERVFAIL. What is no record of the type counts as unusable. */
#ifndef FUZZ_ANSWERS_H
#define FUZZ_ANSWERS_H

#include "base/text.h"
#include "dns/answer.h"

/** One record, as in the text. */
struct answer_record {
    uint16_t preference;
    struct span text;
};

/** Take the next record off the front of `text`. False: there is none. */
bool answer_record(struct span *text, enum dns_type type,
                   struct answer_record *record);

/** What is no list of records: true, with what it is instead. */
bool answer_status(struct span text, enum dns_status *status,
                   enum dns_trouble *trouble);

/** The answer, held once for the caller; as lib/dns would have made it. */
const struct dns_answer *answer_of(enum dns_type type, struct span text);

#endif
