/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c - the queue of lines, the thread that writes them, and the two places
 * where they go */
#include "base/log.h"

#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/** Lines that wait. With a verdict of 500 octets each this is two megabytes,
 * and on a busy host some seconds of a syslog that stands still. */
#define LINES_MOST 4096

/** A line and its terminator. */
#define LINE_SIZE (LOG_LINE_MOST + 1)

/** What comes before it on stderr: an instant, a level, punctuation. */
#define PREFIX_SIZE 64

#define CLOSE_S 2

#define ELLIPSIS "..."

/** Where syslog(3) writes; it does not tell when nobody is there. */
#ifdef _PATH_LOG
# define SYSLOG_SOCKET _PATH_LOG
#else
# define SYSLOG_SOCKET "/dev/log"
#endif

struct line {
    struct line *next;
    int64_t wall;
    unsigned long lost; /* lines dropped right before it */
    enum log_level level;
    char words[];
};

/** Where lines go. */
struct output {
    enum log_target target;
    const char *ident; /* NULL before log_open */
};

enum writer {
    WRITER_NONE,
    WRITER_RUNS,
    WRITER_STOPS /* takes nothing more; may be held up by what it writes to */
};

static atomic_int level_most = LOG_LEVEL_NOTICE;

static struct {
    pthread_once_t prepared;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t filled, ended;
    struct output output;
    enum writer writer;
    struct line *first, **last;
    size_t count;
    unsigned long lost;   /* since the last line in the queue */
    unsigned long untold; /* that the writer has not been able to say */
} sink = {
    .prepared = PTHREAD_ONCE_INIT,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .filled = PTHREAD_COND_INITIALIZER,
    .last = &sink.first,
};

/* The wait of log_close must not follow the wall clock. */
static void prepare(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sink.ended, &attributes);
    pthread_condattr_destroy(&attributes);
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_NOTICE:
        return "notice";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        return "debug";
    }
    return "unknown";
}

static int syslog_priority(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return LOG_ERR;
    case LOG_LEVEL_WARNING:
        return LOG_WARNING;
    case LOG_LEVEL_NOTICE:
        return LOG_NOTICE;
    case LOG_LEVEL_INFO:
        return LOG_INFO;
    case LOG_LEVEL_DEBUG:
        return LOG_DEBUG;
    }
    return LOG_ERR;
}

/* systemd tells the journal's socket by its device and inode, so that a stderr
 * that was sent elsewhere is not mistaken for it (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment */
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
        return false;
    char ours[48];
    snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)status.st_dev,
             (uintmax_t)status.st_ino);
    return strcmp(stream, ours) == 0;
}

static void add_time(struct text *text, int64_t wall)
{
    char iso[32];
    time_t seconds = (time_t)wall;
    struct tm utc;
    if (gmtime_r(&seconds, &utc) != NULL &&
        strftime(iso, sizeof(iso), "%Y-%m-%dT%H:%M:%SZ ", &utc) > 0)
        text_add(text, iso);
}

/* The journal has the time and takes the level from <N>; before log_open the
 * reader sits in front of it; any other reader wants to know when. */
static void add_prefix(struct text *text, const struct output *output,
                       enum log_level level, int64_t wall)
{
    if (stderr_is_journal()) {
        text_addf(text, "<%d>", syslog_priority(level));
        return;
    }
    if (output->ident != NULL)
        add_time(text, wall);
    text_addf(text, "%s: ", level_name(level));
}

/* One write for the whole line, so that lines of several processes do not mix.
 * What cannot be written has nowhere else to go. */
static void put_stderr(const struct output *output, enum log_level level,
                       int64_t wall, const char *words)
{
    char buffer[PREFIX_SIZE + LINE_SIZE];
    struct text text;
    text_begin(&text, buffer, sizeof(buffer));
    add_prefix(&text, output, level, wall);
    text_add(&text, words);
    text_add(&text, "\n");
    while (write(STDERR_FILENO, buffer, text.length) < 0 && errno == EINTR)
        continue;
}

/* False: nobody takes it. */
static bool put(const struct output *output, enum log_level level, int64_t wall,
                const char *words)
{
    switch (output->target) {
    case LOG_TO_STDERR:
        put_stderr(output, level, wall, words);
        break;
    case LOG_TO_SYSLOG:
        if (access(SYSLOG_SOCKET, F_OK) != 0)
            return false;
        /* Here and not in log_open, for it waits for a syslog() that is under
         * way. It only sets the tag. */
        openlog(output->ident, LOG_PID, LOG_MAIL);
        syslog(syslog_priority(level), "%s", words);
        break;
    }
    return true;
}

static bool put_lost(const struct output *output, unsigned long lost)
{
    char words[80];
    snprintf(words, sizeof(words),
             "log: lines lost here, for nobody took them: %lu", lost);
    return put(output, LOG_LEVEL_WARNING, clock_wall(&clock_system), words);
}

static struct line *new_line(enum log_level level, const char *words)
{
    size_t size = strlen(words) + 1;
    struct line *line = malloc(sizeof(*line) + size);
    if (line == NULL)
        return NULL;
    *line = (struct line){.wall = clock_wall(&clock_system), .level = level};
    memcpy(line->words, words, size);
    return line;
}

/* Under the lock. */
static void queue(enum log_level level, const char *words)
{
    struct line *line = NULL;
    if (sink.writer == WRITER_RUNS && sink.count < LINES_MOST)
        line = new_line(level, words);
    if (line == NULL) {
        sink.lost++;
    } else {
        line->lost = sink.lost;
        sink.lost = 0;
        *sink.last = line;
        sink.last = &line->next;
        sink.count++;
    }
    pthread_cond_signal(&sink.filled);
}

/* Under the lock. NULL when the queue is empty. */
static struct line *take(void)
{
    struct line *line = sink.first;
    if (line == NULL)
        return NULL;
    sink.first = line->next;
    if (sink.first == NULL)
        sink.last = &sink.first;
    sink.count--;
    return line;
}

/* Write a line, or none if NULL, and that so many were lost before it; how many
 * are lost now. */
static unsigned long write_line(const struct output *output, unsigned long lost,
                                const struct line *line)
{
    if (lost > 0 && !put_lost(output, lost))
        return lost + (line != NULL);
    if (line == NULL || put(output, line->level, line->wall, line->words))
        return 0;
    return 1;
}

/* Write one line and what was lost before it; or, the queue being empty, what
 * was lost since. What nobody takes is said with the next line, whenever that
 * comes. Under the lock, which is let go meanwhile. */
static void write_next(void)
{
    struct output output = sink.output;
    struct line *line = take();
    unsigned long lost = sink.untold + (line == NULL ? sink.lost : line->lost);
    if (line == NULL)
        sink.lost = 0;
    pthread_mutex_unlock(&sink.lock);
    lost = write_line(&output, lost, line);
    free(line);
    pthread_mutex_lock(&sink.lock);
    sink.untold = lost;
}

static void *run_writer(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&sink.lock);
    for (;;) {
        if (sink.first != NULL || sink.lost > 0)
            write_next();
        else if (sink.writer == WRITER_RUNS)
            pthread_cond_wait(&sink.filled, &sink.lock);
        else
            break;
    }
    sink.writer = WRITER_NONE;
    pthread_cond_broadcast(&sink.ended);
    pthread_mutex_unlock(&sink.lock);
    return NULL;
}

/* Under the lock. One that was given up by log_close goes on. */
static bool start_writer(void)
{
    pthread_t thread;
    if (sink.writer == WRITER_NONE) {
        if (!thread_start(&thread, run_writer, NULL))
            return false;
        pthread_detach(thread);
    }
    sink.writer = WRITER_RUNS;
    return true;
}

bool log_open(enum log_target target, enum log_level level, const char *ident)
{
    pthread_once(&sink.prepared, prepare);
    atomic_store(&level_most, (int)level);
    pthread_mutex_lock(&sink.lock);
    sink.output = (struct output){target, ident};
    bool started = start_writer();
    pthread_mutex_unlock(&sink.lock);
    return started;
}

bool log_wants(enum log_level level)
{
    return (int)level <= atomic_load(&level_most);
}

/* The last guard: who forgot to escape shall not write a second line. */
static void make_harmless(char *words)
{
    for (; *words != '\0'; words++)
        if (*words < ' ' || *words > '~')
            *words = '?';
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_wants(level))
        return;
    char words[LINE_SIZE];
    struct text text;
    text_begin(&text, words, sizeof(words));
    va_list arguments;
    va_start(arguments, format);
    text_vaddf(&text, format, arguments);
    va_end(arguments);
    if (text.cut)
        memcpy(words + sizeof(words) - sizeof(ELLIPSIS), ELLIPSIS,
               sizeof(ELLIPSIS));
    make_harmless(words);

    pthread_mutex_lock(&sink.lock);
    struct output output = sink.output;
    bool direct = sink.writer == WRITER_NONE;
    if (!direct)
        queue(level, words);
    pthread_mutex_unlock(&sink.lock);
    if (direct)
        (void)put(&output, level, clock_wall(&clock_system), words);
}

/* Under the lock: until the writer has ended, or the time is over. */
static void await_writer(void)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += CLOSE_S;
    int result = 0;
    while (sink.writer != WRITER_NONE && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&sink.ended, &sink.lock, &until);
}

void log_close(void)
{
    pthread_mutex_lock(&sink.lock);
    if (sink.writer == WRITER_RUNS) {
        sink.writer = WRITER_STOPS;
        pthread_cond_signal(&sink.filled);
        await_writer();
    }
    for (struct line *line = take(); line != NULL; line = take())
        free(line);
    sink.lost = sink.untold = 0;
    sink.output = (struct output){LOG_TO_STDERR, NULL};
    pthread_mutex_unlock(&sink.lock);
    atomic_store(&level_most, LOG_LEVEL_NOTICE);
}
