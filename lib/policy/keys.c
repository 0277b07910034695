/* SPDX-License-Identifier: BSD-2-Clause */
/* keys.c - the table of keys, and reading maps by it */
#include "policy/keys.h"

#include "policy/nearest.h"

#include <stdio.h>
#include <string.h>

#define PATH_SIZE  160
#define NAMES_SIZE 512

#define OF_POLICY(member)    .place = offsetof(struct policy, member)
#define OF_RULES(member)     .place = offsetof(struct rules, member)
#define OF_EXCEPTION(member) .place = offsetof(struct exception, member)
#define OF_ACTION(member)    .place = offsetof(struct action, member)

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
static const struct word authenticated[] = {{"true", true}, {NULL, 0}};
static const struct word verdicts[] = {{"accept", true}, {NULL, 0}};
static const struct word deeds[] = {{"continue", ACTION_CONTINUE},
                                    {"tag", ACTION_TAG},
                                    {"tempfail", ACTION_TEMPFAIL},
                                    {"reject", ACTION_REJECT},
                                    {NULL, 0}};

/* In the order of the shipped file. */
static const struct key table[] = {
    {KEY_OF_POLICY,
     "listen",
     {&value_listen, NULL, NULL, NULL},
     OF_POLICY(listen),
     "inet:8894@127.0.0.1"},
    {KEY_OF_POLICY,
     "socket.mode",
     {&value_mode, NULL, NULL, NULL},
     OF_POLICY(socket_mode),
     "660"},
    {KEY_OF_POLICY,
     "socket.group",
     {&value_account, NULL, NULL, NULL},
     OF_POLICY(socket_group),
     NULL},
    {KEY_OF_POLICY,
     "user",
     {&value_account, NULL, NULL, NULL},
     OF_POLICY(user),
     "bonafide"},
    {KEY_OF_POLICY,
     "identity",
     {&value_identity, NULL, NULL, NULL},
     OF_POLICY(site.identity),
     NULL},
    {KEY_OF_POLICY,
     "log.to",
     {&value_word, targets, NULL, NULL},
     OF_POLICY(log_target),
     "syslog"},
    {KEY_OF_POLICY,
     "log.level",
     {&value_word, levels, NULL, NULL},
     OF_POLICY(log_level),
     "info"},
    {KEY_OF_POLICY,
     "local.domains",
     {&value_domains, NULL, NULL, NULL},
     OF_POLICY(site),
     NULL},
    {KEY_OF_POLICY,
     "local.addresses",
     {&value_networks, NULL, NULL, NULL},
     OF_POLICY(site.addresses),
     NULL},
    {KEY_OF_POLICY,
     "dns.servers",
     {&value_servers, NULL, NULL, "8"},
     OF_POLICY(dns),
     NULL},
    {KEY_OF_POLICY,
     "dns.timeout",
     {&value_duration_ms, NULL, "100ms", "1m"},
     OF_POLICY(dns.timeout_ms),
     "2s"},
    {KEY_OF_POLICY,
     "dns.attempts",
     {&value_count, NULL, "1", "10"},
     OF_POLICY(dns.attempts),
     "2"},
    {KEY_OF_POLICY,
     "dns.budget",
     {&value_duration_ms, NULL, "100ms", "5m"},
     OF_POLICY(dns.budget_ms),
     "5s"},
    {KEY_OF_POLICY,
     "callout.when",
     {&value_word, whens, NULL, NULL},
     OF_POLICY(callout_when),
     "clean"},
    {KEY_OF_POLICY,
     "callout.begin",
     {&value_word, begins, NULL, NULL},
     OF_POLICY(callout_begin),
     "rcpt"},
    {KEY_OF_POLICY,
     "callout.timeout.connect",
     {&value_duration_ms, NULL, "100ms", "5m"},
     OF_POLICY(callout.connect_ms),
     "10s"},
    {KEY_OF_POLICY,
     "callout.timeout.reply",
     {&value_duration_ms, NULL, "100ms", "10m"},
     OF_POLICY(callout.reply_ms),
     "30s"},
    {KEY_OF_POLICY,
     "callout.timeout.total",
     {&value_duration_ms, NULL, "100ms", "1h"},
     OF_POLICY(callout.total_ms),
     "60s"},
    {KEY_OF_POLICY,
     "callout.limits.total",
     {&value_count, NULL, "1", "20000"},
     OF_POLICY(callout.most),
     "1000"},
    {KEY_OF_POLICY,
     "callout.limits.per-host",
     {&value_count, NULL, "1", "100"},
     OF_POLICY(callout.most_per_host),
     "4"},
    {KEY_OF_POLICY,
     "callout.limits.waiting",
     {&value_count, NULL, "0", "20000"},
     OF_POLICY(waiting_most),
     "1000"},
    {KEY_OF_POLICY,
     "callout.port",
     {&value_short, NULL, "1", "65535"},
     OF_POLICY(callout.port),
     "25"},
    {KEY_OF_POLICY,
     "callout.networks",
     {&value_networks, NULL, NULL, NULL},
     OF_POLICY(site.callable),
     NULL},
    {KEY_OF_POLICY,
     "cache.memory",
     {&value_size, NULL, "1M", "16G"},
     OF_POLICY(cache_bytes),
     "64M"},
    {KEY_OF_POLICY,
     "cache.valid",
     {&value_duration_s, NULL, "1s", "365d"},
     OF_POLICY(callout.valid_s),
     "7d"},
    {KEY_OF_POLICY,
     "cache.invalid",
     {&value_duration_s, NULL, "1s", "365d"},
     OF_POLICY(callout.invalid_s),
     "2h"},
    {KEY_OF_POLICY,
     "cache.temperror",
     {&value_duration_s, NULL, "1s", "1d"},
     OF_POLICY(callout.temperror_s),
     "5m"},
    {KEY_OF_POLICY, "policy", {NULL, NULL, NULL, NULL}, 0, NULL},
    {KEY_OF_POLICY,
     "policy.mode",
     {&value_word, modes, NULL, NULL},
     OF_POLICY(mode),
     "enforce"},
    {KEY_OF_POLICY,
     "policy.reply-at",
     {&value_word, reply_ats, NULL, NULL},
     OF_POLICY(reply_at),
     "rcpt"},
    {KEY_OF_POLICY,
     "policy.reply-within",
     {&value_duration_ms, NULL, "100ms", "5m"},
     OF_POLICY(reply_within_ms),
     "8s"},
    {KEY_OF_RULES,
     "policy.internal-error",
     {&value_word, internal_errors, NULL, NULL},
     OF_RULES(internal_error),
     "continue"},
    {KEY_OF_RULES, "policy.helo-syntax", {NULL, NULL, NULL, NULL}, 0, NULL},
    {KEY_OF_RULES, "policy.helo-identity", {NULL, NULL, NULL, NULL}, 0, NULL},
    {KEY_OF_RULES, "policy.helo-forward", {NULL, NULL, NULL, NULL}, 0, NULL},
    {KEY_OF_RULES, "policy.helo-match", {NULL, NULL, NULL, NULL}, 0, NULL},
    {KEY_OF_RULES,
     "policy.helo-match.by",
     {&value_bits, bys, "1", NULL},
     OF_RULES(settings.match_by),
     "address, name, organisation"},
    {KEY_OF_RULES,
     "policy.helo-match.need",
     {&value_flag, needs, NULL, NULL},
     OF_RULES(settings.match_all),
     "any"},
    {KEY_OF_RULES, "policy.client-ptr", {NULL, NULL, NULL, NULL}, 0, NULL},
    {KEY_OF_RULES, "policy.sender-domain", {NULL, NULL, NULL, NULL}, 0, NULL},
    {KEY_OF_RULES, "policy.callout", {NULL, NULL, NULL, NULL}, 0, NULL},
    {KEY_OF_POLICY, "exceptions", {NULL, NULL, NULL, NULL}, 0, NULL},
    {KEY_OF_EXCEPTION,
     "exceptions.name",
     {&value_label, NULL, NULL, NULL},
     OF_EXCEPTION(name),
     NULL},
    {KEY_OF_EXCEPTION,
     "exceptions.clients",
     {&value_networks, NULL, "1", NULL},
     OF_EXCEPTION(clients),
     NULL},
    {KEY_OF_EXCEPTION,
     "exceptions.authenticated",
     {&value_flag, authenticated, NULL, NULL},
     OF_EXCEPTION(for_authenticated),
     NULL},
    {KEY_OF_EXCEPTION,
     "exceptions.helo",
     {&value_host_patterns, NULL, "1", NULL},
     OF_EXCEPTION(helo),
     NULL},
    {KEY_OF_EXCEPTION,
     "exceptions.senders",
     {&value_path_patterns, NULL, "1", NULL},
     OF_EXCEPTION(senders),
     NULL},
    {KEY_OF_EXCEPTION,
     "exceptions.recipients",
     {&value_path_patterns, NULL, "1", NULL},
     OF_EXCEPTION(recipients),
     NULL},
    {KEY_OF_EXCEPTION,
     "exceptions.do",
     {&value_flag, verdicts, NULL, NULL},
     OF_EXCEPTION(accept),
     NULL},
    {KEY_OF_EXCEPTION, "exceptions.policy", {NULL, NULL, NULL, NULL}, 0, NULL},
    {KEY_OF_ACTION,
     "do",
     {&value_word, deeds, NULL, NULL},
     OF_ACTION(kind),
     NULL},
    {KEY_OF_ACTION,
     "code",
     {&value_short, NULL, "400", "599"},
     OF_ACTION(code),
     NULL},
    {KEY_OF_ACTION,
     "status",
     {&value_status, NULL, NULL, NULL},
     OF_ACTION(status),
     NULL},
    {KEY_OF_ACTION,
     "text",
     {&value_text, NULL, NULL, NULL},
     OF_ACTION(text),
     NULL},
    {KEY_OF_ACTION,
     "tempfail",
     {&value_duration_s, NULL, "1s", "365d"},
     OF_ACTION(soft_s),
     NULL},
    {KEY_OF_ACTION, "then", {NULL, NULL, NULL, NULL}, 0, NULL},
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
