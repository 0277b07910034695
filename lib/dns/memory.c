/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c - answers as the values of a cache */
#include "dns/memory.h"

#include <string.h>

static void hold(void *value)
{
    (void)dns_answer_hold(value);
}

static void drop(void *value)
{
    dns_answer_drop(value);
}

struct cache *dns_memory_new(void)
{
    static const struct cache_values values = {hold, drop};
    return cache_new(DNS_MEMORY_BYTES, &values);
}

/** The type, then the name: two types of one name are two keys. */
struct key {
    size_t length;
    char octets[1 + NAME_SIZE];
};

_Static_assert(DNS_AAAA <= INT8_MAX, "a type is one octet of a key");

static struct span write_key(struct key *key, const char *name,
                             enum dns_type type)
{
    size_t length = strnlen(name, NAME_SIZE - 1);
    key->octets[0] = (char)type;
    memcpy(key->octets + 1, name, length);
    key->length = 1 + length;
    return (struct span){key->octets, key->length};
}

const struct dns_answer *dns_memory_get(struct cache *memory, const char *name,
                                        enum dns_type type, instant now)
{
    struct key key;
    return cache_get(memory, write_key(&key, name, type), now);
}

void dns_memory_put(struct cache *memory, const char *name, enum dns_type type,
                    const struct dns_answer *answer)
{
    struct key key;
    if (answer->status == DNS_TEMPERROR)
        return;
    /* Without room it is merely asked again. */
    (void)cache_put(memory, write_key(&key, name, type), answer->self,
                    dns_answer_size(answer), answer->expires);
}
