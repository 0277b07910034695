/* SPDX-License-Identifier: BSD-2-Clause */
/* name_fuzz.c - a host name has one canonical form, which is harmless, and an
 * organisational domain that it lies in */
#include "base/name.h"
#include "fuzz.h"

#include <string.h>

static void check_name(const char *name)
{
    char again[NAME_SIZE];
    char domain[NAME_SIZE];

    REQUIRE(strlen(name) < NAME_SIZE);
    REQUIRE(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
            strlen(name));
    REQUIRE(name_parse(again, span_of(name)) == NAME_OK);
    REQUIRE(strcmp(again, name) == 0);
    REQUIRE(name_is_within(name, name));
    if (name_organisation(domain, name)) {
        REQUIRE(name_is_qualified(domain));
        REQUIRE(name_is_within(name, domain));
    } else {
        REQUIRE(domain[0] == '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    const struct span text = {(const char *)octets, length};
    char name[NAME_SIZE];

    if (name_parse(name, text) == NAME_OK)
        check_name(name);
    else
        REQUIRE(name[0] == '\0');
    return 0;
}
