/* SPDX-License-Identifier: BSD-2-Clause */
/* connection.c - connections (smtp/connection.h) to the world's exchangers: the
 * program's own dialogue, and a host that answers it after its time */
#include "smtp/connection.h"

#include "../bench.h"
#include "simulation.h"
#include "smtp/attempts.h"
#include "smtp/dialogue.h"
#include "visit.h"

#include <stdlib.h>
#include <string.h>

/** A handshake's round trips. */
#define TLS_TURNS 2

/** What the host does next. */
enum awaited { NOTHING, REPLIES, HANDSHAKE };

struct connection {
    struct loop *loop;
    struct connection_owner owner;
    struct callout_target target; /* the one that is connected, or failed */
    struct address addresses[ATTEMPTS_MOST];
    size_t count, failures;
    bool failed[ATTEMPTS_MOST];
    struct attempts *attempts; /* NULL once connected */
    struct visit visit;        /* since then */
    struct dialogue *dialogue;
    struct loop_timer *timer; /* at `due` or at the dialogue's deadline */
    enum awaited awaited;
    instant due; /* if something is awaited */
    bool answered;
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
    attempts_cut(&c->attempts);
    loop_timer_free(&c->timer);
    dialogue_free(&c->dialogue);
    free(c);
    *connection = NULL;
}

/* The answer, with whose it is. */
static struct callout_answer sign(const struct connection *connection,
                                  const struct callout_answer *answer)
{
    struct callout_answer whole = *answer;
    memcpy(whole.exchanger, connection->target.exchanger,
           sizeof(whole.exchanger));
    whole.address = connection->target.address;
    return whole;
}

static void tell(struct connection *connection,
                 const struct callout_answer *answer)
{
    const struct callout_answer whole = sign(connection, answer);
    connection->answered = true;
    connection->owner.answered(connection->owner.context, &whole);
}

static void end(struct connection *connection)
{
    const struct connection_owner owner = connection->owner;
    connection_cut(&connection);
    owner.closed(owner.context);
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
    instant deadline = dialogue_deadline(connection->dialogue);
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

static void on_timer(void *context)
{
    struct connection *connection = context;
    struct dialogue_event event = {.kind = DIALOGUE_TIMEOUT};
    bool is_due = now(connection) >= connection->due;
    if (is_due && connection->awaited == REPLIES) {
        event.kind = DIALOGUE_OCTETS;
        event.octets =
            (struct span){connection->buffer, connection->replies.length};
    } else if (is_due && connection->awaited == HANDSHAKE) {
        event.kind = connection->visit.host->tls_broken ? DIALOGUE_INSECURE
                                                        : DIALOGUE_SECURED;
    }
    step(connection, event);
}

static void on_connected(void *context, size_t which, int socket,
                         const struct address *local)
{
    struct connection *connection = context;
    struct world *world = simulation_world(connection->loop);
    const struct address *address = &connection->addresses[which];
    (void)socket;
    attempts_cut(&connection->attempts);
    connection->target.address = *address;
    connection->visit =
        (struct visit){.world = world, .host = world_host(world, address)};
    for (size_t i = 0; i < connection->count; i++)
        if (i != which && !connection->failed[i])
            connection->owner.missed(connection->owner.context, i, NULL);
    step(connection,
         (struct dialogue_event){.kind = DIALOGUE_CONNECTED, .local = *local});
}

static void on_failed(void *context, size_t which,
                      struct attempt_failure failure)
{
    struct connection *connection = context;
    struct callout_answer answer = {.outcome = failure.outcome,
                                    .stage = failure.stage,
                                    .trouble = failure.trouble,
                                    .learnt = now(connection)};
    connection->target.address = connection->addresses[which];
    connection->failed[which] = true;
    if (++connection->failures == connection->count) {
        tell(connection, &answer);
        end(connection);
        return;
    }
    answer = sign(connection, &answer);
    connection->owner.missed(connection->owner.context, which, &answer);
}

static void begin(struct connection *connection,
                  const struct connection_request *request)
{
    const struct attempts_owner owner = {on_connected, on_failed, connection};
    struct attempts_request attempts = {.count = request->count,
                                        .each_ms =
                                            request->settings->connect_ms,
                                        .deadline = request->deadline};
    for (size_t i = 0; i < request->count; i++)
        attempts.addresses[i] = connection->addresses[i] =
            request->targets[i]->address;
    connection->count = request->count;
    connection->attempts = attempts_begin(connection->loop, &attempts, &owner);
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
    connection->target = *request->targets[0];
    connection->timer = loop_timer_new(loop, on_timer, connection);
    connection->dialogue = dialogue_new(request->path, &options);
    if (connection->dialogue == NULL) {
        connection_cut(&connection);
        return NULL;
    }
    begin(connection, request);
    return connection;
}
