/* SPDX-License-Identifier: BSD-2-Clause */
/* stack_preload.c - for LD_PRELOAD: whoever asks for a small stack gets one of
 * a quarter of that */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

typedef int (*size_function)(pthread_attr_t *, size_t);

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size)
{
    size_function next;
    void *found = dlsym(RTLD_NEXT, "pthread_attr_setstacksize");
    memcpy(&next, &found, sizeof(next));
    return next(attributes, size / 4);
}
