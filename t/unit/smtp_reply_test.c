/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_reply_test.c - replies whole, in pieces, at their limits, and what is no
 * reply at all */
#include "smtp/reply.h"

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

/* Give the octets in pieces of `piece`; what is left is returned in `rest`. */
static enum smtp_reply_next take(struct smtp_reply_reader *reader,
                                 struct span octets, size_t piece, size_t *rest)
{
    enum smtp_reply_next next = SMTP_REPLY_MORE;
    while (next == SMTP_REPLY_MORE && octets.length > 0) {
        size_t length = octets.length < piece ? octets.length : piece;
        struct span part = {octets.at, length};
        next = smtp_reply_take(reader, &part);
        octets.at += length - part.length;
        octets.length -= length - part.length;
        if (next == SMTP_REPLY_MORE)
            assert_int_equal(part.length, 0);
    }
    *rest = octets.length;
    return next;
}

static void test_whole(void **state)
{
    static const struct {
        struct span octets;
        uint16_t code;
        struct smtp_status status;
        const char *text;
        size_t rest;
    } rows[] = {
        {OCTETS("220 mx.example ESMTP\r\n"), 220, {0}, "mx.example ESMTP", 0},
        {OCTETS("250\r\n"), 250, {0}, "", 0},
        {OCTETS("250 \r\n"), 250, {0}, "", 0},
        {OCTETS("599 x\r\n"), 599, {0}, "x", 0},
        /* LF alone ends a line. */
        {OCTETS("250-a\n250 b\n"), 250, {0}, "a\nb", 0},
        {OCTETS("250-a\r\n250-b\r\n250 c\r\n"), 250, {0}, "a\nb\nc", 0},
        /* Without text the last line is as good as with a space. */
        {OCTETS("250-a\r\n250\r\n"), 250, {0}, "a\n", 0},
        {OCTETS("250-\r\n250 b\r\n"), 250, {0}, "\nb", 0},
        /* The next reply is not touched. */
        {OCTETS("250 a\r\n550 b\r\n"), 250, {0}, "a", 7},
        {OCTETS("250 a\r\n\0\0"), 250, {0}, "a", 2},
        /* Beyond ASCII is taken. */
        {OCTETS("550 \xe7\xa9\xba\t\x80\r\n"),
         550,
         {0},
         "\xe7\xa9\xba\t\x80",
         0},
        /* Statuses. */
        {OCTETS("550 5.1.1 no\r\n"), 550, {5, 1, 1}, "5.1.1 no", 0},
        {OCTETS("550 5.7.606 no\r\n"), 550, {5, 7, 606}, "5.7.606 no", 0},
        {OCTETS("550 5.1.1\r\n"), 550, {5, 1, 1}, "5.1.1", 0},
        {OCTETS("550 5.1.1... no\r\n"), 550, {5, 1, 1}, "5.1.1... no", 0},
        {OCTETS("550 5.1.1: no\r\n"), 550, {5, 1, 1}, "5.1.1: no", 0},
        {OCTETS("550-a\r\n550 5.1.1 b\r\n"), 550, {5, 1, 1}, "a\n5.1.1 b", 0},
        /* Said once. */
        {OCTETS("550-5.1.1 a\r\n550-5.1.1 b\r\n550 5.1.1\r\n"),
         550,
         {5, 1, 1},
         "5.1.1 a\nb\n",
         0},
        {OCTETS("550-5.1.1 a\r\n550 5.2.1 b\r\n"),
         550,
         {5, 1, 1},
         "5.1.1 a\n5.2.1 b",
         0},
        /* Not a status: another class, an address, a version, a name. */
        {OCTETS("550 4.1.1 a\r\n"), 550, {0}, "4.1.1 a", 0},
        {OCTETS("550 5.1.1.9 listed\r\n"), 550, {0}, "5.1.1.9 listed", 0},
        {OCTETS("550 5.1.1a\r\n"), 550, {0}, "5.1.1a", 0},
        {OCTETS("550 5.1000.1 a\r\n"), 550, {0}, "5.1000.1 a", 0},
        {OCTETS("550 5.1 a\r\n"), 550, {0}, "5.1 a", 0},
        {OCTETS("550 no (#5.7.1)\r\n"), 550, {0}, "no (#5.7.1)", 0},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        print_message("row %zu\n", i);
        for (size_t piece = 1; piece <= rows[i].octets.length; piece++) {
            struct smtp_reply_reader reader;
            size_t rest;
            smtp_reply_begin(&reader);
            assert_int_equal(take(&reader, rows[i].octets, piece, &rest),
                             SMTP_REPLY_WHOLE);
            assert_int_equal(reader.reply.code, rows[i].code);
            assert_memory_equal(&reader.reply.status, &rows[i].status,
                                sizeof(struct smtp_status));
            assert_int_equal(reader.reply.length, strlen(rows[i].text));
            assert_memory_equal(reader.reply.text, rows[i].text,
                                reader.reply.length);
            assert_int_equal(rest, rows[i].rest);
        }
    }
}

static void test_faults(void **state)
{
    static const struct {
        struct span octets;
        const char *words;
    } rows[] = {
        {OCTETS("\r\n"), ""},
        {OCTETS("25\r\n"), "25"},
        {OCTETS("HTTP/1.1 400\r\n"), "HTTP/1.1 400"},
        {OCTETS("ok\r\n"), "ok"},
        {OCTETS("25x ok\r\n"), "25x ok"},
        {OCTETS("2500 ok\r\n"), "2500 ok"},
        {OCTETS("250\tok\r\n"), "250\\x09ok"},
        {OCTETS(" 250 ok\r\n"), " 250 ok"},
        /* Codes that are none. */
        {OCTETS("000 a\r\n"), "000 a"},
        {OCTETS("199 a\r\n"), "199 a"},
        {OCTETS("600 a\r\n"), "600 a"},
        {OCTETS("999 a\r\n"), "999 a"},
        /* Two codes in one reply. */
        {OCTETS("250-a\r\n550 b\r\n"), "a 550 b"},
        {OCTETS("250-a\r\n251\r\n"), "a 251"},
        /* NUL and CR inside a line. */
        {OCTETS("250 a\0b\r\n"), "ab"},
        {OCTETS("\0"), ""},
        {OCTETS("250 a\rb\r\n"), "a"},
        {OCTETS("250 a\r\r\n"), "a"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct smtp_reply_reader reader;
        char words[CALLOUT_WORDS_SIZE];
        size_t rest;
        print_message("row %zu\n", i);
        smtp_reply_begin(&reader);
        assert_int_equal(
            take(&reader, rows[i].octets, rows[i].octets.length, &rest),
            SMTP_REPLY_FAULT);
        smtp_reply_words(&reader.reply, words);
        assert_string_equal(words, rows[i].words);
        /* However it is cut; and it stays a fault. */
        smtp_reply_begin(&reader);
        assert_int_equal(take(&reader, rows[i].octets, 1, &rest),
                         SMTP_REPLY_FAULT);
        struct span more = OCTETS("250 ok\r\n");
        assert_int_equal(smtp_reply_take(&reader, &more), SMTP_REPLY_FAULT);
        assert_int_equal(more.length, 8);
    }
}

/* Fill `buffer` with `count` lines, each with `octets` octets of text, and a
 * last one. */
static struct span lines(char *buffer, size_t count, size_t octets)
{
    char *at = buffer;
    for (size_t i = 0; i <= count; i++) {
        at += sprintf(at, i < count ? "250-" : "250 ");
        memset(at, 'x', octets);
        at += octets;
        at += sprintf(at, "\r\n");
    }
    return (struct span){buffer, (size_t)(at - buffer)};
}

static void test_limits(void **state)
{
    /* The reply's octets: count + 1 lines of `octets` and 6 more. */
    static const struct {
        size_t count, octets;
        enum smtp_reply_next next;
        size_t kept;
    } rows[] = {
        {0, 512, SMTP_REPLY_WHOLE, 512},
        {0, 513, SMTP_REPLY_WHOLE, 512},
        {0, 16378, SMTP_REPLY_WHOLE, 512},
        {0, 16379, SMTP_REPLY_FAULT, 0},
        {0, 1 << 20, SMTP_REPLY_FAULT, 0},
        {2, 600, SMTP_REPLY_WHOLE, 3 * 512 + 2},
        {9, 600, SMTP_REPLY_WHOLE, SMTP_REPLY_TEXT_KEPT},
        {99, 1, SMTP_REPLY_WHOLE, 199},
        {100, 1, SMTP_REPLY_FAULT, 0},
        {10000, 1, SMTP_REPLY_FAULT, 0},
        {99, 157, SMTP_REPLY_WHOLE, SMTP_REPLY_TEXT_KEPT},
        {99, 158, SMTP_REPLY_FAULT, 0},
    };
    char *buffer = malloc((1 << 20) + 4096);
    assert_non_null(buffer);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct smtp_reply_reader reader;
        struct span octets = lines(buffer, rows[i].count, rows[i].octets);
        size_t rest;
        print_message("row %zu\n", i);
        smtp_reply_begin(&reader);
        assert_int_equal(take(&reader, octets, 4096, &rest), rows[i].next);
        if (rows[i].next == SMTP_REPLY_WHOLE)
            assert_int_equal(reader.reply.length, rows[i].kept);
        else
            assert_true(rest > 0 || octets.length <= 16385);
    }
    free(buffer);
}

/* The limits are a reply's, not a connection's. */
static void test_next_begins_anew(void **state)
{
    struct smtp_reply_reader reader;
    char *buffer = malloc(20000);
    assert_non_null(buffer);
    struct span octets = lines(buffer, 99, 100);
    smtp_reply_begin(&reader);
    for (size_t i = 0; i < 5; i++) {
        struct span again = octets;
        assert_int_equal(smtp_reply_take(&reader, &again), SMTP_REPLY_WHOLE);
    }
    struct span first = OCTETS("550-5.1.1 a\r\n550 b\r\n250 c\r\n");
    assert_int_equal(smtp_reply_take(&reader, &first), SMTP_REPLY_WHOLE);
    assert_int_equal(smtp_reply_take(&reader, &first), SMTP_REPLY_WHOLE);
    assert_int_equal(reader.reply.code, 250);
    assert_int_equal(reader.reply.status.class, 0);
    assert_int_equal(reader.reply.length, 1);
    free(buffer);
}

static void test_keywords(void **state)
{
    static const struct {
        struct span octets;
        bool has;
    } rows[] = {
        {OCTETS("250-mx\r\n250-SIZE 1\r\n250 PIPELINING\r\n"), true},
        {OCTETS("250-mx\r\n250-pipelining\r\n250 SIZE\r\n"), true},
        {OCTETS("250-mx\r\n250 PIPELINING 1\r\n"), true},
        {OCTETS("250 PIPELINING\r\n"), false},
        {OCTETS("250-PIPELINING\r\n250 SIZE\r\n"), false},
        {OCTETS("250-mx\r\n250 AUTH PIPELINING\r\n"), false},
        {OCTETS("250-mx\r\n250 XPIPELINING\r\n"), false},
        {OCTETS("250-mx\r\n250 PIPELINING2\r\n"), false},
        {OCTETS("250\r\n"), false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct smtp_reply_reader reader;
        struct span octets = rows[i].octets;
        print_message("row %zu\n", i);
        smtp_reply_begin(&reader);
        assert_int_equal(smtp_reply_take(&reader, &octets), SMTP_REPLY_WHOLE);
        assert_int_equal(smtp_reply_has_keyword(&reader.reply, "PIPELINING"),
                         rows[i].has);
    }
}

static void test_words(void **state)
{
    struct smtp_reply_reader reader;
    char words[CALLOUT_WORDS_SIZE];
    struct span octets =
        OCTETS("550-5.1.1 no\x1b[0m \\ %s\r\n550 5.1.1 b\xff\r\n");
    smtp_reply_begin(&reader);
    assert_int_equal(smtp_reply_take(&reader, &octets), SMTP_REPLY_WHOLE);
    smtp_reply_words(&reader.reply, words);
    assert_string_equal(words, "5.1.1 no\\x1b[0m \\\\ %s b\\xff");

    char buffer[600];
    octets = lines(buffer, 0, 500);
    assert_int_equal(smtp_reply_take(&reader, &octets), SMTP_REPLY_WHOLE);
    smtp_reply_words(&reader.reply, words);
    assert_int_equal(strlen(words), 200);
    assert_string_equal(words + 197, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_next_begins_anew),
        cmocka_unit_test(test_keywords),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
