/* SPDX-License-Identifier: BSD-2-Clause */
/* config_test.c - the shipped policies: without fault, whole, and each doing
 * what it says of itself */
#include "policy/keys.h"
#include "policy/policy.h"
#include "policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define IDENTITY      "identity: mx1.example.org\n"
#define DAY_S         86400

static struct address address_of(const char *text)
{
    struct address address;

    assert_true(address_parse(&address, span_of(text)));
    return address;
}

static const struct action *action_of(const struct policy *policy,
                                      enum check check, enum result result,
                                      enum reason reason)
{
    return rules_action(&policy->rules, check,
                        (struct finding){result, reason});
}

static char *shipped_text(const char *name)
{
    char path[300], *text = calloc(1, 20000);

    assert_non_null(text);
    snprintf(path, sizeof(path), "%s/config/%s", BONAFIDE_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    snprintf(text, 20000, "%s", IDENTITY);
    assert_true(fread(text + strlen(text), 1, 19000, file) > 1000);
    fclose(file);
    return text;
}

static struct policy *shipped(const char *name)
{
    struct complaints complaints;
    char *text = shipped_text(name);
    struct policy *policy = policy_file_read(text, &complaints);

    if (complaints.count > 0)
        fail_msg("%s: %s", name, complaints.at[0].text);
    complaints_clear(&complaints);
    free(text);
    return policy;
}

struct expectation {
    enum check check;
    struct finding finding;
    enum action_kind kind;
};

static void assert_rules(const struct policy *policy,
                         const struct expectation *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
            rules_action(&policy->rules, rows[i].check, rows[i].finding)->kind,
            rows[i].kind);
}

static void test_default(void **state)
{
    static const struct expectation rows[] = {
        {CHECK_HELO_SYNTAX, {RESULT_FAIL, REASON_MISSING}, ACTION_REJECT},
        {CHECK_HELO_IDENTITY, {RESULT_FAIL, 0}, ACTION_REJECT},
        {CHECK_HELO_FORWARD, {RESULT_FAIL, REASON_NXDOMAIN}, ACTION_TEMPFAIL},
        {CHECK_HELO_FORWARD, {RESULT_TEMPERROR, 0}, ACTION_TEMPFAIL},
        {CHECK_HELO_MATCH, {RESULT_FAIL, 0}, ACTION_TAG},
        {CHECK_HELO_MATCH, {RESULT_TEMPERROR, 0}, ACTION_CONTINUE},
        {CHECK_CLIENT_PTR, {RESULT_FAIL, REASON_MISSING}, ACTION_TAG},
        {CHECK_SENDER_DOMAIN, {RESULT_FAIL, REASON_NULL_MX}, ACTION_REJECT},
        {CHECK_SENDER_DOMAIN, {RESULT_FAIL, REASON_POINTS_AT_US}, ACTION_TAG},
        {CHECK_SENDER_DOMAIN, {RESULT_TEMPERROR, 0}, ACTION_TEMPFAIL},
        {CHECK_CALLOUT, {RESULT_FAIL, REASON_NO_SUCH_MAILBOX}, ACTION_REJECT},
        {CHECK_CALLOUT, {RESULT_FAIL, REASON_REFUSES_BOUNCES}, ACTION_TAG},
        {CHECK_CALLOUT,
         {RESULT_TEMPERROR, REASON_IN_PROGRESS},
         ACTION_TEMPFAIL},
        {CHECK_CALLOUT, {RESULT_UNKNOWN, REASON_BLOCKED_US}, ACTION_CONTINUE},
        {CHECK_CALLOUT, {RESULT_UNKNOWN, REASON_CAPACITY}, ACTION_CONTINUE},
    };
    struct policy *policy = shipped("bonafide.yaml");

    assert_rules(policy, rows, LENGTH(rows));
    assert_int_equal(policy->mode, MODE_ENFORCE);
    assert_int_equal(policy->reply_at, REPLY_AT_RCPT);
    assert_int_equal(policy->rules.settings.match_by, MATCH_BY_EVERY);
    assert_false(policy->rules.settings.match_all);
    assert_true(policy->can_tag);
    assert_int_equal(policy->exception_count, 3);
    struct address loopback = address_of("127.0.0.1");
    assert_true(policy_accepts_client(policy, &loopback));
    policy_drop(policy);
}

static void test_strict(void **state)
{
    static const struct expectation rows[] = {
        {CHECK_HELO_SYNTAX, {RESULT_FAIL, REASON_MISSING}, ACTION_REJECT},
        {CHECK_HELO_MATCH, {RESULT_FAIL, 0}, ACTION_TEMPFAIL},
        {CHECK_CLIENT_PTR, {RESULT_FAIL, REASON_MISSING}, ACTION_TEMPFAIL},
        {CHECK_CALLOUT, {RESULT_FAIL, REASON_NO_SUCH_MAILBOX}, ACTION_REJECT},
        {CHECK_CALLOUT, {RESULT_UNKNOWN, REASON_CAPACITY}, ACTION_TEMPFAIL},
        {CHECK_CALLOUT, {RESULT_UNKNOWN, REASON_BLOCKED_US}, ACTION_CONTINUE},
    };
    struct policy *policy = shipped("strict.yaml");
    const struct action *action;

    assert_rules(policy, rows, LENGTH(rows));
    assert_int_equal(policy->rules.settings.match_by,
                     MATCH_ADDRESS | MATCH_NAME);
    assert_true(policy->rules.settings.match_all);
    action = action_of(policy, CHECK_HELO_MATCH, RESULT_FAIL, REASON_NONE);
    assert_int_equal(action->soft_s, DAY_S);
    assert_int_equal(action->then->kind, ACTION_REJECT);
    action = action_of(policy, CHECK_CLIENT_PTR, RESULT_FAIL, REASON_NONE);
    assert_int_equal(action->soft_s, DAY_S);
    assert_int_equal(action->then->kind, ACTION_REJECT);
    policy_drop(policy);
}

/* Comments and empty lines apart, two files differ in these lines. */
static void test_monitor(void **state)
{
    char *ours = shipped_text("bonafide.yaml");
    char *monitor = shipped_text("monitor.yaml");
    char *rest_ours, *rest_monitor;
    char *a = strtok_r(ours, "\n", &rest_ours);
    char *b = strtok_r(monitor, "\n", &rest_monitor);
    size_t differences = 0;

    while (a != NULL || b != NULL) {
        if (a != NULL && a[strspn(a, " ")] == '#') {
            a = strtok_r(NULL, "\n", &rest_ours);
        } else if (b != NULL && b[strspn(b, " ")] == '#') {
            b = strtok_r(NULL, "\n", &rest_monitor);
        } else {
            if (a == NULL || b == NULL || strcmp(a, b) != 0) {
                assert_string_equal(b, "  mode: monitor");
                differences++;
            }
            a = strtok_r(NULL, "\n", &rest_ours);
            b = strtok_r(NULL, "\n", &rest_monitor);
        }
    }
    assert_int_equal(differences, 1);
    free(ours);
    free(monitor);
    struct policy *policy = shipped("monitor.yaml");
    assert_int_equal(policy->mode, MODE_MONITOR);
    policy_drop(policy);
}

/* Every key of the table stands in the shipped file, commented out or not. */
static void test_is_whole(void **state)
{
    char *text = shipped_text("bonafide.yaml");
    const struct key *key;

    for (size_t i = 0; (key = keys_at(i)) != NULL; i++) {
        const char *dot = strrchr(key->path, '.');
        char name[80];
        snprintf(name, sizeof(name), "%s:", dot != NULL ? dot + 1 : key->path);
        if (strstr(text, name) == NULL)
            fail_msg("%s", key->path);
    }
    free(text);
}

/* "A key that is left out has the value shown here": outside of `policy` and
 * `exceptions` the shipped file changes no default. */
static void test_shows_defaults(void **state)
{
    struct policy *left_out = policy_file_good(IDENTITY);
    struct policy *shown = shipped("bonafide.yaml");

    assert_string_equal(shown->listen, left_out->listen);
    assert_string_equal(shown->user, left_out->user);
    assert_int_equal(shown->log_target, left_out->log_target);
    assert_int_equal(shown->log_level, left_out->log_level);
    assert_int_equal(shown->dns.server_count, left_out->dns.server_count);
    assert_int_equal(shown->dns.timeout_ms, left_out->dns.timeout_ms);
    assert_int_equal(shown->dns.attempts, left_out->dns.attempts);
    assert_int_equal(shown->dns.budget_ms, left_out->dns.budget_ms);
    assert_int_equal(shown->callout.port, left_out->callout.port);
    assert_int_equal(shown->callout.connect_ms, left_out->callout.connect_ms);
    assert_int_equal(shown->callout.reply_ms, left_out->callout.reply_ms);
    assert_int_equal(shown->callout.total_ms, left_out->callout.total_ms);
    assert_int_equal(shown->callout.most, left_out->callout.most);
    assert_int_equal(shown->callout.most_per_host,
                     left_out->callout.most_per_host);
    assert_int_equal(shown->callout.valid_s, left_out->callout.valid_s);
    assert_int_equal(shown->callout.invalid_s, left_out->callout.invalid_s);
    assert_int_equal(shown->callout.temperror_s, left_out->callout.temperror_s);
    assert_int_equal(shown->callout_when, left_out->callout_when);
    assert_int_equal(shown->callout_begin, left_out->callout_begin);
    assert_int_equal(shown->waiting_most, left_out->waiting_most);
    assert_int_equal(shown->site.callable.count, 0);
    assert_int_equal(shown->cache_bytes, left_out->cache_bytes);
    assert_int_equal(shown->mode, left_out->mode);
    assert_int_equal(shown->reply_at, left_out->reply_at);
    assert_int_equal(shown->reply_within_ms, left_out->reply_within_ms);
    assert_int_equal(shown->rules.internal_error,
                     left_out->rules.internal_error);
    policy_drop(shown);
    policy_drop(left_out);
}

/* Take the hash from lines that begin with this one's text. */
static void uncomment(char *text, const char *line)
{
    char *at = strstr(text, line);
    char *hash = at != NULL ? strchr(at, '#') : NULL;

    if (hash == NULL) {
        fail_msg("%s", line);
        return;
    }
    memmove(hash, hash + 2, strlen(hash + 2) + 1);
}

/* The examples work when the administrator takes their hashes away. */
static void test_examples(void **state)
{
    static const char *const lines[] = {
        "# socket: {",     "# local: {",  "  # - name: partner",
        "  #   clients:",  "  #   helo:", "  #   senders:",
        "  #   policy: {",
    };
    char *text = shipped_text("bonafide.yaml");
    struct complaints complaints;

    for (size_t i = 0; i < LENGTH(lines); i++)
        uncomment(text, lines[i]);
    struct policy *policy = policy_file_read(text, &complaints);
    assert_non_null(policy);
    assert_int_equal(complaints.count, 0);
    assert_string_equal(policy->socket_group, "mail");
    assert_string_equal(policy->site.domains[0], "example.org");
    assert_int_equal(policy->exception_count, 4);
    assert_string_equal(policy->exceptions[3].name, "partner");
    assert_false(policy->exceptions[3].rules.checks[CHECK_CALLOUT].run);
    complaints_clear(&complaints);
    policy_drop(policy);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default),        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_monitor),        cmocka_unit_test(test_is_whole),
        cmocka_unit_test(test_shows_defaults), cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, policy_file_enter, policy_file_leave);
}
