/* SPDX-License-Identifier: BSD-2-Clause */
/* socket_file_test.c - P11: what may stand in the place of a socket; whatever
 * comes of it, nothing is left beside it. Root's part is in t/fault/swap. */
#include "milter/socket_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/bonafide-test-XXXXXX";
static char path[sizeof(folder) + 8];
static int listening = -1;
static char why[256];

static const struct socket_access access_of_ours = {
    .user = (uid_t)-1, .group = (gid_t)-1, .mode = 0640};

static int bound(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof(at.sun_path), "%s", name);
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
        return fd;
    close(fd);
    return -1;
}

static int listen_there(const char *name, char *reason, size_t size)
{
    listening = bound(name);
    return listening >= 0 && listen(listening, 1) == 0 ? EX_OK : EX_OSERR;
}

static int refuse(const char *name, char *reason, size_t size)
{
    snprintf(reason, size, "no");
    return EX_UNAVAILABLE;
}

/* How many names are in the folder. */
static int entries(void)
{
    struct dirent **names;
    const int count = scandir(folder, &names, NULL, NULL);

    assert_true(count >= 2);
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return count - 2;
}

static int make(struct socket_file *file)
{
    return socket_file_make(file, path, &access_of_ours, listen_there, why,
                            sizeof(why));
}

static void hang_up(void)
{
    close(listening);
    listening = -1;
}

static int enter(void **state)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/milter", folder);
    return 0;
}

static int leave(void **state)
{
    return rmdir(folder);
}

static void test_life(void **state)
{
    struct socket_file file = SOCKET_FILE_NONE;
    char before[256], after[256];
    struct stat status;

    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(make(&file), EX_OK);
    assert_non_null(getcwd(after, sizeof(after)));
    assert_string_equal(before, after);
    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_mode, S_IFSOCK | 0640);
    assert_int_equal(entries(), 1);
    assert_true(socket_file_is_there(&file));
    socket_file_remove(&file);
    assert_int_equal(entries(), 0);
    socket_file_remove(&file);
    socket_file_forget(&file);
    hang_up();
}

/* A stale one is replaced, a live one is not; one that was replaced behind our
 * back is not ours to remove. */
static void test_others(void **state)
{
    struct socket_file first = SOCKET_FILE_NONE, second = SOCKET_FILE_NONE;

    assert_int_equal(make(&first), EX_OK);
    const int live = listening;
    assert_int_equal(make(&second), EX_UNAVAILABLE);
    assert_int_equal(second.folder, -1);
    assert_int_equal(entries(), 1);
    close(live);
    assert_int_equal(make(&second), EX_OK);
    assert_false(socket_file_is_there(&first));
    socket_file_remove(&first);
    socket_file_forget(&first);
    assert_true(socket_file_is_there(&second));
    socket_file_remove(&second);
    socket_file_forget(&second);
    assert_int_equal(entries(), 0);
    hang_up();
}

static void test_no_socket(void **state)
{
    struct socket_file file = SOCKET_FILE_NONE;

    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(make(&file), EX_CONFIG);
    assert_non_null(strstr(why, "it stays untouched"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(make(&file), EX_CONFIG);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(entries(), 0);
}

static void test_refused(void **state)
{
    struct socket_file file = SOCKET_FILE_NONE;

    assert_int_equal(socket_file_make(&file, path, &access_of_ours, refuse, why,
                                      sizeof(why)),
                     EX_UNAVAILABLE);
    assert_string_equal(why, "no");
    assert_int_equal(entries(), 0);
    assert_int_equal(socket_file_make(&file, "/no/such/socket", &access_of_ours,
                                      listen_there, why, sizeof(why)),
                     EX_OSERR);
    assert_int_equal(socket_file_make(&file, "/tmp/", &access_of_ours,
                                      listen_there, why, sizeof(why)),
                     EX_CONFIG);
}

/* P17: what one that was killed has left is used and goes. */
static void test_left(void **state)
{
    struct socket_file file = SOCKET_FILE_NONE;
    char room[sizeof(folder) + 40], left[2 * sizeof(room)];
    const char *name = room + sizeof(folder);

    snprintf(room, sizeof(room), "%s/.bonafide-%ld-0", folder, (long)getpid());
    assert_int_equal(mkdir(room, 0700), 0);
    snprintf(left, sizeof(left), "%s/%s", room, name);
    close(bound(left));
    snprintf(left, sizeof(left), "%s/old", room);
    close(bound(left));
    assert_int_equal(make(&file), EX_OK);
    assert_int_equal(entries(), 1);
    socket_file_remove(&file);
    socket_file_forget(&file);
    hang_up();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),      cmocka_unit_test(test_others),
        cmocka_unit_test(test_no_socket), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_left),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
