/* SPDX-License-Identifier: BSD-2-Clause */
/* network.h - what stands in the place of the network: exchangers and DNS
 * servers that say what an input has them say, and a clock that the input sets
 *
 * connection.c takes the place of smtp/connection.c, transport.c that of
 * dns/transport.c: a program with these opens no socket, and all above them is
 * the library's. Everything happens in one thread. */
#ifndef FUZZ_STAND_IN_NETWORK_H
#define FUZZ_STAND_IN_NETWORK_H

#include "dns/answer.h"
#include "loop/loop.h"
#include "smtp/connection.h"

#include <stddef.h>
#include <stdint.h>

/** Exchangers by the last octet of their address. */
#define NETWORK_HOSTS 8

/** Beginning anew: it is an hour since the machine was started, and nobody has
 * anything to say. */
void network_begin(void);

/** The simulated clock. */
extern const struct clock network_clock;

/** Let so many milliseconds pass, the loop running. */
void network_pass(struct loop *loop, uint32_t ms);

/**
 * How the next call to a host goes: `line` is "MS REPLIES"; borrowed. The last
 * one stays for all further calls.
 *   MS       from the beginning of the call, and from a command to its reply
 *   REPLIES  with `|` between, one a command and one in front: the text without
 *            CRLF, `\` a line's end inside it. Empty: silence. `^` closes, `!`
 *            breaks a handshake
 * A line that begins with `refused`, `dead` or `unreachable` is a host that
 * nobody can connect to. */
void network_host(uint32_t host, struct span line);

/** The next answer of that type, as in answers.h; "?" is silence. */
void network_dns(enum dns_type type, struct span line);

/** Calls that are open. */
size_t network_open(void);

/** The most that were open at once since network_begin: in all, each address
 * that is tried side by side counted, and to one address. */
size_t network_most(void);
size_t network_most_to_one(void);

/** Questions that the servers are at. */
size_t network_questions(void);

/* For the stand-ins. */

/** The next call to the address; false: nobody answers. */
bool network_call(const struct address *address, struct span *line);
void network_opened(const struct address *address);
void network_closed(const struct address *address);

/** What is said to the next question of that type. */
struct span network_answer(enum dns_type type);
void network_asked(int more);

#endif
