/* SPDX-License-Identifier: BSD-2-Clause */
/* fold_fuzz.c - what of an address stays when the rest changes: the same
 * domain, nothing longer, and always the same for those that fold alike */
#include "fuzz.h"
#include "policy/policy.h"
#include "store/fold.h"

#include <string.h>

/* Behind the last `@`, which a local part may hold as well. */
static const char *domain_of(const char *wire)
{
    const char *at = strrchr(wire, '@');
    REQUIRE(at != NULL);
    return at + 1;
}

/* What is left out of BATV may be anything. */
static void check_alike(const char *folded, const struct mailpath *path)
{
    struct mailpath other = *path, again;
    char other_folded[MAILPATH_SIZE], wire[MAILPATH_SIZE];
    mailpath_parse(&again, span_of(folded));
    REQUIRE(again.form == MAILPATH_DOMAIN);
    REQUIRE(strcmp(again.domain, path->domain) == 0);
    if (strncmp(path->local, "prvs=", 5) != 0 ||
        strcspn(path->local + 5, "=") != 10 || path->local[15] != '=')
        return;
    other.local[5] = (char)(path->local[5] == '1' ? '2' : '1');
    if (!mailpath_write(&other, wire))
        return;
    REQUIRE(fold_path(&other, other_folded));
    REQUIRE(strcmp(folded, other_folded) == 0);
}

/* Nothing is folded twice, for what was is a key of another kind than an
 * address. Would it be, the words behind a tag or a stamp were folded as well,
 * and then nothing more. */
static void check_settles(const char *folded)
{
    char last[MAILPATH_SIZE], next[MAILPATH_SIZE];
    struct mailpath path;
    size_t times = 1;
    mailpath_parse(&path, span_of(folded));
    memcpy(last, folded, strlen(folded) + 1);
    while (fold_path(&path, next) && strcmp(next, last) != 0) {
        REQUIRE(++times <= 3);
        REQUIRE(strlen(next) <= strlen(last));
        memcpy(last, next, strlen(next) + 1);
        mailpath_parse(&path, span_of(last));
    }
}

static void check_folded(const struct mailpath *path, const char *folded)
{
    char wire[MAILPATH_SIZE];
    REQUIRE(mailpath_write(path, wire));
    REQUIRE(strlen(folded) <= strlen(wire));
    REQUIRE(strcmp(domain_of(folded), domain_of(wire)) == 0);
    /* What was left out is a star, and what was not stands as it stood. */
    REQUIRE(strchr(folded, '*') != NULL);
    if (wire[0] != '"')
        REQUIRE(pattern_matches(folded, wire));
    check_alike(folded, path);
    check_settles(folded);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    const struct span text = {(const char *)octets, length};
    struct mailpath path;
    char folded[MAILPATH_SIZE];
    mailpath_parse(&path, text);
    if (fold_path(&path, folded)) {
        REQUIRE(path.form == MAILPATH_DOMAIN);
        check_folded(&path, folded);
    } else {
        REQUIRE(folded[0] == '\0');
    }
    return 0;
}
