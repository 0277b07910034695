/* SPDX-License-Identifier: BSD-2-Clause */
/* reply.c - the code, the enhanced status code and the lines of a reply */
#include "policy/reply.h"

#include "policy/advice.h"

#include <stdio.h>
#include <string.h>

#define PAGE_SIZE       4000 /* text before it is cut into lines */
#define WORD_MOST       320  /* octets that one outside word may take */
#define CODE_REJECT     550
#define CODE_TEMPFAIL   450
#define CODE_OUR_SIDE   451    /* RFC 5321 4.2.3: local error in processing */
#define STATUS_DNS      "4.3"  /* RFC 3463 3.5: directory server failure */
#define STATUS_INTERNAL "3.0"  /* RFC 3463 3.4: our mail system */
#define STATUS_NULL_MX  "7.27" /* RFC 7505 4.2 */
#define STATUS_FORGED   "7.1"  /* RFC 3463 3.8: message refused */

/* Subject and detail of the enhanced status code: RFC 3463 3.2, 3.6 and 3.8,
 * RFC 7372 3.3. Never 1.1, which speaks of the recipient. */
static const char *const statuses[CHECK_COUNT] = {
    [CHECK_HELO_SYNTAX] = "5.2",   [CHECK_HELO_IDENTITY] = "7.1",
    [CHECK_HELO_FORWARD] = "7.1",  [CHECK_HELO_MATCH] = "7.1",
    [CHECK_CLIENT_PTR] = "7.25",   [CHECK_DNSBL] = "7.1",
    [CHECK_SENDER_DOMAIN] = "1.8", [CHECK_CALLOUT] = "1.7",
};

static bool is_dns_trouble(const struct verdict *verdict,
                           const struct reply_words *words)
{
    return words->distrust || (verdict->finding.result == RESULT_TEMPERROR &&
                               verdict->check != CHECK_CALLOUT);
}

static const char *status_of(const struct verdict *verdict,
                             const struct reply_words *words)
{
    if (verdict->finding.reason == REASON_INTERNAL)
        return STATUS_INTERNAL;
    if (verdict->finding.reason == REASON_NULL_MX)
        return STATUS_NULL_MX;
    return is_dns_trouble(verdict, words) ? STATUS_DNS
                                          : statuses[verdict->check];
}

static uint16_t code_of(const struct verdict *verdict,
                        const struct reply_words *words)
{
    if (verdict->kind == ACTION_REJECT)
        return CODE_REJECT;
    if (verdict->finding.reason == REASON_INTERNAL ||
        is_dns_trouble(verdict, words))
        return CODE_OUR_SIDE;
    return CODE_TEMPFAIL;
}

/* What is replied to: the action, and what holds where it does not say. */
struct occasion {
    const struct action *how;
    uint16_t code;
    const char *status; /* without its class */
    const char *reason; /* if the words have none */
    const char *advice;
};

static void set_codes(struct reply *reply, const struct occasion *occasion)
{
    const struct action *how = occasion->how;

    reply->code = how->code != 0 ? how->code : occasion->code;
    if (how->status[0] != '\0')
        snprintf(reply->status, sizeof(reply->status), "%s", how->status);
    else
        snprintf(reply->status, sizeof(reply->status), "%d.%s",
                 reply->code / 100, occasion->status);
}

/* A line is made of printable ASCII, whatever the text is made of. */
static void line_put(char *line, const char *at, size_t length)
{
    size_t used = 0;

    if (*at >= '0' && *at <= '9')
        line[used++] = ' ';
    for (size_t i = 0; i < length; i++)
        line[used++] = (char)(at[i] >= 0x20 && at[i] <= 0x7e ? at[i] : '?');
    line[used] = '\0';
}

/* How much of a paragraph makes the next line: all of it, or what stands
 * before the last space that leaves it short enough, or a hard cut. */
static size_t line_length(const char *at, size_t length)
{
    size_t room = REPLY_LINE_SIZE - 2; /* a space may go in front */

    if (length <= room)
        return length;
    for (size_t end = room; end > 0; end--)
        if (at[end] == ' ')
            return end;
    return room;
}

/* Add the text's paragraphs as lines, until the reply has `most`. */
static void add_lines(struct reply *reply, const char *text, size_t most)
{
    while (*text != '\0' && reply->count < most) {
        text += strspn(text, " \n");
        size_t length = line_length(text, strcspn(text, "\n"));
        if (length > 0)
            line_put(reply->line[reply->count++], text, length);
        text += length;
    }
}

enum word {
    WORD_CLIENT,
    WORD_REVERSE,
    WORD_HELO,
    WORD_SENDER,
    WORD_RECIPIENT,
    WORD_REASON,
    WORD_DETAIL,
    WORD_ID
};
#define WORD_COUNT (WORD_ID + 1)

static const char *const word_names[WORD_COUNT] = {
    [WORD_CLIENT] = "client",       [WORD_REVERSE] = "reverse",
    [WORD_HELO] = "helo",           [WORD_SENDER] = "sender",
    [WORD_RECIPIENT] = "recipient", [WORD_REASON] = "reason",
    [WORD_DETAIL] = "detail",       [WORD_ID] = "id",
};

const char *reply_word(size_t index)
{
    return index < WORD_COUNT ? word_names[index] : NULL;
}

static struct span word_of(enum word word, const struct reply_words *words)
{
    struct span value = {NULL, 0};

    switch (word) {
    case WORD_CLIENT:
        value = words->client;
        break;
    case WORD_REVERSE:
        value = words->reverse;
        break;
    case WORD_HELO:
        value = words->helo;
        break;
    case WORD_SENDER:
        value = words->sender;
        break;
    case WORD_RECIPIENT:
        value = words->recipient;
        break;
    case WORD_REASON:
        value = words->reason;
        break;
    case WORD_DETAIL:
        value = words->detail;
        break;
    case WORD_ID:
        value = words->id;
        break;
    }
    return value;
}

static void add_word(struct text *page, enum word word,
                     const struct occasion *occasion,
                     const struct reply_words *words)
{
    struct span value = word_of(word, words);

    if (value.length == 0)
        text_add(page, word == WORD_REASON ? occasion->reason : "unknown");
    else if (word == WORD_DETAIL)
        text_addf(page, "%.*s", (int)value.length, value.at);
    else
        text_add_shortened(page, value, WORD_MOST);
}

/* The word that `%{name}` at `at` stands for; the length of the whole. 0: none
 * stands there. */
static size_t word_at(const char *at, enum word *word)
{
    if (at[0] != '%' || at[1] != '{')
        return 0;
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        size_t length = strlen(word_names[i]);
        if (strncmp(at + 2, word_names[i], length) == 0 &&
            at[2 + length] == '}') {
            *word = (enum word)i;
            return length + 3;
        }
    }
    return 0;
}

static void add_own_text(struct text *page, const struct occasion *occasion,
                         const struct reply_words *words)
{
    for (const char *at = occasion->how->text; *at != '\0';) {
        enum word word;
        size_t length = word_at(at, &word);
        if (length > 0) {
            add_word(page, word, occasion, words);
            at += length;
        } else {
            text_addf(page, "%c", *at++);
        }
    }
}

/* Make a sentence of a clause: a word of ours in front gets its capital, which
 * a name or an address does not, and a full stop ends it. */
static void end_sentence(struct text *page)
{
    char *first = page->buffer;
    size_t word = strspn(first, "abcdefghijklmnopqrstuvwxyz");

    if (word > 0 && first[word] == ' ')
        *first = (char)(*first - 'a' + 'A');
    if (page->length > 0 && strchr(".!?", first[page->length - 1]) == NULL)
        text_add(page, ".");
}

/* What was seen, what to mend, and where to ask with which number. */
static void add_default_text(struct reply *reply, struct text *page,
                             const struct occasion *occasion,
                             const struct reply_words *words)
{
    text_begin(page, page->buffer, page->size);
    if (words->detail.length > 0) {
        add_word(page, WORD_DETAIL, occasion, words);
        end_sentence(page);
        add_lines(reply, page->buffer, REPLY_LINES_MOST - 3);
    }
    add_lines(reply, occasion->advice, REPLY_LINES_MOST - 1);

    text_begin(page, page->buffer, page->size);
    text_add_shortened(page, words->identity, WORD_MOST);
    if (words->id.length > 0) {
        text_add(page, words->identity.length > 0 ? ", id " : "id ");
        text_add_shortened(page, words->id, WORD_MOST);
    }
    add_lines(reply, page->buffer, REPLY_LINES_MOST);
}

static void write_reply(struct reply *reply, const struct occasion *occasion,
                        const struct reply_words *words)
{
    char buffer[PAGE_SIZE];
    struct text page;

    text_begin(&page, buffer, sizeof(buffer));
    reply->count = 0;
    set_codes(reply, occasion);
    if (occasion->how->text != NULL) {
        add_own_text(&page, occasion, words);
        add_lines(reply, buffer, REPLY_LINES_MOST);
    }
    if (reply->count == 0)
        add_default_text(reply, &page, occasion, words);
}

void reply_write(struct reply *reply, const struct verdict *verdict,
                 const struct reply_words *words)
{
    const struct finding ours = {RESULT_TEMPERROR, REASON_INTERNAL};
    const struct occasion occasion = {
        .how = verdict->how,
        .code = code_of(verdict, words),
        .status = status_of(verdict, words),
        .reason = result_name(verdict->finding.result),
        .advice = advice_for(verdict->check,
                             words->distrust ? ours : verdict->finding),
    };

    write_reply(reply, &occasion, words);
}

void reply_write_forged(struct reply *reply, const struct action *how,
                        const struct reply_words *words)
{
    const struct occasion occasion = {
        .how = how,
        .code = how->kind == ACTION_REJECT ? CODE_REJECT : CODE_TEMPFAIL,
        .status = STATUS_FORGED,
        .reason = "forged-results",
        .advice = advice_for_forged(),
    };

    write_reply(reply, &occasion, words);
}
