/* SPDX-License-Identifier: BSD-2-Clause */
/* supply.h - the servers in force: those of the settings, or the system's,
 * which are read again when its resolv.conf has changed */
#ifndef DNS_SUPPLY_H
#define DNS_SUPPLY_H

#include "dns/servers.h"

/** How often, at most, resolv.conf is looked at. */
#define DNS_SUPPLY_LOOK_MS 1000

/** Any thread. */
struct dns_supply;

/**
 * @param settings  without servers: those of `file`, which is borrowed
 * @return NULL with `why`: memory ends, or `file` names no server
 */
struct dns_supply *dns_supply_new(const struct dns_settings *settings,
                                  const char *file, instant now, char *why,
                                  size_t why_size);

/** Take other settings from now on. False with `why`: the old ones stay. */
bool dns_supply_configure(struct dns_supply *supply,
                          const struct dns_settings *settings, instant now,
                          char *why, size_t why_size);

/** The servers to ask now, held for the caller. A resolv.conf that has changed
 * is taken; one that has become useless is said in the log once, and the
 * servers stay. */
struct dns_servers *dns_supply_take(struct dns_supply *supply, instant now);

void dns_supply_free(struct dns_supply **supply);

#endif
