/* SPDX-License-Identifier: BSD-2-Clause */
/* reading.c - errors and warnings of one file, in its order */
#include "policy/reading.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_SIZE 1024

struct reading_note {
    struct mark at;
    size_t index; /* the order of finding, for notes about one place */
    struct complaint complaint;
};

static void note(struct reading *reading, struct mark at, bool warning,
                 const char *message)
{
    struct reading_note *more =
        realloc(reading->notes, (reading->count + 1) * sizeof(*reading->notes));
    char *text = strdup(message);

    if (more != NULL)
        reading->notes = more;
    if (more == NULL || text == NULL) {
        free(text);
        reading->failed = true;
        return;
    }
    more[reading->count] = (struct reading_note){
        .at = at, .index = reading->count, .complaint = {warning, text}};
    reading->count++;
}

static void note_formatted(struct reading *reading, struct mark at,
                           bool warning, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static void note_formatted(struct reading *reading, struct mark at,
                           bool warning, const char *format, va_list arguments)
{
    char words[MESSAGE_SIZE], message[MESSAGE_SIZE];
    struct text text;

    vsnprintf(words, sizeof(words), format, arguments);
    text_begin(&text, message, sizeof(message));
    text_add_outside(&text, span_of(reading->file));
    if (at.line > 0 && at.line < SIZE_MAX)
        text_addf(&text, ":%zu:%zu", at.line, at.column);
    text_add(&text, warning ? ": warning: " : ": ");
    text_add_outside(&text, span_of(words));
    note(reading, at, warning, message);
}

void reading_error(struct reading *reading, struct mark at, const char *format,
                   ...)
{
    static const char more[] = "there is more; first mend what is said here";
    va_list arguments;

    reading->failed = true;
    reading->too_early = false;
    if (reading->count >= READING_COMPLAINTS_MOST)
        return;
    if (reading->count == READING_COMPLAINTS_MOST - 1) {
        format = more;
        at = (struct mark){SIZE_MAX, 0}; /* behind all others */
    }
    va_start(arguments, format);
    note_formatted(reading, at, false, format, arguments);
    va_end(arguments);
}

void reading_too_early(struct reading *reading, const char *format, ...)
{
    bool only = !reading->failed;
    va_list arguments;

    reading->failed = true;
    reading->too_early = only;
    va_start(arguments, format);
    note_formatted(reading, (struct mark){0, 0}, false, format, arguments);
    va_end(arguments);
}

void reading_warning(struct reading *reading, struct mark at,
                     const char *format, ...)
{
    va_list arguments;

    if (reading->count >= READING_COMPLAINTS_MOST / 2)
        return; /* what is left is for errors */
    va_start(arguments, format);
    note_formatted(reading, at, true, format, arguments);
    va_end(arguments);
}

void reading_no_memory(struct reading *reading)
{
    if (!reading->no_memory)
        reading_error(reading, (struct mark){0, 0},
                      "memory ended while it was read");
    reading->no_memory = true;
}

static int compare(const void *a, const void *b)
{
    const struct reading_note *left = a, *right = b;

    if (left->at.line != right->at.line)
        return left->at.line < right->at.line ? -1 : 1;
    if (left->at.column != right->at.column)
        return left->at.column < right->at.column ? -1 : 1;
    return left->index < right->index ? -1 : 1;
}

void reading_finish(struct reading *reading, struct complaints *complaints)
{
    *complaints = (struct complaints){.unreadable = reading->unreadable,
                                      .too_early = reading->too_early};
    if (reading->count == 0)
        return;
    qsort(reading->notes, reading->count, sizeof(*reading->notes), compare);
    complaints->at = calloc(reading->count, sizeof(*complaints->at));
    for (size_t i = 0; i < reading->count; i++) {
        if (complaints->at != NULL)
            complaints->at[complaints->count++] = reading->notes[i].complaint;
        else
            free(reading->notes[i].complaint.text);
    }
    free(reading->notes);
    reading->notes = NULL;
    reading->count = 0;
}
