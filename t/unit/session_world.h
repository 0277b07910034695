/* SPDX-License-Identifier: BSD-2-Clause */
/* session_world.h - a service for the tests of sessions, with a DNS server and
 * exchangers of its own on loopback
 *
 * The world: mail.good.example is 45.20.1.1, whose reverse name it is;
 * mail.none.example does not exist; nobody answers for slow.example.
 * The exchangers of good.example and late.example accept, those of bad.example
 * refuse, those of mute.example say nothing to RCPT. */
#ifndef UNIT_SESSION_WORLD_H
#define UNIT_SESSION_WORLD_H

#include "dns_wire.h"
#include "session/session.h"
#include "smtp_server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/** The patience with DNS. */
#ifndef WORLD_DNS
# define WORLD_DNS "timeout: 400ms, attempts: 1, budget: 800ms"
#endif

/** A server that denies everything, or finds everything: there is no MX, and
 * any host is the exchanger of bad.example. */
enum world_manner { WORLD_HONEST, WORLD_DENIES, WORLD_FINDS };

struct session_world {
    int dns;
    pthread_t dns_thread;
    atomic_bool dns_stop;
    atomic_uint questions;
    atomic_bool slow_answers; /* somebody does answer for slow.example now */
    atomic_int manner;        /* of the DNS server, of enum world_manner */
    struct clock clock;       /* the system's, and */
    atomic_int ahead_s;       /* by so much ahead of it */
    struct servers servers;
    struct service *service;
};

/* What ends with it: "good.example" of "mx.good.example". */
static inline bool world_ends(const char *name, const char *end)
{
    const size_t length = strlen(name), least = strlen(end);

    return length >= least && strcmp(name + length - least, end) == 0;
}

static inline void world_question(const uint8_t *query, char name[NAME_SIZE],
                                  unsigned *type)
{
    size_t at = 12, length = 0;

    while (query[at] != 0) {
        memcpy(name + length, query + at + 1, query[at]);
        length += query[at];
        name[length++] = '.';
        at += 1U + query[at];
    }
    name[length > 0 ? length - 1 : 0] = '\0';
    *type = (unsigned)query[at + 1] << 8 | query[at + 2];
}

static inline const char *world_address(const char *name)
{
    static const char *const addresses[][2] = {
        {"mail.good.example", "45.20.1.1"}, {"mx.good.example", "127.0.0.2"},
        {"mx.bad.example", "127.0.0.3"},    {"mx.mute.example", "127.0.0.4"},
        {"mx.home.example", "45.1.0.1"},    {"mail.slow.example", "45.20.1.1"},
        {"mx.late.example", "127.0.0.2"},
    };

    for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
        if (strcmp(name, addresses[i][0]) == 0)
            return addresses[i][1];
    return NULL;
}

static inline struct wire *world_lie(int manner, const uint8_t *query,
                                     size_t length, unsigned type)
{
    const bool finds = manner == WORLD_FINDS;
    struct wire *wire = wire_reply_to(query, length, WIRE_RCODE(finds ? 0 : 3));

    if (finds && type == DNS_A)
        wire_address(wire, NULL, 60, "127.0.0.3");
    else
        wire_soa(wire, 60, 60);
    return wire;
}

/* The reply to a query; NULL: none. */
static inline struct wire *world_answer(const struct session_world *world,
                                        const uint8_t *query, size_t length)
{
    char name[NAME_SIZE], target[NAME_SIZE + 3];
    unsigned type;
    struct wire *wire;

    world_question(query, name, &type);
    if (world_ends(name, "slow.example") && !atomic_load(&world->slow_answers))
        return NULL;
    if (atomic_load(&world->manner) != WORLD_HONEST)
        return world_lie(atomic_load(&world->manner), query, length, type);
    if (world_ends(name, "none.example") ||
        strncmp(name, "bonafide-canary.", 16) == 0) {
        wire = wire_reply_to(query, length, WIRE_RCODE(3));
        wire_soa(wire, 60, 60);
        return wire;
    }
    wire = wire_reply_to(query, length, 0);
    snprintf(target, sizeof(target), "mx.%s", name);
    if (type == DNS_A && world_address(name))
        wire_address(wire, NULL, 60, world_address(name));
    else if (type == DNS_PTR)
        wire_named(wire, WIRE_ANSWER, NULL, DNS_PTR, 60, "mail.good.example");
    else if (type == DNS_MX)
        wire_mx(wire, 60, 10, target);
    else
        wire_soa(wire, 60, 60);
    return wire;
}

static inline void *world_serve(void *argument)
{
    struct session_world *world = argument;
    uint8_t query[512];
    struct sockaddr_in from;

    while (!atomic_load(&world->dns_stop)) {
        socklen_t size = sizeof(from);
        ssize_t length = recvfrom(world->dns, query, sizeof(query), 0,
                                  (struct sockaddr *)&from, &size);
        struct wire *wire;

        if (length < 12)
            continue;
        atomic_fetch_add(&world->questions, 1);
        wire = world_answer(world, query, (size_t)length);
        if (wire)
            (void)sendto(world->dns, wire->octets, wire->length, 0,
                         (struct sockaddr *)&from, size);
        free(wire);
    }
    return NULL;
}

static inline uint16_t world_start_dns(struct session_world *world)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_usec = 50000};
    socklen_t size = sizeof(at);

    world->dns = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(world->dns >= 0);
    assert_int_equal(bind(world->dns, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(world->dns, (struct sockaddr *)&at, &size), 0);
    assert_int_equal(setsockopt(world->dns, SOL_SOCKET, SO_RCVTIMEO, &patience,
                                sizeof(patience)),
                     0);
    assert_int_equal(
        pthread_create(&world->dns_thread, NULL, world_serve, world), 0);
    return ntohs(at.sin_port);
}

/** The policy of `text`, in the place of the world. */
static inline struct policy *world_policy(uint16_t dns, const char *text)
{
    struct complaints complaints = {0};
    char file[3072];
    struct policy *policy;

    snprintf(file, sizeof(file),
             "identity: mx.home.example\nlog: {to: stderr, level: info}\n"
             "local: {domains: [home.example], addresses: [45.1.0.1]}\n"
             "dns: {servers: [127.0.0.1@%u], " WORLD_DNS "}\n%s",
             dns, text);
    policy = policy_read_text("test.yaml", span_of(file), &complaints);
    for (size_t i = 0; i < complaints.count && !policy; i++)
        print_error("%s\n", complaints.at[i].text);
    complaints_clear(&complaints);
    assert_non_null(policy);
    return policy;
}

/** `callout` stands inside the map of that name; `rest` behind all. */
static inline struct policy *world_policy_of(struct session_world *world,
                                             const char *callout,
                                             const char *rest)
{
    struct sockaddr_in at;
    socklen_t size = sizeof(at);
    char text[2048];

    assert_int_equal(getsockname(world->dns, (struct sockaddr *)&at, &size), 0);
    snprintf(text, sizeof(text),
             "callout: {port: %u, networks: [127.0.0.0/8], "
             "timeout: {connect: 1s, reply: 2s, total: 2s}%s%s}\n%s",
             world->servers.port, *callout ? ", " : "", callout, rest);
    return world_policy(ntohs(at.sin_port), text);
}

static inline instant world_now(void *context)
{
    struct session_world *world = context;

    return instant_after_s(clock_now(&clock_system),
                           (uint32_t)atomic_load(&world->ahead_s));
}

static inline struct session_world *world_begin(const char *callout,
                                                const char *rest)
{
    static const struct server_script scripts[] = {
        {0}, {.rcpt = "550 5.1.1 no such user\r\n"}, {.rcpt = ""}};
    struct session_world *world = calloc(1, sizeof(*world));
    struct policy *policy;
    char why[256];

    assert_non_null(world);
    servers_start(&world->servers, scripts, 3);
    (void)world_start_dns(world);
    policy = world_policy_of(world, callout, rest);
    world->clock = (struct clock){world_now, clock_system.wall, world};
    world->service = service_new(policy, &world->clock, NULL, why, sizeof(why));
    policy_drop(policy);
    assert_non_null(world->service);
    assert_true(service_start(world->service));
    return world;
}

/** @param stopped  service_stop was called already */
static inline void world_end(struct session_world *world, bool stopped)
{
    if (!stopped)
        service_stop(world->service);
    service_free(&world->service);
    servers_stop(&world->servers);
    atomic_store(&world->dns_stop, true);
    (void)pthread_join(world->dns_thread, NULL);
    (void)close(world->dns);
    free(world);
}

/** A session of the good client. */
static inline struct session *world_session(struct session_world *world)
{
    struct session *session = session_new(world->service);
    struct address client;

    assert_non_null(session);
    assert_true(address_parse(&client, span_of("45.20.1.1")));
    session_connect(session, &client);
    return session;
}

/** The reply's code, or 250 for none. */
static inline unsigned code_said(const struct reply *reply)
{
    return reply ? reply->code : 250;
}

static inline unsigned say_helo(struct session *session, const char *name)
{
    return code_said(session_helo(session, span_of(name)));
}

static inline unsigned say_mail(struct session *session, const char *sender)
{
    return code_said(session_mail(session, span_of(sender), false, NULL));
}

static inline unsigned say_rcpt(struct session *session, const char *recipient)
{
    return code_said(session_rcpt(session, span_of(recipient), NULL));
}

#endif
