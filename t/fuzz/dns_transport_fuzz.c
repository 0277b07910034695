/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_transport_fuzz.c - a server on loopback that sends what it likes in what
 * pieces it likes: whole messages are heard as they were sent, each trouble
 * once and last, and nothing afterwards
 *
 * The first octet of an input chooses UDP (`u`) or TCP. In the rest 0x01 ends a
 * datagram, or what is sent at once of a stream; 0x02 closes, 0x03 resets: over
 * UDP they are as 0x01. At its end a stream is closed. */
#include "base/text.h"
#include "dns/transport.h"
#include "fuzz.h"
#include "script.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME          "mx.example"
#define ID            0x4711
#define CUT           '\x01'
#define CLOSE         '\x02'
#define RESET         '\x03'
#define DATAGRAM_MOST 1400 /* what is sent; transport.c takes more */
#define STEPS_MOST    64
#define PATIENCE_MS   10000 /* for what the kernel delivers at once */

/** What was heard, and what has to be. */
struct heard {
    size_t messages, troubles;
    enum dns_event_kind trouble;
    size_t length;
    uint8_t octets[65536];
};

/** The server. */
struct peer {
    int socket;  /* bound, and for TCP listening */
    int session; /* TCP: with the transport, -1: closed */
    struct dns_server address;
    struct sockaddr_storage client; /* UDP */
    socklen_t client_size;
};

static void hear(void *context, const struct dns_event *event)
{
    struct heard *heard = context;
    REQUIRE(heard->troubles == 0);
    if (event->kind != DNS_EVENT_OCTETS) {
        REQUIRE(event->octets == NULL && event->length == 0);
        REQUIRE(event->kind != DNS_EVENT_BEGIN &&
                event->kind != DNS_EVENT_TIME);
        heard->troubles++;
        heard->trouble = event->kind;
        return;
    }
    heard->messages++;
    REQUIRE(event->length <= sizeof(heard->octets));
    memcpy(heard->octets, event->octets, event->length);
    heard->length = event->length;
}

static void open_peer(struct peer *peer, bool tcp)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof(at);
    REQUIRE(address_parse(&peer->address.address, span_of("127.0.0.1")));
    size = address_to_socket(&peer->address.address, 0, &at);
    peer->session = -1;
    peer->socket =
        socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
    REQUIRE(peer->socket >= 0);
    REQUIRE(bind(peer->socket, (const struct sockaddr *)&at, size) == 0);
    REQUIRE(!tcp || listen(peer->socket, 1) == 0);
    size = sizeof(at);
    REQUIRE(getsockname(peer->socket, (struct sockaddr *)&at, &size) == 0);
    const uint8_t *port = (const uint8_t *)&at + 2; /* sin_port */
    peer->address.port = (uint16_t)(port[0] << 8 | port[1]);
}

/* At once, without a rest in the kernel: thousands follow. */
static void close_session(struct peer *peer, bool reset)
{
    const struct linger at_once = {.l_onoff = 1};
    if (peer->session < 0)
        return;
    if (reset)
        (void)setsockopt(peer->session, SOL_SOCKET, SO_LINGER, &at_once,
                         sizeof(at_once));
    (void)close(peer->session);
    peer->session = -1;
}

static bool wait_readable(int socket)
{
    struct pollfd poll_of = {.fd = socket, .events = POLLIN};
    return poll(&poll_of, 1, PATIENCE_MS) == 1;
}

/* The query comes whole, over TCP with its length in front. */
static void take_query(struct peer *peer, struct loop *loop, bool tcp,
                       const struct dns_query *query)
{
    uint8_t octets[DNS_QUERY_SIZE + 2] = {0};
    size_t prefix = tcp ? 2 : 0, got = 0;
    if (tcp) {
        REQUIRE(wait_readable(peer->socket));
        peer->session = accept(peer->socket, NULL, NULL);
        REQUIRE(peer->session >= 0);
    }
    int from = tcp ? peer->session : peer->socket;
    peer->client_size = sizeof(peer->client);
    while (got < query->length + prefix) {
        loop_turn(loop);
        REQUIRE(wait_readable(from));
        ssize_t more =
            recvfrom(from, octets + got, sizeof(octets) - got, 0,
                     (struct sockaddr *)&peer->client, &peer->client_size);
        REQUIRE(more > 0);
        got += (size_t)more;
    }
    REQUIRE(got == query->length + prefix);
    REQUIRE(!tcp || (size_t)(octets[0] << 8 | octets[1]) == query->length);
    REQUIRE(memcmp(octets + prefix, query->octets, query->length) == 0);
}

/* Until as much was heard as must be. */
static void turn_until(struct loop *loop, const struct heard *heard,
                       size_t messages, size_t troubles)
{
    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        loop_turn(loop);
        if (heard->messages >= messages && heard->troubles >= troubles)
            break;
        (void)poll(NULL, 0, 1);
    }
    REQUIRE(heard->messages == messages);
    REQUIRE(heard->troubles == troubles);
}

/* The next piece of the input, and the octet that ended it; CUT at its end. */
static struct span take_piece(struct span *input, char *end)
{
    struct span piece = {input->at, 0};
    while (piece.length < input->length && input->at[piece.length] != CUT &&
           input->at[piece.length] != CLOSE && input->at[piece.length] != RESET)
        piece.length++;
    *end = CUT;
    if (piece.length < input->length)
        *end = input->at[piece.length];
    size_t taken = piece.length + (piece.length < input->length);
    input->at += taken;
    input->length -= taken;
    return piece;
}

static void play_udp(struct peer *peer, struct loop *loop, struct heard *heard,
                     struct span input)
{
    char end;
    for (size_t i = 1; input.length > 0 && i <= STEPS_MOST; i++) {
        struct span piece = take_piece(&input, &end);
        if (piece.length > DATAGRAM_MOST)
            piece.length = DATAGRAM_MOST;
        REQUIRE(sendto(peer->socket, piece.at, piece.length, 0,
                       (const struct sockaddr *)&peer->client,
                       peer->client_size) == (ssize_t)piece.length);
        turn_until(loop, heard, i, 0);
        REQUIRE(heard->length == piece.length);
        REQUIRE(memcmp(heard->octets, piece.at, piece.length) == 0);
    }
    /* Gone: who asks on is told that nobody listens. */
    (void)close(peer->socket);
    peer->socket = -1;
}

/** A stream as far as it was sent. */
struct stream {
    size_t length;
    uint8_t octets[65536];
};

static size_t announced(const struct stream *stream)
{
    if (stream->length < 2)
        return SIZE_MAX;
    return (size_t)(stream->octets[0] << 8 | stream->octets[1]);
}

static bool is_whole(const struct stream *stream)
{
    return announced(stream) != SIZE_MAX &&
           stream->length - 2 >= announced(stream);
}

static void send_piece(struct peer *peer, struct stream *stream,
                       struct span piece)
{
    if (piece.length > sizeof(stream->octets) - stream->length)
        piece.length = sizeof(stream->octets) - stream->length;
    if (piece.length == 0)
        return;
    REQUIRE(send(peer->session, piece.at, piece.length, MSG_NOSIGNAL) ==
            (ssize_t)piece.length);
    memcpy(stream->octets + stream->length, piece.at, piece.length);
    stream->length += piece.length;
}

static void play_tcp(struct peer *peer, struct loop *loop, struct heard *heard,
                     struct span input)
{
    static struct stream stream;
    char end = CUT;
    stream.length = 0;
    for (size_t i = 0; i < STEPS_MOST && end == CUT && !is_whole(&stream);
         i++) {
        bool last = input.length == 0;
        send_piece(peer, &stream, take_piece(&input, &end));
        if (last)
            end = CLOSE;
        loop_turn(loop);
    }
    if (is_whole(&stream)) {
        turn_until(loop, heard, 1, 0);
        REQUIRE(heard->length == announced(&stream));
        REQUIRE(memcmp(heard->octets, stream.octets + 2, heard->length) == 0);
        close_session(peer, true);
        turn_until(loop, heard, 1, 0);
        return;
    }
    close_session(peer, end == RESET);
    turn_until(loop, heard, 0, 1);
    REQUIRE(heard->trouble == DNS_EVENT_CLOSED);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct heard heard;
    struct peer peer;
    struct dns_query query;
    struct dns_event trouble;
    if (length == 0)
        return 0;
    const bool tcp = octets[0] != 'u';
    struct span input = {(const char *)octets + 1, length - 1};
    struct loop *loop = loop_new(&clock_system);
    REQUIRE(loop != NULL);
    heard.messages = heard.troubles = heard.length = 0;
    open_peer(&peer, tcp);
    REQUIRE(dns_query_write(&query, NAME, DNS_A, ID, true, 0));
    struct dns_transport *transport = dns_transport_open(
        loop, &peer.address, tcp, &query, hear, &heard, &trouble);
    REQUIRE(transport != NULL);
    take_query(&peer, loop, tcp, &query);
    if (tcp)
        play_tcp(&peer, loop, &heard, input);
    else
        play_udp(&peer, loop, &heard, input);
    dns_transport_free(&transport);
    REQUIRE(transport == NULL);
    close_session(&peer, true);
    if (peer.socket >= 0)
        (void)close(peer.socket);
    loop_free(&loop);
    return 0;
}
