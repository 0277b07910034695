/* SPDX-License-Identifier: BSD-2-Clause */
/* packets_fuzz.c - what mail servers send, read as libmilter reads it, in
 * pieces of any size: a packet is refused when it has macros and an odd number
 * of strings, and no other. The first octet of an input is the largest piece;
 * the rest is what comes by the connection. */
#include "fuzz.h"
#include "milter/packets.h"

#include <stdbool.h>
#include <string.h>

#define MACROS 'D'
#define FROM   7

/** What is left of what comes. */
struct wire {
    const uint8_t *at;
    size_t left, most;
    struct packet packet;
};

/* Read a part whole. False: it ended, or a read was refused, which no read but
 * the last may be. */
static bool read_part(struct wire *wire, size_t size, bool *refused)
{
    *refused = false;
    while (size > 0) {
        size_t got = size < wire->most ? size : wire->most;
        got = got < wire->left ? got : wire->left;
        REQUIRE(!*refused);
        *refused = !packet_take(&wire->packet, FROM, size, wire->at, (long)got);
        if (got == 0)
            return false;
        wire->at += got;
        wire->left -= got;
        size -= got;
    }
    return !*refused;
}

/* Of macros all is strings but the stage. */
static bool is_odd(const uint8_t *rest, size_t size)
{
    size_t strings = 0;
    for (size_t i = 1; i < size; i++)
        strings += rest[i] == '\0' ? 1 : 0;
    return strings % 2 == 1;
}

/* False: libmilter hangs up. */
static bool read_packet(struct wire *wire)
{
    const uint8_t *header = wire->at, *rest;
    bool refused;
    if (!read_part(wire, PACKET_HEADER_SIZE, &refused)) {
        REQUIRE(!refused);
        return false;
    }
    const uint32_t size = (uint32_t)header[0] << 24 |
                          (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 |
                          header[3];
    if (size == 0 || size - 1 > PACKET_SIZE_MOST)
        return false;
    rest = wire->at;
    const bool whole = wire->left >= size - 1;
    const bool taken = read_part(wire, size - 1, &refused);
    REQUIRE(refused ==
            (whole && header[4] == MACROS && is_odd(rest, size - 1)));
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    if (length == 0)
        return 0;
    struct wire wire = {.at = octets + 1,
                        .left = length - 1,
                        .most = octets[0] == 0 ? 1 : octets[0]};
    while (read_packet(&wire))
        continue;
    return 0;
}
