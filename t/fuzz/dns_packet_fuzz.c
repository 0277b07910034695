/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_packet_fuzz.c - whatever a server says, an answer that comes of it keeps
 * what its header promises. The first octet of an input chooses the type asked,
 * the others are the reply but for its id. */
#include "dns/packet.h"
#include "fuzz.h"

#include <string.h>

#define NAME "mx.test"
#define ID   0x4711
#define NOW  ((instant)1000 * 1000000)

static void check_name(const char *name)
{
    char again[NAME_SIZE];
    REQUIRE(name_parse(again, span_of(name)) == NAME_OK);
    REQUIRE(strcmp(again, name) == 0);
}

static void check_exchangers(const struct dns_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        const struct dns_exchanger *exchanger = &answer->exchangers[i];
        if (exchanger->host[0] == '\0')
            REQUIRE(answer->count == 1 && answer->unusable == 0);
        else
            check_name(exchanger->host);
        REQUIRE(i == 0 || exchanger[-1].preference <= exchanger->preference);
    }
}

static void check_records(const struct dns_answer *answer, enum dns_type type)
{
    if (type == DNS_MX)
        check_exchangers(answer);
    for (size_t i = 0; type == DNS_PTR && i < answer->count; i++)
        check_name(answer->names[i]);
    for (size_t i = 0; type == DNS_TXT && i < answer->count; i++)
        REQUIRE(answer->texts[i].length <= DNS_TEXT_MOST);
    for (size_t i = 0; answer->addresses != NULL && i < answer->count; i++)
        REQUIRE(address_is_v4(&answer->addresses[i]) == (type == DNS_A));
}

/* What is no host name may stand in words. */
static void check_shown(const char shown[NAME_SIZE])
{
    REQUIRE(memchr(shown, '\0', NAME_SIZE) != NULL && shown[0] != '\0');
    for (; *shown != '\0'; shown++)
        REQUIRE(*shown >= ' ' && *shown <= '~');
}

static void check_answer(const struct dns_answer *answer, enum dns_type type)
{
    uint32_t most_s =
        answer->status == DNS_FOUND ? DNS_LIFE_MOST_S : DNS_NEGATIVE_MOST_S;
    REQUIRE(answer->status != DNS_TEMPERROR);
    REQUIRE(answer->trouble == DNS_TROUBLE_NONE);
    REQUIRE(answer->expires >= instant_after_s(NOW, DNS_LIFE_LEAST_S));
    REQUIRE(answer->expires <= instant_after_s(NOW, most_s));
    REQUIRE(answer->count + answer->unusable <= DNS_RECORDS_MOST);
    REQUIRE((answer->count + answer->unusable > 0) ==
            (answer->status == DNS_FOUND));
    check_records(answer, type);
    for (size_t i = 0; type == DNS_MX && i < answer->unusable; i++)
        check_shown(answer->exchangers[answer->count + i].host);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_MX, DNS_PTR,
                                          DNS_TXT};
    if (length < 3)
        return 0;
    enum dns_type type = types[octets[0] % 5];
    struct dns_query query;
    REQUIRE(dns_query_write(&query, NAME, type, ID, true, 0));

    uint8_t *reply = malloc(length - 1);
    REQUIRE(reply != NULL);
    memcpy(reply, octets + 1, length - 1);
    memcpy(reply, query.octets, 2);
    const struct dns_answer *answer = NULL;
    enum dns_reply read =
        dns_reply_read(&query, reply, length - 1, NOW, &answer);
    REQUIRE((read == DNS_REPLY_ANSWER) == (answer != NULL));
    if (answer != NULL)
        check_answer(answer, type);
    dns_answer_drop(answer);
    free(reply);
    return 0;
}
