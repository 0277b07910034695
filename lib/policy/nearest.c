/* SPDX-License-Identifier: BSD-2-Clause */
/* nearest.c - the nearest word by edits: a letter more, less, other, or two
 * swapped */
#include "policy/nearest.h"

#include <stdio.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits from `a` to `b` (optimal string alignment), both shorter than
 * NEAREST_SIZE: three rows of its table are enough. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NEAREST_SIZE];
    size_t width = strlen(b);

    for (size_t j = 0; j <= width; j++)
        rows[0][j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3], *second = rows[(i - 2) % 3];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t other = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(other, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], second[j - 2] + 1);
        }
    }
    return rows[strlen(a) % 3][width];
}

void nearest_begin(struct nearest *nearest, const char *word)
{
    *nearest = (struct nearest){.word = word, .distance = NEAREST_SIZE};
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    if (strlen(nearest->word) >= NEAREST_SIZE ||
        strlen(candidate) >= NEAREST_SIZE)
        return;
    size_t edits = distance(nearest->word, candidate);
    if (edits >= nearest->distance)
        return;
    nearest->distance = edits;
    snprintf(nearest->best, sizeof(nearest->best), "%s", candidate);
}

const char *nearest_found(const struct nearest *nearest)
{
    size_t most = 1 + strlen(nearest->word) / 4;

    return nearest->distance <= most ? nearest->best : NULL;
}
