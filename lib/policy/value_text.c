/* SPDX-License-Identifier: BSD-2-Clause */
/* value_text.c - names, addresses, patterns and texts */
#include "base/address.h"
#include "base/mailpath.h"
#include "base/name.h"
#include "policy/policy.h"
#include "policy/value.h"

#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define ACCOUNT_MOST 32  /* of a user's or group's name, as useradd has it */
#define LABEL_MOST   100 /* of an exception's name, which the log repeats */
#define TEXT_MOST    2000
#define PATTERN_MOST 400
#define DNS_PORT     53

static const char letters_digits[] = "abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static void clear_string(void *place)
{
    char **string = place;

    free(*string);
    *string = NULL;
}

static enum taken keep_string(const char *text, void *place)
{
    char *copy = strdup(text);

    if (copy == NULL)
        return TAKEN_NO_MEMORY;
    clear_string(place);
    *(char **)place = copy;
    return TAKEN;
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

static enum taken take_account(const struct value *value, const char *text,
                               void *place)
{
    size_t length = strlen(text);

    (void)value;
    if (length == 0 || length > ACCOUNT_MOST || *text == '-')
        return TAKEN_NOT;
    for (const char *at = text; *at != '\0'; at++)
        if (strchr(letters_digits, *at) == NULL && strchr("._-", *at) == NULL)
            return TAKEN_NOT;
    return keep_string(text, place);
}

static enum taken take_label(const struct value *value, const char *text,
                             void *place)
{
    size_t length = strlen(text);

    (void)value;
    if (length == 0 || length > LABEL_MOST || strpbrk(text, "\r\n") != NULL)
        return TAKEN_NOT;
    return keep_string(text, place);
}

static enum taken take_text(const struct value *value, const char *text,
                            void *place)
{
    (void)value;
    if (strlen(text) > TEXT_MOST || text[strspn(text, " \n")] == '\0')
        return TAKEN_NOT;
    for (const char *at = text; *at != '\0'; at++)
        if (*at != '\n' && (*at < 0x20 || *at > 0x7e))
            return TAKEN_NOT;
    return keep_string(text, place);
}

/* Skip one to three digits; NULL: there are none, or more. */
static const char *skip_digits(const char *at)
{
    size_t length = strspn(at, "0123456789");

    return length >= 1 && length <= 3 ? at + length : NULL;
}

/* class "." subject "." detail (RFC 3463 2), the class 4 or 5. */
static enum taken take_status(const struct value *value, const char *text,
                              void *place)
{
    (void)value;
    if ((text[0] != '4' && text[0] != '5') || text[1] != '.')
        return TAKEN_NOT;
    const char *at = skip_digits(text + 2);
    if (at == NULL || *at != '.')
        return TAKEN_NOT;
    at = skip_digits(at + 1);
    if (at == NULL || *at != '\0')
        return TAKEN_NOT;
    snprintf(place, sizeof(((struct action *)0)->status), "%s", text);
    return TAKEN;
}

static bool port_read(uint16_t *port, struct span text)
{
    unsigned long number = 0;

    if (text.length == 0 || text.length > 5)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        number = number * 10 + (unsigned long)(text.at[i] - '0');
    }
    *port = (uint16_t)number;
    return number >= 1 && number <= UINT16_MAX;
}

/* PORT@HOST: an address of the family, in brackets or not, or a name. */
static bool is_inet(const char *text, bool v4)
{
    const char *at = strchr(text, '@');
    uint16_t port;

    if (at == NULL ||
        !port_read(&port, (struct span){text, (size_t)(at - text)}))
        return false;
    struct span host = span_of(at + 1);
    if (host.length >= 2 && host.at[0] == '[' &&
        host.at[host.length - 1] == ']')
        host = (struct span){host.at + 1, host.length - 2};
    struct address address;
    if (address_parse(&address, host))
        return address_is_v4(&address) == v4;
    char name[NAME_SIZE];
    return name_parse(name, host) == NAME_OK;
}

static enum taken take_listen(const struct value *value, const char *text,
                              void *place)
{
    const char *path = NULL;
    bool taken = false;

    (void)value; /* the socket is made with a tilde after its name */
    if (strncmp(text, "inet:", 5) == 0)
        taken = is_inet(text + 5, true);
    else if (strncmp(text, "inet6:", 6) == 0)
        taken = is_inet(text + 6, false);
    else if (strncmp(text, "unix:", 5) == 0)
        path = text + 5;
    if (path != NULL)
        taken = path[0] == '/' && path[strlen(path) - 1] != '/' &&
                is_printable(path) &&
                strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
    return taken ? keep_string(text, place) : TAKEN_NOT;
}

static enum taken take_identity(const struct value *value, const char *text,
                                void *place)
{
    char name[NAME_SIZE];

    (void)value;
    if (name_parse(name, span_of(text)) != NAME_OK || !name_is_qualified(name))
        return TAKEN_NOT;
    snprintf(place, sizeof(name), "%s", name);
    return TAKEN;
}

static enum taken take_witness(const struct value *value, const char *text,
                               void *place)
{
    if (strcmp(text, "none") != 0)
        return take_identity(value, text, place);
    *(char *)place = '\0';
    return TAKEN;
}

static enum taken take_mailbox(const struct value *value, const char *text,
                               void *place)
{
    struct mailpath path;

    (void)value;
    mailpath_parse(&path, span_of(text));
    if (path.form != MAILPATH_DOMAIN || path.utf8)
        return TAKEN_NOT;
    return mailpath_write(&path, place) ? TAKEN : TAKEN_NOT;
}

static enum taken take_domain(const struct value *value, const char *text,
                              void *place)
{
    struct site *site = place;
    char name[NAME_SIZE];

    (void)value;
    if (name_parse(name, span_of(text)) != NAME_OK)
        return TAKEN_NOT;
    char(*more)[NAME_SIZE] =
        realloc(site->domains, (site->domain_count + 1) * sizeof(*more));
    if (more == NULL)
        return TAKEN_NO_MEMORY;
    snprintf(more[site->domain_count], sizeof(name), "%s", name);
    site->domains = more;
    site->domain_count++;
    return TAKEN;
}

static void clear_domains(void *place)
{
    struct site *site = place;

    free(site->domains);
    site->domains = NULL;
    site->domain_count = 0;
}

static enum taken take_network(const struct value *value, const char *text,
                               void *place)
{
    struct network network;

    (void)value;
    if (!network_parse(&network, span_of(text)))
        return TAKEN_NOT;
    return networks_add(place, &network) ? TAKEN : TAKEN_NO_MEMORY;
}

static void clear_networks(void *place)
{
    networks_clear(place);
}

/* ADDRESS, ADDRESS%INTERFACE, either with @PORT. */
static bool server_read(struct dns_server *server, const char *text)
{
    struct span address = {text, strcspn(text, "@%")};
    const char *at = text + address.length;
    char interface[IF_NAMESIZE] = "";

    *server = (struct dns_server){.port = DNS_PORT};
    if (!address_parse(&server->address, address))
        return false;
    if (*at == '%') {
        size_t length = strcspn(at + 1, "@");
        if (length >= sizeof(interface))
            return false;
        memcpy(interface, at + 1, length);
        interface[length] = '\0';
        server->scope = if_nametoindex(interface);
        if (server->scope == 0)
            return false;
        at += 1 + length;
    }
    return *at == '\0' || port_read(&server->port, span_of(at + 1));
}

static enum taken take_server(const struct value *value, const char *text,
                              void *place)
{
    struct dns_settings *dns = place;
    struct dns_server server;

    (void)value;
    if (!server_read(&server, text))
        return TAKEN_NOT;
    if (dns->server_count < DNS_SERVERS_MOST) /* more are noted as such */
        dns->servers[dns->server_count++] = server;
    return TAKEN;
}

static void clear_servers(void *place)
{
    ((struct dns_settings *)place)->server_count = 0;
}

static enum taken take_source(const struct value *value, const char *text,
                              void *place)
{
    struct callout_sources *sources = place;
    struct address address;

    (void)value;
    if (!address_parse(&address, span_of(text)))
        return TAKEN_NOT;
    bool is_v4 = address_is_v4(&address);
    bool *has = is_v4 ? &sources->has_v4 : &sources->has_v6;
    if (*has)
        return TAKEN_NOT;
    *has = true;
    *(is_v4 ? &sources->v4 : &sources->v6) = address;
    return TAKEN;
}

static void clear_sources(void *place)
{
    *(struct callout_sources *)place = (struct callout_sources){0};
}

static enum taken take_range(const struct value *value, const char *text,
                             void *place)
{
    struct zone_answers *answers = place;
    struct zone_range range;

    (void)value;
    if (!zone_range_parse(&range, span_of(text)))
        return TAKEN_NOT;
    if (answers->count < ZONE_RANGES_MOST) /* more are noted as such */
        answers->range[answers->count++] = range;
    return TAKEN;
}

static void clear_ranges(void *place)
{
    ((struct zone_answers *)place)->count = 0;
}

static enum taken keep_pattern(const char *text, struct patterns *patterns)
{
    char *copy = strdup(text);
    char **more = realloc(patterns->at, (patterns->count + 1) * sizeof(*more));

    if (more != NULL)
        patterns->at = more;
    if (more == NULL || copy == NULL) {
        free(copy);
        return TAKEN_NO_MEMORY;
    }
    more[patterns->count++] = copy;
    return TAKEN;
}

/* HELO names are compared as A-labels, so a pattern has no other letters. */
static enum taken take_host_pattern(const struct value *value, const char *text,
                                    void *place)
{
    (void)value;
    if (strlen(text) > PATTERN_MOST || !is_printable(text) ||
        strpbrk(text, " @") != NULL)
        return TAKEN_NOT;
    return keep_pattern(text, place);
}

/* The null path is known by the empty text; a domain has A-labels alone. */
static enum taken take_path_pattern(const struct value *value, const char *text,
                                    void *place)
{
    const char *domain = strrchr(text, '@');

    (void)value;
    if (strcmp(text, "<>") == 0)
        return keep_pattern("", place);
    if (strlen(text) > PATTERN_MOST || strchr(text, '<') != NULL ||
        (domain == NULL && strchr(text, '*') == NULL) ||
        (domain != NULL && !is_printable(domain)))
        return TAKEN_NOT;
    return keep_pattern(text, place);
}

static void clear_patterns(void *place)
{
    struct patterns *patterns = place;

    for (size_t i = 0; i < patterns->count; i++)
        free(patterns->at[i]);
    free(patterns->at);
    *patterns = (struct patterns){0};
}

const struct value_type value_account = {.expected =
                                             "the name of a user or group",
                                         .take = take_account,
                                         .clear = clear_string};
const struct value_type value_label = {
    .expected = "a text of one line and at most 100 octets",
    .take = take_label,
    .clear = clear_string};
const struct value_type value_status = {
    .expected = "an enhanced status code such as 5.7.1 or 4.7.1",
    .take = take_status};
const struct value_type value_text = {
    .expected = "a text of printable ASCII and newlines, at most 2000 octets",
    .take = take_text,
    .clear = clear_string};
const struct value_type value_listen = {
    .expected = "inet:PORT@ADDRESS, inet6:PORT@[ADDRESS] or unix:/PATH",
    .take = take_listen,
    .clear = clear_string};
const struct value_type value_identity = {
    .expected = "a fully qualified host name such as mx1.example.org",
    .take = take_identity};
const struct value_type value_witness = {
    .expected = "none, or a fully qualified host name such as mx1.example.org",
    .take = take_witness};
const struct value_type value_mailbox = {
    .expected = "an address in ASCII such as postmaster@example.org",
    .take = take_mailbox};
const struct value_type value_domains = {
    .expected = "a list of domains such as [example.org]",
    .is_list = true,
    .take = take_domain,
    .clear = clear_domains};
const struct value_type value_networks = {
    .expected = "a list of addresses and networks, without host bits, such as "
                "[192.0.2.1, 198.51.100.0/24, \"2001:db8::/32\"]",
    .is_list = true,
    .take = take_network,
    .clear = clear_networks};
const struct value_type value_servers = {
    .expected = "a list of ADDRESS or ADDRESS@PORT such as [192.0.2.53, "
                "127.0.0.1@5353]",
    .is_list = true,
    .take = take_server,
    .clear = clear_servers};
const struct value_type value_sources = {
    .expected = "a list of at most one IPv4 and one IPv6 address such as "
                "[192.0.2.1, \"2001:db8::1\"]",
    .is_list = true,
    .take = take_source,
    .clear = clear_sources};
const struct value_type value_ranges = {
    .expected = "a list of answers within 127.0.0.0/8 such as [127.0.0.2, "
                "127.0.0.4-127.0.0.7, 127.0.1.0/24]",
    .is_list = true,
    .take = take_range,
    .clear = clear_ranges};
const struct value_type value_host_patterns = {
    .expected = "a list of host name patterns such as [\"*.example.org\"], "
                "U-labels as A-labels",
    .is_list = true,
    .take = take_host_pattern,
    .clear = clear_patterns};
const struct value_type value_path_patterns = {
    .expected = "a list of address patterns such as [\"*@example.org\"], or "
                "\"<>\", domains as A-labels",
    .is_list = true,
    .take = take_path_pattern,
    .clear = clear_patterns};
