/* SPDX-License-Identifier: BSD-2-Clause */
/* check_helo_match_test.c - helo-match: each way to confirm a HELO name, alone,
 * any and all */
#include "check_world.h"

enum need { ANY, ALL };

#define HELO    "mail.example.co.uk"
#define V4      "198.51.100.3"
#define V6      "2001:db8::3"
#define OTHER   "192.0.2.7"
#define MINE    "mail.example.co.uk"
#define SISTER  "out.example.co.uk"
#define FOREIGN "host3.isp.example"

static const struct {
    const char *row;
    unsigned by;
    enum need need;
    const char *client, *helo, *a, *aaaa, *ptr, *forwards;
    enum result result;
    enum reason reason;
    const char *words;
} rows[] = {
    /* By address. */
    {"address", MATCH_ADDRESS, ANY, V4, HELO, V4 " " OTHER, NULL, NULL, NULL,
     RESULT_PASS, REASON_NONE,
     "mail.example.co.uk resolves to the connecting address 198.51.100.3"},
    {"another address", MATCH_ADDRESS, ANY, V4, HELO, OTHER, NULL, NULL, NULL,
     RESULT_FAIL, REASON_NONE,
     "mail.example.co.uk resolves to 192.0.2.7, not to the connecting address "
     "198.51.100.3"},
    {"address, IPv6", MATCH_ADDRESS, ANY, V6, HELO, "time-out",
     "2001:db8:0:0:0::3", NULL, NULL, RESULT_PASS, REASON_NONE, NULL},
    {"v4-mapped client", MATCH_ADDRESS, ANY, "::ffff:198.51.100.3", HELO, V4,
     NULL, NULL, NULL, RESULT_PASS, REASON_NONE, NULL},
    {"address open", MATCH_ADDRESS, ANY, V4, HELO, NULL, V6, NULL, NULL,
     RESULT_OPEN, REASON_NONE,
     "the IPv4 address of mail.example.co.uk could not be looked up in time"},
    {"address time-out", MATCH_ADDRESS, ANY, V6, HELO, V4, "time-out", NULL,
     NULL, RESULT_TEMPERROR, REASON_NONE,
     "the IPv6 address of mail.example.co.uk could not be looked up "
     "(time-out)"},
    {"address internal", MATCH_ADDRESS, ANY, V4, HELO, "internal", V6, NULL,
     NULL, RESULT_TEMPERROR, REASON_INTERNAL, NULL},
    {"other family only", MATCH_ADDRESS, ANY, V6, HELO, OTHER, "none", NULL,
     NULL, RESULT_FAIL, REASON_NONE,
     "mail.example.co.uk resolves to 192.0.2.7, not to the connecting address "
     "2001:db8::3"},
    {"other family fails", MATCH_ADDRESS, ANY, V4, HELO, "none", "time-out",
     NULL, NULL, RESULT_FAIL, REASON_NONE,
     "mail.example.co.uk has no IPv4 address in DNS; the connecting address is "
     "198.51.100.3"},
    {"nxdomain", MATCH_ADDRESS, ANY, V4, HELO, "nx", NULL, NULL, NULL,
     RESULT_FAIL, REASON_NONE,
     "mail.example.co.uk does not exist in DNS; the connecting address is "
     "198.51.100.3"},

    /* By reverse name. */
    {"name", MATCH_NAME, ANY, V4, HELO, NULL, NULL, MINE, V4, RESULT_PASS,
     REASON_NONE,
     "the HELO name is mail.example.co.uk; the reverse name of 198.51.100.3 is "
     "mail.example.co.uk (confirmed)"},
    {"name, second of two", MATCH_NAME, ANY, V4, HELO, NULL, NULL,
     FOREIGN " " MINE, "?|" V4, RESULT_PASS, REASON_NONE,
     "the HELO name is mail.example.co.uk; the reverse names of 198.51.100.3 "
     "are mail.example.co.uk (confirmed) and host3.isp.example (could not be "
     "looked up in time)"},
    {"name, unconfirmed", MATCH_NAME, ANY, V4, HELO, NULL, NULL, MINE, OTHER,
     RESULT_FAIL, REASON_NONE,
     "the HELO name is mail.example.co.uk; the reverse name of 198.51.100.3 is "
     "mail.example.co.uk (resolves to 192.0.2.7)"},
    {"another name needs no answer", MATCH_NAME, ANY, V4, HELO, NULL, NULL,
     SISTER, "?", RESULT_FAIL, REASON_NONE, NULL},
    {"another name may time out", MATCH_NAME, ANY, V4, HELO, NULL, NULL, SISTER,
     "time-out", RESULT_FAIL, REASON_NONE, NULL},
    {"name open", MATCH_NAME, ANY, V4, HELO, NULL, NULL, MINE, "?", RESULT_OPEN,
     REASON_NONE, NULL},
    {"name time-out", MATCH_NAME, ANY, V4, HELO, NULL, NULL, MINE, "time-out",
     RESULT_TEMPERROR, REASON_NONE, NULL},
    {"name internal", MATCH_NAME, ANY, V4, HELO, NULL, NULL, MINE, "internal",
     RESULT_TEMPERROR, REASON_INTERNAL, NULL},
    {"PTR open", MATCH_NAME, ANY, V4, HELO, NULL, NULL, NULL, NULL, RESULT_OPEN,
     REASON_NONE,
     "the HELO name is mail.example.co.uk; the reverse name of 198.51.100.3 "
     "could not be looked up in time"},
    {"PTR time-out", MATCH_NAME, ANY, V4, HELO, NULL, NULL, "time-out", NULL,
     RESULT_TEMPERROR, REASON_NONE, NULL},
    {"PTR internal", MATCH_NAME, ANY, V4, HELO, NULL, NULL, "internal", NULL,
     RESULT_TEMPERROR, REASON_INTERNAL, NULL},
    {"no PTR", MATCH_NAME, ANY, V4, HELO, NULL, NULL, "nx", NULL, RESULT_FAIL,
     REASON_NONE,
     "the HELO name is mail.example.co.uk; there is no reverse name (PTR "
     "record) for 198.51.100.3"},

    /* By organisation. */
    {"organisation", MATCH_ORGANISATION, ANY, V4, HELO, NULL, NULL, SISTER, V4,
     RESULT_PASS, REASON_NONE, NULL},
    {"organisation, the name itself", MATCH_ORGANISATION, ANY, V4, HELO, NULL,
     NULL, MINE, V4, RESULT_PASS, REASON_NONE, NULL},
    {"a common public suffix is none", MATCH_ORGANISATION, ANY, V4, HELO, NULL,
     NULL, "mail.other.co.uk", V4, RESULT_FAIL, REASON_NONE, NULL},
    {"a public suffix has none", MATCH_ORGANISATION, ANY, V4, "co.uk", NULL,
     NULL, "co.uk", V4, RESULT_FAIL, REASON_NONE, NULL},
    {"organisation, unconfirmed", MATCH_ORGANISATION, ANY, V4, HELO, NULL, NULL,
     SISTER, OTHER, RESULT_FAIL, REASON_NONE, NULL},
    {"organisation, one of two times out", MATCH_ORGANISATION, ANY, V4, HELO,
     NULL, NULL, SISTER " " MINE, "none|time-out", RESULT_TEMPERROR,
     REASON_NONE, NULL},
    {"organisation, one of two confirmed", MATCH_ORGANISATION, ANY, V4, HELO,
     NULL, NULL, SISTER " " MINE, "time-out|" V4, RESULT_PASS, REASON_NONE,
     NULL},

    /* Any of all three. */
    {"any: the mismatch a postmaster reads", MATCH_BY_EVERY, ANY, V4, HELO,
     OTHER, "none", FOREIGN, V4, RESULT_FAIL, REASON_NONE,
     "mail.example.co.uk resolves to 192.0.2.7, not to the connecting address "
     "198.51.100.3; the reverse name of 198.51.100.3 is host3.isp.example "
     "(confirmed)"},
    {"any: one passes at once", MATCH_BY_EVERY, ANY, V4, HELO, V4, NULL, NULL,
     NULL, RESULT_PASS, REASON_NONE, NULL},
    {"any: the last passes", MATCH_BY_EVERY, ANY, V4, HELO, "time-out", NULL,
     SISTER, V4, RESULT_PASS, REASON_NONE, NULL},
    {"any: one is open", MATCH_BY_EVERY, ANY, V4, HELO, OTHER, NULL, NULL, NULL,
     RESULT_OPEN, REASON_NONE, NULL},
    {"any: open goes before temperror", MATCH_BY_EVERY, ANY, V4, HELO,
     "time-out", NULL, NULL, NULL, RESULT_OPEN, REASON_NONE, NULL},
    {"any: temperror goes before fail", MATCH_BY_EVERY, ANY, V4, HELO,
     "time-out", NULL, FOREIGN, V4, RESULT_TEMPERROR, REASON_NONE, NULL},
    {"any: our own fault is told", MATCH_BY_EVERY, ANY, V4, HELO, "time-out",
     NULL, "internal", NULL, RESULT_TEMPERROR, REASON_INTERNAL, NULL},

    /* All that are asked for. */
    {"all pass", MATCH_BY_EVERY, ALL, V4, HELO, V4, NULL, MINE, V4, RESULT_PASS,
     REASON_NONE,
     "mail.example.co.uk resolves to the connecting address 198.51.100.3; the "
     "reverse name of 198.51.100.3 is mail.example.co.uk (confirmed)"},
    {"all: one fails at once", MATCH_BY_EVERY, ALL, V4, HELO, OTHER, NULL, NULL,
     NULL, RESULT_FAIL, REASON_NONE, NULL},
    {"all: the last fails", MATCH_ADDRESS | MATCH_NAME, ALL, V4, HELO,
     "time-out", NULL, FOREIGN, V4, RESULT_FAIL, REASON_NONE, NULL},
    {"all: one is open", MATCH_ADDRESS | MATCH_NAME, ALL, V4, HELO, V4, NULL,
     MINE, "?", RESULT_OPEN, REASON_NONE, NULL},
    {"all: temperror", MATCH_ADDRESS | MATCH_NAME, ALL, V4, HELO, V4, NULL,
     MINE, "time-out", RESULT_TEMPERROR, REASON_NONE, NULL},

    /* Address literals go by address alone. */
    {"literal", MATCH_NAME, ALL, V4, "[198.51.100.3]", NULL, NULL, NULL, NULL,
     RESULT_PASS, REASON_NONE,
     "the address literal of 198.51.100.3 is that of the connecting address"},
    {"literal, v4-mapped", MATCH_BY_EVERY, ANY, V4,
     "[IPv6:::ffff:198.51.100.3]", NULL, NULL, NULL, NULL, RESULT_PASS,
     REASON_NONE, NULL},
    {"literal, full form", MATCH_BY_EVERY, ANY, V6,
     "[ipv6:2001:0DB8:0:0:0:0:0:3]", NULL, NULL, NULL, NULL, RESULT_PASS,
     REASON_NONE, NULL},
    {"another literal", MATCH_BY_EVERY, ANY, V4, "[192.0.2.7]", NULL, NULL,
     "198.51.100.3.example", V4, RESULT_FAIL, REASON_NONE,
     "the address literal of 192.0.2.7 is not that of the connecting address "
     "198.51.100.3"},

    /* What does not apply. */
    {"unqualified", MATCH_BY_EVERY, ANY, V4, "desktop", NULL, NULL, "desktop",
     V4, RESULT_NONE, REASON_NONE,
     "the HELO name is not a fully qualified domain name"},
    {"bare address", MATCH_BY_EVERY, ANY, V4, V4, NULL, NULL, NULL, NULL,
     RESULT_NONE, REASON_NONE, NULL},
    {"missing", MATCH_BY_EVERY, ANY, V4, NULL, NULL, NULL, NULL, NULL,
     RESULT_NONE, REASON_NONE, NULL},
    {"client not known", MATCH_BY_EVERY, ANY, NULL, HELO, V4, NULL, NULL, NULL,
     RESULT_NONE, REASON_NONE, "the client's address is not known"},
};

static void ways_are_weighed(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *world = world_new();
        world->settings.match_by = rows[i].by;
        world->settings.match_all = rows[i].need == ALL;
        world_client(world, rows[i].client);
        world_helo(world, rows[i].helo, rows[i].a, rows[i].aaaa);
        world_reverse(world, rows[i].ptr, rows[i].forwards);
        world_expect(world, rows[i].row, CHECK_HELO_MATCH, rows[i].result,
                     rows[i].reason, rows[i].words);
        world_free(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways_are_weighed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
