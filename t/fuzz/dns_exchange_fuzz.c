/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_exchange_fuzz.c - whatever servers say and in whatever order, a question
 * is put a bounded number of times, nobody is asked again who said he cannot
 * tell, and an answer comes of a reply alone
 *
 * An input is a line and what happens then, an octet an event. The line: the
 * number of servers, that of attempts, `m` for mixed case, and the type:
 *   2 2 m MX
 *   a a record   n NXDOMAIN      o no data       s SERVFAIL    r REFUSED
 *   f FORMERR    t truncated     i another id    q another question
 *   c another case               h half a header e extended error
 *   k nobody listens  x closed   u no route      ! our own fault
 *   . the deadline    , time     =OCTETS LF a reply with these behind the
 *   question, the first two being its flags, the third the answers' count
 * At the end nobody answers any more. */
#include "dns/exchange.h"
#include "fuzz.h"
#include "script.h"

#include <string.h>

#define NAME       "mx.example"
#define TIMEOUT_MS 2000
#define REPLY_SIZE 2048
#define HEADER     12
/* Over UDP with EDNS, over UDP without, over TCP, and once more without. */
#define SENDS_A_TURN 4

struct play {
    struct dns_exchange *exchange;
    struct dns_settings settings;
    instant now;
    uint16_t id;
    size_t sends;
    bool done, over_tcp;
    unsigned cannot_tell; /* of servers, by the last octet of the address */
    uint8_t reply[REPLY_SIZE];
    size_t reply_length;
};

static struct dns_settings read_settings(struct span *line, enum dns_type *type)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_MX, DNS_PTR,
                                          DNS_TXT};
    static const char *const names[] = {"A", "AAAA", "MX", "PTR", "TXT"};
    struct dns_settings settings = {.timeout_ms = TIMEOUT_MS};
    settings.server_count = 1 + script_number(line, DNS_SERVERS_MOST - 1);
    settings.attempts = 1 + script_number(line, 3);
    settings.mix_case = script_is(script_word(line), "m");
    struct span name = script_word(line);
    *type = DNS_A;
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (script_is(name, names[i]))
            *type = types[i];
    for (size_t i = 0; i < settings.server_count; i++) {
        REQUIRE(
            address_parse(&settings.servers[i].address, span_of("192.0.2.0")));
        settings.servers[i].address.octets[15] = (uint8_t)i;
        settings.servers[i].port = 53;
    }
    return settings;
}

static unsigned server_bit(const struct play *play)
{
    return 1U << dns_exchange_server(play->exchange)->address.octets[15];
}

/* The query goes to somebody who may be asked, with the id that was drawn. */
static void check_sent(struct play *play, enum dns_next next)
{
    const struct dns_query *query = dns_exchange_query(play->exchange);
    REQUIRE(query->length > HEADER && query->length <= DNS_QUERY_SIZE);
    REQUIRE(query->octets[0] == play->id >> 8);
    REQUIRE(query->octets[1] == (play->id & 0xff));
    REQUIRE((play->cannot_tell & server_bit(play)) == 0);
    play->over_tcp = next == DNS_NEXT_TCP;
    play->sends++;
    REQUIRE(play->sends <= play->settings.server_count *
                               play->settings.attempts * SENDS_A_TURN);
}

static void check_answer(const struct play *play, enum dns_event_kind last)
{
    const struct dns_answer *answer = dns_exchange_answer(play->exchange);
    REQUIRE(answer != NULL);
    REQUIRE((answer->status == DNS_TEMPERROR) ==
            (answer->trouble != DNS_TROUBLE_NONE));
    REQUIRE(answer->status == DNS_TEMPERROR || last == DNS_EVENT_OCTETS);
    if (answer->status == DNS_TEMPERROR)
        REQUIRE(answer->count == 0);
    REQUIRE(script_is_printable(span_of(dns_exchange_reason(play->exchange))));
}

static void give(struct play *play, enum dns_event_kind kind)
{
    /* A sanitizer is to see a step beyond its end. */
    uint8_t *octets = malloc(play->reply_length + 1);
    REQUIRE(octets != NULL);
    memcpy(octets, play->reply, play->reply_length);
    play->id = (uint16_t)(play->id * 5 + 1);
    const struct dns_event event = {.kind = kind,
                                    .now = play->now,
                                    .id = play->id,
                                    .mix = play->id * UINT64_C(0x9e3779b97f),
                                    .octets = octets,
                                    .length = play->reply_length};
    enum dns_next next = dns_exchange_take(play->exchange, &event);
    free(octets);
    switch (next) {
    case DNS_NEXT_DONE:
        play->done = true;
        check_answer(play, kind);
        return;
    case DNS_NEXT_UDP:
    case DNS_NEXT_TCP:
        check_sent(play, next);
        break;
    case DNS_NEXT_WAIT:
        break;
    }
    instant deadline = dns_exchange_deadline(play->exchange);
    REQUIRE(deadline > play->now);
    REQUIRE(deadline <= instant_after_ms(play->now, TIMEOUT_MS));
}

/* The query again with other flags, the records' count, and what follows. */
static void reply(struct play *play, unsigned flags, uint8_t answers,
                  struct span records)
{
    const struct dns_query *query = dns_exchange_query(play->exchange);
    size_t question = HEADER;
    while (query->octets[question] != 0)
        question += 1U + query->octets[question];
    question += 5;
    memcpy(play->reply, query->octets, question);
    play->reply[2] = (uint8_t)(0x80 | flags >> 8);
    play->reply[3] = (uint8_t)flags;
    memset(play->reply + 6, 0, 6);
    play->reply[7] = answers;
    if (records.length > REPLY_SIZE - question)
        records.length = REPLY_SIZE - question;
    if (records.length > 0)
        memcpy(play->reply + question, records.at, records.length);
    play->reply_length = question + records.length;
}

static void reply_raw(struct play *play, struct span line)
{
    unsigned flags = 0;
    uint8_t answers = 0;
    if (line.length >= 3) {
        flags = (unsigned)(uint8_t)line.at[0] << 8 | (uint8_t)line.at[1];
        answers = (uint8_t)line.at[2];
        line.at += 3;
        line.length -= 3;
    }
    reply(play, flags, answers, line);
}

#define OWNER     "\xc0\x0c\x00"
#define LIFE      "\x00\x01\x00\x00\x00\x3c\x00"
#define SPAN(str) ((struct span){(str), sizeof(str) - 1})

/* One record of the type that was asked for. */
static void reply_found(struct play *play)
{
    struct span record = {NULL, 0};
    switch (dns_exchange_type(play->exchange)) {
    case DNS_A:
        record = SPAN(OWNER "\x01" LIFE "\x04\xc0\x00\x02\x07");
        break;
    case DNS_AAAA:
        record = SPAN(OWNER "\x1c" LIFE "\x10\x20\x01\x0d\xb8\x00\x00\x00\x00"
                            "\x00\x00\x00\x00\x00\x00\x00\x07");
        break;
    case DNS_MX:
        record = SPAN(OWNER "\x0f" LIFE "\x04\x00\x0a\xc0\x0c");
        break;
    case DNS_PTR:
        record = SPAN(OWNER "\x0c" LIFE "\x02\xc0\x0c");
        break;
    case DNS_TXT:
        record = SPAN(OWNER "\x10" LIFE "\x06\x05words");
        break;
    }
    reply(play, 0x0080, 1, record);
}

#define SOA                                                    \
 SPAN(OWNER "\x06" LIFE "\x16\x00\x00"                         \
            "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01" \
            "\x00\x00\x00\x01\x00\x00\x00\x3c")
#define EXPLAINED                                                    \
 SPAN("\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x0b\x00\x0f\x00\x07" \
      "\x00\x06words")

static void say_authority(struct play *play, unsigned code)
{
    reply(play, 0x0080 | code, 0, SOA);
    play->reply[9] = 1;
}

static void say_explained(struct play *play)
{
    reply(play, 0x0082, 0, EXPLAINED);
    play->reply[11] = 1;
}

/* False: it is no word for a reply. */
static bool make_reply(struct play *play, char word)
{
    const struct span nothing = {NULL, 0};
    switch (word) {
    case 'a':
        reply_found(play);
        return true;
    case 'n':
    case 'o':
        say_authority(play, word == 'n' ? 3 : 0);
        return true;
    case 's':
    case 'r':
    case 'f':
        reply(play,
              0x0080 | (word == 's'   ? 2U
                        : word == 'r' ? 5U
                                      : 1U),
              0, nothing);
        return true;
    case 't':
        reply(play, 0x0280, 0, nothing);
        return true;
    case 'e':
        say_explained(play);
        return true;
    case 'i':
        reply_found(play);
        play->reply[0] ^= 0xff;
        return true;
    case 'q':
        reply_found(play);
        play->reply[HEADER + 1] ^= 0x01;
        return true;
    case 'c':
        reply_found(play);
        play->reply[HEADER + 1] ^= 0x20;
        return true;
    case 'h':
        reply_found(play);
        play->reply_length = 6;
        return true;
    default:
        return false;
    }
}

static bool event_of(char word, enum dns_event_kind *kind)
{
    static const char words[] = "kxu!.,";
    static const enum dns_event_kind kinds[] = {
        DNS_EVENT_REFUSED, DNS_EVENT_CLOSED, DNS_EVENT_NO_ROUTE,
        DNS_EVENT_FAILED,  DNS_EVENT_TIME,   DNS_EVENT_TIME};
    const char *at = word != '\0' ? strchr(words, word) : NULL;
    if (at == NULL)
        return false;
    *kind = kinds[at - words];
    return true;
}

static void take(struct play *play, struct span *input)
{
    enum dns_event_kind kind = DNS_EVENT_OCTETS;
    char word = *input->at;
    input->at++;
    input->length--;
    play->reply_length = 0;
    if (word == '=')
        reply_raw(play, script_until(input, '\n'));
    else if (!make_reply(play, word) && !event_of(word, &kind))
        return;
    if (word == '.')
        play->now = dns_exchange_deadline(play->exchange);
    if (word == ',' && play->now + 1 < dns_exchange_deadline(play->exchange))
        play->now++;
    if (word == 's' || word == 'r' || word == 'e')
        play->cannot_tell |= server_bit(play);
    give(play, kind);
}

static void hold(struct play *play, struct span input)
{
    give(play, DNS_EVENT_BEGIN);
    while (!play->done && input.length > 0)
        take(play, &input);
    play->reply_length = 0;
    while (!play->done) {
        play->now = dns_exchange_deadline(play->exchange);
        give(play, DNS_EVENT_TIME);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct span input = {(const char *)octets, length}, line;
    static struct play play;
    enum dns_type type;
    if (!script_line(&input, &line))
        return 0;
    memset(&play, 0, sizeof(play));
    play.now = (instant)1000 * 1000000;
    play.settings = read_settings(&line, &type);
    struct dns_servers *servers = dns_servers_new(&play.settings);
    REQUIRE(servers != NULL);
    play.exchange = dns_exchange_new(NAME, type, servers);
    REQUIRE(play.exchange != NULL);
    hold(&play, input);
    dns_exchange_free(&play.exchange);
    dns_servers_drop(servers);
    return 0;
}
