/* SPDX-License-Identifier: BSD-2-Clause */
/* reply.h - SMTP replies (RFC 5321 4.2): octets in as the network cuts them,
 * whole replies out, within limits whatever a server sends */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include "base/callout.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More than this of one reply, and it is no SMTP that we go on reading. */
#define SMTP_REPLY_LINES_MOST  100
#define SMTP_REPLY_OCTETS_MOST 16384

/** Kept of a line, its code not counted, and of all lines; the rest is read
 * over. RFC 5321 4.5.3.1.5 has a reply line end at 512. */
#define SMTP_REPLY_LINE_KEPT 512
#define SMTP_REPLY_TEXT_KEPT 2048

/** An enhanced status code (RFC 3463); all 0: none was given. */
struct smtp_status {
    uint16_t class, subject, detail;
};

/** One whole reply. Its text is outside text: it may hold any octet but NUL, CR
 * and, within a line, LF. */
struct smtp_reply {
    uint16_t code;             /* 200 to 599 */
    struct smtp_status status; /* at the start of a line (RFC 2034 4) */
    size_t length;             /* of the text */
    /** The lines without their codes, joined by LF; a status that a line
     * repeats is dropped. */
    char text[SMTP_REPLY_TEXT_KEPT];
};

enum smtp_reply_next {
    SMTP_REPLY_MORE,  /* all octets were taken, the reply goes on */
    SMTP_REPLY_WHOLE, /* a reply is complete; octets may be left */
    SMTP_REPLY_FAULT  /* this is no SMTP, and nothing behind it is read */
};

/** Reads one reply after the other; its fields are the module's, but `reply`
 * after SMTP_REPLY_WHOLE. After SMTP_REPLY_FAULT the reply's text is what was
 * said, as far as it was read. */
struct smtp_reply_reader {
    struct smtp_reply reply;
    enum smtp_reply_next state;
    uint32_t octets; /* of this reply, read so far */
    uint16_t lines;  /* of it that are whole */
    uint16_t code;   /* of this line, as far as its digits are read */
    uint16_t column; /* octets of this line; saturates */
    size_t line_at;  /* where its text begins in the reply's */
    bool last;       /* this line has no hyphen behind its code */
    bool carriage;   /* the octet before was CR */
};

void smtp_reply_begin(struct smtp_reply_reader *reader);

/**
 * Read on until a reply is complete; the next call begins the next reply.
 * A line may end in LF alone; octets beyond ASCII are taken. A line without a
 * code from 200 to 599, another code than the line before, NUL, CR within a
 * line, and a reply beyond the limits are faults.
 * @param octets  what came; what was taken is cut off its front
 */
enum smtp_reply_next smtp_reply_take(struct smtp_reply_reader *reader,
                                     struct span *octets);

/** True when a line of a reply to EHLO, but its first, begins with this keyword
 * (RFC 5321 4.1.1.1). */
bool smtp_reply_has_keyword(const struct smtp_reply *reply,
                            const char *keyword);

/** The text on one line, escaped and cut, as others may show it. */
void smtp_reply_words(const struct smtp_reply *reply,
                      char words[CALLOUT_WORDS_SIZE]);

#endif
