/* SPDX-License-Identifier: BSD-2-Clause */
/* run_corpus.c - runs a fuzz target without libFuzzer: over every file of the
 * folder given, its beginnings, and what one wrong octet makes of it */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MOST    65536 /* octets */
#define CHANGED_MOST 1024  /* of the first octets of a file */

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

static bool run_changed(uint8_t *octets, size_t length)
{
    bool ran = run(octets, length);

    for (size_t i = 0; ran && i < length && i < CHANGED_MOST; i++) {
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

static bool run_file(const char *folder, const char *name)
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
        ran = ferror(file) == 0 && run_changed(octets, length);
        fclose(file);
    }
    if (!ran)
        perror(path);
    free(octets);
    return ran;
}

int main(int argc, char *argv[])
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    const struct dirent *entry;
    size_t files = 0;
    bool ran = true;

    if (folder == NULL) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* One thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while (ran && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        ran = run_file(argv[1], entry->d_name);
        files++;
    }
    closedir(folder);
    printf("%zu files\n", files);
    return ran && files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
