/* SPDX-License-Identifier: BSD-2-Clause */
/* filter.h - libmilter's side of the daemon: what is negotiated, the callbacks,
 * the thread that serves */
#ifndef MILTER_FILTER_H
#define MILTER_FILTER_H

#include "session/service.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Register the callbacks with libmilter, once in the process. What is
 * negotiated with every MTA follows `policy`, whatever its mode: the steps and
 * actions that it can ever need.
 * @return false: libmilter refuses
 */
bool filter_register(struct service *service, const struct policy *policy);

/** True when sessions under `policy` can do with what was negotiated; false:
 * it tags, which the one at the start did not, and a restart is needed. */
bool filter_suffices(const struct policy *policy);

/**
 * Serve on the opened socket, on a thread of its own.
 * @param ended  called on that thread when serving ends by itself
 * @return false: the system refuses
 */
bool filter_start(void (*ended)(void));

/** Serve nobody any more, and wait until no callback is running, but not beyond
 * `most_ms`; what is left of libmilter ends with the process. False: some still
 * are. */
bool filter_stop(uint32_t most_ms);

#endif
