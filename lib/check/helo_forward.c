/* SPDX-License-Identifier: BSD-2-Clause */
/* helo_forward.c - does the HELO name have an address in DNS, A or AAAA
 * (RFC 5321 2.3.5)? */
#include "check/checks.h"
#include "check/lookup.h"
#include "check/words.h"

struct finding helo_forward_find(const struct facts *facts,
                                 const struct check_settings *settings)
{
    const struct helo_facts *helo = &facts->helo;

    (void)settings;
    if (!helo_is_host(helo))
        return finding_of(RESULT_NONE, REASON_NONE);
    switch (lookup_host(helo->a, helo->aaaa)) {
    case LOOKUP_OPEN:
        break;
    case LOOKUP_FOUND:
        return finding_of(RESULT_PASS, REASON_NONE);
    case LOOKUP_NXDOMAIN:
        return finding_of(RESULT_FAIL, REASON_NXDOMAIN);
    case LOOKUP_NO_ADDRESS:
        return finding_of(RESULT_FAIL, REASON_NO_ADDRESS);
    case LOOKUP_TEMPERROR:
        return finding_of(RESULT_TEMPERROR, REASON_NONE);
    case LOOKUP_INTERNAL:
        return finding_of(RESULT_TEMPERROR, REASON_INTERNAL);
    }
    return finding_of(RESULT_OPEN, REASON_NONE);
}

void helo_forward_describe(struct text *text, struct finding finding,
                           const struct facts *facts,
                           const struct check_settings *settings)
{
    const struct helo_facts *helo = &facts->helo;

    (void)settings;
    if (finding.result == RESULT_NONE) {
        text_add(text,
                 helo->form == HELO_LITERAL
                     ? "the HELO name is an address literal"
                     : "the HELO name is not a fully qualified domain name");
        return;
    }
    text_add(text, "the HELO name ");
    words_add_host(text, helo->name, helo->a, helo->aaaa);
}
