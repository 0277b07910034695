/* SPDX-License-Identifier: BSD-2-Clause */
/* watchdog.h - WATCHDOG=1 for the service manager, as long as sessions could be
 * served; and a look at those that should be
 *
 * What is sent is the end of a round that a session takes as well. On the loop
 * a timer of ours connects to our own socket and hands over a client as a mail
 * server does: negotiation, then CONNECT. Libmilter's listener must accept the
 * connection, its pool must find it a worker, our callback must get the
 * service's lock and make a session; then the loop has to read the answer, and
 * only then the note is sent. So there is none when
 *   - the loop does not turn: its timer and its sockets are all that drives us;
 *   - libmilter does not accept, or has no threads or descriptors left;
 *   - a callback hangs, for the service's lock or for memory;
 *   - mail servers cannot reach us, the socket's file being gone.
 * The client is of an unknown kind, as a local one is: nobody asks DNS or
 * another host about it, and nothing is logged. The main thread has no part in
 * this: a reload may take as long as it likes.
 *
 * Nobody is made to wait. A round that has had no answer when the next one
 * begins is given up and logged, for the sake of whoever wonders later why we
 * were killed. There are three within the manager's patience, so that one which
 * is lost to a moment's want of memory is not our end.
 *
 * Whether or not a manager waits, the sessions of mail servers are looked at
 * twice a second: admission.h says what for.
 */
#ifndef MILTER_WATCHDOG_H
#define MILTER_WATCHDOG_H

#include "loop/loop.h"

struct watchdog;

/**
 * Begin the rounds on a loop whose thread was not started yet, once the
 * listener is open.
 * @param patience_ms  how long the manager waits for a note; 0: for none
 * @return NULL when memory ends
 */
struct watchdog *watchdog_new(struct loop *loop, uint32_t patience_ms);

/** End them, after the loop's thread has ended. *watchdog becomes NULL, or is
 * so already. */
void watchdog_free(struct watchdog **watchdog);

#endif
