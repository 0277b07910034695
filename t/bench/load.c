/* SPDX-License-Identifier: BSD-2-Clause */
/* load.c - drives a milter as a mail server does, over several connections at
 * once, and tells how long each answer took and what CPU a session cost
 *
 *   load [-n SESSIONS] [-t SECONDS] [-b RATE] [-a RAMP_MS] [-c CONNECTIONS]
 *        [-k IDENTITIES] [-o FIRST] [-1] [-x EVERY] [-g GAP_MS] [-p PID]
 *        [-s DOMAIN] [-h DOMAIN] [-m MESSAGES] [-r RECIPIENTS] [-w SETTLE_MS]
 *        PATH
 *
 *   -n  sessions in all (1000)
 *   -t  seconds after which no session begins any more; 0, the default, for no
 *       such limit
 *   -b  sessions that begin in a second, whether those before are over or not,
 *       as long as there are connections; 0, the default, for one after the
 *       other on each connection
 *   -c  connections at once (8); a session is a connection
 *   -k  identities that the sessions take in turn (64): each has a client
 *       address, a HELO name and a sender of its own
 *   -o  the first of these identities (0)
 *   -x  one session in so many greets with a word that is no host name, so that
 *       the filter may refuse it; 0, the default, for none
 *   -g  milliseconds between two steps of a session (0), as SMTP clients that
 *       are a network away leave
 *   -p  the process whose CPU time is told; 0, the default, for none
 *   -s  below which the identities' senders have a domain each
 *       (sender.example)
 *   -m  messages of a session (1)
 *   -r  recipients of a message (1)
 *   -w  milliseconds after the last session in which what it began is still
 *       counted as its CPU time (300)
 *   -h  below which their HELO names are (client.example)
 *   -1  all come from the first identity's client address
 *   -a  milliseconds over which the first sessions begin one by one (0)
 *   PATH is the milter's unix socket; it is waited for up to 10 s.
 *
 * Prints, one a line: `negotiated`, what the filter asked for; `sessions`, how
 * many there were; `answers`, by kind; `STEP`, with the median, the 99th
 * percentile and the longest time in microseconds from sending a step to its
 * reply; `verdict`, the same from CONNECT to the first reply to RCPT, and
 * `times`, these one by one, the first thousand of them; `rate`, sessions and
 * messages a second; `cpu`, microseconds a session. Exits with 1 when a reply
 * was lost.
 */
#include "bench.h"
#include "mta.h"

#include <errno.h>
#include <libmilter/mfdef.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MOST 4000
#define SESSIONS_MOST    1000000
#define IDENTITIES_MOST  16000000
#define RATE_MOST        10000
#define SECONDS_MOST     86400
#define GAP_MOST_MS      1000
#define RAMP_MOST_MS     60000
#define TIMES_MOST       1000
#define MESSAGES_MOST    1000
#define RECIPIENTS_MOST  1000
#define SETTLE_MOST_MS   60000
#define START_US         10000000 /* for the socket to be there */
#define REPLY_US         15000000 /* no reply after that: it is lost */
#define US_PER_MS        1000
#define US_PER_S         1000000
#define NS_PER_US        1e3
#define NS_PER_MS        1000000
#define MS_PER_S         1000

struct options {
    uint32_t sessions, seconds, rate, connections, identities, gap_ms, ramp_ms;
    uint32_t settle_ms, one_in, pid; /* the last two, 0: none */
    struct mta_script script;
    const char *path;
};

/** The times of one step's answers, in microseconds. */
struct samples {
    uint32_t *us;
    size_t count;
};

struct connection {
    int fd;        /* -1: none is open */
    int64_t since; /* when the step was sent */
    int64_t begun; /* when CONNECT was */
    int64_t due;   /* the next step while none is awaited, else the reply; while
                      none is open, the next session */
    struct mta mta;
};

struct load {
    struct options options;
    int64_t since; /* when the first session was to begin */
    uint32_t begun, ended, lost;
    uint32_t answers[UINT8_MAX + 1]; /* by SMFIR_ */
    uint32_t actions, protocol;
    struct samples samples[MTA_STEPS], verdicts;
    struct connection *connections;
    struct pollfd *polled;
};

static int connect_to(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof to.sun_path)
        bench_fail("the socket's path is too long", 0);
    memcpy(to.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        bench_fail("socket", errno);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static void wait_for_filter(const char *path)
{
    const struct timespec pause = {0, 20000000};
    const int64_t until = bench_now_us() + START_US;
    int fd;

    while ((fd = connect_to(path)) < 0) {
        if (bench_now_us() > until)
            bench_fail("nobody serves the socket", errno);
        nanosleep(&pause, NULL);
    }
    close(fd);
}

static void end_session(struct load *load, struct connection *connection,
                        bool lost)
{
    close(connection->fd);
    connection->fd = -1;
    connection->due = 0;
    load->ended++;
    load->lost += lost;
}

/* Without MSG_DONTWAIT: a step is far smaller than a socket's buffer. */
static void send_step(struct load *load, struct connection *connection)
{
    struct mta *mta = &connection->mta;
    const size_t length = mta_next(mta);

    connection->since = bench_now_us();
    if (send(connection->fd, mta->out, length, MSG_NOSIGNAL) !=
        (ssize_t)length) {
        end_session(load, connection, true);
        return;
    }
    if (mta->over)
        end_session(load, connection, false);
    else
        connection->due = connection->since + REPLY_US;
}

static void begin_session(struct load *load, struct connection *connection)
{
    const struct options *options = &load->options;

    connection->fd = connect_to(options->path);
    if (connection->fd < 0)
        bench_fail("connect", errno);
    load->begun++;
    mta_begin(&connection->mta,
              options->script.first + (load->begun - 1) % options->identities,
              &options->script);
    connection->mta.greets_with_word =
        options->one_in > 0 && load->begun % options->one_in == 0;
    send_step(load, connection);
}

static void note_answer(struct load *load, struct connection *connection)
{
    const int64_t now = bench_now_us();
    const struct mta *mta = &connection->mta;
    struct samples *samples = &load->samples[mta->step];

    samples->us[samples->count++] = (uint32_t)(now - connection->since);
    if (mta->step == MTA_NEGOTIATE)
        connection->begun = now;
    if (mta->step == MTA_RCPT && mta->messages == 1 && mta->recipients == 1)
        load->verdicts.us[load->verdicts.count++] =
            (uint32_t)(now - connection->begun);
    load->answers[(unsigned char)mta->answer]++;
    if (mta->step == MTA_NEGOTIATE) {
        load->actions = mta->actions;
        load->protocol = mta->protocol;
        connection->due = now;
    } else {
        connection->due = now + (int64_t)load->options.gap_ms * US_PER_MS;
    }
}

static void receive(struct load *load, struct connection *connection)
{
    struct mta *mta = &connection->mta;
    unsigned char octets[MTA_IN_SIZE];
    const ssize_t length = recv(connection->fd, octets,
                                sizeof octets - mta->in_length, MSG_DONTWAIT);

    if (length < 0 && errno == EAGAIN)
        return;
    if (length <= 0) {
        end_session(load, connection, true);
        return;
    }
    switch (mta_take(mta, octets, (size_t)length)) {
    case MTA_INCOMPLETE:
        break;
    case MTA_ANSWERED:
        note_answer(load, connection);
        break;
    case MTA_BROKEN:
        end_session(load, connection, true);
        break;
    }
}

/* When the next session begins if a connection is free: INT64_MAX, none will
 * any more. */
static int64_t next_begin(const struct load *load)
{
    const struct options *options = &load->options;
    const int64_t end = options->seconds > 0
                            ? load->since + (int64_t)options->seconds * US_PER_S
                            : INT64_MAX;
    int64_t at = load->since;

    if (options->rate > 0)
        at += (int64_t)load->begun * US_PER_S / options->rate;
    if (load->begun == options->sessions || at >= end || bench_now_us() >= end)
        return INT64_MAX;
    return at;
}

/* The same for a connection that is free. */
static int64_t begins_at(const struct load *load,
                         const struct connection *connection)
{
    const int64_t at = next_begin(load);

    return at > connection->due ? at : connection->due;
}

/* Begin what may begin, send what is due; the time until more is. */
static int advance(struct load *load)
{
    int64_t next = bench_now_us() + REPLY_US;

    for (uint32_t i = 0; i < load->options.connections; i++) {
        struct connection *connection = &load->connections[i];

        if (connection->fd < 0 && begins_at(load, connection) <= bench_now_us())
            begin_session(load, connection);
        while (connection->fd >= 0 && connection->due <= bench_now_us()) {
            if (connection->mta.awaits)
                end_session(load, connection, true);
            else
                send_step(load, connection);
        }
        load->polled[i].fd = connection->fd;
        load->polled[i].events = POLLIN;
        const int64_t due =
            connection->fd >= 0 ? connection->due : begins_at(load, connection);
        if (due < next)
            next = due;
    }
    next -= bench_now_us();
    return next > 0 ? (int)((next + US_PER_MS - 1) / US_PER_MS) : 0;
}

static void run(struct load *load)
{
    const uint32_t connections = load->options.connections;

    for (;;) {
        const int wait_ms = advance(load);

        if (load->ended == load->begun && next_begin(load) == INT64_MAX)
            return;
        if (poll(load->polled, connections, wait_ms) < 0 && errno != EINTR)
            bench_fail("poll", errno);
        for (uint32_t i = 0; i < connections; i++)
            if (load->connections[i].fd >= 0 && load->polled[i].revents)
                receive(load, &load->connections[i]);
    }
}

static int by_size(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

static void print_samples(const char *name, struct samples *samples)
{
    const size_t count = samples->count;

    if (count == 0)
        return;
    qsort(samples->us, count, sizeof *samples->us, by_size);
    printf("%-10s median %6u  p99 %6u  max %6u us  (%zu replies)\n", name,
           samples->us[count / 2], samples->us[count * 99 / 100],
           samples->us[count - 1], count);
}

static void print(struct load *load)
{
    const uint32_t *answers = load->answers;

    printf("negotiated actions 0x%x protocol 0x%x\n", load->actions,
           load->protocol);
    printf("sessions   %u\n", load->begun);
    printf("answers    continue %u  reject %u  tempfail %u  other %u  lost "
           "%u\n",
           answers[SMFIR_CONTINUE],
           answers[SMFIR_REJECT] + answers[SMFIR_REPLYCODE],
           answers[SMFIR_TEMPFAIL], answers[SMFIR_ACCEPT], load->lost);
    for (enum mta_step step = 0; step < MTA_STEPS; step++)
        print_samples(mta_step_name(step), &load->samples[step]);
    print_samples("verdict", &load->verdicts);
    printf("times     ");
    for (size_t i = 0; i < load->verdicts.count && i < TIMES_MOST; i++)
        printf(" %u", load->verdicts.us[i]);
    printf("\n");
}

/* Of all threads, those that have ended too. */
static double cpu_us_of(uint32_t pid)
{
    struct timespec used;
    clockid_t clock;
    int code;

    if (pid == 0)
        return 0;
    code = clock_getcpuclockid((pid_t)pid, &clock);
    if (code || clock_gettime(clock, &used) != 0)
        bench_fail("the process's CPU time", code ? code : errno);
    return (double)used.tv_sec * US_PER_S + (double)used.tv_nsec / NS_PER_US;
}

static void measure(struct load *load)
{
    const struct options *options = &load->options;
    const struct timespec settle = {options->settle_ms / MS_PER_S,
                                    (long)(options->settle_ms % MS_PER_S) *
                                        NS_PER_MS};
    const double cpu = cpu_us_of(load->options.pid);
    const int64_t begun = bench_now_us();
    double seconds;

    load->since = begun;
    run(load);
    seconds = (double)(bench_now_us() - begun) / US_PER_S;
    nanosleep(&settle, NULL);
    print(load);
    printf("rate       %.0f sessions/s  %.1f messages/s\n",
           load->begun / seconds,
           load->begun / seconds * options->script.messages);
    if (load->options.pid)
        printf("cpu        %.1f us/session\n",
               (cpu_us_of(load->options.pid) - cpu) / load->begun);
}

static const char usage[] =
    "usage: load [-n SESSIONS] [-t SECONDS] [-b RATE] [-a RAMP_MS]\n"
    "            [-c CONNECTIONS] [-k IDENTITIES] [-o FIRST] [-1] [-x EVERY]\n"
    "            [-g GAP_MS] [-p PID] [-s DOMAIN] [-h DOMAIN] [-m MESSAGES]\n"
    "            [-r RECIPIENTS] [-w SETTLE_MS] PATH     (no count being 0)";

/* Where the number of an option goes, and the most that it may be; NULL: there
 * is no such option. */
static uint32_t *place_of(struct options *options, char option, uint32_t *most)
{
    const struct {
        char option;
        uint32_t *place, most;
    } all[] = {
        {'n', &options->sessions, SESSIONS_MOST},
        {'t', &options->seconds, SECONDS_MOST},
        {'b', &options->rate, RATE_MOST},
        {'c', &options->connections, CONNECTIONS_MOST},
        {'k', &options->identities, IDENTITIES_MOST},
        {'o', &options->script.first, IDENTITIES_MOST},
        {'a', &options->ramp_ms, RAMP_MOST_MS},
        {'x', &options->one_in, SESSIONS_MOST},
        {'g', &options->gap_ms, GAP_MOST_MS},
        {'p', &options->pid, INT32_MAX},
        {'m', &options->script.messages, MESSAGES_MOST},
        {'r', &options->script.recipients, RECIPIENTS_MOST},
        {'w', &options->settle_ms, SETTLE_MOST_MS},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].option == option) {
            *most = all[i].most;
            return all[i].place;
        }
    return NULL;
}

static struct options read_options(int argc, char **argv)
{
    struct options options = {.sessions = 1000,
                              .connections = 8,
                              .identities = 64,
                              .settle_ms = 300,
                              .script = {.senders = "sender.example",
                                         .messages = 1,
                                         .recipients = 1,
                                         .clients = "client.example"}};
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    while ((option = getopt(argc, argv, "n:t:b:a:c:k:o:1x:g:p:s:h:m:r:w:")) !=
           -1) {
        uint32_t most = 0;
        uint32_t *place = place_of(&options, (char)option, &most);

        if (option == 's')
            options.script.senders = optarg;
        else if (option == 'h')
            options.script.clients = optarg;
        else if (option == '1')
            options.script.one_client = true;
        else if (place)
            *place = bench_number((char)option, optarg, most);
        else
            bench_fail(usage, 0);
    }
    if (optind != argc - 1 || options.sessions == 0 ||
        options.connections == 0 || options.identities == 0 ||
        options.script.messages == 0 || options.script.recipients == 0)
        bench_fail(usage, 0);
    options.path = argv[optind];
    return options;
}

/* The first sessions begin one by one. */
static void spread(struct load *load)
{
    const int64_t now = bench_now_us();
    const uint32_t count = load->options.connections;

    for (uint32_t i = 0; i < count; i++)
        load->connections[i].due =
            now + (int64_t)load->options.ramp_ms * US_PER_MS * i / count;
}

int main(int argc, char **argv)
{
    struct load *load = bench_alloc(1, sizeof *load);
    size_t answers;
    uint32_t lost;

    load->options = read_options(argc, argv);
    answers = (size_t)load->options.sessions * load->options.script.messages *
              load->options.script.recipients;
    load->connections =
        bench_alloc(load->options.connections, sizeof *load->connections);
    load->polled = bench_alloc(load->options.connections, sizeof *load->polled);
    for (uint32_t i = 0; i < load->options.connections; i++)
        load->connections[i].fd = -1;
    spread(load);
    /* One answer a step, of RCPT one a recipient, for no filter here is told of
     * single header fields that it would answer. */
    for (enum mta_step step = 0; step < MTA_STEPS; step++)
        load->samples[step].us = bench_alloc(answers, sizeof(uint32_t));
    wait_for_filter(load->options.path);
    load->verdicts.us = bench_alloc(load->options.sessions, sizeof(uint32_t));
    measure(load);
    lost = load->lost;
    for (enum mta_step step = 0; step < MTA_STEPS; step++)
        free(load->samples[step].us);
    free(load->verdicts.us);
    free(load->polled);
    free(load->connections);
    free(load);
    return lost ? EXIT_FAILURE : EXIT_SUCCESS;
}
