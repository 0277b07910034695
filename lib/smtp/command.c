/* SPDX-License-Identifier: BSD-2-Clause */
/* command.c - building command lines and refusing what is none */
#include "smtp/command.h"

#define DELETE 0x7f

static bool is_printable(struct span line)
{
    for (size_t i = 0; i < line.length; i++)
        if ((unsigned char)line.at[i] < ' ' || line.at[i] == DELETE)
            return false;
    return span_is_utf8(line);
}

bool smtp_command_add(struct text *lines, const char *format, ...)
{
    const struct text before = *lines;
    va_list arguments;
    va_start(arguments, format);
    text_vaddf(lines, format, arguments);
    va_end(arguments);
    struct span line = {lines->buffer + before.length,
                        lines->length - before.length};
    bool printable = is_printable(line);
    text_add(lines, "\r\n");
    if (printable && !lines->cut &&
        lines->length - before.length <= SMTP_COMMAND_MOST)
        return true;
    *lines = before;
    lines->buffer[lines->length] = '\0';
    return false;
}
