/* SPDX-License-Identifier: BSD-2-Clause */
/* libmilter.h - a libmilter that calls the callbacks as a target likes, and
 * looks at what they ask of it; one session at a time, in one thread */
#ifndef FUZZ_STAND_IN_LIBMILTER_H
#define FUZZ_STAND_IN_LIBMILTER_H

#include "base/text.h"

#include <libmilter/mfapi.h>
#include <stdbool.h>

/** What was registered last. */
const struct smfiDesc *libmilter_filter(void);

/** A session begins: nothing hangs on it, there are no macros. */
SMFICTX *libmilter_begin(void);

/** It must have let go of what hung on it. */
void libmilter_end(void);

/** The value of a macro from now on, copied; `name` as libmilter has it. */
void libmilter_set_macro(const char *name, struct span value);

/** What the MTA lets a filter do and leave out. */
void libmilter_negotiate(unsigned long actions, unsigned long steps);

/** What a callback has returned: it goes with the reply that was set, and with
 * the stage. */
void libmilter_answer(sfsistat status, bool may_refuse);

/** Changes to the message are in their place from now on, or no longer. */
void libmilter_end_of_message(bool is_it);

#endif
