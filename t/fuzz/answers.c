/* SPDX-License-Identifier: BSD-2-Clause */
/* answers.c - text into what lib/dns makes of a reply */
#include "answers.h"

#include "fuzz.h"
#include "script.h"

#include <string.h>

bool answer_status(struct span text, enum dns_status *status,
                   enum dns_trouble *trouble)
{
    static const struct {
        const char *name;
        enum dns_status status;
        enum dns_trouble trouble;
    } rows[] = {
        {"nx", DNS_NXDOMAIN, DNS_TROUBLE_NONE},
        {"none", DNS_NODATA, DNS_TROUBLE_NONE},
        {"late", DNS_TEMPERROR, DNS_TROUBLE_TIMEOUT},
        {"fail", DNS_TEMPERROR, DNS_TROUBLE_SERVFAIL},
        {"broken", DNS_TEMPERROR, DNS_TROUBLE_INTERNAL},
    };
    *status = text.length > 0 ? DNS_FOUND : DNS_NODATA;
    *trouble = DNS_TROUBLE_NONE;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (!script_is(text, rows[i].name))
            continue;
        *status = rows[i].status;
        *trouble = rows[i].trouble;
    }
    return *status != DNS_FOUND;
}

bool answer_record(struct span *text, enum dns_type type,
                   struct answer_record *record)
{
    if (text->length == 0)
        return false;
    record->preference = 0;
    if (type == DNS_MX)
        record->preference = (uint16_t)script_number(text, UINT16_MAX);
    record->text = type == DNS_TXT ? *text : script_word(text);
    if (type == DNS_TXT)
        text->length = 0;
    return true;
}

static bool put_address(struct dns_answer *answer, bool v4, struct span text)
{
    struct address *address = &answer->addresses[answer->count];
    return address_parse(address, text) && address_is_v4(address) == v4;
}

/* Those that are no names are said, escaped, behind the others. */
static bool put_exchanger(struct dns_answer *answer, size_t most,
                          const struct answer_record *record)
{
    struct dns_exchanger *to = &answer->exchangers[answer->count];
    to->preference = record->preference;
    to->host[0] = '\0';
    if (script_is(record->text, ".")) {
        if (most == 1)
            return true; /* a null MX stands alone */
    } else if (name_parse(to->host, record->text) == NAME_OK) {
        return true;
    }
    struct text shown;
    to = &answer->exchangers[most - 1 - answer->unusable];
    text_begin(&shown, to->host, sizeof(to->host));
    text_add_outside(&shown, record->text);
    if (shown.length == 0)
        text_add(&shown, "?");
    return false;
}

static bool put_text(struct dns_answer *answer, struct span text)
{
    struct dns_text *to = &answer->texts[answer->count];
    to->length =
        (uint16_t)(text.length < DNS_TEXT_MOST ? text.length : DNS_TEXT_MOST);
    if (to->length > 0)
        memcpy(to->octets, text.at, to->length);
    return true;
}

static bool put(struct dns_answer *answer, enum dns_type type, size_t most,
                const struct answer_record *record)
{
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        return put_address(answer, type == DNS_A, record->text);
    case DNS_MX:
        return put_exchanger(answer, most, record);
    case DNS_PTR:
        return name_parse(answer->names[answer->count], record->text) ==
               NAME_OK;
    case DNS_TXT:
        return put_text(answer, record->text);
    }
    return false;
}

static size_t count_records(struct span text, enum dns_type type)
{
    struct answer_record record;
    size_t count = 0;
    while (count < DNS_RECORDS_MOST && answer_record(&text, type, &record))
        count++;
    return count;
}

/* By preference, as the reader of packets has them. */
static void order_exchangers(struct dns_answer *answer, size_t most)
{
    struct dns_exchanger *at = answer->exchangers;
    for (size_t i = 1; i < answer->count; i++)
        for (size_t j = i; j > 0 && at[j - 1].preference > at[j].preference;
             j--) {
            struct dns_exchanger one = at[j];
            at[j] = at[j - 1];
            at[j - 1] = one;
        }
    memmove(&at[answer->count], &at[most - answer->unusable],
            answer->unusable * sizeof(*at));
}

const struct dns_answer *answer_of(enum dns_type type, struct span text)
{
    enum dns_status status;
    enum dns_trouble trouble;
    if (answer_status(text, &status, &trouble)) {
        if (status == DNS_TEMPERROR)
            return dns_answer_temperror(trouble);
        struct dns_answer *nothing = dns_answer_new(type, status, 0);
        REQUIRE(nothing != NULL);
        return nothing;
    }
    size_t most = count_records(text, type);
    struct dns_answer *answer = dns_answer_new(type, DNS_FOUND, most);
    struct answer_record record;
    REQUIRE(answer != NULL);
    answer->count = 0;
    while (answer->count + answer->unusable < (int)most &&
           answer_record(&text, type, &record)) {
        if (put(answer, type, most, &record))
            answer->count++;
        else
            answer->unusable++;
    }
    if (type == DNS_MX)
        order_exchangers(answer, most);
    return answer;
}
