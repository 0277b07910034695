/* SPDX-License-Identifier: BSD-2-Clause */
/* socket_file.h - the file of a unix socket: made, given away and removed
 *
 * Who starts as root gives the socket to the user that serves. The folder may
 * be that user's, who can then put a link in the place of any name in it, at
 * any moment. So the socket is made in a fresh folder within it that nobody
 * else can enter, gets its owner and mode there, and is linked into its place
 * when it is whole. All that is done to it is done by calls on descriptors of
 * the two folders, none of which follows a link.
 */
#ifndef MILTER_SOCKET_FILE_H
#define MILTER_SOCKET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

#define SOCKET_PATH_SIZE sizeof(((struct sockaddr_un *)NULL)->sun_path)

/** Whose the file becomes. */
struct socket_access {
    uid_t user;  /* (uid_t)-1: ours */
    gid_t group; /* (gid_t)-1: that which the file system gives */
    mode_t mode;
    bool group_is_named; /* false: a folder with the set-group-ID bit gives its
                            own group in the place of this one */
};

/** A file that we made; for one thread while it is made. */
struct socket_file {
    int folder; /* descriptor of its folder; -1: there is none */
    char name[SOCKET_PATH_SIZE];
    dev_t device;
    ino_t inode;
};

#define SOCKET_FILE_NONE \
 {                       \
  .folder = -1           \
 }

/**
 * Listen at `name`, which is relative to the working directory, and leave the
 * file there.
 * @return 0, or a status of sysexits.h with `why`
 */
typedef int socket_listen(const char *name, char *why, size_t why_size);

/**
 * Make the file at `path` by `listen`. A stale socket in its place is replaced;
 * a live one, and any other kind of file, never. The working directory and the
 * file mode mask change meanwhile.
 * @param path  absolute, shorter than SOCKET_PATH_SIZE
 * @param file  without a file before; then with one, for socket_file_remove
 * @return 0, or a status of sysexits.h with `why`; then nothing is left behind
 */
int socket_file_make(struct socket_file *file, const char *path,
                     const struct socket_access *access, socket_listen *listen,
                     char *why, size_t why_size);

/** The status of sysexits.h for what the system refuses a socket with. */
int socket_status(int error);

/** True while the file has its name; else errno says more. Any thread. */
bool socket_file_is_there(const struct socket_file *file);

/** Remove the file if it is still there, and if we may: from now on it is not.
 * Any thread, for nothing else changes. */
void socket_file_remove(const struct socket_file *file);

/** Let go of it; the file stays. Nobody may ask about it meanwhile. */
void socket_file_forget(struct socket_file *file);

#endif
