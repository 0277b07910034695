/* SPDX-License-Identifier: BSD-2-Clause */
/* visit.h - one SMTP session at a mail exchanger of the world, from its side */
#ifndef DAY_VISIT_H
#define DAY_VISIT_H

#include "base/text.h"
#include "world.h"

/** Room for the replies to commands that travel together. */
#define VISIT_REPLIES_SIZE 1024

struct visit {
    struct world *world;
    struct host *host;
    bool has_sender; /* MAIL was taken */
};

/** Come to a host: it counts us, whether or not it lets us in. */
void visit_knock(struct host *host, instant now);

/** Its greeting. */
void visit_greet(const struct visit *visit, instant now, struct text *reply);

/** What it says to the commands, each of one line. */
void visit_take(struct visit *visit, struct span commands, instant now,
                struct text *replies);

#endif
