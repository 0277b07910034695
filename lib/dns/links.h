/* SPDX-License-Identifier: BSD-2-Clause */
/* links.h - lists whose links lie in what is listed, and leave in one step */
#ifndef DNS_LINKS_H
#define DNS_LINKS_H

#include <stdbool.h>
#include <stddef.h>

/** In a list that leads back to its head; lies in what is listed. */
struct link {
    struct link *before, *after;
};

/** What a link lies in. */
#define LINK_AROUND(pointer, type, field) \
 ((type *)(void *)((char *)(pointer)-offsetof(type, field)))

void links_begin(struct link *head);
bool links_is_empty(const struct link *head);
void links_append(struct link *head, struct link *link);
void links_remove(struct link *link);

#endif
