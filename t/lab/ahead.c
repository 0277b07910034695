/* SPDX-License-Identifier: BSD-2-Clause */
/* ahead.c - a library to preload, by which a program's monotonic clock goes
 * ahead of the system's, by as many seconds as the file that $LAB_AHEAD names
 * begins with: an int64_t, which may change as the program runs.
 *
 * What waits in the kernel for a time of that clock waits for that much longer.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t *ahead;

__attribute__((constructor)) static void begin(void)
{
    /* There is no other thread yet. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *name = getenv("LAB_AHEAD");
    int file = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
    void *found = file == -1
                      ? MAP_FAILED
                      : mmap(NULL, sizeof(*ahead), PROT_READ | PROT_WRITE,
                             MAP_SHARED, file, 0);
    if (found == MAP_FAILED)
        abort();
    (void)close(file);
    ahead = found;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int clock_gettime(clockid_t clock, struct timespec *at)
{
    int result = (int)syscall(SYS_clock_gettime, clock, at);
    if (result == 0 && clock == CLOCK_MONOTONIC && ahead != NULL)
        at->tv_sec += atomic_load(ahead);
    return result;
}
