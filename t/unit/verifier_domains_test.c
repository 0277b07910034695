/* SPDX-License-Identifier: BSD-2-Clause */
/* verifier_domains_test.c - flights that find out about a whole domain */
#include "verifier_world.h"

/* S12: who accepts anything is asked once, whoever of the domain it is about;
 * who does not is asked about a mailbox that cannot be only once. */
static void test_catch_all(void **state)
{
    static const struct server_script scripts[] = {
        {0}, {.rcpt = "550 5.1.1 no\r\n"}};
    struct world *world = begin(scripts, 2);
    struct asker *askers = world->askers;
    world->settings.catch_all = true;
    ask_about(world, &askers[0], "u@example.com", 1);
    expect(&askers[0], CALLOUT_ACCEPTS_ANYTHING);
    assert_true(is_kept(world, "v@example.com"));
    ask_about(world, &askers[1], "v@example.com", 1);
    expect(&askers[1], CALLOUT_ACCEPTS_ANYTHING);
    assert_int_equal(calls(world, 0), 1);
    for (size_t i = 2; i < 4; i++) {
        char address[32];
        (void)snprintf(address, sizeof(address), "%zu@other.example", i);
        ask_at(world, &askers[i], address, 1, 1);
        expect(&askers[i], CALLOUT_NO_SUCH_MAILBOX);
    }
    assert_int_equal(askers[2].answer.found, CALLOUT_FOUND_NOT_ANYTHING);
    assert_int_equal(askers[3].answer.found, 0);
    assert_int_equal(calls(world, 1), 2);
    end(world);
}

/* S11 and S12: greylisting goes by the recipient. The retry is about the same
 * mailbox that cannot be, or that one would be put off for ever. */
static void test_catch_all_greylisted(void **state)
{
    static const struct server_script scripts[] = {{.greylists = true}};
    struct world *world = begin(scripts, 1);
    struct asker *asker = &world->askers[0];
    world->settings.catch_all = true;
    ask_about(world, asker, "u@example.com", 1);
    expect(asker, CALLOUT_GREYLISTED);
    pass_s(world, 300);
    EVENTUALLY(calls(world, 0) == 2);
    EVENTUALLY(verifier_flights(world->verifier) == 0);
    ask_about(world, asker, "u@example.com", 1);
    expect(asker, CALLOUT_ACCEPTS_ANYTHING);
    assert_int_equal(calls(world, 0), 2);
    end(world);
}

/* Who refuses bounces refuses them all. */
static void test_refuses_bounces(void **state)
{
    static const struct server_script scripts[] = {{.mail = "550 no\r\n"}};
    struct world *world = begin(scripts, 1);
    struct asker *askers = world->askers;
    ask_about(world, &askers[0], "u@example.com", 1);
    expect(&askers[0], CALLOUT_REFUSES_BOUNCES);
    ask_about(world, &askers[1], "v@example.com", 1);
    expect(&askers[1], CALLOUT_REFUSES_BOUNCES);
    assert_int_equal(calls(world, 0), 1);
    end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catch_all),
        cmocka_unit_test(test_catch_all_greylisted),
        cmocka_unit_test(test_refuses_bounces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
