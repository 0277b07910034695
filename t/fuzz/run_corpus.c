/* SPDX-License-Identifier: BSD-2-Clause */
/* run_corpus.c - runs a fuzz target without libFuzzer: over every file of the
 * folder given, and then its beginnings, and what one wrong octet makes of it,
 * as far as a few seconds of the processor go
 *     run_corpus FOLDER [--plain]     --plain: over the files alone */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_MOST    65536 /* octets */
#define CHANGED_MOST 1024  /* of the first octets of a file */
#define SECONDS_MOST 2     /* of the processor, for changed files */

static const uint8_t wrong_octets[] = {0x00, 0x0a, 0x80, 0xff};

/* In memory of exactly its length, so that a sanitizer sees a step beyond. */
static bool run(const uint8_t *octets, size_t length)
{
    uint8_t *copy = malloc(length > 0 ? length : 1);

    if (copy == NULL)
        return false;
    memcpy(copy, octets, length);
    LLVMFuzzerTestOneInput(copy, length);
    free(copy);
    return true;
}

static bool run_plain(uint8_t *octets, size_t length)
{
    return run(octets, length);
}

static bool has_time(void)
{
    return clock() < (clock_t)SECONDS_MOST * CLOCKS_PER_SEC;
}

static bool run_changed(uint8_t *octets, size_t length)
{
    bool ran = true;

    for (size_t i = 0; ran && i < length && i < CHANGED_MOST && has_time();
         i++) {
        const uint8_t right = octets[i];

        ran = run(octets, i);
        for (size_t j = 0; ran && j < sizeof wrong_octets; j++) {
            octets[i] = wrong_octets[j];
            ran = run(octets, length);
        }
        octets[i] = right;
    }
    return ran;
}

typedef bool run_function(uint8_t *octets, size_t length);

static bool run_file(const char *folder, const char *name,
                     run_function *run_octets)
{
    uint8_t *octets = malloc(FILE_MOST);
    char path[4096];
    FILE *file = NULL;
    bool ran = false;
    size_t length;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (octets != NULL)
        file = fopen(path, "rb");
    if (file != NULL) {
        length = fread(octets, 1, FILE_MOST, file);
        ran = ferror(file) == 0 && run_octets(octets, length);
        fclose(file);
    }
    if (!ran)
        perror(path);
    free(octets);
    return ran;
}

static int is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* In the order of their names. */
static bool run_files(const char *folder, struct dirent **entries, size_t count,
                      run_function *run_octets)
{
    bool ran = true;

    for (size_t i = 0; ran && i < count; i++)
        ran = run_file(folder, entries[i]->d_name, run_octets);
    return ran;
}

int main(int argc, char *argv[])
{
    const bool plain = argc == 3 && strcmp(argv[2], "--plain") == 0;
    struct dirent **entries = NULL;
    int count = -1;
    bool ran;

    if (argc == 2 || plain)
        count = scandir(argv[1], &entries, is_seed, alphasort);
    if (count < 0) {
        fprintf(stderr, "usage: %s FOLDER [--plain]\n", argv[0]);
        return EXIT_FAILURE;
    }
    ran = run_files(argv[1], entries, (size_t)count, run_plain) &&
          (plain || run_files(argv[1], entries, (size_t)count, run_changed));
    printf("%d files%s\n", count,
           has_time() ? "" : ", not all of their changes");
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return ran && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
