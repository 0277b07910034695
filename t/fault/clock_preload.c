/* SPDX-License-Identifier: BSD-2-Clause */
/* clock_preload.c - for LD_PRELOAD: a wall clock that can be set while the
 * program runs, without touching the machine's
 *
 * The file that $CLOCK_SHIFT names holds the seconds that are added to it, a
 * number with or without a sign; there is no shift while it cannot be read. The
 * monotonic clock is left alone, as by clock_settime(2). The kernel, whose wall
 * clock stays what it is, is told deadlines in its own time: libmilter's idle
 * threads have such, and would find them over again and again. */
#define _GNU_SOURCE /* RTLD_NEXT, pthread_cond_clockwait */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NUMBER_SIZE 32
/* Seconds: what is later is on the wall clock, and not on the other. */
#define WALL_LEAST 1000000000

typedef int (*clock_function)(clockid_t, struct timespec *);

static time_t shift(void)
{
    char number[NUMBER_SIZE] = "";
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment */
    const char *file = getenv("CLOCK_SHIFT");
    const int fd = file == NULL ? -1 : open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    if (read(fd, number, sizeof(number) - 1) < 0)
        number[0] = '\0';
    close(fd);
    return (time_t)strtoll(number, NULL, 10);
}

/* The headers have other names for the parameters.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    static clock_function next;
    if (next == NULL) {
        void *found = dlsym(RTLD_NEXT, "clock_gettime");
        memcpy(&next, &found, sizeof(next));
    }
    int result = next(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += shift();
    return result;
}

time_t time(time_t *now)
{
    struct timespec is;
    (void)clock_gettime(CLOCK_REALTIME, &is);
    if (now != NULL)
        *now = is.tv_sec;
    return is.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec is;
    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &is);
    *now = (struct timeval){is.tv_sec, is.tv_nsec / 1000};
    return 0;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition,
                           pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    struct timespec real = *until;
    if (until->tv_sec < WALL_LEAST)
        return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, until);
    real.tv_sec -= shift();
    return pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, &real);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
