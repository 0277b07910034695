/* SPDX-License-Identifier: BSD-2-Clause */
/* settings.h - whom to ask and how patiently: `dns:` in the policy file */
#ifndef DNS_SETTINGS_H
#define DNS_SETTINGS_H

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An address and port of a recursive server. */
struct dns_server {
    struct address address;
    uint16_t port;
    uint32_t scope; /* interface of a link-local address (RFC 4007), or 0 */
};

#define DNS_SERVERS_MOST 8

struct dns_settings {
    struct dns_server servers[DNS_SERVERS_MOST];
    size_t server_count; /* 0: those of /etc/resolv.conf */
    uint32_t timeout_ms; /* for one try at one server */
    uint32_t attempts;   /* rounds over all servers */
    bool mix_case;       /* of a question's letters, for forgers to guess */
    uint32_t budget_ms;  /* for a question with all that follows from it */
};

#endif
