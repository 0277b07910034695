/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_wire.h - replies written octet by octet, right or wrong as a test likes
 * them */
#ifndef UNIT_DNS_WIRE_H
#define UNIT_DNS_WIRE_H

#include "base/address.h"
#include "dns/packet.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WIRE_ANSWER     6 /* where in the header a section's count stands */
#define WIRE_AUTHORITY  8
#define WIRE_ADDITIONAL 10

#define WIRE_TRUNCATED 0x0200
#define WIRE_RCODE(n)  (n)

#define WIRE_CNAME 5
#define WIRE_NS    2
#define WIRE_SOA   6
#define WIRE_OPT   41

/** A message; on the heap, for it is large. */
struct wire {
    size_t length;
    size_t rdata; /* where the data of the last record begin */
    uint8_t octets[65536 + 512];
};

static inline void wire_8(struct wire *wire, unsigned value)
{
    assert(wire->length < sizeof(wire->octets));
    wire->octets[wire->length++] = (uint8_t)value;
}

static inline void wire_16(struct wire *wire, unsigned value)
{
    wire_8(wire, value >> 8 & 0xff);
    wire_8(wire, value & 0xff);
}

static inline void wire_32(struct wire *wire, uint32_t value)
{
    wire_16(wire, value >> 16);
    wire_16(wire, value & 0xffff);
}

static inline void wire_set_16(struct wire *wire, size_t at, unsigned value)
{
    wire->octets[at] = (uint8_t)(value >> 8);
    wire->octets[at + 1] = (uint8_t)value;
}

static inline unsigned wire_get_16(const struct wire *wire, size_t at)
{
    return (unsigned)wire->octets[at] << 8 | wire->octets[at + 1];
}

static inline void wire_add(struct wire *wire, const void *octets,
                            size_t length)
{
    assert(length <= sizeof(wire->octets) - wire->length);
    memcpy(wire->octets + wire->length, octets, length);
    wire->length += length;
}

static inline void wire_label(struct wire *wire, const char *text,
                              size_t length)
{
    wire_8(wire, (unsigned)length);
    wire_add(wire, text, length);
}

/** A name without compression; "" is the root. */
static inline void wire_name(struct wire *wire, const char *name)
{
    while (*name != '\0') {
        size_t length = strcspn(name, ".");
        wire_label(wire, name, length);
        name += length;
        name += *name == '.';
    }
    wire_8(wire, 0);
}

/** Begin a reply to a query of `length` octets: its id and question, QR, RD, RA
 * and `flags`. The caller frees it. */
static inline struct wire *wire_reply_to(const uint8_t *query, size_t length,
                                         unsigned flags)
{
    struct wire *wire = calloc(1, sizeof(*wire));
    assert(wire != NULL && length >= 12);
    wire_add(wire, query, 2);
    wire_16(wire, 0x8180 | flags);
    wire_16(wire, 1);
    wire_add(wire, (const uint8_t[6]){0}, 6);
    size_t end = 12;
    while (query[end] != 0)
        end += 1U + query[end];
    wire_add(wire, query + 12, end + 5 - 12);
    return wire;
}

static inline struct wire *wire_reply(const struct dns_query *query,
                                      unsigned flags)
{
    return wire_reply_to(query->octets, query->length, flags);
}

/** The fixed part of a record; its data follow, then wire_end. An owner of NULL
 * points at the question. */
static inline void wire_record(struct wire *wire, size_t section,
                               const char *owner, unsigned type, uint32_t ttl)
{
    wire_set_16(wire, section, wire_get_16(wire, section) + 1);
    if (owner == NULL)
        wire_16(wire, 0xc00c);
    else
        wire_name(wire, owner);
    wire_16(wire, type);
    wire_16(wire, 1);
    wire_32(wire, ttl);
    wire_16(wire, 0);
    wire->rdata = wire->length;
}

static inline void wire_end(struct wire *wire)
{
    wire_set_16(wire, wire->rdata - 2, (unsigned)(wire->length - wire->rdata));
}

static inline void wire_address(struct wire *wire, const char *owner,
                                uint32_t ttl, const char *text)
{
    struct address address;
    bool parsed = address_parse(&address, span_of(text));
    assert(parsed);
    (void)parsed;
    bool v4 = address_is_v4(&address);
    wire_record(wire, WIRE_ANSWER, owner, v4 ? DNS_A : DNS_AAAA, ttl);
    wire_add(wire, address.octets + (v4 ? 12 : 0), v4 ? 4 : 16);
    wire_end(wire);
}

static inline void wire_named(struct wire *wire, size_t section,
                              const char *owner, unsigned type, uint32_t ttl,
                              const char *target)
{
    wire_record(wire, section, owner, type, ttl);
    wire_name(wire, target);
    wire_end(wire);
}

static inline void wire_mx(struct wire *wire, uint32_t ttl, unsigned preference,
                           const char *host)
{
    wire_record(wire, WIRE_ANSWER, NULL, DNS_MX, ttl);
    wire_16(wire, preference);
    wire_name(wire, host);
    wire_end(wire);
}

static inline void wire_soa(struct wire *wire, uint32_t ttl, uint32_t minimum)
{
    wire_record(wire, WIRE_AUTHORITY, "example", WIRE_SOA, ttl);
    wire_name(wire, "ns.example");
    wire_name(wire, "hostmaster.example");
    wire_32(wire, 1);
    wire_32(wire, 7200);
    wire_32(wire, 3600);
    wire_32(wire, 86400);
    wire_32(wire, minimum);
    wire_end(wire);
}

#endif
