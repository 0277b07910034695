/* SPDX-License-Identifier: BSD-2-Clause */
/* budget_test.c - row P4 and P5 of the faults: what there is, shared out, and
 * where the threads that there are stand written */
#include "milter/budget.h"

#include "milter/means.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define NO_LIMIT  BUDGET_UNLIMITED
#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static void test_share(void **state)
{
    static const struct {
        struct budget_means means;
        size_t waiting, callouts; /* wanted */
        struct budget budget;
    } rows[] = {
        /* the unit's: TasksMax=2100, LimitNOFILE=16384 */
        {{16384, 2097}, 1000, 1000, {2081, 1000, 512, 1000}},
        /* as little as may be: 192 descriptors and 16 threads to share out */
        {{256, 32}, 1000, 1000, {16, 16, 48, 24}},
        {{256, NO_LIMIT}, 1000, 1000, {96, 96, 48, 24}},
        {{1024, NO_LIMIT}, 1000, 1000, {480, 480, 240, 120}},
        /* what callouts have no use for is the sessions' */
        {{1024, NO_LIMIT}, 1000, 10, {700, 700, 240, 10}},
        /* what is wanted fits */
        {{1024, NO_LIMIT}, 30, 10, {700, 30, 240, 10}},
        {{16384, 116}, 30, 10, {100, 30, 512, 10}},
        {{1024, NO_LIMIT}, 0, 1, {718, 0, 240, 1}},
        /* there is always an end */
        {{NO_LIMIT, NO_LIMIT}, 20000, 20000, {20000, 20000, 512, 20000}},
        {{1048576, 4194304}, 1000, 1000, {20000, 1000, 512, 1000}},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct budget budget;
        assert_true(budget_share(&rows[i].means, rows[i].waiting,
                                 rows[i].callouts, &budget));
        assert_int_equal(budget.sessions, rows[i].budget.sessions);
        assert_int_equal(budget.waiting, rows[i].budget.waiting);
        assert_int_equal(budget.places, rows[i].budget.places);
        assert_int_equal(budget.callouts, rows[i].budget.callouts);
    }
}

/* Whatever there is, no more is given away. */
static void test_holds(void **state)
{
    for (size_t descriptors = BUDGET_DESCRIPTORS_LEAST; descriptors < 5000;
         descriptors += 7) {
        for (size_t threads = BUDGET_THREADS_LEAST; threads < 3000;
             threads += 97) {
            const struct budget_means means = {descriptors, threads};
            struct budget budget;
            assert_true(budget_share(&means, 1000, 1000, &budget));
            assert_true(budget.sessions + budget.places +
                            budget.callouts * BUDGET_PER_CALLOUT +
                            BUDGET_DESCRIPTORS_KEPT <=
                        descriptors);
            assert_true(budget.sessions + BUDGET_THREADS_KEPT <= threads);
            assert_true(budget.waiting <= budget.sessions);
            assert_true(budget.sessions > 0 && budget.places > 0 &&
                        budget.callouts > 0);
        }
    }
}

static void test_too_little(void **state)
{
    static const struct budget_means rows[] = {
        {255, NO_LIMIT}, {NO_LIMIT, 31}, {0, 0}};
    struct budget budget;

    for (size_t i = 0; i < LENGTH(rows); i++)
        assert_false(budget_share(&rows[i], 1000, 1000, &budget));
}

/* A file and the folders above it. */
static void put(int top, const char *path, const char *text)
{
    char folder[128];

    for (const char *at = path; (at = strchr(at, '/')) != NULL; at++) {
        snprintf(folder, sizeof(folder), "%.*s", (int)(at - path), path);
        (void)mkdirat(top, folder, 0700);
    }
    const int fd =
        openat(top, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* Up to three files of a tree of control groups. */
struct group_row {
    const char *groups; /* as /proc/self/cgroup */
    const char *files[6];
    size_t left;
};

static size_t left_of(const struct group_row *row)
{
    char top[] = "/tmp/means-XXXXXX", groups[64], mount[64], command[64];

    assert_non_null(mkdtemp(top));
    const int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    put(fd, "groups", row->groups);
    put(fd, "mount/nothing", "");
    for (size_t i = 0; i < LENGTH(row->files) && row->files[i] != NULL; i += 2)
        put(fd, row->files[i], row->files[i + 1]);
    close(fd);
    snprintf(groups, sizeof(groups), "%s/groups", top);
    snprintf(mount, sizeof(mount), "%s/mount", top);
    const size_t left = means_of_group(groups, mount);
    snprintf(command, sizeof(command), "rm -r %s", top);
    assert_int_equal(system(command), 0); /* NOLINT */
    return left;
}

static void test_groups(void **state)
{
    static const struct group_row rows[] = {
        {"0::/\n", {NULL}, NO_LIMIT},
        {"0::/\n", {"mount/pids.max", "100\n"}, 100},
        {"0::/system.slice/b.service\n",
         {"mount/system.slice/b.service/pids.max", "2100\n",
          "mount/system.slice/b.service/pids.current", "3\n"},
         2097},
        {"0::/system.slice/b.service\n",
         {"mount/system.slice/b.service/pids.max", "max\n",
          "mount/system.slice/pids.max", "500\n",
          "mount/system.slice/pids.current", "480\n"},
         20},
        {"0::/a/b\n",
         {"mount/a/b/pids.max", "50\n", "mount/a/pids.max", "400\n",
          "mount/pids.max", "80\n"},
         50},
        /* a container's own group is at the mount */
        {"0::/docker/0123456789\n",
         {"mount/pids.max", "64\n", "mount/pids.current", "4\n"},
         60},
        /* more than the limit are there already: it was lowered */
        {"0::/\n", {"mount/pids.max", "10\n", "mount/pids.current", "12\n"}, 0},
        /* version 1, and both */
        {"8:pids:/\n4:memory:/x\n", {"mount/pids/pids.max", "77\n"}, 77},
        {"9:name=systemd:/x\n8:pids:/a\n0::/\n",
         {"mount/pids/a/pids.max", "70\n", "mount/pids.max", "60\n"},
         60},
        {"4:memory:/x\n", {"mount/x/pids.max", "7\n"}, NO_LIMIT},
        /* nothing to be made sense of */
        {"", {"mount/pids.max", "7\n"}, NO_LIMIT},
        {"0\n::\n0:pids\n", {"mount/pids/pids.max", "7\n"}, NO_LIMIT},
        {"0::/\n", {"mount/pids.max", ""}, NO_LIMIT},
        {"0::/\n", {"mount/pids.max", "-1\n"}, NO_LIMIT},
    };

    for (size_t i = 0; i < LENGTH(rows); i++)
        assert_int_equal(left_of(&rows[i]), rows[i].left);
    assert_int_equal(means_of_group("/nonexistent", "/nonexistent"), NO_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_too_little),
        cmocka_unit_test(test_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
