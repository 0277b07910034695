/* SPDX-License-Identifier: BSD-2-Clause */
/* servers.c - a short list in the order of the settings, and beside each server
 * until when it is asked last */
#include "dns/servers.h"

#include <stdatomic.h>
#include <stdlib.h>

struct dns_servers {
    atomic_uint holds;
    struct dns_settings settings;
    /** The loop's: until when a server rests after it failed; 0: it is well. */
    instant rest[DNS_SERVERS_MOST];
};

struct dns_servers *dns_servers_new(const struct dns_settings *settings)
{
    struct dns_servers *servers = calloc(1, sizeof(*servers));
    if (servers == NULL)
        return NULL;
    atomic_init(&servers->holds, 1);
    servers->settings = *settings;
    return servers;
}

struct dns_servers *dns_servers_hold(struct dns_servers *servers)
{
    atomic_fetch_add_explicit(&servers->holds, 1, memory_order_relaxed);
    return servers;
}

void dns_servers_drop(struct dns_servers *servers)
{
    if (servers != NULL && atomic_fetch_sub_explicit(&servers->holds, 1,
                                                     memory_order_acq_rel) == 1)
        free(servers);
}

const struct dns_settings *dns_servers_settings(
    const struct dns_servers *servers)
{
    return &servers->settings;
}

static bool is_excepted(dns_server_set except, size_t server)
{
    return (except >> server & 1) != 0;
}

static bool pick_well(struct dns_servers *servers, dns_server_set except,
                      instant now, size_t *server)
{
    for (size_t i = 0; i < servers->settings.server_count; i++) {
        if (is_excepted(except, i) || servers->rest[i] > now)
            continue;
        if (servers->rest[i] != 0)
            servers->rest[i] = instant_after_s(now, DNS_SERVER_REST_S);
        *server = i;
        return true;
    }
    return false;
}

bool dns_servers_pick(struct dns_servers *servers, dns_server_set except,
                      instant now, size_t *server)
{
    if (pick_well(servers, except, now, server))
        return true;
    for (size_t i = 0; i < servers->settings.server_count; i++) {
        if (!is_excepted(except, i)) {
            *server = i;
            return true;
        }
    }
    return false;
}

void dns_servers_failed(struct dns_servers *servers, size_t server, instant now)
{
    servers->rest[server] = instant_after_s(now, DNS_SERVER_REST_S);
}

void dns_servers_answered(struct dns_servers *servers, size_t server)
{
    servers->rest[server] = 0;
}
