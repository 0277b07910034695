/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp_delay_test.c - how long greylisting servers ask us to wait, as they
 * write it */
#include "smtp/delay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

struct row {
    const char *octets;
    uint16_t seconds; /* 0: no delay is said */
};

static void expect_rows(const struct row *rows, size_t count)
{
    static struct smtp_reply_reader reader;
    for (size_t i = 0; i < count; i++) {
        struct span octets = span_of(rows[i].octets);
        smtp_reply_begin(&reader);
        assert_int_equal(smtp_reply_take(&reader, &octets), SMTP_REPLY_WHOLE);
        uint16_t seconds = smtp_delay(&reader.reply);
        if (seconds != rows[i].seconds)
            fail_msg("%u instead of %u: %s", seconds, rows[i].seconds,
                     rows[i].octets);
    }
}

static void test_words(void **state)
{
    static const struct row rows[] = {
        {"450 4.2.0 <u@example.com>: greylisted for 300 seconds\r\n", 300},
        {"451 try again in 900 seconds\r\n", 900},
        {"451 4.7.1 greylisted for 5 minutes\r\n", 300},
        {"451 greylisted, come back in 1 minutes\r\n", 60},
        {"451 4.7.1 again in 5 min.\r\n", 300},
        {"451 again in 1m30s\r\n", 90},
        {"451 again in 1h5m\r\n", 3900},
        {"451 again in 4 minutes and 59 seconds.\r\n", 299},
        {"451 again in 1 hour, 2 mins, 3 secs\r\n", 3723},
        {"451 again in 1 min 30 sec\r\n", 90},
        {"451 retry=300s\r\n", 300},
        {"450 greylisted (240 s to go)\r\n", 240},
        {"450 in 2 minute(s)\r\n", 120},
        {"450 WAIT 10 MINUTES\r\n", 600},
        {"450 in 5 Minuten\r\n", 300},
        {"450-greylisted\r\n450 4.7.1 in 90\r\n", 0},
        {"450-greylisted, again in 90\r\n450 seconds\r\n", 90},
        /* The first that is said counts. */
        {"451 in 4 min (of 300 seconds)\r\n", 240},
        {"451 2 of 3 tries, 3 minutes left\r\n", 180},
    };
    expect_rows(rows, LENGTH(rows));
}

static void test_clock(void **state)
{
    static const struct row rows[] = {
        {"451 4.7.1 come back in 00:04:59\r\n", 299},
        {"451 4.7.1 come back after 1:00:00.\r\n", 3600},
        {"451 retry=00:05:00\r\n", 300},
        {"451 wait 04:30\r\n", 270},
        {"451 wait 300:00:00\r\n", SMTP_DELAY_MOST_S},
        /* A time of day, and what is neither. */
        {"451 greylisted at 12:04:59\r\n", 0},
        {"451 [2001:04:59]: greylisted\r\n", 0},
        {"451 in 00:04:99\r\n", 0},
        {"451 in 00:\r\n", 0},
        {"451 in 00:04:59:07\r\n", 0},
        {"451 in 5\r\n", 0},
    };
    expect_rows(rows, LENGTH(rows));
}

static void test_none(void **state)
{
    static const struct row rows[] = {
        {"451\r\n", 0},
        {"450 4.2.0 greylisted, see http://help.example/5min.html\r\n", 0},
        {"451 come back later\r\n", 0},
        {"450 in 300\r\n", 0},
        {"450 in 3 sections\r\n", 0},
        {"450 in seconds\r\n", 0},
        {"450 in -5 minutes\r\n", 0},
        {"450 in 5-minutes\r\n", 0},
        /* The address asked about says nothing. */
        {"450 <5min@example.com>: greylisted\r\n", 0},
        {"450 5min@example.com is greylisted\r\n", 0},
        {"450 5min@example.com: again in 60 s\r\n", 60},
    };
    expect_rows(rows, LENGTH(rows));
}

static void test_limits(void **state)
{
    static const struct row rows[] = {
        {"450 in 0 seconds\r\n", 1},
        {"450 in 1 second\r\n", 1},
        {"450 in 4 hours\r\n", SMTP_DELAY_MOST_S},
        {"450 in 4 hours 1 second\r\n", SMTP_DELAY_MOST_S},
        {"450 in 14399 s\r\n", SMTP_DELAY_MOST_S - 1},
        {"450 in 999999 hours\r\n", SMTP_DELAY_MOST_S},
        {"450 in 999999h999999h999999h\r\n", SMTP_DELAY_MOST_S},
        {"450 in 1234567 seconds\r\n", 0},
        {"450 in 4294967297 seconds\r\n", 0},
    };
    expect_rows(rows, LENGTH(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
