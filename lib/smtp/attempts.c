/* SPDX-License-Identifier: BSD-2-Clause */
/* attempts.c - attempts one after the other, side by side while they last */
#include "smtp/attempts.h"

#include "base/network.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/** One address. */
struct attempt {
    struct attempts *of;
    const struct address *address;
    int socket; /* -1: none */
    bool bound; /* to the address that the request has for it */
    struct event *writable;
    bool open;    /* begun, and nobody was told yet */
    int error;    /* of which it dies */
    instant dies; /* then, if nothing comes before */
};

struct attempts {
    struct loop *loop;
    struct attempts_owner owner;
    struct attempts_request request;
    struct attempt at[ATTEMPTS_MOST];
    size_t begun;
    instant next; /* the next attempt, if any is left */
    struct loop_timer *timer;
};

static instant now(const struct attempts *attempts)
{
    return clock_now(loop_clock(attempts->loop));
}

static void close_attempt(struct attempt *attempt)
{
    if (attempt->writable != NULL)
        event_free(attempt->writable);
    attempt->writable = NULL;
    if (attempt->socket != -1)
        (void)close(attempt->socket);
    attempt->socket = -1;
    attempt->open = false;
}

void attempts_cut(struct attempts **attempts)
{
    if (*attempts == NULL)
        return;
    for (size_t i = 0; i < (*attempts)->begun; i++)
        close_attempt(&(*attempts)->at[i]);
    loop_timer_free(&(*attempts)->timer);
    free(*attempts);
    *attempts = NULL;
}

static struct attempt_failure our_fault(enum fault fault)
{
    return (struct attempt_failure){.outcome = CALLOUT_INTERNAL,
                                    .fault = fault};
}

static struct attempt_failure unreachable(enum callout_trouble trouble)
{
    return (struct attempt_failure){CALLOUT_UNREACHABLE, trouble,
                                    CALLOUT_AT_CONNECT, FAULT_NONE};
}

/* What an error of connecting says. */
static struct attempt_failure failure_of(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRINUSE:
    case EADDRNOTAVAIL: /* no port is free, or the address set is not ours */
        return our_fault(fault_of(error));
    case ECONNREFUSED:
        return unreachable(CALLOUT_TROUBLE_REFUSED);
    case ETIMEDOUT:
        return unreachable(CALLOUT_TROUBLE_TIMEOUT);
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN: /* it was there, and is gone before the greeting */
        return (struct attempt_failure){CALLOUT_UNREACHABLE,
                                        CALLOUT_TROUBLE_CLOSED,
                                        CALLOUT_AT_GREETING, FAULT_NONE};
    default: /* no network, no host, no such family, a filter of ours */
        return unreachable(CALLOUT_TROUBLE_NO_ROUTE);
    }
}

/* Whether it is bound to an address that is not ours, as systems allow that
 * share one among several hosts (ip_nonlocal_bind): no answer finds us then. */
static bool is_adrift(const struct attempt *attempt)
{
    struct sockaddr_storage ours;
    struct sockaddr *our = (struct sockaddr *)&ours;
    socklen_t size = sizeof(ours);
    struct address address;
    return attempt->bound && getsockname(attempt->socket, our, &size) == 0 &&
           address_from_socket(&address, our) && !network_is_of_host(&address);
}

/* Begin the next one as soon as nobody else is under way, unless it was so
 * before. */
static void hasten(struct attempts *attempts)
{
    for (size_t i = 0; i < attempts->begun; i++)
        if (attempts->at[i].open)
            return;
    attempts->next = now(attempts);
}

/* Whether all has been told of, or something still goes on. */
static bool goes_on(const struct attempts *attempts)
{
    for (size_t i = 0; i < attempts->begun; i++)
        if (attempts->at[i].open)
            return true;
    return attempts->begun < attempts->request.count;
}

/* Tell of a failure. False: it was the last word. */
static bool fail(struct attempt *attempt, int error)
{
    struct attempts *attempts = attempt->of;
    size_t which = (size_t)(attempt - attempts->at);
    struct attempt_failure failure =
        is_adrift(attempt) ? our_fault(FAULT_NONE) : failure_of(error);
    close_attempt(attempt);
    hasten(attempts);
    bool more = goes_on(attempts);
    attempts->owner.failed(attempts->owner.context, which, failure);
    return more;
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

/* Our end's address. The other one is what was looked up, or something between
 * has led us elsewhere.
 * @return an error, or 0 */
static int read_ends(const struct attempt *attempt, struct address *local)
{
    struct sockaddr_storage ours, theirs;
    struct sockaddr *our = (struct sockaddr *)&ours;
    struct sockaddr *their = (struct sockaddr *)&theirs;
    socklen_t our_size = sizeof(ours), their_size = sizeof(theirs);
    struct address address;
    if (getsockname(attempt->socket, our, &our_size) != 0 ||
        getpeername(attempt->socket, their, &their_size) != 0)
        return errno;
    if (!address_from_socket(local, our) ||
        !address_from_socket(&address, their) ||
        !address_equal(&address, attempt->address))
        return EHOSTUNREACH;
    return 0;
}

static void set_timer(struct attempts *attempts)
{
    instant due = INSTANT_NEVER;
    for (size_t i = 0; i < attempts->begun; i++)
        if (attempts->at[i].open && attempts->at[i].dies < due)
            due = attempts->at[i].dies;
    if (attempts->begun < attempts->request.count && attempts->next < due)
        due = attempts->next;
    loop_timer_set(attempts->timer, due);
}

static void on_writable(evutil_socket_t socket, short what, void *context)
{
    struct attempt *attempt = context;
    struct attempts *attempts = attempt->of;
    struct address local;
    (void)what;
    int error = connect_error(socket);
    if (error == 0)
        error = read_ends(attempt, &local);
    if (error != 0) {
        if (fail(attempt, error))
            set_timer(attempts);
        return;
    }
    attempt->socket = -1; /* the owner's from now on */
    close_attempt(attempt);
    attempts->owner.connected(attempts->owner.context,
                              (size_t)(attempt - attempts->at), socket, &local);
}

/* Give the socket the address of ours that is set for the family.
 * @return an error, or 0 */
static int bind_source(struct attempt *attempt)
{
    const struct callout_sources *sources = &attempt->of->request.sources;
    bool is_v4 = address_is_v4(attempt->address);
    struct sockaddr_storage from;
    const struct sockaddr *address = (const struct sockaddr *)&from;
    if (!(is_v4 ? sources->has_v4 : sources->has_v6))
        return 0;
    socklen_t size =
        address_to_socket(is_v4 ? &sources->v4 : &sources->v6, 0, &from);
    if (bind(attempt->socket, address, size) != 0)
        return errno;
    attempt->bound = true;
    return 0;
}

/* What connect says where no port is free, and where we have no address in the
 * family: then there is no route (IPv6 that is switched off). */
static int error_of_connect(const struct attempt *attempt, int error)
{
    struct address source;
    bool reaches =
        error != EADDRNOTAVAIL || network_source(&source, attempt->address);
    return reaches ? error : ENETUNREACH;
}

/* @return an error, or 0: it is under way */
static int open_socket(struct attempt *attempt)
{
    struct attempts *attempts = attempt->of;
    struct sockaddr_storage to;
    socklen_t size =
        address_to_socket(attempt->address, attempts->request.port, &to);
    attempt->socket =
        socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (attempt->socket == -1)
        return errno;
    int error = bind_source(attempt);
    if (error != 0)
        return error;
    const struct sockaddr *address = (const struct sockaddr *)&to;
    if (connect(attempt->socket, address, size) != 0 && errno != EINPROGRESS)
        return error_of_connect(attempt, errno);
    attempt->writable = event_new(loop_events(attempts->loop), attempt->socket,
                                  EV_WRITE, on_writable, attempt);
    if (attempt->writable == NULL || event_add(attempt->writable, NULL) != 0)
        return ENOMEM;
    return 0;
}

/* Begin with the next address. What fails at once dies at once, but when the
 * timer fires, so that nobody is told before attempts_begin has returned. */
static void begin_attempt(struct attempts *attempts)
{
    const struct attempts_request *request = &attempts->request;
    struct attempt *attempt = &attempts->at[attempts->begun];
    instant at = now(attempts);
    instant late = instant_after_ms(at, request->each_ms);
    attempt->of = attempts;
    attempt->address = &request->addresses[attempts->begun];
    attempt->open = true;
    attempt->error = open_socket(attempt);
    attempt->dies = at;
    if (attempt->error == 0) {
        attempt->error = ETIMEDOUT;
        attempt->dies = late < request->deadline ? late : request->deadline;
    }
    attempts->begun++;
    attempts->next = instant_after_ms(at, ATTEMPT_DELAY_MS);
}

static void on_timer(void *context)
{
    struct attempts *attempts = context;
    instant at = now(attempts);
    for (size_t i = 0; i < attempts->begun; i++) {
        struct attempt *attempt = &attempts->at[i];
        if (attempt->open && attempt->dies <= at &&
            !fail(attempt, attempt->error))
            return;
    }
    if (attempts->begun < attempts->request.count && attempts->next <= at)
        begin_attempt(attempts);
    set_timer(attempts);
}

struct attempts *attempts_begin(struct loop *loop,
                                const struct attempts_request *request,
                                const struct attempts_owner *owner)
{
    struct attempts *attempts = calloc(1, sizeof(*attempts));
    if (attempts == NULL)
        return NULL;
    attempts->loop = loop;
    attempts->request = *request;
    attempts->owner = *owner;
    attempts->timer = loop_timer_new(loop, on_timer, attempts);
    if (attempts->timer == NULL) {
        attempts_cut(&attempts);
        return NULL;
    }
    begin_attempt(attempts);
    set_timer(attempts);
    return attempts;
}
