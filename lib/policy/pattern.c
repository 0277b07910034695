/* SPDX-License-Identifier: BSD-2-Clause */
/* pattern.c - patterns with `*`, in either case of letters */
#include "policy/policy.h"

static char lower(char letter)
{
    return (char)(letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A')
                                                 : letter);
}

/* Only the last star is ever tried again: one that stands before it has
 * matched as little as it could, and more would not help. */
bool pattern_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *after = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            after = text;
        } else if (lower(*pattern) == lower(*text)) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++after;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
