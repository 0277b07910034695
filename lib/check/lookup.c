/* SPDX-License-Identifier: BSD-2-Clause */
/* lookup.c - what two answers, one an address family, say together of a
 * host */
#include "check/lookup.h"

static bool has_status(const struct dns_answer *a,
                       const struct dns_answer *aaaa, enum dns_status status)
{
    return a->status == status || aaaa->status == status;
}

static bool is_internal(const struct dns_answer *answer)
{
    return answer->status == DNS_TEMPERROR &&
           answer->trouble == DNS_TROUBLE_INTERNAL;
}

enum lookup lookup_host(const struct dns_answer *a,
                        const struct dns_answer *aaaa)
{
    if (lookup_count(a) > 0 || lookup_count(aaaa) > 0)
        return LOOKUP_FOUND;
    if (!a || !aaaa)
        return LOOKUP_OPEN;
    if (has_status(a, aaaa, DNS_NXDOMAIN))
        return LOOKUP_NXDOMAIN;
    if (is_internal(a) || is_internal(aaaa))
        return LOOKUP_INTERNAL;
    if (has_status(a, aaaa, DNS_TEMPERROR))
        return LOOKUP_TEMPERROR;
    return LOOKUP_NO_ADDRESS;
}

struct finding lookup_temperror(const struct dns_answer *answer)
{
    return (struct finding){
        .result = RESULT_TEMPERROR,
        .reason = is_internal(answer) ? REASON_INTERNAL : REASON_NONE,
    };
}

const char *lookup_family(const struct address *address)
{
    return address_is_v4(address) ? "IPv4" : "IPv6";
}
