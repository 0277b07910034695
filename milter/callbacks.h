/* SPDX-License-Identifier: BSD-2-Clause */
/* callbacks.h - the milter's callbacks: each turns its arguments into a call of
 * the session, and the session's answer into libmilter's */
#ifndef MILTER_CALLBACKS_H
#define MILTER_CALLBACKS_H

#include "session/service.h"

#include <stdbool.h>

/** What every MTA is asked for; the same for all sessions of the process, for
 * libmilter's table of transitions is. */
struct negotiation {
    unsigned long actions; /* SMFIF_: what we may do to a message */
    unsigned long skipped; /* SMFIP_NO: steps we need not be told */
    unsigned long silent;  /* SMFIP_NR_: steps that we never answer */
};

bool callbacks_register(struct service *service,
                        struct negotiation negotiation);

const struct negotiation *callbacks_negotiated(void);

/** Have callbacks that come from now on wait for the end of the process. */
void callbacks_stop(void);

/** How many callbacks are running now. */
unsigned callbacks_running(void);

#endif
