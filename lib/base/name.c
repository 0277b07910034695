/* SPDX-License-Identifier: BSD-2-Clause */
/* name.c - domain names: syntax, IDNA, organisational domain */
#include "base/name.h"

#include <idn2.h>
#include <libpsl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME_MOST  (NAME_SIZE - 1)
#define LABEL_MOST 63 /* octets, RFC 1035 2.3.4 */

/* An A-label of 63 octets can stand for some 58 characters of four octets;
 * longer texts can only be padded with what the mapping drops. */
#define UNICODE_MOST 1024

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_label_character(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

static enum name_fault check_label(const char *label, size_t length)
{
    if (length == 0)
        return NAME_EMPTY_LABEL;
    if (length > LABEL_MOST)
        return NAME_LONG_LABEL;
    for (size_t i = 0; i < length; i++)
        if (!is_label_character(label[i]))
            return NAME_CHARACTER;
    if (label[0] == '-' || label[length - 1] == '-')
        return NAME_HYPHEN;
    return NAME_OK;
}

static bool is_numeric(const char *label)
{
    return label[strspn(label, "0123456789")] == '\0';
}

/* `name` is in lower case and without a trailing dot. */
static enum name_fault check_labels(const char *name)
{
    const char *label = name;

    for (;;) {
        const size_t length = strcspn(label, ".");
        const enum name_fault fault = check_label(label, length);

        if (fault != NAME_OK)
            return fault;
        if (label[length] == '\0')
            return is_numeric(label) ? NAME_NUMERIC_END : NAME_OK;
        label += length + 1;
    }
}

static bool is_dots(struct span text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] != '.')
            return false;
    return true;
}

static enum name_fault read_ascii(char name[NAME_SIZE], struct span text)
{
    if (is_dots(text))
        return NAME_EMPTY;
    if (text.at[text.length - 1] == '.')
        text.length--;
    if (text.length > NAME_MOST)
        return NAME_LONG;
    for (size_t i = 0; i < text.length; i++) {
        /* It would end the name early. */
        if (text.at[i] == '\0')
            return NAME_CHARACTER;
        name[i] = text_lower(text.at[i]);
    }
    name[text.length] = '\0';
    return check_labels(name);
}

static enum name_fault fault_of_idn2(int status)
{
    switch (status) {
    case IDN2_OK:
        return NAME_OK;
    case IDN2_MALLOC:
        return NAME_MEMORY;
    case IDN2_TOO_BIG_DOMAIN:
        return NAME_LONG;
    case IDN2_TOO_BIG_LABEL:
    case IDN2_PUNYCODE_BIG_OUTPUT:
        return NAME_LONG_LABEL;
    default:
        return NAME_IDNA;
    }
}

static enum name_fault read_unicode(char name[NAME_SIZE], struct span text)
{
    uint8_t terminated[UNICODE_MOST + 1];
    uint8_t *converted = NULL;
    enum name_fault fault;

    if (text.length > UNICODE_MOST)
        return NAME_LONG;
    if (memchr(text.at, '\0', text.length) != NULL)
        return NAME_CHARACTER;
    memcpy(terminated, text.at, text.length);
    terminated[text.length] = '\0';
    fault = fault_of_idn2(
        idn2_lookup_u8(terminated, &converted, IDN2_NONTRANSITIONAL));
    if (fault == NAME_OK)
        fault = read_ascii(name, span_of((const char *)converted));
    idn2_free(converted);
    return fault;
}

enum name_fault name_parse(char name[NAME_SIZE], struct span text)
{
    const enum name_fault fault =
        span_is_ascii(text) ? read_ascii(name, text) : read_unicode(name, text);

    if (fault != NAME_OK)
        name[0] = '\0';
    return fault;
}

const char *name_fault_text(enum name_fault fault)
{
    switch (fault) {
    case NAME_OK:
        return "a host name";
    case NAME_EMPTY:
        return "the name is empty";
    case NAME_LONG:
        return "the name is longer than 253 octets";
    case NAME_EMPTY_LABEL:
        return "a label is empty";
    case NAME_LONG_LABEL:
        return "a label is longer than 63 octets";
    case NAME_HYPHEN:
        return "a label begins or ends with a hyphen";
    case NAME_CHARACTER:
        return "a label has other characters than letters, digits and hyphens";
    case NAME_NUMERIC_END:
        return "the last label is all digits";
    case NAME_IDNA:
        return "a label is not a valid internationalised one";
    case NAME_MEMORY:
        return "memory ran out";
    }
    return "";
}

bool name_is_qualified(const char *name)
{
    return strchr(name, '.') != NULL;
}

bool name_has_underscore(const char *name)
{
    return strchr(name, '_') != NULL;
}

bool name_is_within(const char *name, const char *domain)
{
    const size_t length = strlen(name);
    const size_t below = strlen(domain);

    if (below == 0 || length < below ||
        strcmp(name + length - below, domain) != 0)
        return false;
    return length == below || name[length - below - 1] == '.';
}

/* The private section of the list counts with the ICANN one, as for DMARC:
 * the customers of one hosting service are not one organisation, and none of
 * them may vouch for another. */
bool name_organisation(char domain[NAME_SIZE], const char *name)
{
    const psl_ctx_t *list = psl_builtin();
    const char *found =
        list == NULL ? NULL : psl_registrable_domain(list, name);

    domain[0] = '\0';
    if (found == NULL)
        return false;
    memcpy(domain, found, strlen(found) + 1);
    return true;
}

/* What installers and containers call a host that nobody has named. */
static bool is_placeholder(const char *name)
{
    return strncmp(name, "localhost", strlen("localhost")) == 0 ||
           name_is_within(name, "localhost") ||
           name_is_within(name, "localdomain");
}

static bool take_host_name(char name[NAME_SIZE], const char *candidate)
{
    if (name_parse(name, span_of(candidate)) == NAME_OK &&
        name_is_qualified(name) && !is_placeholder(name))
        return true;
    name[0] = '\0';
    return false;
}

/* A name of one label, a placeholder and "(none)" are what there is before
 * anybody has given it one; who gave it one with a domain has decided. */
static enum host_name name_failure(const char *host)
{
    const char *dot = strchr(host, '.');

    return dot == NULL || dot[1] == '\0' || is_placeholder(host)
               ? HOST_NAME_NOT_YET
               : HOST_NAME_BAD;
}

enum host_name name_of_host(char name[NAME_SIZE])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_CANONNAME};
    struct addrinfo *found = NULL;
    char host[NAME_SIZE + 1] = "";
    bool taken;

    name[0] = '\0';
    if (gethostname(host, sizeof host - 1) != 0)
        return HOST_NAME_NOT_YET;
    /* No need to wait for DNS when the system's name is whole. */
    if (take_host_name(name, host))
        return HOST_NAME_FOUND;
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return name_failure(host);
    taken = take_host_name(name, found->ai_canonname);
    freeaddrinfo(found);
    return taken ? HOST_NAME_FOUND : name_failure(host);
}

bool name_same_organisation(const char *a, const char *b)
{
    char one[NAME_SIZE], other[NAME_SIZE];

    return name_organisation(one, a) && name_organisation(other, b) &&
           strcmp(one, other) == 0;
}
