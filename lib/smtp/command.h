/* SPDX-License-Identifier: BSD-2-Clause */
/* command.h - the one way in which an SMTP command line is made (RFC 5321
 * 2.3.8, 4.5.3.1.4): nothing that could end or begin another gets through */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include "base/text.h"

#include <stdbool.h>

/** Octets of the longest command line, its CRLF counted. */
#define SMTP_COMMAND_MOST 512

/**
 * Add a command line; CRLF is put behind it.
 * @param lines  begun by the caller; several lines may lie in it
 * @return false when the line would hold anything but printable ASCII, space
 *         and UTF-8 beyond ASCII (RFC 6531), is longer than SMTP_COMMAND_MOST,
 *         or finds no room: `lines` is then as it was
 */
bool smtp_command_add(struct text *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
