/* SPDX-License-Identifier: BSD-2-Clause */
/* check_facts_test.c - the order of exchangers, the targets of a callout, and
 * what is said of a client's reverse name */
#include "check_world.h"

#define SENDER "<user@example.org>"

static void order(struct world *world, uint32_t seed, char *hosts, size_t size)
{
    struct text text;

    text_begin(&text, hosts, size);
    sender_facts_order(&world->facts.sender, seed);
    for (size_t i = 0; i < world->facts.sender.exchanger_count; i++)
        text_addf(&text, "%s ", world->facts.sender.exchangers[i].host);
}

static void exchangers_go_by_preference(void **state)
{
    static const struct {
        const char *mx, *hosts;
    } rows[] = {
        {NULL, ""},
        {"nx", ""},
        {"none", ""},
        {"0 .", ""},
        {"30 c.ex 10 a.ex 20 b.ex", "a.ex b.ex c.ex "},
        {"65535 b.ex 0 a.ex", "a.ex b.ex "},
        {"0 . 10 a.ex", "a.ex "},
        {"10 a.ex 20 a.ex 30 b.ex", "a.ex b.ex "},
        {"7 g.ex 6 f.ex 5 e.ex 4 d.ex 3 c.ex 2 b.ex 1 a.ex",
         "a.ex b.ex c.ex d.ex e.ex "},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char hosts[100];
        struct world *world = world_new();
        world_sender(world, SENDER, rows[i].mx, NULL, NULL);
        order(world, 7, hosts, sizeof hosts);
        assert_string_equal(hosts, rows[i].hosts);
        world_free(world);
    }
}

/* Of three equal ones each is first for some seed, the same for the same one,
 * whatever the order of the records. */
static void equal_exchangers_take_turns(void **state)
{
    struct world *world = world_new();
    struct world *turned = world_new();
    bool first[3] = {false, false, false};

    world_sender(world, SENDER, "10 a.ex 10 b.ex 10 c.ex 20 z.ex", NULL, NULL);
    world_sender(turned, SENDER, "10 c.ex 10 a.ex 20 z.ex 10 b.ex", NULL, NULL);
    for (uint32_t seed = 0; seed < 100; seed++) {
        char hosts[100], again[100];
        order(world, seed, hosts, sizeof hosts);
        order(turned, seed, again, sizeof again);
        assert_string_equal(hosts, again);
        assert_string_equal(hosts + strlen(hosts) - 5, "z.ex ");
        first[hosts[0] - 'a'] = true;
    }
    assert_true(first[0] && first[1] && first[2]);
    world_free(world);
    world_free(turned);
}

/* The targets as `host address` with "; " behind each. */
static void expect_targets(struct world *world, const char *row,
                           const char *expected)
{
    char buffer[1024];
    struct text text;
    struct callout_target targets[CALLOUT_TARGETS_MOST];
    size_t count = facts_targets(&world->facts, targets);

    text_begin(&text, buffer, sizeof buffer);
    for (size_t i = 0; i < count; i++) {
        char address[ADDRESS_TEXT_SIZE];
        text_addf(&text, "%s %s%s; ", targets[i].exchanger,
                  address_format(&targets[i].address, address),
                  targets[i].inside ? " inside" : "");
    }
    if (strcmp(buffer, expected) != 0)
        fail_msg("%s: \"%s\"\nexpected \"%s\"", row, buffer, expected);
}

/* One exchanger's addresses. 20.0.0.0/8 stands for what is globally routed;
 * 20.0.0.1 is ours. */
static const struct {
    const char *row, *a, *aaaa, *targets;
} hosts[] = {
    {"both families", "20.0.0.2 20.0.0.3", "2a00::2 2a00::3",
     "mx.ex 20.0.0.2; mx.ex 2a00::2; "},
    {"IPv4 alone", "20.0.0.2 20.0.0.3 20.0.0.4", "none",
     "mx.ex 20.0.0.2; mx.ex 20.0.0.3; "},
    {"IPv6 alone", "none", "2a00::2 2a00::3 2a00::4",
     "mx.ex 2a00::2; mx.ex 2a00::3; "},
    {"one address", "20.0.0.2", "none", "mx.ex 20.0.0.2; "},
    {"one family open", "20.0.0.2", NULL, "mx.ex 20.0.0.2; "},
    {"one family failed", "time-out", "2a00::2", "mx.ex 2a00::2; "},
    {"reserved ones are passed over",
     "127.0.0.1 10.0.0.1 172.16.0.1 192.168.0.1 169.254.0.1 0.0.0.0 224.0.0.1 "
     "255.255.255.255 198.51.100.1 203.0.113.1 100.64.0.1 20.0.0.2",
     "::1 :: fe80::1 fd00::1 ff02::1 64:ff9b::1400:2 2002:1400:2::1 "
     "::ffff:127.0.0.1 2a00::2",
     "mx.ex 20.0.0.2; mx.ex 2a00::2; "},
    {"nothing else", "10.0.0.1", "::1", ""},
    {"ours are passed over", "20.0.0.1 20.0.0.9 20.0.0.2", "2a00::1",
     "mx.ex 20.0.0.2; "},
    {"what callout.networks lists is not", "192.0.2.7", "2001:db8::7",
     "mx.ex 192.0.2.7 inside; mx.ex 2001:db8::7 inside; "},
    {"even when it is ours", "192.0.2.1", "none", "mx.ex 192.0.2.1 inside; "},
    {"the same once", "20.0.0.2 20.0.0.2", "::ffff:20.0.0.2",
     "mx.ex 20.0.0.2; "},
};

static void a_host_has_two_targets(void **state)
{
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct world *world = world_new();
        world_networks(&world->site.addresses, "20.0.0.1 2a00::1 192.0.2.1");
        world_networks(&world->site.host, "20.0.0.9");
        world_sender(world, SENDER, "10 mx.ex", NULL, NULL);
        world_exchanger(world, "mx.ex", hosts[i].a, hosts[i].aaaa);
        expect_targets(world, hosts[i].row, hosts[i].targets);
        world_free(world);
    }
}

static void targets_are_in_order_and_bounded(void **state)
{
    struct world *world = world_new();
    struct callout_target targets[CALLOUT_TARGETS_MOST];

    world_sender(world, SENDER,
                 "1 a.ex 2 b.ex 3 c.ex 4 d.ex 5 e.ex 6 f.ex 7 g.ex", NULL,
                 NULL);
    assert_false(facts_targets_are_known(&world->facts));
    for (unsigned i = 0; i < CALLOUT_HOSTS_MOST; i++) {
        char host[] = "a.ex", a[40], aaaa[40];
        host[0] = (char)('a' + i);
        snprintf(a, sizeof a, "20.0.0.%u 20.0.1.%u", 10 + i, 10 + i);
        snprintf(aaaa, sizeof aaaa, "2a00::1%u 2a00::2%u", i, i);
        world_exchanger(world, host, a, aaaa);
    }
    assert_true(facts_targets_are_known(&world->facts));
    assert_int_equal(facts_targets(&world->facts, targets),
                     CALLOUT_TARGETS_MOST);
    assert_string_equal(targets[0].exchanger, "a.ex");
    assert_string_equal(targets[1].exchanger, "a.ex");
    assert_string_equal(targets[9].exchanger, "e.ex");
    world_free(world);
}

static void two_names_of_one_server_are_one_target(void **state)
{
    struct world *world = world_new();

    world_sender(world, SENDER, "1 a.ex 2 b.ex", NULL, NULL);
    world_exchanger(world, "a.ex", "20.0.0.2", "none");
    assert_false(facts_targets_are_known(&world->facts));
    world_exchanger(world, "b.ex", "20.0.0.2 20.0.0.3", "none");
    assert_true(facts_targets_are_known(&world->facts));
    expect_targets(world, "two names", "a.ex 20.0.0.2; b.ex 20.0.0.3; ");
    world_free(world);
}

static void a_domain_may_be_its_own_exchanger(void **state)
{
    struct world *world = world_new();

    world_sender(world, SENDER, "none", "20.0.0.2", NULL);
    assert_false(facts_targets_are_known(&world->facts));
    world_sender(world, SENDER, "none", "20.0.0.2", "2a00::2");
    assert_true(facts_targets_are_known(&world->facts));
    expect_targets(world, "no MX",
                   "example.org 20.0.0.2; example.org 2a00::2; ");
    world_sender(world, "<user@[20.0.0.2]>", NULL, NULL, NULL);
    assert_true(facts_targets_are_known(&world->facts));
    expect_targets(world, "literal", "[20.0.0.2] 20.0.0.2; ");
    world_sender(world, "<user@[10.0.0.2]>", NULL, NULL, NULL);
    expect_targets(world, "private literal", "");
    world_free(world);
}

static void reverse_names_have_a_state(void **state)
{
    static const struct {
        const char *client, *ptr, *forwards;
        enum reverse_state state;
        const char *name;
    } rows[] = {
        {NULL, NULL, NULL, REVERSE_MISSING, NULL},
        {"198.51.100.3", NULL, NULL, REVERSE_OPEN, NULL},
        {"198.51.100.3", "nx", NULL, REVERSE_MISSING, NULL},
        {"198.51.100.3", "time-out", NULL, REVERSE_TEMPERROR, NULL},
        {"198.51.100.3", "internal", NULL, REVERSE_INTERNAL, NULL},
        {"198.51.100.3", "a.ex b.ex", "?|?", REVERSE_OPEN, "a.ex"},
        {"198.51.100.3", "a.ex b.ex", "nx|none", REVERSE_UNCONFIRMED, "a.ex"},
        {"198.51.100.3", "a.ex b.ex", "nx|198.51.100.3", REVERSE_CONFIRMED,
         "b.ex"},
        {"198.51.100.3", "a.ex b.ex", "nx|time-out", REVERSE_TEMPERROR, "a.ex"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *name;
        struct world *world = world_new();
        world_client(world, rows[i].client);
        world_reverse(world, rows[i].ptr, rows[i].forwards);
        assert_int_equal(facts_reverse(&world->facts, &name), rows[i].state);
        if (rows[i].name)
            assert_string_equal(name, rows[i].name);
        else
            assert_null(name);
        world_free(world);
    }
}

static void a_helo_read_again_leaves_nothing_behind(void **state)
{
    struct world *world = world_new();
    struct helo_facts *helo = &world->facts.helo;

    world_helo(world, "a..b", NULL, NULL);
    assert_int_equal(helo->fault, NAME_EMPTY_LABEL);
    world_helo(world, "[192.0.2.7]", NULL, NULL);
    assert_int_equal(helo->form, HELO_LITERAL);
    assert_int_equal(helo->fault, NAME_OK);
    world_helo(world, " Mail.Example.NET ", NULL, NULL);
    assert_int_equal(helo->form, HELO_NAME);
    assert_string_equal(helo->name, "mail.example.net");
    assert_int_equal(helo->text.length, 18);
    world_helo(world, "", NULL, NULL);
    assert_int_equal(helo->form, HELO_MISSING);
    assert_string_equal(helo->name, "");
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchangers_go_by_preference),
        cmocka_unit_test(equal_exchangers_take_turns),
        cmocka_unit_test(a_host_has_two_targets),
        cmocka_unit_test(targets_are_in_order_and_bounded),
        cmocka_unit_test(two_names_of_one_server_are_one_target),
        cmocka_unit_test(a_domain_may_be_its_own_exchanger),
        cmocka_unit_test(reverse_names_have_a_state),
        cmocka_unit_test(a_helo_read_again_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
