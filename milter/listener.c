/* SPDX-License-Identifier: BSD-2-Clause */
/* listener.c - opening libmilter's socket without ever taking somebody else's
 * place */
#include "milter/listener.h"

#include <errno.h>
#include <grp.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define DESCRIPTORS_SEARCHED 64

/* The socket file that we made, for its removal, and the address, for knocking;
 * libmilter has no place for ours to be kept in. */
static struct {
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    dev_t device;
    ino_t inode;
    struct sockaddr_storage address;
    socklen_t address_size; /* 0: not known */
} made;

/* The path of a unix socket, or NULL. */
static const char *unix_path(const char *listen)
{
    if (strncmp(listen, "unix:", 5) == 0)
        return listen + 5;
    if (strncmp(listen, "local:", 6) == 0)
        return listen + 6;
    return NULL;
}

/* True when somebody accepts connections there. */
static bool is_live(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool live;

    if (fd < 0)
        return true; /* we cannot tell: then hands off */
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    live = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ||
           errno != ECONNREFUSED;
    close(fd);
    return live;
}

static int make_room(const char *path, char *why, size_t why_size)
{
    struct stat status;

    if (lstat(path, &status) != 0)
        return EX_OK; /* nothing there, or binding will say what is wrong */
    if (!S_ISSOCK(status.st_mode)) {
        snprintf(why, why_size,
                 "listen: %s is there and is no socket; it stays untouched",
                 path);
        return EX_CONFIG;
    }
    if (is_live(path)) {
        snprintf(why, why_size, "listen: another process serves %s", path);
        return EX_UNAVAILABLE;
    }
    if (unlink(path) != 0) {
        snprintf(why, why_size, "listen: cannot remove the stale %s: %s", path,
                 strerror(errno));
        return EX_NOPERM;
    }
    return EX_OK;
}

/* Give the file to the user that will serve it, so that he can remove it. */
static int dress(const struct policy *policy, const char *path, char *why,
                 size_t why_size)
{
    const struct passwd *user = getpwnam(policy->user);
    const struct group *group = NULL;
    uid_t uid = (uid_t)-1;
    gid_t gid = (gid_t)-1;

    if (policy->socket_group && !(group = getgrnam(policy->socket_group))) {
        snprintf(why, why_size, "socket.group: there is no group %s",
                 policy->socket_group);
        return EX_CONFIG;
    }
    if (geteuid() == 0 && user) {
        uid = user->pw_uid;
        gid = user->pw_gid;
    }
    if (group)
        gid = group->gr_gid;
    if (chown(path, uid, gid) != 0 ||
        chmod(path, (mode_t)policy->socket_mode) != 0) {
        snprintf(why, why_size,
                 "socket: cannot set owner, group and mode of %s: %s", path,
                 strerror(errno));
        return EX_NOPERM;
    }
    return EX_OK;
}

static int remember(const char *path, char *why, size_t why_size)
{
    struct sockaddr_un *const knocked = (struct sockaddr_un *)&made.address;
    struct stat status;

    if (lstat(path, &status) != 0) {
        snprintf(why, why_size, "listen: %s: %s", path, strerror(errno));
        return EX_OSERR;
    }
    snprintf(made.path, sizeof made.path, "%s", path);
    made.device = status.st_dev;
    made.inode = status.st_ino;
    knocked->sun_family = AF_UNIX;
    snprintf(knocked->sun_path, sizeof knocked->sun_path, "%s", path);
    made.address_size = sizeof *knocked;
    return EX_OK;
}

/* libmilter takes a copy of `listen`. */
static bool open_libmilter(const char *listen)
{
    char *copy = strdup(listen);
    const bool opened = copy && smfi_setconn(copy) == MI_SUCCESS &&
                        smfi_opensocket(false) == MI_SUCCESS;

    free(copy);
    return opened;
}

static int status_of(int error)
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

/* Nobody but us may connect before mode and group are what they should be. */
static int open_socket(const char *listen, char *why, size_t why_size)
{
    const mode_t mask = umask(0177);
    bool opened;
    int error;

    errno = 0;
    opened = open_libmilter(listen);
    error = errno;
    umask(mask);
    if (opened)
        return EX_OK;
    snprintf(why, why_size, "listen: cannot listen at %s: %s", listen,
             error ? strerror(error) : "the system log says why");
    return status_of(error);
}

/* libmilter keeps its descriptor to itself, so the listening one is looked for:
 * ours is the only one yet. -1: not found. */
static int find_listening(void)
{
    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_SEARCHED; fd++) {
        int listens = 0;
        socklen_t size = sizeof listens;

        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
            listens)
            return fd;
    }
    return -1;
}

/* Sessions inherit the option; without it a reply in two packets waits 40 ms
 * for the mail server's delayed ACK. */
static void furnish(int fd)
{
    const int on = 1;
    socklen_t size = sizeof made.address;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (getsockname(fd, (struct sockaddr *)&made.address, &size) == 0 &&
        size <= sizeof made.address)
        made.address_size = size;
}

/* At its end libmilter removes whatever socket has the name that it was given,
 * a successor's as well. So it is given our name with a tilde, which is gone
 * again before we serve; link() takes nobody's place. */
static int open_unix(const char *path, char *why, size_t why_size)
{
    char first[sizeof "unix:~" + sizeof made.path];
    const char *const name = first + strlen("unix:");
    int status;

    snprintf(first, sizeof first, "unix:%s~", path);
    status = make_room(name, why, why_size);
    if (status == EX_OK)
        status = open_socket(first, why, why_size);
    if (status != EX_OK)
        return status;
    if (link(name, path) != 0) {
        status = status_of(errno);
        snprintf(why, why_size, "listen: cannot make %s: %s", path,
                 strerror(errno));
    } else {
        status = remember(path, why, why_size);
    }
    unlink(name);
    return status;
}

int listener_open(const struct policy *policy, char *why, size_t why_size)
{
    const char *path = unix_path(policy->listen);
    int status = path ? make_room(path, why, why_size) : EX_OK;

    if (status == EX_OK)
        status = path ? open_unix(path, why, why_size)
                      : open_socket(policy->listen, why, why_size);
    if (status == EX_OK && path)
        status = dress(policy, path, why, why_size);
    if (status == EX_OK && !path)
        furnish(find_listening());
    if (status != EX_OK)
        listener_close();
    return status;
}

/* While the socket is open, nobody else's file can have its inode. */
static bool is_ours(void)
{
    struct stat status;

    return lstat(made.path, &status) == 0 && status.st_dev == made.device &&
           status.st_ino == made.inode;
}

/* Connecting to the unspecified address leads to loopback. -1, with errno: no
 * connection has begun, to somebody else's socket least of all. */
static int begin_connection(void)
{
    const struct sockaddr *to = (struct sockaddr *)&made.address;
    int fd, error;

    errno = ENOENT;
    if (made.address_size == 0 || (made.path[0] && !is_ours()))
        return -1;
    fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, to, made.address_size) == 0 ||
        errno == EINPROGRESS)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* On any thread, so that strerror() will not do. */
int listener_connect(char *why, size_t why_size)
{
    const int fd = begin_connection();
    char reason[128];

    if (fd >= 0)
        return fd;
    if (strerror_r(errno, reason, sizeof reason) != 0)
        reason[0] = '\0';
    snprintf(why, why_size, "our socket cannot be connected to: %s", reason);
    return -1;
}

int listener_check(char *why, size_t why_size)
{
    char reason[256];
    const int fd = listener_connect(reason, sizeof reason);

    if (fd >= 0) {
        close(fd);
        return EX_OK;
    }
    snprintf(why, why_size, "listen: as the user that serves, %s", reason);
    return EX_NOPERM;
}

/* If no descriptor is free, nobody could come in anyway. */
void listener_knock(void)
{
    const int fd = begin_connection();

    if (fd >= 0)
        close(fd);
}

void listener_close(void)
{
    if (made.path[0] && is_ours())
        unlink(made.path);
    made.path[0] = '\0';
}
