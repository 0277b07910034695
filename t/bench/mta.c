/* SPDX-License-Identifier: BSD-2-Clause */
/* mta.c - writes the mail server's packets, reads the filter's */
#include "mta.h"

#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <stdio.h>
#include <string.h>

/* What Postfix offers. */
#define OFFERED_VERSION  6
#define OFFERED_ACTIONS  0x1ffU
#define OFFERED_PROTOCOL 0x1fffffU

#define FIRST_CLIENT 0xc6120000U /* 198.18.0.0 */
#define CLIENT_PORT  40000
#define LENGTH_SIZE  4
#define TEXT_SIZE    256

static const struct {
    const char *name;
    char command;
    uint32_t skipped; /* SMFIP_NO: the filter does not want it */
    uint32_t silent;  /* SMFIP_NR_: the filter does not answer it */
} steps[MTA_STEPS] = {
    [MTA_NEGOTIATE] = {"negotiate", SMFIC_OPTNEG, 0, 0},
    [MTA_CONNECT] = {"connect", SMFIC_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN},
    [MTA_HELO] = {"helo", SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO},
    [MTA_MAIL] = {"mail", SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL},
    [MTA_RCPT] = {"rcpt", SMFIC_RCPT, SMFIP_NORCPT, SMFIP_NR_RCPT},
    [MTA_DATA] = {"data", SMFIC_DATA, SMFIP_NODATA, SMFIP_NR_DATA},
    [MTA_HEADER] = {"header", SMFIC_HEADER, SMFIP_NOHDRS, SMFIP_NR_HDR},
    [MTA_END_OF_HEADER] = {"eoh", SMFIC_EOH, SMFIP_NOEOH, SMFIP_NR_EOH},
    [MTA_BODY] = {"body", SMFIC_BODY, SMFIP_NOBODY, SMFIP_NR_BODY},
    [MTA_END_OF_MESSAGE] = {"eom", SMFIC_BODYEOB, 0, 0},
    [MTA_QUIT] = {"quit", SMFIC_QUIT, 0, 0},
};

static const struct {
    const char *name, *value;
} headers[] = {
    {"Received", "from relay.client.example (relay.client.example"
                 " [198.18.0.9])\n\tby mx.bench.example with ESMTPS id 4F2A1"
                 "\n\tfor <postbox@bench.example>; Mon, 2 Jun 2025 10:00:02"
                 " +0000 (UTC)"},
    {"Received", "from desk.client.example (unknown [10.1.2.3])\n\tby"
                 " relay.client.example with ESMTPSA id 4F29F; Mon, 2 Jun 2025"
                 " 10:00:01 +0000 (UTC)"},
    {"DKIM-Signature", "v=1; a=ed25519-sha256; c=relaxed/simple;"
                       "\n\td=sender.example; s=s1; t=1748858401;"
                       "\n\th=from:to:subject:date; bh=YWJjZGVmZ2hpamtsbW5v;"
                       "\n\tb=cXJzdHV2d3h5ekFCQ0RFRkdISUpLTE1OT1BRUlNU"},
    {"Message-ID", "<20250602100000.4F29F@desk.client.example>"},
    {"Date", "Mon, 2 Jun 2025 10:00:00 +0000"},
    {"From", "A Sender <user@sender.example>"},
    {"To", "A Recipient <postbox@bench.example>"},
    {"Subject", "The figures of the second quarter"},
    {"MIME-Version", "1.0"},
    {"Content-Type", "text/plain; charset=UTF-8"},
    {"Content-Transfer-Encoding", "8bit"},
    {"Content-Language", "en"},
    {"User-Agent", "A mail reader"},
    {"In-Reply-To", "<20250601100000.3B1C2@desk.bench.example>"},
    {"References", "<20250601100000.3B1C2@desk.bench.example>"},
};
#define HEADER_COUNT (sizeof headers / sizeof *headers)

static const char body[] = "Dear reader,\r\n\r\nhere they are.\r\n";

/** Where packets are written; MTA_OUT_SIZE is room enough for a session. */
struct writer {
    unsigned char *out;
    size_t length;
    size_t packet; /* where the open packet began */
};

static void put(struct writer *writer, const void *octets, size_t length)
{
    memcpy(writer->out + writer->length, octets, length);
    writer->length += length;
}

static void put_u32(struct writer *writer, uint32_t value)
{
    const uint32_t wire = htonl(value);

    put(writer, &wire, sizeof wire);
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, text, strlen(text) + 1);
}

static void open_packet(struct writer *writer, char command)
{
    writer->packet = writer->length;
    put_u32(writer, 0);
    put(writer, &command, 1);
}

static void close_packet(struct writer *writer)
{
    const uint32_t wire =
        htonl((uint32_t)(writer->length - writer->packet - LENGTH_SIZE));

    memcpy(writer->out + writer->packet, &wire, sizeof wire);
}

/* The macros that go before a command; the filter hears of them first. */
static void put_macro(struct writer *writer, char command, const char *name,
                      const char *value)
{
    open_packet(writer, SMFIC_MACRO);
    put(writer, &command, 1);
    if (name) {
        put_text(writer, name);
        put_text(writer, value);
    }
    close_packet(writer);
}

static void put_macros(struct writer *writer, enum mta_step step)
{
    switch (step) {
    case MTA_CONNECT:
        put_macro(writer, SMFIC_CONNECT, "j", "mx.bench.example");
        break;
    case MTA_HELO:
        put_macro(writer, SMFIC_HELO, NULL, NULL);
        break;
    case MTA_MAIL:
        put_macro(writer, SMFIC_MAIL, NULL, NULL);
        break;
    case MTA_RCPT:
        put_macro(writer, SMFIC_RCPT, "i", "4F2A1");
        break;
    case MTA_END_OF_MESSAGE:
        put_macro(writer, SMFIC_BODYEOB, "i", "4F2A1");
        break;
    case MTA_NEGOTIATE:
    case MTA_DATA:
    case MTA_HEADER:
    case MTA_END_OF_HEADER:
    case MTA_BODY:
    case MTA_QUIT:
    case MTA_STEPS:
        break;
    }
}

/* With `separator` between the octets of the identity's client address. */
static void write_client(uint32_t identity, char separator, char *text,
                         size_t size)
{
    const uint32_t client = FIRST_CLIENT + identity;

    snprintf(text, size, "%u%c%u%c%u%c%u", client >> 24, separator,
             client >> 16 & 0xff, separator, client >> 8 & 0xff, separator,
             client & 0xff);
}

static void put_name(struct writer *writer, const struct mta *mta)
{
    char text[TEXT_SIZE];

    write_client(mta->identity, '-', text, sizeof text);
    put(writer, text, strlen(text));
    put(writer, ".", 1);
    put_text(writer, mta->script->clients);
}

static void put_client(struct writer *writer, const struct mta *mta)
{
    const uint16_t port = htons(CLIENT_PORT);
    const uint32_t client =
        mta->script->one_client ? mta->script->first : mta->identity;
    char text[TEXT_SIZE];

    put_name(writer, mta);
    put(writer, "4", 1); /* SMFIA_INET */
    put(writer, &port, sizeof port);
    write_client(client, '.', text, sizeof text);
    put_text(writer, text);
}

static void put_arguments(struct writer *writer, const struct mta *mta)
{
    char text[TEXT_SIZE];

    switch (mta->step) {
    case MTA_NEGOTIATE:
        put_u32(writer, OFFERED_VERSION);
        put_u32(writer, OFFERED_ACTIONS);
        put_u32(writer, OFFERED_PROTOCOL);
        break;
    case MTA_CONNECT:
        put_client(writer, mta);
        break;
    case MTA_HELO:
        if (mta->greets_with_word)
            put_text(writer, "word");
        else
            put_name(writer, mta);
        break;
    case MTA_MAIL:
        snprintf(text, sizeof text, "<user@s%u.%s>", mta->identity,
                 mta->script->senders);
        put_text(writer, text);
        put_text(writer, "SIZE=2048");
        break;
    case MTA_RCPT:
        snprintf(text, sizeof text, "<postbox%u@bench.example>",
                 mta->recipients);
        put_text(writer, text);
        break;
    case MTA_HEADER:
        put_text(writer, headers[mta->headers].name);
        put_text(writer, headers[mta->headers].value);
        break;
    case MTA_BODY:
        put(writer, body, sizeof body - 1);
        break;
    case MTA_DATA:
    case MTA_END_OF_HEADER:
    case MTA_END_OF_MESSAGE:
    case MTA_QUIT:
    case MTA_STEPS:
        break;
    }
}

const char *mta_step_name(enum mta_step step)
{
    return steps[step].name;
}

void mta_begin(struct mta *mta, uint32_t identity,
               const struct mta_script *script)
{
    memset(mta, 0, sizeof *mta);
    mta->identity = identity;
    mta->script = script;
    mta->step = MTA_STEPS;
}

static enum mta_step step_after(const struct mta *mta)
{
    enum mta_step step = mta->step;

    if (step == MTA_STEPS)
        return MTA_NEGOTIATE;
    if (mta->answer && mta->answer != SMFIR_CONTINUE)
        return MTA_QUIT;
    if (step == MTA_RCPT && mta->recipients < mta->script->recipients)
        return MTA_RCPT;
    if (step == MTA_HEADER && mta->headers < HEADER_COUNT)
        return MTA_HEADER;
    if (step == MTA_END_OF_MESSAGE && mta->messages < mta->script->messages)
        return MTA_MAIL;
    do
        step++;
    while (steps[step].skipped & mta->protocol);
    return step;
}

static void count_step(struct mta *mta)
{
    if (mta->step == MTA_MAIL) {
        mta->messages++;
        mta->recipients = 0;
        mta->headers = 0;
    }
    mta->recipients += mta->step == MTA_RCPT;
    mta->headers += mta->step == MTA_HEADER;
}

size_t mta_next(struct mta *mta)
{
    struct writer writer = {.out = mta->out};

    do {
        mta->step = step_after(mta);
        put_macros(&writer, mta->step);
        open_packet(&writer, steps[mta->step].command);
        put_arguments(&writer, mta);
        close_packet(&writer);
        count_step(mta);
        mta->over = mta->step == MTA_QUIT;
        mta->awaits = !mta->over && !(steps[mta->step].silent & mta->protocol);
        /* Postfix too keeps what needs no reply until something does. */
    } while (!mta->over && !mta->awaits);
    return writer.length;
}

static uint32_t u32_at(const unsigned char *octets)
{
    uint32_t wire;

    memcpy(&wire, octets, sizeof wire);
    return ntohl(wire);
}

static bool take_negotiation(struct mta *mta, const unsigned char *octets,
                             size_t length)
{
    if (mta->step != MTA_NEGOTIATE || length < MILTER_OPTLEN)
        return false;
    mta->actions = u32_at(octets + LENGTH_SIZE);
    mta->protocol = u32_at(octets + 2 * LENGTH_SIZE);
    mta->answer = SMFIR_CONTINUE;
    return true;
}

static enum mta_taken take_packet(struct mta *mta, const unsigned char *octets,
                                  size_t length)
{
    if (!mta->awaits)
        return MTA_BROKEN;
    switch (octets[0]) {
    case SMFIC_OPTNEG:
        if (!take_negotiation(mta, octets + 1, length - 1))
            return MTA_BROKEN;
        break;
    case SMFIR_PROGRESS:
        return MTA_INCOMPLETE;
    case SMFIR_ADDHEADER:
    case SMFIR_INSHEADER:
    case SMFIR_CHGHEADER:
        return mta->step == MTA_END_OF_MESSAGE ? MTA_INCOMPLETE : MTA_BROKEN;
    case SMFIR_CONTINUE:
    case SMFIR_ACCEPT:
    case SMFIR_REJECT:
    case SMFIR_TEMPFAIL:
    case SMFIR_REPLYCODE:
        if (mta->step == MTA_NEGOTIATE)
            return MTA_BROKEN;
        mta->answer = (char)octets[0];
        break;
    default:
        return MTA_BROKEN;
    }
    mta->awaits = false;
    return MTA_ANSWERED;
}

enum mta_taken mta_take(struct mta *mta, const unsigned char *octets,
                        size_t length)
{
    enum mta_taken taken = MTA_INCOMPLETE;
    size_t at = 0;

    memcpy(mta->in + mta->in_length, octets, length);
    mta->in_length += length;
    while (taken != MTA_BROKEN && mta->in_length - at > LENGTH_SIZE) {
        const size_t size = u32_at(mta->in + at);

        if (size == 0 || size > MTA_IN_SIZE - LENGTH_SIZE)
            return MTA_BROKEN;
        if (mta->in_length - at < LENGTH_SIZE + size)
            break;
        taken = take_packet(mta, mta->in + at + LENGTH_SIZE, size);
        at += LENGTH_SIZE + size;
    }
    mta->in_length -= at;
    memmove(mta->in, mta->in + at, mta->in_length);
    return taken;
}
