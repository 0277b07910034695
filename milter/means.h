/* SPDX-License-Identifier: BSD-2-Clause */
/* means.h - what the system allows us: descriptors and threads */
#ifndef MILTER_MEANS_H
#define MILTER_MEANS_H

#include "milter/budget.h"

/**
 * Read the limits as they are now: RLIMIT_NOFILE; RLIMIT_NPROC, and what is
 * left in our control group and those above it (systemd's TasksMax=, the limits
 * of containers). What cannot be read is no limit.
 */
struct budget_means means_read(void);

/**
 * Tasks that may still be begun in a control group.
 * @param file   as /proc/self/cgroup: which group is ours; version 1 and 2
 * @param mount  where the groups' file system is: /sys/fs/cgroup
 */
size_t means_of_group(const char *file, const char *mount);

#endif
