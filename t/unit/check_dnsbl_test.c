/* SPDX-License-Identifier: BSD-2-Clause */
/* check_dnsbl_test.c - what the lists say together, and whom an allow-list
 * frees from what */
#include "check_world.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define LISTS         3

/** One list: what is looked up, its weight, and its answers. */
struct list {
    enum zone_of of;
    uint32_t weight;
    const char *a, *txt;
    bool absent;
};

/** The policy's lists, named l0.example and so on, and what they say. */
struct lists {
    struct zone zone[LISTS];
    struct zones zones;
    struct listing listing[LISTS];
};

static void lists_build(struct world *world, struct lists *lists,
                        const struct list *rows, size_t count)
{
    *lists = (struct lists){.zones = {count, lists->zone}};
    for (size_t i = 0; i < count; i++) {
        struct zone *zone = &lists->zone[i];
        snprintf(zone->name, NAME_SIZE, "l%zu.example", i);
        zone->of = rows[i].of;
        zone->weight = rows[i].weight;
        lists->listing[i] = (struct listing){
            .state = rows[i].absent ? LISTING_ABSENT : LISTING_NEW,
            .a = world_answer(world, DNS_A, rows[i].a),
            .txt = world_answer(world, DNS_TXT, rows[i].txt)};
    }
    world->facts.lists.zones = &lists->zones;
    for (size_t of = 0; of <= ZONE_OF_REVERSE; of++)
        world->facts.lists.of[of] = lists->listing;
}

static struct world *session(void)
{
    struct world *world = world_new();

    world->settings.lists_needed = 1;
    world_client(world, "198.51.100.7");
    world_reverse(world, "host.client.example", "198.51.100.7");
    world_helo(world, "mail.client.example", "198.51.100.7", "none");
    world_sender(world, "alice@sender.example", "nx", NULL, NULL);
    return world;
}

static const struct row {
    const char *name;
    uint32_t need, score;
    struct list lists[LISTS];
    enum result result;
    const char *words; /* NULL: whatever */
} rows[] = {
    {"nobody lists it", 1, 0, {{.a = "nx"}, {.a = "none"}}, RESULT_PASS, NULL},
    {"one lists it",
     1,
     0,
     {{.a = "127.0.0.2", .txt = "see-why"}, {.a = "nx"}},
     RESULT_FAIL,
     "198.51.100.7 is listed by l0.example (127.0.0.2): \"see-why\""},
    {"without a text",
     1,
     0,
     {{.a = "nx"}, {.a = "127.0.0.3", .txt = "none"}},
     RESULT_FAIL,
     "198.51.100.7 is listed by l1.example (127.0.0.3)"},
    {"its text is not there yet",
     1,
     0,
     {{.a = "127.0.0.2"}, {.a = "nx"}},
     RESULT_OPEN,
     NULL},
    {"its text cannot be had",
     1,
     0,
     {{.a = "127.0.0.2", .txt = "time-out"}, {.a = "nx"}},
     RESULT_FAIL,
     "198.51.100.7 is listed by l0.example (127.0.0.2)"},
    {"one that lists is enough, whatever is open",
     1,
     0,
     {{.a = "127.0.0.2", .txt = "why"}, {.a = NULL}},
     RESULT_FAIL,
     NULL},
    {"another may still list it",
     1,
     0,
     {{.a = "nx"}, {.a = NULL}},
     RESULT_OPEN,
     NULL},
    {"one cannot be asked",
     1,
     0,
     {{.a = "nx"}, {.a = "time-out"}},
     RESULT_TEMPERROR,
     "whether 198.51.100.7 is listed by l1.example could not be looked up "
     "(time-out)"},
    {"an error code is no listing",
     1,
     0,
     {{.a = "nx"}, {.a = "127.255.255.254"}},
     RESULT_TEMPERROR,
     "l1.example was asked about 198.51.100.7 and answered 127.255.255.254: "
     "the list does not answer to public or unknown resolvers"},
    {"both must list it: one does",
     2,
     0,
     {{.a = "127.0.0.2", .txt = "why"}, {.a = "nx"}},
     RESULT_PASS,
     NULL},
    {"both must list it: one does, one cannot be asked",
     2,
     0,
     {{.a = "127.0.0.2", .txt = "why"}, {.a = "time-out"}},
     RESULT_TEMPERROR,
     NULL},
    {"both must list it, and one is out anyhow",
     2,
     0,
     {{.a = "nx"}, {.a = "time-out"}},
     RESULT_PASS,
     NULL},
    {"both must list it, and do",
     2,
     0,
     {{.a = "127.0.0.2", .txt = "one"}, {.a = "127.0.0.9", .txt = "two"}},
     RESULT_FAIL,
     "198.51.100.7 is listed by l0.example (127.0.0.2), 198.51.100.7 is listed "
     "by l1.example (127.0.0.9): \"one\""},
    {"weights add up",
     1,
     5,
     {{.weight = 3, .a = "127.0.0.2", .txt = "one"},
      {.weight = 2, .a = "127.0.0.2", .txt = "two"}},
     RESULT_FAIL,
     NULL},
    {"weights do not add up",
     1,
     5,
     {{.weight = 3, .a = "127.0.0.2", .txt = "one"},
      {.weight = 9, .a = "nx"},
      {.weight = 1, .a = "time-out"}},
     RESULT_PASS,
     NULL},
    {"one that is switched off does not count",
     1,
     0,
     {{.a = NULL, .absent = true}, {.a = "nx"}},
     RESULT_PASS,
     NULL},
    {"all are switched off",
     1,
     0,
     {{.a = NULL, .absent = true}},
     RESULT_NONE,
     NULL},
    {"the HELO name is listed",
     1,
     0,
     {{.of = ZONE_OF_HELO, .a = "127.0.1.2", .txt = "bad-name"}},
     RESULT_FAIL,
     "mail.client.example is listed by l0.example (127.0.1.2): \"bad-name\""},
    {"the sender's domain is listed",
     1,
     0,
     {{.of = ZONE_OF_SENDER, .a = "127.0.1.2", .txt = "none"}},
     RESULT_FAIL,
     "sender.example is listed by l0.example (127.0.1.2)"},
    {"the reverse name is listed",
     1,
     0,
     {{.of = ZONE_OF_REVERSE, .a = "127.0.1.2", .txt = "none"}},
     RESULT_FAIL,
     "host.client.example is listed by l0.example (127.0.1.2)"},
};

static size_t count_of(const struct row *row)
{
    size_t count = LISTS;

    while (count > 0 && !row->lists[count - 1].a &&
           !row->lists[count - 1].absent)
        count--;
    return row->result == RESULT_OPEN ? 2 : count;
}

static void lists_are_weighed(void **state)
{
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct world *world = session();
        struct lists lists;
        lists_build(world, &lists, rows[i].lists, count_of(&rows[i]));
        world->settings.lists_needed = rows[i].need;
        world->settings.list_score = rows[i].score;
        world_expect(world, rows[i].name, CHECK_DNSBL, rows[i].result,
                     REASON_NONE, rows[i].words);
        world_free(world);
    }
}

static void open_beside_a_listing_is_not_waited_for(void **state)
{
    const struct list both[] = {{.a = "127.0.0.2", .txt = "why"}, {.a = NULL}};
    struct world *world = session();
    struct lists lists;

    lists_build(world, &lists, both, 2);
    world_expect(world, "open", CHECK_DNSBL, RESULT_FAIL, REASON_NONE, NULL);
    world_free(world);
}

static void without_a_subject_it_does_not_apply(void **state)
{
    const struct list every[] = {
        {.of = ZONE_OF_CLIENT}, {.of = ZONE_OF_HELO}, {.of = ZONE_OF_SENDER}};
    struct world *world = world_new();
    struct lists lists;

    world->settings.lists_needed = 1;
    world_client(world, NULL);
    world_helo(world, "[192.0.2.77]", NULL, NULL);
    world_sender(world, "<>", NULL, NULL, NULL);
    lists_build(world, &lists, every, 3);
    world_expect(world, "none", CHECK_DNSBL, RESULT_NONE, REASON_NONE,
                 "there is nothing that a list could be asked about");
    world->facts.lists.zones = NULL;
    world_expect(world, "no lists", CHECK_DNSBL, RESULT_NONE, REASON_NONE,
                 NULL);
    world_free(world);
}

static void reverse_name_is_waited_for(void **state)
{
    const struct list one[] = {{.of = ZONE_OF_REVERSE}};
    struct world *world = session();
    struct lists lists;

    lists_build(world, &lists, one, 1);
    world_reverse(world, NULL, NULL);
    world_expect(world, "open", CHECK_DNSBL, RESULT_OPEN, REASON_NONE, NULL);
    world_reverse(world, "time-out", NULL);
    world_expect(world, "broken", CHECK_DNSBL, RESULT_TEMPERROR, REASON_NONE,
                 NULL);
    world_reverse(world, "nx", NULL);
    world_expect(world, "missing", CHECK_DNSBL, RESULT_NONE, REASON_NONE, NULL);
    world_free(world);
}

/* What an allow-list with this answer makes of a HELO name that is none. */
static void expect_allowed(const char *a, enum zone_of of, const char *ptr,
                           enum result result)
{
    const struct list one[] = {{.of = of, .a = a}};
    struct world *world = session();
    struct lists lists;

    lists_build(world, &lists, one, 1);
    lists.zone[0].kind = ZONE_ALLOW;
    lists.zone[0].exempt = 1U << CHECK_HELO_FORWARD;
    world_reverse(world, ptr, ptr ? "203.0.113.1" : NULL);
    world_helo(world, "nowhere.example", "nx", "nx");
    world_expect(world, a ? a : "open", CHECK_HELO_FORWARD, result,
                 result == RESULT_FAIL ? REASON_NXDOMAIN : REASON_NONE,
                 result == RESULT_NONE
                     ? "the list l0.example frees from this check"
                     : NULL);
    world_expect(world, "of deny-lists alone", CHECK_DNSBL, RESULT_NONE,
                 REASON_NONE, NULL);
    world_free(world);
}

static void allow_list_frees_from_its_checks(void **state)
{
    expect_allowed("127.0.5.1", ZONE_OF_CLIENT, NULL, RESULT_NONE);
    expect_allowed("nx", ZONE_OF_CLIENT, NULL, RESULT_FAIL);
    expect_allowed("time-out", ZONE_OF_CLIENT, NULL, RESULT_FAIL);
    expect_allowed("127.255.255.255", ZONE_OF_CLIENT, NULL, RESULT_FAIL);
    expect_allowed(NULL, ZONE_OF_CLIENT, NULL, RESULT_OPEN);
    /* a reverse name that does not lead back is anybody's word */
    expect_allowed("127.0.5.1", ZONE_OF_REVERSE, "forged.example", RESULT_FAIL);
}

static void what_passes_does_not_wait_for_an_allow_list(void **state)
{
    const struct list one[] = {{.of = ZONE_OF_CLIENT}};
    struct world *world = session();
    struct lists lists;

    lists_build(world, &lists, one, 1);
    lists.zone[0].kind = ZONE_ALLOW;
    lists.zone[0].exempt = 1U << CHECK_HELO_FORWARD;
    world_expect(world, "pass", CHECK_HELO_FORWARD, RESULT_PASS, REASON_NONE,
                 NULL);
    world_free(world);
}

/* P4: what our own fault comes from is told of a list, too. */
static void fault_of_a_list_is_told(void **state)
{
    const struct list some[] = {{.a = "nx"}, {.a = NULL}, {.a = NULL}};
    struct world *world = session();
    struct lists lists;

    (void)state;
    assert_int_equal(facts_fault(&world->facts), FAULT_NONE);
    lists_build(world, &lists, some, 3);
    assert_int_equal(facts_fault(&world->facts), FAULT_NONE);
    lists.listing[2].a = dns_answer_fault(FAULT_DESCRIPTOR);
    assert_int_equal(facts_fault(&world->facts), FAULT_DESCRIPTOR);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_weighed),
        cmocka_unit_test(open_beside_a_listing_is_not_waited_for),
        cmocka_unit_test(without_a_subject_it_does_not_apply),
        cmocka_unit_test(reverse_name_is_waited_for),
        cmocka_unit_test(allow_list_frees_from_its_checks),
        cmocka_unit_test(what_passes_does_not_wait_for_an_allow_list),
        cmocka_unit_test(fault_of_a_list_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
