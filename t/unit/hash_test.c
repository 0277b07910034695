/* SPDX-License-Identifier: BSD-2-Clause */
/* hash_test.c - the hash is SipHash-2-4, and its keys differ */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Message 00 01 02 ... under the key 00 01 ... 0f: the first is of the paper's
 * reference vectors, so is that of 15 octets (its appendix A). */
static void test_vectors(void **state)
{
    static const struct hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    static const struct {
        size_t length;
        uint64_t want;
    } rows[] = {
        {0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},
        {7, 0xab0200f58b01d137},  {8, 0x93f5f5799a932462},
        {9, 0x9e0082df0ba9e4b0},  {15, 0xa129ca6149be45e5},
        {16, 0x3f2acc7f57c29bdb}, {63, 0x958a324ceb064572},
    };
    char message[64];
    for (size_t i = 0; i < sizeof(message); i++)
        message[i] = (char)i;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows)[0]; i++) {
        struct span octets = {message, rows[i].length};
        assert_true(hash_octets(&key, octets) == rows[i].want);
    }
}

static void test_keys_differ(void **state)
{
    struct hash_key a, b;
    assert_true(hash_key_draw(&a));
    assert_true(hash_key_draw(&b));
    assert_memory_not_equal(&a, &b, sizeof(a));
    struct span octets = span_of("mx.example.org");
    assert_true(hash_octets(&a, octets) == hash_octets(&a, octets));
    assert_true(hash_octets(&a, octets) != hash_octets(&b, octets));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_keys_differ),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
