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

void notify_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    notify("RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reading the policy file",
           (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}
