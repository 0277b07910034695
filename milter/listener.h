/* SPDX-License-Identifier: BSD-2-Clause */
/* listener.h - the socket that the mail server connects to */
#ifndef MILTER_LISTENER_H
#define MILTER_LISTENER_H

#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/**
 * Open `listen`. A stale socket file in its place is replaced, a live one or
 * another kind of file never. To be called as the user that may write there,
 * before privileges are dropped; the file gets its mode, group and owner.
 * @return 0, or a status of sysexits.h with `why`
 */
int listener_open(const struct policy *policy, char *why, size_t why_size);

/**
 * Begin to connect to the socket as a mail server does. Never blocks. Any
 * thread, after listener_open, also while another calls listener_close.
 * @return a descriptor that is the caller's; -1 with `why`: also when the
 *         socket's file is not the one that listener_open made
 */
int listener_connect(char *why, size_t why_size);

/**
 * Connect once as whoever we are now: the user that serves must be able to, to
 * knock and for the watchdog.
 * @return 0, or a status of sysexits.h with `why`
 */
int listener_check(char *why, size_t why_size);

/** True when an accepted connection is one of these of ours; once for each.
 * Any thread. */
bool listener_is_own(int fd, const struct sockaddr *peer);

/** Connect and hang up. */
void listener_knock(void);

/** Remove the socket file if it is still the one that listener_open made: from
 * now on nobody is connected to it. */
void listener_close(void);

#endif
