/* SPDX-License-Identifier: BSD-2-Clause */
/* delay.h - how long a server that puts us off asks us to wait */
#ifndef SMTP_DELAY_H
#define SMTP_DELAY_H

#include "smtp/reply.h"

#include <stdint.h>

/** A delay is never read as more: nobody waits so long for an answer. */
#define SMTP_DELAY_MOST_S 14400 /* 4 hours */

/** The first span of time in a reply, in seconds: "300 seconds", "5 min",
 * "1m30s", "4 minutes and 59 seconds"; or, behind a word like "in" or "after",
 * "00:04:59" or "04:59". From 1 to SMTP_DELAY_MOST_S; 0 when it names none. */
uint16_t smtp_delay(const struct smtp_reply *reply);

#endif
