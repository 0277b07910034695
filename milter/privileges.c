/* SPDX-License-Identifier: BSD-2-Clause */
/* privileges.c - dropping root, and the descriptors that serving needs */
#include "milter/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#define DESCRIPTORS_LEAST 256

int privileges_drop(const char *user, char *why, size_t why_size)
{
    const struct passwd *who;

    if (geteuid() != 0)
        return EX_OK;
    who = getpwnam(user);
    if (!who) {
        snprintf(why, why_size, "user: there is no user %s", user);
        return EX_CONFIG;
    }
    if (initgroups(user, who->pw_gid) != 0 || setgid(who->pw_gid) != 0 ||
        setuid(who->pw_uid) != 0) {
        snprintf(why, why_size, "user: cannot become %s: %s", user,
                 strerror(errno));
        return EX_NOPERM;
    }
    if (who->pw_uid != 0 && (setuid(0) == 0 || geteuid() == 0)) {
        snprintf(why, why_size, "user: as %s we could become root again", user);
        return EX_NOPERM;
    }
    return EX_OK;
}

int privileges_raise_descriptors(char *why, size_t why_size)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        snprintf(why, why_size, "the limit of descriptors cannot be read: %s",
                 strerror(errno));
        return EX_OSERR;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur < DESCRIPTORS_LEAST) {
        snprintf(why, why_size,
                 "at most %llu descriptors are allowed, %d are the least "
                 "that serving needs",
                 (unsigned long long)limit.rlim_max, DESCRIPTORS_LEAST);
        return EX_OSERR;
    }
    return EX_OK;
}
