/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_server.h - a DNS server on loopback, played in the test's own thread, and
 * a clock that stands still until it is moved */
#ifndef UNIT_DNS_SERVER_H
#define UNIT_DNS_SERVER_H

#include "dns/settings.h"
#include "dns_wire.h"
#include "loop/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct dns_play;

/** What to say to a query: a reply that is freed after it was sent; or NULL:
 * nothing. */
typedef struct wire *dns_play_script(struct dns_play *play,
                                     const uint8_t *query, size_t length,
                                     bool tcp);

#define PLAY_CONNECTIONS 4

struct dns_play {
    dns_play_script *script;
    int udp, listener;
    int connections[PLAY_CONNECTIONS];
    size_t connected;
    struct sockaddr_in client; /* who asked last, over UDP */
    unsigned queries, streams; /* taken over UDP and TCP */
    uint16_t id, last_id;      /* of the last query, and of the one before */
    uint16_t last_port;        /* that the one before came from */
    size_t tcp_most;           /* octets of a reply over TCP; 0: all */
    bool tcp_hangs_up;         /* after them */
};

static inline void play_must(bool well)
{
    if (!well) {
        perror("dns_server.h");
        abort();
    }
}

/* A free UDP port need not be free for TCP: false then. */
static inline bool play_bind(struct dns_play *play, bool tcp)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);
    play->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    play_must(bind(play->udp, (struct sockaddr *)&at, length) == 0 &&
              getsockname(play->udp, (struct sockaddr *)&at, &length) == 0);
    if (!tcp)
        return true;
    play->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    return bind(play->listener, (struct sockaddr *)&at, length) == 0 &&
           listen(play->listener, PLAY_CONNECTIONS) == 0;
}

static inline void play_close(struct dns_play *play);

/** @param tcp  listen there as well */
static inline void play_open(struct dns_play *play, dns_play_script *script,
                             bool tcp)
{
    *play = (struct dns_play){.script = script, .listener = -1};
    while (!play_bind(play, tcp)) {
        play_must(errno == EADDRINUSE);
        play_close(play);
    }
}

static inline void play_close(struct dns_play *play)
{
    for (size_t i = 0; i < play->connected; i++)
        (void)close(play->connections[i]);
    if (play->listener >= 0)
        (void)close(play->listener);
    if (play->udp >= 0)
        (void)close(play->udp);
    play->connected = 0;
    play->listener = play->udp = -1;
}

static inline struct dns_server play_server(const struct dns_play *play)
{
    struct sockaddr_in at;
    socklen_t length = sizeof(at);
    struct dns_server server = {0};
    play_must(getsockname(play->udp, (struct sockaddr *)&at, &length) == 0 &&
              address_from_socket(&server.address, (struct sockaddr *)&at));
    server.port = ntohs(at.sin_port);
    return server;
}

static inline void play_send(struct dns_play *play, const struct wire *wire)
{
    play_must(sendto(play->udp, wire->octets, wire->length, 0,
                     (const struct sockaddr *)&play->client,
                     sizeof(play->client)) >= 0);
}

/** Take one query over UDP. False: there is none. */
static inline bool play_datagram(struct dns_play *play)
{
    uint8_t query[512];
    uint16_t port = play->client.sin_port;
    socklen_t size = sizeof(play->client);
    ssize_t length = recvfrom(play->udp, query, sizeof(query), 0,
                              (struct sockaddr *)&play->client, &size);
    if (length < 0)
        return false;
    play->queries++;
    play->last_port = port;
    play->last_id = play->id;
    play->id = (uint16_t)(query[0] << 8 | query[1]);
    struct wire *wire = play->script(play, query, (size_t)length, false);
    if (wire != NULL)
        play_send(play, wire);
    free(wire);
    return true;
}

/** Take a connection, if there is one. */
static inline bool play_accept(struct dns_play *play)
{
    int connection =
        play->listener < 0 ? -1 : accept(play->listener, NULL, NULL);
    if (connection < 0)
        return false;
    play_must(play->connected < PLAY_CONNECTIONS &&
              fcntl(connection, F_SETFL, O_NONBLOCK) == 0);
    play->connections[play->connected++] = connection;
    return true;
}

static inline void play_hang_up(struct dns_play *play, size_t which)
{
    (void)close(play->connections[which]);
    play->connections[which] = play->connections[--play->connected];
}

/** Take the query of a connection, in one piece as it was sent. */
static inline bool play_stream(struct dns_play *play, size_t which)
{
    uint8_t query[512];
    int connection = play->connections[which];
    ssize_t length = recv(connection, query, sizeof(query), 0);
    if (length < 0)
        return false;
    if (length == 0) { /* the client has gone */
        play_hang_up(play, which);
        return true;
    }
    play_must(length > 2 && length == 2 + (query[0] << 8 | query[1]));
    play->streams++;
    struct wire *wire = play->script(play, query + 2, (size_t)length - 2, true);
    if (wire == NULL)
        return true;
    uint8_t prefix[2] = {(uint8_t)(wire->length >> 8), (uint8_t)wire->length};
    size_t most = play->tcp_most == 0 ? wire->length : play->tcp_most;
    play_must(send(connection, prefix, 2, MSG_NOSIGNAL) == 2 &&
              send(connection, wire->octets, most, MSG_NOSIGNAL) ==
                  (ssize_t)most);
    free(wire);
    if (play->tcp_hangs_up)
        play_hang_up(play, which);
    return true;
}

/** Take all that has come. False: nothing. */
static inline bool play_turn(struct dns_play *play)
{
    bool any = false;
    while (play->udp >= 0 && play_datagram(play))
        any = true;
    while (play_accept(play))
        any = true;
    for (size_t i = 0; i < play->connected; i++)
        any = play_stream(play, i) || any;
    return any;
}

/** A quarter of a millisecond of real time for what the kernel has to do. */
static inline void play_rest(void)
{
    const struct timespec rest = {.tv_nsec = 250000};
    (void)nanosleep(&rest, NULL);
}

/** A clock that stands still. */
struct stopped_clock {
    struct clock clock;
    instant at;
};

static inline instant stopped_now(void *context)
{
    const struct stopped_clock *stopped = context;
    return stopped->at;
}

static inline int64_t stopped_wall(void *context)
{
    (void)context;
    return 0;
}

static inline void stopped_clock_begin(struct stopped_clock *stopped)
{
    *stopped = (struct stopped_clock){{stopped_now, stopped_wall, stopped},
                                      (instant)1000 * 1000000};
}

#endif
