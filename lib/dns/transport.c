/* SPDX-License-Identifier: BSD-2-Clause */
/* transport.c - the socket of one try. UDP: each datagram is a message. TCP:
 * write the query, read a length, read the message. */
#include "dns/transport.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** Datagrams longer than this are cut, and then no longer well-formed: we told
 * the server DNS_UDP_SIZE. */
#define DATAGRAM_MOST 4096

#define PREFIX_SIZE 2

struct dns_transport {
    struct loop *loop;
    dns_transport_heard *heard;
    void *context;
    int socket;
    struct event *event;

    /* TCP alone */
    size_t sent, to_send;
    uint8_t query[PREFIX_SIZE + DNS_QUERY_SIZE];
    size_t got; /* of prefix and message together */
    uint8_t prefix[PREFIX_SIZE];
    uint8_t *message;
    size_t length; /* of the message, once the prefix is there */
};

static enum dns_event_kind kind_of(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return DNS_EVENT_REFUSED;
    case ECONNRESET:
    case EPIPE:
    case ETIMEDOUT:
        return DNS_EVENT_CLOSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL: /* no address of ours from which to ask it */
    case EAFNOSUPPORT:
    case EINVAL: /* link-local, and no interface given */
    case EACCES: /* a packet filter forbids it, here ... */
    case EPERM:  /* ... or on the way */
        return DNS_EVENT_NO_ROUTE;
    default:
        return DNS_EVENT_FAILED;
    }
}

static struct dns_event trouble_of(int error)
{
    return (struct dns_event){.kind = kind_of(error), .fault = fault_of(error)};
}

static bool is_passing(int error)
{
    return error == EAGAIN || error == EINTR;
}

/* The last thing a transport says. */
static void tell_trouble(struct dns_transport *transport,
                         struct dns_event trouble)
{
    if (transport->event != NULL)
        (void)event_del(transport->event);
    transport->heard(transport->context, &trouble);
}

static void tell_octets(struct dns_transport *transport, const uint8_t *octets,
                        size_t length)
{
    const struct dns_event event = {
        .kind = DNS_EVENT_OCTETS, .octets = octets, .length = length};
    transport->heard(transport->context, &event);
}

/* One datagram a turn of the loop: the transport may be freed when it was
 * heard. */
static void read_datagram(evutil_socket_t socket, short what, void *context)
{
    struct dns_transport *transport = context;
    uint8_t octets[DATAGRAM_MOST];
    (void)what;
    ssize_t length = recv(socket, octets, sizeof(octets), 0);
    if (length >= 0)
        tell_octets(transport, octets, (size_t)length);
    else if (!is_passing(errno))
        tell_trouble(transport, trouble_of(errno));
}

/* Read on, as far as it is known how far to read. -1 with errno as recv; 0: the
 * server closed. */
static ssize_t read_some(struct dns_transport *transport)
{
    if (transport->got < PREFIX_SIZE)
        return recv(transport->socket, transport->prefix + transport->got,
                    PREFIX_SIZE - transport->got, 0);
    size_t at = transport->got - PREFIX_SIZE;
    return recv(transport->socket, transport->message + at,
                transport->length - at, 0);
}

/* The prefix is whole: room for what it announces. */
static bool make_room(struct dns_transport *transport)
{
    transport->length =
        (size_t)transport->prefix[0] << 8 | transport->prefix[1];
    transport->message = malloc(transport->length + 1);
    return transport->message != NULL;
}

static void read_stream(evutil_socket_t socket, short what, void *context)
{
    struct dns_transport *transport = context;
    (void)socket;
    (void)what;
    ssize_t got = read_some(transport);
    if (got < 0 && is_passing(errno))
        return;
    if (got <= 0) {
        tell_trouble(transport, trouble_of(got == 0 ? ECONNRESET : errno));
        return;
    }
    transport->got += (size_t)got;
    if (transport->got == PREFIX_SIZE && !make_room(transport)) {
        tell_trouble(transport, trouble_of(ENOMEM));
        return;
    }
    if (transport->got < PREFIX_SIZE ||
        transport->got < PREFIX_SIZE + transport->length)
        return;
    (void)event_del(transport->event);
    tell_octets(transport, transport->message, transport->length);
}

static bool watch(struct dns_transport *transport, short what,
                  event_callback_fn call)
{
    if (transport->event != NULL)
        event_free(transport->event);
    transport->event =
        event_new(loop_events(transport->loop), transport->socket,
                  (short)(what | EV_PERSIST), call, transport);
    return transport->event != NULL && event_add(transport->event, NULL) == 0;
}

static void write_stream(evutil_socket_t socket, short what, void *context)
{
    struct dns_transport *transport = context;
    (void)what;
    ssize_t sent = send(socket, transport->query + transport->sent,
                        transport->to_send - transport->sent, MSG_NOSIGNAL);
    if (sent < 0 && is_passing(errno))
        return;
    if (sent < 0) {
        tell_trouble(transport, trouble_of(errno));
        return;
    }
    transport->sent += (size_t)sent;
    if (transport->sent == transport->to_send &&
        !watch(transport, EV_READ, read_stream))
        tell_trouble(transport, trouble_of(ENOMEM));
}

static socklen_t socket_address(const struct dns_server *server,
                                struct sockaddr_storage *to)
{
    socklen_t length = address_to_socket(&server->address, server->port, to);
    if (to->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)to)->sin6_scope_id = server->scope;
    return length;
}

/* -1 with errno. A connection may still be under way. */
static int open_socket(const struct dns_server *server, bool tcp)
{
    struct sockaddr_storage to;
    socklen_t length = socket_address(server, &to);
    int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int opened = socket(to.ss_family, type, 0);
    if (opened < 0)
        return -1;
    if (connect(opened, (const struct sockaddr *)&to, length) == 0 ||
        (tcp && (errno == EINPROGRESS || errno == EINTR)))
        return opened;
    int error = errno;
    (void)close(opened);
    errno = error;
    return -1;
}

static bool begin_udp(struct dns_transport *transport,
                      const struct dns_query *query, struct dns_event *trouble)
{
    *trouble = trouble_of(ENOMEM);
    if (!watch(transport, EV_READ, read_datagram))
        return false;
    if (send(transport->socket, query->octets, query->length, MSG_NOSIGNAL) >=
        0)
        return true;
    *trouble = trouble_of(errno);
    return false;
}

static bool begin_tcp(struct dns_transport *transport,
                      const struct dns_query *query, struct dns_event *trouble)
{
    transport->query[0] = (uint8_t)(query->length >> 8);
    transport->query[1] = (uint8_t)query->length;
    memcpy(transport->query + PREFIX_SIZE, query->octets, query->length);
    transport->to_send = PREFIX_SIZE + query->length;
    *trouble = trouble_of(ENOMEM);
    return watch(transport, EV_WRITE, write_stream);
}

struct dns_transport *dns_transport_open(
    struct loop *loop, const struct dns_server *server, bool tcp,
    const struct dns_query *query, dns_transport_heard *heard, void *context,
    struct dns_event *trouble)
{
    struct dns_transport *transport = calloc(1, sizeof(*transport));
    if (transport == NULL) {
        *trouble = trouble_of(ENOMEM);
        return NULL;
    }
    transport->loop = loop;
    transport->heard = heard;
    transport->context = context;
    transport->socket = open_socket(server, tcp);
    if (transport->socket < 0)
        *trouble = trouble_of(errno);
    else if (tcp ? begin_tcp(transport, query, trouble)
                 : begin_udp(transport, query, trouble))
        return transport;
    dns_transport_free(&transport);
    return NULL;
}

void dns_transport_free(struct dns_transport **transport)
{
    if (*transport == NULL)
        return;
    if ((*transport)->event != NULL)
        event_free((*transport)->event);
    if ((*transport)->socket >= 0)
        (void)close((*transport)->socket);
    free((*transport)->message);
    free(*transport);
    *transport = NULL;
}
