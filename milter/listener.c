/* SPDX-License-Identifier: BSD-2-Clause */
/* listener.c - opening libmilter's socket without ever taking somebody else's
 * place */
#include "milter/listener.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "milter/socket_file.h"

#include <errno.h>
#include <grp.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define DESCRIPTORS_SEARCHED 64

/* Connections of ours that were not accepted yet. */
#define OWN_MOST 256
/* Nobody waits longer to be accepted. */
#define OWN_MS 10000

/* The socket file that we made, and the address, for knocking; libmilter has no
 * place for ours to be kept in. listener_open alone writes it, before there are
 * threads that read it. */
static struct {
    struct socket_file file; /* of a unix socket */
    struct sockaddr_storage address;
    socklen_t address_size; /* 0: not known */
} made = {.file = SOCKET_FILE_NONE};

/* Our latest connections to ourselves over TCP, by the port they come from, for
 * whoever accepts them. */
static struct {
    pthread_mutex_t lock; /* guards the rest */
    struct {
        in_port_t port; /* as the system has it; 0: none */
        instant until;
    } at[OWN_MOST];
    size_t next; /* in turn */
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The path of a unix socket, or NULL. */
static const char *unix_path(const char *listen)
{
    if (strncmp(listen, "unix:", 5) == 0)
        return listen + 5;
    if (strncmp(listen, "local:", 6) == 0)
        return listen + 6;
    return NULL;
}

/* Whose the file becomes: the user's that serves, so that he can remove it, and
 * the group's that may connect. */
static int find_access(const struct policy *policy,
                       struct socket_access *access, char *why, size_t why_size)
{
    const struct passwd *user = geteuid() == 0 ? getpwnam(policy->user) : NULL;
    const struct group *group = NULL;

    *access = (struct socket_access){.user = user ? user->pw_uid : (uid_t)-1,
                                     .group = user ? user->pw_gid : (gid_t)-1,
                                     .mode = (mode_t)policy->socket_mode};
    if (!policy->socket_group)
        return EX_OK;
    group = getgrnam(policy->socket_group);
    if (!group) {
        snprintf(why, why_size, "socket.group: there is no group %s",
                 policy->socket_group);
        return EX_CONFIG;
    }
    access->group = group->gr_gid;
    access->group_is_named = true;
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

static int open_socket(const char *listen, char *why, size_t why_size)
{
    int error;

    errno = 0;
    if (open_libmilter(listen))
        return EX_OK;
    error = errno;
    snprintf(why, why_size, "listen: cannot listen at %s: %s", listen,
             error ? strerror(error) : "the system log says why");
    return socket_status(error);
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

static int open_there(const char *name, char *why, size_t why_size)
{
    char listen[sizeof "unix:" + SOCKET_PATH_SIZE];

    snprintf(listen, sizeof listen, "unix:%s", name);
    return open_socket(listen, why, why_size);
}

static int open_unix(const struct policy *policy, const char *path, char *why,
                     size_t why_size)
{
    struct sockaddr_un *const knocked = (struct sockaddr_un *)&made.address;
    struct socket_access access;
    int status = find_access(policy, &access, why, why_size);

    if (status == EX_OK)
        status = socket_file_make(&made.file, path, &access, open_there, why,
                                  why_size);
    if (status != EX_OK)
        return status;
    knocked->sun_family = AF_UNIX;
    snprintf(knocked->sun_path, sizeof knocked->sun_path, "%s", path);
    made.address_size = sizeof *knocked;
    return EX_OK;
}

int listener_open(const struct policy *policy, char *why, size_t why_size)
{
    const char *path = unix_path(policy->listen);
    int status;

    socket_file_forget(&made.file);
    made.address_size = 0;
    status = path ? open_unix(policy, path, why, why_size)
                  : open_socket(policy->listen, why, why_size);
    if (status == EX_OK && !path)
        furnish(find_listening());
    return status;
}

/* 0: it is no TCP. */
static in_port_t port_of(const struct sockaddr *address)
{
    const void *at = address;

    switch (address->sa_family) {
    case AF_INET:
        return ((const struct sockaddr_in *)at)->sin_port;
    case AF_INET6:
        return ((const struct sockaddr_in6 *)at)->sin6_port;
    default:
        return 0;
    }
}

/* Under the lock of `own`. */
static void note_own(int fd)
{
    struct sockaddr_storage from;
    socklen_t size = sizeof from;

    if (getsockname(fd, (struct sockaddr *)&from, &size) != 0)
        return;
    own.at[own.next].port = port_of((struct sockaddr *)&from);
    own.at[own.next].until = instant_after_ms(clock_now(&clock_system), OWN_MS);
    own.next = (own.next + 1) % OWN_MOST;
}

/* Begin to connect, which waits for nobody; the lock is held so that whoever
 * accepts the connection finds it noted. */
static bool connect_own(int fd, const struct sockaddr *to)
{
    bool begun;
    int error;

    pthread_mutex_lock(&own.lock);
    begun = connect(fd, to, made.address_size) == 0 || errno == EINPROGRESS;
    error = errno;
    if (begun && to->sa_family != AF_UNIX)
        note_own(fd);
    pthread_mutex_unlock(&own.lock);
    errno = error;
    return begun;
}

/* Take it out: a port is ours for one connection. */
static bool take_own(in_port_t port)
{
    const instant now = clock_now(&clock_system);
    bool found = false;

    pthread_mutex_lock(&own.lock);
    for (size_t i = 0; i < OWN_MOST && port != 0 && !found; i++) {
        found = own.at[i].port == port && own.at[i].until > now;
        if (found)
            own.at[i].port = 0;
    }
    pthread_mutex_unlock(&own.lock);
    return found;
}

bool listener_is_own(int fd, const struct sockaddr *peer)
{
    struct address from, to;
    struct sockaddr_storage local;
    socklen_t size = sizeof local;

    if (peer->sa_family == AF_UNIX)
        return descriptor_is_ours(fd);
    return getsockname(fd, (struct sockaddr *)&local, &size) == 0 &&
           address_from_socket(&from, peer) &&
           address_from_socket(&to, (struct sockaddr *)&local) &&
           address_equal(&from, &to) && take_own(port_of(peer));
}

/* Connecting to the unspecified address leads to loopback. -1, with errno: no
 * connection has begun, to somebody else's socket least of all. */
static int begin_connection(void)
{
    const struct sockaddr *to = (struct sockaddr *)&made.address;
    int fd, error;

    errno = ENOENT;
    if (made.address_size == 0 ||
        (to->sa_family == AF_UNIX && !socket_file_is_there(&made.file)))
        return -1;
    fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect_own(fd, to))
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
    socket_file_remove(&made.file);
}
