/* SPDX-License-Identifier: BSD-2-Clause */
/* means.c - limits of the process, of its user and of its control groups */
#include "milter/means.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/** Of a group's folder; one that is longer is not found. */
#define PATH_SIZE 2048

/* A group's file begins with its number, or with "max". */
static size_t read_number(const char *folder, const char *name, size_t without)
{
    char path[PATH_SIZE], text[32] = "";
    const int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = NULL;

    if (length > 0 && (size_t)length < sizeof(path))
        file = fopen(path, "re");
    if (file == NULL)
        return without;
    if (fgets(text, sizeof(text), file) == NULL)
        text[0] = '\0';
    (void)fclose(file);
    if (*text < '0' || *text > '9')
        return without;
    const unsigned long long number = strtoull(text, NULL, 10);
    return number < SIZE_MAX ? (size_t)number : without;
}

static size_t left_in(const char *folder)
{
    const size_t most = read_number(folder, "pids.max", BUDGET_UNLIMITED);
    const size_t now = read_number(folder, "pids.current", 0);

    if (most == BUDGET_UNLIMITED)
        return most;
    return now < most ? most - now : 0;
}

/* The least that is left in a group and those above it, up to the mount. A
 * container may see its own group at the mount alone, under whatever name: what
 * is not there limits nothing. */
static size_t left_up_from(char *folder, size_t top)
{
    size_t least = left_in(folder);

    while (strlen(folder) > top) {
        char *const slash = strrchr(folder + top, '/');
        if (slash == NULL)
            break;
        *slash = '\0';
        const size_t left = left_in(folder);
        if (left < least)
            least = left;
    }
    return least;
}

/* One line of the file, `NUMBER:CONTROLLERS:PATH`; version 2 names none. Sets
 * the folder of the group, and how much of it is the mount's.
 * @return false: the line is of other controllers */
static bool find_folder(char *line, const char *mount, char folder[PATH_SIZE],
                        size_t *top)
{
    char *const controllers = strchr(line, ':');
    char *const path =
        controllers != NULL ? strchr(controllers + 1, ':') : NULL;

    if (path == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    *path = '\0';
    const bool first = strcmp(controllers + 1, "pids") == 0;
    if (!first && controllers[1] != '\0')
        return false;
    const int length =
        snprintf(folder, PATH_SIZE, "%s%s", mount, first ? "/pids" : "");
    if (length <= 0 || length >= PATH_SIZE)
        return false;
    *top = (size_t)length;
    const int more = snprintf(folder + length, PATH_SIZE - (size_t)length, "%s",
                              strcmp(path + 1, "/") == 0 ? "" : path + 1);
    return more >= 0 && more < PATH_SIZE - length;
}

size_t means_of_group(const char *file, const char *mount)
{
    FILE *groups = fopen(file, "re");
    char line[PATH_SIZE], folder[PATH_SIZE];
    size_t least = BUDGET_UNLIMITED, top;

    if (groups == NULL)
        return least;
    while (fgets(line, sizeof(line), groups) != NULL) {
        if (!find_folder(line, mount, folder, &top))
            continue;
        const size_t left = left_up_from(folder, top);
        if (left < least)
            least = left;
    }
    (void)fclose(groups);
    return least;
}

static size_t read_limit(int which)
{
    struct rlimit limit;

    if (getrlimit(which, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur >= SIZE_MAX)
        return BUDGET_UNLIMITED;
    return (size_t)limit.rlim_cur;
}

struct budget_means means_read(void)
{
    const size_t of_group =
        means_of_group("/proc/self/cgroup", "/sys/fs/cgroup");
    struct budget_means means = {.descriptors = read_limit(RLIMIT_NOFILE),
                                 .threads = read_limit(RLIMIT_NPROC)};

    if (of_group < means.threads)
        means.threads = of_group;
    return means;
}
