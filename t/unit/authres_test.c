/* SPDX-License-Identifier: BSD-2-Clause */
/* authres_test.c - the field we write, whatever the world sends to be put into
 * it, and whose fields are taken for forged */
#include "policy/authres.h"

#include "check_world.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define OCTETS(literal)        \
 {                             \
  literal, sizeof(literal) - 1 \
 }
#define FIELD_SIZE 8000

/* The field in one line and without its comments, for what does not concern
 * either. */
static void flatten(char *field)
{
    size_t depth = 0;
    char *to = field;

    for (const char *from = field; *from != '\0'; from++) {
        if (depth > 0 && *from == '\\') {
            from++;
            continue;
        }
        if (*from == '(')
            depth++;
        if (depth == 0 && *from != '\n')
            *to++ = (char)(*from == '\t' ? ' ' : *from);
        if (*from == ')')
            depth--;
    }
    *to = '\0';
    assert_int_equal(depth, 0);
}

static void write_field(const struct world *world, size_t size, char *field)
{
    struct rules rules = {.settings = world->settings};
    struct findings findings;
    struct text text;

    for (unsigned i = 0; i < CHECK_COUNT; i++)
        findings.of[i] =
            check_find((enum check)i, &world->facts, &world->settings);
    text_begin(&text, field, size);
    authres_write(&text, &world->facts, &rules, &findings);
}

static void assert_field(const struct world *world, const char *want)
{
    static char field[FIELD_SIZE];

    write_field(world, sizeof(field), field);
    flatten(field);
    assert_string_equal(field, want);
}

static void test_iprev(void **state)
{
    static const struct {
        const char *client, *ptr, *forward, *want;
    } rows[] = {
        {"192.0.2.77", "a.example", "192.0.2.77",
         "mx.home.example; iprev=pass policy.iprev=192.0.2.77 "},
        {"2001:db8::77", "a.example", "2001:db8::77",
         "mx.home.example; iprev=pass policy.iprev=\"2001:db8::77\" "},
        {"192.0.2.77", "a.example", "192.0.2.78",
         "mx.home.example; iprev=fail policy.iprev=192.0.2.77 ; "
         "x-client-ptr=fail reason=unconfirmed policy.iprev=192.0.2.77 "},
        {"192.0.2.77", "nx", NULL,
         "mx.home.example; iprev=permerror policy.iprev=192.0.2.77; "
         "x-client-ptr=fail reason=missing policy.iprev=192.0.2.77 "},
        {"192.0.2.77", "time-out", NULL,
         "mx.home.example; iprev=temperror policy.iprev=192.0.2.77; "
         "x-client-ptr=temperror policy.iprev=192.0.2.77 "},
        {"192.0.2.77", NULL, NULL,
         "mx.home.example; iprev=temperror policy.iprev=192.0.2.77"},
        {NULL, NULL, NULL, "mx.home.example; none"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct world *world = world_new();
        world_client(world, rows[i].client);
        world_reverse(world, rows[i].ptr, rows[i].forward);
        world->facts.helo.form = HELO_NAME;
        snprintf(world->facts.helo.name, NAME_SIZE, "a.example");
        assert_field(world, rows[i].want);
        world_free(world);
    }
}

static void test_checks(void **state)
{
    struct world *world = world_new();

    world_client(world, "192.0.2.77");
    world_reverse(world, "a.example", "192.0.2.77");
    world_helo(world, "nowhere.example", "nx", "nx");
    world_sender(world, "ann@null.example", "0 .", NULL, NULL);
    assert_field(world, "mx.home.example; iprev=pass policy.iprev=192.0.2.77 ; "
                        "x-helo-forward=fail reason=nxdomain "
                        "smtp.helo=nowhere.example ; "
                        "x-helo-match=fail smtp.helo=nowhere.example ; "
                        "x-sender-domain=fail reason=null-mx "
                        "smtp.mailfrom=ann@null.example ");
    world_free(world);
}

/* One result as it is: comment, folding, no line too long. */
static void test_folding(void **state)
{
    static const char begin[] = "mx.home.example;\n"
                                "\tiprev=pass policy.iprev=192.0.2.77 "
                                "(a.example);\n"
                                "\tx-helo-syntax=fail reason=unqualified "
                                "smtp.helo=bad (";
    static char field[FIELD_SIZE];
    struct world *world = world_new();

    world_client(world, "192.0.2.77");
    world_reverse(world, "a.example", "192.0.2.77");
    world_helo(world, "bad", NULL, NULL);
    write_field(world, sizeof(field), field);
    assert_memory_equal(field, begin, strlen(begin));
    for (char *rest = field, *line; (line = strtok_r(rest, "\n", &rest));) {
        assert_in_range(strlen(line), 2, 76);
        assert_true(line == field || line[0] == '\t');
        assert_true(line[1] != ' ');
    }
    world_free(world);
}

static void test_hostile_values(void **state)
{
    static const struct {
        struct span helo;
        const char *want;
    } rows[] = {
        {OCTETS("a b"), "smtp.helo=\"a b\""},
        {OCTETS("x;iprev=pass"), "smtp.helo=\"x;iprev=pass\""},
        {OCTETS("a\"b\\c"), "smtp.helo=\"a\\\"b\\\\\\\\c\""},
        {OCTETS("a\r\nX-Forged: 1"),
         "smtp.helo=\"a\\\\x0d\\\\x0aX-Forged: 1\""},
        {OCTETS("\0"), "smtp.helo=\"\\\\x00\""},
        {OCTETS("a@b@c"), "smtp.helo=\"a@b@c\""},
        {OCTETS("[192.0.2.300]"), "smtp.helo=\"[192.0.2.300]\""},
        {OCTETS("(comment"), "smtp.helo=\"(comment\""},
    };
    static char field[FIELD_SIZE];

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct world *world = world_new();
        world_client(world, NULL);
        helo_facts_read(&world->facts.helo, rows[i].helo);
        write_field(world, sizeof(field), field);
        if (strstr(field, rows[i].want) == NULL)
            fail_msg("%s\nexpected %s", field, rows[i].want);
        for (const char *at = field; *at != '\0'; at++)
            assert_true((*at >= 0x20 && *at <= 0x7e) || *at == '\n' ||
                        *at == '\t');
        world_free(world);
    }
}

/* Whoever fills it with what has to be escaped twice: no line is longer than
 * RFC 5322 2.1.1 lets it be, and the field not than its bound (M18). */
static void test_bounds(void **state)
{
    static const char octets[] = {'"', '\\', '(', 'a', '\xff', ' '};
    char helo[3000], field[AUTHRES_SIZE];

    for (size_t i = 0; i < sizeof(octets); i++) {
        struct world *world = world_new();
        memset(helo, octets[i], sizeof(helo));
        world_client(world, "192.0.2.77");
        world_reverse(world, "a.example", "192.0.2.78");
        helo_facts_read(&world->facts.helo, (struct span){helo, sizeof(helo)});
        world_sender(world, "ann@sender.example", "10 mx.sender.example",
                     "45.0.2.1", "none");
        world->callout.outcome = CALLOUT_NO_SUCH_MAILBOX;
        world->callout.stage = CALLOUT_AT_RCPT;
        world->callout.code = 550;
        memset(world->callout.words, octets[i], CALLOUT_WORDS_SIZE - 1);
        world->facts.sender.callout = &world->callout;
        write_field(world, sizeof(field), field);
        assert_non_null(strstr(field, "x-helo-syntax=fail"));
        assert_true(strlen(field) > 800);
        for (char *rest = field, *line; (line = strtok_r(rest, "\n", &rest));)
            assert_in_range(strlen(line), 2, 997); /* a `;` may follow */
        world_free(world);
    }
}

/* Whatever the room, what is written is whole. */
static void test_little_room(void **state)
{
    static char field[FIELD_SIZE];
    struct world *world = world_new();

    world_client(world, "192.0.2.77");
    world_reverse(world, "a.example", "192.0.2.77");
    world_helo(world, "nowhere.example", "nx", "nx");
    world_sender(world, "ann@null.example", "0 .", NULL, NULL);
    for (size_t size = 24; size < 1000; size++) {
        write_field(world, size, field);
        assert_true(strlen(field) < size);
        flatten(field);
        const char *last = strrchr(field, ';');
        assert_non_null(last);
        if (strcmp(last, "; none") != 0)
            assert_non_null(strchr(last, '='));
    }
    world_free(world);
}

static void test_claims(void **state)
{
    static const struct {
        struct span value;
        bool want;
    } rows[] = {
        {OCTETS("mx.home.example; spf=pass"), true},
        {OCTETS(" mx.home.example; none"), true},
        {OCTETS("MX.Home.EXAMPLE;none"), true},
        {OCTETS("mx.home.example"), true},
        {OCTETS("mx.home.example 1; none"), true},
        {OCTETS("mx.home.example/1; none"), true},
        {OCTETS("mx.home.example.; none"), true},
        {OCTETS("\r\n\tmx.home.example\r\n\t; none"), true},
        {OCTETS("(a) (b (c) \\) d) mx.home.example(e); none"), true},
        {OCTETS("\"mx.home.example\"; none"), true},
        {OCTETS("\"mx.\\home.example\"; none"), true},
        {OCTETS("mx.home.example\0; none"), true},
        {OCTETS("other.home.example; none"), false},
        {OCTETS("home.example; none"), false},
        {OCTETS("a.mx.home.example; none"), false},
        {OCTETS("mx.home.example.evil.example; none"), false},
        {OCTETS("spf=pass; mx.home.example"), false},
        {OCTETS("(mx.home.example) other.example"), false},
        {OCTETS("(mx.home.example"), false},
        {OCTETS("\"mx.home.example x\"; none"), false},
        {OCTETS(""), false},
        {OCTETS(";"), false},
        {OCTETS("(\\"), false},
        {OCTETS("\"\\"), false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (authres_claims(rows[i].value, "mx.home.example") != rows[i].want)
            fail_msg("%.*s", (int)rows[i].value.length, rows[i].value.at);
}

static void test_claims_long(void **state)
{
    char value[2000];

    memset(value, 'a', sizeof(value));
    assert_false(authres_claims((struct span){value, sizeof(value)}, "a"));
    memset(value, '(', sizeof(value));
    assert_false(authres_claims((struct span){value, sizeof(value)}, "a"));
}

/* The field that we write is one that claims to be ours. */
static void test_ours_claims(void **state)
{
    static char field[FIELD_SIZE];
    struct world *world = world_new();

    world_client(world, NULL);
    helo_facts_read(&world->facts.helo, span_of("x"));
    write_field(world, sizeof(field), field);
    assert_true(authres_claims(span_of(field), world->site.identity));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iprev),
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_folding),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_hostile_values),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_little_room),
        cmocka_unit_test(test_claims_long),
        cmocka_unit_test(test_ours_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
