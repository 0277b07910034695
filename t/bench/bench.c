/* SPDX-License-Identifier: BSD-2-Clause */
/* bench.c - what the programs of this folder share */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define US_PER_S  1000000
#define NS_PER_US 1000
#define DECIMAL   10

void bench_fail(const char *what, int code)
{
    errno = code;
    if (code)
        perror(what);
    else
        fprintf(stderr, "%s\n", what);
    _Exit(EXIT_FAILURE);
}

uint32_t bench_number(char option, const char *text, uint32_t most)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, DECIMAL);
    if (errno || end == text || *end || text[0] == '-' || number > most) {
        fprintf(stderr, "-%c %s: not a number from 0 to %lu\n", option, text,
                (unsigned long)most);
        _Exit(EXIT_FAILURE);
    }
    return (uint32_t)number;
}

void *bench_alloc(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);

    if (!memory)
        bench_fail("no memory", 0);
    return memory;
}

int64_t bench_now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / NS_PER_US;
}
