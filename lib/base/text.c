/* SPDX-License-Identifier: BSD-2-Clause */
/* text.c - the bounded writer and the escaping of outside octets */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define ELLIPSIS "..."

/** Room for the longest escape, \xNN. */
struct escape {
    char octets[4];
    size_t length;
};

struct span span_of(const char *terminated)
{
    if (terminated == NULL)
        return (struct span){NULL, 0};
    return (struct span){terminated, strlen(terminated)};
}

/* Not strncasecmp: it follows the locale and stops at NUL. */
static char lower(char letter)
{
    return (char)(letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A')
                                                 : letter);
}

bool span_equal_nocase(struct span a, struct span b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

void text_begin(struct text *text, char *buffer, size_t size)
{
    *text = (struct text){.buffer = buffer, .size = size};
    buffer[0] = '\0';
}

static size_t room(const struct text *text)
{
    return text->size - 1 - text->length;
}

static void append(struct text *text, const char *octets, size_t length)
{
    memcpy(text->buffer + text->length, octets, length);
    text->length += length;
    text->buffer[text->length] = '\0';
}

void text_add(struct text *text, const char *ours)
{
    if (text->cut)
        return;
    size_t length = strlen(ours);
    text->cut = length > room(text);
    append(text, ours, text->cut ? room(text) : length);
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vaddf(text, format, arguments);
    va_end(arguments);
}

void text_vaddf(struct text *text, const char *format, va_list arguments)
{
    if (text->cut)
        return;
    char *end = text->buffer + text->length;
    int length = vsnprintf(end, room(text) + 1, format, arguments);
    if (length < 0) {
        *end = '\0';
        text->cut = true;
    } else if ((size_t)length > room(text)) {
        text->length = text->size - 1;
        text->cut = true;
    } else {
        text->length += (size_t)length;
    }
}

static struct escape escape(char octet, bool quoted)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char value = (unsigned char)octet;
    if (octet == '\\' || (quoted && octet == '"'))
        return (struct escape){{'\\', octet}, 2};
    if (value >= ' ' && value <= '~')
        return (struct escape){{octet}, 1};
    return (struct escape){{'\\', 'x', digits[value >> 4], digits[value & 15]},
                           4};
}

/* False when an escape would have brought the text past `end` octets; it and
 * what follows are left out. */
static bool add_escaped(struct text *text, struct span octets, bool quoted,
                        size_t end)
{
    for (size_t i = 0; i < octets.length; i++) {
        struct escape next = escape(octets.at[i], quoted);
        if (text->length + next.length > end)
            return false;
        append(text, next.octets, next.length);
    }
    return true;
}

void text_add_outside(struct text *text, struct span octets)
{
    if (text->cut)
        return;
    text->cut = !add_escaped(text, octets, false, text->size - 1);
}

/* Whether the escaped form has at most `most` octets. */
static bool is_within(struct span octets, size_t most)
{
    size_t length = 0;
    for (size_t i = 0; i < octets.length && length <= most; i++)
        length += escape(octets.at[i], false).length;
    return length <= most;
}

void text_add_shortened(struct text *text, struct span octets, size_t most)
{
    if (text->cut)
        return;
    size_t limit = most < room(text) ? most : room(text);
    if (is_within(octets, limit)) {
        add_escaped(text, octets, false, text->size - 1);
        return;
    }
    size_t dots = strlen(ELLIPSIS);
    if (dots > limit)
        dots = limit;
    add_escaped(text, octets, false, text->length + limit - dots);
    append(text, ELLIPSIS, dots);
    text->cut = limit < most;
}

static bool needs_quotes(struct span value)
{
    for (size_t i = 0; i < value.length; i++) {
        char octet = value.at[i];
        if (octet <= ' ' || octet > '~' || octet == '"' || octet == '=' ||
            octet == '\\')
            return true;
    }
    return value.length == 0;
}

void text_add_pair(struct text *text, const char *key, struct span value)
{
    if (text->cut)
        return;
    bool first = text->length == 0;
    bool quoted = needs_quotes(value);
    size_t quotes = quoted ? 2 : 0;
    if (!first + strlen(key) + 1 + quotes > room(text)) {
        text->cut = true;
        return;
    }
    text_add(text, first ? "" : " ");
    text_add(text, key);
    text_add(text, quoted ? "=\"" : "=");
    /* The closing quote always finds its place, so that even a line which was
     * cut can be taken apart. */
    size_t end = text->size - 1 - quotes / 2;
    bool whole = add_escaped(text, value, quoted, end);
    if (quoted)
        append(text, "\"", 1);
    text->cut = !whole;
}
