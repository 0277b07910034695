/* SPDX-License-Identifier: BSD-2-Clause */
/* client_ptr.c - does the client address have a reverse name that resolves back
 * to it ("iprev", RFC 8601 3)? */
#include "check/checks.h"
#include "check/words.h"

struct finding client_ptr_find(const struct facts *facts,
                               const struct check_settings *settings)
{
    const char *name;

    (void)settings;
    if (!facts->client.known)
        return finding_of(RESULT_NONE, REASON_NONE);
    switch (facts_reverse(facts, &name)) {
    case REVERSE_OPEN:
        break;
    case REVERSE_CONFIRMED:
        return finding_of(RESULT_PASS, REASON_NONE);
    case REVERSE_UNCONFIRMED:
        return finding_of(RESULT_FAIL, REASON_UNCONFIRMED);
    case REVERSE_MISSING:
        return finding_of(RESULT_FAIL, REASON_MISSING);
    case REVERSE_TEMPERROR:
        return finding_of(RESULT_TEMPERROR, REASON_NONE);
    case REVERSE_INTERNAL:
        return finding_of(RESULT_TEMPERROR, REASON_INTERNAL);
    }
    return finding_of(RESULT_OPEN, REASON_NONE);
}

void client_ptr_describe(struct text *text, struct finding finding,
                         const struct facts *facts,
                         const struct check_settings *settings)
{
    const struct client_facts *client = &facts->client;

    (void)settings;
    if (!client->known) {
        text_add(text, "the client's address is not known");
        return;
    }
    words_add_reverse(text, client);
    if (finding.reason == REASON_UNCONFIRMED)
        text_add(text, client->ptr->count > 1
                           ? "; none of them resolves back to that address"
                           : "; it does not resolve back to that address");
}
