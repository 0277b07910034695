/* SPDX-License-Identifier: BSD-2-Clause */
/* rights.c - each right is one attempt: what a filter refuses fails with
 * EPERM, EACCES or, an address family, with EAFNOSUPPORT
 *
 * Other errors are none of a missing right: a host without IPv6 has no such
 * sockets either, and there is none to miss. */
#include "milter/rights.h"

#include "base/thread.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

struct right {
    const char *what;
    int (*attempt)(void); /* errno's value, or 0 */
    const char *settings; /* of a unit, that may take it away */
};

static int try_socket(int family, int type)
{
    const int fd = socket(family, type | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* To our own loopback address; a datagram socket sends nothing for that. */
static int try_udp(void)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof at;
    int error = 0;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    if (bind(fd, (struct sockaddr *)&at, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0 ||
        connect(fd, (struct sockaddr *)&at, size) != 0)
        error = errno;
    close(fd);
    return error;
}

static int try_tcp(void)
{
    return try_socket(AF_INET, SOCK_STREAM);
}

/* EAFNOSUPPORT is no sign of a filter here, but of a host without IPv6. */
static int try_ipv6(void)
{
    int error = try_socket(AF_INET6, SOCK_DGRAM);

    if (error == 0)
        error = try_socket(AF_INET6, SOCK_STREAM);
    return error == EAFNOSUPPORT ? 0 : error;
}

/* syslog, the service manager, and ourselves */
static int try_unix(void)
{
    const int error = try_socket(AF_UNIX, SOCK_DGRAM);

    return error ? error : try_socket(AF_UNIX, SOCK_STREAM);
}

static int try_addresses(void)
{
    struct ifaddrs *interfaces;

    if (getifaddrs(&interfaces) != 0)
        return errno;
    freeifaddrs(interfaces);
    return 0;
}

static int try_random(void)
{
    char octet;

    return getentropy(&octet, sizeof octet) == 0 ? 0 : errno;
}

static void *do_nothing(void *unused)
{
    return unused;
}

/* thread_start does not tell why; it is the first one, so that it is hardly a
 * matter of memory. */
static int try_thread(void)
{
    pthread_t thread;

    if (!thread_start(&thread, do_nothing, NULL))
        return EPERM;
    pthread_join(thread, NULL);
    return 0;
}

static const struct right rights[] = {
    {"a thread", try_thread, "TasksMax=, LimitNPROC=, SystemCallFilter="},
    {"a UDP socket of IPv4", try_udp,
     "RestrictAddressFamilies=AF_INET, SystemCallFilter="},
    {"a TCP socket of IPv4", try_tcp,
     "RestrictAddressFamilies=AF_INET, SystemCallFilter="},
    {"sockets of IPv6", try_ipv6,
     "RestrictAddressFamilies=AF_INET6, SystemCallFilter="},
    {"sockets of AF_UNIX", try_unix,
     "RestrictAddressFamilies=AF_UNIX, SystemCallFilter="},
    {"this host's addresses", try_addresses,
     "RestrictAddressFamilies=AF_NETLINK, SystemCallFilter="},
    {"random octets", try_random, "SystemCallFilter="},
};

static bool is_refusal(int error)
{
    return error == EPERM || error == EACCES || error == EAFNOSUPPORT;
}

int rights_check(char *why, size_t why_size)
{
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        const int error = rights[i].attempt();

        if (!is_refusal(error))
            continue;
        snprintf(why, why_size,
                 "a right is missing: %s: %s; under systemd look at %s of the "
                 "unit",
                 rights[i].what, strerror(error), rights[i].settings);
        return EX_NOPERM;
    }
    return EX_OK;
}
