/* SPDX-License-Identifier: BSD-2-Clause */
/* packets.h - the packets that libmilter reads, looked at as they come in
 *
 * A packet of macros is a stage and then strings, a name and a value by turns.
 * smfi_getsymval() goes through them in steps of two, and beyond their end when
 * their number is odd: a mail server never sends that, but whoever may connect
 * can, and the process ends (contrib/UPSTREAM). libmilter offers nothing to ask
 * for macros by that does not go through them all. So the program has a read()
 * of its own, which libmilter calls, as it does our sigwait(): it does what the
 * C library's does, but that such a packet is the end of its connection.
 *
 * libmilter reads a packet in one go, on one thread: four octets of length and
 * one that says what it is, and then the rest, each time all that is left of
 * the part. So what is known of the packet hangs on the thread, as a stack
 * would; a read() that does not ask for just that begins a new one, and so does
 * whatever comes after the session's end. What others read goes by unchanged. A
 * libmilter that reads by another call is not looked at: then the service
 * manager is what starts us again.
 */
#ifndef MILTER_PACKETS_H
#define MILTER_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_HEADER_SIZE 5
#define PACKET_SIZE_MOST   65535 /* libmilter takes no longer ones */

/** The packet that is being read; all zero: none. */
struct packet {
    int from;      /* the descriptor */
    uint32_t left; /* octets of the part being read */
    unsigned had;  /* octets of the header; all: the rest is being read */
    uint8_t header[PACKET_HEADER_SIZE];
    bool stage_read; /* of macros: the stage is no string */
    bool odd;        /* of macros: the number of strings so far */
};

/**
 * Note what a read() of `asked` octets from `from` gave.
 * @param got  what it returned, 0 and -1 too
 * @return false: it is the end of a packet of macros that libmilter must not
 *         have
 */
bool packet_take(struct packet *packet, int from, size_t asked,
                 const void *octets, long got);

/** The session that this thread has read from is over. libmilter gives up a
 * packet that does not go on, without a read() that would tell; the next
 * connection may have the same descriptor. */
void packets_forget(void);

#endif
