/* SPDX-License-Identifier: BSD-2-Clause */
/* links.c - a list is a ring through its head */
#include "dns/links.h"

void links_begin(struct link *head)
{
    head->before = head->after = head;
}

bool links_is_empty(const struct link *head)
{
    return head->after == head;
}

void links_append(struct link *head, struct link *link)
{
    link->before = head->before;
    link->after = head;
    head->before->after = link;
    head->before = link;
}

void links_remove(struct link *link)
{
    link->before->after = link->after;
    link->after->before = link->before;
}
