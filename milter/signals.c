/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c - a handler that writes one octet to a pipe, and its reader */
#include "milter/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A signal handler is handed nothing but its number. */
static int pipe_ends[2];

static void tell(char what)
{
    const int saved = errno;
    const ssize_t written = write(pipe_ends[1], &what, 1);

    (void)written; /* a full pipe holds enough of them */
    errno = saved;
}

static void handle(int signal)
{
    switch (signal) {
    case SIGTERM:
    case SIGINT:
        tell('s');
        break;
    default:
        tell('r');
    }
}

/* libmilter calls this one and not the C library's: a program's functions come
 * before those of its libraries. Its signal thread, in which all signals are
 * blocked, would otherwise take what the kernel does not hand to the main
 * thread: a SIGHUP while a SIGUSR1 is on its way to it, or after SIGCONT. */
int sigwait(const sigset_t *set, int *sig)
{
    (void)set;
    (void)sig;
    for (;;)
        pause();
}

void signals_end(void)
{
    tell('e');
}

bool signals_begin(void)
{
    static const int taken[] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT};
    struct sigaction action = {.sa_handler = handle,
                               .sa_flags = SA_NODEFER | SA_RESTART};

    if (pipe(pipe_ends) != 0)
        return false;
    for (size_t i = 0; i < 2; i++) {
        fcntl(pipe_ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(pipe_ends[i], F_SETFL, O_NONBLOCK);
    }
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (sigaction(taken[i], &action, NULL) != 0)
            return false;
    action.sa_handler = SIG_IGN;
    return sigaction(SIGPIPE, &action, NULL) == 0;
}

enum event signals_wait(void)
{
    struct pollfd readable = {.fd = pipe_ends[0], .events = POLLIN};
    char told[4096];
    ssize_t count;

    for (;;) {
        if (poll(&readable, 1, -1) < 0 && errno != EINTR)
            return EVENT_STOP;
        count = read(pipe_ends[0], told, sizeof told);
        if (count > 0)
            break;
    }
    if (memchr(told, 's', (size_t)count)) {
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        return EVENT_STOP;
    }
    return memchr(told, 'e', (size_t)count) ? EVENT_ENDED : EVENT_RELOAD;
}
