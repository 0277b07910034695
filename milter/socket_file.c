/* SPDX-License-Identifier: BSD-2-Clause */
/* socket_file.c - a unix socket made where nobody else can come, and then
 * linked into its place */
#include "milter/socket_file.h"

#include "milter/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define ROOMS_TRIED 16    /* against who puts something in their place */
#define OLD_NAME    "old" /* in the room: what stands in our place */

/* The fresh folder, ours alone. The socket in it has the same name: libmilter
 * removes, at its end and in whatever directory we work then, a socket of the
 * name that it was given, and no other file is called that. */
struct room {
    int within; /* the folder that it is in, borrowed */
    int at;     /* -1: there is none */
    int home;   /* where we worked before; -1: not known */
    char name[48];
};

/* What is being made, for the parts of it. */
struct making {
    const char *path;
    struct socket_file *file;
    struct room room;
    char *why;
    size_t why_size;
};

int socket_status(int error)
{
    switch (error) {
    case EADDRINUSE:
    case EEXIST:
        return EX_UNAVAILABLE;
    case EACCES:
    case EPERM:
    case EROFS:
        return EX_NOPERM;
    default:
        return EX_OSERR;
    }
}

/* What errno says. */
static int fail(const struct making *making, const char *what)
{
    const int error = errno;

    snprintf(making->why, making->why_size, "listen: cannot %s %s: %s", what,
             making->path, strerror(error));
    return socket_status(error);
}

static int open_folder(struct making *making)
{
    const char *name = strrchr(making->path, '/');

    if (name == NULL || name[1] == '\0') {
        snprintf(making->why, making->why_size,
                 "listen: %s is a folder, expected the path of a socket",
                 making->path);
        return EX_CONFIG;
    }
    making->file->folder = folder_open(making->path);
    if (making->file->folder < 0)
        return fail(making, "open the folder of");
    snprintf(making->file->name, sizeof(making->file->name), "%s", name + 1);
    return EX_OK;
}

static bool is_ours_alone(int folder)
{
    struct stat status;

    return fstat(folder, &status) == 0 && status.st_uid == geteuid() &&
           (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/* A room of this name, made now or left by one that was killed in it. */
static int open_room(struct room *room, unsigned number)
{
    snprintf(room->name, sizeof(room->name), ".bonafide-%ld-%u", (long)getpid(),
             number);
    if (mkdirat(room->within, room->name, S_IRWXU) != 0 && errno != EEXIST)
        return -1;
    room->at = folder_open_in(room->within, room->name);
    if (room->at >= 0 && !is_ours_alone(room->at)) {
        close(room->at);
        room->at = -1;
    }
    return 0;
}

/* Whoever may write to the folder can move the room away at once, or put
 * something else in its place: then it is not ours alone. */
static int enter_room(struct making *making)
{
    struct room *room = &making->room;

    for (unsigned i = 0; room->at < 0 && i < ROOMS_TRIED; i++)
        if (open_room(room, i) != 0)
            return fail(making, "make a folder beside");
    if (room->at < 0) {
        errno = EPERM;
        return fail(making, "keep others out while making");
    }
    unlinkat(room->at, OLD_NAME, 0);
    unlinkat(room->at, room->name, 0);
    room->home = folder_open_in(AT_FDCWD, ".");
    return fchdir(room->at) == 0 ? EX_OK : fail(making, "work beside");
}

static void leave_room(struct room *room)
{
    if (room->at < 0)
        return;
    if ((room->home < 0 || fchdir(room->home) != 0) && chdir("/") != 0)
        return; /* then we work there still */
    if (room->home >= 0)
        close(room->home);
    unlinkat(room->at, OLD_NAME, 0);
    unlinkat(room->at, room->name, 0);
    close(room->at);
    unlinkat(room->within, room->name, AT_REMOVEDIR);
}

/* True when somebody accepts connections at this name, in the folder that we
 * work in. */
static bool is_live(const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return true; /* we cannot tell: then hands off */
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", name);
    const bool live = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ||
                      errno != ECONNREFUSED;
    close(fd);
    return live;
}

/* Whether the socket in our place is live is asked in the room, where nobody
 * puts a link to another's in its place. Who is not root may not link to a
 * file of another user's; he has no rights of ours to abuse either. */
static bool is_old_live(const struct making *making, int *error)
{
    const struct socket_file *file = making->file;
    struct stat status;

    *error = 0;
    if (linkat(file->folder, file->name, making->room.at, OLD_NAME, 0) == 0) {
        if (fstatat(making->room.at, OLD_NAME, &status, AT_SYMLINK_NOFOLLOW) !=
                0 ||
            !S_ISSOCK(status.st_mode))
            *error = EPERM; /* it is another one than a moment ago */
        return *error == 0 && is_live(OLD_NAME);
    }
    if (geteuid() != 0)
        return is_live(making->path);
    *error = errno;
    return false;
}

static int make_way(const struct making *making)
{
    const struct socket_file *file = making->file;
    struct stat status;
    int error;

    if (fstatat(file->folder, file->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return EX_OK; /* nothing there, or linking will say what is wrong */
    if (!S_ISSOCK(status.st_mode)) {
        snprintf(making->why, making->why_size,
                 "listen: %s is there and is no socket; it stays untouched",
                 making->path);
        return EX_CONFIG;
    }
    if (is_old_live(making, &error)) {
        snprintf(making->why, making->why_size,
                 "listen: another process serves %s", making->path);
        return EX_UNAVAILABLE;
    }
    errno = error;
    if (error != 0)
        return fail(making, "see what stands at");
    if (unlinkat(file->folder, file->name, 0) != 0 && errno != ENOENT) {
        snprintf(making->why, making->why_size,
                 "listen: cannot remove the stale %s: %s", making->path,
                 strerror(errno));
        return EX_NOPERM;
    }
    return EX_OK;
}

static gid_t group_of(const struct making *making,
                      const struct socket_access *access)
{
    struct stat folder;

    if (!access->group_is_named && fstat(making->file->folder, &folder) == 0 &&
        (folder.st_mode & S_ISGID) != 0)
        return (gid_t)-1;
    return access->group;
}

/* In the room a name stands for what we made. */
static int give_away(const struct making *making,
                     const struct socket_access *access)
{
    const struct room *room = &making->room;
    struct stat status;

    if (fchownat(room->at, room->name, access->user, group_of(making, access),
                 AT_SYMLINK_NOFOLLOW) != 0 ||
        fchmodat(room->at, room->name, access->mode, 0) != 0) {
        const int error = errno;
        snprintf(making->why, making->why_size,
                 "socket: cannot set owner, group and mode of %s: %s",
                 making->path, strerror(error));
        return EX_NOPERM;
    }
    if (fstatat(room->at, room->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return fail(making, "look at");
    making->file->device = status.st_dev;
    making->file->inode = status.st_ino;
    return EX_OK;
}

/* A link takes nobody's place. */
static int put_into_place(const struct making *making)
{
    if (linkat(making->room.at, making->room.name, making->file->folder,
               making->file->name, 0) != 0)
        return fail(making, "make");
    return EX_OK;
}

static int make_inside(const struct making *making,
                       const struct socket_access *access,
                       socket_listen *listen)
{
    int status = make_way(making);

    if (status != EX_OK)
        return status;
    const mode_t mask = umask(S_IXUSR | S_IRWXG | S_IRWXO);
    status = listen(making->room.name, making->why, making->why_size);
    umask(mask);
    if (status == EX_OK)
        status = give_away(making, access);
    return status == EX_OK ? put_into_place(making) : status;
}

int socket_file_make(struct socket_file *file, const char *path,
                     const struct socket_access *access, socket_listen *listen,
                     char *why, size_t why_size)
{
    struct making making = {.path = path,
                            .file = file,
                            .room = {.within = -1, .at = -1, .home = -1},
                            .why = why,
                            .why_size = why_size};
    int status = open_folder(&making);

    if (status != EX_OK)
        return status;
    making.room.within = file->folder;
    status = enter_room(&making);
    if (status == EX_OK)
        status = make_inside(&making, access, listen);
    leave_room(&making.room);
    if (status != EX_OK) {
        close(file->folder);
        file->folder = -1;
    }
    return status;
}

/* While the socket is open, nobody else's file can have its inode. */
bool socket_file_is_there(const struct socket_file *file)
{
    struct stat status;

    if (fstatat(file->folder, file->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    errno = ENOENT;
    return status.st_dev == file->device && status.st_ino == file->inode;
}

void socket_file_remove(const struct socket_file *file)
{
    if (file->folder >= 0 && socket_file_is_there(file))
        unlinkat(file->folder, file->name, 0);
}

void socket_file_forget(struct socket_file *file)
{
    if (file->folder >= 0)
        close(file->folder);
    file->folder = -1;
}
