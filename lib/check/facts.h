/* SPDX-License-Identifier: BSD-2-Clause */
/* facts.h - all that is known of one SMTP session and message, as far as it is
 * known: what the checks read
 *
 * Every pointer to an answer is NULL while it is not known; facts only grow,
 * and what is known does not change. Facts borrow everything from the session.
 */
#ifndef CHECK_FACTS_H
#define CHECK_FACTS_H

#include "base/address.h"
#include "base/callout.h"
#include "base/mailpath.h"
#include "base/name.h"
#include "base/network.h"
#include "check/zone.h"
#include "dns/answer.h"
#include "dns/trust.h"

#include <stdbool.h>
#include <stdint.h>

/** Who we are: `identity`, `callout.name` and `local:` of the policy file. */
struct site {
    char identity[NAME_SIZE];
    char callout_name[NAME_SIZE]; /* what callouts greet with */
    char (*domains)[NAME_SIZE];   /* local.domains, canonical */
    size_t domain_count;
    struct networks addresses; /* local.addresses */
    struct networks host;      /* the addresses of this host's interfaces */
    struct networks callable;  /* callout.networks: reserved, but allowed */
};

enum helo_form {
    HELO_MISSING, /* no HELO or EHLO, or one without argument */
    HELO_NAME,    /* `name` holds it; may be unqualified */
    HELO_LITERAL, /* `address` holds it */
    HELO_BARE_ADDRESS,
    HELO_BAD_LITERAL,
    HELO_BAD_NAME /* `fault` says why */
};

#define REVERSE_NAMES_MOST 10

struct helo_facts {
    struct span text; /* as given */
    enum helo_form form;
    enum name_fault fault;
    char name[NAME_SIZE];
    struct address address; /* of a literal or a bare address */
    const struct dns_answer *a, *aaaa;
};

struct client_facts {
    bool known; /* false: no address (unix socket, no CONNECT) */
    struct address address;
    const struct dns_answer *ptr;
    /** For the first REVERSE_NAMES_MOST names of `ptr`: their addresses in the
     * client's family. */
    const struct dns_answer *reverse[REVERSE_NAMES_MOST];
};

/** One exchanger of the sender's domain, in the order of try. */
struct exchanger_facts {
    const char *host;
    uint16_t preference;
    const struct dns_answer *a, *aaaa;
};

struct sender_facts {
    bool given; /* a MAIL command was seen */
    struct mailpath path;
    const struct dns_answer *mx;
    const struct dns_answer *a, *aaaa; /* of the domain, when it has no MX */
    struct exchanger_facts exchangers[CALLOUT_HOSTS_MOST];
    size_t exchanger_count; /* known once `mx` is; equal ones in random order */
    const struct callout_answer *callout;
    uint32_t callout_age_s; /* of one that was kept; 0: it is new */
};

/** What the policy's lists say. */
struct list_facts {
    const struct zones *zones; /* NULL: none is asked */
    /** By what is looked up; of each the entries of its own zones count, with
     * the index that the zone has in `zones`. */
    const struct listing *of[ZONE_OF_REVERSE + 1];
};

struct facts {
    const struct site *site;
    struct trust trust; /* in DNS, at this moment; it alone may change */
    struct list_facts lists;
    struct client_facts client;
    struct helo_facts helo;
    struct sender_facts sender;
};

/** Read a HELO argument into form, fault, name and address; `text` is
 * borrowed. Does not touch the answers. */
void helo_facts_read(struct helo_facts *helo, struct span text);

/** Put the exchangers of `sender->mx` in the order of try: by preference, equal
 * ones as `seed` has it; at most CALLOUT_HOSTS_MOST, each host once, none that
 * is localhost. The same seed gives the same order. Does not touch their
 * addresses. */
void sender_facts_order(struct sender_facts *sender, uint32_t seed);

/** True when the client is one of us (`local.addresses`). */
bool facts_client_is_ours(const struct facts *facts);

/** True for the null sender, for a bare <postmaster> (ours, RFC 5321 4.5.1) and
 * for senders in `local.domains` or below: no sender check applies. */
bool facts_sender_is_exempt(const struct facts *facts);

/** What the zone at `index` says of its subject in this session.
 * ZONE_NOT_LISTED too when the list is not asked, because it is absent or has
 * no subject here. */
enum zone_word facts_zone(const struct facts *facts, size_t index);

/** The subject of a zone as it is said, and the name by which it is looked up
 * there. False: there is none, or it cannot be told yet. */
bool facts_zone_subject(const struct facts *facts, const struct zone *zone,
                        char subject[NAME_SIZE]);
bool facts_zone_question(const struct facts *facts, const struct zone *zone,
                         char question[NAME_SIZE]);

/** True when a list of ZONE_ALLOW frees from the check; `open` is set when one
 * may still do so. `zone`, when not NULL, is set to the one that does. */
bool facts_exempt(const struct facts *facts, unsigned check, bool *open,
                  const struct zone **zone);

/** What a fault of our own comes from that is among the facts, the first of
 * them; FAULT_NONE also when it is not known. */
enum fault facts_fault(const struct facts *facts);

/** What is to be said of the client's reverse name: `name` is a
 * forward-confirmed one, else the first there is, else NULL. REVERSE_MISSING
 * when the client's address is not known. */
enum reverse_state {
    REVERSE_OPEN,
    REVERSE_CONFIRMED,
    REVERSE_UNCONFIRMED,
    REVERSE_MISSING, /* no PTR, or none with a host name */
    REVERSE_TEMPERROR,
    REVERSE_INTERNAL
};
enum reverse_state facts_reverse(const struct facts *facts, const char **name);

/** True when a forward-confirmed reverse name of the client shares the
 * organisational domain of `domain`; `open` is set when one may still do so. */
bool facts_client_is_of(const struct facts *facts, const char *domain,
                        bool *open);

/**
 * Where a callout may go: the addresses of the exchangers in order, at most two
 * a host (one of each family first), none twice. None is reserved or ours
 * (`local.addresses`, this host's), except those in `callout.networks`.
 * Call it when sender-domain passed and facts_targets_are_known; before, it
 * gives those known so far.
 */
size_t facts_targets(const struct facts *facts,
                     struct callout_target targets[CALLOUT_TARGETS_MOST]);

/** True when the addresses of every exchanger are answered: sender-domain needs
 * only the best one, a callout should know all that it may turn to. */
bool facts_targets_are_known(const struct facts *facts);

#endif
