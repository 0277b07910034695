/* SPDX-License-Identifier: BSD-2-Clause */
/* folder.h - a folder, opened without following a link that is not root's
 *
 * Root works in the folder by calls on the descriptor: whatever the path leads
 * to by then, nothing that another user puts on it changes where they work.
 */
#ifndef MILTER_FOLDER_H
#define MILTER_FOLDER_H

#define FOLDER_PATH_SIZE  1024 /* with what links on the way lead to */
#define FOLDER_LINKS_MOST 16

/**
 * Open the folder that holds `path`. If we are root, a symbolic link on the way
 * counts only in a folder where root alone can have made it; for others there
 * is nothing to gain by one.
 * @param path  absolute
 * @return a descriptor that is the caller's, for calls on names in the folder
 *         and for fchdir(); -1 with errno
 */
int folder_open(const char *path);

/** As above: the folder `name` in `folder`, or AT_FDCWD; a link is none. */
int folder_open_in(int folder, const char *name);

#endif
