/* SPDX-License-Identifier: BSD-2-Clause */
/* helo_syntax.c - is the HELO argument a fully qualified domain name or a
 * well-formed address literal (RFC 5321 4.1.1.1, 4.1.3)? */
#include "check/checks.h"
#include "check/words.h"

struct finding helo_syntax_find(const struct facts *facts,
                                const struct check_settings *settings)
{
    (void)settings;
    switch (facts->helo.form) {
    case HELO_MISSING:
        return finding_of(RESULT_FAIL, REASON_MISSING);
    case HELO_NAME:
        if (!name_is_qualified(facts->helo.name))
            return finding_of(RESULT_FAIL, REASON_UNQUALIFIED);
        break;
    case HELO_LITERAL:
        break;
    case HELO_BARE_ADDRESS:
        return finding_of(RESULT_FAIL, REASON_BARE_ADDRESS);
    case HELO_BAD_LITERAL:
        return finding_of(RESULT_FAIL, REASON_BAD_LITERAL);
    case HELO_BAD_NAME:
        if (facts->helo.fault == NAME_MEMORY)
            return finding_of(RESULT_TEMPERROR, REASON_INTERNAL);
        return finding_of(RESULT_FAIL, REASON_BAD_LABEL);
    }
    return finding_of(RESULT_PASS, REASON_NONE);
}

static void describe_name(struct text *text, const char *name)
{
    text_addf(text, "the HELO name %s is ", name);
    if (!name_is_qualified(name)) {
        text_add(text, "a single word, not a fully qualified domain name");
        return;
    }
    text_add(text, "a fully qualified domain name");
    if (name_has_underscore(name))
        text_add(text, ", though with an underscore, which host names do not "
                       "have (RFC 1123 2.1)");
}

void helo_syntax_describe(struct text *text, struct finding finding,
                          const struct facts *facts,
                          const struct check_settings *settings)
{
    const struct helo_facts *helo = &facts->helo;

    (void)finding;
    (void)settings;
    switch (helo->form) {
    case HELO_MISSING:
        text_add(text, "the client gave no HELO name");
        return;
    case HELO_NAME:
        describe_name(text, helo->name);
        return;
    case HELO_LITERAL:
        text_add(text, "the HELO name is the address literal of ");
        words_add_address(text, &helo->address);
        return;
    case HELO_BARE_ADDRESS:
        text_add(text, "the HELO name is the bare address ");
        words_add_address(text, &helo->address);
        text_add(text, ", without the brackets of an address literal");
        return;
    case HELO_BAD_LITERAL:
        text_add(text, "the HELO name ");
        words_add_quoted(text, helo->text);
        text_add(text, " is not a valid address literal");
        return;
    case HELO_BAD_NAME:
        text_add(text, "the HELO name ");
        words_add_quoted(text, helo->text);
        text_addf(text,
                  helo->fault == NAME_MEMORY
                      ? " could not be read: %s"
                      : " is not a valid domain name: %s",
                  name_fault_text(helo->fault));
        return;
    }
}
