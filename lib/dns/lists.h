/* SPDX-License-Identifier: BSD-2-Clause */
/* lists.h - DNS lists (RFC 5782) as something that can break: each is tested
 * now and then, and one that fails or falls silent is left out
 *
 * A list is known by its zone and by what is looked up in it: one that is good
 * for IPv4 addresses may know nothing of IPv6. It is believed until a test has
 * shown that it lists its test entry no more, or lists everybody. */
#ifndef DNS_LISTS_H
#define DNS_LISTS_H

#include "dns/resolver.h"

#include <stdbool.h>
#include <stddef.h>

/** How often a list is tested, and how soon again when nobody could tell. */
#define LISTS_TEST_S  1800
#define LISTS_RETRY_S 60

/** How long a test waits for its answers. */
#define LISTS_PATIENCE_MS 10000

/** Questions in a row without an answer after which a list is left out, and for
 * how long. Then one more in a row is enough. */
#define LISTS_SILENT_MOST 5
#define LISTS_REST_S      300

struct lists;

enum list_kind { LIST_OF_IPV4, LIST_OF_IPV6, LIST_OF_NAMES };

enum list_state {
    LIST_GOOD,   /* as far as we know */
    LIST_FAILED, /* its self-test */
    LIST_SILENT
};

/** @return NULL when memory ends */
struct lists *lists_new(struct loop *loop, struct resolver *resolver);

/** One list that is to be watched. */
struct list_name {
    char zone[NAME_SIZE]; /* canonical */
    enum list_kind kind;
};

/**
 * Watch these from now on, and no others; those that were watched before keep
 * their state, new ones are tested at once. Any thread.
 * @return false: memory ends; some are not watched then, and believed
 */
bool lists_watch(struct lists *lists, const struct list_name *names,
                 size_t count);

/** Any thread; a list that is not watched is LIST_GOOD. */
enum list_state lists_state(struct lists *lists, const char *zone,
                            enum list_kind kind);

/** A question that was sent to it has been answered, or has not been in time.
 * Any thread. */
void lists_heard(struct lists *lists, const char *zone, enum list_kind kind,
                 bool answered);

/** True for what is no listing, but an error that the operators have agreed
 * upon (127.255.255.0/24), or outside 127.0.0.0/8 (RFC 5782 2.1). */
bool list_answer_is_error(const struct address *answer);

/** Test nothing any more. After the loop was stopped, before resolver_free. */
void lists_stop(struct lists *lists);

/** After loop_free. */
void lists_free(struct lists **lists);

#endif
