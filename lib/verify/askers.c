/* SPDX-License-Identifier: BSD-2-Clause */
/* askers.c - a list of those who wait */
#include "verify/askers.h"

#include "verify/parts.h"

#include <stddef.h>

void askers_begin(struct askers *askers, struct verify_ask *ask)
{
    askers->first = ask;
    askers->last = &ask->next;
}

void askers_add(struct askers *askers, struct verify_ask *ask)
{
    *askers->last = ask;
    askers->last = &ask->next;
}

instant askers_patience(const struct askers *askers)
{
    instant patience = INSTANT_NEVER;
    for (const struct verify_ask *ask = askers->first; ask != NULL;
         ask = ask->next)
        if (ask->patience < patience)
            patience = ask->patience;
    return patience;
}

struct verify_ask *askers_take_impatient(struct askers *askers, instant at)
{
    struct verify_ask *impatient = NULL;
    askers->last = &askers->first;
    while (*askers->last != NULL) {
        struct verify_ask *ask = *askers->last;
        if (ask->patience > at) {
            askers->last = &ask->next;
            continue;
        }
        *askers->last = ask->next;
        ask->next = impatient;
        impatient = ask;
    }
    return impatient;
}

void askers_tell(struct verify_ask *list, const struct callout_answer *answer)
{
    while (list != NULL) {
        struct verify_ask *next = list->next; /* it ends with `done` */
        list->verifier->askers--;
        list->done(list, answer);
        list = next;
    }
}
