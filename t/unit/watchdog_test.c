/* SPDX-License-Identifier: BSD-2-Clause */
/* watchdog_test.c - the daemon without its main(): the service manager gets its
 * notes as long as a session could be served, and none while any part hangs */
#include "milter/watchdog.h"

#include "milter/filter.h"
#include "milter/listener.h"
#include "milter/notify.h"
#include "session/parts.h"

#include <errno.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define PATIENCE_MS 150
#define QUIET_MS    (4 * PATIENCE_MS) /* twelve rounds */
#define SURE_MS     20000             /* what a busy machine may need */

struct world {
    char folder[32];
    char manager[48]; /* the service manager's socket */
    char socket[48];
    char hidden[48]; /* another name for the socket's file */
    int notes;       /* its end */
    struct service *service;
    struct watchdog *watchdog;
};

static void nothing(void)
{
}

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    assert_int_equal(0, bind(fd, (struct sockaddr *)&at, sizeof at));
    return fd;
}

/* While nobody else reads the environment.
 * NOLINTBEGIN(concurrency-mt-unsafe) */
static void set(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}
/* NOLINTEND(concurrency-mt-unsafe) */

/* Nobody asks its DNS server anything. */
static struct policy *policy_at(const char *socket)
{
    struct complaints complaints = {0};
    char text[512];
    struct policy *policy;

    snprintf(text, sizeof text,
             "listen: unix:%s\nidentity: mx.home.example\n"
             "dns: {servers: [127.0.0.1]}\nlog: {to: stderr, level: error}\n"
             "local: {domains: [home.example], addresses: [45.1.0.1]}\n",
             socket);
    policy = policy_read_text("test.yaml", span_of(text), &complaints);
    complaints_clear(&complaints);
    assert_non_null(policy);
    return policy;
}

/* As in main.c, as far as libmilter does not serve yet. */
static int start(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct policy *policy;
    char why[256];

    assert_non_null(world);
    strcpy(world->folder, "/tmp/watchdog-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->socket, sizeof world->socket, "%s/s", world->folder);
    snprintf(world->hidden, sizeof world->hidden, "%s/hidden", world->folder);
    snprintf(world->manager, sizeof world->manager, "%s/m", world->folder);
    world->notes = listen_at(world->manager);
    set("NOTIFY_SOCKET", world->manager);
    policy = policy_at(world->socket);
    world->service = service_new(policy, &clock_system, NULL, why, sizeof why);
    assert_non_null(world->service);
    assert_true(filter_register(world->service, policy));
    assert_int_equal(0, listener_open(policy, why, sizeof why));
    policy_drop(policy);
    world->watchdog = watchdog_new(service_loop(world->service), PATIENCE_MS);
    assert_non_null(world->watchdog);
    assert_true(service_start(world->service));
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;

    listener_close();
    service_stop(world->service);
    watchdog_free(&world->watchdog);
    assert_true(filter_stop(SURE_MS));
    close(world->notes);
    unlink(world->manager);
    assert_int_equal(0, rmdir(world->folder));
    free(world);
    return 0;
}

/* True when a note comes in time; it must be the watchdog's. */
static bool noted(const struct world *world, uint32_t ms)
{
    const struct timeval patience = {.tv_sec = ms / 1000,
                                     .tv_usec = ms % 1000 * 1000};
    char note[64] = "";

    assert_int_equal(0, setsockopt(world->notes, SOL_SOCKET, SO_RCVTIMEO,
                                   &patience, sizeof patience));
    if (recv(world->notes, note, sizeof note - 1, 0) < 0) {
        assert_int_equal(EAGAIN, errno);
        return false;
    }
    assert_string_equal("WATCHDOG=1", note);
    return true;
}

static void assert_lives(const struct world *world)
{
    for (unsigned i = 0; i < 3; i++)
        assert_true(noted(world, SURE_MS));
}

/* What was on its way when something began to hang may still come: no more than
 * one note a while, and soon none. */
static void assert_silent(const struct world *world)
{
    unsigned late = 0;

    while (noted(world, QUIET_MS))
        assert_true(late++ < 3);
}

/* Connections are made, but nobody accepts them. */
static void test_no_listener(void **state)
{
    const struct world *world = *state;

    assert_silent(world);
    assert_true(filter_start(nothing));
    assert_lives(world);
}

static void test_stuck_lock(void **state)
{
    const struct world *world = *state;

    pthread_mutex_lock(&world->service->lock);
    assert_silent(world);
    pthread_mutex_unlock(&world->service->lock);
    assert_lives(world);
}

struct hanging {
    struct loop_job job;
    sem_t go_on;
};

static void hang(struct loop_job *job)
{
    struct hanging *hanging = (struct hanging *)job;

    sem_wait(&hanging->go_on);
}

static void test_hung_loop(void **state)
{
    const struct world *world = *state;
    struct hanging hanging = {.job.run = hang};

    sem_init(&hanging.go_on, 0, 0);
    loop_post(service_loop(world->service), &hanging.job);
    assert_silent(world);
    sem_post(&hanging.go_on);
    assert_lives(world);
    sem_destroy(&hanging.go_on);
}

/* The mail server finds nobody either. */
static void test_socket_gone(void **state)
{
    const struct world *world = *state;

    assert_int_equal(0, rename(world->socket, world->hidden));
    assert_silent(world);
    assert_int_equal(0, rename(world->hidden, world->socket));
    assert_lives(world);
}

/* One that answers as we would, but is not us. */
static void test_successor(void **state)
{
    const struct world *world = *state;

    assert_int_equal(0, rename(world->socket, world->hidden));
    assert_int_equal(0, symlink(world->hidden, world->socket));
    assert_silent(world);
    assert_int_equal(0, rename(world->hidden, world->socket));
    assert_lives(world);
}

/* At the stop the main thread closes the listener while rounds go on; a few of
 * them have passed since anything was heard of the others. */
static void test_close_meanwhile(void **state)
{
    const struct timespec rounds = {.tv_nsec = PATIENCE_MS * 1000000L};

    nanosleep(&rounds, NULL);
    listener_close();
    assert_silent(*state);
}

static void test_patience(void **state)
{
    static const struct {
        const char *microseconds, *process;
        uint32_t ms;
    } rows[] = {
        {NULL, NULL, 0},      {"60000000", NULL, 60000},
        {"60000000", "1", 0}, {"60000000", "", 0},
        {"", NULL, 0},        {"-1", NULL, 0},
        {"1s", NULL, 0},      {"1500", NULL, 1},
        {"0", NULL, 0},       {"99999999999999999", NULL, UINT32_MAX},
    };
    char process[16];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set("WATCHDOG_USEC", rows[i].microseconds);
        set("WATCHDOG_PID", rows[i].process);
        assert_int_equal(rows[i].ms, notify_patience_ms());
    }
    snprintf(process, sizeof process, "%ld", (long)getpid());
    set("WATCHDOG_USEC", "60000000");
    set("WATCHDOG_PID", process);
    assert_int_equal(60000, notify_patience_ms());
}

int main(void)
{
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(test_patience),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_listener),
        cmocka_unit_test(test_stuck_lock),
        cmocka_unit_test(test_hung_loop),
        cmocka_unit_test(test_socket_gone),
        cmocka_unit_test(test_successor),
        cmocka_unit_test(test_close_meanwhile),
    };

    return cmocka_run_group_tests(alone, NULL, NULL) +
           cmocka_run_group_tests(tests, start, end);
}
