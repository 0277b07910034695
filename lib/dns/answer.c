/* SPDX-License-Identifier: BSD-2-Clause */
/* answer.c - answers as counted values: one block with the count in front and
 * the records behind; temperrors are constants and need no memory */
#include "dns/answer.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

/** What lies in memory; the world sees `answer` alone. */
struct counted {
    atomic_uint holds;
    size_t size; /* of the whole block */
    struct dns_answer answer;
    /* the records follow: octets and 16-bit numbers, aligned well here */
};

#define TROUBLE_COUNT (DNS_TROUBLE_INTERNAL + 1)

#define TEMPERROR(why) [why] = {.status = DNS_TEMPERROR, .trouble = (why)}

static const struct dns_answer temperrors[TROUBLE_COUNT] = {
    TEMPERROR(DNS_TROUBLE_NONE),      TEMPERROR(DNS_TROUBLE_TIMEOUT),
    TEMPERROR(DNS_TROUBLE_SERVFAIL),  TEMPERROR(DNS_TROUBLE_REFUSED),
    TEMPERROR(DNS_TROUBLE_MALFORMED), TEMPERROR(DNS_TROUBLE_NO_NETWORK),
    TEMPERROR(DNS_TROUBLE_CROWDED),   TEMPERROR(DNS_TROUBLE_INTERNAL),
};

const struct dns_answer *dns_answer_temperror(enum dns_trouble trouble)
{
    return &temperrors[trouble];
}

#define FAULT(what)                         \
 [what] = {.status = DNS_TEMPERROR,         \
           .trouble = DNS_TROUBLE_INTERNAL, \
           .fault = (what)}

static const struct dns_answer faults[FAULT_COUNT] = {
    FAULT(FAULT_NONE),
    FAULT(FAULT_MEMORY),
    FAULT(FAULT_DESCRIPTOR),
    FAULT(FAULT_PORT),
};

const struct dns_answer *dns_answer_fault(enum fault fault)
{
    return &faults[fault];
}

const struct dns_answer *dns_answer_internal(void)
{
    return &faults[FAULT_MEMORY];
}

/* The count is not part of the value, and changes while that does not. NULL
 * for a constant. */
static struct counted *counted_of(const struct dns_answer *answer)
{
    if (answer->self == NULL)
        return NULL;
    void *counted = (char *)answer->self - offsetof(struct counted, answer);
    return counted;
}

static size_t record_size(enum dns_type type)
{
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        return sizeof(struct address);
    case DNS_MX:
        return sizeof(struct dns_exchanger);
    case DNS_PTR:
        return NAME_SIZE;
    case DNS_TXT:
        return sizeof(struct dns_text);
    }
    return 0;
}

static void point_at_records(struct dns_answer *answer, enum dns_type type,
                             void *records)
{
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        answer->addresses = records;
        break;
    case DNS_MX:
        answer->exchangers = records;
        break;
    case DNS_PTR:
        answer->names = records;
        break;
    case DNS_TXT:
        answer->texts = records;
        break;
    }
}

struct dns_answer *dns_answer_new(enum dns_type type, enum dns_status status,
                                  size_t count)
{
    assert(count <= DNS_RECORDS_MOST);
    size_t size = sizeof(struct counted) + count * record_size(type);
    struct counted *counted = calloc(1, size);
    if (counted == NULL)
        return NULL;
    atomic_init(&counted->holds, 1);
    counted->size = size;
    counted->answer.status = status;
    counted->answer.count = (uint16_t)count;
    counted->answer.self = &counted->answer;
    if (count > 0)
        point_at_records(&counted->answer, type, counted + 1);
    return &counted->answer;
}

const struct dns_answer *dns_answer_hold(const struct dns_answer *answer)
{
    struct counted *counted = counted_of(answer);
    if (counted != NULL)
        atomic_fetch_add_explicit(&counted->holds, 1, memory_order_relaxed);
    return answer;
}

void dns_answer_drop(const struct dns_answer *answer)
{
    struct counted *counted = answer != NULL ? counted_of(answer) : NULL;
    if (counted == NULL)
        return;
    /* Whoever frees must see what all others did before they let go. */
    if (atomic_fetch_sub_explicit(&counted->holds, 1, memory_order_acq_rel) ==
        1)
        free(counted);
}

size_t dns_answer_size(const struct dns_answer *answer)
{
    const struct counted *counted = counted_of(answer);
    return counted != NULL ? counted->size : 0;
}

bool dns_answer_has_address(const struct dns_answer *answer,
                            const struct address *address)
{
    if (answer->addresses == NULL)
        return false;
    for (size_t i = 0; i < answer->count; i++) {
        if (address_equal(&answer->addresses[i], address))
            return true;
    }
    return false;
}

const char *dns_trouble_text(enum dns_trouble trouble)
{
    switch (trouble) {
    case DNS_TROUBLE_NONE:
        return "no trouble";
    case DNS_TROUBLE_TIMEOUT:
        return "time-out";
    case DNS_TROUBLE_SERVFAIL:
        return "server failure";
    case DNS_TROUBLE_REFUSED:
        return "refused by the server";
    case DNS_TROUBLE_MALFORMED:
        return "malformed answer";
    case DNS_TROUBLE_NO_NETWORK:
        return "no route to a server";
    case DNS_TROUBLE_CROWDED:
        return "too many questions at once";
    case DNS_TROUBLE_INTERNAL:
        return "internal error";
    }
    return "";
}
