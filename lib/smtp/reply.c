/* SPDX-License-Identifier: BSD-2-Clause */
/* reply.c - reading replies octet by octet, so that no way of cutting them
 * makes a difference */
#include "smtp/reply.h"

#include <string.h>

/** Digits of a reply code; what stands behind them is in this column. */
#define CODE_DIGITS 3

void smtp_reply_begin(struct smtp_reply_reader *reader)
{
    /* Not all of it: the text is large, and its length bounds it. */
    reader->reply.code = 0;
    reader->reply.status = (struct smtp_status){0};
    reader->reply.length = 0;
    reader->state = SMTP_REPLY_MORE;
    reader->octets = 0;
    reader->lines = 0;
    reader->code = 0;
    reader->column = 0;
    reader->line_at = 0;
    reader->last = false;
    reader->carriage = false;
}

static bool is_digit(char octet)
{
    return octet >= '0' && octet <= '9';
}

static bool is_alphanumeric(char octet)
{
    return is_digit(octet) || (octet >= 'A' && octet <= 'Z') ||
           (octet >= 'a' && octet <= 'z');
}

/* Read a number of up to three digits off the front of the text. */
static bool take_number(struct span *text, uint16_t *number)
{
    size_t digits = 0;
    *number = 0;
    while (digits < text->length && is_digit(text->at[digits])) {
        if (digits == 3)
            return false;
        *number = (uint16_t)(*number * 10 + (text->at[digits] - '0'));
        digits++;
    }
    text->at += digits;
    text->length -= digits;
    return digits > 0;
}

static bool take_dot(struct span *text)
{
    if (text->length == 0 || text->at[0] != '.')
        return false;
    text->at++;
    text->length--;
    return true;
}

/* Read an enhanced status code off the front of the text: not an IP address,
 * and of the reply's own class, or it means nothing. */
static bool take_status(struct span *text, uint16_t code,
                        struct smtp_status *status)
{
    if (!take_number(text, &status->class) || !take_dot(text) ||
        !take_number(text, &status->subject) || !take_dot(text) ||
        !take_number(text, &status->detail))
        return false;
    if (text->length > 0 && is_alphanumeric(text->at[0]))
        return false;
    if (text->length > 1 && text->at[0] == '.' && is_digit(text->at[1]))
        return false;
    return status->class == code / 100;
}

static bool is_status(const struct smtp_status *a, const struct smtp_status *b)
{
    return a->class == b->class && a->subject == b->subject &&
           a->detail == b->detail;
}

/* Note the status of the line just read, or drop it when the reply has it. */
static void read_status(struct smtp_reply_reader *reader)
{
    struct smtp_reply *reply = &reader->reply;
    char *line = reply->text + reader->line_at;
    struct span rest = {line, reply->length - reader->line_at};
    struct smtp_status status;
    if (!take_status(&rest, reply->code, &status))
        return;
    if (reply->status.class == 0) {
        reply->status = status;
    } else if (is_status(&status, &reply->status)) {
        if (rest.length > 0 && rest.at[0] == ' ') {
            rest.at++;
            rest.length--;
        }
        memmove(line, rest.at, rest.length);
        reply->length = reader->line_at + rest.length;
    }
}

static void keep(struct smtp_reply_reader *reader, char octet)
{
    struct smtp_reply *reply = &reader->reply;
    if (reply->length < sizeof(reply->text))
        reply->text[reply->length++] = octet;
}

static enum smtp_reply_next end_line(struct smtp_reply_reader *reader)
{
    if (reader->column < CODE_DIGITS)
        return SMTP_REPLY_FAULT;
    if (reader->column == CODE_DIGITS)
        reader->reply.length = reader->line_at;
    read_status(reader);
    reader->lines++;
    if (reader->last || reader->column == CODE_DIGITS)
        return SMTP_REPLY_WHOLE;
    if (reader->lines == SMTP_REPLY_LINES_MOST)
        return SMTP_REPLY_FAULT;
    keep(reader, '\n');
    reader->line_at = reader->reply.length;
    reader->column = 0;
    reader->code = 0;
    reader->carriage = false;
    return SMTP_REPLY_MORE;
}

static enum smtp_reply_next take_digit(struct smtp_reply_reader *reader,
                                       char octet)
{
    struct smtp_reply *reply = &reader->reply;
    if (!is_digit(octet))
        return SMTP_REPLY_FAULT;
    reader->code = (uint16_t)(reader->code * 10 + (octet - '0'));
    if (reader->column < CODE_DIGITS)
        return SMTP_REPLY_MORE;
    if (reader->code < 200 || reader->code > 599)
        return SMTP_REPLY_FAULT;
    if (reader->lines > 0 && reader->code != reply->code)
        return SMTP_REPLY_FAULT;
    reply->code = reader->code;
    return SMTP_REPLY_MORE;
}

/* The code stays in the text until it proves to be one: where a server speaks
 * something else, that is to be seen. */
static enum smtp_reply_next take_separator(struct smtp_reply_reader *reader,
                                           char octet)
{
    if (octet != ' ' && octet != '-')
        return SMTP_REPLY_FAULT;
    reader->last = octet == ' ';
    reader->reply.length = reader->line_at;
    return SMTP_REPLY_MORE;
}

static enum smtp_reply_next take_octet(struct smtp_reply_reader *reader,
                                       char octet)
{
    reader->octets++;
    if (reader->octets > SMTP_REPLY_OCTETS_MOST || octet == '\0')
        return SMTP_REPLY_FAULT;
    if (octet == '\n')
        return end_line(reader);
    if (reader->carriage)
        return SMTP_REPLY_FAULT;
    if (octet == '\r') {
        reader->carriage = true;
        return SMTP_REPLY_MORE;
    }
    reader->column++; /* the limit on octets keeps it small */
    if (reader->reply.length - reader->line_at < SMTP_REPLY_LINE_KEPT)
        keep(reader, octet);
    if (reader->column <= CODE_DIGITS)
        return take_digit(reader, octet);
    if (reader->column == CODE_DIGITS + 1)
        return take_separator(reader, octet);
    return SMTP_REPLY_MORE;
}

/* Keep what stands behind a fault on its line. */
static void keep_rest(struct smtp_reply_reader *reader, struct span octets)
{
    for (size_t i = 0; i < octets.length && i < SMTP_REPLY_LINE_KEPT; i++) {
        if (octets.at[i] == '\r' || octets.at[i] == '\n')
            break;
        keep(reader, octets.at[i]);
    }
}

enum smtp_reply_next smtp_reply_take(struct smtp_reply_reader *reader,
                                     struct span *octets)
{
    if (reader->state == SMTP_REPLY_WHOLE)
        smtp_reply_begin(reader);
    while (reader->state == SMTP_REPLY_MORE && octets->length > 0) {
        reader->state = take_octet(reader, *octets->at);
        octets->at++;
        octets->length--;
        if (reader->state == SMTP_REPLY_FAULT)
            keep_rest(reader, *octets);
    }
    return reader->state;
}

/* Cut the first line off the text. False: there is none left. */
static bool take_line(struct span *text, struct span *line)
{
    if (text->length == 0)
        return false;
    const char *end = memchr(text->at, '\n', text->length);
    line->at = text->at;
    line->length = end == NULL ? text->length : (size_t)(end - text->at);
    size_t taken = line->length + (end != NULL);
    text->at += taken;
    text->length -= taken;
    return true;
}

bool smtp_reply_has_keyword(const struct smtp_reply *reply, const char *keyword)
{
    struct span text = {reply->text, reply->length};
    struct span line;
    (void)take_line(&text, &line); /* the server's name and greeting */
    while (take_line(&text, &line)) {
        const char *space = memchr(line.at, ' ', line.length);
        if (space != NULL)
            line.length = (size_t)(space - line.at);
        if (span_equal_nocase(line, span_of(keyword)))
            return true;
    }
    return false;
}

void smtp_reply_words(const struct smtp_reply *reply,
                      char words[CALLOUT_WORDS_SIZE])
{
    char line[SMTP_REPLY_TEXT_KEPT];
    for (size_t i = 0; i < reply->length; i++)
        line[i] = (char)(reply->text[i] == '\n' ? ' ' : reply->text[i]);
    struct text text;
    text_begin(&text, words, CALLOUT_WORDS_SIZE);
    text_add_shortened(&text, (struct span){line, reply->length},
                       CALLOUT_WORDS_SIZE - 1);
}
