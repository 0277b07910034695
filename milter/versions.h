/* SPDX-License-Identifier: BSD-2-Clause */
/* versions.h - our version and those of the libraries that are linked */
#ifndef MILTER_VERSIONS_H
#define MILTER_VERSIONS_H

#include <stdio.h>

/** Print one line for us and one for each library, as found at run time. */
void versions_print(FILE *to);

#endif
