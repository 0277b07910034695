/* SPDX-License-Identifier: BSD-2-Clause */
/* wall.h - whether callouts get out at all: many providers shut port 25 to
 * their customers, and then no exchanger is to blame
 *
 * A wall is suspected when many hosts could not be connected to, and nobody
 * could, for long. But those hosts are of the strangers' choice, and whoever
 * sends mail from dead domains to a quiet site can bring that about. So a wall
 * is believed when hosts of our own choice have been tried, and none of them
 * could be connected to either. Who they are, and how they are tried, is for
 * hearing.h; here is what follows, without I/O. Hosts inside
 * (`callout.networks`) have no part in it: they show nothing of our way out.
 *
 *     nothing  --WALL_HOSTS missed, WALL_S passed-->  suspected
 *     suspected  --hearing: none answers-->  the wall stands
 *     suspected  --hearing: too few could be tried-->  suspected
 *     suspected, stands  --hearing: one answers-->  nothing
 *     suspected, stands  --any callout connects-->  nothing
 *
 * While it is suspected nothing changes for senders; and suspected it stays
 * where too few can be tried. */
#ifndef VERIFY_WALL_H
#define VERIFY_WALL_H

#include "base/address.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

/** So many hosts one after the other that could not be connected to, and
 * nobody who could for so long, are suspicious. */
#define WALL_HOSTS 10
#define WALL_S     300

/** Behind a wall one callout in so long is made, to see whether it is gone. */
#define WALL_TRY_S 60

/** Hosts of our own choice are tried no more often than so. */
#define WALL_HEARING_S 60

/** A wall that stands is said again after so long, and so is a suspicion that
 * comes to nothing. */
#define WALL_SAY_S 3600

/** Its fields are the module's, but for reading; all zeros: none has been met.
 * Not thread-safe. */
struct wall {
    struct address missed[WALL_HOSTS]; /* each another one */
    size_t count;
    instant since; /* of the first of them */
    bool suspected, stands;
    bool trying; /* a hearing is under way */
    instant next_try, next_hearing;
    instant next_word, next_doubt; /* of what stands, of what does not */
};

/** The host could not be connected to. */
void wall_missed(struct wall *wall, const struct address *host, instant now);

/** A host was connected to, whatever it said. */
void wall_passed(struct wall *wall);

/** Whether hosts of our own choice are to be tried now. If so that has begun,
 * until wall_heard. */
bool wall_wants_hearing(struct wall *wall, instant now);

/** What a hearing shows. */
enum wall_proof {
    WALL_PROOF_NONE,  /* too few could be tried */
    WALL_PROOF_SHUT,  /* none could be connected to */
    WALL_PROOF_PASSES /* one answers */
};

/** The hearing is over; nothing if a callout has connected meanwhile, or it was
 * told before.
 * @param hosts  who was tried, and how that went, for the log */
void wall_heard(struct wall *wall, enum wall_proof proof, const char *hosts,
                instant now);

/** Whether a callout may be begun. */
bool wall_lets(struct wall *wall, instant now);

#endif
