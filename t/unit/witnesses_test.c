/* SPDX-License-Identifier: BSD-2-Clause */
/* witnesses_test.c - S20: who is remembered as one that has answered, and what
 * strangers can do about that */
#include "verify/witnesses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static instant at(uint32_t seconds)
{
    return instant_after_s(0, seconds);
}

static struct callout_target host(const char *name, const char *address)
{
    struct callout_target target = {.exchanger = ""};
    (void)snprintf(target.exchanger, NAME_SIZE, "%s", name);
    assert_true(address_parse(&target.address, span_of(address)));
    return target;
}

/* Too large for a stack. */
static struct witnesses witnesses;

static void clear(void)
{
    memset(&witnesses, 0, sizeof(witnesses));
}

static void hear(const char *name, const char *address, uint32_t seconds)
{
    const struct callout_target target = host(name, address);
    witnesses_hear(&witnesses, &target, at(seconds));
}

/* One of an organisation and a network of its own. */
static void hear_another(unsigned number, uint32_t seconds)
{
    char name[NAME_SIZE], address[ADDRESS_TEXT_SIZE];
    (void)snprintf(name, sizeof(name), "mx.d%u.example", number);
    (void)snprintf(address, sizeof(address), "45.%u.0.25", number);
    hear(name, address, seconds);
}

/* Who is asked first, second ... as names; NULL ends the list. */
static void assert_first(uint32_t seconds, const char *first, size_t count)
{
    size_t order[WITNESSES_MOST];
    for (uint64_t lot = 0; lot < 1000; lot += 37) {
        bool seen[WITNESSES_MOST] = {false};
        assert_int_equal(witnesses_order(&witnesses, at(seconds), lot, order),
                         count);
        for (size_t i = 0; i < count; i++) {
            assert_false(seen[order[i]]);
            seen[order[i]] = true;
        }
        if (count > 0)
            assert_string_equal(witnesses.at[order[0]].target.exchanger, first);
    }
}

static void test_a_day(void **state)
{
    clear();
    assert_first(0, NULL, 0);
    hear_another(1, 100);
    hear_another(2, 200);
    hear_another(3, 300);
    assert_first(300, "mx.d1.example", 3);
    assert_first(100 + WITNESSES_S - 1, "mx.d1.example", 3);
    assert_first(100 + WITNESSES_S, "mx.d2.example", 2);
    hear_another(2, 1000);
    assert_first(200 + WITNESSES_S, "mx.d2.example", 2);
    assert_first(300 + WITNESSES_S, "mx.d2.example", 1);
    assert_first(1000 + WITNESSES_S, NULL, 0);
}

/* Whoever has but one domain, or one network, is one. */
static void test_one_of_each(void **state)
{
    static const struct {
        const char *name, *address;
        size_t count;
    } rows[] = {
        {"mx1.a.example", "45.1.0.1", 1},
        {"mx2.a.example", "45.2.0.1", 1}, /* the host that answered last */
        {"mx.b.example", "45.2.99.99", 1},
        {"mx.b.example", "45.1.0.1", 2},
        {"mx.c.example", "2a10:1::1", 3},
        {"mx.d.example", "2a10:1:ffff::1", 3},
        {"mx.e.example", "2a10:2::1", 4},
        {"[45.1.0.2]", "45.1.0.2", 4},
        {"[45.3.0.2]", "45.3.0.2", 5},
        {"mx1.a.example", "45.3.1.1", 5}, /* where it would be beside another */
    };
    clear();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        hear(rows[i].name, rows[i].address, 100);
        assert_int_equal(witnesses.count, rows[i].count);
    }
    assert_string_equal(witnesses.at[0].target.exchanger, "mx2.a.example");
}

/* A stranger with any number of networks drives nobody out, and who was known
 * before him is always asked; the others are drawn. */
static void test_full(void **state)
{
    clear();
    size_t order[WITNESSES_MOST];
    bool second[WITNESSES_MOST] = {false};
    hear_another(0, 100);
    hear_another(1, 101);
    for (unsigned i = 100; i < 200; i++)
        hear_another(i, 200);
    assert_first(300, "mx.d0.example", WITNESSES_MOST);
    for (uint64_t lot = 0; lot < WITNESSES_MOST; lot++) {
        (void)witnesses_order(&witnesses, at(300), lot, order);
        second[order[1]] = true;
    }
    for (size_t i = 1; i < WITNESSES_MOST; i++)
        assert_true(second[i]);
    hear_another(0, 5000);
    for (unsigned i = 100; i < 200; i++)
        hear_another(i, 101 + WITNESSES_S);
    assert_first(101 + WITNESSES_S, "mx.d0.example", WITNESSES_MOST);
}

static void test_forget(void **state)
{
    clear();
    for (unsigned i = 0; i < 3; i++)
        hear_another(i, 100 + i);
    const struct callout_target dead = host("mx.d0.example", "45.0.0.25");
    witnesses_forget(&witnesses, &dead.address);
    assert_first(300, "mx.d1.example", 2);
    witnesses_forget(&witnesses, &dead.address);
    assert_first(300, "mx.d1.example", 2);
    hear_another(0, 200); /* it must begin from the start */
    assert_first(300, "mx.d1.example", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day),
        cmocka_unit_test(test_one_of_each),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
