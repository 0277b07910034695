/* SPDX-License-Identifier: BSD-2-Clause */
/* connection.c - the thin layer around the dialogue: send, receive, TLS between
 * the dialogue and the socket once it is wanted, one timer for whatever is
 * waited for */
#include "smtp/connection.h"

#include "smtp/attempts.h"
#include "smtp/dialogue.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** Octets read at a time. */
#define READ_SIZE 2048

struct connection {
    struct loop *loop;
    struct connection_owner owner;
    struct callout_target target; /* the one that is connected, or failed */
    struct address addresses[ATTEMPTS_MOST];
    size_t count;
    bool missed[ATTEMPTS_MOST]; /* the owner was told */
    struct attempts *attempts;  /* NULL once connected */
    int socket;                 /* -1: none */
    struct event *readable;
    struct event *writable; /* waited for while there is something unsent */
    struct loop_timer *timer;
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
    attempts_cut(&c->attempts);
    loop_timer_free(&c->timer);
    tls_free(&c->tls);
    dialogue_free(&c->dialogue);
    free(c);
    *connection = NULL;
}

/* Put under an answer whose it is. */
static void sign(const struct connection *connection,
                 struct callout_answer *answer)
{
    const struct callout_target *target = &connection->target;
    _Static_assert(sizeof(answer->exchanger) == sizeof(target->exchanger),
                   "both are names");
    memcpy(answer->exchanger, target->exchanger, sizeof(answer->exchanger));
    answer->address = target->address;
}

static void tell(struct connection *connection,
                 const struct callout_answer *answer)
{
    struct callout_answer whole = *answer;
    sign(connection, &whole);
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

static const struct attempt_failure our_fault = {.outcome = CALLOUT_INTERNAL};
static const struct attempt_failure no_memory = {.outcome = CALLOUT_INTERNAL,
                                                 .fault = FAULT_MEMORY};

static struct callout_answer answer_of(const struct connection *connection,
                                       struct attempt_failure failure)
{
    return (struct callout_answer){
        .outcome = failure.outcome,
        .stage = failure.stage,
        .trouble = failure.trouble,
        .fault = failure.fault,
        .learnt = now(connection),
    };
}

/* End without a dialogue's answer. */
static void fail(struct connection *connection, struct attempt_failure failure)
{
    const struct callout_answer answer = answer_of(connection, failure);
    if (!connection->answered)
        tell(connection, &answer);
    end(connection);
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

static void on_writable(evutil_socket_t socket, short what, void *context)
{
    struct connection *connection = context;
    (void)socket;
    (void)what;
    if (!send_outgoing(connection))
        fail(connection, our_fault);
}

static void on_timer(void *context)
{
    (void)step(context, (struct dialogue_event){.kind = DIALOGUE_TIMEOUT});
}

/* Take the socket over. False: memory ends. */
static bool take_socket(struct connection *connection, int socket)
{
    struct event_base *events = loop_events(connection->loop);
    connection->socket = socket;
    connection->readable = event_new(events, socket, EV_READ | EV_PERSIST,
                                     on_readable, connection);
    connection->writable = event_new(events, socket, EV_WRITE | EV_PERSIST,
                                     on_writable, connection);
    return connection->readable != NULL && connection->writable != NULL &&
           event_add(connection->readable, NULL) == 0;
}

/* Tell of an address that it will not be; NULL: another was faster. */
static void tell_missed(struct connection *connection, size_t which,
                        const struct callout_answer *answer)
{
    if (connection->missed[which])
        return;
    connection->missed[which] = true;
    connection->owner.missed(connection->owner.context, which, answer);
}

static void on_connected(void *context, size_t which, int socket,
                         const struct address *local)
{
    struct connection *connection = context;
    attempts_cut(&connection->attempts);
    connection->target.address = connection->addresses[which];
    for (size_t i = 0; i < connection->count; i++)
        if (i != which)
            tell_missed(connection, i, NULL);
    if (take_socket(connection, socket))
        (void)step(connection,
                   (struct dialogue_event){.kind = DIALOGUE_CONNECTED,
                                           .local = *local});
    else
        fail(connection, no_memory);
}

/* Whether all the others have been told of. */
static bool is_last(const struct connection *connection, size_t which)
{
    for (size_t i = 0; i < connection->count; i++)
        if (i != which && !connection->missed[i])
            return false;
    return true;
}

static void on_failed(void *context, size_t which,
                      struct attempt_failure failure)
{
    struct connection *connection = context;
    connection->target.address = connection->addresses[which];
    if (is_last(connection, which)) {
        fail(connection, failure);
        return;
    }
    struct callout_answer answer = answer_of(connection, failure);
    sign(connection, &answer);
    tell_missed(connection, which, &answer);
}

/* False: memory ends. */
static bool begin(struct connection *connection,
                  const struct connection_request *request)
{
    const struct callout_settings *settings = request->settings;
    const struct attempts_owner owner = {on_connected, on_failed, connection};
    struct attempts_request attempts = {.count = request->count,
                                        .port = settings->port,
                                        .sources = settings->sources,
                                        .each_ms = settings->connect_ms,
                                        .deadline = request->deadline};
    for (size_t i = 0; i < request->count; i++)
        attempts.addresses[i] = connection->addresses[i];
    connection->attempts = attempts_begin(connection->loop, &attempts, &owner);
    return connection->attempts != NULL;
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
    connection->target = *request->targets[0];
    connection->count = request->count;
    for (size_t i = 0; i < request->count; i++)
        connection->addresses[i] = request->targets[i]->address;
    connection->client = client;
    connection->socket = -1;
    connection->timer = loop_timer_new(loop, on_timer, connection);
    connection->dialogue = dialogue_new(request->path, &options);
    if (connection->timer == NULL || connection->dialogue == NULL ||
        !begin(connection, request))
        connection_cut(&connection);
    return connection;
}
