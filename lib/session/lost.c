/* SPDX-License-Identifier: BSD-2-Clause */
/* lost.c - the answer where memory ended before there was anything to judge
 * by: the policy's `internal-error`, by a reply that needs no memory */
#include "session/parts.h"

static const struct reply come_back = {
    .code = 451,
    .status = "4.3.0",
    .count = 1,
    .line = {"We are out of memory at present, please retry in a few minutes."},
};

const struct reply *lost_reply(const struct policy *policy)
{
    const enum action_kind action = policy->rules.internal_error;

    log_line(LOG_LEVEL_INFO, "verdict=%s %sreason=internal detail=\"%s\"",
             action_name(action),
             policy->mode == MODE_MONITOR ? "mode=monitor " : "",
             fault_text(FAULT_MEMORY));
    return action == ACTION_TEMPFAIL && policy->mode == MODE_ENFORCE
               ? &come_back
               : NULL;
}

const struct reply *service_lost_reply(struct service *service)
{
    struct policy *policy = service_policy(service);
    const struct reply *reply = lost_reply(policy);

    policy_drop(policy);
    return reply;
}
