/* SPDX-License-Identifier: BSD-2-Clause */
/* session_forged_test.c - Authentication-Results that claim to be ours, in
 * whatever number (M18) */
#include "session_log.h"
#include "session_world.h"

#define GOOD  "mail.good.example"
#define ALICE "<alice@good.example>"
#define MOST  AUTHRES_FORGED_MOST
#define MANY  20000

static const char exceptions[] =
    "exceptions:\n"
    "  - {name: filters, clients: [45.20.8.0/24], do: accept}\n"
    "  - {name: users, authenticated: true, do: accept}\n"
    "  - {name: postmaster, recipients: [\"postmaster@*\"], do: accept}\n";

/* One row a message, from a client whose HELO name is tagged. */
struct row {
    const char *policy; /* what stands beside the tag */
    const char *client, *sender, *recipient;
    bool authenticated;
    size_t count;
    unsigned code;
    const char *status;
    size_t removed;
    bool tagged;
    const char *line[4]; /* what the line of it holds; none: there is none */
};

#define MESSAGE "45.20.1.1", ALICE, "<bob@home.example>", false
#define LINE    "reason=forged-results client=45.20.1.1 "
#define TAIL    " stage=data id="

static const struct row rows[] = {
    {"", MESSAGE, 1, 250, "", 1, true, {NULL}},
    {"", MESSAGE, MOST, 250, "", MOST, true, {NULL}},
    {"",
     MESSAGE,
     MOST + 1,
     550,
     "5.7.1",
     0,
     false,
     {"verdict=reject " LINE, TAIL,
      " queue=4F2A1 detail=\"this message has 51 ",
      " reply=\"550 5.7.1 This message has 51 "}},
    {"",
     MESSAGE,
     MANY,
     550,
     "5.7.1",
     0,
     false,
     {"verdict=reject " LINE, " detail=\"this message has 20000 "}},
    /* whoever the recipients are, and whoever sends to them */
    {"",
     "45.20.1.1",
     "<>",
     "<postmaster@home.example>",
     false,
     MANY,
     550,
     "5.7.1",
     0,
     false,
     {"verdict=reject " LINE, " sender=\"\" "}},
    {"",
     "45.20.1.1",
     ALICE,
     "<bob@home.example>",
     true,
     MOST + 1,
     550,
     "5.7.1",
     0,
     false,
     {"verdict=reject " LINE}},
    /* a filter before us: nothing is removed of its fields either */
    {"",
     "45.20.8.1",
     ALICE,
     "<bob@home.example>",
     false,
     MANY,
     250,
     "",
     0,
     false,
     {NULL}},
    /* what the policy says */
    {"  forged-results: tempfail\n",
     MESSAGE,
     MOST + 1,
     450,
     "4.7.1",
     0,
     false,
     {"verdict=tempfail " LINE, " reply=\"450 4.7.1 "}},
    {"  forged-results: continue\n",
     MESSAGE,
     MOST + 1,
     250,
     "",
     0,
     false,
     {"verdict=continue " LINE, " detail=\"this message has 51 "}},
    {"  forged-results: {do: reject, code: 554, status: 5.6.0, text: "
     "\"%{sender}: %{reason}, %{recipient}\"}\n",
     MESSAGE,
     MOST + 1,
     554,
     "5.6.0",
     0,
     false,
     {"verdict=reject " LINE,
      " reply=\"554 5.6.0 alice@good.example: forged-results, unknown\""}},
    {"  mode: monitor\n",
     MESSAGE,
     MOST + 1,
     250,
     "",
     0,
     false,
     {"verdict=reject mode=monitor " LINE, " reply=\"550 5.7.1 "}},
};

static void say_fields(struct session *session, size_t count)
{
    session_header(session, AUTHRES_NAME, span_of("mx.other.example; none"));
    for (size_t i = 0; i < count; i++)
        session_header(session, AUTHRES_NAME,
                       span_of("mx.home.example; iprev=pass"));
}

static struct session *begin(struct session_world *world, const struct row *row)
{
    struct session *session = session_new(world->service);
    struct address client;

    assert_non_null(session);
    assert_true(address_parse(&client, span_of(row->client)));
    session_connect(session, &client);
    say_helo(session, "word");
    session_mail(session, span_of(row->sender), row->authenticated, NULL);
    assert_int_equal(say_rcpt(session, row->recipient), 250);
    return session;
}

/* One line at most speaks of it, and that holds what it is to hold. */
static void expect_line(size_t number, const struct row *row)
{
    size_t found = 0;

    for (size_t i = 0; i < log_count(); i++) {
        if (strstr(log_at(i), "reason=forged-results") == NULL)
            continue;
        found++;
        for (size_t j = 0; j < 4 && row->line[j] != NULL; j++)
            if (strstr(log_at(i), row->line[j]) == NULL)
                fail_msg("row %zu: %s", number, log_at(i));
    }
    assert_int_equal(found, row->line[0] != NULL);
}

static void expect_end(size_t number, const struct row *row,
                       struct session *session)
{
    struct session_tags tags;
    const struct reply *reply = session_eom(session, "4F2A1", &tags);

    if (code_said(reply) != row->code)
        fail_msg("row %zu: %u", number, code_said(reply));
    if (reply != NULL)
        assert_string_equal(reply->status, row->status);
    assert_int_equal(tags.forged_count, row->removed);
    for (unsigned i = 0; i < row->removed; i++)
        assert_int_equal(tags.forged[i], i + 2);
    assert_int_equal(tags.authres != NULL, row->tagged);
}

/* Nothing of it is left in the next message, whose fields are removed unless
 * nothing is done here at all. */
static void expect_next(const struct row *row, struct session *session)
{
    const bool idle = strcmp(row->client, "45.20.8.1") == 0 ||
                      strstr(row->policy, "monitor") != NULL;
    struct session_tags tags;

    say_mail(session, ALICE);
    say_fields(session, 2);
    assert_null(session_eom(session, NULL, &tags));
    assert_int_equal(tags.forged_count, idle ? 0 : 2);
}

static void forged_fields_are_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char text[1024];
        struct session_world *world;
        struct session *session;

        snprintf(text, sizeof(text),
                 "policy:\n%s  helo-syntax: {fail: tag}\n%s", rows[i].policy,
                 exceptions);
        log_forget();
        world = world_begin("", text);
        session = begin(world, &rows[i]);
        say_fields(session, rows[i].count);
        expect_end(i, &rows[i], session);
        expect_line(i, &rows[i]);
        expect_next(&rows[i], session);
        session_close(&session);
        world_end(world, false);
    }
}

/* The refusal says what was found, what is to be mended, and whom to ask. */
static void refusal_in_plain_words(void **state)
{
    struct session_world *world =
        world_begin("", "policy: {helo-syntax: {fail: tag}}\n");
    struct session *session = begin(world, &rows[0]);
    struct session_tags tags;
    const struct reply *reply;

    (void)state;
    say_fields(session, MANY);
    reply = session_eom(session, NULL, &tags);
    assert_non_null(reply);
    assert_int_equal(reply->count, 4);
    assert_string_equal(reply->line[0],
                        "This message has 20000 Authentication-Results header "
                        "fields in the name of mx.home.example, of which at "
                        "most 50 would be removed.");
    assert_non_null(strstr(reply->line[2], "Take them out"));
    assert_memory_equal(reply->line[3], "mx.home.example, id ", 20);
    session_close(&session);
    world_end(world, false);
}

/* Where nothing is ever tagged, no field of anybody's is looked at. */
static void who_never_tags_looks_for_none(void **state)
{
    struct session_world *world =
        world_begin("", "policy: {helo-syntax: {fail: continue}}\n");
    struct session *session = begin(world, &rows[0]);
    struct session_tags tags;

    (void)state;
    say_fields(session, MANY);
    assert_null(session_eom(session, NULL, &tags));
    assert_int_equal(tags.forged_count, 0);
    session_close(&session);
    world_end(world, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forged_fields_are_bounded),
        cmocka_unit_test(refusal_in_plain_words),
        cmocka_unit_test(who_never_tags_looks_for_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
