/* SPDX-License-Identifier: BSD-2-Clause */
/* limits.h - the budget of this start: made from what the system allows, said,
 * and handed to those who hold to it */
#ifndef MILTER_LIMITS_H
#define MILTER_LIMITS_H

#include "milter/budget.h"
#include "session/service.h"

/**
 * Share out what there is, and say so in one line.
 * @param limits  the service's part of the budget
 * @return 0, or a status of sysexits.h with `why`: there is too little
 */
int limits_share(const struct policy *policy, struct budget *budget,
                 struct service_limits *limits, char *why, size_t why_size);

/** Say what a policy wants beyond the budget. */
void limits_warn(const struct budget *budget, const struct policy *policy);

/**
 * Hold libmilter to the budget; before it serves.
 * @param lost  called when libmilter has lost more sessions than is borne: a
 *              few where a service manager starts us again, else half of all
 * @return false: memory or descriptors end
 */
bool limits_begin(const struct budget *budget, void (*lost)(void));

#endif
