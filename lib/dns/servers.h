/* SPDX-License-Identifier: BSD-2-Clause */
/* servers.h - the servers that are asked, how they do, and whose turn it is */
#ifndef DNS_SERVERS_H
#define DNS_SERVERS_H

#include "base/clock.h"
#include "dns/settings.h"

#include <stdbool.h>
#include <stddef.h>

#define DNS_RESOLV_CONF "/etc/resolv.conf"

/** How long a server that failed is asked after the others. */
#define DNS_SERVER_REST_S 30

/**
 * Read the nameserver lines of a resolv.conf; nothing else in it counts, above
 * all no search list: every name is asked as it stands. Servers beyond
 * DNS_SERVERS_MOST are left out.
 * @param settings  servers and server_count are set
 * @return false with `why`, naming the file and, where there is one, the line
 */
bool dns_settings_read(struct dns_settings *settings, const char *file,
                       char *why, size_t why_size);

/** Counted; what changes in it belongs to the loop's thread. */
struct dns_servers;

/** @param settings  with one server at least; copied
 *  @return NULL when memory ends; held once for the caller */
struct dns_servers *dns_servers_new(const struct dns_settings *settings);

/** Hold once more / let go; any thread. Hold returns its argument. */
struct dns_servers *dns_servers_hold(struct dns_servers *servers);
void dns_servers_drop(struct dns_servers *servers);

const struct dns_settings *dns_servers_settings(
    const struct dns_servers *servers);

/** A set of servers, a bit for each. */
typedef uint8_t dns_server_set;
_Static_assert(DNS_SERVERS_MOST <= 8, "a bit for each server");

/**
 * The next to ask, in the order of the settings, those at rest after the
 * others. One whose rest is over is given to this asker alone for a try and
 * rests on for the others until it answers.
 * @param except  those that are not to be asked
 * @return false: there is no other one
 */
bool dns_servers_pick(struct dns_servers *servers, dns_server_set except,
                      instant now, size_t *server);

/** It was silent, unreachable, or what it said was of no use to anybody. */
void dns_servers_failed(struct dns_servers *servers, size_t server,
                        instant now);

void dns_servers_answered(struct dns_servers *servers, size_t server);

#endif
