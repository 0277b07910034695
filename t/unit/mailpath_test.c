/* SPDX-License-Identifier: BSD-2-Clause */
/* mailpath_test.c - paths: what MTAs hand over, what is refused and why, and
 * that what is written reads back */
#include "base/mailpath.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define TEN      "abcdefghij"
#define LOCAL_64 TEN TEN TEN TEN TEN TEN "abcd"
#define LABEL_63 TEN TEN TEN TEN TEN TEN "abc"
#define NAME_189 LABEL_63 "." LABEL_63 "." TEN TEN TEN TEN TEN TEN "a"
#define NAME_253 NAME_189 "." LABEL_63

/* Over 64 octets, as mailing lists and forwarders write them */
#define VERP \
 "bounces+1234567-89ab-ann.other=a.mailbox.of.a.rather.long.name.example"
#define SRS \
 "SRS1=abcd=forwarder.example==wxyz=QR=sender.example=a.name.of.some.length"
#define LOCAL_242 LOCAL_64 LOCAL_64 LOCAL_64 TEN TEN TEN TEN TEN
#define LOCAL_254 LOCAL_242 TEN "ab"

/* ü in UTF-8, in a composed and a decomposed form */
#define UE     "\xc3\xbc"
#define U_DOTS "u\xcc\x88"

static const struct {
    const char *text;
    enum mailpath_form form;
    const char *local;
    const char *domain;
    const char *wire;
    bool utf8;
} good[] = {
    {"<>", MAILPATH_NULL, "", "", "", false},
    {" <> ", MAILPATH_NULL, "", "", "", false},
    {"<postmaster>", MAILPATH_BARE, "postmaster", "", "postmaster", false},
    {"Postmaster", MAILPATH_BARE, "Postmaster", "", "Postmaster", false},
    {"<\"\">", MAILPATH_BARE, "", "", "\"\"", false},
    {"<ann@example.org>", MAILPATH_DOMAIN, "ann", "example.org",
     "ann@example.org", false},
    {"ann@example.org", MAILPATH_DOMAIN, "ann", "example.org",
     "ann@example.org", false},
    {"  <ann@example.org> ", MAILPATH_DOMAIN, "ann", "example.org",
     "ann@example.org", false},
    {"<Ann.B@Example.ORG.>", MAILPATH_DOMAIN, "Ann.B", "example.org",
     "Ann.B@example.org", false},
    {"<ann@localhost>", MAILPATH_DOMAIN, "ann", "localhost", "ann@localhost",
     false},
    {"<a@my_host.example>", MAILPATH_DOMAIN, "a", "my_host.example",
     "a@my_host.example", false},
    {"<!#$%&'*+-/=?^_`{|}~@example.org>", MAILPATH_DOMAIN,
     "!#$%&'*+-/=?^_`{|}~", "example.org", "!#$%&'*+-/=?^_`{|}~@example.org",
     false},
    {"<prvs=1234abcd=ann@example.org>", MAILPATH_DOMAIN, "prvs=1234abcd=ann",
     "example.org", "prvs=1234abcd=ann@example.org", false},
    {"<host!ann%example.net@example.org>", MAILPATH_DOMAIN,
     "host!ann%example.net", "example.org", "host!ann%example.net@example.org",
     false},
    {"<" LOCAL_64 "@example.org>", MAILPATH_DOMAIN, LOCAL_64, "example.org",
     LOCAL_64 "@example.org", false},
    {"<" LOCAL_64 "@" NAME_189 ">", MAILPATH_DOMAIN, LOCAL_64, NAME_189,
     LOCAL_64 "@" NAME_189, false},
    {"<" VERP "@example.org>", MAILPATH_DOMAIN, VERP, "example.org",
     VERP "@example.org", false},
    {"<" SRS "@example.org>", MAILPATH_DOMAIN, SRS, "example.org",
     SRS "@example.org", false},
    {"<" LOCAL_242 "@example.org>", MAILPATH_DOMAIN, LOCAL_242, "example.org",
     LOCAL_242 "@example.org", false},
    {"<\"" LOCAL_242 "\"@example.org>", MAILPATH_DOMAIN, LOCAL_242,
     "example.org", LOCAL_242 "@example.org", false},
    {"<" LOCAL_254 ">", MAILPATH_BARE, LOCAL_254, "", LOCAL_254, false},
    {"<\"" LOCAL_254 "\">", MAILPATH_BARE, LOCAL_254, "", LOCAL_254, false},
    /* quoted strings */
    {"<\"ann\"@example.org>", MAILPATH_DOMAIN, "ann", "example.org",
     "ann@example.org", false},
    {"<\"a\\n\\n\"@example.org>", MAILPATH_DOMAIN, "ann", "example.org",
     "ann@example.org", false},
    {"<\"ann b\"@example.org>", MAILPATH_DOMAIN, "ann b", "example.org",
     "\"ann b\"@example.org", false},
    {"\"ann b\"@example.org", MAILPATH_DOMAIN, "ann b", "example.org",
     "\"ann b\"@example.org", false},
    {"<\"a@b\"@example.org>", MAILPATH_DOMAIN, "a@b", "example.org",
     "\"a@b\"@example.org", false},
    {"<\"a>b\"@example.org>", MAILPATH_DOMAIN, "a>b", "example.org",
     "\"a>b\"@example.org", false},
    {"<\"a\\\"b\\\\c\"@example.org>", MAILPATH_DOMAIN, "a\"b\\c", "example.org",
     "\"a\\\"b\\\\c\"@example.org", false},
    {"<\"a..b\"@example.org>", MAILPATH_DOMAIN, "a..b", "example.org",
     "\"a..b\"@example.org", false},
    {"<\".\"@example.org>", MAILPATH_DOMAIN, ".", "example.org",
     "\".\"@example.org", false},
    {"<\"\"@example.org>", MAILPATH_DOMAIN, "", "example.org",
     "\"\"@example.org", false},
    /* source routes */
    {"<@a.example,@b.example:ann@example.org>", MAILPATH_DOMAIN, "ann",
     "example.org", "ann@example.org", false},
    {"@a.example:ann@example.org", MAILPATH_DOMAIN, "ann", "example.org",
     "ann@example.org", false},
    {"<@a.example:\"a:b\"@example.org>", MAILPATH_DOMAIN, "a:b", "example.org",
     "\"a:b\"@example.org", false},
    {"<@a.example:postmaster>", MAILPATH_BARE, "postmaster", "", "postmaster",
     false},
    /* address literals */
    {"<ann@[192.0.2.1]>", MAILPATH_LITERAL, "ann", "[192.0.2.1]",
     "ann@[192.0.2.1]", false},
    {"ann@[IPv6:2001:db8::1]", MAILPATH_LITERAL, "ann", "[IPv6:2001:db8::1]",
     "ann@[IPv6:2001:db8::1]", false},
    {"<ann@[ipv6:2001:DB8:0:0::1]>", MAILPATH_LITERAL, "ann",
     "[IPv6:2001:db8::1]", "ann@[IPv6:2001:db8::1]", false},
    {"<ann@[IPv6:::ffff:192.0.2.1]>", MAILPATH_LITERAL, "ann", "[192.0.2.1]",
     "ann@[192.0.2.1]", false},
    /* RFC 6531 */
    {"<m" UE "ller@example.org>", MAILPATH_DOMAIN, "m" UE "ller", "example.org",
     "m" UE "ller@example.org", true},
    {"<m" U_DOTS "ller@example.org>", MAILPATH_DOMAIN, "m" U_DOTS "ller",
     "example.org", "m" U_DOTS "ller@example.org", true},
    {"<\"m" UE " b\"@example.org>", MAILPATH_DOMAIN, "m" UE " b", "example.org",
     "\"m" UE " b\"@example.org", true},
    {"<ann@m" UE "nchen.example>", MAILPATH_DOMAIN, "ann",
     "xn--mnchen-3ya.example", "ann@xn--mnchen-3ya.example", false},
    {"<" UE "@M" U_DOTS "nchen.example>", MAILPATH_DOMAIN, UE,
     "xn--mnchen-3ya.example", UE "@xn--mnchen-3ya.example", true},
};

static void reads_good(void **state)
{
    for (size_t i = 0; i < COUNT(good); i++) {
        struct mailpath path;
        char wire[MAILPATH_SIZE];

        mailpath_parse(&path, span_of(good[i].text));
        if (path.form != good[i].form || path.fault != MAILPATH_OK)
            fail_msg("%s: form %d, %s", good[i].text, path.form,
                     mailpath_fault_text(path.fault));
        assert_string_equal(path.local, good[i].local);
        assert_string_equal(path.domain, good[i].domain);
        assert_int_equal(path.utf8, good[i].utf8);
        assert_true(mailpath_write(&path, wire));
        assert_string_equal(wire, good[i].wire);
    }
}

static const struct {
    const char *text;
    enum mailpath_fault fault;
} bad[] = {
    {"", MAILPATH_EMPTY},
    {"   ", MAILPATH_EMPTY},
    {"<ann\r\nRCPT TO:<b@example.org>", MAILPATH_CONTROL},
    {"<ann@example.org>\r\n", MAILPATH_CONTROL},
    {"<\"a\nb\"@example.org>", MAILPATH_CONTROL},
    {"<\"a\\\rb\"@example.org>", MAILPATH_CONTROL},
    {"<a\tb@example.org>", MAILPATH_CONTROL},
    {"<a\x1b[2Jb@example.org>", MAILPATH_CONTROL},
    {"<a\x7f@example.org>", MAILPATH_CONTROL},
    {"<ann@exa\x01mple.org>", MAILPATH_CONTROL},
    {"<a\xc2\x9b@example.org>", MAILPATH_CONTROL},
    {"<@example.org>", MAILPATH_SYNTAX},
    {"< >", MAILPATH_LOCAL_SYNTAX},
    {"<ann b@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"< ann@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<ann @example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<.ann@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<ann.@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<a..b@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<a,b@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<a\\b@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<a(b)@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<<ann@example.org>>", MAILPATH_LOCAL_SYNTAX},
    {"Ann <ann@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<\"ann@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<\"ann\\\"@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<\"ann\\", MAILPATH_LOCAL_SYNTAX},
    {"\"", MAILPATH_LOCAL_SYNTAX},
    {"<\"a\"b@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<a\"b\"@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<\"a\".\"b\"@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<\"a\\" UE "\"@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<m\xfcller@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<\"m\xc3\"@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<\xed\xa0\x80@example.org>", MAILPATH_LOCAL_SYNTAX},
    {"<" LOCAL_242 "e@example.org>", MAILPATH_LONG},
    {"<\"" LOCAL_242 "e\"@example.org>", MAILPATH_LONG},
    {"<" LOCAL_254 "e@example.org>", MAILPATH_LONG},
    {"<\"" LOCAL_254 "e\"@example.org>", MAILPATH_LONG},
    {"<" LOCAL_254 "e>", MAILPATH_LONG},
    {"<\"" LOCAL_254 " \">", MAILPATH_LONG},
    {"<ann@>", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@.>", MAILPATH_DOMAIN_SYNTAX},
    {"ann@", MAILPATH_DOMAIN_SYNTAX},
    {"<a@b@example.org>", MAILPATH_DOMAIN_SYNTAX},
    {"<a@b@c@example.org>", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@example..org>", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@-example.org>", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@exam ple.org>", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@example.org >", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@192.0.2.1>", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@2001:db8::1>", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@" NAME_253 "d>", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@" LABEL_63 "d.example>", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@m\xfcnchen.example>", MAILPATH_DOMAIN_SYNTAX},
    {"ann@example.org (Ann)", MAILPATH_DOMAIN_SYNTAX},
    {"ann@example.org SIZE=1000", MAILPATH_DOMAIN_SYNTAX},
    {"<ann@[192.0.2.256]>", MAILPATH_BAD_LITERAL},
    {"<ann@[2001:db8::1]>", MAILPATH_BAD_LITERAL},
    {"<ann@[192.0.2.1>", MAILPATH_BAD_LITERAL},
    {"<ann@[192.0.2.1].>", MAILPATH_BAD_LITERAL},
    {"<ann@[]>", MAILPATH_BAD_LITERAL},
    {"<ann@[x-tag:text]>", MAILPATH_BAD_LITERAL},
    {"<" LOCAL_64 "@" NAME_189 "b>", MAILPATH_LONG},
    {"<b@" NAME_253 ">", MAILPATH_LONG},
    {"<\"" TEN " \"@" LABEL_63 "." LABEL_63 "." LABEL_63 "." TEN TEN TEN TEN TEN
     ">",
     MAILPATH_LONG},
    {"<", MAILPATH_LOCAL_SYNTAX},
    {"<ann@example.org", MAILPATH_SYNTAX},
    {"<postmaster", MAILPATH_SYNTAX},
    {"ann@example.org>", MAILPATH_SYNTAX},
    {"postmaster>", MAILPATH_SYNTAX},
    {">", MAILPATH_LOCAL_SYNTAX},
    {"<ann@example.org> SIZE=1000", MAILPATH_SYNTAX},
    {"<ann@example.org>>", MAILPATH_SYNTAX},
    {"<ann@example.org><b@example.org>", MAILPATH_SYNTAX},
    {"<ann@example.org>(Ann)", MAILPATH_SYNTAX},
    {"<> BODY=8BITMIME", MAILPATH_SYNTAX},
    {"<>>", MAILPATH_SYNTAX},
    {"<@a.example>", MAILPATH_SYNTAX},
    {"<@a.example,:ann@example.org>", MAILPATH_SYNTAX},
    {"<@a.example,b.example:ann@example.org>", MAILPATH_SYNTAX},
    {"<@a.example@b.example:ann@example.org>", MAILPATH_SYNTAX},
    {"<@:ann@example.org>", MAILPATH_SYNTAX},
    {"<@-a:ann@example.org>", MAILPATH_SYNTAX},
    {"<@[192.0.2.1]:ann@example.org>", MAILPATH_SYNTAX},
    {"<@a.example:>", MAILPATH_LOCAL_SYNTAX},
    {"<@a.example:@example.org>", MAILPATH_LOCAL_SYNTAX},
};

static void assert_invalid(const struct mailpath *path)
{
    static const struct mailpath empty;
    char wire[MAILPATH_SIZE] = "before";

    assert_int_equal(path->form, MAILPATH_INVALID);
    assert_string_equal(path->local, "");
    assert_string_equal(path->domain, "");
    assert_true(address_equal(&path->literal, &empty.literal));
    assert_false(path->utf8);
    assert_false(mailpath_write(path, wire));
    assert_string_equal(wire, "");
}

static void names_faults(void **state)
{
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct mailpath path;

        mailpath_parse(&path, span_of(bad[i].text));
        if (path.fault != bad[i].fault)
            fail_msg("%s: %s", bad[i].text, mailpath_fault_text(path.fault));
        assert_invalid(&path);
    }
}

static void ends_at_length(void **state)
{
    struct mailpath path;

    mailpath_parse(&path, (struct span){"<ann@example.org>", 4});
    assert_int_equal(path.fault, MAILPATH_SYNTAX);
    mailpath_parse(&path, (struct span){"ann@example.org", 11});
    assert_string_equal(path.domain, "example");
    mailpath_parse(&path, (struct span){"<ann\0@example.org>", 18});
    assert_int_equal(path.fault, MAILPATH_CONTROL);
    mailpath_parse(&path, (struct span){NULL, 0});
    assert_int_equal(path.fault, MAILPATH_EMPTY);
}

/* As much as a milter packet brings. */
static void bounds_length(void **state)
{
    static const char *const units[] = {"a",   "<",   "\"", "\\", "@",
                                        "@a,", "@a.", ".",  UE,   "\xff"};
    static char text[60000];

    for (size_t i = 0; i < COUNT(units); i++) {
        const size_t length = strlen(units[i]);
        struct mailpath path;

        for (size_t j = 0; j < sizeof text; j++)
            text[j] = units[i][j % length];
        mailpath_parse(&path, (struct span){text, sizeof text});
        assert_int_equal(path.fault, MAILPATH_LONG);
        assert_invalid(&path);
    }
}

/* A path that nobody parsed cannot carry a second command either. */
static void writes_no_controls(void **state)
{
    static const struct mailpath rows[] = {
        {.form = MAILPATH_BARE, .local = "a\r\nDATA"},
        {.form = MAILPATH_DOMAIN, .local = "a\n", .domain = "example.org"},
        {.form = MAILPATH_DOMAIN, .local = "a", .domain = "example.org\r\n"},
        {.form = MAILPATH_LITERAL, .local = "a", .domain = "[\x7f]"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char wire[MAILPATH_SIZE] = "before";

        assert_false(mailpath_write(&rows[i], wire));
        assert_string_equal(wire, "");
    }
}

static void fill_local(struct mailpath *path, size_t slashes)
{
    memset(path->local, 0, sizeof path->local);
    memset(path->local, '\\', slashes);
}

/* What quoting adds counts; nothing is written in part. */
static void bounds_wire(void **state)
{
    struct mailpath path = {.form = MAILPATH_DOMAIN, .domain = "example.org"};
    struct mailpath read;
    char wire[MAILPATH_SIZE];

    fill_local(&path, 120);
    assert_true(mailpath_write(&path, wire));
    assert_int_equal(strlen(wire), MAILPATH_WIRE_MOST);
    mailpath_parse(&read, span_of(wire));
    assert_string_equal(read.local, path.local);
    fill_local(&path, 121);
    assert_false(mailpath_write(&path, wire));
    assert_string_equal(wire, "");
    fill_local(&path, MAILPATH_LOCAL_MOST);
    assert_false(mailpath_write(&path, wire));
    assert_string_equal(wire, "");
}

static void has_words_for_faults(void **state)
{
    for (int i = MAILPATH_OK; i <= MAILPATH_MEMORY; i++)
        for (int j = MAILPATH_OK; j < i; j++)
            assert_string_not_equal(
                mailpath_fault_text((enum mailpath_fault)i),
                mailpath_fault_text((enum mailpath_fault)j));
}

/* xorshift64: the same numbers in every run. */
static uint64_t next_number(uint64_t *number)
{
    *number ^= *number << 13;
    *number ^= *number >> 7;
    *number ^= *number << 17;
    return *number;
}

static const char *const fronts[] = {
    "<", "<", "", " ", "<\"", "\"", "<@a.example:", "<@a.example,@b.example:"};
static const char *const middles[] = {
    "a", "Bc", "+d", ".", "\\", "\\\"",         "\"",         " ",     ",",
    ":", "<",  ">",  "@", UE,   "\xe4\xbe\x8b", "postmaster", LABEL_63};
static const char *const backs[] = {">",
                                    ">",
                                    "",
                                    " ",
                                    "\">",
                                    "@",
                                    "@example.org>",
                                    "@example.org",
                                    "\"@example.org>",
                                    ("@Ex" UE ".example>"),
                                    "@" NAME_189 ">",
                                    "@[192.0.2.1]>",
                                    "@[IPv6:2001:DB8:0::1]>",
                                    "\"@[IPv6:::ffff:192.0.2.9]"};

static void append(struct span *out, char *text, const char *const pieces[],
                   uint64_t which)
{
    memcpy(text + out->length, pieces[which], strlen(pieces[which]));
    out->length += strlen(pieces[which]);
}

/* Pieces of paths, well put together or not, and single octets of all 256. */
static struct span generate(char text[800], uint64_t *seed)
{
    struct span out = {text, 0};

    append(&out, text, fronts, next_number(seed) % COUNT(fronts));
    for (uint64_t left = next_number(seed) % 6; left > 0; left--) {
        const uint64_t which = next_number(seed) % (COUNT(middles) + 1);

        if (which < COUNT(middles))
            append(&out, text, middles, which);
        else
            text[out.length++] = (char)(next_number(seed) >> 32);
    }
    append(&out, text, backs, next_number(seed) % COUNT(backs));
    return out;
}

static void assert_same(const struct mailpath *a, const struct mailpath *b)
{
    assert_int_equal(a->form, b->form);
    assert_int_equal(a->fault, b->fault);
    assert_string_equal(a->local, b->local);
    assert_string_equal(a->domain, b->domain);
    assert_true(address_equal(&a->literal, &b->literal));
    assert_int_equal(a->utf8, b->utf8);
}

static void assert_reads_back(const struct mailpath *path)
{
    char wire[MAILPATH_SIZE];
    char bracketed[MAILPATH_SIZE + 2];
    struct mailpath again;

    assert_true(mailpath_write(path, wire));
    assert_true(strlen(wire) <= MAILPATH_WIRE_MOST);
    for (const char *at = wire; *at != '\0'; at++)
        assert_false((*at & 0x80) == 0 && (*at < ' ' || *at == 0x7f));
    snprintf(bracketed, sizeof bracketed, "<%s>", wire);
    mailpath_parse(&again, span_of(bracketed));
    assert_same(&again, path);
    if (path->form != MAILPATH_NULL) {
        mailpath_parse(&again, span_of(wire));
        assert_same(&again, path);
    }
}

static void round_trips(void **state)
{
    uint64_t seed = 0x9e3779b97f4a7c15;
    size_t taken[MAILPATH_INVALID + 1] = {0};
    char text[800];

    for (size_t i = 0; i < 200000; i++) {
        struct mailpath path;

        mailpath_parse(&path, generate(text, &seed));
        taken[path.form]++;
        if (path.form != MAILPATH_INVALID)
            assert_reads_back(&path);
    }
    /* The generator reached each form often enough to mean something. */
    assert_true(taken[MAILPATH_NULL] > 1000);
    assert_true(taken[MAILPATH_BARE] > 1000);
    assert_true(taken[MAILPATH_DOMAIN] > 1000);
    assert_true(taken[MAILPATH_LITERAL] > 1000);
    assert_true(taken[MAILPATH_INVALID] > 1000);
}

/* Any local part in quotes, so that escaping meets every octet. */
static void round_trips_quoted(void **state)
{
    uint64_t seed = 88172645463325252;

    for (size_t i = 0; i < 50000; i++) {
        char text[300] = "\"";
        struct mailpath path;
        size_t length = 1;

        for (uint64_t left = next_number(&seed) % 121; left > 0; left--) {
            const char octet = (char)(' ' + next_number(&seed) % 95);

            if (octet == '"' || octet == '\\')
                text[length++] = '\\';
            text[length++] = octet;
        }
        snprintf(text + length, sizeof text - length, "\"@example.org");
        mailpath_parse(&path, span_of(text));
        assert_int_equal(path.form, MAILPATH_DOMAIN);
        assert_reads_back(&path);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_good),           cmocka_unit_test(names_faults),
        cmocka_unit_test(ends_at_length),       cmocka_unit_test(bounds_length),
        cmocka_unit_test(writes_no_controls),   cmocka_unit_test(bounds_wire),
        cmocka_unit_test(has_words_for_faults), cmocka_unit_test(round_trips),
        cmocka_unit_test(round_trips_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
