/* SPDX-License-Identifier: BSD-2-Clause */
/* check_client_ptr_test.c - client-ptr: reverse names and their way back */
#include "check_world.h"

#define V4    "198.51.100.3"
#define V6    "2001:db8::3"
#define OTHER "192.0.2.7"

static const struct {
    const char *client, *ptr, *forwards;
    enum result result;
    enum reason reason;
    const char *words;
} rows[] = {
    {V4, "a.example", V4, RESULT_PASS, REASON_NONE,
     "the reverse name of 198.51.100.3 is a.example (confirmed)"},
    {V6, "a.example", V6, RESULT_PASS, REASON_NONE, NULL},
    {"::ffff:198.51.100.3", "a.example", V4, RESULT_PASS, REASON_NONE, NULL},
    {V4, "a.example b.example", "nx|" V4, RESULT_PASS, REASON_NONE,
     "the reverse names of 198.51.100.3 are b.example (confirmed) and "
     "a.example (does not exist in DNS)"},
    {V4, "a.example b.example", "?|" V4, RESULT_PASS, REASON_NONE, NULL},
    {V4, "a.example b.example c.example d.example e.example",
     V4 "|" V4 "|" V4 "|" V4 "|" V4, RESULT_PASS, REASON_NONE,
     "the reverse names of 198.51.100.3 are a.example (confirmed), b.example "
     "(confirmed), c.example (confirmed) and 2 more"},
    {V4, "nx", NULL, RESULT_FAIL, REASON_MISSING,
     "there is no reverse name (PTR record) for 198.51.100.3"},
    {V4, "none", NULL, RESULT_FAIL, REASON_MISSING, NULL},
    {V4, "!bad", NULL, RESULT_FAIL, REASON_MISSING,
     "the PTR record of 198.51.100.3 holds no valid host name"},
    {V4, "a.example", OTHER, RESULT_FAIL, REASON_UNCONFIRMED,
     "the reverse name of 198.51.100.3 is a.example (resolves to 192.0.2.7); "
     "it does not resolve back to that address"},
    {V4, "a.example", "none", RESULT_FAIL, REASON_UNCONFIRMED,
     "the reverse name of 198.51.100.3 is a.example (has no IPv4 address in "
     "DNS); it does not resolve back to that address"},
    {V4, "a.example b.example", OTHER "|nx", RESULT_FAIL, REASON_UNCONFIRMED,
     "the reverse names of 198.51.100.3 are a.example (resolves to 192.0.2.7) "
     "and b.example (does not exist in DNS); none of them resolves back to "
     "that address"},
    /* Names beyond the tenth are not asked about. */
    {V4, "a.ex b.ex c.ex d.ex e.ex f.ex g.ex h.ex i.ex j.ex k.ex",
     "nx|nx|nx|nx|nx|nx|nx|nx|nx|nx", RESULT_FAIL, REASON_UNCONFIRMED,
     "the reverse names of 198.51.100.3 are a.ex (does not exist in DNS), b.ex "
     "(does not exist in DNS), c.ex (does not exist in DNS) and 8 more (the "
     "first 10 were looked up); none of them resolves back to that address"},
    {V4, NULL, NULL, RESULT_OPEN, REASON_NONE,
     "the reverse name of 198.51.100.3 could not be looked up in time"},
    {V4, "a.example", "?", RESULT_OPEN, REASON_NONE,
     "the reverse name of 198.51.100.3 is a.example (could not be looked up in "
     "time)"},
    {V4, "a.example b.example", "time-out|?", RESULT_OPEN, REASON_NONE, NULL},
    {V4, "a.example b.example", "?|time-out", RESULT_OPEN, REASON_NONE, NULL},
    {V4, "time-out", NULL, RESULT_TEMPERROR, REASON_NONE,
     "the reverse name of 198.51.100.3 could not be looked up (time-out)"},
    {V4, "a.example b.example", "time-out|nx", RESULT_TEMPERROR, REASON_NONE,
     NULL},
    {V4, "internal", NULL, RESULT_TEMPERROR, REASON_INTERNAL, NULL},
    {V4, "a.example b.example", "time-out|internal", RESULT_TEMPERROR,
     REASON_INTERNAL, NULL},
    {V4, "a.example b.example", "internal|time-out", RESULT_TEMPERROR,
     REASON_INTERNAL, NULL},
    {NULL, NULL, NULL, RESULT_NONE, REASON_NONE,
     "the client's address is not known"},
};

static void reverse_names_are_followed_back(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char row[8];
        struct world *world = world_new();
        snprintf(row, sizeof row, "%zu", i);
        world_client(world, rows[i].client);
        world_reverse(world, rows[i].ptr, rows[i].forwards);
        world_expect(world, row, CHECK_CLIENT_PTR, rows[i].result,
                     rows[i].reason, rows[i].words);
        world_free(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reverse_names_are_followed_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
