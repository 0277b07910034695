/* SPDX-License-Identifier: BSD-2-Clause */
/* mailpath.c - reverse- and forward-paths: reading and writing */
#include "base/mailpath.h"

#include <string.h>

/* A longer text, source route and all, is not worth the reading. */
#define TEXT_MOST 2048

static bool begins_with(struct span rest, char c)
{
    return rest.length > 0 && rest.at[0] == c;
}

static void skip(struct span *rest, size_t count)
{
    rest->at += count;
    rest->length -= count;
}

static bool take(struct span *rest, char c)
{
    if (!begins_with(*rest, c))
        return false;
    skip(rest, 1);
    return true;
}

/* Take all up to the first of `ends`, or to the end. */
static struct span take_until(struct span *rest, const char *ends)
{
    struct span taken = {rest->at, 0};

    while (taken.length < rest->length &&
           strchr(ends, taken.at[taken.length]) == NULL)
        taken.length++;
    skip(rest, taken.length);
    return taken;
}

static struct span trim(struct span text)
{
    while (begins_with(text, ' '))
        skip(&text, 1);
    while (text.length > 0 && text.at[text.length - 1] == ' ')
        text.length--;
    return text;
}

/* U+0080 to U+009F, which some terminals obey, are two octets in UTF-8. */
static bool has_control(struct span text)
{
    unsigned char before = 0;

    for (size_t i = 0; i < text.length; i++) {
        const unsigned char octet = (unsigned char)text.at[i];

        if (octet < 0x20 || octet == 0x7f ||
            (before == 0xc2 && octet >= 0x80 && octet < 0xa0))
            return true;
        before = octet;
    }
    return false;
}

/* atext of RFC 5322 3.2.3, with what RFC 6531 3.3 adds. */
static bool is_atext(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c & 0x80) != 0 ||
           strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL;
}

static bool is_dot_string(const char *local)
{
    char before = '.';

    for (const char *at = local; *at != '\0'; at++) {
        if (*at == '.' ? before == '.' : !is_atext(*at))
            return false;
        before = *at;
    }
    return before != '.';
}

/* What ends a local part: the end, an at sign, a closing bracket. */
static bool local_ends(struct span rest)
{
    return rest.length == 0 || rest.at[0] == '@' || rest.at[0] == '>';
}

/* Without controls, qtext and quoted pairs are any octets, but a backslash
 * has no character beyond ASCII behind it. */
static enum mailpath_fault read_quoted(struct mailpath *path, struct span *rest)
{
    size_t length = 0;

    skip(rest, 1);
    while (!take(rest, '"')) {
        const bool pair = take(rest, '\\');

        if (rest->length == 0 || (pair && (rest->at[0] & 0x80) != 0))
            return MAILPATH_LOCAL_SYNTAX;
        if (length == MAILPATH_LOCAL_MOST)
            return MAILPATH_LONG;
        path->local[length++] = rest->at[0];
        skip(rest, 1);
    }
    path->local[length] = '\0';
    return MAILPATH_OK;
}

static enum mailpath_fault read_dot_string(struct mailpath *path,
                                           struct span *rest)
{
    const struct span local = take_until(rest, "@>");

    if (local.length > MAILPATH_LOCAL_MOST)
        return MAILPATH_LONG;
    memcpy(path->local, local.at, local.length);
    path->local[local.length] = '\0';
    return is_dot_string(path->local) ? MAILPATH_OK : MAILPATH_LOCAL_SYNTAX;
}

static enum mailpath_fault read_local(struct mailpath *path, struct span *rest)
{
    const enum mailpath_fault fault = begins_with(*rest, '"')
                                          ? read_quoted(path, rest)
                                          : read_dot_string(path, rest);

    if (fault != MAILPATH_OK)
        return fault;
    if (!local_ends(*rest) || !span_is_utf8(span_of(path->local)))
        return MAILPATH_LOCAL_SYNTAX;
    path->utf8 = !span_is_ascii(span_of(path->local));
    return MAILPATH_OK;
}

static enum mailpath_fault read_name(char name[NAME_SIZE], struct span text)
{
    switch (name_parse(name, text)) {
    case NAME_OK:
        return MAILPATH_OK;
    case NAME_MEMORY:
        return MAILPATH_MEMORY;
    case NAME_EMPTY:
    case NAME_LONG:
    case NAME_EMPTY_LABEL:
    case NAME_LONG_LABEL:
    case NAME_HYPHEN:
    case NAME_CHARACTER:
    case NAME_NUMERIC_END:
    case NAME_IDNA:
        return MAILPATH_DOMAIN_SYNTAX;
    }
    return MAILPATH_DOMAIN_SYNTAX;
}

/* Written anew, so that one address has one text. */
static void write_literal(struct mailpath *path)
{
    char address[ADDRESS_TEXT_SIZE];
    struct text text;

    text_begin(&text, path->domain, sizeof path->domain);
    text_addf(&text, address_is_v4(&path->literal) ? "[%s]" : "[IPv6:%s]",
              address_format(&path->literal, address));
}

static enum mailpath_fault read_domain(struct mailpath *path, struct span *rest)
{
    const struct span text = take_until(rest, ">");

    if (begins_with(text, '[')) {
        if (!address_parse_literal(&path->literal, text))
            return MAILPATH_BAD_LITERAL;
        path->form = MAILPATH_LITERAL;
        write_literal(path);
        return MAILPATH_OK;
    }
    path->form = MAILPATH_DOMAIN;
    return read_name(path->domain, text);
}

static enum mailpath_fault skip_route(struct span *rest)
{
    char name[NAME_SIZE];
    enum mailpath_fault fault;

    if (!begins_with(*rest, '@'))
        return MAILPATH_OK;
    do {
        if (!take(rest, '@'))
            return MAILPATH_SYNTAX;
        fault = read_name(name, take_until(rest, ",:"));
        if (fault != MAILPATH_OK)
            return fault == MAILPATH_MEMORY ? fault : MAILPATH_SYNTAX;
    } while (take(rest, ','));
    return take(rest, ':') ? MAILPATH_OK : MAILPATH_SYNTAX;
}

static enum mailpath_fault read_mailbox(struct mailpath *path,
                                        struct span *rest)
{
    enum mailpath_fault fault = skip_route(rest);

    if (fault == MAILPATH_OK)
        fault = read_local(path, rest);
    if (fault != MAILPATH_OK)
        return fault;
    path->form = MAILPATH_BARE;
    return take(rest, '@') ? read_domain(path, rest) : MAILPATH_OK;
}

static enum mailpath_fault read_path(struct mailpath *path, struct span rest)
{
    const bool bracket = take(&rest, '<');
    enum mailpath_fault fault = MAILPATH_OK;

    if (bracket && begins_with(rest, '>'))
        path->form = MAILPATH_NULL;
    else
        fault = read_mailbox(path, &rest);
    if (fault != MAILPATH_OK)
        return fault;
    if (bracket && !take(&rest, '>'))
        return MAILPATH_SYNTAX;
    return rest.length == 0 ? MAILPATH_OK : MAILPATH_SYNTAX;
}

static enum mailpath_fault check_wire(const struct mailpath *path)
{
    char wire[MAILPATH_SIZE];

    return mailpath_write(path, wire) ? MAILPATH_OK : MAILPATH_LONG;
}

static enum mailpath_fault read_text(struct mailpath *path, struct span text)
{
    enum mailpath_fault fault;

    text = trim(text);
    if (text.length == 0)
        return MAILPATH_EMPTY;
    if (has_control(text))
        return MAILPATH_CONTROL;
    if (text.length > TEXT_MOST)
        return MAILPATH_LONG;
    fault = read_path(path, text);
    return fault == MAILPATH_OK ? check_wire(path) : fault;
}

void mailpath_parse(struct mailpath *path, struct span text)
{
    enum mailpath_fault fault;

    memset(path, 0, sizeof *path);
    fault = read_text(path, text);
    if (fault != MAILPATH_OK)
        *path = (struct mailpath){.form = MAILPATH_INVALID, .fault = fault};
}

const char *mailpath_fault_text(enum mailpath_fault fault)
{
    switch (fault) {
    case MAILPATH_OK:
        return "a mail address";
    case MAILPATH_EMPTY:
        return "the address is missing";
    case MAILPATH_CONTROL:
        return "the address holds a control character";
    case MAILPATH_LOCAL_SYNTAX:
        return "the local part is neither a dot-string nor a quoted string";
    case MAILPATH_DOMAIN_SYNTAX:
        return "the domain is not a host name";
    case MAILPATH_BAD_LITERAL:
        return "the address literal is malformed";
    case MAILPATH_LONG:
        return "the address is longer than 254 octets";
    case MAILPATH_SYNTAX:
        return "the brackets or the source route are malformed";
    case MAILPATH_MEMORY:
        return "memory ran out";
    }
    return "";
}

static void write_local(struct text *wire, const char *local)
{
    const char *const quote = is_dot_string(local) ? "" : "\"";

    text_add(wire, quote);
    for (const char *at = local; *at != '\0'; at++) {
        const char pair[] = {'\\', *at, '\0'};

        text_add(wire, *at == '"' || *at == '\\' ? pair : pair + 1);
    }
    text_add(wire, quote);
}

bool mailpath_write(const struct mailpath *path, char wire[MAILPATH_SIZE])
{
    struct text text;

    text_begin(&text, wire, MAILPATH_SIZE);
    switch (path->form) {
    case MAILPATH_NULL:
        return true;
    case MAILPATH_BARE:
        write_local(&text, path->local);
        break;
    case MAILPATH_DOMAIN:
    case MAILPATH_LITERAL:
        write_local(&text, path->local);
        text_addf(&text, "@%s", path->domain);
        break;
    case MAILPATH_INVALID:
        return false;
    }
    /* Whoever filled the path: no line break passes here. */
    if (!text.cut && !has_control(span_of(wire)))
        return true;
    *wire = '\0';
    return false;
}
