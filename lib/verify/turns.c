/* SPDX-License-Identifier: BSD-2-Clause */
/* turns.c - one list of those who may be next, and one at each address that has
 * all the calls it may have: nobody there holds up who calls elsewhere */
#include "verify/turns.h"

#include <assert.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct turn_list {
    struct turn *first, *last;
};

struct turns_host {
    struct address address;
    size_t calls;
    size_t users; /* calls, and turns that wait for it in whatever list */
    struct turn_list waiting;
};

struct turns {
    void *hosts; /* a tree of tsearch, by address */
    size_t calls;
    struct turn_list next;
};

static void append(struct turn_list *list, struct turn *turn)
{
    turn->list = list;
    turn->before = list->last;
    turn->after = NULL;
    if (list->last != NULL)
        list->last->after = turn;
    else
        list->first = turn;
    list->last = turn;
}

static void prepend(struct turn_list *list, struct turn *turn)
{
    turn->list = list;
    turn->before = NULL;
    turn->after = list->first;
    if (list->first != NULL)
        list->first->before = turn;
    else
        list->last = turn;
    list->first = turn;
}

static void remove_turn(struct turn *turn)
{
    struct turn_list *list = turn->list;
    if (turn->before != NULL)
        turn->before->after = turn->after;
    else
        list->first = turn->after;
    if (turn->after != NULL)
        turn->after->before = turn->before;
    else
        list->last = turn->before;
    turn->list = NULL;
}

static int compare(const void *a, const void *b)
{
    const struct turns_host *one = a, *other = b;
    return memcmp(&one->address, &other->address, sizeof(one->address));
}

/* The address's record, a new one if need be. NULL: memory ends. */
static struct turns_host *use_host(struct turns *turns,
                                   const struct address *address)
{
    struct turns_host *fresh = calloc(1, sizeof(*fresh));
    if (fresh == NULL)
        return NULL;
    fresh->address = *address;
    struct turns_host **node = tsearch(fresh, &turns->hosts, compare);
    struct turns_host *host = node == NULL ? NULL : *node;
    if (host != fresh)
        free(fresh);
    if (host != NULL)
        host->users++;
    return host;
}

static void drop_host(struct turns *turns, struct turns_host *host)
{
    if (--host->users > 0)
        return;
    (void)tdelete(host, &turns->hosts, compare);
    free(host);
}

/* Let one who waits at the address try anew; he came before all others. */
static void wake_one(struct turns *turns, struct turns_host *host)
{
    struct turn *turn = host->waiting.first;
    if (turn == NULL)
        return;
    remove_turn(turn);
    prepend(&turns->next, turn);
}

struct turns *turns_new(void)
{
    return calloc(1, sizeof(struct turns));
}

bool turns_wait(struct turns *turns, struct turn *turn,
                const struct address *address, const struct turn_terms *terms)
{
    turn->host = use_host(turns, address);
    if (turn->host == NULL)
        return false;
    turn->most = terms->most;
    turn->most_per_host = terms->most_per_host;
    if (terms->first)
        prepend(&turns->next, turn);
    else
        append(&turns->next, turn);
    return true;
}

void turns_leave(struct turns *turns, struct turn *turn)
{
    if (turn->list == NULL)
        return;
    bool was_next = turn->list == &turns->next;
    remove_turn(turn);
    if (was_next) /* the place may have been the address's last */
        wake_one(turns, turn->host);
    drop_host(turns, turn->host);
}

struct turn *turns_take(struct turns *turns)
{
    struct turn *turn;
    while ((turn = turns->next.first) != NULL) {
        struct turns_host *host = turn->host;
        if (turns->calls >= turn->most)
            return NULL;
        remove_turn(turn);
        if (host->calls < turn->most_per_host) {
            host->calls++;
            turns->calls++;
            return turn;
        }
        append(&host->waiting, turn);
    }
    return NULL;
}

void turns_end(struct turns *turns, struct turns_host *host)
{
    turns->calls--;
    host->calls--;
    wake_one(turns, host);
    drop_host(turns, host);
}

void turns_free(struct turns **turns)
{
    if (*turns == NULL)
        return;
    assert((*turns)->hosts == NULL);
    free(*turns);
    *turns = NULL;
}
