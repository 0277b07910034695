/* SPDX-License-Identifier: BSD-2-Clause */
/* origins.h - asks DNS, when a policy comes into force, whether the name of our
 * callouts and the addresses they leave from lead to each other, and logs what
 * is wrong
 *
 * A line of the level warning for each address family that is wrong, of debug
 * for one that is right. What DNS cannot tell is a notice, and asked again; so
 * is, without a word, a family in which there is no way out yet. The loop's
 * thread alone, but for making, stopping and freeing.
 */
#ifndef SESSION_ORIGINS_H
#define SESSION_ORIGINS_H

#include "dns/resolver.h"
#include "policy/policy.h"

/** How soon DNS is asked again at first, and at last: each time it takes twice
 * as long. */
#define ORIGINS_AGAIN_S      10
#define ORIGINS_AGAIN_MOST_S 3600

struct origins;

/** @return NULL when memory ends */
struct origins *origins_new(struct loop *loop, struct resolver *resolver);

/** To be called now and then, with the policy in force: whatever is due is
 * begun. */
void origins_tick(struct origins *origins, struct policy *policy);

/** Say nothing any more. After the loop was stopped, before resolver_free. */
void origins_stop(struct origins *origins);

/** After resolver_free. */
void origins_free(struct origins **origins);

#endif
