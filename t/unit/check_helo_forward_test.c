/* SPDX-License-Identifier: BSD-2-Clause */
/* check_helo_forward_test.c - helo-forward: the HELO name's addresses, and what
 * two families say together */
#include "check_world.h"

static const struct {
    const char *helo, *a, *aaaa;
    enum result result;
    enum reason reason;
    const char *words;
} rows[] = {
    {"m.example.net", "192.0.2.7", "none", RESULT_PASS, REASON_NONE,
     "the HELO name m.example.net resolves to 192.0.2.7"},
    {"m.example.net", "192.0.2.7 192.0.2.8", "2001:db8::7", RESULT_PASS,
     REASON_NONE,
     "the HELO name m.example.net resolves to 192.0.2.7, 192.0.2.8 and "
     "2001:db8::7"},
    {"m.example.net", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", "2001:db8::7",
     RESULT_PASS, REASON_NONE,
     "the HELO name m.example.net resolves to 192.0.2.1, 192.0.2.2, 192.0.2.3 "
     "and 2 more"},
    /* One family is enough, whatever the other says or does not say. */
    {"m.example.net", NULL, "2001:db8::7", RESULT_PASS, REASON_NONE, NULL},
    {"m.example.net", "192.0.2.7", NULL, RESULT_PASS, REASON_NONE, NULL},
    {"m.example.net", "192.0.2.7", "time-out", RESULT_PASS, REASON_NONE, NULL},
    {"m.example.net", "192.0.2.7", "nx", RESULT_PASS, REASON_NONE, NULL},
    /* Open as long as an address may still come. */
    {"m.example.net", NULL, NULL, RESULT_OPEN, REASON_NONE,
     "the HELO name m.example.net could not be looked up in time"},
    {"m.example.net", "none", NULL, RESULT_OPEN, REASON_NONE, NULL},
    {"m.example.net", "time-out", NULL, RESULT_OPEN, REASON_NONE, NULL},
    {"m.example.net", NULL, "nx", RESULT_OPEN, REASON_NONE, NULL},
    {"m.example.net", "nx", "nx", RESULT_FAIL, REASON_NXDOMAIN,
     "the HELO name m.example.net does not exist in DNS"},
    {"m.example.net", "nx", "time-out", RESULT_FAIL, REASON_NXDOMAIN, NULL},
    {"m.example.net", "none", "nx", RESULT_FAIL, REASON_NXDOMAIN, NULL},
    {"m.example.net", "none", "none", RESULT_FAIL, REASON_NO_ADDRESS,
     "the HELO name m.example.net has no address in DNS"},
    {"m.example.net", "none", "time-out", RESULT_TEMPERROR, REASON_NONE,
     "the HELO name m.example.net could not be looked up (time-out)"},
    {"m.example.net", "time-out", "none", RESULT_TEMPERROR, REASON_NONE, NULL},
    {"m.example.net", "time-out", "internal", RESULT_TEMPERROR, REASON_INTERNAL,
     NULL},
    /* What has no place in DNS is not looked up. */
    {"[192.0.2.7]", NULL, NULL, RESULT_NONE, REASON_NONE,
     "the HELO name is an address literal"},
    {"desktop", NULL, NULL, RESULT_NONE, REASON_NONE,
     "the HELO name is not a fully qualified domain name"},
    {"192.0.2.7", NULL, NULL, RESULT_NONE, REASON_NONE, NULL},
    {"[192.0.2", NULL, NULL, RESULT_NONE, REASON_NONE, NULL},
    {"a..example", NULL, NULL, RESULT_NONE, REASON_NONE, NULL},
    {NULL, NULL, NULL, RESULT_NONE, REASON_NONE, NULL},
};

static void both_families_are_weighed(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char row[8];
        struct world *world = world_new();
        snprintf(row, sizeof row, "%zu", i);
        world_helo(world, rows[i].helo, rows[i].a, rows[i].aaaa);
        world_expect(world, row, CHECK_HELO_FORWARD, rows[i].result,
                     rows[i].reason, rows[i].words);
        world_free(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families_are_weighed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
