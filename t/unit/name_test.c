/* SPDX-License-Identifier: BSD-2-Clause */
/* name_test.c - domain names: syntax, IDNA, relations, the host's own name */
#include "base/name.h"

#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define TEN      "abcdefghij"
#define LABEL_63 TEN TEN TEN TEN TEN TEN "abc"
#define NAME_191 LABEL_63 "." LABEL_63 "." LABEL_63
#define NAME_253 NAME_191 "." TEN TEN TEN TEN TEN TEN "a"

/* One label of 80 octets in UTF-8, 46 as an A-label. */
#define U_10  "üüüüüüüüüü"
#define U_40  U_10 U_10 U_10 U_10
#define A_40  "xn--tdaa" TEN_A TEN_A TEN_A "aaaaaaaa"
#define TEN_A "aaaaaaaaaa"

static const struct {
    const char *text;
    enum name_fault fault;
    const char *name;
} names[] = {
    {"mx1.example.org", NAME_OK, "mx1.example.org"},
    {"MX1.Example.ORG", NAME_OK, "mx1.example.org"},
    {"mx1.example.org.", NAME_OK, "mx1.example.org"},
    {"localhost", NAME_OK, "localhost"},
    {"a", NAME_OK, "a"},
    {"1.2.example", NAME_OK, "1.2.example"},
    {"3com.example", NAME_OK, "3com.example"},
    {"mail.123a", NAME_OK, "mail.123a"},
    {"a--b.example", NAME_OK, "a--b.example"},
    {"r3---sn-x.example", NAME_OK, "r3---sn-x.example"},
    {"my_host.example.org", NAME_OK, "my_host.example.org"},
    {"_dmarc.example.org", NAME_OK, "_dmarc.example.org"},
    {"xn--mnchen-3ya.example", NAME_OK, "xn--mnchen-3ya.example"},
    {"XN--MNCHEN-3YA.Example", NAME_OK, "xn--mnchen-3ya.example"},
    {LABEL_63 ".example", NAME_OK, LABEL_63 ".example"},
    {NAME_253, NAME_OK, NAME_253},
    {NAME_253 ".", NAME_OK, NAME_253},
    {"", NAME_EMPTY, ""},
    {".", NAME_EMPTY, ""},
    {"....", NAME_EMPTY, ""},
    {NAME_253 "b", NAME_LONG, ""},
    {NAME_253 "..", NAME_LONG, ""},
    {"example..org", NAME_EMPTY_LABEL, ""},
    {".example.org", NAME_EMPTY_LABEL, ""},
    {"example.org..", NAME_EMPTY_LABEL, ""},
    {LABEL_63 "d.example", NAME_LONG_LABEL, ""},
    {"-mx.example.org", NAME_HYPHEN, ""},
    {"mx-.example.org", NAME_HYPHEN, ""},
    {"mx.example.org-", NAME_HYPHEN, ""},
    {"-", NAME_HYPHEN, ""},
    {"mx 1.example.org", NAME_CHARACTER, ""},
    {" mx.example.org", NAME_CHARACTER, ""},
    {"mx.example.org ", NAME_CHARACTER, ""},
    {"mx.example.org\r\n", NAME_CHARACTER, ""},
    {"mx\t.example", NAME_CHARACTER, ""},
    {"mx/1.example", NAME_CHARACTER, ""},
    {"mx\\.example", NAME_CHARACTER, ""},
    {"*.example", NAME_CHARACTER, ""},
    {"a@b.example", NAME_CHARACTER, ""},
    {"[192.0.2.1]", NAME_CHARACTER, ""},
    {"2001:db8::1", NAME_CHARACTER, ""},
    {"mx\x7f.example", NAME_CHARACTER, ""},
    {"192.0.2.1", NAME_NUMERIC_END, ""},
    {"example.123", NAME_NUMERIC_END, ""},
    {"3221225985", NAME_NUMERIC_END, ""},
    /* U-labels */
    {"münchen.example", NAME_OK, "xn--mnchen-3ya.example"},
    {"MÜNCHEN.Example.", NAME_OK, "xn--mnchen-3ya.example"},
    {"mu\xcc\x88nchen.example", NAME_OK, "xn--mnchen-3ya.example"},
    {"faß.example", NAME_OK, "xn--fa-hia.example"},
    {"βόλος.example", NAME_OK, "xn--nxasmm1c.example"},
    {"例え.テスト", NAME_OK, "xn--r8jz45g.xn--zckzah"},
    {"例え。テスト", NAME_OK, "xn--r8jz45g.xn--zckzah"},
    {"例え.テスト。", NAME_OK, "xn--r8jz45g.xn--zckzah"},
    {"mx_1.münchen.example", NAME_OK, "mx_1.xn--mnchen-3ya.example"},
    {"例え.テスト。.", NAME_EMPTY_LABEL, ""},
    {"。", NAME_EMPTY, ""},
    {U_40 "." U_40 "." U_40 "." U_40 "." U_40, NAME_OK,
     A_40 "." A_40 "." A_40 "." A_40 "." A_40},
    {U_40 "." U_40 "." U_40 "." U_40 "." U_40 "." U_40, NAME_LONG, ""},
    {U_40 U_10 U_10 ".example", NAME_LONG_LABEL, ""},
    {LABEL_63 "d.münchen.example", NAME_LONG_LABEL, ""},
    {"münchen..example", NAME_EMPTY_LABEL, ""},
    {".münchen.example", NAME_EMPTY_LABEL, ""},
    {"-münchen.example", NAME_IDNA, ""},
    {"münchen 1.example", NAME_IDNA, ""},
    {"münchen.a b", NAME_CHARACTER, ""},
    {"münchen.123", NAME_NUMERIC_END, ""},
    {"☃\xef\xb8\x8f.\xe2\x80\x8d", NAME_IDNA, ""},
    {"\xff.example", NAME_IDNA, ""},
    {"m\xfcnchen.example", NAME_IDNA, ""},
    {"m\xc3", NAME_IDNA, ""},
    {"\xc0\xae.example", NAME_IDNA, ""},
    {"\xed\xa0\x80.example", NAME_IDNA, ""},
    {"\xf4\x90\x80\x80.example", NAME_IDNA, ""},
};

static void parses(void **state)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        char name[NAME_SIZE] = "before";
        const enum name_fault fault = name_parse(name, span_of(names[i].text));

        if (fault != names[i].fault)
            fail_msg("\"%s\": %s", names[i].text, name_fault_text(fault));
        assert_string_equal(name, names[i].name);
    }
}

static void ends_at_length(void **state)
{
    char name[NAME_SIZE];

    assert_int_equal(name_parse(name, (struct span){"mx.example.org", 10}),
                     NAME_OK);
    assert_string_equal(name, "mx.example");
    assert_int_equal(name_parse(name, (struct span){"mx.example\0.org", 15}),
                     NAME_CHARACTER);
    assert_int_equal(name_parse(name, (struct span){"m\xc3\xbc\0.org", 8}),
                     NAME_CHARACTER);
    assert_int_equal(name_parse(name, (struct span){NULL, 0}), NAME_EMPTY);
}

/* As much as a milter packet brings. */
static void bounds_length(void **state)
{
    static const struct {
        const char *unit;
        enum name_fault fault;
    } rows[] = {
        {"a", NAME_LONG}, {".", NAME_EMPTY},   {"a.", NAME_LONG},
        {"ü", NAME_LONG}, {"\xff", NAME_LONG}, {"\xc2\xad", NAME_LONG},
    };
    static char text[60000];

    for (size_t i = 0; i < COUNT(rows); i++) {
        const size_t length = strlen(rows[i].unit);
        char name[NAME_SIZE];

        for (size_t j = 0; j < sizeof text; j++)
            text[j] = rows[i].unit[j % length];
        assert_int_equal(name_parse(name, (struct span){text, sizeof text}),
                         rows[i].fault);
        assert_string_equal(name, "");
    }
}

static void has_words_for_faults(void **state)
{
    for (int i = NAME_OK; i <= NAME_MEMORY; i++)
        for (int j = NAME_OK; j < i; j++)
            assert_string_not_equal(name_fault_text((enum name_fault)i),
                                    name_fault_text((enum name_fault)j));
}

static void knows_qualified(void **state)
{
    static const struct {
        const char *name;
        bool qualified;
        bool underscore;
    } rows[] = {
        {"mx.example.org", true, false}, {"example.org", true, false},
        {"localhost", false, false},     {"my_host", false, true},
        {"my_host.example", true, true},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(name_is_qualified(rows[i].name), rows[i].qualified);
        assert_int_equal(name_has_underscore(rows[i].name), rows[i].underscore);
    }
}

static void knows_within(void **state)
{
    static const struct {
        const char *name;
        const char *domain;
        bool within;
    } rows[] = {
        {"example.org", "example.org", true},
        {"mx.example.org", "example.org", true},
        {"a.b.example.org", "example.org", true},
        {"badexample.org", "example.org", false},
        {"example.org", "mx.example.org", false},
        {"org", "example.org", false},
        {"example.org.example", "example.org", false},
        {"example.org", "", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        if (name_is_within(rows[i].name, rows[i].domain) != rows[i].within)
            fail_msg("%s, %s", rows[i].name, rows[i].domain);
}

static void finds_organisation(void **state)
{
    static const struct {
        const char *name;
        const char *domain; /* empty: none */
    } rows[] = {
        {"example.org", "example.org"},
        {"mx.example.org", "example.org"},
        {"a.b.c.example.org", "example.org"},
        {"mx.example.co.uk", "example.co.uk"},
        {"co.uk", ""},
        {"org", ""},
        {"localhost", ""},
        /* a rule with a wildcard and its exception */
        {"a.b.c.ck", "b.c.ck"},
        {"c.ck", ""},
        {"mx.www.ck", "www.ck"},
        /* no rule: the last label is the suffix */
        {"mx.partner.example", "partner.example"},
        {"partner.example", "partner.example"},
        {"example", ""},
        /* the private section */
        {"mx.customer.github.io", "customer.github.io"},
        {"github.io", ""},
        /* A-labels */
        {"mx.xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
        {"mx.foo.xn--55qx5d.cn", "foo.xn--55qx5d.cn"},
        {"xn--55qx5d.cn", ""},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char domain[NAME_SIZE] = "before";

        if (name_organisation(domain, rows[i].name) !=
            (rows[i].domain[0] != '\0'))
            fail_msg("%s: \"%s\"", rows[i].name, domain);
        assert_string_equal(domain, rows[i].domain);
    }
}

/* What the system says of the host; NULL: it fails. These definitions stand
 * before the C library's, whose headers have other parameter names.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
static const char *system_name;
static const char *canonical_name;
static struct addrinfo found;
static char canonical_copy[300];

#define NO_CANONICAL "an answer without a canonical name"

int gethostname(char *name, size_t size)
{
    if (system_name == NULL) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(name, size, "%s", system_name);
    return 0;
}

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **result)
{
    assert_string_equal(node, system_name);
    assert_true((hints->ai_flags & AI_CANONNAME) != 0);
    if (canonical_name == NULL)
        return EAI_NONAME;
    snprintf(canonical_copy, sizeof canonical_copy, "%s", canonical_name);
    found.ai_canonname =
        strcmp(canonical_name, NO_CANONICAL) == 0 ? NULL : canonical_copy;
    *result = &found;
    return 0;
}

void freeaddrinfo(struct addrinfo *result)
{
    assert_ptr_equal(result, &found);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static void names_host(void **state)
{
    static const struct {
        const char *system;
        const char *canonical;
        const char *name; /* empty: none */
        enum host_name found;
    } rows[] = {
        {"mx1.example.org", NULL, "mx1.example.org", HOST_NAME_FOUND},
        /* Only a name that is there, and wrong, is wrong for good. */
        {"mx_1..example.org", NULL, "", HOST_NAME_BAD},
        {"mx1.example.org/x", "mx1", "", HOST_NAME_BAD},
        {"192.0.2.1", NULL, "", HOST_NAME_BAD},
        {"mx1.", NULL, "", HOST_NAME_NOT_YET},
        {"mx1.localdomain", NULL, "", HOST_NAME_NOT_YET},
        {"MX1.Example.Org", "other.example.org", "mx1.example.org",
         HOST_NAME_FOUND},
        {"mx1", "mx1.example.org", "mx1.example.org", HOST_NAME_FOUND},
        {"mx1", "MX1.example.org.", "mx1.example.org", HOST_NAME_FOUND},
        {"mx1", "mx1", "", HOST_NAME_NOT_YET},
        {"mx1", NULL, "", HOST_NAME_NOT_YET},
        {"mx1", "", "", HOST_NAME_NOT_YET},
        {"mx1", "localhost", "", HOST_NAME_NOT_YET},
        {"mx1", "localhost.localdomain", "", HOST_NAME_NOT_YET},
        {"mx1", "localhost6.localdomain6", "", HOST_NAME_NOT_YET},
        {"mx1", "mx1.localdomain", "", HOST_NAME_NOT_YET},
        {"mx1", "mx1.localhost", "", HOST_NAME_NOT_YET},
        {"mx1", NO_CANONICAL, "", HOST_NAME_NOT_YET},
        {"mx1", "192.0.2.1", "", HOST_NAME_NOT_YET},
        {"mx1.localdomain", "mx1.example.org", "mx1.example.org",
         HOST_NAME_FOUND},
        {"localhost.localdomain", NULL, "", HOST_NAME_NOT_YET},
        {"localhost", "mx1.example.org", "mx1.example.org", HOST_NAME_FOUND},
        {"(none)", NULL, "", HOST_NAME_NOT_YET},
        {"", NULL, "", HOST_NAME_NOT_YET},
        {NULL, "mx1.example.org", "", HOST_NAME_NOT_YET},
        {NAME_253, NULL, NAME_253, HOST_NAME_FOUND},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char name[NAME_SIZE] = "before";

        system_name = rows[i].system;
        canonical_name = rows[i].canonical;
        if (name_of_host(name) != rows[i].found)
            fail_msg("row %zu: \"%s\"", i, name);
        assert_string_equal(name, rows[i].name);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(ends_at_length),
        cmocka_unit_test(bounds_length),
        cmocka_unit_test(has_words_for_faults),
        cmocka_unit_test(knows_qualified),
        cmocka_unit_test(knows_within),
        cmocka_unit_test(finds_organisation),
        cmocka_unit_test(names_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
