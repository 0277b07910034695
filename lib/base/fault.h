/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.h - what a fault of our own comes from: carried from where the system
 * refuses to where a verdict is logged */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

enum fault {
    FAULT_NONE,   /* nothing to be said: there is none, or it is another one */
    FAULT_MEMORY, /* no memory */
    FAULT_DESCRIPTOR,
    FAULT_PORT /* no port that is free, of the address to call from */
};
#define FAULT_COUNT (FAULT_PORT + 1)

/** What an error of the system says, as errno has it. */
enum fault fault_of(int error);

/** "no memory", "no descriptor" ...: for a verdict's detail; empty for
 * FAULT_NONE. */
const char *fault_text(enum fault fault);

#endif
