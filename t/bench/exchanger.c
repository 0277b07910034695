/* SPDX-License-Identifier: BSD-2-Clause */
/* exchanger.c - a mail exchanger for the benches' callouts: it takes every
 * sender and every recipient, one connection after the other
 *
 *   exchanger [ADDRESS]
 *
 * Listens at ADDRESS (127.0.0.2) on a port of the system's choice and prints
 * it.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 5
#define LINE_SIZE  1024

static int listen_at(const char *address)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t length = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
        bench_fail("usage: exchanger [IPv4-ADDRESS]", 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) != 0 ||
        listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &length) != 0)
        bench_fail("no port to listen at", errno);
    printf("port %u\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

/* Until QUIT, silence, or the end of the connection. */
static void converse(FILE *from, int to)
{
    const char greeting[] = "220 mx.sender.example ESMTP\r\n";
    const char agreed[] = "250 2.0.0 Ok\r\n";
    const char farewell[] = "221 2.0.0 Bye\r\n";
    char line[LINE_SIZE];

    if (write(to, greeting, sizeof greeting - 1) < 0)
        return;
    while (fgets(line, sizeof line, from)) {
        if (strncasecmp(line, "QUIT", 4) == 0) {
            (void)!write(to, farewell, sizeof farewell - 1);
            return;
        }
        if (write(to, agreed, sizeof agreed - 1) < 0)
            return;
    }
}

int main(int argc, char **argv)
{
    const int listening = listen_at(argc > 1 ? argv[1] : "127.0.0.2");
    const struct timeval patience = {PATIENCE_S, 0};

    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        const int fd = accept(listening, NULL, NULL);
        FILE *from = fd < 0 ? NULL : fdopen(fd, "r");

        if (!from)
            bench_fail("accept", errno);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        converse(from, fd);
        fclose(from);
    }
}
