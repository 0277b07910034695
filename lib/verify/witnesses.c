/* SPDX-License-Identifier: BSD-2-Clause */
/* witnesses.c - a short list, one entry an organisation and network */
#include "verify/witnesses.h"

#include <stdio.h>
#include <string.h>

/* What networks are assigned in, so that another one is most often another
 * owner's. */
#define BITS_V4 (96 + 16)
#define BITS_V6 32

static bool is_fresh(const struct witness *witness, instant then)
{
    return then < instant_after_s(witness->heard, WITNESSES_S);
}

static bool has_network(const struct witness *witness,
                        const struct address *address)
{
    return address_equal_bits(&witness->target.address, address,
                              address_is_v4(address) ? BITS_V4 : BITS_V6);
}

/* A public suffix, or an address literal, stands for itself. */
static void write_organisation(char organisation[NAME_SIZE],
                               const struct callout_target *target)
{
    if (!name_organisation(organisation, target->exchanger))
        (void)snprintf(organisation, NAME_SIZE, "%s", target->exchanger);
}

static void remove_at(struct witnesses *witnesses, size_t place)
{
    witnesses->at[place] = witnesses->at[--witnesses->count];
}

static void drop_old(struct witnesses *witnesses, instant now)
{
    for (size_t i = witnesses->count; i-- > 0;)
        if (!is_fresh(&witnesses->at[i], now))
            remove_at(witnesses, i);
}

/* Of its organisation, or NULL.
 * @param taken  another one has its network */
static struct witness *find(struct witnesses *witnesses,
                            const char *organisation,
                            const struct address *address, bool *taken)
{
    struct witness *found = NULL;
    *taken = false;
    for (size_t i = 0; i < witnesses->count; i++) {
        struct witness *witness = &witnesses->at[i];
        if (strcmp(witness->organisation, organisation) == 0)
            found = witness;
        else if (has_network(witness, address))
            *taken = true;
    }
    return found;
}

void witnesses_hear(struct witnesses *witnesses,
                    const struct callout_target *target, instant now)
{
    char organisation[NAME_SIZE];
    bool taken;
    drop_old(witnesses, now);
    write_organisation(organisation, target);
    struct witness *witness =
        find(witnesses, organisation, &target->address, &taken);
    if (taken || (witness == NULL && witnesses->count == WITNESSES_MOST))
        return;
    if (witness == NULL) {
        witness = &witnesses->at[witnesses->count++];
        memcpy(witness->organisation, organisation, NAME_SIZE);
        witness->since = now;
    }
    witness->target = *target; /* the one of its hosts that lives for sure */
    witness->heard = now;
}

static void swap(size_t *a, size_t *b)
{
    size_t kept = *a;
    *a = *b;
    *b = kept;
}

size_t witnesses_order(const struct witnesses *witnesses, instant then,
                       uint64_t lot, size_t order[WITNESSES_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < witnesses->count; i++)
        if (is_fresh(&witnesses->at[i], then))
            order[count++] = i;
    for (size_t i = 1; i < count; i++)
        if (witnesses->at[order[i]].since < witnesses->at[order[0]].since)
            swap(&order[0], &order[i]);
    for (size_t i = 1; i + 1 < count; i++, lot /= WITNESSES_MOST)
        swap(&order[i], &order[i + lot % (count - i)]);
    return count;
}

void witnesses_forget(struct witnesses *witnesses,
                      const struct address *address)
{
    for (size_t i = witnesses->count; i-- > 0;)
        if (address_equal(&witnesses->at[i].target.address, address))
            remove_at(witnesses, i);
}
