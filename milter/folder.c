/* SPDX-License-Identifier: BSD-2-Clause */
/* folder.c - the way to a folder, name by name, each in what was opened before
 */
#define _GNU_SOURCE /* O_PATH */
#include "milter/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_PATH wants no right to read the folder. */
#ifdef O_PATH
# define OPEN_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)
#else
# define OPEN_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

/* The way that is left, and where it has got to. */
struct way {
    char rest[FOLDER_PATH_SIZE];
    int at; /* -1: nowhere, errno says why */
    unsigned links;
};

/* The first name of what is left into `name`; false: there is none. */
static bool take_name(struct way *way, char name[FOLDER_PATH_SIZE])
{
    const char *from = way->rest + strspn(way->rest, "/");
    const size_t length = strcspn(from, "/");

    memcpy(name, from, length);
    name[length] = '\0';
    memmove(way->rest, from + length, strlen(from + length) + 1);
    return length > 0;
}

static void move(struct way *way, int to)
{
    const int error = errno;

    close(way->at);
    way->at = to;
    errno = error;
}

static void fail(struct way *way, int error)
{
    errno = error;
    move(way, -1);
}

/* True when root alone can change what names in this folder stand for. */
static bool is_roots_alone(int folder)
{
    struct stat status;

    return fstat(folder, &status) == 0 && status.st_uid == 0 &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Put what the link leads to before the rest of the way. */
static void follow(struct way *way, const char *target)
{
    char whole[FOLDER_PATH_SIZE];
    const int length =
        snprintf(whole, sizeof(whole), "%s%s", target, way->rest);

    if (++way->links > FOLDER_LINKS_MOST) {
        fail(way, ELOOP);
    } else if (length < 0 || (size_t)length >= sizeof(whole)) {
        fail(way, ENAMETOOLONG);
    } else {
        memcpy(way->rest, whole, (size_t)length + 1);
        if (target[0] == '/')
            move(way, open("/", OPEN_FLAGS));
    }
}

/* One name further. */
static void step(struct way *way, const char *name)
{
    char target[FOLDER_PATH_SIZE];
    const int next = folder_open_in(way->at, name);
    const int error = errno;

    if (next >= 0) {
        move(way, next);
        return;
    }
    const ssize_t length =
        readlinkat(way->at, name, target, sizeof(target) - 1);
    if (length < 0) {
        fail(way, error);
    } else if (!is_roots_alone(way->at)) {
        fail(way, EPERM);
    } else {
        target[length] = '\0';
        follow(way, target);
    }
}

static int walk(const char *path)
{
    struct way way = {.at = open("/", OPEN_FLAGS)};
    char name[FOLDER_PATH_SIZE];

    snprintf(way.rest, sizeof(way.rest), "%s", path);
    while (way.at >= 0 && take_name(&way, name))
        step(&way, name);
    return way.at;
}

int folder_open_in(int folder, const char *name)
{
    return openat(folder, name, OPEN_FLAGS | O_NOFOLLOW);
}

int folder_open(const char *path)
{
    char folder[FOLDER_PATH_SIZE];
    const char *end = strrchr(path, '/');

    if (end == NULL || (size_t)(end - path) + 2 > sizeof(folder)) {
        errno = end == NULL ? ENOENT : ENAMETOOLONG;
        return -1;
    }
    snprintf(folder, sizeof(folder), "%.*s/", (int)(end - path), path);
    return geteuid() == 0 ? walk(folder) : open(folder, OPEN_FLAGS);
}
