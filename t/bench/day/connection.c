/* SPDX-License-Identifier: BSD-2-Clause */
/* connection.c - connections (smtp/connection.h) to the world's exchangers: the
 * program's own dialogue, and a host that answers it after its time */
#include "smtp/connection.h"

#include "../bench.h"
#include "simulation.h"
#include "smtp/dialogue.h"
#include "visit.h"

#include <stdlib.h>
#include <string.h>

/** A handshake's round trips. */
#define TLS_TURNS 2

/** What the host does next. */
enum awaited { NOTHING, CONNECTION, REPLIES, HANDSHAKE };

struct connection {
    struct loop *loop;
    struct connection_owner owner;
    struct callout_target target;
    struct visit visit;
    struct dialogue *dialogue;
    struct loop_timer *timer; /* at `due` or at the deadline */
    enum awaited awaited;
    instant due;              /* if something is awaited */
    instant connect_deadline; /* until `connected` */
    bool connected, answered;
    struct text replies;
    char buffer[VISIT_REPLIES_SIZE];
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
    loop_timer_free(&c->timer);
    dialogue_free(&c->dialogue);
    free(c);
    *connection = NULL;
}

static void tell(struct connection *connection,
                 const struct callout_answer *answer)
{
    struct callout_answer whole = *answer;
    memcpy(whole.exchanger, connection->target.exchanger,
           sizeof(whole.exchanger));
    whole.address = connection->target.address;
    connection->answered = true;
    connection->owner.answered(connection->owner.context, &whole);
}

static void end(struct connection *connection)
{
    const struct connection_owner owner = connection->owner;
    connection_cut(&connection);
    owner.closed(owner.context);
}

static void fail(struct connection *connection, enum callout_trouble trouble)
{
    const struct callout_answer answer = {.outcome = CALLOUT_UNREACHABLE,
                                          .stage = CALLOUT_AT_CONNECT,
                                          .trouble = trouble,
                                          .learnt = now(connection)};
    tell(connection, &answer);
    end(connection);
}

static void await(struct connection *connection, enum awaited awaited,
                  uint32_t ms)
{
    connection->awaited = awaited;
    connection->due = instant_after_ms(now(connection), ms);
}

static void begin_replies(struct connection *connection, uint32_t ms)
{
    text_begin(&connection->replies, connection->buffer,
               sizeof(connection->buffer));
    await(connection, REPLIES, ms);
}

static void set_timer(struct connection *connection)
{
    instant deadline = connection->connected
                           ? dialogue_deadline(connection->dialogue)
                           : connection->connect_deadline;
    bool first = connection->awaited != NOTHING && connection->due < deadline;
    loop_timer_set(connection->timer, first ? connection->due : deadline);
}

/* Give the dialogue an event, and the host what it says to that. */
static void step(struct connection *connection, struct dialogue_event event)
{
    const struct host *host = connection->visit.host;
    struct span send;
    event.at = now(connection);
    connection->awaited = NOTHING;
    enum dialogue_next next =
        dialogue_step(connection->dialogue, &event, &send);
    if (next == DIALOGUE_SEND) {
        begin_replies(connection, host->turn_ms);
        visit_take(&connection->visit, send, event.at, &connection->replies);
    } else if (next == DIALOGUE_SECURE) {
        await(connection, HANDSHAKE, TLS_TURNS * host->turn_ms);
    } else if (event.kind == DIALOGUE_CONNECTED) {
        begin_replies(connection, host->greeting_ms);
        visit_greet(&connection->visit, event.at, &connection->replies);
    }
    const struct callout_answer *answer = dialogue_answer(connection->dialogue);
    if (answer != NULL && !connection->answered)
        tell(connection, answer);
    if (next == DIALOGUE_DONE)
        end(connection);
    else
        set_timer(connection);
}

static void take_due(struct connection *connection)
{
    const struct host *host = connection->visit.host;
    struct dialogue_event event = {.kind = DIALOGUE_OCTETS};
    switch (connection->awaited) {
    case NOTHING:
        return;
    case CONNECTION:
        if (host->door == HOST_REFUSES) {
            fail(connection, CALLOUT_TROUBLE_REFUSED);
            return;
        }
        connection->connected = true;
        event.kind = DIALOGUE_CONNECTED;
        break;
    case REPLIES:
        event.octets =
            (struct span){connection->buffer, connection->replies.length};
        break;
    case HANDSHAKE:
        event.kind = host->tls_broken ? DIALOGUE_INSECURE : DIALOGUE_SECURED;
        break;
    }
    step(connection, event);
}

static void on_timer(void *context)
{
    struct connection *connection = context;
    if (connection->awaited != NOTHING && now(connection) >= connection->due)
        take_due(connection);
    else if (connection->connected)
        step(connection, (struct dialogue_event){.kind = DIALOGUE_TIMEOUT});
    else
        fail(connection, CALLOUT_TROUBLE_TIMEOUT);
}

static void knock(struct connection *connection, struct host *host)
{
    visit_begin(&connection->visit, simulation_world(connection->loop), host,
                now(connection));
    if (host->door != HOST_IS_DEAD)
        await(connection, CONNECTION, host->turn_ms);
    set_timer(connection);
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
    (void)client; /* its handshakes are simulated */
    struct connection *connection = bench_alloc(1, sizeof(*connection));
    connection->loop = loop;
    connection->owner = *owner;
    connection->target = *request->targets[0]; /* all that there are */
    connection->timer = loop_timer_new(loop, on_timer, connection);
    connection->dialogue = dialogue_new(request->path, &options);
    if (connection->dialogue == NULL) {
        connection_cut(&connection);
        return NULL;
    }
    connection->connect_deadline =
        instant_after_ms(now(connection), settings->connect_ms);
    if (connection->connect_deadline > request->deadline)
        connection->connect_deadline = request->deadline;
    knock(connection,
          world_host(simulation_world(loop), &request->targets[0]->address));
    return connection;
}
