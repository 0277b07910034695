/* SPDX-License-Identifier: BSD-2-Clause */
/* authres.c - writing our Authentication-Results, and telling who claims to be
 * us in others'
 *
 * The checks are no registered methods (RFC 8601 2.7): their names begin with
 * x-, which none of those does, and a reader passes over what it does not
 * know. */
#include "policy/authres.h"

#include <string.h>

#define LINE_MOST  76
#define TAB_COLUMN 8
/* Escaped once more these are doubled at most, and stand in one line if there
 * is no space in them. */
#define VALUE_SIZE   480 /* of what a property tells, escaped */
#define DETAIL_SIZE  480 /* of what a comment tells */
#define ESCAPED_SIZE 1000
#define RESULT_SIZE  3000

/* One result on its way into the field: words, folded where they would make a
 * line too long. */
struct fold {
    struct text *text;
    size_t column;
};

static void fold_word(struct fold *fold, struct span word)
{
    if (word.length == 0)
        return;
    if (fold->column + 1 + word.length > LINE_MOST) {
        text_add(fold->text, "\n\t");
        fold->column = TAB_COLUMN;
    } else {
        text_add(fold->text, " ");
        fold->column++;
    }
    text_addf(fold->text, "%.*s", (int)word.length, word.at);
    fold->column += word.length;
}

static void fold_words(struct fold *fold, struct span words)
{
    size_t begin = 0;

    for (size_t i = 0; i <= words.length; i++) {
        if (i < words.length && words.at[i] != ' ')
            continue;
        fold_word(fold, (struct span){words.at + begin, i - begin});
        begin = i + 1;
    }
}

/* Add printable ASCII with a backslash before each of `special`. */
static void add_escaped(struct text *text, struct span words,
                        const char *special)
{
    for (size_t i = 0; i < words.length; i++)
        text_addf(text, strchr(special, words.at[i]) != NULL ? "\\%c" : "%c",
                  words.at[i]);
}

/* RFC 5322 3.2.2: parentheses and backslashes are quoted. */
static void fold_comment(struct fold *fold, struct span words)
{
    char buffer[ESCAPED_SIZE];
    struct text comment;

    if (words.length == 0)
        return;
    text_begin(&comment, buffer, sizeof(buffer));
    text_add(&comment, "(");
    add_escaped(&comment, words, "()\\");
    text_add(&comment, ")");
    fold_words(fold, (struct span){buffer, comment.length});
}

/* What needs no quotes as a value (RFC 8601 2.2): of tokens (RFC 2045 5.1) and
 * addresses the plain ones. */
static bool is_plain(struct span value)
{
    size_t ats = 0;

    for (size_t i = 0; i < value.length; i++) {
        char octet = value.at[i];
        bool is_alphanumeric = (octet >= 'a' && octet <= 'z') ||
                               (octet >= 'A' && octet <= 'Z') ||
                               (octet >= '0' && octet <= '9');
        if (!is_alphanumeric &&
            (octet == '\0' || strchr(".-_+@", octet) == NULL))
            return false;
        ats += octet == '@';
    }
    return value.length > 0 && ats <= 1 && value.at[0] != '@' &&
           value.at[value.length - 1] != '@';
}

/* Add `name=value`; outside octets are escaped first and quoted then. */
static void fold_property(struct fold *fold, const char *name,
                          struct span value)
{
    char escaped[VALUE_SIZE], buffer[ESCAPED_SIZE];
    struct text words, property;

    if (value.length == 0)
        return;
    text_begin(&words, escaped, sizeof(escaped));
    text_add_outside(&words, value);
    text_begin(&property, buffer, sizeof(buffer));
    text_addf(&property, "%s=", name);
    if (is_plain(value)) {
        text_add(&property, escaped);
    } else {
        text_add(&property, "\"");
        add_escaped(&property, (struct span){escaped, words.length}, "\"\\");
        text_add(&property, "\"");
    }
    fold_word(fold, (struct span){buffer, property.length});
}

/* A result is written by itself and joins the field if it fits. */
static void fold_begin(struct fold *fold, struct text *text, char *buffer,
                       size_t size)
{
    text_begin(text, buffer, size);
    text_add(text, ";\n\t");
    *fold = (struct fold){text, TAB_COLUMN};
}

static bool join(struct text *field, const struct text *result)
{
    if (result->cut || field->cut ||
        result->length >= field->size - field->length)
        return false;
    text_add(field, result->buffer);
    return true;
}

static const char *iprev_result(enum reverse_state state)
{
    const char *result = "";

    switch (state) {
    case REVERSE_CONFIRMED:
        result = "pass";
        break;
    case REVERSE_UNCONFIRMED:
        result = "fail";
        break;
    case REVERSE_MISSING:
        result = "permerror";
        break;
    case REVERSE_OPEN:
    case REVERSE_TEMPERROR:
    case REVERSE_INTERNAL:
        result = "temperror";
        break;
    }
    return result;
}

static bool add_iprev(struct text *field, const struct facts *facts)
{
    char buffer[RESULT_SIZE], address[ADDRESS_TEXT_SIZE];
    const char *name = NULL;
    struct text result;
    struct fold fold;

    if (!facts->client.known)
        return false;
    fold_begin(&fold, &result, buffer, sizeof(buffer));
    text_addf(&result, "iprev=%s", iprev_result(facts_reverse(facts, &name)));
    fold.column += strlen("iprev=temperror");
    fold_property(&fold, "policy.iprev",
                  span_of(address_format(&facts->client.address, address)));
    if (name != NULL)
        fold_comment(&fold, span_of(name));
    return join(field, &result);
}

/* What the check was about. */
static void fold_subject(struct fold *fold, enum check check,
                         const struct facts *facts)
{
    char wire[MAILPATH_SIZE], address[ADDRESS_TEXT_SIZE];

    switch (check) {
    case CHECK_HELO_SYNTAX:
    case CHECK_HELO_IDENTITY:
    case CHECK_HELO_FORWARD:
    case CHECK_HELO_MATCH:
        fold_property(fold, "smtp.helo", facts->helo.text);
        break;
    case CHECK_CLIENT_PTR:
    case CHECK_DNSBL:
        if (facts->client.known)
            fold_property(
                fold, "policy.iprev",
                span_of(address_format(&facts->client.address, address)));
        break;
    case CHECK_SENDER_DOMAIN:
    case CHECK_CALLOUT:
        if (mailpath_write(&facts->sender.path, wire))
            fold_property(fold, "smtp.mailfrom", span_of(wire));
        break;
    }
}

static bool add_check(struct text *field, enum check check,
                      struct finding finding, const struct facts *facts,
                      const struct check_settings *settings)
{
    char buffer[RESULT_SIZE], words[DETAIL_SIZE];
    struct text result, detail;
    struct fold fold;

    fold_begin(&fold, &result, buffer, sizeof(buffer));
    text_addf(&result, "x-%s=%s", check_name(check),
              result_name(finding.result));
    fold.column += result.length;
    fold_property(&fold, "reason", span_of(reason_name(finding.reason)));
    fold_subject(&fold, check, facts);
    text_begin(&detail, words, sizeof(words));
    check_describe(&detail, check, finding, facts, settings);
    fold_comment(&fold, (struct span){words, detail.length});
    return join(field, &result);
}

static bool is_told(enum result result)
{
    return result == RESULT_FAIL || result == RESULT_TEMPERROR ||
           result == RESULT_UNKNOWN;
}

void authres_write(struct text *text, const struct facts *facts,
                   const struct rules *rules, const struct findings *findings)
{
    text_add(text, facts->site->identity);
    bool any = add_iprev(text, facts);
    for (unsigned i = 0; i < CHECK_COUNT; i++)
        if (is_told(findings->of[i].result) &&
            add_check(text, (enum check)i, findings->of[i], facts,
                      &rules->settings))
            any = true;
    if (!any)
        text_add(text, "; none");
}

/* Reading: where we are in another's value. */
struct cursor {
    struct span rest;
};

static bool take(struct cursor *cursor, char octet)
{
    if (cursor->rest.length == 0 || *cursor->rest.at != octet)
        return false;
    cursor->rest.at++;
    cursor->rest.length--;
    return true;
}

static bool take_any(struct cursor *cursor, char *octet)
{
    if (cursor->rest.length == 0)
        return false;
    *octet = *cursor->rest.at;
    return take(cursor, *octet);
}

/* A comment whose parenthesis is open, those in it included. */
static void skip_comment(struct cursor *cursor)
{
    size_t depth = 1;
    char octet;

    while (depth > 0 && take_any(cursor, &octet)) {
        if (octet == '\\')
            take_any(cursor, &octet);
        else if (octet == '(')
            depth++;
        else if (octet == ')')
            depth--;
    }
}

/* Comments and folding white space (RFC 5322 3.2.2). */
static void skip_cfws(struct cursor *cursor)
{
    for (;;) {
        if (take(cursor, '('))
            skip_comment(cursor);
        else if (!take(cursor, ' ') && !take(cursor, '\t') &&
                 !take(cursor, '\r') && !take(cursor, '\n'))
            return;
    }
}

/* Take a quoted string's content, or what reaches to the next octet that ends
 * a token. False: it is longer than any name of ours. */
static bool take_value(struct cursor *cursor, char value[NAME_SIZE + 1],
                       size_t *length)
{
    bool quoted = take(cursor, '"');
    char octet;

    *length = 0;
    while (take_any(cursor, &octet)) {
        if (quoted && octet == '"')
            break;
        if (!quoted && strchr(" \t\r\n()<>,;:\\\"/[]?=", octet) != NULL)
            break;
        if (quoted && octet == '\\' && !take_any(cursor, &octet))
            break;
        if (*length == NAME_SIZE)
            return false;
        value[(*length)++] = octet;
    }
    return true;
}

bool authres_claims(struct span value, const char *identity)
{
    struct cursor cursor = {value};
    char id[NAME_SIZE + 1], name[NAME_SIZE];
    size_t length;

    skip_cfws(&cursor);
    if (!take_value(&cursor, id, &length))
        return false;
    return name_parse(name, (struct span){id, length}) == NAME_OK &&
           strcmp(name, identity) == 0;
}
