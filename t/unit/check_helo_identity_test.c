/* SPDX-License-Identifier: BSD-2-Clause */
/* check_helo_identity_test.c - helo-identity: who may greet with our names */
#include "check_world.h"

static const struct {
    const char *client, *helo;
    enum result result;
    const char *words;
} rows[] = {
    {"198.51.100.3", "mail.example.net", RESULT_PASS,
     "the HELO name is not one of this site"},
    {"198.51.100.3", "MX.home.example.", RESULT_FAIL,
     "the HELO name mx.home.example is this mail server's own name, and the "
     "connecting address 198.51.100.3 is not one of this site"},
    {"198.51.100.3", "Callout.home.example", RESULT_FAIL,
     "the HELO name callout.home.example is the name of our callouts, and the "
     "connecting address 198.51.100.3 is not one of this site"},
    {"198.51.100.3", "home.example", RESULT_FAIL,
     "the HELO name home.example is a domain of this site, and the connecting "
     "address 198.51.100.3 is not one of this site"},
    {"198.51.100.3", "second.example", RESULT_FAIL, NULL},
    {"198.51.100.3", "pc.home.example", RESULT_PASS, NULL},
    {"198.51.100.3", "myhome.example", RESULT_PASS, NULL},
    {"198.51.100.3", "[192.0.2.1]", RESULT_FAIL,
     "the HELO name is the address 192.0.2.1 of this site, and the connecting "
     "address 198.51.100.3 is not one of this site"},
    {"198.51.100.3", "[IPv6:::ffff:192.0.2.1]", RESULT_FAIL, NULL},
    {"198.51.100.3", "[IPv6:2001:db8:0::1]", RESULT_FAIL, NULL},
    {"198.51.100.3", "192.0.2.1", RESULT_FAIL, NULL},
    {"198.51.100.3", "[192.0.2.7]", RESULT_PASS, NULL},
    {"198.51.100.3", "[192.0.2.1", RESULT_PASS, NULL},
    {"198.51.100.3", NULL, RESULT_PASS, NULL},
    {"198.51.100.3", "home..example", RESULT_PASS, NULL},
    {"192.0.2.1", "mx.home.example", RESULT_PASS,
     "the HELO name mx.home.example is this mail server's own name, and the "
     "connecting address 192.0.2.1 is one of this site"},
    {"192.0.2.1", "callout.home.example", RESULT_PASS, NULL},
    {"2001:db8::1", "home.example", RESULT_PASS, NULL},
    {"::ffff:192.0.2.1", "[192.0.2.1]", RESULT_PASS, NULL},
    {NULL, "mx.home.example", RESULT_NONE, "the client's address is not known"},
};

static void strangers_may_not_borrow(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *world = world_new();
        world_client(world, rows[i].client);
        world_helo(world, rows[i].helo, NULL, NULL);
        world_expect(world, rows[i].helo ? rows[i].helo : "(none)",
                     CHECK_HELO_IDENTITY, rows[i].result, REASON_NONE,
                     rows[i].words);
        world_free(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_may_not_borrow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
