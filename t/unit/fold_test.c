/* SPDX-License-Identifier: BSD-2-Clause */
/* fold_test.c - what of a sender address changes from message to message */
#include "store/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct {
    const char *address, *folded; /* "": nothing of it changes */
} rows[] = {
    {"alice@example.com", ""},
    {"alice.1985@example.com", ""},
    {"info2024@example.com", ""},
    {"deadbeef01@example.com", ""},
    {"prvs=1234abcdef=alice@example.com", "prvs=*=alice@example.com"},
    {"PRVS=9876543210=Alice@EXAMPLE.com", "PRVS=*=Alice@example.com"},
    {"prvs=1234abcdef=bounces+7654321@example.com",
     "prvs=*=bounces+7654321@example.com"},
    {"prvs=short=alice@example.com", ""},
    {"prvs=@example.com", ""},
    {"SRS0=HHHH=TT=example.org=alice@relay.example",
     "SRS0=*=*=example.org=alice@relay.example"},
    {"srs0+Ab+z=7Q=example.org=alice@relay.example",
     "srs0+*=*=example.org=alice@relay.example"},
    {"SRS0=HHHH=TT@relay.example", ""},
    {"SRS1=GGGG=other.example==HHHH=TT=example.org=alice@relay.example",
     "SRS1=*=other.example==*=*=example.org=alice@relay.example"},
    {"SRS2=HHHH=TT=example.org=alice@relay.example", ""},
    {"bounces+12345678-abcd-user=example.org@list.example",
     "bounces+*-abcd-user=example.org@list.example"},
    {"list-bounces+user=example.org@list.example", ""},
    {"bounce-0123456-99-1@list.example", "bounce-*-99-1@list.example"},
    {"b.00a1f2=user=example.org@list.example",
     "b.*=user=example.org@list.example"},
    {"return-1234567@list.example", ""},
    {"user=1234@[192.0.2.1]", ""},
};

static void test_rows(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mailpath path;
        char folded[MAILPATH_SIZE];
        mailpath_parse(&path, span_of(rows[i].address));
        assert_int_equal(path.fault, MAILPATH_OK);
        bool changes = fold_path(&path, folded);
        if (changes != (*rows[i].folded != '\0') ||
            strcmp(folded, rows[i].folded) != 0)
            fail_msg("%s: %s", rows[i].address, folded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
