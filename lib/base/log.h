/* SPDX-License-Identifier: BSD-2-Clause */
/* log.h - the one log sink: lines to syslog or stderr, written by a thread of
 * its own so that a blocked syslog never holds up a session */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level {
    LOG_LEVEL_ERROR,   /* our own fault: memory, descriptors, disk, system */
    LOG_LEVEL_WARNING, /* ours to look at: configuration, limits reached */
    LOG_LEVEL_NOTICE,  /* start, stop, reload; theirs at its worst */
    LOG_LEVEL_INFO,    /* one line a verdict */
    LOG_LEVEL_DEBUG    /* one line a finding */
};

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

/** Octets of a line, without its newline; what is longer is cut. */
#define LOG_LINE_MOST 2047

/**
 * Open the log, or change target and level of the open one (reload). Before the
 * first call, lines go to stderr at level notice, at once. Lines on stderr
 * begin with the UTC time and the level; where the journal reads them
 * (JOURNAL_STREAM) with the level in its form, `<N>`; before the first call
 * with the level alone.
 * @param ident  the program's name, kept by reference
 * @return false when the writer's thread cannot be made; lines are then
 *         written by the caller's thread
 */
bool log_open(enum log_target target, enum log_level level, const char *ident);

/** Say whether a line of this level would be written. Any thread. */
bool log_wants(enum log_level level);

/**
 * Queue one line, of at most LOG_LINE_MOST octets. Every outside value in it
 * must have passed text_add_pair or text_add_outside; should one not have, its
 * octets beyond printable ASCII become `?`. Never blocks: when the bounded
 * queue is full the line is dropped, and the number of dropped lines is said
 * when there is room again. Any thread; may be called under a lock.
 */
void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Write what is queued (for at most two seconds) and stop the writer; then all
 * is as before the first log_open, except that lines are dropped as long as a
 * blocked target still holds the writer. */
void log_close(void);

#endif
