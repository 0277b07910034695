/* SPDX-License-Identifier: BSD-2-Clause */
/* zone_test.c - what lists are asked, and what their answers mean */
#include "check_world.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static const struct {
    const char *text;
    uint32_t first, last; /* 0: it cannot be read */
} ranges[] = {
    {"127.0.0.2", 0x7f000002, 0x7f000002},
    {"127.0.0.2-127.0.0.11", 0x7f000002, 0x7f00000b},
    {"127.0.0.0/24", 0x7f000000, 0x7f0000ff},
    {"127.0.0.0/8", 0x7f000000, 0x7fffffff},
    {"127.0.0.4/32", 0x7f000004, 0x7f000004},
    {"126.0.0.0/7", 0, 0},
    {"192.0.2.1", 0, 0},
    {"127.0.0.11-127.0.0.2", 0, 0},
    {"127.0.0.2-128.0.0.0", 0, 0},
    {"127.0.0.2-", 0, 0},
    {"-127.0.0.2", 0, 0},
    {"127.0.0.2-127.0.0.3-127.0.0.4", 0, 0},
    {"127.0.0.1/24", 0, 0},
    {"::ffff:127.0.0.2", 0, 0},
    {"::/8", 0, 0},
    {"127.0.0", 0, 0},
    {"", 0, 0},
};

static void ranges_are_read(void **state)
{
    for (size_t i = 0; i < LENGTH(ranges); i++) {
        struct zone_range range = {0, 0};
        bool read = zone_range_parse(&range, span_of(ranges[i].text));
        if (read != (ranges[i].first != 0))
            fail_msg("%s: %s", ranges[i].text, read ? "read" : "not read");
        if (read &&
            (range.first != ranges[i].first || range.last != ranges[i].last))
            fail_msg("%s: %x to %x", ranges[i].text, range.first, range.last);
    }
}

static const struct {
    const char *a;       /* NULL: not known yet */
    enum zone_word any;  /* what it means to a list without `answers` */
    enum zone_word some; /* and to one of 127.0.0.1 and 127.0.0.4-127.0.0.7 */
} words[] = {
    {NULL, ZONE_OPEN, ZONE_OPEN},
    {"nx", ZONE_NOT_LISTED, ZONE_NOT_LISTED},
    {"none", ZONE_NOT_LISTED, ZONE_NOT_LISTED},
    {"time-out", ZONE_BROKEN, ZONE_BROKEN},
    {"127.0.0.2", ZONE_LISTED, ZONE_NOT_LISTED},
    {"127.0.0.1", ZONE_NOT_LISTED, ZONE_LISTED},
    {"127.0.0.4", ZONE_LISTED, ZONE_LISTED},
    {"127.0.0.7", ZONE_LISTED, ZONE_LISTED},
    {"127.0.0.8", ZONE_LISTED, ZONE_NOT_LISTED},
    {"127.255.254.255", ZONE_LISTED, ZONE_NOT_LISTED},
    {"127.255.255.0", ZONE_BROKEN, ZONE_BROKEN},
    {"127.255.255.254", ZONE_BROKEN, ZONE_BROKEN},
    {"192.0.2.1", ZONE_BROKEN, ZONE_BROKEN},
    {"126.255.255.255", ZONE_BROKEN, ZONE_BROKEN},
    {"128.0.0.0", ZONE_BROKEN, ZONE_BROKEN},
    {"192.0.2.1 127.0.0.5", ZONE_LISTED, ZONE_LISTED},
    {"127.0.0.1 127.0.0.9", ZONE_LISTED, ZONE_LISTED},
};

static void answers_have_their_meaning(void **state)
{
    const struct zone any = {.name = "any.example"};
    struct zone some = {.name = "some.example"};
    some.answers.count = 2;
    assert_true(zone_range_parse(&some.answers.range[0], span_of("127.0.0.1")));
    assert_true(zone_range_parse(&some.answers.range[1],
                                 span_of("127.0.0.4-127.0.0.7")));
    for (size_t i = 0; i < LENGTH(words); i++) {
        struct world *world = world_new();
        const struct dns_answer *a = world_answer(world, DNS_A, words[i].a);
        if (zone_word(&any, a) != words[i].any ||
            zone_word(&some, a) != words[i].some)
            fail_msg("%s", words[i].a ? words[i].a : "not known");
        world_free(world);
    }
}

static const struct {
    const char *client, *question;
} questions[] = {
    {"192.0.2.7", "7.2.0.192.bl.example"},
    {"::ffff:192.0.2.7", "7.2.0.192.bl.example"},
    {"2001:db8::27",
     "7.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
     "bl.example"},
};

static void questions_are_in_reverse(void **state)
{
    const struct zone zone = {.name = "bl.example"};
    char question[NAME_SIZE], name[NAME_SIZE] = "";

    for (size_t i = 0; i < LENGTH(questions); i++) {
        struct address client = world_address(questions[i].client);
        assert_true(zone_address_question(&zone, &client, question));
        assert_string_equal(question, questions[i].question);
    }
    assert_true(zone_name_question(&zone, "mail.good.example", question));
    assert_string_equal(question, "mail.good.example.bl.example");
    memset(name, 'a', 242);
    assert_true(zone_name_question(&zone, name, question));
    name[242] = 'a';
    assert_false(zone_name_question(&zone, name, question));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read),
        cmocka_unit_test(answers_have_their_meaning),
        cmocka_unit_test(questions_are_in_reverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
