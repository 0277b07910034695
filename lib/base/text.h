/* SPDX-License-Identifier: BSD-2-Clause */
/* text.h - bounded text: a writer that cannot overflow, and the one escaping of
 * octets that came from outside */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/** Octets with their number, borrowed from somebody else; not terminated. */
struct span {
    const char *at;
    size_t length;
};

/** A terminated string without its terminator; NULL: no octets. */
struct span span_of(const char *terminated);

/** An ASCII capital as its small letter, any other octet as it is; unlike
 * tolower, in every locale. */
char text_lower(char letter);

/** True when both are equal, ASCII letters in either case. */
bool span_equal_nocase(struct span a, struct span b);

bool span_is_ascii(struct span octets);

/** True when it is well-formed UTF-8 (RFC 3629: nothing overlong, no
 * surrogates, nothing above U+10FFFF). */
bool span_is_utf8(struct span octets);

/** A writer into a buffer of the caller's; always terminated. What does not
 * fit is dropped, outside octets at a whole escape; `cut` says so, and nothing
 * is added after it. */
struct text {
    char *buffer;
    size_t size;   /* of the buffer, with the terminator; at least 1 */
    size_t length; /* written so far, without the terminator */
    bool cut;
};

void text_begin(struct text *text, char *buffer, size_t size);

/** Add our own words: terminated, printable, trusted. */
void text_add(struct text *text, const char *ours);

/** Add formatted words of ours; every %s argument must be ours or validated. */
void text_addf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_vaddf(struct text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/** Add octets from outside: printable ASCII and space as they are, backslash
 * doubled, all others as \xNN (lower-case digits). */
void text_add_outside(struct text *text, struct span octets);

/** As text_add_outside, but at most `most` octets of output, an ellipsis "..."
 * included, when the input is longer. */
void text_add_shortened(struct text *text, struct span octets, size_t most);

/** Add ` key=value`, or `key=value` first in the text, the value quoted when it
 * is empty or holds anything but printable ASCII without space, quote, `=` and
 * backslash; inside quotes, quote and backslash get a backslash and other
 * octets are \xNN. Where there is no room the value is cut, but its quotes are
 * closed; or the whole pair is left out. The log's one way to write a value. */
void text_add_pair(struct text *text, const char *key, struct span value);

#endif
