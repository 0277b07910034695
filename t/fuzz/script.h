/* SPDX-License-Identifier: BSD-2-Clause */
/* script.h - inputs that are read as text: a line says one thing, a word in
 * front what it is; seeds can so be written by hand. Whatever is no such line
 * is passed over. */
#ifndef FUZZ_SCRIPT_H
#define FUZZ_SCRIPT_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/** Take the next line off the front of `script`, without its LF.
 * @return false: there is none */
bool script_line(struct span *script, struct span *line);

/** Take the next word off the front of `line`, and one space behind it; empty:
 * there is none. */
struct span script_word(struct span *line);

/** True when the word is this one. */
bool script_is(struct span word, const char *name);

/** Take the next word as a number: modulo `most` + 1, and 0 for what is
 * none. */
uint32_t script_number(struct span *line, uint32_t most);

/** Everything up to `end` off the front of `line`, and that; all of it where
 * there is no such octet. */
struct span script_until(struct span *line, char end);

/** True when every octet is printable ASCII or a space. */
bool script_is_printable(struct span text);

#endif
