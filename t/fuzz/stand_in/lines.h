/* SPDX-License-Identifier: BSD-2-Clause */
/* lines.h - what the log that stands in has heard */
#ifndef FUZZ_STAND_IN_LINES_H
#define FUZZ_STAND_IN_LINES_H

/** Lines of verdicts since this was last asked. */
unsigned lines_take_verdicts(void);

#endif
