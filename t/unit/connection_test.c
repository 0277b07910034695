/* SPDX-License-Identifier: BSD-2-Clause */
/* connection_test.c - single callouts over real sockets: what is told, when,
 * and that nothing is left of them */
#include "smtp/connection.h"

#include "smtp/attempts.h"
#include "smtp_server.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

enum {
    CONNECT_MS = 200,
    EITHER_MS = 400, /* of each of two addresses */
    REPLY_MS = 300,
    TOTAL_MS = 5000
};

/** What an owner is told. */
struct told {
    int misses[2], answers, closes;
    enum callout_trouble missed[2]; /* NONE: another was faster */
    instant answered, closed;
    struct callout_answer answer;
};

static void on_missed(void *context, size_t which,
                      const struct callout_answer *answer)
{
    struct told *told = context;
    assert_int_equal(told->answers, 0);
    told->misses[which]++;
    told->missed[which] =
        answer != NULL ? answer->trouble : CALLOUT_TROUBLE_NONE;
}

static void on_answered(void *context, const struct callout_answer *answer)
{
    struct told *told = context;
    assert_int_equal(told->closes, 0);
    told->answers++;
    told->answer = *answer;
    told->answered = clock_now(&clock_system);
}

static void on_closed(void *context)
{
    struct told *told = context;
    assert_int_equal(told->answers, 1);
    told->closes++;
    told->closed = clock_now(&clock_system);
}

/* `other`, when not NULL, is tried beside `at`. */
static struct connection *open_from(struct loop *loop, struct told *told,
                                    const struct callout_sources *sources,
                                    const char *at, const char *other,
                                    uint16_t port)
{
    const struct callout_settings settings = {
        .name = "mx1.example.org",
        .sources = *sources,
        .port = port,
        .connect_ms = other == NULL ? CONNECT_MS : EITHER_MS,
        .reply_ms = REPLY_MS,
    };
    const struct connection_owner owner = {on_missed, on_answered, on_closed,
                                           told};
    struct callout_target targets[2] = {{.exchanger = "mx.example.com"},
                                        {.exchanger = "mx.example.com"}};
    struct mailpath path;
    memset(told, 0, sizeof(*told));
    assert_true(address_parse(&targets[0].address, span_of(at)));
    if (other != NULL)
        assert_true(address_parse(&targets[1].address, span_of(other)));
    mailpath_parse(&path, span_of("user@example.com"));
    const struct connection_request request = {
        .targets = {&targets[0], &targets[1]},
        .count = other == NULL ? 1 : 2,
        .path = &path,
        .settings = &settings,
        .deadline = instant_after_ms(clock_now(&clock_system), TOTAL_MS)};
    struct connection *connection =
        connection_open(loop, NULL, &request, &owner);
    assert_int_equal(told->answers, 0);
    return connection;
}

static const struct callout_sources any_source = {0};

static struct connection *open_one(struct loop *loop, struct told *told,
                                   const char *at, uint16_t port)
{
    return open_from(loop, told, &any_source, at, NULL, port);
}

/* Turn the loop until the connection is closed, ten seconds at most. */
static void run(struct loop *loop, const struct told *told)
{
    instant late = instant_after_ms(clock_now(&clock_system), 10000);
    while (told->closes == 0 && clock_now(&clock_system) < late) {
        loop_turn(loop);
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(told->answers, 1);
    assert_int_equal(told->closes, 1);
}

/* The lowest descriptor that is free: the same after as before. */
static int free_descriptor(void)
{
    int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)close(descriptor);
    return descriptor;
}

struct row {
    const char *name;
    struct server_script script;
    struct {
        enum callout_outcome outcome;
        enum callout_stage stage;
        enum callout_trouble trouble;
    } answer;
    uint32_t answered_ms, closed_ms; /* 0: at once */
};

#define SOON_MS 800

static void check_time(instant begun, instant at, uint32_t ms)
{
    if (ms > 0)
        assert_true(at >= instant_after_ms(begun, ms));
    assert_true(at < instant_after_ms(begun, ms + SOON_MS));
}

static void play(const struct row *row)
{
    struct servers *servers = malloc(sizeof(*servers));
    struct loop *loop = loop_new(&clock_system);
    struct told told;
    print_message("%s\n", row->name);
    assert_non_null(servers);
    assert_non_null(loop);
    servers_start(servers, &row->script, 1);
    int descriptor = free_descriptor();
    instant begun = clock_now(&clock_system);
    assert_non_null(open_one(loop, &told, "127.0.0.2", servers->port));
    run(loop, &told);
    assert_int_equal(told.answer.outcome, row->answer.outcome);
    assert_int_equal(told.answer.stage, row->answer.stage);
    assert_int_equal(told.answer.trouble, row->answer.trouble);
    assert_string_equal(told.answer.exchanger, "mx.example.com");
    check_time(begun, told.answered, row->answered_ms);
    check_time(begun, told.closed, row->closed_ms);
    servers_stop(servers);
    loop_free(&loop);
    assert_true(free_descriptor() <= descriptor);
    free(servers);
}

static void test_answers(void **state)
{
    static const struct row rows[] = {
        {"friendly", {0}, {CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, 0}, 0, 0},
        {"one at a time",
         {.ehlo = "250 mx\r\n", .rcpt = "550 no\r\n"},
         {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_AT_RCPT, 0},
         0,
         0},
        {"refuses to connect",
         {.deaf = true},
         {CALLOUT_UNREACHABLE, CALLOUT_AT_CONNECT, CALLOUT_TROUBLE_REFUSED},
         0,
         0},
        {"does not connect",
         {.full = true},
         {CALLOUT_UNREACHABLE, CALLOUT_AT_CONNECT, CALLOUT_TROUBLE_TIMEOUT},
         CONNECT_MS,
         CONNECT_MS},
        {"says nothing",
         {.greeting = ""},
         {CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING, CALLOUT_TROUBLE_TIMEOUT},
         REPLY_MS,
         REPLY_MS},
        {"keeps QUIT waiting",
         {.quit = ""},
         {CALLOUT_ACCEPTED, CALLOUT_AT_RCPT, 0},
         0,
         1000},
        {"closes instead of QUIT",
         {.rcpt = "550 no\r\n", .quit = "close"},
         {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_AT_RCPT, 0},
         0,
         0},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        play(&rows[i]);
}

static void test_resets(void **state)
{
    static const struct row rows[] = {
        {"at the greeting",
         {.greeting = "reset"},
         {CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING, CALLOUT_TROUBLE_CLOSED},
         0,
         0},
        {"at EHLO",
         {.ehlo = "reset"},
         {CALLOUT_UNREACHABLE, CALLOUT_AT_HELO, CALLOUT_TROUBLE_CLOSED},
         0,
         0},
        {"at MAIL",
         {.mail = "reset"},
         {CALLOUT_UNREACHABLE, CALLOUT_AT_MAIL, CALLOUT_TROUBLE_CLOSED},
         0,
         0},
        {"at RCPT",
         {.ehlo = "250 mx\r\n", .rcpt = "reset"},
         {CALLOUT_UNREACHABLE, CALLOUT_AT_RCPT, CALLOUT_TROUBLE_CLOSED},
         0,
         0},
        {"at QUIT, sent apart: the answer is there",
         {.ehlo = "250 mx\r\n", .rcpt = "550 no\r\n", .quit = "reset"},
         {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_AT_RCPT, 0},
         0,
         0},
        {"at QUIT, sent together",
         {.rcpt = "550 no\r\n", .quit = "reset"},
         {CALLOUT_NO_SUCH_MAILBOX, CALLOUT_AT_RCPT, 0},
         0,
         0},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        play(&rows[i]);
}

/* A line of a megabyte ends as soon as it is too long. */
static void test_endless_line(void **state)
{
    const size_t size = 1 << 20;
    char *line = malloc(size + 1);
    assert_non_null(line);
    memset(line, '2', size);
    memcpy(line, "220 ", 4);
    line[size] = '\0';
    const struct row row = {
        "a megabyte",
        {.greeting = line},
        {CALLOUT_UNREACHABLE, CALLOUT_AT_GREETING, CALLOUT_TROUBLE_PROTOCOL},
        0,
        0};
    play(&row);
    free(line);
}

/* Cut at any moment nobody is told any more, and nothing is left. */
static void test_cut(void **state)
{
    static const struct server_script script = {.quit = ""};
    struct servers *servers = malloc(sizeof(*servers));
    struct loop *loop = loop_new(&clock_system);
    assert_non_null(servers);
    assert_non_null(loop);
    servers_start(servers, &script, 1);
    for (int turns = 0; turns < 40; turns++) {
        struct told told;
        struct connection *connection =
            open_one(loop, &told, "127.0.0.2", servers->port);
        assert_non_null(connection);
        for (int i = 0; i < turns; i++) {
            loop_turn(loop);
            (void)poll(NULL, 0, 1);
        }
        assert_int_equal(told.closes, 0);
        int answers = told.answers;
        connection_cut(&connection);
        assert_null(connection);
        loop_turn(loop);
        assert_int_equal(told.answers, answers);
        assert_int_equal(told.closes, 0);
    }
    servers_stop(servers);
    loop_free(&loop);
    free(servers);
}

/* Where no address of a family may be reached, that is no fault of ours. */
static void test_no_route(void **state)
{
    struct loop *loop = loop_new(&clock_system);
    struct told told;
    assert_non_null(loop);
    assert_non_null(open_one(loop, &told, "255.255.255.255", 25));
    run(loop, &told);
    assert_int_equal(told.answer.outcome, CALLOUT_UNREACHABLE);
    assert_int_equal(told.answer.trouble, CALLOUT_TROUBLE_NO_ROUTE);
    loop_free(&loop);
}

/* The address that is set for the server's family is where we come from; that
 * it is not ours is our own fault, and no word of the server. */
static void test_sources(void **state)
{
    static const struct {
        const char *v4, *v6;
        enum callout_outcome outcome;
        uint32_t from;
    } rows[] = {
        {NULL, NULL, CALLOUT_ACCEPTED, 0x7f000001},
        {"127.0.0.9", NULL, CALLOUT_ACCEPTED, 0x7f000009},
        {"127.0.0.9", "2001:db8::1", CALLOUT_ACCEPTED, 0x7f000009},
        {NULL, "2001:db8::1", CALLOUT_ACCEPTED, 0x7f000001},
        {"203.0.113.9", NULL, CALLOUT_INTERNAL, 0},
    };
    static const struct server_script script = {0};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct servers *servers = malloc(sizeof(*servers));
        struct loop *loop = loop_new(&clock_system);
        struct callout_sources sources = {0};
        struct told told;
        assert_non_null(servers);
        assert_non_null(loop);
        servers_start(servers, &script, 1);
        sources.has_v4 = rows[i].v4 != NULL &&
                         address_parse(&sources.v4, span_of(rows[i].v4));
        sources.has_v6 = rows[i].v6 != NULL &&
                         address_parse(&sources.v6, span_of(rows[i].v6));
        assert_non_null(
            open_from(loop, &told, &sources, "127.0.0.2", NULL, servers->port));
        run(loop, &told);
        assert_int_equal(told.answer.outcome, rows[i].outcome);
        assert_int_equal(atomic_load(&servers->server[0].from), rows[i].from);
        servers_stop(servers);
        loop_free(&loop);
        free(servers);
    }
}

/* Two addresses of one exchanger: the first has 250 ms to itself, or until it
 * fails; then the faster one is asked (RFC 8305). */
static void test_two(void **state)
{
    enum { NOT_MISSED = -1 };
    static const struct {
        const char *name;
        struct server_script scripts[2];
        enum callout_outcome outcome;
        int of;        /* the server that has answered, or failed last */
        int missed[2]; /* why, or NOT_MISSED */
        uint32_t least_ms;
    } rows[] = {
        {"the first is there",
         {{0}, {0}},
         CALLOUT_ACCEPTED,
         0,
         {NOT_MISSED, CALLOUT_TROUBLE_NONE},
         0},
        {"nobody listens at the first",
         {{.deaf = true}, {0}},
         CALLOUT_ACCEPTED,
         1,
         {CALLOUT_TROUBLE_REFUSED, NOT_MISSED},
         0},
        {"the first takes its time",
         {{.full = true}, {0}},
         CALLOUT_ACCEPTED,
         1,
         {CALLOUT_TROUBLE_NONE, NOT_MISSED},
         ATTEMPT_DELAY_MS},
        {"nobody listens at either",
         {{.deaf = true}, {.deaf = true}},
         CALLOUT_UNREACHABLE,
         1,
         {CALLOUT_TROUBLE_REFUSED, NOT_MISSED},
         0},
        {"nobody at the second",
         {{.full = true}, {.deaf = true}},
         CALLOUT_UNREACHABLE,
         0,
         {NOT_MISSED, CALLOUT_TROUBLE_REFUSED},
         EITHER_MS},
        {"both are silent",
         {{.full = true}, {.full = true}},
         CALLOUT_UNREACHABLE,
         1,
         {CALLOUT_TROUBLE_TIMEOUT, NOT_MISSED},
         EITHER_MS + ATTEMPT_DELAY_MS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct loop *loop = loop_new(&clock_system);
        struct servers *servers = calloc(1, sizeof(*servers));
        struct told told;
        struct address of;
        char text[ADDRESS_TEXT_SIZE];
        servers_start(servers, rows[i].scripts, 2);
        instant begun = clock_now(&clock_system);
        (void)open_from(loop, &told, &any_source, "127.0.0.2", "127.0.0.3",
                        servers->port);
        run(loop, &told);
        (void)snprintf(text, sizeof(text), "127.0.0.%d", rows[i].of + 2);
        assert_true(address_parse(&of, span_of(text)));
        if (told.answer.outcome != rows[i].outcome ||
            !address_equal(&told.answer.address, &of))
            fail_msg("%s: outcome %d", rows[i].name, told.answer.outcome);
        for (size_t j = 0; j < 2; j++)
            if (told.misses[j] != (rows[i].missed[j] != NOT_MISSED) ||
                (told.misses[j] > 0 &&
                 (int)told.missed[j] != rows[i].missed[j]))
                fail_msg("%s: %zu", rows[i].name, j);
        assert_true(told.answered >= instant_after_ms(begun, rows[i].least_ms));
        servers_stop(servers);
        free(servers);
        loop_free(&loop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two),     cmocka_unit_test(test_answers),
        cmocka_unit_test(test_resets),  cmocka_unit_test(test_endless_line),
        cmocka_unit_test(test_cut),     cmocka_unit_test(test_no_route),
        cmocka_unit_test(test_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
