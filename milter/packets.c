/* SPDX-License-Identifier: BSD-2-Clause */
/* packets.c - counting the strings of macro packets within read() */
#define _GNU_SOURCE    /* RTLD_NEXT */
#undef _FORTIFY_SOURCE /* it has a read() of its own, in place */
#include "milter/packets.h"

#include "base/log.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MACROS 'D'

/* The rest of the packet comes next, if there is one and libmilter takes it. */
static void begin_rest(struct packet *packet)
{
    const uint8_t *at = packet->header;
    const uint32_t size = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
                          (uint32_t)at[2] << 8 | at[3];

    if (size <= 1 || size - 1 > PACKET_SIZE_MOST)
        *packet = (struct packet){0};
    else
        packet->left = size - 1;
}

static void take_header(struct packet *packet, const uint8_t *octets,
                        size_t count)
{
    memcpy(packet->header + packet->had, octets, count);
    packet->had += (unsigned)count;
    packet->left -= (uint32_t)count;
    if (packet->left == 0)
        begin_rest(packet);
}

/* False at the end of an odd number of strings. */
static bool take_rest(struct packet *packet, const uint8_t *octets,
                      size_t count)
{
    const bool macros = packet->header[PACKET_HEADER_SIZE - 1] == MACROS;

    packet->left -= (uint32_t)count;
    for (size_t i = packet->stage_read ? 0 : 1; macros && i < count; i++)
        packet->odd ^= octets[i] == '\0';
    packet->stage_read = true;
    if (packet->left > 0)
        return true;
    const bool odd = packet->odd;
    *packet = (struct packet){0};
    return !odd;
}

bool packet_take(struct packet *packet, int from, size_t asked,
                 const void *octets, long got)
{
    if (packet->from != from || packet->left != asked)
        *packet = (struct packet){.from = from, .left = PACKET_HEADER_SIZE};
    if (got <= 0 || asked != packet->left) {
        *packet = (struct packet){0};
        return true;
    }
    if (packet->had == PACKET_HEADER_SIZE)
        return take_rest(packet, octets, (size_t)got);
    take_header(packet, octets, (size_t)got);
    return true;
}

/* The C library's, or that which a sanitizer has before it. */
static ssize_t read_next(int fd, void *octets, size_t size)
{
    typedef ssize_t reading(int, void *, size_t);
    static _Atomic(reading *) kept;
    reading *next = atomic_load_explicit(&kept, memory_order_relaxed);

    if (next == NULL) {
        /* ISO C has no way from an object's address to a function's. */
        void *const found = dlsym(RTLD_NEXT, "read");
        memcpy(&next, &found, sizeof(next));
        atomic_store_explicit(&kept, next, memory_order_relaxed);
    }
    return next(fd, octets, size);
}

/* That which this thread reads. */
static _Thread_local struct packet current;

void packets_forget(void)
{
    current = (struct packet){0};
}

/* libmilter calls this one and not the C library's: a program's functions come
 * before those of its libraries. */
ssize_t read(int fd, void *buf, size_t nbytes)
{
    const ssize_t got = read_next(fd, buf, nbytes);

    if (packet_take(&current, fd, nbytes, buf, got))
        return got;
    log_line(LOG_LEVEL_NOTICE, "a connection of the mail server is ended: it "
                               "sent a macro without a value");
    return 0;
}

/* What the GNU library has for read() where a compiler is told to check sizes,
 * as some releases' libmilter is built. */
ssize_t read_checked(int fd, void *octets, size_t size,
                     size_t room) __asm__("__read_chk");

ssize_t read_checked(int fd, void *octets, size_t size, size_t room)
{
    if (size > room)
        abort();
    return read(fd, octets, size);
}
