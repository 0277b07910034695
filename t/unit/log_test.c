/* SPDX-License-Identifier: BSD-2-Clause */
/* log_test.c - what reaches stderr and syslog, and that a target which stands
 * still holds up nobody */
#define _GNU_SOURCE /* strptime */

#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

enum { CAPTURED_MOST = 1 << 20 };

/** All that was written to stderr, which is a pipe meanwhile. */
struct capture {
    int stderr_before, from, to;
    pthread_t reader;
    char *octets;
    size_t length;
};

static void capture_begin(struct capture *capture)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *capture = (struct capture){.from = ends[0], .to = ends[1]};
    capture->octets = malloc(CAPTURED_MOST + 1);
    assert_non_null(capture->octets);
    capture->stderr_before = dup(STDERR_FILENO);
    dup2(capture->to, STDERR_FILENO);
}

static void *read_all(void *argument)
{
    struct capture *capture = argument;
    ssize_t got = 1;
    while (got > 0 || (got < 0 && errno == EINTR)) {
        got = read(capture->from, capture->octets + capture->length,
                   CAPTURED_MOST - capture->length);
        if (got > 0)
            capture->length += (size_t)got;
    }
    capture->octets[capture->length] = '\0';
    return NULL;
}

/* Whoever writes is let go from now on. */
static void capture_read(struct capture *capture)
{
    assert_int_equal(pthread_create(&capture->reader, NULL, read_all, capture),
                     0);
}

static void capture_end(struct capture *capture)
{
    dup2(capture->stderr_before, STDERR_FILENO);
    close(capture->stderr_before);
    close(capture->to);
    pthread_join(capture->reader, NULL);
    close(capture->from);
}

/* Write X until nothing more goes into the pipe. */
static void fill(const struct capture *capture)
{
    char octets[4096];
    memset(octets, 'X', sizeof(octets));
    int flags = fcntl(capture->to, F_GETFL);
    fcntl(capture->to, F_SETFL, flags | O_NONBLOCK);
    while (write(capture->to, octets, sizeof(octets)) > 0)
        continue;
    while (write(capture->to, octets, 1) > 0)
        continue;
    fcntl(capture->to, F_SETFL, flags);
}

/* The system's syslog, in the place of the C library's: both the plain calls
 * and those that _FORTIFY_SOURCE makes of them. <syslog.h> is not included for
 * it may hold inline ones. */
static struct {
    char ident[16];
    int option, facility;
    char text[1 << 16]; /* `priority words`, a line each */
    size_t length;
    bool stands; /* say `reached`, wait for `goes` */
    sem_t reached, goes;
} system_log;

void openlog(const char *ident, int option, int facility);
void syslog(int priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void syslog_fortified(int priority, int flag, const char *format,
                      ...) __asm__("__syslog_chk")
    __attribute__((format(printf, 3, 4)));

void openlog(const char *ident, int option, int facility)
{
    snprintf(system_log.ident, sizeof(system_log.ident), "%s", ident);
    system_log.option = option;
    system_log.facility = facility;
}

static void system_log_begin(bool stands)
{
    memset(&system_log, 0, sizeof(system_log));
    system_log.stands = stands;
    sem_init(&system_log.reached, 0, 0);
    sem_init(&system_log.goes, 0, 0);
}

static void system_log_end(void)
{
    sem_destroy(&system_log.reached);
    sem_destroy(&system_log.goes);
}

static void await(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue;
}

static void take(int priority, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void take(int priority, const char *format, va_list arguments)
{
    if (system_log.stands) {
        sem_post(&system_log.reached);
        await(&system_log.goes);
    }
    char words[80];
    vsnprintf(words, sizeof(words), format, arguments);
    size_t room = sizeof(system_log.text) - system_log.length;
    int used = snprintf(system_log.text + system_log.length, room, "%d %s\n",
                        priority, words);
    system_log.length += (size_t)used;
}

void syslog(int priority, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    take(priority, format, arguments);
    va_end(arguments);
}

void syslog_fortified(int priority, int flag, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    take(priority, format, arguments);
    va_end(arguments);
}

/* Whether its socket is there, which a machine without one does not have. */
static atomic_bool absent;
static atomic_int looked;

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int access(const char *path, int mode)
{
    atomic_fetch_add(&looked, 1);
    return atomic_load(&absent) ? -1 : 0;
}

static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARNING,
                                        LOG_LEVEL_NOTICE, LOG_LEVEL_INFO,
                                        LOG_LEVEL_DEBUG};

static void log_every_level(void)
{
    for (size_t i = 0; i < LENGTH(levels); i++)
        log_line(levels[i], "level %zu", i);
}

/* Take the instant off a line: it is now, in UTC. */
static const char *skip_time(const char *line)
{
    struct tm then = {.tm_isdst = 0};
    const char *words = strptime(line, "%Y-%m-%dT%H:%M:%SZ ", &then);
    assert_non_null(words);
    assert_int_equal(words - line, strlen("2026-01-01T00:00:00Z "));
    time_t now = time(NULL);
    assert_in_range(timegm(&then), now - 60, now);
    return words;
}

static void test_before_open(void **state)
{
    struct capture capture;
    capture_begin(&capture);
    log_every_level();
    capture_read(&capture);
    capture_end(&capture);
    assert_string_equal(capture.octets,
                        "error: level 0\nwarning: level 1\nnotice: level 2\n");
    free(capture.octets);
}

static void test_levels(void **state)
{
    static const char *const names[] = {"error", "warning", "notice", "info",
                                        "debug"};
    for (size_t most = 0; most < LENGTH(levels); most++) {
        struct capture capture;
        capture_begin(&capture);
        assert_true(log_open(LOG_TO_STDERR, levels[most], "test"));
        for (size_t i = 0; i < LENGTH(levels); i++)
            assert_true(log_wants(levels[i]) == (i <= most));
        log_every_level();
        log_close();
        capture_read(&capture);
        capture_end(&capture);
        const char *line = capture.octets;
        for (size_t i = 0; i <= most; i++) {
            char want[32];
            int length =
                snprintf(want, sizeof(want), "%s: level %zu\n", names[i], i);
            line = skip_time(line);
            assert_memory_equal(line, want, (size_t)length);
            line += length;
        }
        assert_string_equal(line, "");
        free(capture.octets);
    }
    assert_true(log_wants(LOG_LEVEL_NOTICE));
    assert_false(log_wants(LOG_LEVEL_INFO));
}

/* Between log_close and log_open there is no other thread.
 * NOLINTBEGIN(concurrency-mt-unsafe) */
static void tell_journal(const char *stream)
{
    if (stream != NULL)
        setenv("JOURNAL_STREAM", stream, 1);
    else
        unsetenv("JOURNAL_STREAM");
}
/* NOLINTEND(concurrency-mt-unsafe) */

/* Where stderr is the journal's stream, but there alone. */
static void test_journal(void **state)
{
    static const char want[] =
        "<3>level 0\n<4>level 1\n<5>level 2\n<6>level 3\n<7>level 4\n";
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
        struct capture capture;
        capture_begin(&capture);
        struct stat status;
        fstat(capture.to, &status);
        char stream[48];
        snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
                 (uintmax_t)status.st_ino + (uintmax_t)elsewhere);
        tell_journal(stream);
        log_open(LOG_TO_STDERR, LOG_LEVEL_DEBUG, "test");
        log_every_level();
        log_close();
        tell_journal(NULL);
        capture_read(&capture);
        capture_end(&capture);
        if (elsewhere)
            assert_memory_equal(skip_time(capture.octets), "error: ", 7);
        else
            assert_string_equal(capture.octets, want);
        free(capture.octets);
    }
}

/* No octet ends a line or drives a terminal, whoever forgot to escape it; and
 * what is too long is cut. */
static void test_words(void **state)
{
    for (int octet = 1; octet < 256; octet++) {
        struct capture capture;
        capture_begin(&capture);
        log_line(LOG_LEVEL_ERROR, "a%cb", octet);
        capture_read(&capture);
        capture_end(&capture);
        char want[] = "error: a?b\n";
        if (octet >= ' ' && octet <= '~')
            want[8] = (char)octet;
        assert_string_equal(capture.octets, want);
        free(capture.octets);
    }
    static const struct {
        int length, kept;
        const char *end;
    } rows[] = {
        {0, 0, "\n"},
        {2047, 2047, "x\n"},
        {2048, 2047, "xx...\n"},
        {9000, 2047, "xx...\n"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct capture capture;
        capture_begin(&capture);
        char *words = malloc((size_t)rows[i].length + 1);
        memset(words, 'x', (size_t)rows[i].length);
        words[rows[i].length] = '\0';
        log_line(LOG_LEVEL_ERROR, "%s", words);
        capture_read(&capture);
        capture_end(&capture);
        size_t length = strlen("error: \n") + (size_t)rows[i].kept;
        assert_int_equal(capture.length, length);
        assert_string_equal(capture.octets + length - strlen(rows[i].end),
                            rows[i].end);
        free(words);
        free(capture.octets);
    }
}

static void test_syslog(void **state)
{
    system_log_begin(false);
    assert_true(log_open(LOG_TO_SYSLOG, LOG_LEVEL_DEBUG, "bonafided"));
    log_every_level();
    log_line(LOG_LEVEL_INFO, "%s", "100%s %n");
    log_close();
    assert_string_equal(system_log.text,
                        "3 level 0\n4 level 1\n5 level 2\n6 level 3\n"
                        "7 level 4\n6 100%s %n\n");
    assert_string_equal(system_log.ident, "bonafided");
    assert_int_equal(system_log.facility, 2 << 3); /* mail, RFC 5424 6.2.1 */
    assert_int_equal(system_log.option, 1);        /* with the process id */
    system_log_end();
}

/* A reload changes the target of what is logged from then on. */
static void test_reopen(void **state)
{
    system_log_begin(false);
    struct capture capture;
    capture_begin(&capture);
    capture_read(&capture);
    log_open(LOG_TO_SYSLOG, LOG_LEVEL_INFO, "test");
    log_open(LOG_TO_STDERR, LOG_LEVEL_NOTICE, "test");
    log_line(LOG_LEVEL_NOTICE, "one");
    log_line(LOG_LEVEL_INFO, "none");
    log_close();
    log_open(LOG_TO_SYSLOG, LOG_LEVEL_INFO, "test");
    log_line(LOG_LEVEL_INFO, "two");
    log_close();
    log_line(LOG_LEVEL_NOTICE, "three");
    capture_end(&capture);
    assert_string_equal(skip_time(capture.octets),
                        "notice: one\nnotice: three\n");
    assert_string_equal(system_log.text, "6 two\n");
    system_log_end();
    free(capture.octets);
}

/* The words of the next line, past its prefix; NULL after the last. */
static const char *next_words(char **rest)
{
    char *line = strsep(rest, "\n");
    if (line == NULL || *line == '\0')
        return NULL;
    char *words = strstr(line, ": ");
    assert_non_null(words);
    return words + 2;
}

/* A pipe that nobody reads: no line waits for it, and what was dropped is said
 * where it is missing, to the line. */
static void test_blocked(void **state)
{
    enum { LINES = 6000, QUEUE = 4096 };
    struct capture capture;
    capture_begin(&capture);
    fill(&capture);
    log_open(LOG_TO_STDERR, LOG_LEVEL_INFO, "test");
    for (int i = 0; i < LINES; i++)
        log_line(LOG_LEVEL_INFO, "%d", i);
    capture_read(&capture);
    log_close();
    capture_end(&capture);

    static const char said[] = "log: lines lost here, for nobody took them: ";
    char *rest = capture.octets + strspn(capture.octets, "X");
    long kept = 0, next = 0;
    for (const char *words; (words = next_words(&rest)) != NULL;) {
        if (*words == 'l') {
            assert_memory_equal(words, said, strlen(said));
            next += strtol(words + strlen(said), NULL, 10);
        } else {
            assert_int_equal(strtol(words, NULL, 10), next++);
            kept++;
        }
    }
    assert_int_equal(next, LINES);
    /* One more may have been in the writer's hands. */
    assert_in_range(kept, QUEUE, QUEUE + 1);
    free(capture.octets);
}

/* What is lost is said before the first line that found room again. */
static void test_gaps(void **state)
{
    enum { QUEUE = 4096 };
    system_log_begin(true);
    log_open(LOG_TO_SYSLOG, LOG_LEVEL_INFO, "test");
    log_line(LOG_LEVEL_INFO, "in hand");
    await(&system_log.reached);
    for (int i = 0; i < QUEUE + 3; i++)
        log_line(LOG_LEVEL_INFO, "%d", i);
    sem_post(&system_log.goes);
    await(&system_log.reached); /* 0 is in hand: there is room for one */
    log_line(LOG_LEVEL_INFO, "after");
    log_line(LOG_LEVEL_INFO, "too late");
    for (int i = 0; i < 2 * QUEUE; i++)
        sem_post(&system_log.goes);
    log_close();
    assert_memory_equal(system_log.text, "6 in hand\n6 0\n6 1\n", 18);
    assert_string_equal(strstr(system_log.text, "6 4094\n"),
                        "6 4094\n6 4095\n"
                        "4 log: lines lost here, for nobody took them: 3\n"
                        "6 after\n"
                        "4 log: lines lost here, for nobody took them: 1\n");
    system_log_end();
}

/* P15: a syslog that stands still holds up neither lines nor, beyond two
 * seconds, the end; and when it goes on, so does the log. */
static void test_standing_syslog(void **state)
{
    system_log_begin(true);
    log_open(LOG_TO_SYSLOG, LOG_LEVEL_INFO, "test");
    log_line(LOG_LEVEL_INFO, "one");
    log_line(LOG_LEVEL_INFO, "two");
    instant before = clock_now(&clock_system);
    log_close();
    instant took = clock_now(&clock_system) - before;
    assert_in_range(took, 1900000, 10000000);
    log_line(LOG_LEVEL_ERROR, "dropped");
    log_open(LOG_TO_SYSLOG, LOG_LEVEL_INFO, "test");
    log_line(LOG_LEVEL_INFO, "three");
    for (int i = 0; i < 8; i++)
        sem_post(&system_log.goes);
    log_close();
    assert_string_equal(system_log.text,
                        "6 one\n"
                        "4 log: lines lost here, for nobody took them: 1\n"
                        "6 three\n");
    system_log_end();
}

/* P15: lines that no syslog is there for are counted, and said with the first
 * one that is taken again. */
static void test_absent_syslog(void **state)
{
    const struct timespec pause = {0, 1000000};
    system_log_begin(false);
    atomic_store(&absent, true);
    atomic_store(&looked, 0);
    log_open(LOG_TO_SYSLOG, LOG_LEVEL_INFO, "test");
    log_line(LOG_LEVEL_INFO, "one");
    log_line(LOG_LEVEL_INFO, "two");
    while (atomic_load(&looked) < 2)
        nanosleep(&pause, NULL);
    nanosleep(&pause, NULL);
    assert_int_equal(atomic_load(&looked), 2); /* and no more by itself */
    atomic_store(&absent, false);
    log_line(LOG_LEVEL_INFO, "three");
    log_line(LOG_LEVEL_INFO, "four");
    log_close();
    assert_string_equal(system_log.text,
                        "4 log: lines lost here, for nobody took them: 2\n"
                        "6 three\n6 four\n");
    system_log_end();
}

int main(void)
{
    /* Otherwise the journal of whoever runs this might be ours. */
    tell_journal(NULL);
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_open),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_syslog),
        cmocka_unit_test(test_reopen),
        cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_standing_syslog),
        cmocka_unit_test(test_absent_syslog),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
