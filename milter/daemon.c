/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon.c - the background, with the start's outcome as the exit status */
#include "milter/daemon.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* Where the child tells that it serves; -1 in the foreground. */
static int ready_end = -1;

void daemon_open_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

/* In the process that was started: end as the child's start does. */
static void end_like(pid_t child, int readable)
{
    int status;
    char octet;

    if (read(readable, &octet, 1) == 1)
        _exit(EX_OK);
    if (waitpid(child, &status, 0) == child && WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    _exit(EX_SOFTWARE);
}

bool daemon_background(void)
{
    int ends[2];
    pid_t child;

    if (pipe(ends) != 0)
        return false;
    child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    if (child > 0) {
        close(ends[1]);
        end_like(child, ends[0]);
    }
    close(ends[0]);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    ready_end = ends[1];
    return setsid() >= 0 && chdir("/") == 0;
}

void daemon_ready(void)
{
    int null;

    if (ready_end < 0)
        return;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
    if (write(ready_end, "", 1) != 1)
        _exit(EX_OSERR); /* nobody is left to serve for */
    close(ready_end);
    ready_end = -1;
}
