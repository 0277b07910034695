/* SPDX-License-Identifier: BSD-2-Clause */
/* transport.c - queries on their way (dns/transport.h) to a server that says
 * what the script has it say */
#include "dns/transport.h"

#include "../../unit/dns_wire.h"
#include "../answers.h"
#include "../fuzz.h"
#include "../script.h"
#include "network.h"

#define TRAVEL_MS 1
#define LIFE_S    60
#define SERVFAIL  2
#define NXDOMAIN  3

struct dns_transport {
    dns_transport_heard *heard;
    void *context;
    struct loop_timer *timer;
    struct wire *reply;
};

static void on_timer(void *context)
{
    struct dns_transport *transport = context;
    const struct dns_event event = {.kind = DNS_EVENT_OCTETS,
                                    .octets = transport->reply->octets,
                                    .length = transport->reply->length};
    transport->heard(transport->context, &event);
}

static void write_name(struct wire *wire, struct span text)
{
    while (text.length > 0) {
        struct span label = script_until(&text, '.');
        if (label.length > 0 && label.length < 64 &&
            wire->length - wire->rdata + label.length < 250)
            wire_label(wire, label.at, label.length);
    }
    wire_8(wire, 0);
}

static void write_record(struct wire *wire, enum dns_type type,
                         const struct answer_record *record)
{
    struct address address;
    size_t length = record->text.length;
    if ((type == DNS_A || type == DNS_AAAA) &&
        (!address_parse(&address, record->text) ||
         address_is_v4(&address) != (type == DNS_A)))
        return;
    wire_record(wire, WIRE_ANSWER, NULL, type, LIFE_S);
    switch (type) {
    case DNS_A:
        wire_add(wire, address.octets + 12, 4);
        break;
    case DNS_AAAA:
        wire_add(wire, address.octets, 16);
        break;
    case DNS_MX:
        wire_16(wire, record->preference);
        write_name(wire, record->text);
        break;
    case DNS_PTR:
        write_name(wire, record->text);
        break;
    case DNS_TXT:
        wire_label(wire, record->text.at, length < 255 ? length : 255);
        break;
    }
    wire_end(wire);
}

/* NULL: silence. */
static struct wire *write_reply(const struct dns_query *query, struct span text)
{
    enum dns_status status;
    enum dns_trouble trouble;
    struct answer_record record;
    if (script_is(text, "?") || script_is(text, "late"))
        return NULL;
    bool is_status = answer_status(text, &status, &trouble);
    unsigned code = status == DNS_NXDOMAIN    ? NXDOMAIN
                    : status == DNS_TEMPERROR ? SERVFAIL
                                              : 0;
    struct wire *wire = wire_reply(query, WIRE_RCODE(code));
    for (size_t i = 0; !is_status && i < DNS_RECORDS_MOST; i++) {
        if (!answer_record(&text, query->type, &record))
            break;
        write_record(wire, query->type, &record);
    }
    if (wire_get_16(wire, WIRE_ANSWER) == 0 && code != SERVFAIL)
        wire_soa(wire, LIFE_S, LIFE_S);
    return wire;
}

struct dns_transport *dns_transport_open(
    struct loop *loop, const struct dns_server *server, bool tcp,
    const struct dns_query *query, dns_transport_heard *heard, void *context,
    struct dns_event *trouble)
{
    struct span text = network_answer(query->type);
    (void)server;
    (void)tcp;
    *trouble = (struct dns_event){.kind = DNS_EVENT_NO_ROUTE};
    if (script_is(text, "broken"))
        return NULL;
    struct dns_transport *transport = calloc(1, sizeof(*transport));
    REQUIRE(transport != NULL);
    transport->heard = heard;
    transport->context = context;
    transport->timer = loop_timer_new(loop, on_timer, transport);
    REQUIRE(transport->timer != NULL);
    transport->reply = write_reply(query, text);
    if (transport->reply != NULL)
        loop_timer_set(
            transport->timer,
            instant_after_ms(clock_now(loop_clock(loop)), TRAVEL_MS));
    network_asked(1);
    return transport;
}

void dns_transport_free(struct dns_transport **transport)
{
    if (*transport == NULL)
        return;
    loop_timer_free(&(*transport)->timer);
    free((*transport)->reply);
    free(*transport);
    *transport = NULL;
    network_asked(-1);
}
