/* SPDX-License-Identifier: BSD-2-Clause */
/* exchanger.c - a mail exchanger for the benches' callouts: it takes every
 * sender and every recipient, as many connections at once as come
 *
 *   exchanger [-d DELAY_MS] [-m] [-p PORT] [ADDRESS]
 *
 *   -d  milliseconds from a command, or from the connection, to its reply (0)
 *   -m  mute: takes connections and never says a word
 *
 *   -p  the port (0: of the system's choice)
 *
 * Offers PIPELINING. Listens at ADDRESS (127.0.0.2) and prints the port. At
 * SIGUSR1 it prints how many connections it has had.
 *
 * The delay being one for all, replies leave in the order of the commands.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MOST 20000
#define QUEUE_SIZE       65536 /* replies that wait for their time */
#define LINE_SIZE        600
#define DELAY_MOST_MS    10000
#define US_PER_MS        1000
#define US_PER_S         1000000
#define NS_PER_US        1000

struct connection {
    uint32_t number; /* of all there have been: replies to others are late */
    size_t length;
    char line[LINE_SIZE]; /* what has come of a command */
};

struct reply {
    int64_t due;
    int fd;
    uint32_t number;
    const char *words;
    bool last;
};

struct exchanger {
    int64_t delay_us;
    bool mute;
    uint32_t accepted;
    struct connection *connections[CONNECTIONS_MOST]; /* by descriptor */
    struct pollfd polled[CONNECTIONS_MOST];           /* the listener first */
    nfds_t polled_count;
    struct reply *queue; /* a ring */
    size_t first, count;
};

static const char usage[] =
    "usage: exchanger [-d MS] [-m] [-p PORT] [IPv4-ADDRESS]";

static volatile sig_atomic_t told; /* by SIGUSR1, to print the count */

static void on_tell(int number)
{
    (void)number;
    told = 1;
}

static int listen_at(const char *address, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t length = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
        bench_fail(usage, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) != 0 ||
        listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &length) != 0)
        bench_fail("no port to listen at", errno);
    printf("port %u\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void answer(struct exchanger *exchanger, int fd, const char *words,
                   bool last)
{
    struct reply *reply;

    if (exchanger->mute || exchanger->count == QUEUE_SIZE)
        return;
    reply =
        &exchanger->queue[(exchanger->first + exchanger->count) % QUEUE_SIZE];
    exchanger->count++;
    *reply = (struct reply){bench_now_us() + exchanger->delay_us, fd,
                            exchanger->connections[fd]->number, words, last};
}

static void answer_line(struct exchanger *exchanger, int fd, const char *line)
{
    if (strncasecmp(line, "QUIT", 4) == 0)
        answer(exchanger, fd, "221 2.0.0 Bye\r\n", true);
    else if (strncasecmp(line, "EHLO", 4) == 0)
        answer(exchanger, fd, "250-mx.sender.example\r\n250 PIPELINING\r\n",
               false);
    else
        answer(exchanger, fd, "250 2.0.0 Ok\r\n", false);
}

static void take_connections(struct exchanger *exchanger)
{
    int fd;

    while ((fd = accept(exchanger->polled[0].fd, NULL, NULL)) >= 0) {
        if (fd >= CONNECTIONS_MOST)
            bench_fail("too many connections", 0);
        exchanger->connections[fd] =
            bench_alloc(1, sizeof *exchanger->connections[fd]);
        exchanger->connections[fd]->number = exchanger->accepted++;
        exchanger->polled[exchanger->polled_count++] =
            (struct pollfd){.fd = fd, .events = POLLIN};
        answer(exchanger, fd, "220 mx.sender.example ESMTP\r\n", false);
    }
}

static void close_at(struct exchanger *exchanger, nfds_t at)
{
    const int fd = exchanger->polled[at].fd;

    free(exchanger->connections[fd]);
    exchanger->connections[fd] = NULL;
    close(fd);
    exchanger->polled[at] = exchanger->polled[--exchanger->polled_count];
}

/* False: the other side has gone. */
static bool take_octets(struct exchanger *exchanger, int fd)
{
    struct connection *connection = exchanger->connections[fd];
    const ssize_t got = recv(fd, connection->line + connection->length,
                             LINE_SIZE - 1 - connection->length, MSG_DONTWAIT);
    char *end;

    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    connection->length += (size_t)got;
    connection->line[connection->length] = '\0';
    while ((end = strchr(connection->line, '\n'))) {
        answer_line(exchanger, fd, connection->line);
        connection->length -= (size_t)(end + 1 - connection->line);
        memmove(connection->line, end + 1, connection->length + 1);
    }
    return connection->length < LINE_SIZE - 1;
}

static void send_due(struct exchanger *exchanger)
{
    const int64_t now = bench_now_us();

    while (exchanger->count > 0 &&
           exchanger->queue[exchanger->first].due <= now) {
        const struct reply *reply = &exchanger->queue[exchanger->first];
        const struct connection *to = exchanger->connections[reply->fd];

        exchanger->first = (exchanger->first + 1) % QUEUE_SIZE;
        exchanger->count--;
        if (!to || to->number != reply->number)
            continue;
        (void)send(reply->fd, reply->words, strlen(reply->words),
                   MSG_NOSIGNAL | MSG_DONTWAIT);
        if (reply->last)
            (void)shutdown(reply->fd, SHUT_WR);
    }
}

/* Until something comes, or a reply is due. */
static void wait_for_something(struct exchanger *exchanger,
                               const sigset_t *while_waiting)
{
    struct timespec until = {0};
    int64_t us = 0;

    if (exchanger->count > 0) {
        us = exchanger->queue[exchanger->first].due - bench_now_us();
        us = us > 0 ? us : 0;
        until.tv_sec = us / US_PER_S;
        until.tv_nsec = us % US_PER_S * NS_PER_US;
    }
    if (ppoll(exchanger->polled, exchanger->polled_count,
              exchanger->count > 0 ? &until : NULL, while_waiting) < 0 &&
        errno != EINTR)
        bench_fail("ppoll", errno);
}

static void serve(struct exchanger *exchanger, const sigset_t *while_waiting)
{
    for (;;) {
        wait_for_something(exchanger, while_waiting);
        if (told) {
            told = 0;
            printf("connections %u\n", exchanger->accepted);
            fflush(stdout);
        }
        for (nfds_t i = exchanger->polled_count; i-- > 1;)
            if (exchanger->polled[i].revents &&
                !take_octets(exchanger, exchanger->polled[i].fd))
                close_at(exchanger, i);
        if (exchanger->polled[0].revents)
            take_connections(exchanger);
        send_due(exchanger);
    }
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

/* As many as the system allows. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    struct exchanger *exchanger = bench_alloc(1, sizeof *exchanger);
    const sigset_t while_waiting = catch_tell();
    uint16_t port = 0;
    int option;

    raise_descriptors();
    exchanger->queue = bench_alloc(QUEUE_SIZE, sizeof *exchanger->queue);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    while ((option = getopt(argc, argv, "d:mp:")) != -1) {
        if (option == 'd')
            exchanger->delay_us =
                (int64_t)bench_number('d', optarg, DELAY_MOST_MS) * US_PER_MS;
        else if (option == 'm')
            exchanger->mute = true;
        else if (option == 'p')
            port = (uint16_t)bench_number('p', optarg, UINT16_MAX);
        else
            bench_fail(usage, 0);
    }
    exchanger->polled[0] = (struct pollfd){
        .fd = listen_at(optind < argc ? argv[optind] : "127.0.0.2", port),
        .events = POLLIN};
    exchanger->polled_count = 1;
    serve(exchanger, &while_waiting);
}
