/* SPDX-License-Identifier: BSD-2-Clause */
/* bench.h - what the programs of this folder share: arguments, time, the end */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

/** Say on stderr what went wrong, with errno's words if `code` is not 0, and
 * end with 1; nothing is flushed. */
_Noreturn void bench_fail(const char *what, int code);

/** The number in `text`, from 0 to `most`; anything else ends the program,
 * naming the option. */
uint32_t bench_number(char option, const char *text, uint32_t most);

/** Zeroed memory for `count` elements, or the program ends. */
void *bench_alloc(size_t count, size_t size);

/** Monotonic, in microseconds. */
int64_t bench_now_us(void);

#endif
