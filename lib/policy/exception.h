/* SPDX-License-Identifier: BSD-2-Clause */
/* exception.h - reading `exceptions:` */
#ifndef POLICY_EXCEPTION_H
#define POLICY_EXCEPTION_H

#include "policy/policy.h"
#include "policy/tree.h"

/** Read the list into `policy`, whose base rules are read already. */
void exceptions_read(struct reading *reading, const struct node *list,
                     struct policy *policy);

void exceptions_clear(struct policy *policy);

#endif
