/* SPDX-License-Identifier: BSD-2-Clause */
/* script.c - taking an input apart */
#include "script.h"

#include <string.h>

struct span script_until(struct span *line, char end)
{
    const char *at =
        line->length > 0 ? memchr(line->at, end, line->length) : NULL;
    size_t length = at != NULL ? (size_t)(at - line->at) : line->length;
    struct span before = {line->at, length};
    if (at != NULL)
        length++;
    line->at += length;
    line->length -= length;
    return before;
}

bool script_line(struct span *script, struct span *line)
{
    if (script->length == 0)
        return false;
    *line = script_until(script, '\n');
    return true;
}

struct span script_word(struct span *line)
{
    return script_until(line, ' ');
}

bool script_is(struct span word, const char *name)
{
    return word.length == strlen(name) &&
           memcmp(word.at, name, word.length) == 0;
}

uint32_t script_number(struct span *line, uint32_t most)
{
    struct span word = script_word(line);
    uint64_t number = 0;
    for (size_t i = 0; i < word.length; i++) {
        if (word.at[i] < '0' || word.at[i] > '9')
            return 0;
        number = (number * 10 + (uint64_t)(word.at[i] - '0')) &
                 UINT64_C(0xffffffffffff);
    }
    return (uint32_t)(number % ((uint64_t)most + 1));
}

bool script_is_printable(struct span text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] < ' ' || text.at[i] > '~')
            return false;
    return true;
}
