/* SPDX-License-Identifier: BSD-2-Clause */
/* checks.h - what each check's file offers to the table in check.c; private to
 * lib/check
 *
 * X_find and X_describe are check_find and check_describe for one check. */
#ifndef CHECK_CHECKS_H
#define CHECK_CHECKS_H

#include "check/check.h"

typedef struct finding check_find_function(
    const struct facts *facts, const struct check_settings *settings);
typedef void check_describe_function(struct text *text, struct finding finding,
                                     const struct facts *facts,
                                     const struct check_settings *settings);

check_find_function helo_syntax_find, helo_identity_find, helo_forward_find,
    helo_match_find, client_ptr_find, dnsbl_find, sender_domain_find,
    callout_find;

check_describe_function helo_syntax_describe, helo_identity_describe,
    helo_forward_describe, helo_match_describe, client_ptr_describe,
    dnsbl_describe, sender_domain_describe, callout_describe;

static inline struct finding finding_of(enum result result, enum reason reason)
{
    return (struct finding){.result = result, .reason = reason};
}

/** True when the HELO name is one that DNS can be asked about: helo-syntax
 * passed and it is no literal. */
static inline bool helo_is_host(const struct helo_facts *helo)
{
    return helo->form == HELO_NAME && name_is_qualified(helo->name);
}

#endif
