/* SPDX-License-Identifier: BSD-2-Clause */
/* reading.h - one file being read: what is wrong with it is noted as it is
 * found, and handed over in the file's order */
#ifndef POLICY_READING_H
#define POLICY_READING_H

#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>

#define READING_COMPLAINTS_MOST 100 /* a file worse than that is not read */

/** A place in the file, both counted from 1; line 0: the file as a whole. */
struct mark {
    size_t line, column;
};

struct reading_note;

struct reading {
    const char *file;
    struct reading_note *notes;
    size_t count;
    bool failed;     /* an error was noted, or memory ended */
    bool no_memory;  /* it ended, and that is noted */
    bool unreadable; /* the system does not give the file, and that is noted */
    bool too_early;  /* the only error is one of reading_too_early */
};

/** Note an error, or a warning; octets that are not printable ASCII are
 * escaped. */
void reading_error(struct reading *reading, struct mark at, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));
void reading_warning(struct reading *reading, struct mark at,
                     const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Note an error that is none of the file's: the system cannot yet give what
 * the file leaves out. */
void reading_too_early(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Memory ended: said once, whatever else is found. */
void reading_no_memory(struct reading *reading);

/** Hand the notes over, the first line first, and forget them. */
void reading_finish(struct reading *reading, struct complaints *complaints);

#endif
