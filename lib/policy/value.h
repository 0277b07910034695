/* SPDX-License-Identifier: BSD-2-Clause */
/* value.h - the types that values of the policy file have: from text to place,
 * whatever YAML would take the text for */
#ifndef POLICY_VALUE_H
#define POLICY_VALUE_H

#include "policy/reading.h"
#include "policy/tree.h"

#include <stdbool.h>
#include <stddef.h>

/** One word of a set, and what it stands for. */
struct word {
    const char *name;
    unsigned value;
};

/** How a value is read: its type, and what holds for one key. */
struct value {
    const struct value_type *type;
    const struct word *words; /* of types that take words; ends with NULL */
    const char *least, *most; /* as the file would have them; of a list: how
                                  many elements; NULL: whatever */
};

enum taken { TAKEN, TAKEN_NOT, TAKEN_NO_MEMORY };

struct value_type {
    const char *expected; /* "a duration ..."; NULL: its words */
    bool is_list;
    /** Put one value, or one more element of a list, into its place. */
    enum taken (*take)(const struct value *value, const char *text,
                       void *place);
    /** Give back what the place owns and make it empty; NULL: it owns
     * nothing. */
    void (*clear)(void *place);
};

extern const struct value_type value_duration_ms;   /* uint32_t */
extern const struct value_type value_duration_s;    /* uint32_t */
extern const struct value_type value_size;          /* size_t, octets */
extern const struct value_type value_count;         /* uint32_t */
extern const struct value_type value_short;         /* uint16_t */
extern const struct value_type value_rate;          /* callout_rate */
extern const struct value_type value_mode;          /* uint32_t, octal */
extern const struct value_type value_word;          /* an enum */
extern const struct value_type value_flag;          /* bool */
extern const struct value_type value_bits;          /* list; unsigned, or-ed */
extern const struct value_type value_account;       /* char *, malloc */
extern const struct value_type value_label;         /* char *, malloc */
extern const struct value_type value_status;        /* char[12] */
extern const struct value_type value_text;          /* char *, malloc */
extern const struct value_type value_listen;        /* char *, malloc */
extern const struct value_type value_identity;      /* char[NAME_SIZE] */
extern const struct value_type value_witness;       /* char[NAME_SIZE] */
extern const struct value_type value_mailbox;       /* char[MAILPATH_SIZE] */
extern const struct value_type value_domains;       /* list; struct site */
extern const struct value_type value_networks;      /* list; struct networks */
extern const struct value_type value_servers;       /* list; dns_settings */
extern const struct value_type value_sources;       /* list; callout_sources */
extern const struct value_type value_ranges;        /* list; zone_answers */
extern const struct value_type value_host_patterns; /* list; patterns */
extern const struct value_type value_path_patterns; /* list; patterns */

/** Read a node into its place; what is wrong is noted under the name `key`,
 * and the place keeps what it had or what was good of a list. */
void value_read(struct reading *reading, const struct value *value,
                const char *key, const struct node *node, void *place);

/** What was expected, in words, into `text`: type, words and range. */
void value_expected(const struct value *value, struct text *text);

#endif
