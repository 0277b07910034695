/* SPDX-License-Identifier: BSD-2-Clause */
/* check_sender_domain_test.c - sender-domain: MX records, addresses, and where
 * a callout may go */
#include "check_world.h"

#define SENDER "<user@example.org>"
#define MX_TWO "20 mx2.example.org 10 mx1.example.org"
#define MX1    "mx1.example.org"
#define MX2    "mx2.example.org"
#define GOOD   "192.0.2.25"
#define OURS   "192.0.2.1"
#define HOST   "192.0.2.9" /* of this host's interfaces */
#define INNER  "10.0.0.25"

/* Without exchangers: the MX answer or the domain's own addresses decide. */
static const struct {
    const char *row, *sender, *mx, *a, *aaaa;
    enum result result;
    enum reason reason;
    const char *words;
} domains[] = {
    {"bounce", "<>", NULL, NULL, NULL, RESULT_NONE, REASON_NONE,
     "the sender is <>, that of bounces"},
    {"postmaster", "<PostMaster>", NULL, NULL, NULL, RESULT_NONE, REASON_NONE,
     "the sender is the postmaster of this site"},
    {"own domain", "<user@HOME.example>", NULL, NULL, NULL, RESULT_NONE,
     REASON_NONE, "the sender's domain home.example is one of this site"},
    {"below an own domain", "<user@a.b.second.example>", NULL, NULL, NULL,
     RESULT_NONE, REASON_NONE, NULL},
    {"not below it", "<user@myhome.example>", NULL, NULL, NULL, RESULT_OPEN,
     REASON_NONE,
     "the MX records of myhome.example could not be looked up in time"},

    {"no domain", "<user>", NULL, NULL, NULL, RESULT_FAIL, REASON_SYNTAX,
     "the sender address has no domain"},
    {"bad domain", "<user@example..org>", NULL, NULL, NULL, RESULT_FAIL,
     REASON_SYNTAX,
     "the sender address is not valid: the domain is not a host name"},
    {"bad literal", "<user@[192.0.2.300]>", NULL, NULL, NULL, RESULT_FAIL,
     REASON_SYNTAX, NULL},
    {"control octet", "<us\ner@example.org>", NULL, NULL, NULL, RESULT_FAIL,
     REASON_SYNTAX, NULL},

    {"MX nxdomain", SENDER, "nx", NULL, NULL, RESULT_FAIL, REASON_NXDOMAIN,
     "the sender's domain example.org does not exist in DNS"},
    {"MX time-out", SENDER, "time-out", NULL, NULL, RESULT_TEMPERROR,
     REASON_NONE,
     "the MX records of example.org could not be looked up (time-out)"},
    {"MX internal", SENDER, "internal", NULL, NULL, RESULT_TEMPERROR,
     REASON_INTERNAL, NULL},
    {"null MX", SENDER, "0 .", NULL, NULL, RESULT_FAIL, REASON_NULL_MX,
     "the sender's domain example.org declares that it takes no mail (null MX, "
     "RFC 7505)"},
    {"null MX among what is no host name", SENDER, "0 . 10 !192.0.2.7", NULL,
     NULL, RESULT_FAIL, REASON_UNROUTABLE,
     "there is no public address to send mail for example.org to: 192.0.2.7 is "
     "an address and no host name"},
    {"null MX among others", SENDER, "0 !. 10 localhost", NULL, NULL,
     RESULT_FAIL, REASON_UNROUTABLE,
     "there is no public address to send mail for example.org to: a null MX "
     "among other records, localhost is the host that asks"},
    {"no MX is a host name", SENDER, "10 ![192.0.2.7] 20 !a..b 30 !-", NULL,
     NULL, RESULT_FAIL, REASON_UNROUTABLE,
     "there is no public address to send mail for example.org to: [192.0.2.7] "
     "is an address and no host name, a..b is no host name (a label is empty) "
     "and 1 more"},
    {"MX is localhost", SENDER, "10 localhost 20 mx.localhost", NULL, NULL,
     RESULT_FAIL, REASON_UNROUTABLE,
     "there is no public address to send mail for example.org to: localhost is "
     "the host that asks, mx.localhost is the host that asks"},

    {"A in place of MX", SENDER, "none", GOOD, NULL, RESULT_PASS, REASON_NONE,
     "mail for example.org goes to example.org (192.0.2.25)"},
    {"AAAA in place of MX", SENDER, "none", "none", "2001:db8::25", RESULT_PASS,
     REASON_NONE, NULL},
    {"A times out, AAAA will do", SENDER, "none", "time-out", "2001:db8::25",
     RESULT_PASS, REASON_NONE, NULL},
    {"A open", SENDER, "none", NULL, "2001:db8::25", RESULT_OPEN, REASON_NONE,
     "the addresses of example.org could not be looked up in time"},
    {"AAAA open", SENDER, "none", "none", NULL, RESULT_OPEN, REASON_NONE, NULL},
    {"no MX, no address", SENDER, "none", "none", "none", RESULT_FAIL,
     REASON_NO_ADDRESS,
     "the sender's domain example.org has neither an MX record nor an address "
     "in DNS"},
    {"no MX, A nxdomain", SENDER, "none", "nx", "nx", RESULT_FAIL,
     REASON_NXDOMAIN, NULL},
    {"no MX, A time-out", SENDER, "none", "time-out", "none", RESULT_TEMPERROR,
     REASON_NONE,
     "the addresses of example.org could not be looked up (time-out)"},
    {"no MX, AAAA internal", SENDER, "none", "none", "internal",
     RESULT_TEMPERROR, REASON_INTERNAL, NULL},
    {"private A", SENDER, "none", INNER, "none", RESULT_FAIL, REASON_UNROUTABLE,
     "there is no public address to send mail for example.org to: example.org "
     "resolves to 10.0.0.25"},
    {"private A, AAAA time-out", SENDER, "none", INNER, "time-out",
     RESULT_TEMPERROR, REASON_NONE,
     "the addresses of example.org could not be looked up (time-out)"},
    {"A is ours", SENDER, "none", OURS, NULL, RESULT_FAIL, REASON_POINTS_AT_US,
     "mail for example.org goes to example.org (192.0.2.1), which is this "
     "site, but that domain is not one of this site"},

    {"literal", "<user@[192.0.2.25]>", NULL, NULL, NULL, RESULT_PASS,
     REASON_NONE, "mail for [192.0.2.25] goes to [192.0.2.25]"},
    {"IPv6 literal", "<user@[IPv6:2001:DB8::25]>", NULL, NULL, NULL,
     RESULT_PASS, REASON_NONE, NULL},
    {"private literal", "<user@[10.0.0.25]>", NULL, NULL, NULL, RESULT_FAIL,
     REASON_UNROUTABLE,
     "there is no public address to send mail for [10.0.0.25] to"},
    {"our literal", "<user@[192.0.2.1]>", NULL, NULL, NULL, RESULT_FAIL,
     REASON_POINTS_AT_US, NULL},
};

static void domains_are_judged(void **state)
{
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        struct world *world = world_new();
        world_sender(world, domains[i].sender, domains[i].mx, domains[i].a,
                     domains[i].aaaa);
        world_expect(world, domains[i].row, CHECK_SENDER_DOMAIN,
                     domains[i].result, domains[i].reason, domains[i].words);
        world_free(world);
    }
}

/* The addresses of mx1.example.org, preference 10, and of mx2, 20. */
static const struct {
    const char *row, *a1, *aaaa1, *a2, *aaaa2;
    enum result result;
    enum reason reason;
    const char *words;
} exchangers[] = {
    {"the first will do", GOOD, NULL, NULL, NULL, RESULT_PASS, REASON_NONE,
     "mail for example.org goes to mx1.example.org (192.0.2.25)"},
    {"the first by IPv6", "none", "2001:db8::25", NULL, NULL, RESULT_PASS,
     REASON_NONE, NULL},
    {"the second will do", "nx", "nx", GOOD, "none", RESULT_PASS, REASON_NONE,
     "mail for example.org goes to mx2.example.org (192.0.2.25); of no use: "
     "mx1.example.org does not exist in DNS"},
    {"the first fails for now", "time-out", "time-out", GOOD, "none",
     RESULT_PASS, REASON_NONE, NULL},
    {"the first is inside", INNER, "fd00::25", GOOD, "none", RESULT_PASS,
     REASON_NONE,
     "mail for example.org goes to mx2.example.org (192.0.2.25); of no use: "
     "mx1.example.org resolves to 10.0.0.25 and fd00::25"},
    {"one of its addresses is inside", INNER " " GOOD, NULL, NULL, NULL,
     RESULT_PASS, REASON_NONE, NULL},
    {"all open", NULL, NULL, NULL, NULL, RESULT_OPEN, REASON_NONE,
     "the addresses of mx1.example.org could not be looked up in time"},
    {"the first open", NULL, NULL, GOOD, "none", RESULT_OPEN, REASON_NONE,
     NULL},
    {"the second open", "nx", "nx", NULL, NULL, RESULT_OPEN, REASON_NONE,
     "the addresses of mx2.example.org could not be looked up in time"},

    {"none exists", "nx", "nx", "nx", "nx", RESULT_FAIL, REASON_UNROUTABLE,
     "there is no public address to send mail for example.org to: "
     "mx1.example.org does not exist in DNS, mx2.example.org does not exist in "
     "DNS"},
    {"all inside", INNER, "none", "127.0.0.1", "::1", RESULT_FAIL,
     REASON_UNROUTABLE,
     "there is no public address to send mail for example.org to: "
     "mx1.example.org resolves to 10.0.0.25, mx2.example.org resolves to "
     "127.0.0.1 and ::1"},
    {"one nxdomain, one time-out", "nx", "nx", "time-out", "none",
     RESULT_TEMPERROR, REASON_NONE,
     "the addresses of mx2.example.org could not be looked up (time-out)"},
    {"a family nxdomain, the other time-out", "nx", "time-out", "nx", "nx",
     RESULT_FAIL, REASON_UNROUTABLE, NULL},
    {"one inside, one internal", INNER, "none", "none", "internal",
     RESULT_TEMPERROR, REASON_INTERNAL, NULL},
    {"time-out and internal", "time-out", "none", "internal", "none",
     RESULT_TEMPERROR, REASON_INTERNAL, NULL},

    {"the best is ours", OURS, NULL, GOOD, "none", RESULT_FAIL,
     REASON_POINTS_AT_US,
     "mail for example.org goes to mx1.example.org (192.0.2.1), which is this "
     "site, but that domain is not one of this site"},
    {"the best is this host's", HOST, NULL, GOOD, "none", RESULT_FAIL,
     REASON_POINTS_AT_US, NULL},
    {"the best is ours by IPv6", "none", "2001:db8::1", GOOD, "none",
     RESULT_FAIL, REASON_POINTS_AT_US, NULL},
    {"the best reachable is ours", INNER, "none", OURS, "none", RESULT_FAIL,
     REASON_POINTS_AT_US, NULL},
    {"we are its second", GOOD, "none", OURS, "none", RESULT_PASS, REASON_NONE,
     "mail for example.org goes to mx1.example.org (192.0.2.25); of no use: "
     "mx2.example.org is this site"},
    {"we are its second, the first fails for now", "time-out", "none", OURS,
     "none", RESULT_TEMPERROR, REASON_NONE, NULL},
    {"we are its second, the first is open", NULL, NULL, OURS, "none",
     RESULT_OPEN, REASON_NONE, NULL},
};

static void exchangers_are_judged(void **state)
{
    for (size_t i = 0; i < sizeof exchangers / sizeof *exchangers; i++) {
        struct world *world = world_new();
        world_sender(world, SENDER, MX_TWO, NULL, NULL);
        world_exchanger(world, MX1, exchangers[i].a1, exchangers[i].aaaa1);
        world_exchanger(world, MX2, exchangers[i].a2, exchangers[i].aaaa2);
        world_expect(world, exchangers[i].row, CHECK_SENDER_DOMAIN,
                     exchangers[i].result, exchangers[i].reason,
                     exchangers[i].words);
        world_free(world);
    }
}

static void many_exchangers_are_counted(void **state)
{
    struct world *world = world_new();

    world_sender(world, SENDER, "1 a.example 2 b.example 3 c.example", NULL,
                 NULL);
    world_exchanger(world, "a.example", INNER, "none");
    world_exchanger(world, "b.example", "none", "none");
    world_exchanger(world, "c.example", "nx", "nx");
    world_expect(world, "three", CHECK_SENDER_DOMAIN, RESULT_FAIL,
                 REASON_UNROUTABLE,
                 "there is no public address to send mail for example.org to: "
                 "a.example resolves to 10.0.0.25, b.example has no address in "
                 "DNS and 1 more");
    world_free(world);
}

/* What is no host is passed over, and said. */
static void no_hosts_are_passed_over(void **state)
{
    struct world *world = world_new();

    world_sender(world, SENDER, "1 !192.0.2.7 1 localhost 2 " MX1, NULL, NULL);
    assert_int_equal(world->facts.sender.exchanger_count, 1);
    world_exchanger(world, MX1, GOOD, NULL);
    world_expect(world, "two", CHECK_SENDER_DOMAIN, RESULT_PASS, REASON_NONE,
                 "mail for example.org goes to mx1.example.org (192.0.2.25); "
                 "of no use: 192.0.2.7 is an address and no host name, "
                 "localhost is the host that asks");
    world_free(world);
}

static void without_a_sender_it_does_not_apply(void **state)
{
    struct world *world = world_new();

    world_expect(world, "no MAIL", CHECK_SENDER_DOMAIN, RESULT_NONE,
                 REASON_NONE, "no sender is given");
    world_free(world);
}

static void memory_is_our_own_fault(void **state)
{
    struct world *world = world_new();

    world_sender(world, "", NULL, NULL, NULL);
    world->facts.sender.path.fault = MAILPATH_MEMORY;
    world_expect(world, "memory", CHECK_SENDER_DOMAIN, RESULT_TEMPERROR,
                 REASON_INTERNAL,
                 "the sender address could not be read: memory ran out");
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_are_judged),
        cmocka_unit_test(exchangers_are_judged),
        cmocka_unit_test(many_exchangers_are_counted),
        cmocka_unit_test(no_hosts_are_passed_over),
        cmocka_unit_test(without_a_sender_it_does_not_apply),
        cmocka_unit_test(memory_is_our_own_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
