/* SPDX-License-Identifier: BSD-2-Clause */
/* census.h - how many senders a day has */
#ifndef DAY_CENSUS_H
#define DAY_CENSUS_H

#include "traffic.h"

/** Of the messages that are left: their senders, those that fold alike counted
 * once (store/fold.h). No verifier that asks about each can do with fewer
 * callouts. It ends the program where memory ends. */
uint32_t census_senders(struct traffic *traffic, uint32_t messages);

#endif
