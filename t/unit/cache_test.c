/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_test.c - lifetimes, the bound, who goes first, and threads */
#include "base/cache.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define OCTETS(literal)        \
 {                             \
  literal, sizeof(literal) - 1 \
 }

struct value {
    atomic_int holds;
    size_t key; /* of the threads test */
};

static void hold(void *value)
{
    struct value *counted = value;
    atomic_fetch_add(&counted->holds, 1);
}

static void drop(void *value)
{
    struct value *counted = value;
    atomic_fetch_sub(&counted->holds, 1);
}

static const struct cache_values counted = {hold, drop};

enum operation { PUT, GET, REMOVE };
enum { NOTHING = -1 };

/* A row is a step; each follows the ones before it. */
static void test_steps(void **state)
{
    static const struct {
        enum operation operation;
        struct span key;
        int value;  /* put, or found by get */
        instant at; /* expires for put, now for get */
        size_t count;
    } rows[] = {
        {GET, OCTETS("a"), NOTHING, 0, 0},
        {PUT, OCTETS("a"), 0, 100, 1},
        {GET, OCTETS("a"), 0, 0, 1},
        {GET, OCTETS("a"), 0, 99, 1},
        {GET, OCTETS("A"), NOTHING, 99, 1},
        {GET, OCTETS("a\0"), NOTHING, 99, 1},
        {GET, OCTETS(""), NOTHING, 99, 1},
        /* Its lifetime is over at 100, and it is not found again at 99. */
        {GET, OCTETS("a"), NOTHING, 100, 0},
        {GET, OCTETS("a"), NOTHING, 99, 0},
        /* What stands there is replaced, its lifetime too. */
        {PUT, OCTETS("a"), 0, 100, 1},
        {PUT, OCTETS("a"), 1, 200, 1},
        {GET, OCTETS("a"), 1, 150, 1},
        {PUT, OCTETS("a"), 1, 300, 1},
        {GET, OCTETS("a"), 1, 250, 1},
        {PUT, OCTETS("a"), 2, 50, 1},
        {GET, OCTETS("a"), NOTHING, 60, 0},
        /* Keys are octets. */
        {PUT, OCTETS(""), 0, INSTANT_NEVER, 1},
        {PUT, OCTETS("a\0b"), 1, INSTANT_NEVER, 2},
        {PUT, OCTETS("a\0c"), 2, INSTANT_NEVER, 3},
        {GET, OCTETS(""), 0, INSTANT_NEVER - 1, 3},
        {GET, OCTETS("a\0b"), 1, INSTANT_NEVER - 1, 3},
        {GET, OCTETS("a\0c"), 2, INSTANT_NEVER - 1, 3},
        {REMOVE, OCTETS("a\0b"), NOTHING, 0, 2},
        {REMOVE, OCTETS("a\0b"), NOTHING, 0, 2},
        {GET, OCTETS("a\0b"), NOTHING, 0, 2},
        {GET, OCTETS("a\0c"), 2, 0, 2},
        /* What is past its lifetime can be put and removed too. */
        {PUT, OCTETS("d"), 0, 10, 3},
        {REMOVE, OCTETS("d"), NOTHING, 20, 2},
    };
    struct value values[3] = {{0}};
    struct cache *cache = cache_new(1 << 20, &counted);
    assert_non_null(cache);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct value *value =
            rows[i].value == NOTHING ? NULL : &values[rows[i].value];
        if (rows[i].operation == PUT) {
            assert_true(cache_put(cache, rows[i].key, value, 1, rows[i].at));
        } else if (rows[i].operation == GET) {
            assert_ptr_equal(cache_get(cache, rows[i].key, rows[i].at), value);
            if (value != NULL)
                drop(value);
        } else {
            cache_remove(cache, rows[i].key);
        }
        assert_int_equal(cache_count(cache), rows[i].count);
    }
    cache_free(&cache);
    assert_null(cache);
    cache_free(&cache);
    for (size_t i = 0; i < LENGTH(values); i++)
        assert_int_equal(values[i].holds, 0);
}

static void test_holds(void **state)
{
    struct value value = {.holds = 1};
    struct span key = span_of("key");
    struct cache *cache = cache_new(1 << 20, &counted);
    assert_true(cache_put(cache, key, &value, 1, 10));
    assert_int_equal(value.holds, 2);
    assert_ptr_equal(cache_get(cache, key, 0), &value);
    assert_int_equal(value.holds, 3);
    cache_remove(cache, key);
    assert_int_equal(value.holds, 2);
    cache_free(&cache);
    assert_int_equal(value.holds, 2);
}

/* A shard has a sixteenth of the bound; under the key of what does not fit in
 * it nothing is left. */
static void test_too_large(void **state)
{
    static const struct {
        size_t bound, cost;
        bool want;
    } rows[] = {
        {0, 0, false},
        {16, 0, false},
        {16 * 80, 0, false},
        {16 * 1024, 700, true},
        {16 * 1024, 1024, false},
        {16 * 1024, SIZE_MAX, false},
        {1 << 20, SIZE_MAX, false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct value before = {0}, value = {0};
        struct span key = span_of("key");
        struct cache *cache = cache_new(rows[i].bound, &counted);
        assert_non_null(cache);
        bool was = cache_put(cache, key, &before, 0, INSTANT_NEVER);
        assert_int_equal(before.holds, was);
        assert_true(cache_put(cache, key, &value, rows[i].cost,
                              INSTANT_NEVER) == rows[i].want);
        assert_int_equal(before.holds, 0);
        assert_int_equal(value.holds, rows[i].want);
        assert_int_equal(cache_count(cache), rows[i].want);
        cache_free(&cache);
    }
}

static void test_bytes(void **state)
{
    struct value value = {0};
    struct cache *cache = cache_new(1 << 20, &counted);
    assert_int_equal(cache_bytes(cache), 0);
    assert_true(cache_put(cache, span_of("k"), &value, 100, 1));
    size_t one = cache_bytes(cache);
    assert_in_range(one, 101, 300);
    assert_true(cache_put(cache, span_of("key"), &value, 200, 1));
    assert_int_equal(cache_bytes(cache), one + one + 102);
    assert_true(cache_put(cache, span_of("k"), &value, 50, 1));
    assert_int_equal(cache_bytes(cache), one + one + 52);
    cache_remove(cache, span_of("k"));
    cache_remove(cache, span_of("key"));
    assert_int_equal(cache_bytes(cache), 0);
    cache_free(&cache);
}

static struct span number_key(char text[24], size_t number)
{
    snprintf(text, 24, "%zu", number);
    return span_of(text);
}

/* Twenty times the bound goes in. What is used stays, what is not goes. */
static void test_bound(void **state)
{
    enum { BOUND = 64 * 1024, COST = 500, PUTS = 20 * BOUND / COST };
    struct value value = {0};
    char text[24];
    struct span used = span_of("used");
    struct cache *cache = cache_new(BOUND, &counted);
    assert_true(cache_put(cache, used, &value, COST, INSTANT_NEVER));
    for (size_t i = 0; i < PUTS; i++) {
        struct span key = number_key(text, i);
        assert_true(cache_put(cache, key, &value, COST, INSTANT_NEVER));
        assert_true(cache_bytes(cache) <= BOUND);
        assert_non_null(cache_get(cache, used, 0));
        drop(&value);
    }
    size_t count = cache_count(cache);
    assert_in_range(count, BOUND / COST / 2, BOUND / COST);
    assert_int_equal(value.holds, count);
    assert_null(cache_get(cache, number_key(text, 0), 0));
    assert_non_null(cache_get(cache, number_key(text, PUTS - 1), 0));
    cache_free(&cache);
}

/* A small one makes room for a large one alone as far as is needed. */
static void test_makes_room(void **state)
{
    enum { BOUND = 16 * 4096, SMALL = 100, LARGE = 3000 };
    struct value value = {0};
    char text[24];
    struct cache *cache = cache_new(BOUND, &counted);
    for (size_t i = 0; i < 1000; i++)
        cache_put(cache, number_key(text, i), &value, SMALL, INSTANT_NEVER);
    size_t count = cache_count(cache);
    assert_true(cache_put(cache, span_of("large"), &value, LARGE, 1));
    assert_in_range(cache_count(cache), count - LARGE / SMALL, count - 1);
    assert_true(cache_bytes(cache) <= BOUND);
    cache_free(&cache);
}

enum { THREADS = 4, TURNS = 20000, KEYS = 400 };

static atomic_int alive;

static void drop_or_free(void *value)
{
    struct value *ours = value;
    if (atomic_fetch_sub(&ours->holds, 1) == 1) {
        free(ours);
        atomic_fetch_sub(&alive, 1);
    }
}

static void put_new(struct cache *cache, struct span key, size_t number,
                    instant expires)
{
    struct value *value = malloc(sizeof(*value));
    assert_non_null(value);
    atomic_init(&value->holds, 1);
    value->key = number;
    atomic_fetch_add(&alive, 1);
    cache_put(cache, key, value, 100, expires);
    drop_or_free(value);
}

struct worker {
    pthread_t thread;
    struct cache *cache;
    uint32_t random;
    size_t found, strange;
};

static uint32_t draw(struct worker *worker)
{
    worker->random = worker->random * 1664525 + 1013904223;
    return worker->random >> 8;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (instant now = 0; now < TURNS; now++) {
        char text[24];
        size_t number = draw(worker) % KEYS;
        struct span key = number_key(text, number);
        uint32_t choice = draw(worker) % 8;
        if (choice == 0) {
            cache_remove(worker->cache, key);
        } else if (choice < 4) {
            put_new(worker->cache, key, number, now + 1000);
        } else {
            struct value *value = cache_get(worker->cache, key, now);
            if (value == NULL)
                continue;
            worker->found++;
            worker->strange += value->key != number;
            drop_or_free(value);
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    static const struct cache_values freed = {hold, drop_or_free};
    struct worker workers[THREADS];
    struct cache *cache = cache_new(32 * 1024, &freed);
    assert_non_null(cache);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.cache = cache, .random = (uint32_t)i};
        assert_int_equal(
            pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_true(workers[i].found > 0);
        assert_int_equal(workers[i].strange, 0);
    }
    assert_int_equal(cache_count(cache), alive);
    assert_true(cache_bytes(cache) <= 32 * 1024);
    cache_free(&cache);
    assert_int_equal(alive, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),     cmocka_unit_test(test_holds),
        cmocka_unit_test(test_too_large), cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bound),     cmocka_unit_test(test_makes_room),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
