/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon.h - going to the background, and telling whoever started us how that
 * went */
#ifndef MILTER_DAEMON_H
#define MILTER_DAEMON_H

#include <stdbool.h>

/** See to it that descriptors 0 to 2 are open, so that none of ours becomes
 * one of them. */
void daemon_open_standard(void);

/**
 * Go on in a child of a session of its own; the process that was started ends
 * with the child's status once daemon_ready was called, or the child has ended.
 * To be called before any thread is made.
 * @return false: the system refuses
 */
bool daemon_background(void);

/** We serve: whoever started us is told 0, and the terminal is let go. */
void daemon_ready(void);

#endif
