/* SPDX-License-Identifier: BSD-2-Clause */
/* versions.h - our version and those of the libraries that are linked */
#ifndef MILTER_VERSIONS_H
#define MILTER_VERSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** Print one line for us and one for each library, as found at run time. */
void versions_print(FILE *to);

/** The libraries with their versions as found at run time, on one line, cut at
 * `size`: "libmilter 1.0.1, ldns 1.8.3, ..."; what a version has behind a space
 * is left out. */
void versions_tell(char *line, size_t size);

/**
 * Compare each library with the one that we were built with.
 * @param why  filled if false: which library is another one, and what to do
 * @return false if the major version of one differs, or if it tells none
 */
bool versions_fit(char *why, size_t why_size);

#endif
