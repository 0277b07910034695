/* SPDX-License-Identifier: BSD-2-Clause */
/* service.h - what all sessions share: the loop, the resolver, the verifier,
 * what was learnt, and the policy that new sessions begin with */
#ifndef SESSION_SERVICE_H
#define SESSION_SERVICE_H

#include "base/clock.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct service;

/** What there is for all sessions together, whatever their policy wants. */
struct service_limits {
    size_t places;     /* sockets of DNS */
    uint32_t waiting;  /* callbacks that wait for their verdict */
    uint32_t callouts; /* at once */
};

/**
 * Make the service; nothing runs yet, so that privileges can be dropped and
 * the listener opened before service_start.
 * @param policy  held once more
 * @param limits  copied; NULL: as much as the policy wants
 * @return NULL with `why` filled: memory, or no DNS server to ask
 */
struct service *service_new(struct policy *policy, const struct clock *clock,
                            const struct service_limits *limits, char *why,
                            size_t why_size);

/** Have `waits` called whenever a call of a session is about to wait: on its
 * thread, under no lock. Before service_start. */
void service_on_wait(struct service *service, void (*waits)(void));

/** The loop, for what runs on it beside the sessions; the service's. */
struct loop *service_loop(struct service *service);

/** Start the loop's thread. False: the system refuses. */
bool service_start(struct service *service);

/**
 * Let sessions that begin from now on have another policy. Sessions and flights
 * under way keep theirs.
 * @return false with `why`: the old one stays
 */
bool service_reload(struct service *service, struct policy *policy, char *why,
                    size_t why_size);

/**
 * Stop orderly: waiting callbacks wake at once, what is open being in-progress;
 * flights are cut; verdicts of monitor mode still open are logged. Callbacks
 * may still come: they find all that is not kept in-progress.
 */
void service_stop(struct service *service);

/** After service_stop, once no callback is running any more. */
void service_free(struct service **service);

#endif
