/* SPDX-License-Identifier: BSD-2-Clause */
/* thread.c - starting threads */
#define _GNU_SOURCE /* pthread_setattr_default_np */
#include "base/thread.h"

#include <signal.h>
#include <stddef.h>

/** No frame of ours is above a few KiB; libraries get the rest. The thread
 * sanitizer keeps its own notes on the stack as well. */
#ifdef __SANITIZE_THREAD__
# define STACK_SIZE ((size_t)4 << 20)
#else
# define STACK_SIZE ((size_t)512 << 10)
#endif

/* All but those that a thread raises by its own fault: blocked, they would end
 * the process without a word from whoever handles them. */
static void fill_outside_signals(sigset_t *signals)
{
    sigfillset(signals);
    sigdelset(signals, SIGSEGV);
    sigdelset(signals, SIGBUS);
    sigdelset(signals, SIGFPE);
    sigdelset(signals, SIGILL);
}

bool thread_start(pthread_t *thread, void *(*run)(void *argument),
                  void *argument)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigset_t blocked, before;
    fill_outside_signals(&blocked);
    /* A thread inherits the mask: it must not be changed from within, for a
     * signal could come first. */
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    bool started = pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0 &&
                   pthread_create(thread, &attributes, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

void thread_make_stacks_small(void)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return;
    if (pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0)
        pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}
