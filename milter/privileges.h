/* SPDX-License-Identifier: BSD-2-Clause */
/* privileges.h - from root to the user that serves, for good */
#ifndef MILTER_PRIVILEGES_H
#define MILTER_PRIVILEGES_H

#include <stddef.h>

/**
 * When we are root, become `user` with its groups, and make sure that there is
 * no way back; nothing otherwise.
 * @return 0, or a status of sysexits.h with `why`
 */
int privileges_drop(const char *user, char *why, size_t why_size);

/**
 * Raise the limit of descriptors to the most that is allowed.
 * @return 0, or a status of sysexits.h with `why` when that is too few to serve
 */
int privileges_raise_descriptors(char *why, size_t why_size);

#endif
