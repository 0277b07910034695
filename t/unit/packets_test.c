/* SPDX-License-Identifier: BSD-2-Clause */
/* packets_test.c - M19: packets of macros as libmilter reads them, whole and in
 * pieces, and what else a thread reads between */
#include "milter/packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
#define FROM          7

struct row {
    const char *name;
    char command;
    const char *rest;
    size_t size;
    bool taken;
};

#define TEXT(text) text, sizeof(text) - 1

static const struct row rows[] = {
    {"a macro and its value", 'D', TEXT("Mi\0AB12\0"), true},
    {"two macros", 'D', TEXT("Mi\0AB12\0{auth_authen}\0bob\0"), true},
    {"a value that is empty", 'D', TEXT("Mi\0\0"), true},
    {"a name and a value that are empty", 'D', TEXT("M\0\0"), true},
    {"no macro", 'D', TEXT("M"), true},
    {"a macro alone", 'D', TEXT("Mi\0"), false},
    {"an empty name alone", 'D', TEXT("M\0"), false},
    {"a macro, its value and a macro", 'D', TEXT("Mi\0AB12\0j\0"), false},
    {"a NUL as stage is no string", 'D', TEXT("\0i\0AB12\0"), true},
    {"a NUL as stage, and a macro alone", 'D', TEXT("\0i\0"), false},
    {"a last string without an end", 'D', TEXT("Mi\0AB12\0j"), true},
    {"another packet", 'M', TEXT("<a@b.example>\0"), true},
    {"another packet with two strings", 'R', TEXT("<a@b.example>\0X=1\0"),
     true},
};

static size_t make(uint8_t octets[64], const struct row *row)
{
    const uint8_t size = (uint8_t)(row->size + 1);

    memset(octets, 0, 64);
    octets[3] = size;
    octets[4] = (uint8_t)row->command;
    memcpy(octets + PACKET_HEADER_SIZE, row->rest, row->size);
    return row->size + PACKET_HEADER_SIZE;
}

/* As libmilter does: all that is left of a part is asked for; `most` come. */
static bool feed(struct packet *packet, const uint8_t *octets, size_t size,
                 size_t most)
{
    const size_t parts[] = {PACKET_HEADER_SIZE, size - PACKET_HEADER_SIZE};
    bool taken = true;

    for (size_t part = 0; part < LENGTH(parts); part++) {
        size_t left = parts[part];
        while (left > 0) {
            const size_t got = left < most ? left : most;
            taken = packet_take(packet, FROM, left, octets, (long)got);
            octets += got;
            left -= got;
            if (left > 0)
                assert_true(taken);
        }
    }
    return taken;
}

static void test_packets(void **state)
{
    struct packet packet = {0};
    uint8_t octets[64];

    for (size_t most = 1; most < 64; most++) {
        for (size_t i = 0; i < LENGTH(rows); i++) {
            const size_t size = make(octets, &rows[i]);
            if (feed(&packet, octets, size, most) != rows[i].taken)
                fail_msg("%s, %zu octets at once", rows[i].name, most);
        }
    }
}

/* A packet that breaks off, an error, a read of others': the next is counted
 * from its begin. */
static void test_broken(void **state)
{
    const struct row odd = {NULL, 'D', TEXT("Mi\0"), false};
    const struct row even = {NULL, 'D', TEXT("Mi\0AB12\0"), true};
    uint8_t octets[64], other[64] = {0};
    struct packet packet = {0};

    const size_t size = make(octets, &odd);
    for (long got = -1; got <= 0; got++) {
        for (size_t at = 1; at < size; at++) {
            if (at <= PACKET_HEADER_SIZE) {
                packet_take(&packet, FROM, PACKET_HEADER_SIZE, octets,
                            (long)at);
                packet_take(&packet, FROM, PACKET_HEADER_SIZE - at, NULL, got);
            } else {
                packet_take(&packet, FROM, PACKET_HEADER_SIZE, octets,
                            PACKET_HEADER_SIZE);
                packet_take(&packet, FROM, size - PACKET_HEADER_SIZE,
                            octets + PACKET_HEADER_SIZE,
                            (long)(at - PACKET_HEADER_SIZE));
                packet_take(&packet, FROM, size - at, NULL, got);
            }
            uint8_t whole[64];
            size_t whole_size = make(whole, &even);
            assert_true(feed(&packet, whole, whole_size, 64));
            whole_size = make(whole, &odd);
            assert_false(feed(&packet, whole, whole_size, 64));
        }
    }
    packet_take(&packet, FROM, PACKET_HEADER_SIZE, octets, PACKET_HEADER_SIZE);
    assert_true(packet_take(&packet, FROM + 1, 3, other, 3));
    assert_false(feed(&packet, octets, size, 64));
    assert_true(packet_take(&packet, FROM, 64, other, 64));
    assert_false(feed(&packet, octets, size, 64));
}

/* Lengths that libmilter does not take: nothing of them comes. */
static void test_lengths(void **state)
{
    static const uint8_t headers[][PACKET_HEADER_SIZE] = {
        {0, 0, 0, 0, 'D'},          {0, 0, 0, 1, 'D'},
        {0, 1, 0, 1, 'D'},          {0xff, 0xff, 0xff, 0xff, 'D'},
        {0x17, 0x03, 0x03, 0, 'D'}, /* of TLS */
    };
    const struct row odd = {NULL, 'D', TEXT("Mi\0"), false};
    struct packet packet = {0};
    uint8_t octets[64];

    const size_t size = make(octets, &odd);
    for (size_t i = 0; i < LENGTH(headers); i++) {
        assert_true(packet_take(&packet, FROM, PACKET_HEADER_SIZE, headers[i],
                                PACKET_HEADER_SIZE));
        assert_false(feed(&packet, octets, size, 64));
    }
}

/* The program's read() gives what is there, and an end for such a packet. */
static void test_read(void **state)
{
    const struct row odd = {NULL, 'D', TEXT("Mi\0"), false};
    uint8_t octets[64], got[64];
    int ends[2];

    const size_t size = make(octets, &odd);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(write(ends[0], octets, size), size);
    assert_int_equal(read(ends[1], got, PACKET_HEADER_SIZE),
                     PACKET_HEADER_SIZE);
    assert_memory_equal(got, octets, PACKET_HEADER_SIZE);
    assert_int_equal(read(ends[1], got, size - PACKET_HEADER_SIZE), 0);
    assert_int_equal(write(ends[0], "text", 4), 4);
    assert_int_equal(read(ends[1], got, sizeof(got)), 4);
    assert_memory_equal(got, "text", 4);
    close(ends[0]);
    assert_int_equal(read(ends[1], got, sizeof(got)), 0);
    close(ends[1]);
    assert_int_equal(read(ends[1], got, sizeof(got)), -1);
}

/* A packet that was given up in its middle: five octets are left of it, as many
 * as a header has. */
static void test_given_up(void **state)
{
    const struct row broken = {NULL, 'D', TEXT("Mi\0A\0"), true};
    const struct row odd = {NULL, 'D', TEXT("Mi\0AB12\0j\0"), false};
    uint8_t octets[64], got[64];
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    (void)make(octets, &broken);
    assert_int_equal(write(ends[0], octets, PACKET_HEADER_SIZE),
                     PACKET_HEADER_SIZE);
    assert_int_equal(read(ends[1], got, PACKET_HEADER_SIZE),
                     PACKET_HEADER_SIZE);
    packets_forget();
    const size_t size = make(octets, &odd);
    assert_int_equal(write(ends[0], octets, size), size);
    assert_int_equal(read(ends[1], got, PACKET_HEADER_SIZE),
                     PACKET_HEADER_SIZE);
    assert_int_equal(read(ends[1], got, size - PACKET_HEADER_SIZE), 0);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets),  cmocka_unit_test(test_broken),
        cmocka_unit_test(test_lengths),  cmocka_unit_test(test_read),
        cmocka_unit_test(test_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
