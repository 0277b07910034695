/* SPDX-License-Identifier: BSD-2-Clause */
/* rights.h - whether we may do what serving needs, tried at the start */
#ifndef MILTER_RIGHTS_H
#define MILTER_RIGHTS_H

#include <stddef.h>

/**
 * Do once what serving needs: a thread, sockets of each kind, random octets,
 * this host's addresses. A service manager's filter that is too tight is found
 * out here, and not by the first mail. Nothing leaves the host.
 * @param why  filled on failure: what is refused, why, and by which settings of
 *             a systemd unit it may be
 * @return a status of sysexits.h: EX_OK, EX_NOPERM
 */
int rights_check(char *why, size_t why_size);

#endif
