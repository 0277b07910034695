/* SPDX-License-Identifier: BSD-2-Clause */
/* mail.h - a day's messages before a verifier: the sender of each is asked
 * about, and the message let through, refused, or put off to come again, as the
 * policy has it */
#ifndef DAY_MAIL_H
#define DAY_MAIL_H

#include "base/callout.h"
#include "base/mailpath.h"
#include "loop/loop.h"
#include "policy/policy.h"
#include "traffic.h"

#include <stddef.h>
#include <stdint.h>

struct mail;
struct message;

/** Asked about the sender of one message at a time: mail_answer follows, maybe
 * before this returns. */
struct mail_verifier {
    void (*ask)(void *context, struct message *message);
    void *context;
};

/** What has become of a message. */
enum fate {
    FATE_PASSED,     /* the sender was verified */
    FATE_UNVERIFIED, /* he could not be: it went through all the same */
    FATE_REFUSED,
    FATE_PUT_OFF /* and did not come again in the day */
};
#define FATES 4

struct mail_tally {
    uint32_t genuine[FATES], forged[FATES];
    uint32_t tries;
};

/**
 * Have the traffic come, from the loop's present instant on. It ends the
 * program where memory ends.
 * @param traffic, policy  borrowed until mail_free
 * @param verifier         copied
 */
struct mail *mail_new(struct loop *loop, const struct world *world,
                      struct traffic *traffic, const struct policy *policy,
                      const struct mail_verifier *verifier);

/** For a verifier: who is asked about, and where callouts go. */
const struct mailpath *message_path(const struct message *message);
size_t message_targets(struct message *message,
                       struct callout_target targets[CALLOUT_TARGETS_MOST]);

/** For a verifier: the answer. NULL: it is not there in time. */
void mail_answer(struct message *message, const struct callout_answer *answer);

/** What has become of those that have come. */
struct mail_tally mail_tally(const struct mail *mail);

/** When a day and the last answers' time are over. *mail becomes NULL. */
void mail_free(struct mail **mail);

#endif
