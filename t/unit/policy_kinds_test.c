/* SPDX-License-Identifier: BSD-2-Clause */
/* policy_kinds_test.c - what is no policy file: other kinds of files, and
 * larger ones; none of them is waited for */
#include "policy_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static void assert_refused(const char *file, const char *why, bool unreadable)
{
    struct complaints complaints = {0};

    assert_null(policy_read(file, &complaints));
    assert_int_equal(complaints.count, 1);
    assert_string_equal(complaints.at[0].text, why);
    assert_int_equal(complaints.unreadable, unreadable);
    complaints_clear(&complaints);
}

/* Nobody writes to it: who opens it as a file waits for ever. */
static void test_fifo(void **state)
{
    assert_int_equal(mkfifo(POLICY_FILE, 0600), 0);
    assert_refused(POLICY_FILE,
                   POLICY_FILE ": this is a FIFO, expected a regular file",
                   true);
    unlink(POLICY_FILE);
}

/* A device that never ends, and one that has nothing. */
static void test_device(void **state)
{
    assert_refused("/dev/zero",
                   "/dev/zero: this is a device, expected a regular file",
                   true);
    assert_refused("/dev/null",
                   "/dev/null: this is a device, expected a regular file",
                   true);
    assert_int_equal(symlink("/dev/zero", POLICY_FILE), 0);
    assert_refused(POLICY_FILE,
                   POLICY_FILE ": this is a device, expected a regular file",
                   true);
    unlink(POLICY_FILE);
}

static void test_folder(void **state)
{
    assert_refused(".", ".: this is a folder, expected a regular file", true);
}

static void test_socket(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = POLICY_FILE};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_refused(POLICY_FILE,
                   POLICY_FILE ": cannot be read: No such device or address",
                   true);
    close(fd);
    unlink(POLICY_FILE);
}

/* 1 MiB is read, an octet more is not; neither is 1 TiB of nothing. */
static void test_size(void **state)
{
    struct complaints complaints = {0};
    struct policy *policy;

    policy_file_write("identity: mx1.example.org\n#");
    assert_int_equal(truncate(POLICY_FILE, 1024 * 1024 + 1), 0);
    assert_refused(POLICY_FILE,
                   POLICY_FILE
                   ": the file has 1048577 octets, expected 1 MiB at most",
                   false);
    assert_int_equal(truncate(POLICY_FILE, (off_t)1 << 40), 0);
    assert_refused(POLICY_FILE,
                   POLICY_FILE ": the file has 1099511627776 octets, expected "
                               "1 MiB at most",
                   false);
    char *text = malloc(1024 * 1024 + 1);
    assert_non_null(text);
    memset(text, '\n', 1024 * 1024);
    memcpy(text, "identity: mx1.example.org", 25);
    text[1024 * 1024] = '\0';
    policy_file_write(text);
    free(text);
    policy = policy_read(POLICY_FILE, &complaints);
    assert_non_null(policy);
    policy_drop(policy);
    complaints_clear(&complaints);
}

/* Root serves, with a warning; another user does without. */
static void test_root(void **state)
{
    struct complaints complaints;
    struct policy *policy = policy_file_read(
        "identity: mx1.example.org\nuser: root\npolicy: {dnsbl: off, "
        "helo-syntax: {fail: reject}}\n",
        &complaints);

    assert_non_null(policy);
    assert_int_equal(complaints.count, 1);
    assert_true(complaints.at[0].warning);
    assert_non_null(strstr(complaints.at[0].text, ":2:1: warning: `user` is "
                                                  "root: "));
    complaints_clear(&complaints);
    policy_drop(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fifo),   cmocka_unit_test(test_device),
        cmocka_unit_test(test_folder), cmocka_unit_test(test_socket),
        cmocka_unit_test(test_size),   cmocka_unit_test(test_root),
    };
    return cmocka_run_group_tests(tests, policy_file_enter, policy_file_leave);
}
