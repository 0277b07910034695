/* SPDX-License-Identifier: BSD-2-Clause */
/* mailpath_fuzz.c - a path that is taken is written without control octets and
 * reads back to the same path */
#include "base/mailpath.h"
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

static void require_same(const struct mailpath *a, const struct mailpath *b)
{
    REQUIRE(a->form == b->form);
    REQUIRE(a->fault == b->fault);
    REQUIRE(strcmp(a->local, b->local) == 0);
    REQUIRE(strcmp(a->domain, b->domain) == 0);
    REQUIRE(address_equal(&a->literal, &b->literal));
    REQUIRE(a->utf8 == b->utf8);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    const struct span text = {(const char *)octets, length};
    struct mailpath path;
    struct mailpath again;
    char wire[MAILPATH_SIZE];
    char bracketed[MAILPATH_SIZE + 2];

    mailpath_parse(&path, text);
    if (path.form == MAILPATH_INVALID) {
        REQUIRE(path.fault != MAILPATH_OK);
        REQUIRE(!mailpath_write(&path, wire));
        return 0;
    }
    REQUIRE(path.fault == MAILPATH_OK);
    REQUIRE(mailpath_write(&path, wire));
    REQUIRE(strlen(wire) <= MAILPATH_WIRE_MOST);
    for (const char *at = wire; *at != '\0'; at++)
        REQUIRE((*at & 0x80) != 0 || (*at >= ' ' && *at != 0x7f));
    snprintf(bracketed, sizeof bracketed, "<%s>", wire);
    mailpath_parse(&again, span_of(bracketed));
    require_same(&again, &path);
    return 0;
}
