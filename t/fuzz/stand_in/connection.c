/* SPDX-License-Identifier: BSD-2-Clause */
/* connection.c - connections (smtp/connection.h) to the hosts of a script: the
 * library's dialogue, and replies that are the input's */
#include "smtp/connection.h"

#include "../fuzz.h"
#include "../script.h"
#include "network.h"
#include "smtp/dialogue.h"

#include <string.h>

#define MS_MOST      100000
#define REPLIES_SIZE 4096

/** A target that is being connected to, or was. */
struct end {
    struct callout_target target;
    bool over;
};

struct connection {
    struct loop *loop;
    struct connection_owner owner;
    struct end ends[CONNECTION_TARGETS_MOST];
    size_t count, at; /* the one whose turn it is */
    uint32_t ms;
    struct span replies;
    enum callout_trouble trouble;
    bool connected, answered, handshake, closes;
    instant due;
    struct dialogue *dialogue;
    struct loop_timer *timer;
    size_t length;
    char said[REPLIES_SIZE]; /* what comes at `due` */
};

static instant now(const struct connection *connection)
{
    return clock_now(loop_clock(connection->loop));
}

static void leave(struct end *end)
{
    if (!end->over)
        network_closed(&end->target.address);
    end->over = true;
}

void connection_cut(struct connection **connection)
{
    struct connection *c = *connection;
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->count; i++)
        leave(&c->ends[i]);
    loop_timer_free(&c->timer);
    dialogue_free(&c->dialogue);
    free(c);
    *connection = NULL;
}

static struct callout_answer sign(const struct connection *connection,
                                  const struct callout_answer *answer)
{
    const struct callout_target *target =
        &connection->ends[connection->at].target;
    struct callout_answer whole = *answer;
    memcpy(whole.exchanger, target->exchanger, sizeof(whole.exchanger));
    whole.address = target->address;
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

static void end_line(struct connection *connection)
{
    connection->said[connection->length++] = '\r';
    connection->said[connection->length++] = '\n';
}

/* One reply, with its lines' ends. */
static void say(struct connection *connection, struct span text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (connection->length + 4 > REPLIES_SIZE)
            return;
        if (text.at[i] == '\\')
            end_line(connection);
        else
            connection->said[connection->length++] = text.at[i];
    }
    end_line(connection);
}

/* So many of the replies that are left are on their way. */
static void await_replies(struct connection *connection, size_t count)
{
    connection->length = 0;
    connection->handshake = false;
    connection->due = INSTANT_NEVER;
    for (size_t i = 0; i < count && connection->replies.length > 0; i++) {
        struct span reply = script_until(&connection->replies, '|');
        connection->closes = script_is(reply, "^");
        if (connection->closes || connection->length + 4 > REPLIES_SIZE)
            break;
        if (reply.length > 0)
            say(connection, reply);
    }
    if (connection->length > 0 || connection->closes)
        connection->due = instant_after_ms(now(connection), connection->ms);
}

static size_t count_commands(struct span sent)
{
    size_t commands = 0;
    REQUIRE(sent.length >= 2 && sent.at[sent.length - 1] == '\n');
    for (size_t i = 0; i < sent.length; i++) {
        bool is_end = sent.at[i] == '\n';
        REQUIRE(!is_end || (i > 0 && sent.at[i - 1] == '\r'));
        commands += is_end;
    }
    return commands;
}

static void set_timer(struct connection *connection)
{
    instant deadline = dialogue_deadline(connection->dialogue);
    loop_timer_set(connection->timer,
                   connection->due < deadline ? connection->due : deadline);
}

static void step(struct connection *connection, struct dialogue_event event)
{
    struct span send;
    event.at = now(connection);
    enum dialogue_next next =
        dialogue_step(connection->dialogue, &event, &send);
    const struct callout_answer *answer = dialogue_answer(connection->dialogue);
    if (answer != NULL && !connection->answered)
        tell(connection, answer);
    switch (next) {
    case DIALOGUE_DONE:
        REQUIRE(connection->answered);
        end(connection);
        return;
    case DIALOGUE_SEND:
        await_replies(connection, count_commands(send));
        break;
    case DIALOGUE_SECURE:
        connection->handshake = true;
        connection->due = instant_after_ms(now(connection), connection->ms);
        break;
    case DIALOGUE_WAIT:
        if (event.kind == DIALOGUE_CONNECTED)
            await_replies(connection, 1);
        else
            connection->due = INSTANT_NEVER;
        break;
    }
    set_timer(connection);
}

/* How the call to the next target goes. */
static void begin_end(struct connection *connection)
{
    static const struct {
        const char *name;
        enum callout_trouble trouble;
    } rows[] = {{"refused", CALLOUT_TROUBLE_REFUSED},
                {"dead", CALLOUT_TROUBLE_TIMEOUT},
                {"unreachable", CALLOUT_TROUBLE_NO_ROUTE}};
    struct span line;
    const struct address *address =
        &connection->ends[connection->at].target.address;
    connection->trouble = network_call(address, &line)
                              ? CALLOUT_TROUBLE_NONE
                              : CALLOUT_TROUBLE_TIMEOUT;
    struct span word = script_until(&line, ' ');
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (script_is(word, rows[i].name))
            connection->trouble = rows[i].trouble;
    connection->ms = 1 + script_number(&word, MS_MOST);
    connection->replies = line;
    loop_timer_set(connection->timer,
                   instant_after_ms(now(connection), connection->ms));
}

static void fail(struct connection *connection)
{
    struct callout_answer answer = {.outcome = CALLOUT_UNREACHABLE,
                                    .stage = CALLOUT_AT_CONNECT,
                                    .trouble = connection->trouble,
                                    .learnt = now(connection)};
    leave(&connection->ends[connection->at]);
    if (connection->at + 1 == connection->count) {
        tell(connection, &answer);
        end(connection);
        return;
    }
    answer = sign(connection, &answer);
    connection->owner.missed(connection->owner.context, connection->at,
                             &answer);
    connection->at++;
    begin_end(connection);
}

static void connect_end(struct connection *connection)
{
    connection->connected = true;
    for (size_t i = connection->at + 1; i < connection->count; i++) {
        leave(&connection->ends[i]);
        connection->owner.missed(connection->owner.context, i, NULL);
    }
    step(connection, (struct dialogue_event){.kind = DIALOGUE_CONNECTED});
}

static struct dialogue_event due_event(struct connection *connection)
{
    struct dialogue_event event = {.kind = DIALOGUE_TIMEOUT};
    if (now(connection) < connection->due)
        return event;
    connection->due = INSTANT_NEVER;
    if (connection->handshake) {
        struct span reply = connection->replies;
        event.kind = reply.length > 0 && *reply.at == '!' ? DIALOGUE_INSECURE
                                                          : DIALOGUE_SECURED;
    } else if (connection->length > 0) {
        event.kind = DIALOGUE_OCTETS;
        event.octets = (struct span){connection->said, connection->length};
    } else {
        event.kind = DIALOGUE_CLOSED;
    }
    return event;
}

static void on_timer(void *context)
{
    struct connection *connection = context;
    if (connection->connected)
        step(connection, due_event(connection));
    else if (connection->trouble != CALLOUT_TROUBLE_NONE)
        fail(connection);
    else
        connect_end(connection);
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
    (void)client; /* its handshakes are the script's */
    REQUIRE(request->count >= 1 && request->count <= CONNECTION_TARGETS_MOST);
    struct connection *connection = calloc(1, sizeof(*connection));
    REQUIRE(connection != NULL);
    connection->dialogue = dialogue_new(request->path, &options);
    if (connection->dialogue == NULL) {
        free(connection);
        return NULL;
    }
    connection->loop = loop;
    connection->owner = *owner;
    connection->count = request->count;
    connection->due = INSTANT_NEVER;
    for (size_t i = 0; i < request->count; i++) {
        connection->ends[i].target = *request->targets[i];
        network_opened(&request->targets[i]->address);
    }
    connection->timer = loop_timer_new(loop, on_timer, connection);
    REQUIRE(connection->timer != NULL);
    begin_end(connection);
    return connection;
}
