/* SPDX-License-Identifier: BSD-2-Clause */
/* lookup.h - what two answers, one an address family, say together of a host;
 * private to lib/check */
#ifndef CHECK_LOOKUP_H
#define CHECK_LOOKUP_H

#include "check/finding.h"
#include "dns/answer.h"

enum lookup {
    LOOKUP_OPEN,
    LOOKUP_FOUND, /* at least one address, whatever the other family says */
    LOOKUP_NXDOMAIN,
    LOOKUP_NO_ADDRESS,
    LOOKUP_TEMPERROR,
    LOOKUP_INTERNAL
};

/** Either answer may be NULL: not known yet. NXDOMAIN holds for the whole name
 * (RFC 8020), but it is believed only when the other family has no address:
 * there are servers that know no other way to say "no AAAA" (RFC 4074 4.2). */
enum lookup lookup_host(const struct dns_answer *a,
                        const struct dns_answer *aaaa);

/** Records of the answer; 0 when it is not known yet or holds none. */
static inline size_t lookup_count(const struct dns_answer *answer)
{
    return answer && answer->status == DNS_FOUND ? answer->count : 0;
}

/** temperror, or temperror/internal when the trouble was our own; `answer` is
 * DNS_TEMPERROR. */
struct finding lookup_temperror(const struct dns_answer *answer);

/** "IPv4" or "IPv6", for the family of this address. */
const char *lookup_family(const struct address *address);

#endif
