/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_server.h - SMTP servers on loopback addresses that say what a script has
 * them say, and count who calls; one thread for all of them */
#ifndef UNIT_SMTP_SERVER_H
#define UNIT_SMTP_SERVER_H

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SERVERS_MOST 4
#define CALLERS_MOST 64
#define PUT_OFF_MOST 8

/** Replies, each with its CRLF. NULL: a friendly one; "": silence; "close" and
 * "reset": what is done to the connection in its place. */
struct server_script {
    const char *greeting, *ehlo, *mail, *rcpt, *quit;
    bool deaf;      /* nobody listens there */
    bool full;      /* nobody accepts, and no place is left to wait for it */
    bool greylists; /* RCPT gets its reply when it is repeated */
};

struct server {
    struct server_script script;
    int listener;
    int fillers[2];                   /* those who wait where `full` */
    atomic_int calls;                 /* ever */
    atomic_int open;                  /* now */
    atomic_int at_once;               /* the most */
    atomic_uint from;                 /* the last caller's IPv4 address */
    char put_off[PUT_OFF_MOST][1024]; /* RCPT commands */
    size_t put_off_count;
};

struct caller {
    int socket; /* -1: none */
    struct server *server;
    bool greeted;
    char line[1024];
    size_t length;
};

/** Server i is at 127.0.0.(i + 2), all at one port. */
struct servers {
    struct server server[SERVERS_MOST];
    struct caller caller[CALLERS_MOST];
    uint16_t port;
    atomic_bool gate; /* open: greetings are given */
    atomic_bool stop;
    pthread_t thread;
};

static inline void pause_ms(long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* Wait until it holds, for ten seconds at most. */
#define EVENTUALLY(holds)                                \
 do {                                                    \
  for (int tries = 0; tries < 5000 && !(holds); tries++) \
   pause_ms(2);                                          \
  assert_true(holds);                                    \
 } while (0)

static inline void server_close(struct caller *caller)
{
    (void)close(caller->socket);
    caller->socket = -1;
    atomic_fetch_sub(&caller->server->open, 1);
}

/* Close with RST (SO_LINGER of no time). */
static inline void server_reset(struct caller *caller)
{
    const struct linger linger = {.l_onoff = 1};
    (void)setsockopt(caller->socket, SOL_SOCKET, SO_LINGER, &linger,
                     sizeof(linger));
    server_close(caller);
}

static inline void server_say(struct caller *caller, const char *words,
                              const char *friendly)
{
    if (words == NULL)
        words = friendly;
    if (strcmp(words, "reset") == 0)
        server_reset(caller);
    else if (strcmp(words, "close") == 0 ||
             send(caller->socket, words, strlen(words), MSG_NOSIGNAL) < 0)
        server_close(caller);
}

/* Whether the command is put off: it is heard for the first time. */
static inline bool server_puts_off(struct server *server, const char *command)
{
    if (!server->script.greylists)
        return false;
    for (size_t i = 0; i < server->put_off_count; i++)
        if (strcmp(server->put_off[i], command) == 0)
            return false;
    assert(server->put_off_count < PUT_OFF_MOST);
    memcpy(server->put_off[server->put_off_count++], command,
           strlen(command) + 1);
    return true;
}

static inline void server_obey(struct caller *caller, const char *command)
{
    const struct server_script *script = &caller->server->script;
    if (strncmp(command, "EHLO ", 5) == 0)
        server_say(caller, script->ehlo, "250-mx\r\n250 PIPELINING\r\n");
    else if (strcmp(command, "MAIL FROM:<>\r\n") == 0)
        server_say(caller, script->mail, "250 ok\r\n");
    else if (strncmp(command, "RCPT TO:<", 9) == 0 &&
             server_puts_off(caller->server, command))
        server_say(caller, "451 4.7.1 greylisted\r\n", NULL);
    else if (strncmp(command, "RCPT TO:<", 9) == 0)
        server_say(caller, script->rcpt, "250 yes\r\n");
    else if (strcmp(command, "RSET\r\n") == 0)
        server_say(caller, "250 ok\r\n", NULL);
    else if (strcmp(command, "QUIT\r\n") == 0)
        server_say(caller, script->quit, "221 bye\r\n");
    else
        server_say(caller, "500 what?\r\n", NULL);
}

static inline void server_read(struct caller *caller)
{
    char *line = caller->line;
    ssize_t length = recv(caller->socket, line + caller->length,
                          sizeof(caller->line) - 1 - caller->length, 0);
    if (length <= 0) {
        server_close(caller);
        return;
    }
    caller->length += (size_t)length;
    line[caller->length] = '\0';
    char *end;
    while (caller->socket != -1 && (end = strchr(line, '\n')) != NULL) {
        char command[sizeof(caller->line)];
        size_t taken = (size_t)(end + 1 - line);
        memcpy(command, line, taken);
        command[taken] = '\0';
        memmove(line, line + taken, caller->length + 1 - taken);
        caller->length -= taken;
        server_obey(caller, command);
    }
}

static inline void server_accept(struct servers *servers, struct server *server)
{
    const int on = 1; /* each reply at once, or a reset would overtake it */
    struct sockaddr_in from;
    socklen_t size = sizeof(from);
    int socket = accept(server->listener, (struct sockaddr *)&from, &size);
    if (socket == -1)
        return;
    atomic_store(&server->from, ntohl(from.sin_addr.s_addr));
    for (size_t i = 0; i < CALLERS_MOST; i++) {
        struct caller *caller = &servers->caller[i];
        if (caller->socket != -1)
            continue;
        *caller = (struct caller){.socket = socket, .server = server};
        (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        atomic_fetch_add(&server->calls, 1);
        int open = atomic_fetch_add(&server->open, 1) + 1;
        if (open > atomic_load(&server->at_once))
            atomic_store(&server->at_once, open);
        return;
    }
    (void)close(socket);
}

static inline void servers_greet(struct servers *servers)
{
    for (size_t i = 0; i < CALLERS_MOST; i++) {
        struct caller *caller = &servers->caller[i];
        if (caller->socket == -1 || caller->greeted)
            continue;
        caller->greeted = true;
        server_say(caller, caller->server->script.greeting, "220 mx\r\n");
    }
}

static inline struct pollfd server_polled(const struct server *server)
{
    bool accepts = !server->script.deaf && !server->script.full;
    return (struct pollfd){accepts ? server->listener : -1, POLLIN, 0};
}

static inline void *servers_run(void *argument)
{
    struct servers *servers = argument;
    while (!atomic_load(&servers->stop)) {
        struct pollfd polled[SERVERS_MOST + CALLERS_MOST];
        for (size_t i = 0; i < SERVERS_MOST; i++)
            polled[i] = server_polled(&servers->server[i]);
        for (size_t i = 0; i < CALLERS_MOST; i++)
            polled[SERVERS_MOST + i] =
                (struct pollfd){servers->caller[i].socket, POLLIN, 0};
        (void)poll(polled, SERVERS_MOST + CALLERS_MOST, 5);
        for (size_t i = 0; i < CALLERS_MOST; i++)
            if (polled[SERVERS_MOST + i].revents != 0)
                server_read(&servers->caller[i]);
        for (size_t i = 0; i < SERVERS_MOST; i++)
            if (polled[i].revents != 0)
                server_accept(servers, &servers->server[i]);
        if (atomic_load(&servers->gate))
            servers_greet(servers);
    }
    return NULL;
}

static inline bool server_listen(struct servers *servers, size_t i)
{
    const int on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(servers->port)};
    socklen_t size = sizeof(at);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)i);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    servers->server[i].listener = listener;
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (struct sockaddr *)&at, size) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0)
        return false;
    servers->port = ntohs(at.sin_port);
    if (servers->server[i].script.deaf)
        return true;
    bool full = servers->server[i].script.full;
    if (listen(listener, full ? 0 : 128) != 0)
        return false;
    for (size_t j = 0; full && j < 2; j++) {
        int filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        servers->server[i].fillers[j] = filler;
        (void)connect(filler, (struct sockaddr *)&at, size);
    }
    return true;
}

/** Start the servers of `count` scripts; the gate is open. */
static inline void servers_start(struct servers *servers,
                                 const struct server_script *scripts,
                                 size_t count)
{
    memset(servers, 0, sizeof(*servers));
    atomic_store(&servers->gate, true);
    for (size_t i = 0; i < CALLERS_MOST; i++)
        servers->caller[i].socket = -1;
    for (size_t i = 0; i < SERVERS_MOST; i++) {
        servers->server[i].listener = -1;
        if (i >= count)
            continue;
        servers->server[i].script = scripts[i];
        bool listens = server_listen(servers, i);
        assert(listens);
        (void)listens;
    }
    int error = pthread_create(&servers->thread, NULL, servers_run, servers);
    assert(error == 0);
    (void)error;
}

static inline void servers_stop(struct servers *servers)
{
    atomic_store(&servers->stop, true);
    (void)pthread_join(servers->thread, NULL);
    for (size_t i = 0; i < CALLERS_MOST; i++)
        if (servers->caller[i].socket != -1)
            server_close(&servers->caller[i]);
    for (size_t i = 0; i < SERVERS_MOST; i++)
        if (servers->server[i].listener != -1)
            (void)close(servers->server[i].listener);
    for (size_t i = 0; i < SERVERS_MOST; i++)
        for (size_t j = 0; servers->server[i].script.full && j < 2; j++)
            (void)close(servers->server[i].fillers[j]);
}

#endif
