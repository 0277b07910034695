/* SPDX-License-Identifier: BSD-2-Clause */
/* admission_test.c - rows P4, P5 of the faults: who is let in, and what becomes
 * of a session that nobody serves, looked at by a simulated clock */
#include "milter/admission.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define SESSIONS  3
#define HALF_A_S  ((instant)ADMISSION_LOOK_MS * 1000)
#define STANDS_US ((instant)600 * 1000 * 1000)
/* Looks until somebody's patience is over. */
#define LOOKS (ADMISSION_PATIENCE_MS / ADMISSION_LOOK_MS + 2)

static unsigned losses;
static struct sockaddr_un at = {.sun_family = AF_UNIX};
static int listening;
static instant clock_at;

static void lose(void)
{
    losses++;
}

static int begin(void **state)
{
    char folder[] = "/tmp/admission.XXXXXX";

    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", folder);
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int failed =
        bind(listening, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(listening, 16) != 0 || !admission_begin(SESSIONS, 0, lose);
    clock_at = clock_now(&clock_system);
    return failed ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    close(listening);
    unlink(at.sun_path);
    *strrchr(at.sun_path, '/') = '\0';
    return rmdir(at.sun_path);
}

static void look(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        clock_at += HALF_A_S;
        admission_look(clock_at);
    }
}

/* Our side of a connection to ourselves; *theirs is the other. */
static int let_in(int *theirs)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);

    *theirs = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(*theirs, (struct sockaddr *)&at, sizeof(at)), 0);
    return admission_accept(listening, (struct sockaddr *)&peer, &size);
}

/* What a read gives: 0 at the end, -1 while the connection is open. */
static long state_of(int theirs)
{
    char octet;
    const ssize_t got = recv(theirs, &octet, 1, 0);

    assert_true(got >= 0 || errno == EAGAIN || errno == ECONNRESET);
    return got < 0 && errno == ECONNRESET ? 0 : got;
}

/* Octets that nobody reads: an end for the peer, and then the loss is told. */
static void unserved_is_ended_and_lost(void **state)
{
    int theirs;
    const int ours = let_in(&theirs);

    (void)state;
    assert_true(ours >= 0);
    look(LOOKS);
    assert_int_equal(state_of(theirs), -1); /* nothing lies there */
    assert_int_equal(send(theirs, "octets", 6, MSG_NOSIGNAL), 6);
    look(2);
    assert_int_equal(state_of(theirs), -1);
    look(LOOKS);
    assert_int_equal(state_of(theirs), 0);
    assert_int_equal(losses, 0);
    look(LOOKS);
    assert_int_equal(losses, 1);
    look(LOOKS);
    assert_int_equal(losses, 1); /* told once */
    close(ours);
    close(theirs);
}

/* A process or machine that stands still serves nobody, and is not to end a
 * session for that once it goes on. */
static void standing_still_ends_nobody(void **state)
{
    int theirs;
    const int ours = let_in(&theirs);

    (void)state;
    assert_true(ours >= 0);
    assert_int_equal(send(theirs, "octets", 6, MSG_NOSIGNAL), 6);
    look(2);
    clock_at += STANDS_US;
    look(2);
    assert_int_equal(state_of(theirs), -1);
    look(LOOKS);
    assert_int_equal(state_of(theirs), 0);
    close(ours);
    close(theirs);
}

/* From another process, which ends with 0 when it is sent away at once. */
static pid_t come(void)
{
    const pid_t child = fork();

    if (child != 0)
        return child;
    const int theirs = socket(AF_UNIX, SOCK_STREAM, 0);
    char octet;
    if (connect(theirs, (struct sockaddr *)&at, sizeof(at)) != 0)
        _exit(2);
    _exit(recv(theirs, &octet, 1, 0) == 0 ? 0 : 1);
}

/* In from another process: a mail server. */
static int let_in_another(pid_t *child)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    int ours;

    *child = come();
    assert_true(*child > 0);
    do {
        ours = admission_accept(listening, (struct sockaddr *)&peer, &size);
    } while (ours < 0 && errno == EAGAIN);
    return ours;
}

static int outcome_of(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* As libmilter does; the children have copies of it. */
static void end_session(int ours, pid_t child)
{
    (void)shutdown(ours, SHUT_RDWR);
    close(ours);
    assert_int_equal(outcome_of(child), 0);
}

/* As many as the budget has; the next is sent away, by an error that libmilter
 * passes over; and when one has ended there is room again. */
static void budget_is_held(void **state)
{
    int ours[SESSIONS];
    pid_t children[SESSIONS], other;

    (void)state;
    for (size_t i = 0; i < SESSIONS; i++) {
        ours[i] = let_in_another(&children[i]);
        assert_true(ours[i] >= 0);
    }
    assert_int_equal(let_in_another(&other), -1);
    assert_int_equal(errno, ECONNABORTED);
    assert_int_equal(outcome_of(other), 0);
    end_session(ours[0], children[0]);
    look(1);
    ours[0] = let_in_another(&children[0]);
    assert_true(ours[0] >= 0);
    for (size_t i = 0; i < SESSIONS; i++)
        end_session(ours[i], children[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unserved_is_ended_and_lost),
        cmocka_unit_test(standing_still_ends_nobody),
        cmocka_unit_test(budget_is_held),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
