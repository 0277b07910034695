/* SPDX-License-Identifier: BSD-2-Clause */
/* text_test.c - the writer never overflows, and no octet of 256 gets through
 * it with a meaning of its own */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define OCTETS(literal)        \
 {                             \
  literal, sizeof(literal) - 1 \
 }

static void test_span_of(void **state)
{
    assert_int_equal(span_of("").length, 0);
    assert_int_equal(span_of("abc").length, 3);
    assert_int_equal(span_of(NULL).length, 0);
}

static void test_equal_nocase(void **state)
{
    static const struct {
        struct span a, b;
        bool want;
    } rows[] = {
        {OCTETS(""), OCTETS(""), true},
        {OCTETS("IPv6:"), OCTETS("ipV6:"), true},
        {OCTETS("az"), OCTETS("AZ"), true},
        {OCTETS("a"), OCTETS("ab"), false},
        {OCTETS("@"), OCTETS("`"), false},
        {OCTETS("["), OCTETS("{"), false},
        {OCTETS("a\0b"), OCTETS("A\0B"), true},
        {OCTETS("a\0b"), OCTETS("a\0c"), false},
        {OCTETS("\xc4"), OCTETS("\xe4"), false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        assert_true(span_equal_nocase(rows[i].a, rows[i].b) == rows[i].want);
}

static void test_encodings(void **state)
{
    static const struct {
        struct span octets;
        bool ascii, utf8;
    } rows[] = {
        {OCTETS(""), true, true},
        {OCTETS("a\0\x7f"), true, true},
        {OCTETS("\x80"), false, false},
        {OCTETS("\xbf"), false, false},
        {OCTETS("\xc1\xbf"), false, false},
        {OCTETS("\xc2\x80"), false, true},
        {OCTETS("\xdf\xbf"), false, true},
        {OCTETS("\xc3"), false, false},
        {OCTETS("\xc3("), false, false},
        {OCTETS("a\xc3\xbcz"), false, true},
        {OCTETS("\xe0\x9f\xbf"), false, false},
        {OCTETS("\xe0\xa0\x80"), false, true},
        {OCTETS("\xe2\x82"), false, false},
        {OCTETS("\xe2\x82\xac"), false, true},
        {OCTETS("\xed\x9f\xbf"), false, true},
        {OCTETS("\xed\xa0\x80"), false, false},
        {OCTETS("\xed\xbf\xbf"), false, false},
        {OCTETS("\xee\x80\x80"), false, true},
        {OCTETS("\xf0\x8f\xbf\xbf"), false, false},
        {OCTETS("\xf0\x90\x80\x80"), false, true},
        {OCTETS("\xf4\x8f\xbf\xbf"), false, true},
        {OCTETS("\xf4\x90\x80\x80"), false, false},
        {OCTETS("\xf5\x80\x80\x80"), false, false},
        {OCTETS("\xf8\x88\x80\x80\x80"), false, false},
        {OCTETS("\xff"), false, false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        assert_int_equal(span_is_ascii(rows[i].octets), rows[i].ascii);
        assert_int_equal(span_is_utf8(rows[i].octets), rows[i].utf8);
    }
}

enum how { OURS, FORMATTED, OUTSIDE, SHORTENED_10, SHORTENED_2, PAIR };

static void add(struct text *text, enum how how, struct span value)
{
    switch (how) {
    case OURS:
        text_add(text, value.at);
        break;
    case FORMATTED:
        text_addf(text, "%s", value.at);
        break;
    case OUTSIDE:
        text_add_outside(text, value);
        break;
    case SHORTENED_10:
        text_add_shortened(text, value, 10);
        break;
    case SHORTENED_2:
        text_add_shortened(text, value, 2);
        break;
    case PAIR:
        text_add_pair(text, "key", value);
        break;
    }
}

static void test_add(void **state)
{
    static const struct {
        enum how how;
        size_t size;
        struct span value;
        const char *want;
        bool cut;
    } rows[] = {
        {OURS, 4, OCTETS(""), "", false},
        {OURS, 4, OCTETS("abc"), "abc", false},
        {OURS, 4, OCTETS("abcd"), "abc", true},
        {OURS, 1, OCTETS("a"), "", true},
        {OURS, 1, OCTETS(""), "", false},
        {FORMATTED, 4, OCTETS("abc"), "abc", false},
        {FORMATTED, 4, OCTETS("abcd"), "abc", true},
        {FORMATTED, 1, OCTETS("a"), "", true},
        {OUTSIDE, 9, OCTETS("a b\"c=%s"), "a b\"c=%s", false},
        {OUTSIDE, 9, OCTETS("\\\r\n"), "\\\\\\x0d", true},
        {OUTSIDE, 11, OCTETS("\\\r\n"), "\\\\\\x0d\\x0a", false},
        {OUTSIDE, 20, OCTETS("\0\x7f\x80\xff"), "\\x00\\x7f\\x80\\xff", false},
        {OUTSIDE, 4, OCTETS("\n"), "", true},
        {OUTSIDE, 5, OCTETS("\n"), "\\x0a", false},
        {OUTSIDE, 2, OCTETS("\\"), "", true},
        {SHORTENED_10, 20, OCTETS("1234567890"), "1234567890", false},
        {SHORTENED_10, 20, OCTETS("12345678901"), "1234567...", false},
        {SHORTENED_10, 20, OCTETS("12345\n78"), "12345...", false},
        {SHORTENED_10, 20, OCTETS("\n\n\n"), "\\x0a...", false},
        {SHORTENED_10, 11, OCTETS("12345678901"), "1234567...", false},
        {SHORTENED_10, 10, OCTETS("1234567890"), "123456...", true},
        {SHORTENED_10, 3, OCTETS("1234567890"), "..", true},
        {SHORTENED_10, 1, OCTETS("1"), "", true},
        {SHORTENED_2, 20, OCTETS("12"), "12", false},
        {SHORTENED_2, 20, OCTETS("123"), "..", false},
        {PAIR, 20, OCTETS(""), "key=\"\"", false},
        {PAIR, 20, OCTETS("value"), "key=value", false},
        {PAIR, 20, OCTETS("two words"), "key=\"two words\"", false},
        {PAIR, 20, OCTETS("a\" b=c\\"), "key=\"a\\\" b=c\\\\\"", false},
        {PAIR, 10, OCTETS("value"), "key=value", false},
        {PAIR, 9, OCTETS("value"), "key=valu", true},
        {PAIR, 5, OCTETS("v"), "key=", true},
        {PAIR, 4, OCTETS("v"), "", true},
        {PAIR, 11, OCTETS("\n\n"), "key=\"\\x0a\"", true},
        {PAIR, 7, OCTETS(" "), "key=\"\"", true},
        {PAIR, 7, OCTETS(""), "key=\"\"", false},
        {PAIR, 6, OCTETS(""), "", true},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        /* On the heap to the octet, where a sanitizer sees one too many. */
        char *buffer = malloc(rows[i].size);
        struct text text;
        text_begin(&text, buffer, rows[i].size);
        assert_string_equal(buffer, "");
        add(&text, rows[i].how, rows[i].value);
        assert_string_equal(buffer, rows[i].want);
        assert_int_equal(text.length, strlen(rows[i].want));
        assert_true(text.cut == rows[i].cut);
        free(buffer);
    }
}

/* Nothing follows what was cut: not even what would find room. */
static void test_cut_stays(void **state)
{
    for (enum how how = OURS; how <= PAIR; how++) {
        char buffer[20];
        struct text text;
        text_begin(&text, buffer, 4);
        text_add(&text, "abcd");
        text.size = sizeof(buffer);
        add(&text, how, span_of("x"));
        assert_string_equal(buffer, "abc");
        assert_true(text.cut);
    }
}

static void test_adds_up(void **state)
{
    char buffer[80];
    struct text text;
    text_begin(&text, buffer, sizeof(buffer));
    text_add_pair(&text, "verdict", span_of("reject"));
    text_addf(&text, " code=%d", 550);
    text_add_pair(&text, "reply", span_of("no such user"));
    text_add(&text, " ");
    text_add_outside(&text, span_of("\t"));
    assert_string_equal(buffer, "verdict=reject code=550"
                                " reply=\"no such user\" \\x09");
    assert_false(text.cut);
}

/* What the log must hold for one octet, said apart from the code. */
static void expect_pair(char want[16], unsigned octet)
{
    if (octet == '"' || octet == '\\')
        snprintf(want, 16, "k=\"\\%c\"", octet);
    else if (octet == ' ' || octet == '=')
        snprintf(want, 16, "k=\"%c\"", octet);
    else if (octet > 0x20 && octet < 0x7f)
        snprintf(want, 16, "k=%c", octet);
    else
        snprintf(want, 16, "k=\"\\x%02x\"", octet);
}

static void test_every_octet(void **state)
{
    for (unsigned octet = 0; octet < 256; octet++) {
        char value = (char)octet;
        char want[16], buffer[16];
        struct text text;
        text_begin(&text, buffer, sizeof(buffer));
        text_add_pair(&text, "k", (struct span){&value, 1});
        expect_pair(want, octet);
        assert_string_equal(buffer, want);
        assert_false(text.cut);
    }
}

/* Read a quoted value as the reader of a log would; returns where it ends. */
static const char *read_quoted(const char *at, char *value, size_t *length)
{
    assert_int_equal(*at++, '"');
    for (*length = 0; *at != '"'; ++*length) {
        assert_in_range(*at, ' ', '~');
        if (*at != '\\') {
            value[*length] = *at++;
        } else if (at[1] == 'x') {
            const char digits[] = {at[2], at[3], '\0'};
            value[*length] = (char)strtoul(digits, NULL, 16);
            at += 4;
        } else {
            value[*length] = at[1];
            at += 2;
        }
    }
    return at + 1;
}

static void test_all_octets_read_back(void **state)
{
    char value[256], back[1024], buffer[1100];
    for (unsigned octet = 0; octet < sizeof(value); octet++)
        value[octet] = (char)octet;
    struct text text;
    text_begin(&text, buffer, sizeof(buffer));
    text_add_pair(&text, "helo", (struct span){value, sizeof(value)});
    text_add_pair(&text, "next", span_of("1"));
    assert_false(text.cut);
    assert_memory_equal(buffer, "helo=", 5);

    size_t length;
    const char *rest = read_quoted(buffer + 5, back, &length);
    assert_int_equal(length, sizeof(value));
    assert_memory_equal(back, value, sizeof(value));
    assert_string_equal(rest, " next=1");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_span_of),
        cmocka_unit_test(test_equal_nocase),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_cut_stays),
        cmocka_unit_test(test_adds_up),
        cmocka_unit_test(test_every_octet),
        cmocka_unit_test(test_all_octets_read_back),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
