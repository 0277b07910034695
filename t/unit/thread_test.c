/* SPDX-License-Identifier: BSD-2-Clause */
/* thread_test.c - our threads hear no signals and have small stacks */
#define _GNU_SOURCE /* pthread_getattr_np */

#include "base/thread.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#ifdef __SANITIZE_THREAD__
# define STACK_MOST ((size_t)8 << 20)
#else
# define STACK_MOST ((size_t)1 << 20)
#endif

struct seen {
    sigset_t blocked;
    size_t stack;
};

static void *look(void *argument)
{
    struct seen *seen = argument;
    pthread_attr_t attributes;
    pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstacksize(&attributes, &seen->stack);
        pthread_attr_destroy(&attributes);
    }
    return seen;
}

static void test_thread(void **state)
{
    static const struct {
        int signal;
        bool blocked;
    } rows[] = {
        {SIGHUP, true},  {SIGINT, true},   {SIGQUIT, true}, {SIGTERM, true},
        {SIGPIPE, true}, {SIGALRM, true},  {SIGCHLD, true}, {SIGUSR1, true},
        {SIGUSR2, true}, {SIGSEGV, false}, {SIGBUS, false}, {SIGFPE, false},
        {SIGILL, false},
    };
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    struct seen seen = {.stack = 0};
    pthread_t thread;
    void *result;
    assert_true(thread_start(&thread, look, &seen));
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &seen);
    assert_in_range(seen.stack, 256 * 1024, STACK_MOST);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows)[0]; i++) {
        int signal = rows[i].signal;
        assert_int_equal(sigismember(&seen.blocked, signal), rows[i].blocked);
        assert_int_equal(sigismember(&after, signal),
                         sigismember(&before, signal));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread),
    };
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
