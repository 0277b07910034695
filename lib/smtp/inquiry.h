/* SPDX-License-Identifier: BSD-2-Clause */
/* inquiry.h - what a callout asks, question by question: an impossible mailbox
 * and the postmaster first, where that is wanted, then the path; and in whose
 * name */
#ifndef SMTP_INQUIRY_H
#define SMTP_INQUIRY_H

#include "base/mailpath.h"
#include "smtp/meaning.h"

#include <stdbool.h>

/** Whom RCPT is about, in their order. */
enum inquiry_question { ASK_IMPOSSIBLE, ASK_POSTMASTER, ASK_PATH };

/** An inquiry; all but `found` is the module's. */
struct inquiry {
    struct mailpath path;
    char *impossible, *fallback; /* NULL: not wanted */
    bool postmaster;
    enum inquiry_question question;
    bool as_fallback;
    unsigned found; /* of the domain, of enum callout_found */
};

/** What is wanted beside the path; strings are copied, NULL: no. */
struct inquiry_wishes {
    const char *impossible; /* a local part, in ASCII, that cannot be */
    bool postmaster;
    const char *fallback; /* in wire form: the sender where <> is refused */
    bool no_bounces;      /* and it is known to be: `fallback` begins */
};

/** Begin with the first question. False: memory ends; it is to be ended all
 * the same. */
bool inquiry_begin(struct inquiry *inquiry, const struct mailpath *path,
                   const struct inquiry_wishes *wishes);

/** Whom the question is about: the argument of RCPT. */
void inquiry_path(const struct inquiry *inquiry, struct mailpath *path);

/** In whose name it is put, in wire form; the empty string: the null sender. */
const char *inquiry_sender(const struct inquiry *inquiry);

/** Whether another question can follow. */
bool inquiry_goes_on(const struct inquiry *inquiry);

/** Take what the reply to MAIL or RCPT means, that is more than "go on".
 * @return true: there is another question now; false: `meaning` is the answer
 */
bool inquiry_take(struct inquiry *inquiry, struct smtp_meaning *meaning);

/** Free what it owns. */
void inquiry_end(struct inquiry *inquiry);

#endif
