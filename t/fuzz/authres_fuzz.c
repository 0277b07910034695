/* SPDX-License-Identifier: BSD-2-Clause */
/* authres_fuzz.c - whether a field's value claims to be ours does not hang on
 * what stands around the authserv-id, and nobody can be us and another */
#include "fuzz.h"
#include "policy/authres.h"

#include <string.h>

#define OURS   "mx1.example.org"
#define OTHERS "mx2.example.org"

/* Comments and folding of all kinds (RFC 5322 3.2.2). */
static const char before[] = " \t(a (b\\)c) \\( d)\r\n\t(e)\n ";

/* In memory of exactly its length, so that a sanitizer sees its end. */
static bool claims(const char *a, size_t a_length, const char *b,
                   size_t b_length, const char *identity)
{
    const size_t length = a_length + b_length;
    char *exact = malloc(length > 0 ? length : 1);
    REQUIRE(exact != NULL);
    memcpy(exact, a, a_length);
    memcpy(exact + a_length, b, b_length);
    bool claimed = authres_claims((struct span){exact, length}, identity);
    free(exact);
    return claimed;
}

static bool claims_in_capitals(const char *value, size_t length)
{
    char *capitals = malloc(length + 1);
    REQUIRE(capitals != NULL);
    for (size_t i = 0; i < length; i++)
        capitals[i] =
            (char)(value[i] >= 'a' && value[i] <= 'z' ? value[i] - 'a' + 'A'
                                                      : value[i]);
    bool claimed = authres_claims((struct span){capitals, length}, OURS);
    free(capitals);
    return claimed;
}

/* Without a quoted pair and without Unicode the name itself must stand there,
 * in letters of either case. */
static bool holds_ours(struct span value)
{
    const struct span ours = span_of(OURS);
    if (!span_is_ascii(value) ||
        (value.length > 0 && memchr(value.at, '\\', value.length) != NULL))
        return true;
    for (size_t i = 0; i + ours.length <= value.length; i++)
        if (span_equal_nocase((struct span){value.at + i, ours.length}, ours))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static const char *const ids[] = {OURS, "\"" OURS "\"", "MX1.Example.ORG",
                                      "\"mx1\\.example.org\""};
    static const char *const ends[] = {";", " ;", "\r\n\t1;", "(c);", "\n"};
    const char *value = (const char *)octets;
    bool ours = claims(value, length, "", 0, OURS);

    if (ours)
        REQUIRE(holds_ours((struct span){value, length}));
    REQUIRE(!ours || !claims(value, length, "", 0, OTHERS));
    REQUIRE(claims(before, strlen(before), value, length, OURS) == ours);
    if (span_is_ascii((struct span){value, length}))
        REQUIRE(claims_in_capitals(value, length) == ours);
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        for (size_t j = 0; j < sizeof(ends) / sizeof(*ends); j++) {
            char id[64];
            size_t id_length = strlen(ids[i]), end_length = strlen(ends[j]);
            memcpy(id, ids[i], id_length);
            memcpy(id + id_length, ends[j], end_length);
            id_length += end_length;
            REQUIRE(claims(id, id_length, value, length, OURS));
            REQUIRE(!claims(id, id_length, value, length, OTHERS));
        }
    }
    return 0;
}
