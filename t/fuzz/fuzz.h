/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz.h - what a fuzz target is: one function that takes any octets, and
 * aborts when a promise does not hold for them */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/** Unlike assert it holds in every build. */
#define REQUIRE(condition) ((condition) ? (void)0 : abort())

/** Called by libFuzzer, and by run_corpus; `octets` is not NULL. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

#endif
