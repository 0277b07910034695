/* SPDX-License-Identifier: BSD-2-Clause */
/* notify.h - telling the service manager how we are (sd_notify's protocol) */
#ifndef MILTER_NOTIFY_H
#define MILTER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/** Send `state` ("READY=1\nSTATUS=...") to $NOTIFY_SOCKET; nothing when that is
 * not set. Never blocks, never fails. */
void notify(const char *state, ...) __attribute__((format(printf, 1, 2)));

/** True when there is a service manager, which starts us again. */
bool notify_is_heard(void);

/** How long the service manager waits for WATCHDOG=1 before it takes us for
 * dead, in milliseconds ($WATCHDOG_USEC, unless $WATCHDOG_PID is another
 * process); 0: it does not. */
uint32_t notify_patience_ms(void);

/** RELOADING=1 with the time that the protocol wants beside it. */
void notify_reloading(void);

#endif
