/* SPDX-License-Identifier: BSD-2-Clause */
/* thread.h - the one way our own threads are started: with a small stack, and
 * deaf to signals, which belong to the main thread */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/** Run `run` in a new thread that the caller joins or detaches. False: the
 * system refuses; *thread is then undefined. */
bool thread_start(pthread_t *thread, void *(*run)(void *argument),
                  void *argument);

/** Have threads that a library starts with the default attributes get the same
 * small stack: libmilter starts them by the hundred. */
void thread_make_stacks_small(void);

#endif
