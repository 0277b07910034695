/* SPDX-License-Identifier: BSD-2-Clause */
/* packet.c - queries out, replies in. What says whether a reply is ours is read
 * here by hand, for it must not depend on the rest being well-formed; ldns
 * takes the records apart. */
#include "dns/packet.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE    12
#define TYPE_AND_CLASS 4
#define RCODE_BADVERS  16

/* The labels' lengths are no letters. */
static void mix_case(struct dns_query *query, uint64_t mix)
{
    unsigned letters = 0;
    for (size_t i = HEADER_SIZE; query->octets[i] != 0;) {
        size_t end = i + 1 + query->octets[i];
        for (i++; i < end; i++) {
            uint8_t *octet = &query->octets[i];
            if (*octet >= 'a' && *octet <= 'z' && (mix >> letters++ % 64 & 1))
                *octet = (uint8_t)(*octet - 'a' + 'A');
        }
    }
    query->mixed = mix != 0;
}

bool dns_query_write(struct dns_query *query, const char *name,
                     enum dns_type type, uint16_t id, bool edns, uint64_t mix)
{
    ldns_pkt *packet = NULL;
    uint8_t *octets = NULL;
    size_t length = 0;
    bool written = false;

    if (ldns_pkt_query_new_frm_str(&packet, name, (ldns_rr_type)type,
                                   LDNS_RR_CLASS_IN, LDNS_RD) != LDNS_STATUS_OK)
        return false;
    ldns_pkt_set_id(packet, id);
    if (edns)
        ldns_pkt_set_edns_udp_size(packet, DNS_UDP_SIZE);
    if (ldns_pkt2wire(&octets, packet, &length) == LDNS_STATUS_OK &&
        length <= sizeof(query->octets)) {
        memcpy(query->octets, octets, length);
        query->length = length;
        query->type = type;
        mix_case(query, mix);
        written = true;
    }
    LDNS_FREE(octets);
    ldns_pkt_free(packet);
    return written;
}

/* The question section of our query; a reply must repeat it. */
static struct span question_of(const struct dns_query *query)
{
    const uint8_t *at = query->octets + HEADER_SIZE;
    size_t length = 0;
    while (at[length] != 0)
        length += 1U + at[length];
    return (struct span){(const char *)at, length + 1 + TYPE_AND_CLASS};
}

/* No octet but those of the labels' text is a letter: lengths are below 64, the
 * types and classes that are asked for below 65. */
static bool repeats_question(const struct dns_query *query,
                             const uint8_t *octets, size_t length)
{
    struct span asked = question_of(query);
    struct span repeated = {(const char *)octets + HEADER_SIZE, asked.length};
    return length >= HEADER_SIZE + asked.length &&
           span_equal_nocase(asked, repeated);
}

/* As repeats_question, which it does, to the letter. */
static bool has_our_case(const struct dns_query *query, const uint8_t *octets)
{
    struct span asked = question_of(query);
    return !query->mixed || LDNS_QDCOUNT(octets) == 0 ||
           memcmp(asked.at, octets + HEADER_SIZE, asked.length) == 0;
}

static bool is_refusal(ldns_pkt_rcode code)
{
    return code != LDNS_RCODE_NOERROR && code != LDNS_RCODE_NXDOMAIN;
}

static bool is_ours(const struct dns_query *query, const uint8_t *octets,
                    size_t length)
{
    if (length < HEADER_SIZE || memcmp(octets, query->octets, 2) != 0 ||
        !LDNS_QR_WIRE(octets) || LDNS_OPCODE_WIRE(octets) != LDNS_PACKET_QUERY)
        return false;
    switch (LDNS_QDCOUNT(octets)) {
    case 0: /* a server that cannot read our query cannot repeat it either */
        return is_refusal(LDNS_RCODE_WIRE(octets));
    case 1:
        return repeats_question(query, octets, length);
    default:
        return false;
    }
}

/* What the header's code makes of a reply; an extended one comes from OPT. */
static enum dns_reply judge_code(unsigned code)
{
    switch (code) {
    case LDNS_RCODE_NOERROR:
    case LDNS_RCODE_NXDOMAIN:
        return DNS_REPLY_ANSWER;
    case LDNS_RCODE_FORMERR:
    case LDNS_RCODE_NOTIMPL:
    case RCODE_BADVERS:
        return DNS_REPLY_FORMERR;
    case LDNS_RCODE_REFUSED:
        return DNS_REPLY_REFUSED;
    default:
        return DNS_REPLY_SERVFAIL;
    }
}

/** A reply that is being read. */
struct reading {
    const struct dns_query *query;
    ldns_pkt *packet;
    const ldns_rdf *owner;   /* where the chain of aliases has led to */
    const ldns_rr **records; /* those of the type asked at its end */
    size_t count;
    uint32_t life_s;
    instant now;
    struct dns_answer *answer;
};

/* RFC 2181 8: a TTL with its top bit set is to be taken as 0. */
static uint32_t read_ttl(uint32_t ttl)
{
    return ttl > INT32_MAX ? 0 : ttl;
}

static void shorten_life(struct reading *reading, uint32_t ttl)
{
    uint32_t life_s = read_ttl(ttl);
    if (life_s < reading->life_s)
        reading->life_s = life_s;
}

static instant expiry(const struct reading *reading, uint32_t most_s)
{
    uint32_t life_s = reading->life_s;
    if (life_s > most_s)
        life_s = most_s;
    if (life_s < DNS_LIFE_LEAST_S)
        life_s = DNS_LIFE_LEAST_S;
    return instant_after_s(reading->now, life_s);
}

static bool is_at(const ldns_rr *record, const ldns_rdf *owner,
                  ldns_rr_type type)
{
    return ldns_rr_get_type(record) == type &&
           ldns_rr_get_class(record) == LDNS_RR_CLASS_IN &&
           ldns_dname_compare(ldns_rr_owner(record), owner) == 0;
}

/* Records of the type asked at the current owner. */
static void collect(struct reading *reading)
{
    const ldns_rr_list *answers = ldns_pkt_answer(reading->packet);
    size_t all = ldns_rr_list_rr_count(answers);
    for (size_t i = 0; i < all; i++) {
        const ldns_rr *record = ldns_rr_list_rr(answers, i);
        if (!is_at(record, reading->owner, (ldns_rr_type)reading->query->type))
            continue;
        reading->records[reading->count++] = record;
        shorten_life(reading, ldns_rr_ttl(record));
    }
}

static const ldns_rr *find_alias(const struct reading *reading)
{
    const ldns_rr_list *answers = ldns_pkt_answer(reading->packet);
    size_t all = ldns_rr_list_rr_count(answers);
    for (size_t i = 0; i < all; i++) {
        const ldns_rr *record = ldns_rr_list_rr(answers, i);
        if (is_at(record, reading->owner, LDNS_RR_TYPE_CNAME) &&
            ldns_rr_rd_count(record) == 1)
            return record;
    }
    return NULL;
}

/* To the end of the chain as far as the reply tells it. False: it has none, or
 * is longer than we follow. */
static bool follow_chain(struct reading *reading)
{
    const ldns_rr_list *questions = ldns_pkt_question(reading->packet);
    reading->owner = ldns_rr_owner(ldns_rr_list_rr(questions, 0));
    for (unsigned hops = 0; hops <= DNS_CHAIN_MOST; hops++) {
        collect(reading);
        const ldns_rr *alias = reading->count > 0 ? NULL : find_alias(reading);
        if (alias == NULL)
            return true;
        shorten_life(reading, ldns_rr_ttl(alias));
        reading->owner = ldns_rr_rdf(alias, 0);
    }
    return false;
}

static const ldns_rr *find_authority(const struct reading *reading,
                                     ldns_rr_type type)
{
    const ldns_rr_list *authority = ldns_pkt_authority(reading->packet);
    size_t all = ldns_rr_list_rr_count(authority);
    for (size_t i = 0; i < all; i++) {
        const ldns_rr *record = ldns_rr_list_rr(authority, i);
        if (ldns_rr_get_type(record) == type)
            return record;
    }
    return NULL;
}

/* Nothing there, in the manner of RFC 2308 2: how long that holds is the lesser
 * of the SOA's own TTL and its last field; without one, hardly at all. */
static enum dns_reply read_nothing(struct reading *reading)
{
    bool absent = ldns_pkt_get_rcode(reading->packet) == LDNS_RCODE_NXDOMAIN;
    const ldns_rr *soa = find_authority(reading, LDNS_RR_TYPE_SOA);
    if (soa != NULL && ldns_rr_rd_count(soa) != 7)
        return DNS_REPLY_MALFORMED;
    if (soa != NULL) {
        shorten_life(reading, ldns_rr_ttl(soa));
        shorten_life(reading, ldns_rdf2native_int32(ldns_rr_rdf(soa, 6)));
    } else if (!absent && find_authority(reading, LDNS_RR_TYPE_NS) != NULL) {
        return DNS_REPLY_REFUSED; /* go and ask those: a referral */
    } else {
        reading->life_s = 0;
    }
    reading->answer = dns_answer_new(reading->query->type,
                                     absent ? DNS_NXDOMAIN : DNS_NODATA, 0);
    if (reading->answer == NULL)
        return DNS_REPLY_NOMEM;
    reading->answer->arrived = reading->now;
    reading->answer->expires = expiry(reading, DNS_NEGATIVE_MOST_S);
    return DNS_REPLY_ANSWER;
}

/* A label on the wire may hold any octet, even a dot; only those that a host
 * name could be written with go on to the parser of names. */
static bool is_printable(uint8_t octet)
{
    return octet > ' ' && octet < 0x7f && octet != '.';
}

/* The canonical form of an uncompressed name. False: it is no host name. Its
 * text is the wire form behind the first length, dots for the other lengths. */
static bool read_name(char name[NAME_SIZE], const ldns_rdf *wire)
{
    const uint8_t *octets = ldns_rdf_data(wire);
    size_t size = ldns_rdf_size(wire);
    uint8_t text[LDNS_MAX_DOMAINLEN];
    if (size == 0 || size > sizeof(text))
        return false;

    size_t label = 0; /* octets of it that are still to come */
    for (size_t i = 0; i + 1 < size; i++) {
        if (label > 0 && !is_printable(octets[i]))
            return false;
        if (i > 0)
            text[i - 1] = label > 0 ? octets[i] : '.';
        label = label > 0 ? label - 1 : octets[i];
    }
    struct span read = {(const char *)text, size > 2 ? size - 2 : 0};
    return label == 0 && name_parse(name, read) == NAME_OK;
}

static bool is_root(const ldns_rdf *wire)
{
    return ldns_rdf_size(wire) == 1;
}

/* What is no host name, as it can be shown. */
static void show_name(char shown[NAME_SIZE], const ldns_rdf *wire)
{
    const char *octets = (const char *)ldns_rdf_data(wire);
    size_t size = ldns_rdf_size(wire);
    struct text text;
    text_begin(&text, shown, NAME_SIZE);
    if (is_root(wire))
        text_add(&text, ".");
    for (size_t at = 0; at + 1 < size;) {
        size_t label = (uint8_t)octets[at++];
        if (label > size - at)
            label = size - at;
        text_add(&text, at > 1 ? "." : "");
        text_add_outside(&text, (struct span){octets + at, label});
        at += label;
    }
}

/* The IPv6 record of an IPv4 address (RFC 4291 2.5.5) cannot be told from that
 * address any more, and says nothing of either family. */
static bool take_address(struct dns_answer *answer, const ldns_rr *record)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const ldns_rdf *wire = ldns_rr_rdf(record, 0);
    struct address *address = &answer->addresses[answer->count];
    if (ldns_rdf_size(wire) == sizeof(address->octets)) {
        memcpy(address->octets, ldns_rdf_data(wire), sizeof(address->octets));
        return !address_is_v4(address);
    }
    memcpy(address->octets, mapped, sizeof(mapped));
    memcpy(address->octets + sizeof(mapped), ldns_rdf_data(wire), 4);
    return true;
}

static bool take_exchanger(struct dns_answer *answer, const ldns_rr *record,
                           bool only)
{
    struct dns_exchanger *exchanger = &answer->exchangers[answer->count];
    const ldns_rdf *host = ldns_rr_rdf(record, 1);
    exchanger->preference = ldns_rdf2native_int16(ldns_rr_rdf(record, 0));
    if (is_root(host))
        return only; /* a null MX stands alone (RFC 7505 3) */
    return read_name(exchanger->host, host);
}

/* An MX record that is passed over goes behind all that are not: they are as
 * many as there is `room` for. */
static void keep_unusable(struct dns_answer *answer, const ldns_rr *record,
                          size_t room)
{
    struct dns_exchanger *exchanger =
        &answer->exchangers[room - 1 - answer->unusable];
    exchanger->preference = ldns_rdf2native_int16(ldns_rr_rdf(record, 0));
    show_name(exchanger->host, ldns_rr_rdf(record, 1));
}

/* The strings of a TXT record, each with its length in front, joined. */
static bool take_text(struct dns_answer *answer, const ldns_rr *record)
{
    struct dns_text *text = &answer->texts[answer->count];
    for (size_t i = 0; i < ldns_rr_rd_count(record); i++) {
        const ldns_rdf *string = ldns_rr_rdf(record, i);
        size_t length = ldns_rdf_size(string) - 1;
        size_t room = sizeof(text->octets) - text->length;
        if (length > room)
            length = room;
        memcpy(text->octets + text->length, ldns_rdf_data(string) + 1, length);
        text->length = (uint16_t)(text->length + length);
    }
    return true;
}

static bool take_record(struct reading *reading, const ldns_rr *record)
{
    switch (reading->query->type) {
    case DNS_A:
    case DNS_AAAA:
        return take_address(reading->answer, record);
    case DNS_PTR:
        return read_name(reading->answer->names[reading->answer->count],
                         ldns_rr_rdf(record, 0));
    case DNS_MX:
        return take_exchanger(reading->answer, record, reading->count == 1);
    case DNS_TXT:
        return take_text(reading->answer, record);
    }
    return false;
}

/* Each is as long as the octet in front of it says. */
static bool strings_are_whole(const ldns_rr *record)
{
    for (size_t i = 0; i < ldns_rr_rd_count(record); i++) {
        const ldns_rdf *string = ldns_rr_rdf(record, i);
        if (ldns_rdf_size(string) == 0 ||
            ldns_rdf_size(string) != 1U + *ldns_rdf_data(string))
            return false;
    }
    return true;
}

/* ldns takes a record's data as they come; a length that lies leaves fields
 * out or adds some. */
static bool is_whole(enum dns_type type, const ldns_rr *record)
{
    size_t fields = ldns_rr_rd_count(record);
    switch (type) {
    case DNS_A:
        return fields == 1 && ldns_rdf_size(ldns_rr_rdf(record, 0)) == 4;
    case DNS_AAAA:
        return fields == 1 && ldns_rdf_size(ldns_rr_rdf(record, 0)) == 16;
    case DNS_PTR:
        return fields == 1;
    case DNS_MX:
        return fields == 2;
    case DNS_TXT:
        return fields > 0 && strings_are_whole(record);
    }
    return false;
}

static int compare_preference(const void *one, const void *other)
{
    const ldns_rr *a = *(const ldns_rr *const *)one;
    const ldns_rr *b = *(const ldns_rr *const *)other;
    return ldns_rdf2native_int16(ldns_rr_rdf(a, 0)) -
           ldns_rdf2native_int16(ldns_rr_rdf(b, 0));
}

static enum dns_reply read_records(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        if (!is_whole(reading->query->type, reading->records[i]))
            return DNS_REPLY_MALFORMED;
    }
    if (reading->query->type == DNS_MX)
        qsort(reading->records, reading->count, sizeof(*reading->records),
              compare_preference);

    bool more = reading->count > DNS_RECORDS_MOST;
    size_t room = more ? DNS_RECORDS_MOST : reading->count;
    struct dns_answer *answer =
        dns_answer_new(reading->query->type, DNS_FOUND, room);
    if (answer == NULL)
        return DNS_REPLY_NOMEM;
    reading->answer = answer;
    answer->count = 0;
    for (size_t i = 0; i < room; i++) {
        if (take_record(reading, reading->records[i])) {
            answer->count++;
            continue;
        }
        if (reading->query->type == DNS_MX)
            keep_unusable(answer, reading->records[i], room);
        answer->unusable++;
    }
    answer->more = more;
    answer->arrived = reading->now;
    answer->expires = expiry(reading, DNS_LIFE_MOST_S);
    return DNS_REPLY_ANSWER;
}

static enum dns_reply read_packet(struct reading *reading)
{
    unsigned code = ldns_pkt_get_rcode(reading->packet) |
                    (unsigned)ldns_pkt_edns_extended_rcode(reading->packet)
                        << 4;
    enum dns_reply judged = judge_code(code);
    if (judged != DNS_REPLY_ANSWER)
        return judged;

    size_t all = ldns_rr_list_rr_count(ldns_pkt_answer(reading->packet));
    reading->records = calloc(all + 1, sizeof(*reading->records));
    if (reading->records == NULL)
        return DNS_REPLY_NOMEM;
    enum dns_reply reply;
    if (!follow_chain(reading))
        reply = DNS_REPLY_ENDLESS;
    else if (reading->count == 0)
        reply = read_nothing(reading);
    else if (code == LDNS_RCODE_NXDOMAIN)
        reply = DNS_REPLY_MALFORMED; /* it says both yes and no */
    else
        reply = read_records(reading);
    free(reading->records);
    return reply;
}

static size_t count_records(const uint8_t *octets)
{
    return (size_t)LDNS_ANCOUNT(octets) + LDNS_NSCOUNT(octets) +
           LDNS_ARCOUNT(octets);
}

enum dns_reply dns_reply_read(const struct dns_query *query,
                              const uint8_t *octets, size_t length, instant now,
                              const struct dns_answer **answer)
{
    if (!is_ours(query, octets, length))
        return DNS_REPLY_STRAY;
    if (!has_our_case(query, octets))
        return DNS_REPLY_OTHER_CASE;
    enum dns_reply reply = judge_code(LDNS_RCODE_WIRE(octets));
    if (reply != DNS_REPLY_ANSWER)
        return reply;
    if (LDNS_TC_WIRE(octets))
        return DNS_REPLY_TRUNCATED;
    if (count_records(octets) > DNS_REPLY_RECORDS_MOST)
        return DNS_REPLY_MALFORMED;

    struct reading reading = {
        .query = query, .now = now, .life_s = DNS_LIFE_MOST_S};
    ldns_status status = ldns_wire2pkt(&reading.packet, octets, length);
    if (status != LDNS_STATUS_OK)
        return status == LDNS_STATUS_MEM_ERR ? DNS_REPLY_NOMEM
                                             : DNS_REPLY_MALFORMED;
    reply = read_packet(&reading);
    ldns_pkt_free(reading.packet);
    if (reply == DNS_REPLY_ANSWER)
        *answer = reading.answer;
    return reply;
}

/** Option EXTENDED-DNS-ERROR: a code of two octets, then a text. */
#define OPTION_EDE    15
#define OPTION_HEADER 4

static void add_extended_error(struct text *text, const uint8_t *octets,
                               size_t length)
{
    if (length < 2)
        return;
    text_addf(text, "%sextended error %u", text->length > 0 ? ", " : "",
              (unsigned)octets[0] << 8 | octets[1]);
    if (length == 2)
        return;
    text_add(text, " ");
    text_add_shortened(text,
                       (struct span){(const char *)octets + 2, length - 2},
                       DNS_TEXT_MOST);
}

void dns_reply_explain(const uint8_t *octets, size_t length, struct text *text)
{
    ldns_pkt *packet = NULL;
    if (length > DNS_UDP_SIZE ||
        ldns_wire2pkt(&packet, octets, length) != LDNS_STATUS_OK)
        return;
    const ldns_rdf *options = ldns_pkt_edns_data(packet);
    const uint8_t *at = options != NULL ? ldns_rdf_data(options) : NULL;
    size_t left = options != NULL ? ldns_rdf_size(options) : 0;
    while (left >= OPTION_HEADER) {
        unsigned code = (unsigned)at[0] << 8 | at[1];
        size_t size = (size_t)at[2] << 8 | at[3];
        if (size > left - OPTION_HEADER)
            break;
        if (code == OPTION_EDE)
            add_extended_error(text, at + OPTION_HEADER, size);
        at += OPTION_HEADER + size;
        left -= OPTION_HEADER + size;
    }
    ldns_pkt_free(packet);
}
