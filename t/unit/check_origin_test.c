/* SPDX-License-Identifier: BSD-2-Clause */
/* check_origin_test.c - the name of our callouts and the address they leave
 * from: what is right, what is wrong, and what is said of it */
#include "check/origin.h"
#include "check_world.h"

#define NAME "mx1.example.org"
#define SET  " or set `callout.bind` or `callout.name`"
#define BACK \
 ": let whoever assigned the address set its PTR record to mx1.example.org"

static const struct {
    const char *source, *forward;
    const char *reverse[3]; /* of each address whose reverse name matters */
    enum origin_state state;
    const char *words; /* NULL: whatever */
} rows[] = {
    {"45.1.0.1",
     "45.1.0.1",
     {NAME},
     ORIGIN_GOOD,
     "callouts are mx1.example.org and leave from 45.1.0.1: these lead to each "
     "other"},
    {"45.1.0.1", "45.1.0.9 45.1.0.1", {"a.example " NAME}, ORIGIN_GOOD, NULL},
    {"2a10:1::1",
     "2a10:1::1",
     {NAME},
     ORIGIN_GOOD,
     "callouts are mx1.example.org and leave from 2a10:1::1: these lead to "
     "each other"},

    /* From the name to the address. */
    {"45.1.0.1",
     "nx",
     {NAME},
     ORIGIN_WRONG,
     "the name mx1.example.org does not exist in DNS, but callouts leave from "
     "45.1.0.1: give the name an A record with that address," SET},
    {"45.1.0.1",
     "none",
     {NAME},
     ORIGIN_WRONG,
     "the name mx1.example.org has no IPv4 address in DNS, but callouts leave "
     "from 45.1.0.1: give the name an A record with that address," SET},
    {"2a10:1::1",
     "none",
     {NAME},
     ORIGIN_WRONG,
     "the name mx1.example.org has no IPv6 address in DNS, but callouts leave "
     "from 2a10:1::1: give the name an AAAA record with that address," SET},
    {"45.1.0.1",
     "45.1.0.8",
     {NAME},
     ORIGIN_WRONG,
     "the name mx1.example.org resolves to 45.1.0.8, but callouts leave from "
     "45.1.0.1: give the name an A record with that address," SET},
    {"45.1.0.1",
     "45.1.0.6 45.1.0.7 45.1.0.8 45.1.0.9",
     {NAME},
     ORIGIN_WRONG,
     "the name mx1.example.org resolves to 45.1.0.6, 45.1.0.7, 45.1.0.8 and 1 "
     "more, but callouts leave from 45.1.0.1: give the name an A record with "
     "that address," SET},

    /* And back. */
    {"45.1.0.1",
     "45.1.0.1",
     {"nx"},
     ORIGIN_WRONG,
     "there is no reverse name (PTR record) for 45.1.0.1" BACK},
    {"45.1.0.1",
     "45.1.0.1",
     {"none"},
     ORIGIN_WRONG,
     "there is no reverse name (PTR record) for 45.1.0.1" BACK},
    {"45.1.0.1",
     "45.1.0.1",
     {"!bad"},
     ORIGIN_WRONG,
     "the PTR record of 45.1.0.1 holds no valid host name" BACK},
    {"45.1.0.1",
     "45.1.0.1",
     {"h1.example"},
     ORIGIN_WRONG,
     "the reverse name of 45.1.0.1 is h1.example" BACK},
    {"45.1.0.1",
     "45.1.0.1",
     {"h1.example h2.example"},
     ORIGIN_WRONG,
     "the reverse names of 45.1.0.1 are h1.example and h2.example" BACK},
    {"45.1.0.1",
     "45.1.0.1",
     {"h1.example h2.example h3.example h4.example"},
     ORIGIN_WRONG,
     "the reverse names of 45.1.0.1 are h1.example, h2.example, h3.example and "
     "1 more" BACK},

    /* Both ways. */
    {"45.1.0.1",
     "45.1.0.8",
     {"nx"},
     ORIGIN_WRONG,
     "the name mx1.example.org resolves to 45.1.0.8, but callouts leave from "
     "45.1.0.1: give the name an A record with that address," SET
     "; there is no reverse name (PTR record) for 45.1.0.1" BACK},

    /* What nobody can tell, or not yet. */
    {"45.1.0.1",
     "time-out",
     {NAME},
     ORIGIN_TEMPERROR,
     "the name mx1.example.org could not be looked up (time-out)"},
    {"45.1.0.1",
     "45.1.0.1",
     {"time-out"},
     ORIGIN_TEMPERROR,
     "the reverse name of 45.1.0.1 could not be looked up (time-out)"},
    {"45.1.0.1",
     "time-out",
     {"time-out"},
     ORIGIN_TEMPERROR,
     "the name mx1.example.org could not be looked up (time-out); the reverse "
     "name of 45.1.0.1 could not be looked up (time-out)"},
    {"45.1.0.1", "nx", {"time-out"}, ORIGIN_WRONG, NULL},
    {"45.1.0.1", "time-out", {"nx"}, ORIGIN_WRONG, NULL},
    {"45.1.0.1", NULL, {"nx"}, ORIGIN_OPEN, NULL},
    {"45.1.0.1", "nx", {NULL}, ORIGIN_OPEN, NULL},
    {"45.1.0.1", "45.1.0.1", {NULL}, ORIGIN_OPEN, NULL},

    /* Behind NAT the source does not show. */
    {"10.0.0.5",
     "45.1.0.1",
     {NAME},
     ORIGIN_GOOD,
     "callouts are mx1.example.org and leave from 10.0.0.5, behind NAT: DNS "
     "agrees as far as it tells here"},
    {"10.0.0.5", "45.1.0.1 45.1.0.2", {NAME, NAME}, ORIGIN_GOOD, NULL},
    {"10.0.0.5",
     "45.1.0.1 45.1.0.2",
     {NAME, "nx"},
     ORIGIN_WRONG,
     "there is no reverse name (PTR record) for 45.1.0.2" BACK},
    {"10.0.0.5",
     "45.1.0.1 45.1.0.2",
     {"h1.example", "nx"},
     ORIGIN_WRONG,
     "the reverse name of 45.1.0.1 is h1.example" BACK
     "; there is no reverse name (PTR record) for 45.1.0.2" BACK},
    {"10.0.0.5",
     "nx",
     {NULL},
     ORIGIN_WRONG,
     "the name mx1.example.org does not exist in DNS, but callouts leave from "
     "10.0.0.5, behind NAT: give the name an A record with the address that "
     "NAT puts in its place, or set `callout.name`"},
    {"fd00::5",
     "none",
     {NULL},
     ORIGIN_WRONG,
     "the name mx1.example.org has no IPv6 address in DNS, but callouts leave "
     "from fd00::5, behind NAT: give the name an AAAA record with the address "
     "that NAT puts in its place, or set `callout.name`"},
    {"10.0.0.5", "time-out", {NULL}, ORIGIN_TEMPERROR, NULL},
    {"10.0.0.5", NULL, {NULL}, ORIGIN_OPEN, NULL},
    {"10.0.0.5", "45.1.0.1", {NULL}, ORIGIN_OPEN, NULL},
    /* DNS as it is seen from within: nothing can be told of the outside. */
    {"10.0.0.5", "10.0.0.5", {NULL}, ORIGIN_GOOD, NULL},
};

static void judges(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *world = world_new();
        const struct address source = world_address(rows[i].source);
        struct origin origin = {.name = NAME, .source = source};
        char words[1500];
        struct text text;
        enum origin_state found;

        origin.forward = world_answer(
            world, address_is_v4(&source) ? DNS_A : DNS_AAAA, rows[i].forward);
        for (size_t j = 0; j < 3; j++)
            origin.reverse[j] =
                world_answer(world, DNS_PTR, rows[i].reverse[j]);
        text_begin(&text, words, sizeof words);
        found = origin_judge(&origin, &text);
        if (found != rows[i].state)
            fail_msg("row %zu: %d, expected %d", i, found, rows[i].state);
        if (rows[i].words && strcmp(words, rows[i].words) != 0)
            fail_msg("row %zu: \"%s\"\nexpected \"%s\"", i, words,
                     rows[i].words);
        assert_true(found == ORIGIN_OPEN || words[0] != '\0');
        world_free(world);
    }
}

/* A name may have a hundred addresses; not all are held against it. */
static void bounds(void **state)
{
    struct world *world = world_new();
    struct origin origin = {.name = NAME, .source = world_address("10.0.0.5")};
    char addresses[600] = "";
    size_t length = 0, count = 0;

    for (int i = 1; i <= ORIGIN_ADDRESSES_MOST + 2; i++)
        length += (size_t)snprintf(addresses + length,
                                   sizeof addresses - length, "45.1.0.%d ", i);
    origin.forward = world_answer(world, DNS_A, addresses);
    while (origin_address(&origin, count))
        count++;
    assert_int_equal(count, ORIGIN_ADDRESSES_MOST);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
