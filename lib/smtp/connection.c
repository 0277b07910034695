/* SPDX-License-Identifier: BSD-2-Clause */
/* connection.c - the thin layer around the dialogue: connect, send, receive,
 * TLS between the dialogue and the socket once it is wanted, one timer for
 * whatever is waited for */
#include "smtp/connection.h"

#include "base/network.h"
#include "smtp/dialogue.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** Octets read at a time. */
#define READ_SIZE 4096

/** Why there was no dialogue. */
struct failure {
    enum callout_outcome outcome;
    enum callout_trouble trouble;
    enum callout_stage stage;
};

struct connection {
    struct loop *loop;
    struct connection_owner owner;
    struct callout_target target;
    uint16_t port;
    int socket; /* -1: none */
    bool bound; /* to the address that the settings choose */
    struct event *readable;
    struct event *writable; /* waited for while connecting, and for `unsent` */
    struct loop_timer *timer;
    bool connected;
    struct failure failure; /* if the timer fires before that */
    struct dialogue *dialogue;
    struct span unsent; /* the dialogue's; nothing is read meanwhile */
    struct tls_client *client;
    struct tls *tls; /* NULL: in the clear */
    bool shaken;     /* its handshake is done */
    bool answered;
};

static instant now(const struct connection *connection)
{
    return clock_now(loop_clock(connection->loop));
}

void connection_cut(struct connection **connection)
{
    struct connection *c = *connection;
    if (c == NULL)
        return;
    if (c->writable != NULL)
        event_free(c->writable);
    if (c->readable != NULL)
        event_free(c->readable);
    if (c->socket != -1)
        (void)close(c->socket);
    loop_timer_free(&c->timer);
    tls_free(&c->tls);
    dialogue_free(&c->dialogue);
    free(c);
    *connection = NULL;
}

/* Tell the answer, with whose it is. */
static void tell(struct connection *connection,
                 const struct callout_answer *answer)
{
    struct callout_answer whole = *answer;
    _Static_assert(sizeof(whole.exchanger) ==
                       sizeof(connection->target.exchanger),
                   "both are names");
    memcpy(whole.exchanger, connection->target.exchanger,
           sizeof(whole.exchanger));
    whole.address = connection->target.address;
    connection->answered = true;
    connection->owner.answered(connection->owner.context, &whole);
}

/* What does not go out at once is not worth waiting for. */
static void say_goodbye(struct connection *connection)
{
    if (!connection->shaken)
        return;
    tls_close(connection->tls);
    struct span last = tls_outgoing(connection->tls);
    if (last.length > 0)
        (void)send(connection->socket, last.at, last.length, MSG_NOSIGNAL);
}

static void end(struct connection *connection)
{
    const struct connection_owner owner = connection->owner;
    say_goodbye(connection);
    connection_cut(&connection);
    owner.closed(owner.context);
}

static const struct failure our_fault = {.outcome = CALLOUT_INTERNAL};

/* Whether we are bound to an address that is not ours, as systems allow that
 * share one among several hosts (ip_nonlocal_bind): no answer finds us then. */
static bool is_adrift(const struct connection *connection)
{
    struct sockaddr_storage ours;
    struct sockaddr *our = (struct sockaddr *)&ours;
    socklen_t size = sizeof(ours);
    struct address address;
    return connection->bound &&
           getsockname(connection->socket, our, &size) == 0 &&
           address_from_socket(&address, our) && !network_is_of_host(&address);
}

/* End without a dialogue's answer. */
static void fail(struct connection *connection, struct failure failure)
{
    if (!connection->connected && is_adrift(connection))
        failure = our_fault;
    const struct callout_answer answer = {
        .outcome = failure.outcome,
        .stage = failure.stage,
        .trouble = failure.trouble,
        .learnt = now(connection),
    };
    if (!connection->answered)
        tell(connection, &answer);
    end(connection);
}

static struct failure unreachable(enum callout_trouble trouble)
{
    return (struct failure){CALLOUT_UNREACHABLE, trouble, CALLOUT_AT_CONNECT};
}

/* What an error of socket, connect or the connection says. */
static struct failure failure_of(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRINUSE:
    case EADDRNOTAVAIL: /* no port is free, or the address set is not ours */
        return our_fault;
    case ECONNREFUSED:
        return unreachable(CALLOUT_TROUBLE_REFUSED);
    case ETIMEDOUT:
        return unreachable(CALLOUT_TROUBLE_TIMEOUT);
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN: /* it was there, and is gone before the greeting */
        return (struct failure){CALLOUT_UNREACHABLE, CALLOUT_TROUBLE_CLOSED,
                                CALLOUT_AT_GREETING};
    default: /* no network, no host, no such family, a filter of ours */
        return unreachable(CALLOUT_TROUBLE_NO_ROUTE);
    }
}

/* Wait for what is to be written, or to be read. */
static bool wait_for(struct event *event, struct event *not_for)
{
    return event_del(not_for) == 0 && event_add(event, NULL) == 0;
}

/* What is to be sent: TLS's octets, or the dialogue's own. */
static struct span outgoing(struct connection *connection)
{
    return connection->tls != NULL ? tls_outgoing(connection->tls)
                                   : connection->unsent;
}

static void drop_outgoing(struct connection *connection, size_t length)
{
    if (connection->tls != NULL) {
        tls_sent(connection->tls, length);
        return;
    }
    connection->unsent.at += length;
    connection->unsent.length -= length;
}

/* Send what can be sent. What cannot be sent for good is dropped: the socket is
 * then readable, with what the server said before it left, and its end. */
static bool send_outgoing(struct connection *connection)
{
    struct span octets = outgoing(connection);
    ssize_t sent = 0;
    if (octets.length > 0)
        sent = send(connection->socket, octets.at, octets.length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        drop_outgoing(connection, octets.length);
    else if (sent > 0)
        drop_outgoing(connection, (size_t)sent);
    return outgoing(connection).length == 0
               ? wait_for(connection->readable, connection->writable)
               : wait_for(connection->writable, connection->readable);
}

/* Send the dialogue's commands, by TLS if that is open. */
static bool send_commands(struct connection *connection)
{
    if (connection->tls != NULL &&
        !tls_write(connection->tls, connection->unsent))
        return false;
    return send_outgoing(connection);
}

/* Send the first octets of the handshake; the server's word is next. */
static bool begin_tls(struct connection *connection)
{
    connection->tls = tls_new(connection->client, connection->target.exchanger);
    return connection->tls != NULL && tls_shake(connection->tls) == TLS_WAIT &&
           send_outgoing(connection);
}

/* Give the dialogue an event, and do what it says. False: the connection is
 * over, and freed. */
static bool step(struct connection *connection, struct dialogue_event event)
{
    struct dialogue *dialogue = connection->dialogue;
    event.at = now(connection);
    enum dialogue_next next =
        dialogue_step(dialogue, &event, &connection->unsent);
    if (next == DIALOGUE_SEND && !send_commands(connection)) {
        fail(connection, our_fault);
        return false;
    }
    loop_timer_set(connection->timer, dialogue_deadline(dialogue));
    const struct callout_answer *answer = dialogue_answer(dialogue);
    if (answer != NULL && !connection->answered)
        tell(connection, answer);
    if (next == DIALOGUE_SECURE && !begin_tls(connection)) {
        fail(connection, our_fault);
        return false;
    }
    if (next == DIALOGUE_DONE)
        end(connection);
    return next != DIALOGUE_DONE;
}

/* One step of the handshake. False: the connection is over. */
static bool shake(struct connection *connection)
{
    struct dialogue_event event = {.kind = DIALOGUE_SECURED};
    enum tls_state state = tls_shake(connection->tls);
    if (!send_outgoing(connection)) {
        fail(connection, our_fault);
        return false;
    }
    if (state == TLS_WAIT)
        return true;
    connection->shaken = state == TLS_DONE;
    if (!connection->shaken)
        event.kind = DIALOGUE_INSECURE;
    return step(connection, event);
}

/* Whatever plain text there is. */
static void read_plain(struct connection *connection)
{
    char plain[READ_SIZE];
    size_t length;
    for (;;) {
        struct dialogue_event event = {.kind = DIALOGUE_CLOSED};
        enum tls_state state =
            tls_read(connection->tls, plain, sizeof(plain), &length);
        if (state == TLS_WAIT)
            return;
        if (state == TLS_DONE) {
            event.kind = DIALOGUE_OCTETS;
            event.octets = (struct span){plain, length};
        }
        if (!step(connection, event))
            return;
    }
}

static void take_cipher(struct connection *connection, struct span octets)
{
    if (!tls_feed(connection->tls, octets)) {
        fail(connection, our_fault);
        return;
    }
    if (!connection->shaken && !shake(connection))
        return;
    if (connection->shaken)
        read_plain(connection);
}

static void on_readable(evutil_socket_t socket, short what, void *context)
{
    struct connection *connection = context;
    char octets[READ_SIZE];
    (void)what;
    ssize_t length = recv(socket, octets, sizeof(octets), 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    struct dialogue_event event = {.kind = DIALOGUE_CLOSED};
    struct span received = {octets, length > 0 ? (size_t)length : 0};
    if (received.length > 0 && connection->tls != NULL) {
        take_cipher(connection, received);
        return;
    }
    if (received.length > 0) {
        event.kind = DIALOGUE_OCTETS;
        event.octets = received;
    }
    (void)step(connection, event);
}

/* The error with which connecting has ended, or 0. */
static int connect_error(int socket)
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return errno;
    return error;
}

/* Both ends' addresses. The other one is what was looked up, or something
 * between has led us elsewhere.
 * @return an error, or 0 */
static int read_ends(const struct connection *connection, struct address *local)
{
    struct sockaddr_storage ours, theirs;
    struct sockaddr *our = (struct sockaddr *)&ours;
    struct sockaddr *their = (struct sockaddr *)&theirs;
    socklen_t our_size = sizeof(ours), their_size = sizeof(theirs);
    struct address address;
    if (getsockname(connection->socket, our, &our_size) != 0 ||
        getpeername(connection->socket, their, &their_size) != 0)
        return errno;
    if (!address_from_socket(local, our) ||
        !address_from_socket(&address, their) ||
        !address_equal(&address, &connection->target.address))
        return EHOSTUNREACH;
    return 0;
}

static void on_connected(struct connection *connection)
{
    struct dialogue_event event = {.kind = DIALOGUE_CONNECTED};
    int error = connect_error(connection->socket);
    if (error == 0)
        error = read_ends(connection, &event.local);
    if (error == 0 && !wait_for(connection->readable, connection->writable))
        error = ENOMEM;
    if (error != 0) {
        fail(connection, failure_of(error));
        return;
    }
    connection->connected = true;
    (void)step(connection, event);
}

static void on_writable(evutil_socket_t socket, short what, void *context)
{
    struct connection *connection = context;
    (void)socket;
    (void)what;
    if (!connection->connected)
        on_connected(connection);
    else if (!send_outgoing(connection))
        fail(connection, our_fault);
}

static void on_timer(void *context)
{
    struct connection *connection = context;
    if (connection->connected)
        (void)step(connection,
                   (struct dialogue_event){.kind = DIALOGUE_TIMEOUT});
    else
        fail(connection, connection->failure);
}

/* Give the socket the address of ours that is set for the target's family.
 * @return an error, or 0 */
static int bind_source(struct connection *connection,
                       const struct callout_sources *sources)
{
    bool is_v4 = address_is_v4(&connection->target.address);
    struct sockaddr_storage from;
    const struct sockaddr *address = (const struct sockaddr *)&from;
    if (!(is_v4 ? sources->has_v4 : sources->has_v6))
        return 0;
    socklen_t size =
        address_to_socket(is_v4 ? &sources->v4 : &sources->v6, 0, &from);
    if (bind(connection->socket, address, size) != 0)
        return errno;
    connection->bound = true;
    return 0;
}

/* What connect says where no port is free, and where we have no address in the
 * target's family: then there is no route (IPv6 that is switched off). */
static int error_of_connect(const struct connection *connection, int error)
{
    struct address source;
    bool reaches = error != EADDRNOTAVAIL ||
                   network_source(&source, &connection->target.address);
    return reaches ? error : ENETUNREACH;
}

/* Begin to connect.
 * @return an error, or 0 */
static int begin_connect(struct connection *connection,
                         const struct callout_sources *sources)
{
    struct sockaddr_storage to;
    socklen_t size =
        address_to_socket(&connection->target.address, connection->port, &to);
    connection->socket =
        socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->socket == -1)
        return errno;
    int error = bind_source(connection, sources);
    if (error != 0)
        return error;
    const struct sockaddr *address = (const struct sockaddr *)&to;
    if (connect(connection->socket, address, size) != 0 && errno != EINPROGRESS)
        return error_of_connect(connection, errno);
    struct event_base *events = loop_events(connection->loop);
    connection->readable =
        event_new(events, connection->socket, EV_READ | EV_PERSIST, on_readable,
                  connection);
    connection->writable =
        event_new(events, connection->socket, EV_WRITE | EV_PERSIST,
                  on_writable, connection);
    if (connection->readable == NULL || connection->writable == NULL ||
        event_add(connection->writable, NULL) != 0)
        return ENOMEM;
    return 0;
}

/* Set the timer for the connect: at once when it has failed already, so that
 * nobody is told before connection_open has returned. */
static void begin(struct connection *connection,
                  const struct callout_settings *settings, instant deadline)
{
    instant begun = now(connection);
    int error = begin_connect(connection, &settings->sources);
    if (error != 0) {
        connection->failure = failure_of(error);
        loop_timer_set(connection->timer, begun);
        return;
    }
    connection->failure = failure_of(ETIMEDOUT);
    instant connected = instant_after_ms(begun, settings->connect_ms);
    loop_timer_set(connection->timer,
                   connected < deadline ? connected : deadline);
}

struct connection *connection_open(struct loop *loop, struct tls_client *client,
                                   const struct connection_request *request,
                                   const struct connection_owner *owner)
{
    const struct callout_settings *settings = request->settings;
    const struct dialogue_options options = {.name = settings->name,
                                             .reply_ms = settings->reply_ms,
                                             .deadline = request->deadline,
                                             .tls = settings->tls,
                                             .start = request->start,
                                             .wishes = request->wishes};
    struct connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL)
        return NULL;
    connection->loop = loop;
    connection->owner = *owner;
    connection->target = *request->target;
    connection->port = settings->port;
    connection->client = client;
    connection->socket = -1;
    connection->timer = loop_timer_new(loop, on_timer, connection);
    connection->dialogue = dialogue_new(request->path, &options);
    if (connection->timer == NULL || connection->dialogue == NULL)
        connection_cut(&connection);
    else
        begin(connection, settings, request->deadline);
    return connection;
}
