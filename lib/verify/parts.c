/* SPDX-License-Identifier: BSD-2-Clause */
/* parts.c - what all files of this folder need */
#include "verify/parts.h"

#include "base/log.h"

/** Our own fault is logged once in so long. */
#define SAY_AGAIN_S 60

instant verifier_now(const struct verifier *verifier)
{
    return clock_now(loop_clock(verifier->loop));
}

bool ask_leads_inside(const struct verify_ask *ask)
{
    return ask->target_count > 0 && ask->targets[0].inside;
}

void verifier_log_fault(struct verifier *verifier, const char *what)
{
    instant at = verifier_now(verifier);
    if (verifier->said != INSTANT_NEVER &&
        at < instant_after_s(verifier->said, SAY_AGAIN_S))
        return;
    verifier->said = at;
    log_line(LOG_LEVEL_ERROR, "no callout: %s", what);
}
