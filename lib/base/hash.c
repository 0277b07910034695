/* SPDX-License-Identifier: BSD-2-Clause */
/* hash.c - SipHash-2-4 (Aumasson and Bernstein, 2012) */
#include "base/hash.h"

#include <unistd.h>

enum { WORD = 8, ROUNDS_A_WORD = 2, ROUNDS_AT_END = 4 };

struct state {
    uint64_t a, b, c, d;
};

bool hash_key_draw(struct hash_key *key)
{
    return getentropy(key, sizeof(*key)) == 0;
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void mix(struct state *state, int rounds)
{
    while (rounds-- > 0) {
        state->a += state->b;
        state->c += state->d;
        state->b = rotate(state->b, 13) ^ state->a;
        state->d = rotate(state->d, 16) ^ state->c;
        state->a = rotate(state->a, 32) + state->d;
        state->c += state->b;
        state->d = rotate(state->d, 21) ^ state->a;
        state->b = rotate(state->b, 17) ^ state->c;
        state->c = rotate(state->c, 32);
    }
}

static void absorb(struct state *state, uint64_t word)
{
    state->d ^= word;
    mix(state, ROUNDS_A_WORD);
    state->a ^= word;
}

/* Up to eight octets, least significant first. */
static uint64_t read_word(const char *at, size_t length)
{
    uint64_t word = 0;
    for (size_t i = 0; i < length; i++)
        word |= (uint64_t)(unsigned char)at[i] << (8 * i);
    return word;
}

uint64_t hash_octets(const struct hash_key *key, struct span octets)
{
    struct state state = {
        key->low ^ 0x736f6d6570736575,
        key->high ^ 0x646f72616e646f6d,
        key->low ^ 0x6c7967656e657261,
        key->high ^ 0x7465646279746573,
    };
    const char *at = octets.at;
    size_t left = octets.length;
    for (; left >= WORD; left -= WORD, at += WORD)
        absorb(&state, read_word(at, WORD));
    absorb(&state, (uint64_t)octets.length << 56 | read_word(at, left));
    state.c ^= 0xff;
    mix(&state, ROUNDS_AT_END);
    return state.a ^ state.b ^ state.c ^ state.d;
}
