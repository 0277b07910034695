/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_command_test.c - what may become a command line, octet by octet */
#include "smtp/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_lines(void **state)
{
    char buffer[1024];
    struct text lines;
    text_begin(&lines, buffer, sizeof(buffer));
    assert_true(smtp_command_add(&lines, "MAIL FROM:<>"));
    assert_true(smtp_command_add(&lines, "RCPT TO:<%s>", "a b%s@example.org"));
    assert_string_equal(buffer,
                        "MAIL FROM:<>\r\nRCPT TO:<a b%s@example.org>\r\n");
}

/* Every octet: space to tilde may pass; nothing else by itself, and nothing is
 * left of a line that may not. */
static void test_octets(void **state)
{
    for (int octet = 1; octet < 256; octet++) {
        char buffer[1024];
        const char argument[] = {'a', (char)octet, 'b', '\0'};
        struct text lines;
        text_begin(&lines, buffer, sizeof(buffer));
        assert_true(smtp_command_add(&lines, "NOOP"));
        bool added = smtp_command_add(&lines, "RCPT TO:<%s>", argument);
        assert_int_equal(added, octet >= ' ' && octet <= '~');
        if (added)
            continue;
        assert_string_equal(buffer, "NOOP\r\n");
        assert_int_equal(lines.length, 6);
        assert_false(lines.cut);
    }
}

static void test_utf8(void **state)
{
    static const struct {
        const char *argument;
        bool added;
    } rows[] = {
        {"m\xc3\xbcller", true},     {"\xe6\x97\xa5", true},  {"m\xc3", false},
        {"\xbcller", false},         {"\xc0\x8a", false},     {"\xff", false},
        {"\xc3\xbc\r\nQUIT", false}, {"\xed\xa0\x80", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buffer[100];
        struct text lines;
        text_begin(&lines, buffer, sizeof(buffer));
        assert_int_equal(
            smtp_command_add(&lines, "RCPT TO:<%s>", rows[i].argument),
            rows[i].added);
    }
}

static void test_length(void **state)
{
    char buffer[1024], argument[600];
    struct text lines;
    for (size_t length = 500; length < 520; length++) {
        memset(argument, 'a', length);
        argument[length] = '\0';
        text_begin(&lines, buffer, sizeof(buffer));
        assert_int_equal(smtp_command_add(&lines, "%s", argument),
                         length + 2 <= 512);
    }
    text_begin(&lines, buffer, 14);
    assert_false(smtp_command_add(&lines, "MAIL FROM:<>"));
    assert_string_equal(buffer, "");
    text_begin(&lines, buffer, 15);
    assert_true(smtp_command_add(&lines, "MAIL FROM:<>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
