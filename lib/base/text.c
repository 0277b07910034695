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

char text_lower(char letter)
{
    return (char)(letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A')
                                                 : letter);
}

/* Not strncasecmp: it follows the locale and stops at NUL. */
bool span_equal_nocase(struct span a, struct span b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (text_lower(a.at[i]) != text_lower(b.at[i]))
            return false;
    return true;
}

bool span_is_ascii(struct span octets)
{
    for (size_t i = 0; i < octets.length; i++)
        if ((octets.at[i] & 0x80) != 0)
            return false;
    return true;
}

/* Octets of the character in front, 0 if there is none. */
static size_t character_length(struct span octets)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char lead = (unsigned char)octets.at[0];
    size_t length = 4;
    unsigned long point;

    if (lead < 0x80)
        return 1;
    if (lead < 0xc0 || lead >= 0xf8)
        return 0;
    if (lead < 0xf0)
        length = lead < 0xe0 ? 2 : 3;
    if (length > octets.length)
        return 0;
    point = lead & (0x7fUL >> length);
    for (size_t i = 1; i < length; i++) {
        const unsigned char next = (unsigned char)octets.at[i];

        if ((next & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (next & 0x3f);
    }
    if (point < least[length] || point > 0x10ffff ||
        (point >= 0xd800 && point < 0xe000))
        return 0;
    return length;
}

bool span_is_utf8(struct span octets)
{
    while (octets.length > 0) {
        const size_t length = character_length(octets);

        if (length == 0)
            return false;
        octets.at += length;
        octets.length -= length;
    }
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
