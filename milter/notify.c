/* SPDX-License-Identifier: BSD-2-Clause */
/* notify.c - sd_notify's datagrams, without a library for thirty lines */
#include "milter/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void send_state(const char *path, const char *state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const size_t length = strlen(path);
    int fd;

    if ((path[0] != '/' && path[0] != '@') || length >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, length);
    if (path[0] == '@')
        to.sun_path[0] = '\0'; /* an abstract socket */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}

void notify(const char *state, ...)
{
    const char *path = getenv("NOTIFY_SOCKET");
    char buffer[512];
    va_list arguments;

    if (!path)
        return;
    va_start(arguments, state);
    vsnprintf(buffer, sizeof buffer, state, arguments);
    va_end(arguments);
    send_state(path, buffer);
}

bool notify_is_heard(void)
{
    return getenv("NOTIFY_SOCKET") != NULL;
}

/* The number in a variable of the environment; 0: there is none. */
static uint64_t number_of(const char *name)
{
    const char *text = getenv(name);
    char *end;
    unsigned long long number;

    if (!text || *text < '0' || *text > '9')
        return 0;
    number = strtoull(text, &end, 10);
    return *end == '\0' ? number : 0;
}

uint32_t notify_patience_ms(void)
{
    const uint64_t ms = number_of("WATCHDOG_USEC") / 1000;

    if (getenv("WATCHDOG_PID") &&
        number_of("WATCHDOG_PID") != (uint64_t)getpid())
        return 0;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

void notify_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    notify("RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reading the policy file",
           (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}
