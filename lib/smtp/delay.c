/* SPDX-License-Identifier: BSD-2-Clause */
/* delay.c - reading a span of time, as greylisting servers write it */
#include "smtp/delay.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

#define NUMBER_DIGITS_MOST 6

static const struct unit {
    const char *word;
    uint32_t seconds;
} units[] = {
    {"s", 1},        {"sec", 1},      {"secs", 1},     {"second", 1},
    {"seconds", 1},  {"secondes", 1}, {"sekunden", 1}, {"m", 60},
    {"min", 60},     {"mins", 60},    {"minute", 60},  {"minutes", 60},
    {"minuten", 60}, {"h", 3600},     {"hr", 3600},    {"hrs", 3600},
    {"hour", 3600},  {"hours", 3600},
};

/* What stands before 00:05:00 when it is a span of time; without such a word it
 * is a time of day. */
static const char *const clock_leads[] = {"after", "delay", "for",   "in",
                                          "retry", "wait",  "within"};

static bool is_digit(char octet)
{
    return octet >= '0' && octet <= '9';
}

static bool is_letter(char octet)
{
    char lower = text_lower(octet);
    return lower >= 'a' && lower <= 'z';
}

static bool is_space(char octet)
{
    return octet == ' ' || octet == '\t' || octet == '\n';
}

/* What lies between two words of a reply, "retry=300s" being two. */
static bool is_gap(char octet)
{
    return is_space(octet) || octet == '(' || octet == '[' || octet == '=';
}

static bool is_of_word(char octet)
{
    return !is_gap(octet);
}

/* Cut octets off the front of the text while they are of a kind. */
static struct span take(struct span *text, bool (*of_kind)(char octet))
{
    struct span taken = {text->at, 0};
    while (taken.length < text->length && of_kind(text->at[taken.length]))
        taken.length++;
    text->at += taken.length;
    text->length -= taken.length;
    return taken;
}

static bool take_octet(struct span *text, char octet)
{
    if (text->length == 0 || *text->at != octet)
        return false;
    text->at++;
    text->length--;
    return true;
}

static bool take_number(struct span *text, uint32_t *number)
{
    struct span digits = take(text, is_digit);
    *number = 0;
    for (size_t i = 0; i < digits.length && i < NUMBER_DIGITS_MOST; i++)
        *number = *number * 10 + (uint32_t)(digits.at[i] - '0');
    return digits.length > 0 && digits.length <= NUMBER_DIGITS_MOST;
}

/* NULL when the text does not go on with one. */
static const struct unit *take_unit(struct span *text)
{
    struct span word = take(text, is_letter);
    for (size_t i = 0; i < LENGTH(units); i++)
        if (span_equal_nocase(word, span_of(units[i].word)))
            return &units[i];
    return NULL;
}

/* Whether a word is over here; in "5min@example.com" it is not. */
static bool ends(struct span text)
{
    return text.length == 0 || is_space(*text.at) ||
           strchr(".,;:!)](", *text.at) != NULL;
}

static uint32_t plus(uint32_t sum, uint32_t number, uint32_t unit)
{
    uint64_t seconds = sum + (uint64_t)number * unit;
    return seconds < SMTP_DELAY_MOST_S ? (uint32_t)seconds : SMTP_DELAY_MOST_S;
}

/* Cut "5 minutes" or, of "1m30s", "1m" off the front, and add it. */
static bool take_part(struct span *text, uint32_t *sum)
{
    struct span rest = *text;
    uint32_t number;
    if (!take_number(&rest, &number))
        return false;
    (void)take(&rest, is_space);
    const struct unit *unit = take_unit(&rest);
    if (unit == NULL || !(ends(rest) || is_digit(*rest.at)))
        return false;
    *sum = plus(*sum, number, unit->seconds);
    *text = rest;
    return true;
}

static void skip_joint(struct span *text)
{
    (void)take_octet(text, ',');
    (void)take(text, is_space);
    struct span rest = *text;
    if (!span_equal_nocase(take(&rest, is_letter), span_of("and")))
        return;
    (void)take(&rest, is_space);
    *text = rest;
}

static bool read_parts(struct span text, uint32_t *seconds)
{
    *seconds = 0;
    bool found = false;
    while (take_part(&text, seconds)) {
        found = true;
        skip_joint(&text);
    }
    return found;
}

/* "00:04:59", or "04:59". */
static bool read_clock(struct span text, uint32_t *seconds)
{
    uint32_t number;
    int colons = 0;
    if (!take_number(&text, seconds))
        return false;
    for (; take_octet(&text, ':'); colons++) {
        if (!take_number(&text, &number) || number > 59)
            return false;
        *seconds = plus(number, *seconds, 60);
    }
    return (colons == 1 || colons == 2) && ends(text);
}

static bool leads_to_clock(struct span word)
{
    for (size_t i = 0; i < LENGTH(clock_leads); i++)
        if (span_equal_nocase(word, span_of(clock_leads[i])))
            return true;
    return false;
}

uint16_t smtp_delay(const struct smtp_reply *reply)
{
    struct span text = {reply->text, reply->length};
    struct span before = {NULL, 0};
    while (text.length > 0) {
        uint32_t seconds;
        (void)take(&text, is_gap);
        if (read_parts(text, &seconds) ||
            (leads_to_clock(before) && read_clock(text, &seconds)))
            return (uint16_t)(seconds > 0 ? seconds : 1);
        before = take(&text, is_of_word);
    }
    return 0;
}
