/* SPDX-License-Identifier: BSD-2-Clause */
/* libmilter.c - libmilter's functions as far as callbacks.c uses them; those of
 * the library that are strict are strict here, and beyond */
#include "libmilter.h"

#include "../fuzz.h"
#include "../judged.h"
#include "../script.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define IDENTITY    "mx.home.example"
#define MACROS_MOST 4
#define MACRO_SIZE  256
#define TEXT_MOST   980 /* octets of a line that libmilter takes */

struct macro {
    const char *name;
    char value[MACRO_SIZE];
};

static struct {
    struct smfiDesc filter;
    void *session;
    struct macro macros[MACROS_MOST];
    size_t macro_count;
    int reply; /* code of the one that is set, 0: none */
    bool end_of_message;
    unsigned long actions, steps; /* offered */
    unsigned long wanted_actions;
} libmilter;

/* Never looked into. */
static int context;

const struct smfiDesc *libmilter_filter(void)
{
    return &libmilter.filter;
}

SMFICTX *libmilter_begin(void)
{
    void *of_session = &context;
    libmilter.session = NULL;
    libmilter.macro_count = 0;
    libmilter.reply = 0;
    libmilter.end_of_message = false;
    return of_session;
}

void libmilter_end(void)
{
    REQUIRE(libmilter.session == NULL);
}

void libmilter_set_macro(const char *name, struct span value)
{
    struct macro *macro = &libmilter.macros[0];
    size_t i = 0;
    while (i < libmilter.macro_count &&
           strcmp(libmilter.macros[i].name, name) != 0)
        i++;
    if (i == MACROS_MOST)
        return;
    macro = &libmilter.macros[i];
    if (i == libmilter.macro_count)
        libmilter.macro_count++;
    macro->name = name;
    (void)snprintf(macro->value, sizeof(macro->value), "%.*s",
                   (int)value.length, value.at);
}

void libmilter_negotiate(unsigned long actions, unsigned long steps)
{
    unsigned long wanted2 = 0, wanted3 = 0, wanted_steps = 0;
    void *of_session = &context;
    REQUIRE(libmilter.filter.xxfi_negotiate(
                of_session, actions, steps, 0, 0, &libmilter.wanted_actions,
                &wanted_steps, &wanted2, &wanted3) == SMFIS_CONTINUE);
    REQUIRE((libmilter.wanted_actions & ~actions) == 0);
    REQUIRE(wanted2 == 0 && wanted3 == 0);
}

void libmilter_answer(sfsistat status, bool may_refuse)
{
    if (status == SMFIS_REJECT || status == SMFIS_TEMPFAIL) {
        REQUIRE(may_refuse);
        REQUIRE(libmilter.reply / 100 == (status == SMFIS_REJECT ? 5 : 4));
    } else {
        REQUIRE(status == SMFIS_CONTINUE || status == SMFIS_NOREPLY);
        REQUIRE(libmilter.reply == 0); /* it would be that of the next one */
    }
    libmilter.reply = 0;
}

void libmilter_end_of_message(bool is_it)
{
    libmilter.end_of_message = is_it;
}

int smfi_register(struct smfiDesc filter)
{
    libmilter.filter = filter;
    return MI_SUCCESS;
}

void *smfi_getpriv(SMFICTX *of_session)
{
    (void)of_session;
    return libmilter.session;
}

int smfi_setpriv(SMFICTX *of_session, void *session)
{
    (void)of_session;
    libmilter.session = session;
    return MI_SUCCESS;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libmilter's prototype */
int smfi_setsymlist(SMFICTX *of_session, int stage, char *macros)
{
    (void)of_session;
    REQUIRE(stage >= SMFIM_FIRST && stage <= SMFIM_LAST);
    REQUIRE(macros[0] != '\0');
    return MI_SUCCESS;
}

/* libmilter 8.17 reads beyond a macro packet with an odd number of strings
 * (see M19 of the fault tests): that is the library's own, and no packet comes
 * that far here. */
char *smfi_getsymval(SMFICTX *of_session, char *name)
{
    (void)of_session;
    for (size_t i = 0; i < libmilter.macro_count; i++)
        if (strcmp(libmilter.macros[i].name, name) == 0)
            return libmilter.macros[i].value;
    return NULL;
}

/* A single `%` throws the text away in sendmail. */
static void require_line(const char *line)
{
    REQUIRE(script_is_printable(span_of(line)));
    REQUIRE(line[0] != '\0' && (line[0] < '0' || line[0] > '9'));
    REQUIRE(strlen(line) <= TEXT_MOST);
    for (; *line != '\0'; line++)
        if (*line == '%')
            REQUIRE(*++line == '%');
}

int smfi_setmlreply(SMFICTX *of_session, const char *code, const char *status,
                    ...)
{
    va_list lines;
    size_t count = 0;
    (void)of_session;
    REQUIRE(strlen(code) == 3 && (code[0] == '4' || code[0] == '5'));
    REQUIRE(status[0] == code[0] && status[1] == '.');
    va_start(lines, status);
    for (const char *line; (line = va_arg(lines, const char *)) != NULL;) {
        require_line(line);
        count++;
    }
    va_end(lines);
    REQUIRE(count >= 1 && count <= REPLY_LINES_MOST);
    libmilter.reply =
        (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    return MI_SUCCESS;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): likewise */
int smfi_chgheader(SMFICTX *of_session, char *name, int index, char *value)
{
    (void)of_session;
    REQUIRE(libmilter.end_of_message);
    REQUIRE(strcmp(name, "Authentication-Results") == 0);
    REQUIRE(index >= 1 && value == NULL);
    return (libmilter.wanted_actions & SMFIF_CHGHDRS) != 0 ? MI_SUCCESS
                                                           : MI_FAILURE;
}

int smfi_insheader(SMFICTX *of_session, int index, char *name, char *value)
{
    (void)of_session;
    REQUIRE(libmilter.end_of_message);
    REQUIRE(index == 0 && strcmp(name, "Authentication-Results") == 0);
    require_authres_form(span_of(value), IDENTITY);
    return (libmilter.wanted_actions & SMFIF_ADDHDRS) != 0 ? MI_SUCCESS
                                                           : MI_FAILURE;
}
