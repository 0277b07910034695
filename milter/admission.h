/* SPDX-License-Identifier: BSD-2-Clause */
/* admission.h - whom libmilter is given to serve, and whether it serves them
 *
 * libmilter takes every connection that comes. Beyond the descriptors and
 * threads that there are it spins, or keeps a session that it never serves and
 * never closes, and says nothing. So the program has an accept() of its own,
 * which libmilter calls: a program's functions come before those of its
 * libraries (signals.h has sigwait() for the same reason). It closes at once
 *   - who comes from a network that `listen-from` does not name;
 *   - who comes when as many sessions are open as the budget has (budget.h);
 *   - who comes when no descriptor is left all the same, by one that is kept
 *     for this.
 * The mail server then does what it is told to do without us. Refusals are
 * logged, once a second at most; and once a minute that four in five of the
 * sessions are open.
 *
 * Who is in is remembered by descriptor and inode, for the descriptor is
 * libmilter's to close and no word comes of that: when the descriptor is gone,
 * or another socket has its number, the session is over.
 *
 * Twice a second all of them are looked at. Octets that lie unread in a
 * session's socket from one look to the next want a worker of libmilter's:
 * libmilter takes a worker for idle until it has woken up, gives it more
 * sessions than one, and wakes nobody else when it then waits in a callback or
 * for the rest of a packet. A connection of our own wakes or makes a worker, so
 * there is one for each that waits.
 *
 * A session whose octets lie there for longer than any verdict takes is not
 * served at all. It is shut down, so that the mail server knows; and when it
 * then does not end, libmilter has lost it. A few lost ones end the process, by
 * `lost`: it is in want of threads, memory or sense, and a new one is better.
 */
#ifndef MILTER_ADMISSION_H
#define MILTER_ADMISSION_H

#include "base/clock.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/** How often the sessions are looked at. */
#define ADMISSION_LOOK_MS 500

/** How long octets may lie unread beyond `reply-within` before the session is
 * shut down, and how long it may be there afterwards. */
#define ADMISSION_PATIENCE_MS 3000

/**
 * Begin to hold connections to a budget; before libmilter serves.
 * @param sessions  so many at once
 * @param lost_most  that many lost sessions are borne
 * @param lost       called by admission_look, once, when one more is lost
 * @return false: memory or descriptors end
 */
bool admission_begin(size_t sessions, size_t lost_most, void (*lost)(void));

/** Hold whoever comes from now on to a policy's `listen-from` and
 * `reply-within`; it is held. Any thread. */
void admission_follow(struct policy *policy);

/** Take a connection, for libmilter; -1 with errno as accept(2). */
int admission_accept(int listening, struct sockaddr *peer, socklen_t *size);

/** Look at all sessions; every ADMISSION_LOOK_MS, by one thread at a time. */
void admission_look(instant now);

#endif
