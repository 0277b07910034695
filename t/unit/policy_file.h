/* SPDX-License-Identifier: BSD-2-Clause */
/* policy_file.h - policy files for tests, in a folder of their own, so that
 * complaints begin with the file's name alone */
#ifndef UNIT_POLICY_FILE_H
#define UNIT_POLICY_FILE_H

#include "policy/policy.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define POLICY_FILE "policy_test.yaml"

struct policy_folder {
    char path[64];
    int back;
};

/** Group setup and teardown of cmocka. */
static inline int policy_file_enter(void **state)
{
    struct policy_folder *folder = calloc(1, sizeof(*folder));

    if (folder == NULL)
        return -1;
    *state = folder;
    snprintf(folder->path, sizeof(folder->path), "/tmp/bonafide-test-XXXXXX");
    folder->back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->back < 0 || mkdtemp(folder->path) == NULL)
        return -1;
    return chdir(folder->path);
}

static inline int policy_file_leave(void **state)
{
    struct policy_folder *folder = *state;

    unlink(POLICY_FILE);
    int failed = fchdir(folder->back);
    close(folder->back);
    failed |= rmdir(folder->path);
    free(folder);
    return failed;
}

static inline void policy_file_write(const char *text)
{
    FILE *file = fopen(POLICY_FILE, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static inline struct policy *policy_file_read(const char *text,
                                              struct complaints *complaints)
{
    policy_file_write(text);
    return policy_read(POLICY_FILE, complaints);
}

/** Read what has no error; warnings do not matter. */
static inline struct policy *policy_file_good(const char *text)
{
    struct complaints complaints;
    struct policy *policy = policy_file_read(text, &complaints);

    if (policy == NULL)
        fail_msg("%s\n%s", text,
                 complaints.count > 0 ? complaints.at[0].text : "no memory");
    complaints_clear(&complaints);
    return policy;
}

#endif
