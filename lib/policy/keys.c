/* SPDX-License-Identifier: BSD-2-Clause */
/* keys.c - the table of keys, and reading maps by it */
#include "policy/keys.h"

#include "policy/nearest.h"

#include <stdio.h>
#include <string.h>

#define PATH_SIZE  160
#define NAMES_SIZE 512

/* Where a value goes: its scope, and its place in that structure. */
#define POLICY(member)    KEY_OF_POLICY, offsetof(struct policy, member)
#define RULES(member)     KEY_OF_RULES, offsetof(struct rules, member)
#define EXCEPTION(member) KEY_OF_EXCEPTION, offsetof(struct exception, member)
#define ACTION(member)    KEY_OF_ACTION, offsetof(struct action, member)
#define ZONE(member)      KEY_OF_ZONE, offsetof(struct zone, member)

/* The rows of the table; `where` is one of the above, two arguments in one. */
#define ROW(path, scope, place, type, words, least, most, standard) \
 {                                                                  \
  path, scope, place, {&value_##type, words, least, most}, standard \
 }
#define KEY(path, where, type, words, least, most, standard) \
 ROW(path, where, type, words, least, most, standard)
#define PLAIN(path, where, type, standard) \
 ROW(path, where, type, NULL, NULL, NULL, standard)
#define RANGE(path, where, type, least, most, standard) \
 ROW(path, where, type, NULL, least, most, standard)
#define WORDS(path, where, type, words, standard) \
 ROW(path, where, type, words, NULL, NULL, standard)
#define CODE(path, scope)                        \
 {                                               \
  path, scope, 0, {NULL, NULL, NULL, NULL}, NULL \
 }

static const struct word targets[] = {
    {"syslog", LOG_TO_SYSLOG}, {"stderr", LOG_TO_STDERR}, {NULL, 0}};
static const struct word levels[] = {
    {"error", LOG_LEVEL_ERROR},   {"warning", LOG_LEVEL_WARNING},
    {"notice", LOG_LEVEL_NOTICE}, {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},   {NULL, 0}};
static const struct word whens[] = {{"clean", CALLOUT_WHEN_CLEAN},
                                    {"suspicious", CALLOUT_WHEN_SUSPICIOUS},
                                    {"always", CALLOUT_WHEN_ALWAYS},
                                    {"never", CALLOUT_WHEN_NEVER},
                                    {NULL, 0}};
static const struct word begins[] = {
    {"rcpt", CALLOUT_BEGIN_RCPT}, {"mail", CALLOUT_BEGIN_MAIL}, {NULL, 0}};
static const struct word excepts[] = {
    {"known", EXCEPT_KNOWN}, {"own-host", EXCEPT_OWN_HOST}, {NULL, 0}};
static const struct word tls_uses[] = {
    {"off", CALLOUT_TLS_OFF},
    {"opportunistic", CALLOUT_TLS_OPPORTUNISTIC},
    {"required", CALLOUT_TLS_REQUIRED},
    {NULL, 0}};
static const struct word modes[] = {
    {"enforce", MODE_ENFORCE}, {"monitor", MODE_MONITOR}, {NULL, 0}};
static const struct word reply_ats[] = {{"rcpt", REPLY_AT_RCPT},
                                        {"mail", REPLY_AT_MAIL},
                                        {"helo", REPLY_AT_HELO},
                                        {NULL, 0}};
static const struct word internal_errors[] = {
    {"continue", ACTION_CONTINUE}, {"tempfail", ACTION_TEMPFAIL}, {NULL, 0}};
static const struct word bys[] = {{"address", MATCH_ADDRESS},
                                  {"name", MATCH_NAME},
                                  {"organisation", MATCH_ORGANISATION},
                                  {NULL, 0}};
static const struct word needs[] = {{"any", false}, {"all", true}, {NULL, 0}};
static const struct word booleans[] = {
    {"true", true}, {"false", false}, {NULL, 0}};
static const struct word zone_kinds[] = {
    {"deny", ZONE_DENY}, {"allow", ZONE_ALLOW}, {NULL, 0}};
static const struct word zone_subjects[] = {{"client", ZONE_OF_CLIENT},
                                            {"helo", ZONE_OF_HELO},
                                            {"sender", ZONE_OF_SENDER},
                                            {"reverse", ZONE_OF_REVERSE},
                                            {NULL, 0}};
static const struct word checks[] = {
    {"helo-syntax", 1U << CHECK_HELO_SYNTAX},
    {"helo-identity", 1U << CHECK_HELO_IDENTITY},
    {"helo-forward", 1U << CHECK_HELO_FORWARD},
    {"helo-match", 1U << CHECK_HELO_MATCH},
    {"client-ptr", 1U << CHECK_CLIENT_PTR},
    {"dnsbl", 1U << CHECK_DNSBL},
    {"sender-domain", 1U << CHECK_SENDER_DOMAIN},
    {"callout", 1U << CHECK_CALLOUT},
    {NULL, 0}};
static const struct word authenticated[] = {{"true", true}, {NULL, 0}};
static const struct word verdicts[] = {{"accept", true}, {NULL, 0}};
static const struct word deeds[] = {{"continue", ACTION_CONTINUE},
                                    {"tag", ACTION_TAG},
                                    {"tempfail", ACTION_TEMPFAIL},
                                    {"reject", ACTION_REJECT},
                                    {NULL, 0}};

/* In the order of the shipped file. CODE: its value is read by code of its
 * own. Last stands the default. */
static const struct key table[] = {
    PLAIN("listen", POLICY(listen), listen, "unix:/run/bonafide/milter"),
    PLAIN("socket.mode", POLICY(socket_mode), mode, "660"),
    PLAIN("socket.group", POLICY(socket_group), account, NULL),
    PLAIN("listen-from", POLICY(listen_from), networks, NULL),
    PLAIN("user", POLICY(user), account, "bonafide"),
    PLAIN("identity", POLICY(site.identity), identity, NULL),
    WORDS("log.to", POLICY(log_target), word, targets, "syslog"),
    WORDS("log.level", POLICY(log_level), word, levels, "info"),
    PLAIN("local.domains", POLICY(site), domains, NULL),
    PLAIN("local.addresses", POLICY(site.addresses), networks, NULL),
    RANGE("dns.servers", POLICY(dns), servers, NULL, "8", NULL),
    RANGE("dns.timeout", POLICY(dns.timeout_ms), duration_ms, "100ms", "1m",
          "2s"),
    RANGE("dns.attempts", POLICY(dns.attempts), count, "1", "10", "2"),
    RANGE("dns.budget", POLICY(dns.budget_ms), duration_ms, "100ms", "5m",
          "5s"),
    WORDS("dns.mix-case", POLICY(dns.mix_case), flag, booleans, "false"),
    WORDS("callout.when", POLICY(callout_when), word, whens, "clean"),
    WORDS("callout.begin", POLICY(callout_begin), word, begins, "rcpt"),
    RANGE("callout.never.domains", POLICY(never_domains), host_patterns, "1",
          NULL, NULL),
    RANGE("callout.never.hosts", POLICY(never_hosts), host_patterns, "1", NULL,
          NULL),
    KEY("callout.except", POLICY(callout_except), bits, excepts, "1", NULL,
        NULL),
    WORDS("callout.catch-all", POLICY(callout.catch_all), flag, booleans,
          "false"),
    WORDS("callout.postmaster", POLICY(callout.postmaster), flag, booleans,
          "false"),
    PLAIN("callout.fallback-sender", POLICY(callout.fallback), mailbox, NULL),
    RANGE("callout.give-up", POLICY(callout.give_up_s), duration_s, "1s", "30d",
          "4h"),
    RANGE("callout.timeout.connect", POLICY(callout.connect_ms), duration_ms,
          "100ms", "5m", "10s"),
    RANGE("callout.timeout.reply", POLICY(callout.reply_ms), duration_ms,
          "100ms", "10m", "30s"),
    RANGE("callout.timeout.total", POLICY(callout.total_ms), duration_ms,
          "100ms", "1h", "60s"),
    RANGE("callout.limits.total", POLICY(callout.most), count, "1", "20000",
          "1000"),
    RANGE("callout.limits.per-host", POLICY(callout.most_per_host), count, "1",
          "20000", "4"),
    PLAIN("callout.limits.per-domain", POLICY(callout.per_domain), rate,
          "30/1m"),
    RANGE("callout.limits.waiting", POLICY(waiting_most), count, "0", "20000",
          "1000"),
    WORDS("callout.tls", POLICY(callout.tls), word, tls_uses, "opportunistic"),
    PLAIN("callout.witness", POLICY(callout.witness), witness, "none"),
    PLAIN("callout.name", POLICY(callout.name), identity, NULL),
    PLAIN("callout.bind", POLICY(callout.sources), sources, NULL),
    RANGE("callout.port", POLICY(callout.port), short, "1", "65535", "25"),
    PLAIN("callout.networks", POLICY(site.callable), networks, NULL),
    RANGE("cache.memory", POLICY(cache_bytes), size, "1M", "16G", "64M"),
    RANGE("cache.valid", POLICY(callout.valid_s), duration_s, "1s", "365d",
          "7d"),
    RANGE("cache.refresh", POLICY(callout.refresh_s), duration_s, "1s", "365d",
          "1d"),
    RANGE("cache.invalid", POLICY(callout.invalid_s), duration_s, "1s", "365d",
          "2h"),
    RANGE("cache.temperror", POLICY(callout.temperror_s), duration_s, "1s",
          "1d", "5m"),
    WORDS("cache.fold", POLICY(callout.fold), flag, booleans, "true"),
    CODE("policy", KEY_OF_POLICY),
    WORDS("policy.mode", POLICY(mode), word, modes, "enforce"),
    WORDS("policy.reply-at", POLICY(reply_at), word, reply_ats, "rcpt"),
    RANGE("policy.reply-within", POLICY(reply_within_ms), duration_ms, "100ms",
          "5m", "8s"),
    WORDS("policy.internal-error", RULES(internal_error), word, internal_errors,
          "continue"),
    CODE("policy.forged-results", KEY_OF_POLICY),
    CODE("policy.helo-syntax", KEY_OF_RULES),
    CODE("policy.helo-identity", KEY_OF_RULES),
    CODE("policy.helo-forward", KEY_OF_RULES),
    CODE("policy.helo-match", KEY_OF_RULES),
    KEY("policy.helo-match.by", RULES(settings.match_by), bits, bys, "1", NULL,
        "address, name, organisation"),
    WORDS("policy.helo-match.need", RULES(settings.match_all), flag, needs,
          "any"),
    CODE("policy.client-ptr", KEY_OF_RULES),
    CODE("policy.dnsbl", KEY_OF_RULES),
    RANGE("policy.dnsbl.need", RULES(settings.lists_needed), count, "1", "16",
          "1"),
    RANGE("policy.dnsbl.score", RULES(settings.list_score), count, "1", "10000",
          NULL),
    CODE("policy.dnsbl.zones", KEY_OF_POLICY),
    PLAIN("policy.dnsbl.zones.name", ZONE(name), identity, NULL),
    WORDS("policy.dnsbl.zones.kind", ZONE(kind), word, zone_kinds, "deny"),
    WORDS("policy.dnsbl.zones.of", ZONE(of), word, zone_subjects, "client"),
    RANGE("policy.dnsbl.zones.answers", ZONE(answers), ranges, "1", "16", NULL),
    RANGE("policy.dnsbl.zones.weight", ZONE(weight), count, "1", "10000", "1"),
    KEY("policy.dnsbl.zones.exempt", ZONE(exempt), bits, checks, "1", NULL,
        NULL),
    CODE("policy.sender-domain", KEY_OF_RULES),
    CODE("policy.callout", KEY_OF_RULES),
    CODE("exceptions", KEY_OF_POLICY),
    PLAIN("exceptions.name", EXCEPTION(name), label, NULL),
    RANGE("exceptions.clients", EXCEPTION(clients), networks, "1", NULL, NULL),
    WORDS("exceptions.authenticated", EXCEPTION(for_authenticated), flag,
          authenticated, NULL),
    RANGE("exceptions.helo", EXCEPTION(helo), host_patterns, "1", NULL, NULL),
    RANGE("exceptions.senders", EXCEPTION(senders), path_patterns, "1", NULL,
          NULL),
    RANGE("exceptions.recipients", EXCEPTION(recipients), path_patterns, "1",
          NULL, NULL),
    WORDS("exceptions.do", EXCEPTION(accept), flag, verdicts, NULL),
    CODE("exceptions.policy", KEY_OF_EXCEPTION),
    WORDS("do", ACTION(kind), word, deeds, NULL),
    RANGE("code", ACTION(code), short, "400", "599", NULL),
    PLAIN("status", ACTION(status), status, NULL),
    PLAIN("text", ACTION(text), text, NULL),
    RANGE("tempfail", ACTION(soft_s), duration_s, "1s", "365d", NULL),
    CODE("then", KEY_OF_ACTION),
};
#define TABLE_COUNT (sizeof(table) / sizeof(table)[0])

const struct key *keys_at(size_t index)
{
    return index < TABLE_COUNT ? &table[index] : NULL;
}

static void *place_of(const struct key *key, const struct key_places *places)
{
    return (char *)places->of[key->scope] + key->place;
}

static bool is_known(const struct key *key, const struct key_places *places)
{
    return places->of[key->scope] != NULL;
}

/* What of the key's path follows `path` and a dot; NULL: it is elsewhere. */
static const char *below(const struct key *key, const char *path)
{
    size_t length = strlen(path);

    if (length == 0)
        return key->path;
    if (strncmp(key->path, path, length) != 0 || key->path[length] != '.')
        return NULL;
    return key->path + length + 1;
}

static void path_join(char joined[PATH_SIZE], const char *path,
                      const char *name)
{
    snprintf(joined, PATH_SIZE, "%s%s%s", path, *path != '\0' ? "." : "", name);
}

const struct key *keys_find(const char *path, const char *name,
                            const struct key_places *places)
{
    if (strchr(name, '.') != NULL) /* a path is not a key */
        return NULL;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        const char *rest = below(&table[i], path);
        if (rest != NULL && is_known(&table[i], places) &&
            strcmp(rest, name) == 0)
            return &table[i];
    }
    return NULL;
}

bool keys_are_anywhere(const char *path, const char *name)
{
    char joined[PATH_SIZE];

    path_join(joined, path, name);
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (strcmp(table[i].path, joined) == 0)
            return true;
    return false;
}

/* True when keys are known below this path. */
static bool is_section(const char *path, const struct key_places *places)
{
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (is_known(&table[i], places) && below(&table[i], path) != NULL)
            return true;
    return false;
}

/* The name of the key, or of its section, directly under `path`; false: none,
 * or it was the last row's too. */
static bool child_name(size_t row, const char *path,
                       const struct key_places *places, char name[PATH_SIZE])
{
    const char *rest =
        is_known(&table[row], places) ? below(&table[row], path) : NULL;

    if (rest == NULL)
        return false;
    int length = (int)strcspn(rest, ".");
    for (size_t i = 0; i < row; i++) {
        const char *other =
            is_known(&table[i], places) ? below(&table[i], path) : NULL;
        if (other != NULL && strcspn(other, ".") == (size_t)length &&
            strncmp(other, rest, (size_t)length) == 0)
            return false;
    }
    snprintf(name, PATH_SIZE, "%.*s", length, rest);
    return true;
}

void keys_offer(struct nearest *nearest, const char *path,
                const struct key_places *places)
{
    char name[PATH_SIZE];

    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (child_name(i, path, places, name))
            nearest_offer(nearest, name);
}

/* A key of that very name in another place of the file, or NULL. */
static const char *elsewhere(const char *name, const struct key_places *places)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        const char *last = strrchr(table[i].path, '.');
        if (last != NULL && is_known(&table[i], places) &&
            strcmp(last + 1, name) == 0)
            return table[i].path;
    }
    return NULL;
}

static void note_unknown(struct reading *reading, const struct node *node,
                         const char *path, const struct key_places *places)
{
    char joined[PATH_SIZE], name[PATH_SIZE], buffer[NAMES_SIZE];
    struct nearest nearest;
    struct text names;

    path_join(joined, path, node->key);
    nearest_begin(&nearest, node->key);
    keys_offer(&nearest, path, places);
    const char *best = nearest_found(&nearest);
    if (best == NULL)
        best = elsewhere(node->key, places);
    if (best != NULL) {
        reading_error(reading, node->key_at,
                      "unknown key `%.80s`, did you mean `%s`?", joined, best);
        return;
    }
    text_begin(&names, buffer, sizeof(buffer));
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (child_name(i, path, places, name))
            text_addf(&names, "%s%s", names.length > 0 ? ", " : "", name);
    reading_error(reading, node->key_at,
                  "unknown key `%.80s`, expected one of %s", joined, buffer);
}

void keys_read_one(struct reading *reading, const struct key *key,
                   const struct node *node, const struct key_places *places)
{
    value_read(reading, &key->value, key->path, node, place_of(key, places));
}

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than the table's paths */
static void read_child(struct reading *reading, const struct node *child,
                       const char *path, const struct key_places *places)
{
    const struct key *key = keys_find(path, child->key, places);
    char joined[PATH_SIZE];

    if (key != NULL) {
        if (key->value.type != NULL)
            keys_read_one(reading, key, child, places);
        return;
    }
    path_join(joined, path, child->key);
    if (*child->key != '\0' && is_section(joined, places))
        keys_read(reading, child, joined, places);
    else
        note_unknown(reading, child, path, places);
}

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than the table's paths */
void keys_read(struct reading *reading, const struct node *map,
               const char *path, const struct key_places *places)
{
    if (map->kind == NODE_MAP) {
        for (const struct node *child = map->first; child != NULL;
             child = child->next)
            read_child(reading, child, path, places);
    } else if (!node_is_empty(map)) {
        reading_error(reading, map->at, "`%s` is a %s, expected a map", path,
                      map->kind == NODE_LIST ? "list" : "single value");
    }
}

/* Take a default: one value, or of a list the elements between commas. */
static bool set_default(const struct key *key, void *place)
{
    char buffer[PATH_SIZE], *rest = buffer;

    if (!key->value.type->is_list)
        return key->value.type->take(&key->value, key->standard, place) ==
               TAKEN;
    snprintf(buffer, sizeof(buffer), "%s", key->standard);
    for (char *element = strtok_r(buffer, ", ", &rest); element != NULL;
         element = strtok_r(NULL, ", ", &rest))
        if (key->value.type->take(&key->value, element, place) != TAKEN)
            return false;
    return true;
}

bool keys_set_defaults(const struct key_places *places)
{
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (is_known(&table[i], places) && table[i].standard != NULL &&
            !set_default(&table[i], place_of(&table[i], places)))
            return false;
    return true;
}

void keys_clear(const struct key_places *places)
{
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (is_known(&table[i], places) && table[i].value.type != NULL &&
            table[i].value.type->clear != NULL)
            table[i].value.type->clear(place_of(&table[i], places));
}
