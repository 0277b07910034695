/* SPDX-License-Identifier: BSD-2-Clause */
/* advice.h - what the refused postmaster can mend, in plain words */
#ifndef POLICY_ADVICE_H
#define POLICY_ADVICE_H

#include "check/finding.h"

/** One or two lines, with newlines between; printable ASCII; never NULL. */
const char *advice_for(enum check check, struct finding finding);

/** The same for a message with too many forged Authentication-Results. */
const char *advice_for_forged(void);

#endif
