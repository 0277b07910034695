/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c - a log (base/log.h) whose every line is read, and none is written */
#include "base/log.h"

#include "../fuzz.h"
#include "../script.h"
#include "lines.h"

#include <stdarg.h>
#include <string.h>

#define LINE_SIZE 4096

static struct {
    unsigned verdicts;
} heard;

unsigned lines_take_verdicts(void)
{
    unsigned verdicts = heard.verdicts;
    heard.verdicts = 0;
    return verdicts;
}

bool log_open(enum log_target target, enum log_level level, const char *ident)
{
    (void)target;
    (void)level;
    (void)ident;
    return true;
}

void log_close(void)
{
}

bool log_wants(enum log_level level)
{
    (void)level;
    return true;
}

/* `key=value` with one space between, a value in quotes closed by one that is
 * not escaped. */
static void require_pairs(const char *at)
{
    while (*at != '\0') {
        size_t key = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
        REQUIRE(key > 0 && at[key] == '=');
        at += key + 1;
        if (*at != '"') {
            REQUIRE(strcspn(at, "\"=\\") >= strcspn(at, " "));
            at += strcspn(at, " ");
        } else {
            for (at++; *at != '"'; at++) {
                REQUIRE(*at != '\0');
                if (*at == '\\')
                    REQUIRE(*++at != '\0');
            }
            at++;
        }
        REQUIRE(*at == '\0' || (*at == ' ' && at[1] != '\0'));
        at += *at == ' ';
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    char line[LINE_SIZE];
    struct text text;
    va_list arguments;
    text_begin(&text, line, sizeof(line));
    va_start(arguments, format);
    text_vaddf(&text, format, arguments);
    va_end(arguments);
    REQUIRE(text.length > 0 && text.length <= LOG_LINE_MOST);
    REQUIRE(script_is_printable(span_of(line)));
    if (level == LOG_LEVEL_INFO && strncmp(line, "verdict=", 8) == 0) {
        heard.verdicts++;
        require_pairs(line);
    }
    if (level == LOG_LEVEL_DEBUG && strncmp(line, "check=", 6) == 0)
        require_pairs(line);
}
