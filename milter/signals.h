/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.h - signals as events of the main thread
 *
 * libmilter waits for SIGHUP, SIGTERM and SIGINT on a thread of its own, by
 * sigwait(), and takes SIGHUP for "stop". So the program has a sigwait() that
 * takes none, and the main thread alone keeps signals unblocked, with a handler
 * that writes to a pipe.
 */
#ifndef MILTER_SIGNALS_H
#define MILTER_SIGNALS_H

#include <stdbool.h>

enum event {
    EVENT_STOP,   /* SIGTERM, SIGINT */
    EVENT_RELOAD, /* SIGHUP, SIGUSR1; several in a row are one */
    EVENT_ENDED   /* posted by signals_end: libmilter serves no more */
};

/** Take the signals over; to be called by the main thread before any other
 * thread is made. SIGPIPE is ignored. False: the system refuses. */
bool signals_begin(void);

/** Wait for the next event; stopping comes before reloading. Once EVENT_STOP is
 * returned, another SIGTERM or SIGINT ends the process on the spot. */
enum event signals_wait(void);

/** Make signals_wait return EVENT_ENDED. Any thread. */
void signals_end(void);

#endif
