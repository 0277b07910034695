/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_rows.h - tables of replies, and what each one means for the address
 * asked about */
#ifndef UNIT_SMTP_ROWS_H
#define UNIT_SMTP_ROWS_H

#include "smtp/meaning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

#define OUR_NAME    "mx1.example.org"
#define OUR_ADDRESS "192.0.2.1"

/** Beside the outcomes: no answer yet. */
#define PROCEED (-1)

static inline struct smtp_meaning mean(enum callout_stage stage,
                                       const char *octets, const char *address,
                                       const char *ours)
{
    static struct smtp_reply_reader reader;
    struct mailpath path;
    struct smtp_question question = {.path = &path, .name = OUR_NAME};
    struct span span = span_of(octets);
    mailpath_parse(&path, span_of(address));
    assert_int_equal(path.fault, MAILPATH_OK);
    assert_true(address_parse(&question.address, span_of(ours)));
    smtp_reply_begin(&reader);
    assert_int_equal(smtp_reply_take(&reader, &span), SMTP_REPLY_WHOLE);
    assert_int_equal(span.length, 0);
    return smtp_meaning(stage, &reader.reply, &question);
}

static inline void expect(const struct smtp_meaning *meaning, int outcome,
                          const char *octets)
{
    int found = meaning->proceed ? PROCEED : (int)meaning->outcome;
    if (found != outcome)
        fail_msg("%d instead of %d: %s", found, outcome, octets);
}

struct row {
    const char *octets;
    int outcome;
};

static inline void expect_rows(enum callout_stage stage, const struct row *rows,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct smtp_meaning meaning =
            mean(stage, rows[i].octets, "user@example.com", OUR_ADDRESS);
        expect(&meaning, rows[i].outcome, rows[i].octets);
        assert_true(meaning.proceed ||
                    meaning.trouble == CALLOUT_TROUBLE_NONE ||
                    rows[i].octets[0] < '4');
    }
}

#endif
