/* SPDX-License-Identifier: BSD-2-Clause */
/* value_number.c - durations, sizes, counts, modes and words of a set */
#include "base/callout.h"
#include "base/log.h"
#include "policy/policy.h"
#include "policy/value.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define RATE_MOST 1000000
#define DAY_MS    86400000

struct unit {
    const char *name;
    uint64_t factor;
};

/* Read digits and one of the units. False: something else, or too large. */
static bool number_read(const char *text, const struct unit *units,
                        uint64_t *number)
{
    const char *at = text;
    uint64_t digits = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        digits = digits * 10 + (uint64_t)(*at - '0');
        if (digits > UINT32_MAX)
            return false;
    }
    if (at == text)
        return false;
    for (; units->name != NULL; units++) {
        if (strcmp(at, units->name) == 0) {
            *number = digits * units->factor;
            return true;
        }
    }
    return false;
}

/* Read a number within the range of the value. */
static bool take_number(const struct value *value, const char *text,
                        const struct unit *units, uint64_t *number)
{
    uint64_t bound;

    if (!number_read(text, units, number))
        return false;
    if (value->least != NULL && number_read(value->least, units, &bound) &&
        *number < bound)
        return false;
    return value->most == NULL || !number_read(value->most, units, &bound) ||
           *number <= bound;
}

static const struct unit milliseconds[] = {{"ms", 1},        {"s", 1000},
                                           {"m", 60 * 1000}, {"h", 3600000},
                                           {"d", 86400000},  {NULL, 0}};
static const struct unit seconds[] = {
    {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0}};
static const struct unit octets[] = {{"", 1},
                                     {"K", 1024},
                                     {"M", 1024 * 1024},
                                     {"G", 1024 * 1024 * 1024},
                                     {NULL, 0}};
static const struct unit ones[] = {{"", 1}, {NULL, 0}};

static enum taken take_duration_ms(const struct value *value, const char *text,
                                   void *place)
{
    uint64_t number;

    if (!take_number(value, text, milliseconds, &number) || number > UINT32_MAX)
        return TAKEN_NOT;
    *(uint32_t *)place = (uint32_t)number;
    return TAKEN;
}

static enum taken take_duration_s(const struct value *value, const char *text,
                                  void *place)
{
    uint64_t number;

    if (!take_number(value, text, seconds, &number) || number > UINT32_MAX)
        return TAKEN_NOT;
    *(uint32_t *)place = (uint32_t)number;
    return TAKEN;
}

static enum taken take_size(const struct value *value, const char *text,
                            void *place)
{
    uint64_t number;

    if (!take_number(value, text, octets, &number) || number > SIZE_MAX)
        return TAKEN_NOT;
    *(size_t *)place = (size_t)number;
    return TAKEN;
}

static enum taken take_count(const struct value *value, const char *text,
                             void *place)
{
    uint64_t number;

    if (!take_number(value, text, ones, &number))
        return TAKEN_NOT;
    *(uint32_t *)place = (uint32_t)number;
    return TAKEN;
}

/* COUNT/TIME: "30/1m". */
static bool rate_read(struct callout_rate *rate, const char *text)
{
    const char *slash = strchr(text, '/');
    char digits[16];
    uint64_t count, ms;

    if (slash == NULL || (size_t)(slash - text) >= sizeof(digits))
        return false;
    memcpy(digits, text, (size_t)(slash - text));
    digits[slash - text] = '\0';
    if (!number_read(digits, ones, &count) || count > RATE_MOST || count == 0 ||
        !number_read(slash + 1, milliseconds, &ms) || ms > DAY_MS || ms == 0)
        return false;
    *rate = (struct callout_rate){(uint32_t)count, (uint32_t)ms};
    return true;
}

static enum taken take_rate(const struct value *value, const char *text,
                            void *place)
{
    (void)value;
    return rate_read(place, text) ? TAKEN : TAKEN_NOT;
}

static enum taken take_short(const struct value *value, const char *text,
                             void *place)
{
    uint64_t number;

    if (!take_number(value, text, ones, &number) || number > UINT16_MAX)
        return TAKEN_NOT;
    *(uint16_t *)place = (uint16_t)number;
    return TAKEN;
}

static enum taken take_mode(const struct value *value, const char *text,
                            void *place)
{
    size_t length = strlen(text);
    uint32_t mode = 0;

    (void)value;
    if (length == 4 && text[0] == '0')
        length--, text++;
    if (length != 3 || strspn(text, "01234567") != length)
        return TAKEN_NOT;
    for (; *text != '\0'; text++)
        mode = mode * 8 + (uint32_t)(*text - '0');
    *(uint32_t *)place = mode;
    return TAKEN;
}

static const struct word *word_find(const struct value *value, const char *text)
{
    const struct word *word = value->words;

    while (word->name != NULL && strcmp(word->name, text) != 0)
        word++;
    return word->name != NULL ? word : NULL;
}

/* Every enum that a word may be read into is as large as an unsigned. */
static_assert(sizeof(enum log_target) == sizeof(unsigned), "log_target");
static_assert(sizeof(enum log_level) == sizeof(unsigned), "log_level");
static_assert(sizeof(enum callout_when) == sizeof(unsigned), "callout_when");
static_assert(sizeof(enum callout_begin) == sizeof(unsigned), "callout_begin");
static_assert(sizeof(enum callout_tls_use) == sizeof(unsigned), "tls_use");
static_assert(sizeof(enum policy_mode) == sizeof(unsigned), "policy_mode");
static_assert(sizeof(enum reply_at) == sizeof(unsigned), "reply_at");
static_assert(sizeof(enum action_kind) == sizeof(unsigned), "action_kind");

static enum taken take_word(const struct value *value, const char *text,
                            void *place)
{
    const struct word *word = word_find(value, text);

    if (word == NULL)
        return TAKEN_NOT;
    memcpy(place, &word->value, sizeof(word->value));
    return TAKEN;
}

static enum taken take_flag(const struct value *value, const char *text,
                            void *place)
{
    const struct word *word = word_find(value, text);

    if (word == NULL)
        return TAKEN_NOT;
    *(bool *)place = word->value != 0;
    return TAKEN;
}

static enum taken take_bit(const struct value *value, const char *text,
                           void *place)
{
    const struct word *word = word_find(value, text);

    if (word == NULL)
        return TAKEN_NOT;
    *(unsigned *)place |= word->value;
    return TAKEN;
}

static void clear_bits(void *place)
{
    *(unsigned *)place = 0;
}

const struct value_type value_duration_ms = {
    .expected = "a number with a unit (ms, s, m, h, d), such as 8s",
    .take = take_duration_ms};
const struct value_type value_duration_s = {
    .expected = "a number with a unit (s, m, h, d), such as 2h",
    .take = take_duration_s};
const struct value_type value_size = {
    .expected = "a number of octets, or one with a unit (K, M, G), such as 64M",
    .take = take_size};
const struct value_type value_count = {.expected = "a number",
                                       .take = take_count};
const struct value_type value_rate = {
    .expected = "a number in a time of at most 1d, such as 30/1m",
    .take = take_rate};
const struct value_type value_short = {.expected = "a number",
                                       .take = take_short};
const struct value_type value_mode = {
    .expected = "a file mode of three octal digits, such as 660",
    .take = take_mode};
const struct value_type value_word = {.take = take_word};
const struct value_type value_flag = {.take = take_flag};
const struct value_type value_bits = {.expected = "a list of words, each ",
                                      .is_list = true,
                                      .take = take_bit,
                                      .clear = clear_bits};
