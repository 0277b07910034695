/* SPDX-License-Identifier: BSD-2-Clause */
/* session_log.h - the verdicts' lines, for tests that read them: linked with
 * --wrap=log_line,--wrap=log_wants all that is logged passes through here, from
 * whatever thread, and goes nowhere else */
#ifndef UNIT_SESSION_LOG_H
#define UNIT_SESSION_LOG_H

#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOG_LINES_MOST 2000
#define LOG_LINE_SIZE  1600

static struct {
    pthread_mutex_t lock;
    size_t count;
    char line[LOG_LINES_MOST][LOG_LINE_SIZE];
} logged = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming) */
void __wrap_log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool __wrap_log_wants(enum log_level level);

void __wrap_log_line(enum log_level level, const char *format, ...)
{
    char line[LOG_LINE_SIZE];
    va_list arguments;

    (void)level;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (strncmp(line, "verdict=", 8) != 0)
        return;
    pthread_mutex_lock(&logged.lock);
    if (logged.count < LOG_LINES_MOST)
        memcpy(logged.line[logged.count++], line, sizeof(line));
    pthread_mutex_unlock(&logged.lock);
}

bool __wrap_log_wants(enum log_level level)
{
    return level <= LOG_LEVEL_INFO;
}
/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

static inline size_t log_count(void)
{
    pthread_mutex_lock(&logged.lock);
    size_t count = logged.count;
    pthread_mutex_unlock(&logged.lock);
    return count;
}

/** A line below log_count; it stays until log_forget. */
static inline const char *log_at(size_t index)
{
    return logged.line[index];
}

static inline void log_forget(void)
{
    pthread_mutex_lock(&logged.lock);
    logged.count = 0;
    pthread_mutex_unlock(&logged.lock);
}

#endif
