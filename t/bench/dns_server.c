/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_server.c - a DNS server for the benches: its answers follow from the
 * question alone, and come after a fixed delay
 *
 *   dns_server [-d DELAY_MS] [-a ADDRESS] [-s SUFFIX]... [-m]
 *
 *   -d  milliseconds from a question to its answer (0)
 *   -a  the A record of all names but those that begin with an address
 *       (127.0.0.2)
 *   -s  what follows the address in the names of PTR records (client.example);
 *       given again, there are as many records
 *   -m  mute: takes questions and never answers
 *
 * Listens on UDP at 127.0.0.1 on a port of the system's choice and prints it.
 * At SIGUSR1 it prints how many questions it has had.
 *
 *   PTR  D.C.19.198.in-addr...  ten names, each below a domain of its own in
 *                               `mute`, others each time
 *   PTR  D.C.B.A.in-addr.arpa   A-B-C-D.SUFFIX
 *   A    2.0.0.127.ANYTHING     127.0.0.2, the test entry of a DNS list
 *   any  ANYTHING.bl.example    no such data, for nobody is on its lists
 *   A    A-B-C-D.ANYTHING       A.B.C.D
 *   A    ANYTHING.tar.example   127.0.0.3, for a tarpit
 *   A    any other name         ADDRESS
 *   MX   ANYTHING.mx.mute       five such names
 *   any  ANYTHING.mute          no answer
 *   MX   any other name         10 mx.NAME
 *   else                        no such data
 *
 * Names that end neither in example, mute nor arpa do not exist, as everywhere:
 * a resolver that finds them is not believed.
 *
 * The delay being one for all, answers leave in the order of the questions.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET_SIZE   512
#define QUEUE_SIZE    8192 /* answers that wait for their time */
#define BUFFER_SIZE   (4 << 20)
#define DELAY_MOST_MS 1000
#define US_PER_MS     1000
#define US_PER_S      1000000
#define NS_PER_US     1000

#define SUFFIXES_MOST 4
#define TEST_ENTRY    "\0012\0010\0010\003127" /* labels, in front of a list */
#define LISTS         "\002bl\007example"
#define TARPITS       "\003tar\007example"
#define TARPIT        0x7f000003
#define NAMES         "\007example"
#define REVERSE_NAMES "\004arpa"

/** Where strangers have names whose servers are silent. */
#define MUTE         "\004mute"
#define MUTE_MX      "\002mx\004mute"
#define MUTE_PTRS    10
#define MUTE_MXS     5
#define MUTE_CLIENTS "199-0-"

#define HEADER_SIZE     12
#define NAME_MOST       255
#define LABEL_MOST      63
#define FLAGS_ANSWER    0x8580 /* QR AA RD RA */
#define NXDOMAIN        3
#define TYPE_A          1
#define TYPE_SOA        6
#define TYPE_PTR        12
#define TYPE_MX         15
#define CLASS_IN        1
#define TTL             3600
#define POINTER         0xc000 /* to where a name was written before */
#define NAME_OF_QUERY   (POINTER | HEADER_SIZE)
#define OCTETS_OF_V4    4
#define OCTET_TEXT_SIZE 4

struct answer {
    int64_t due;
    struct sockaddr_in to;
    size_t length;
    unsigned char packet[PACKET_SIZE];
};

struct server {
    int fd;
    int64_t delay_us;
    struct in_addr address;
    const char *suffixes[SUFFIXES_MOST];
    size_t suffix_count;
    bool mute;
    unsigned long questions;
    unsigned long invented; /* names below `mute` */
    struct answer *queue;   /* a ring */
    size_t first, count;
};

/** The question of a packet. */
struct question {
    const unsigned char *name; /* in wire form, uncompressed */
    size_t name_length;
    size_t last_label; /* where in it that begins */
    uint16_t type;
    size_t end; /* of the question in the packet */
};

static volatile sig_atomic_t told; /* by SIGUSR1, to print the count */

static void on_tell(int number)
{
    (void)number;
    told = 1;
}

static bool read_question(const unsigned char *packet, size_t length,
                          struct question *question)
{
    size_t at = HEADER_SIZE;

    if (length < HEADER_SIZE + 1 || packet[2] & 0x80 || packet[4] != 0 ||
        packet[5] != 1)
        return false;
    question->name = packet + at;
    question->last_label = 0;
    while (packet[at] != 0) {
        if (packet[at] > LABEL_MOST || at + packet[at] + 1 >= length)
            return false;
        question->last_label = at - HEADER_SIZE;
        at += (size_t)packet[at] + 1;
    }
    question->name_length = at + 1 - HEADER_SIZE;
    question->end = at + 5;
    if (question->name_length > NAME_MOST || question->end > length)
        return false;
    question->type = (uint16_t)(packet[at + 1] << 8 | packet[at + 2]);
    return true;
}

static void put(struct answer *answer, const void *octets, size_t length)
{
    memcpy(answer->packet + answer->length, octets, length);
    answer->length += length;
}

static void put_u16(struct answer *answer, unsigned value)
{
    const uint16_t wire = htons((uint16_t)value);

    put(answer, &wire, sizeof wire);
}

static void put_label(struct answer *answer, const char *label, size_t length)
{
    const unsigned char size = (unsigned char)length;

    put(answer, &size, 1);
    put(answer, label, length);
}

/* Without the last one's end: a pointer or the root follows. */
static void put_labels(struct answer *answer, const char *name)
{
    while (*name) {
        const size_t length = strcspn(name, ".");

        put_label(answer, name, length);
        name += length;
        name += *name == '.';
    }
}

static void put_record(struct answer *answer, unsigned owner, unsigned type,
                       unsigned length)
{
    put_u16(answer, owner);
    put_u16(answer, type);
    put_u16(answer, CLASS_IN);
    put_u16(answer, 0); /* upper half of the TTL */
    put_u16(answer, TTL);
    put_u16(answer, length);
}

/* The address that the first label spells, or the one for all. */
static struct in_addr address_of(const struct server *server,
                                 const struct question *question)
{
    char text[LABEL_MOST + 1];
    struct in_addr address;

    memcpy(text, question->name + 1, question->name[0]);
    text[question->name[0]] = '\0';
    for (char *dash = text; (dash = strchr(dash, '-'));)
        *dash = '.';
    return inet_pton(AF_INET, text, &address) == 1 ? address : server->address;
}

/* The octets of a name below in-addr.arpa with dashes between them, the first
 * one last. */
static bool write_client(const struct question *question, char *text,
                         size_t size)
{
    const unsigned char *label = question->name;
    char octet[OCTETS_OF_V4][OCTET_TEXT_SIZE];

    for (size_t i = 0; i < OCTETS_OF_V4; i++) {
        if (label[0] == 0 || label[0] >= OCTET_TEXT_SIZE)
            return false;
        memcpy(octet[i], label + 1, label[0]);
        octet[i][label[0]] = '\0';
        label += label[0] + 1;
    }
    snprintf(text, size, "%s-%s-%s-%s", octet[3], octet[2], octet[1], octet[0]);
    return true;
}

/* Records with names that nobody has asked for, each in a domain of its own. */
static unsigned put_mute(struct server *server, struct answer *answer,
                         unsigned type, unsigned count)
{
    char name[LABEL_MOST + 1];

    for (unsigned i = 0; i < count; i++) {
        const int length =
            snprintf(name, sizeof name, "m%lu.mute", ++server->invented);

        put_record(answer, NAME_OF_QUERY, type,
                   (unsigned)(length + 2 + (type == TYPE_MX ? 2 : 0)));
        if (type == TYPE_MX)
            put_u16(answer, 10);
        put_labels(answer, name);
        put(answer, "", 1);
    }
    return count;
}

static void put_ptr(struct answer *answer, const char *client,
                    const char *suffix)
{
    put_record(answer, NAME_OF_QUERY, TYPE_PTR,
               (unsigned)(1 + strlen(client) + 1 + strlen(suffix) + 1));
    put_labels(answer, client);
    put_labels(answer, suffix);
    put(answer, "", 1);
}

static unsigned put_ptrs(struct server *server, struct answer *answer,
                         const struct question *question)
{
    char client[OCTETS_OF_V4 * OCTET_TEXT_SIZE + 1];

    if (!write_client(question, client, sizeof client))
        return 0;
    if (strncmp(client, MUTE_CLIENTS, strlen(MUTE_CLIENTS)) == 0)
        return put_mute(server, answer, TYPE_PTR, MUTE_PTRS);
    for (size_t i = 0; i < server->suffix_count; i++)
        put_ptr(answer, client, server->suffixes[i]);
    return (unsigned)server->suffix_count;
}

static bool begins_with_test_entry(const struct question *question)
{
    return question->name_length > sizeof TEST_ENTRY &&
           memcmp(question->name, TEST_ENTRY, sizeof TEST_ENTRY - 1) == 0;
}

/* True for names below `end`, whose size counts its root label. */
static bool is_below(const struct question *question, const char *end,
                     size_t size)
{
    return question->name_length > size &&
           memcmp(question->name + question->name_length - size, end, size) ==
               0;
}

static bool exists(const struct question *question)
{
    return is_below(question, NAMES, sizeof NAMES) ||
           is_below(question, MUTE, sizeof MUTE) ||
           is_below(question, REVERSE_NAMES, sizeof REVERSE_NAMES);
}

static unsigned put_found(struct server *server, struct answer *answer,
                          const struct question *question)
{
    struct in_addr address;
    const bool tested = begins_with_test_entry(question);

    if (is_below(question, LISTS, sizeof LISTS) && !tested)
        return 0;
    switch (question->type) {
    case TYPE_A:
        address = tested ? server->address : address_of(server, question);
        if (is_below(question, TARPITS, sizeof TARPITS))
            address.s_addr = htonl(TARPIT);
        put_record(answer, NAME_OF_QUERY, TYPE_A, sizeof address);
        put(answer, &address, sizeof address);
        return 1;
    case TYPE_PTR:
        return put_ptrs(server, answer, question);
    case TYPE_MX:
        if (is_below(question, MUTE_MX, sizeof MUTE_MX))
            return put_mute(server, answer, TYPE_MX, MUTE_MXS);
        put_record(answer, NAME_OF_QUERY, TYPE_MX, 2 + 3 + 2);
        put_u16(answer, 10);
        put_labels(answer, "mx");
        put_u16(answer, NAME_OF_QUERY);
        return 1;
    default:
        return 0;
    }
}

/* The zone that says for how long there is no such data: the last label. */
static void put_soa(struct answer *answer, const struct question *question)
{
    const unsigned zone = NAME_OF_QUERY + (unsigned)question->last_label;

    put_record(answer, zone, TYPE_SOA, 2 + 2 + 5 * 4);
    put_u16(answer, zone);
    put_u16(answer, zone);
    for (int i = 0; i < 5; i++) { /* serial, refresh, retry, expire, minimum */
        put_u16(answer, 0);
        put_u16(answer, TTL);
    }
}

static bool is_mute(const struct server *server,
                    const struct question *question)
{
    return server->mute || (is_below(question, MUTE, sizeof MUTE) &&
                            !(question->type == TYPE_MX &&
                              is_below(question, MUTE_MX, sizeof MUTE_MX)));
}

static void write_answer(struct server *server, struct answer *answer,
                         const struct question *question,
                         const unsigned char *packet)
{
    const bool is_there = exists(question);
    unsigned found;

    answer->length = 0;
    put(answer, packet, 2);
    put_u16(answer, FLAGS_ANSWER | (is_there ? 0 : NXDOMAIN));
    put_u16(answer, 1);
    put(answer, "\0\0\0\0\0", 6);
    put(answer, packet + HEADER_SIZE, question->end - HEADER_SIZE);
    found = is_there ? put_found(server, answer, question) : 0;
    if (!found)
        put_soa(answer, question);
    answer->packet[7] = (unsigned char)found;
    answer->packet[9] = !found;
}

static void receive(struct server *server)
{
    struct sockaddr_in from;
    socklen_t from_length = sizeof from;
    unsigned char packet[PACKET_SIZE];
    struct question question;
    struct answer *answer;
    ssize_t length;

    while (server->count < QUEUE_SIZE &&
           (length = recvfrom(server->fd, packet, sizeof packet, MSG_DONTWAIT,
                              (struct sockaddr *)&from, &from_length)) >= 0) {
        if (!read_question(packet, (size_t)length, &question))
            continue;
        server->questions++;
        if (is_mute(server, &question))
            continue;
        answer = &server->queue[(server->first + server->count++) % QUEUE_SIZE];
        answer->due = bench_now_us() + server->delay_us;
        answer->to = from;
        write_answer(server, answer, &question, packet);
    }
}

static void send_due(struct server *server)
{
    const int64_t now = bench_now_us();

    while (server->count > 0 && server->queue[server->first].due <= now) {
        const struct answer *answer = &server->queue[server->first];

        (void)sendto(server->fd, answer->packet, answer->length, 0,
                     (const struct sockaddr *)&answer->to, sizeof answer->to);
        server->first = (server->first + 1) % QUEUE_SIZE;
        server->count--;
    }
}

/* Until a question comes, an answer is due, or a signal, which is blocked
 * everywhere else. */
static void wait_for_something(const struct server *server,
                               const sigset_t *while_waiting)
{
    struct timespec until = {0};
    fd_set readable;

    FD_ZERO(&readable);
    if (server->count < QUEUE_SIZE)
        FD_SET(server->fd, &readable);
    if (server->count > 0) {
        const int64_t us = server->queue[server->first].due - bench_now_us();

        if (us > 0) {
            until.tv_sec = us / US_PER_S;
            until.tv_nsec = us % US_PER_S * NS_PER_US;
        }
    }
    if (pselect(server->fd + 1, &readable, NULL, NULL,
                server->count > 0 ? &until : NULL, while_waiting) < 0 &&
        errno != EINTR)
        bench_fail("pselect", errno);
}

static void serve(struct server *server, const sigset_t *while_waiting)
{
    for (;;) {
        wait_for_something(server, while_waiting);
        if (told) {
            told = 0;
            printf("questions %lu\n", server->questions);
            fflush(stdout);
        }
        receive(server);
        send_due(server);
    }
}

static void listen_and_tell(struct server *server)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t length = sizeof at;
    const int room = BUFFER_SIZE;

    server->fd = socket(AF_INET, SOCK_DGRAM, 0);
    /* What is lost would be waited for; others than root get what they may. */
    if (server->fd >= 0 && setsockopt(server->fd, SOL_SOCKET, SO_RCVBUFFORCE,
                                      &room, sizeof room) != 0)
        (void)setsockopt(server->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (server->fd < 0 ||
        bind(server->fd, (struct sockaddr *)&at, length) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&at, &length) != 0)
        bench_fail("no port to listen at", errno);
    printf("port %u\n", ntohs(at.sin_port));
    fflush(stdout);
}

static sigset_t catch_tell(void)
{
    struct sigaction action = {.sa_handler = on_tell};
    sigset_t blocked, before;

    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    return before;
}

int main(int argc, char **argv)
{
    struct server server = {
        .queue = bench_alloc(QUEUE_SIZE, sizeof *server.queue),
    };
    const char *address = "127.0.0.2";
    sigset_t while_waiting;
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    while ((option = getopt(argc, argv, "d:a:s:m")) != -1) {
        if (option == 'd')
            server.delay_us =
                bench_number('d', optarg, DELAY_MOST_MS) * US_PER_MS;
        else if (option == 'a')
            address = optarg;
        else if (option == 's' && strlen(optarg) <= LABEL_MOST &&
                 server.suffix_count < SUFFIXES_MOST)
            server.suffixes[server.suffix_count++] = optarg;
        else if (option == 'm')
            server.mute = true;
        else
            bench_fail("usage: dns_server [-d MS] [-a ADDRESS] [-s SUFFIX]... "
                       "[-m]",
                       0);
    }
    if (server.suffix_count == 0)
        server.suffixes[server.suffix_count++] = "client.example";
    if (inet_pton(AF_INET, address, &server.address) != 1)
        bench_fail("-a: no IPv4 address", 0);
    while_waiting = catch_tell();
    listen_and_tell(&server);
    serve(&server, &while_waiting);
}
