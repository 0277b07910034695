/* SPDX-License-Identifier: BSD-2-Clause */
/* network.c - the scripts of hosts and servers, and the time */
#include "network.h"

#include "../fuzz.h"
#include "../script.h"

#include <string.h>

#define HOUR_US    ((instant)3600 * 1000000)
#define LINES_MOST 16
#define STEPS_MOST 16
#define DNS_TYPES  (DNS_AAAA + 1)

/** Lines in their order; the last one stays. */
struct lines {
    struct span at[LINES_MOST];
    size_t count, next;
};

static struct {
    instant now;
    struct lines hosts[NETWORK_HOSTS];
    struct lines dns[DNS_TYPES];
    size_t open, most, most_to_one, questions;
    size_t open_to[2 * NETWORK_HOSTS]; /* by host and family */
} network;

static instant now(void *context)
{
    (void)context;
    return network.now;
}

static int64_t wall(void *context)
{
    (void)context;
    return INT64_C(1700000000) + network.now / 1000000;
}

const struct clock network_clock = {now, wall, NULL};

void network_begin(void)
{
    memset(&network, 0, sizeof(network));
    network.now = HOUR_US;
}

void network_pass(struct loop *loop, uint32_t ms)
{
    const instant end = instant_after_ms(network.now, ms);
    for (uint32_t left = STEPS_MOST; left > 0; left--) {
        loop_turn(loop);
        network.now += (end - network.now) / left;
    }
    loop_turn(loop);
}

static void add(struct lines *lines, struct span line)
{
    if (lines->count < LINES_MOST)
        lines->at[lines->count++] = line;
}

/* Empty where there never was one. */
static struct span take(struct lines *lines)
{
    if (lines->next < lines->count)
        lines->next++;
    return lines->next > 0 ? lines->at[lines->next - 1] : (struct span){"", 0};
}

void network_host(uint32_t host, struct span line)
{
    add(&network.hosts[host % NETWORK_HOSTS], line);
}

void network_dns(enum dns_type type, struct span line)
{
    add(&network.dns[type], line);
}

static size_t host_of(const struct address *address)
{
    return address->octets[15] % NETWORK_HOSTS;
}

bool network_call(const struct address *address, struct span *line)
{
    struct lines *lines = &network.hosts[host_of(address)];
    *line = take(lines);
    return lines->count > 0;
}

static size_t address_of(const struct address *address)
{
    return 2 * host_of(address) + address_is_v4(address);
}

void network_opened(const struct address *address)
{
    size_t host = address_of(address);
    network.open++;
    network.open_to[host]++;
    if (network.open > network.most)
        network.most = network.open;
    if (network.open_to[host] > network.most_to_one)
        network.most_to_one = network.open_to[host];
}

void network_closed(const struct address *address)
{
    size_t host = address_of(address);
    REQUIRE(network.open > 0 && network.open_to[host] > 0);
    network.open--;
    network.open_to[host]--;
}

size_t network_open(void)
{
    return network.open;
}

size_t network_most(void)
{
    return network.most;
}

size_t network_most_to_one(void)
{
    return network.most_to_one;
}

struct span network_answer(enum dns_type type)
{
    return take(&network.dns[type]);
}

void network_asked(int more)
{
    network.questions += (size_t)more;
}

size_t network_questions(void)
{
    return network.questions;
}
