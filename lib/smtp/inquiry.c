/* SPDX-License-Identifier: BSD-2-Clause */
/* inquiry.c - the order of the questions, and what a reply to one of them
 * leaves open */
#include "smtp/inquiry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void inquiry_path(const struct inquiry *inquiry, struct mailpath *path)
{
    const char *local = NULL;
    switch (inquiry->question) {
    case ASK_IMPOSSIBLE:
        local = inquiry->impossible;
        break;
    case ASK_POSTMASTER:
        local = "postmaster";
        break;
    case ASK_PATH:
        break;
    }
    *path = inquiry->path;
    if (local == NULL)
        return;
    path->utf8 = false;
    (void)snprintf(path->local, sizeof(path->local), "%s", local);
}

const char *inquiry_sender(const struct inquiry *inquiry)
{
    return inquiry->as_fallback ? inquiry->fallback : "";
}

/* Whether a question is wanted, and has room on the wire: a domain can be too
 * long for another local part. */
static bool is_wanted(const struct inquiry *inquiry)
{
    struct mailpath path;
    char wire[MAILPATH_SIZE];
    if ((inquiry->question == ASK_IMPOSSIBLE && inquiry->impossible == NULL) ||
        (inquiry->question == ASK_POSTMASTER && !inquiry->postmaster))
        return false;
    inquiry_path(inquiry, &path);
    return mailpath_write(&path, wire);
}

/* Turn to the first question that is wanted, from this one on. */
static void turn_to(struct inquiry *inquiry, enum inquiry_question question)
{
    inquiry->question = question;
    while (inquiry->question != ASK_PATH && !is_wanted(inquiry))
        inquiry->question++;
}

/* A copy, or NULL of NULL. False: memory ends. */
static bool copy(char **to, const char *string)
{
    *to = string == NULL ? NULL : strdup(string);
    return string == NULL || *to != NULL;
}

bool inquiry_begin(struct inquiry *inquiry, const struct mailpath *path,
                   const struct inquiry_wishes *wishes)
{
    *inquiry =
        (struct inquiry){.path = *path, .postmaster = wishes->postmaster};
    if (!copy(&inquiry->impossible, wishes->impossible) ||
        !copy(&inquiry->fallback, wishes->fallback))
        return false;
    inquiry->as_fallback = wishes->no_bounces && inquiry->fallback != NULL;
    if (inquiry->as_fallback)
        inquiry->found = CALLOUT_FOUND_NO_BOUNCES;
    turn_to(inquiry, ASK_IMPOSSIBLE);
    return true;
}

void inquiry_end(struct inquiry *inquiry)
{
    free(inquiry->impossible);
    free(inquiry->fallback);
}

static bool has_another_name(const struct inquiry *inquiry)
{
    return inquiry->fallback != NULL && !inquiry->as_fallback;
}

bool inquiry_goes_on(const struct inquiry *inquiry)
{
    return inquiry->question != ASK_PATH || has_another_name(inquiry);
}

/* A mailbox that cannot be is refused, unless everything is accepted. False:
 * the reply is not about the mailbox. */
static bool take_impossible(struct inquiry *inquiry,
                            struct smtp_meaning *meaning)
{
    if (meaning->outcome == CALLOUT_ACCEPTED)
        meaning->outcome = CALLOUT_ACCEPTS_ANYTHING;
    if (meaning->outcome == CALLOUT_NO_SUCH_MAILBOX)
        inquiry->found |= CALLOUT_FOUND_NOT_ANYTHING;
    return meaning->outcome == CALLOUT_NO_SUCH_MAILBOX ||
           meaning->outcome == CALLOUT_GREYLISTED;
}

/* Every domain has a postmaster (RFC 5321 4.5.1). False as above. */
static bool take_postmaster(struct inquiry *inquiry,
                            struct smtp_meaning *meaning)
{
    if (meaning->outcome == CALLOUT_NO_SUCH_MAILBOX)
        meaning->outcome = CALLOUT_NO_POSTMASTER;
    if (meaning->outcome == CALLOUT_ACCEPTED)
        inquiry->found |= CALLOUT_FOUND_POSTMASTER;
    return meaning->outcome == CALLOUT_ACCEPTED ||
           meaning->outcome == CALLOUT_GREYLISTED;
}

bool inquiry_take(struct inquiry *inquiry, struct smtp_meaning *meaning)
{
    bool open = false;
    if (meaning->outcome == CALLOUT_REFUSES_BOUNCES &&
        has_another_name(inquiry)) {
        inquiry->found |= CALLOUT_FOUND_NO_BOUNCES;
        inquiry->as_fallback = true;
        return true; /* the same question */
    }
    switch (inquiry->question) {
    case ASK_IMPOSSIBLE:
        open = take_impossible(inquiry, meaning);
        break;
    case ASK_POSTMASTER:
        open = take_postmaster(inquiry, meaning);
        break;
    case ASK_PATH:
        break;
    }
    if (open)
        turn_to(inquiry, inquiry->question + 1);
    return open;
}
