/* SPDX-License-Identifier: BSD-2-Clause */
/* signals_test.c - row P3 of the faults: what each signal comes to */
#include "milter/signals.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* The status of a process that gets `first`, exits with 1 unless that comes to
 * `event`, and then gets `second`. */
static int status_after(int first, enum event event, int second)
{
    const pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0) {
        if (!signals_begin() || raise(first) != 0 || signals_wait() != event)
            _exit(1);
        raise(second);
        _exit(0);
    }
    assert_int_equal(child, waitpid(child, &status, 0));
    return status;
}

static void test_second_stop(void **state)
{
    static const int stops[] = {SIGTERM, SIGINT};

    for (size_t i = 0; i < 4; i++) {
        const int status = status_after(stops[i / 2], EVENT_STOP, stops[i % 2]);

        assert_true(WIFSIGNALED(status));
        assert_int_equal(stops[i % 2], WTERMSIG(status));
    }
}

static void test_others(void **state)
{
    assert_int_equal(0, status_after(SIGTERM, EVENT_STOP, SIGHUP));
    assert_int_equal(0, status_after(SIGINT, EVENT_STOP, SIGUSR1));
    assert_int_equal(0, status_after(SIGHUP, EVENT_RELOAD, SIGTERM));
    assert_int_equal(0, status_after(SIGUSR1, EVENT_RELOAD, SIGPIPE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_stop),
        cmocka_unit_test(test_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
