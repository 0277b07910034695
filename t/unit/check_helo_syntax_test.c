/* SPDX-License-Identifier: BSD-2-Clause */
/* check_helo_syntax_test.c - helo-syntax: HELO arguments and what is said of
 * them */
#include "check_world.h"

#define LABEL_63 \
 "a23456789012345678901234567890123456789012345678901234567890123"

static const struct {
    const char *helo;
    enum result result;
    enum reason reason;
    const char *words;
} rows[] = {
    {NULL, RESULT_FAIL, REASON_MISSING, "the client gave no HELO name"},
    {"", RESULT_FAIL, REASON_MISSING, "the client gave no HELO name"},
    {" \t ", RESULT_FAIL, REASON_MISSING, NULL},
    {"mail.example.net", RESULT_PASS, REASON_NONE,
     "the HELO name mail.example.net is a fully qualified domain name"},
    {"MAIL.Example.NET.", RESULT_PASS, REASON_NONE,
     "the HELO name mail.example.net is a fully qualified domain name"},
    {"b\xc3\xbc"
     "cher.example",
     RESULT_PASS, REASON_NONE,
     "the HELO name xn--bcher-kva.example is a fully qualified domain name"},
    {"my_host.example.net", RESULT_PASS, REASON_NONE,
     "the HELO name my_host.example.net is a fully qualified domain name, "
     "though with an underscore, which host names do not have (RFC 1123 2.1)"},
    {"[192.0.2.7]", RESULT_PASS, REASON_NONE,
     "the HELO name is the address literal of 192.0.2.7"},
    {"[IPv6:2001:DB8:0:0::1]", RESULT_PASS, REASON_NONE,
     "the HELO name is the address literal of 2001:db8::1"},
    {"desktop", RESULT_FAIL, REASON_UNQUALIFIED,
     "the HELO name desktop is a single word, not a fully qualified domain "
     "name"},
    {"localhost.", RESULT_FAIL, REASON_UNQUALIFIED, NULL},
    {"192.0.2.7", RESULT_FAIL, REASON_BARE_ADDRESS,
     "the HELO name is the bare address 192.0.2.7, without the brackets of an "
     "address literal"},
    {"2001:db8::7", RESULT_FAIL, REASON_BARE_ADDRESS,
     "the HELO name is the bare address 2001:db8::7, without the brackets of "
     "an address literal"},
    {"[192.0.2.256]", RESULT_FAIL, REASON_BAD_LITERAL,
     "the HELO name \"[192.0.2.256]\" is not a valid address literal"},
    {"[192.0.2.1", RESULT_FAIL, REASON_BAD_LITERAL, NULL},
    {"[]", RESULT_FAIL, REASON_BAD_LITERAL, NULL},
    {"a..example.net", RESULT_FAIL, REASON_BAD_LABEL,
     "the HELO name \"a..example.net\" is not a valid domain name: a label is "
     "empty"},
    {"...", RESULT_FAIL, REASON_BAD_LABEL, NULL},
    {LABEL_63 ".example", RESULT_PASS, REASON_NONE, NULL},
    {LABEL_63 "4.example", RESULT_FAIL, REASON_BAD_LABEL, NULL},
    {LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, RESULT_FAIL,
     REASON_BAD_LABEL, NULL},
    {"-a.example", RESULT_FAIL, REASON_BAD_LABEL, NULL},
    {"a-.example", RESULT_FAIL, REASON_BAD_LABEL, NULL},
    {"mail.example.123", RESULT_FAIL, REASON_BAD_LABEL, NULL},
    {"12345", RESULT_FAIL, REASON_BAD_LABEL, NULL},
    {"a b\n\"c.example", RESULT_FAIL, REASON_BAD_LABEL,
     "the HELO name \"a b\\x0a\"c.example\" is not a valid domain name: a "
     "label has other characters than letters, digits and hyphens"},
};

static void arguments_are_judged(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *world = world_new();
        world_helo(world, rows[i].helo, NULL, NULL);
        world_expect(world, rows[i].helo ? rows[i].helo : "(none)",
                     CHECK_HELO_SYNTAX, rows[i].result, rows[i].reason,
                     rows[i].words);
        world_free(world);
    }
}

static void a_huge_argument_is_shown_shortened(void **state)
{
    static char huge[60000];
    char buffer[400];
    struct text text;
    struct world *world = world_new();

    memset(huge, 'a', sizeof huge);
    helo_facts_read(&world->facts.helo, (struct span){huge, sizeof huge});
    struct finding finding =
        check_find(CHECK_HELO_SYNTAX, &world->facts, &world->settings);
    assert_int_equal(finding.reason, REASON_BAD_LABEL);
    text_begin(&text, buffer, sizeof buffer);
    check_describe(&text, CHECK_HELO_SYNTAX, finding, &world->facts,
                   &world->settings);
    assert_false(text.cut);
    assert_non_null(strstr(buffer, "aaa...\" is not a valid domain name: "));
    world_free(world);
}

static void memory_is_our_own_fault(void **state)
{
    struct world *world = world_new();

    world_helo(world, "mail.example.net", NULL, NULL);
    world->facts.helo.form = HELO_BAD_NAME;
    world->facts.helo.fault = NAME_MEMORY;
    world_expect(world, "memory", CHECK_HELO_SYNTAX, RESULT_TEMPERROR,
                 REASON_INTERNAL,
                 "the HELO name \"mail.example.net\" could not be read: memory "
                 "ran out");
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_judged),
        cmocka_unit_test(a_huge_argument_is_shown_shortened),
        cmocka_unit_test(memory_is_our_own_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
