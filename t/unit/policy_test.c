/* SPDX-License-Identifier: BSD-2-Clause */
/* policy_test.c - what a policy file says is what is kept, what it leaves out
 * has its default */
#include "policy/policy.h"

#include "policy_file.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
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

static bool have(const struct networks *networks, const char *text)
{
    struct address address = address_of(text);

    return networks_have(networks, &address);
}

static void test_defaults(void **state)
{
    struct policy *policy = policy_file_good(IDENTITY);

    assert_string_equal(policy->listen, "unix:/run/bonafide/milter");
    assert_int_equal(policy->socket_mode, 0660);
    assert_null(policy->socket_group);
    assert_string_equal(policy->user, "bonafide");
    assert_int_equal(policy->log_target, LOG_TO_SYSLOG);
    assert_int_equal(policy->log_level, LOG_LEVEL_INFO);
    assert_string_equal(policy->site.identity, "mx1.example.org");
    assert_int_equal(policy->site.domain_count, 1);
    assert_string_equal(policy->site.domains[0], "example.org");
    assert_true(policy->site.host.count > 0);
    assert_int_equal(policy->site.addresses.count, policy->site.host.count);
    assert_int_equal(policy->site.callable.count, 0);
    assert_int_equal(policy->dns.server_count, 0);
    assert_int_equal(policy->dns.timeout_ms, 2000);
    assert_int_equal(policy->dns.attempts, 2);
    assert_int_equal(policy->dns.budget_ms, 5000);
    assert_string_equal(policy->callout.name, "mx1.example.org");
    assert_string_equal(policy->site.callout_name, "mx1.example.org");
    assert_false(policy->callout.sources.has_v4);
    assert_false(policy->callout.sources.has_v6);
    assert_int_equal(policy->callout.port, 25);
    assert_int_equal(policy->callout.connect_ms, 10000);
    assert_int_equal(policy->callout.reply_ms, 30000);
    assert_int_equal(policy->callout.total_ms, 60000);
    assert_int_equal(policy->callout.most, 1000);
    assert_int_equal(policy->callout.most_per_host, 4);
    assert_int_equal(policy->callout.valid_s, 7 * DAY_S);
    assert_int_equal(policy->callout.invalid_s, 7200);
    assert_int_equal(policy->callout.temperror_s, 300);
    assert_int_equal(policy->callout_when, CALLOUT_WHEN_CLEAN);
    assert_int_equal(policy->callout_begin, CALLOUT_BEGIN_RCPT);
    assert_int_equal(policy->waiting_most, 1000);
    assert_int_equal(policy->cache_bytes, 64 * 1024 * 1024);
    assert_int_equal(policy->mode, MODE_ENFORCE);
    assert_int_equal(policy->reply_at, REPLY_AT_RCPT);
    assert_int_equal(policy->reply_within_ms, 8000);
    assert_int_equal(policy->rules.internal_error, ACTION_CONTINUE);
    assert_int_equal(policy->forged_results.kind, ACTION_REJECT);
    assert_int_equal(policy->rules.settings.match_by, MATCH_BY_EVERY);
    assert_false(policy->rules.settings.match_all);
    assert_int_equal(policy->exception_count, 0);
    assert_int_equal(policy->needs, 0);
    assert_false(policy->can_tag);
    policy_drop(policy);
}

static const char everything[] =
    "listen: unix:/run/bonafide/b.sock\n"
    "socket: {mode: 0600, group: mail}\n"
    "user: milter\n"
    "identity: MX.Example.ORG.\n"
    "log: {to: stderr, level: debug}\n"
    "local:\n"
    "  domains: [Example.net, m\xc3\xbcller.example]\n"
    "  addresses: [192.0.2.0/24, \"2001:db8::1\"]\n"
    "dns:\n"
    "  servers: [127.0.0.1@5353, \"::1\", \"fe80::1%lo@54\"]\n"
    "  timeout: 500ms\n"
    "  attempts: 3\n"
    "  budget: 1m\n"
    "callout:\n"
    "  when: suspicious\n"
    "  begin: mail\n"
    "  timeout: {connect: 1s, reply: 2s, total: 1h}\n"
    "  limits: {total: 20, per-host: 2, waiting: 5}\n"
    "  name: Callout.Example.ORG.\n"
    "  bind: [\"2001:db8::1\", 192.0.2.1]\n"
    "  port: 2525\n"
    "  networks: [198.51.100.0/24]\n"
    "cache: {memory: 1G, valid: 1d, invalid: 2m, temperror: 3s}\n"
    "policy:\n"
    "  mode: monitor\n"
    "  reply-at: helo\n"
    "  reply-within: 1500ms\n"
    "  internal-error: tempfail\n"
    "  forged-results: {do: tempfail, code: 451, text: \"%{id}\"}\n"
    "  helo-match: {by: [name, address], need: all}\n";

static void test_everything(void **state)
{
    struct policy *policy = policy_file_good(everything);

    assert_string_equal(policy->listen, "unix:/run/bonafide/b.sock");
    assert_int_equal(policy->socket_mode, 0600);
    assert_string_equal(policy->socket_group, "mail");
    assert_string_equal(policy->user, "milter");
    assert_string_equal(policy->site.identity, "mx.example.org");
    assert_int_equal(policy->log_target, LOG_TO_STDERR);
    assert_int_equal(policy->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(policy->site.domain_count, 2);
    assert_string_equal(policy->site.domains[0], "example.net");
    assert_string_equal(policy->site.domains[1], "xn--mller-kva.example");
    assert_int_equal(policy->site.addresses.count, 2);
    assert_true(have(&policy->site.addresses, "192.0.2.77"));
    assert_true(have(&policy->site.addresses, "2001:db8::1"));
    assert_true(have(&policy->site.host, "127.0.0.1"));
    assert_int_equal(policy->dns.server_count, 3);
    assert_int_equal(policy->dns.servers[0].port, 5353);
    assert_int_equal(policy->dns.servers[1].port, 53);
    assert_int_equal(policy->dns.servers[1].scope, 0);
    assert_int_equal(policy->dns.servers[2].port, 54);
    assert_int_not_equal(policy->dns.servers[2].scope, 0);
    struct address link_local = address_of("fe80::1");
    assert_true(address_equal(&policy->dns.servers[2].address, &link_local));
    assert_int_equal(policy->dns.timeout_ms, 500);
    assert_int_equal(policy->dns.attempts, 3);
    assert_int_equal(policy->dns.budget_ms, 60000);
    assert_int_equal(policy->callout_when, CALLOUT_WHEN_SUSPICIOUS);
    assert_int_equal(policy->callout_begin, CALLOUT_BEGIN_MAIL);
    assert_int_equal(policy->callout.connect_ms, 1000);
    assert_int_equal(policy->callout.reply_ms, 2000);
    assert_int_equal(policy->callout.total_ms, 3600000);
    assert_int_equal(policy->callout.most, 20);
    assert_int_equal(policy->callout.most_per_host, 2);
    assert_int_equal(policy->waiting_most, 5);
    assert_string_equal(policy->callout.name, "callout.example.org");
    assert_string_equal(policy->site.callout_name, "callout.example.org");
    struct address v4 = address_of("192.0.2.1");
    struct address v6 = address_of("2001:db8::1");
    assert_true(policy->callout.sources.has_v4);
    assert_true(address_equal(&policy->callout.sources.v4, &v4));
    assert_true(policy->callout.sources.has_v6);
    assert_true(address_equal(&policy->callout.sources.v6, &v6));
    assert_int_equal(policy->callout.port, 2525);
    assert_true(have(&policy->site.callable, "198.51.100.9"));
    assert_int_equal(policy->cache_bytes, 1024 * 1024 * 1024);
    assert_int_equal(policy->callout.valid_s, DAY_S);
    assert_int_equal(policy->callout.invalid_s, 120);
    assert_int_equal(policy->callout.temperror_s, 3);
    assert_int_equal(policy->mode, MODE_MONITOR);
    assert_int_equal(policy->reply_at, REPLY_AT_HELO);
    assert_int_equal(policy->reply_within_ms, 1500);
    assert_int_equal(policy->rules.internal_error, ACTION_TEMPFAIL);
    assert_int_equal(policy->forged_results.kind, ACTION_TEMPFAIL);
    assert_int_equal(policy->forged_results.code, 451);
    assert_string_equal(policy->forged_results.text, "%{id}");
    assert_int_equal(policy->rules.settings.match_by,
                     MATCH_ADDRESS | MATCH_NAME);
    assert_true(policy->rules.settings.match_all);
    policy_drop(policy);
}

static void test_listen(void **state)
{
    static const char *const listens[] = {
        "inet:8894@127.0.0.1", "inet:1@localhost", "inet6:8894@[::1]",
        "inet6:65535@::1",     "unix:/run/b.sock",
    };
    for (size_t i = 0; i < LENGTH(listens); i++) {
        char text[100];
        snprintf(text, sizeof(text), IDENTITY "listen: %s\n", listens[i]);
        struct policy *policy = policy_file_good(text);
        assert_string_equal(policy->listen, listens[i]);
        policy_drop(policy);
    }
}

/* Empty lists are lists; empty sections are as if left out. */
static void test_empty(void **state)
{
    struct policy *policy =
        policy_file_good(IDENTITY "local: {domains: [], addresses: []}\n"
                                  "log:\n"
                                  "callout:\n"
                                  "  timeout:\n"
                                  "exceptions:\n"
                                  "policy:\n"
                                  "  helo-syntax:\n"
                                  "  client-ptr: {}\n");

    assert_int_equal(policy->site.domain_count, 0);
    assert_int_equal(policy->site.addresses.count, 0);
    assert_true(policy->site.host.count > 0);
    assert_int_equal(policy->callout.total_ms, 60000);
    assert_true(policy->rules.checks[CHECK_HELO_SYNTAX].run);
    assert_true(policy->rules.checks[CHECK_CLIENT_PTR].run);
    assert_int_equal(policy->needs, NEED_REVERSE);
    policy_drop(policy);
}

static const struct action *action_of(const struct policy *policy,
                                      enum check check, enum result result,
                                      enum reason reason)
{
    return rules_action(&policy->rules, check,
                        (struct finding){result, reason});
}

static void test_actions(void **state)
{
    struct policy *policy = policy_file_good(
        IDENTITY
        "policy:\n"
        "  helo-syntax: {fail: reject, fail/missing: tempfail, pass: tag}\n"
        "  helo-forward:\n"
        "    fail:\n"
        "      tempfail: 1d\n"
        "      then:\n"
        "        do: reject\n"
        "        code: 554\n"
        "        status: 5.7.0\n"
        "        text: |\n"
        "          %{helo} is not in DNS.\n"
        "          100% sure.\n"
        "  client-ptr: {fail: {do: tempfail, code: 421, status: 4.7.999}}\n"
        "  callout: {unknown: {tempfail: 2h, then: tag}}\n");
    const struct action *action;

    assert_int_equal(
        action_of(policy, CHECK_HELO_SYNTAX, RESULT_FAIL, REASON_MISSING)->kind,
        ACTION_TEMPFAIL);
    assert_int_equal(
        action_of(policy, CHECK_HELO_SYNTAX, RESULT_FAIL, REASON_BAD_LABEL)
            ->kind,
        ACTION_REJECT);
    assert_int_equal(
        action_of(policy, CHECK_HELO_SYNTAX, RESULT_PASS, REASON_NONE)->kind,
        ACTION_TAG);
    assert_int_equal(
        action_of(policy, CHECK_HELO_SYNTAX, RESULT_NONE, REASON_NONE)->kind,
        ACTION_CONTINUE);

    action = action_of(policy, CHECK_HELO_FORWARD, RESULT_FAIL, REASON_NONE);
    assert_int_equal(action->kind, ACTION_TEMPFAIL);
    assert_int_equal(action->soft_s, DAY_S);
    assert_int_equal(action->then->kind, ACTION_REJECT);
    assert_int_equal(action->then->code, 554);
    assert_string_equal(action->then->status, "5.7.0");
    assert_string_equal(action->then->text,
                        "%{helo} is not in DNS.\n100% sure.\n");

    action = action_of(policy, CHECK_CLIENT_PTR, RESULT_FAIL, REASON_NONE);
    assert_int_equal(action->code, 421);
    assert_string_equal(action->status, "4.7.999");
    assert_null(action->text);
    assert_null(action->then);
    assert_true(policy->can_tag);
    policy_drop(policy);
}

/* What the rules need to know, and that a callout brings sender-domain. */
static void test_needs(void **state)
{
    static const struct {
        const char *text;
        unsigned needs;
        bool can_tag, callout, sender_domain;
    } rows[] = {
        {"policy: {helo-syntax: {fail: reject}}\n", 0, false, false, false},
        {"policy: {helo-syntax: {fail: tag}}\n", NEED_REVERSE, true, false,
         false},
        {"policy: {helo-match: {by: [address], fail: reject}}\n", NEED_FORWARD,
         false, false, false},
        {"policy: {helo-syntax: {fail: {tempfail: 1d, then: {do: reject, text: "
         "\"you are %{reverse}\"}}}}\n",
         NEED_REVERSE, false, false, false},
        {"policy: {callout: {fail: reject}}\n", NEED_SENDER | NEED_CALLOUT,
         false, true, true},
        {"policy: {callout: {fail: reject}, sender-domain: off}\n",
         NEED_SENDER | NEED_CALLOUT, false, true, true},
        {"policy: {callout: off, sender-domain: {fail: reject}}\n", NEED_SENDER,
         false, false, true},
        {"callout: {when: never}\npolicy: {callout: {fail: reject}}\n", 0,
         false, false, false},
        {"policy: {helo-syntax: {fail: reject}}\n"
         "exceptions: [{helo: [x], policy: {client-ptr: {fail: reject}}}]\n",
         NEED_REVERSE, false, false, false},
        {"policy: {helo-syntax: {fail: reject}}\n"
         "exceptions: [{helo: [x], policy: {helo-syntax: {fail: tag}}}]\n",
         NEED_REVERSE, true, false, false},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char text[200];
        snprintf(text, sizeof(text), "%s%s", IDENTITY, rows[i].text);
        struct policy *policy = policy_file_good(text);
        assert_int_equal(policy->needs, rows[i].needs);
        assert_true(policy->can_tag == rows[i].can_tag);
        assert_true(policy->rules.checks[CHECK_CALLOUT].run == rows[i].callout);
        assert_true(policy->rules.checks[CHECK_SENDER_DOMAIN].run ==
                    rows[i].sender_domain);
        policy_drop(policy);
    }
}

static void assert_refused(const char *file, bool unreadable, const char *want)
{
    struct complaints complaints;

    assert_null(policy_read(file, &complaints));
    assert_int_equal(complaints.count, 1);
    assert_string_equal(complaints.at[0].text, want);
    assert_true(complaints.unreadable == unreadable);
    complaints_clear(&complaints);
}

static void test_file(void **state)
{
    assert_refused("nowhere.yaml", true,
                   "nowhere.yaml: cannot be read: No such file or directory");
    assert_refused("/", true, "/: this is a folder, expected a regular file");

    policy_file_write(IDENTITY "policy: {client-ptr: off, callout: {}}\n");
    /* C-9 */
    assert_int_equal(chmod(POLICY_FILE, 0666), 0);
    assert_refused(POLICY_FILE, false,
                   POLICY_FILE
                   ": everybody can write this file, expected mode 644 or "
                   "less");
    assert_int_equal(chmod(POLICY_FILE, 0644), 0);
    policy_drop(policy_file_good(IDENTITY));

    if (geteuid() != 0)
        return;
    struct complaints complaints;
    assert_int_equal(chown(POLICY_FILE, 12345, 12345), 0);
    struct policy *policy =
        policy_file_read(IDENTITY "policy: {callout: {}}\n", &complaints);
    assert_int_equal(complaints.count, 1);
    assert_string_equal(complaints.at[0].text, POLICY_FILE
                        ": warning: the file belongs to user 12345, neither "
                        "root nor us");
    complaints_clear(&complaints);
    policy_drop(policy);
    assert_int_equal(chown(POLICY_FILE, 0, 0), 0);
}

static void *hold_and_drop(void *context)
{
    for (int i = 0; i < 10000; i++)
        policy_drop(policy_hold(context));
    policy_drop(context);
    return NULL;
}

static void test_holding(void **state)
{
    struct policy *policy = policy_file_good(IDENTITY);
    pthread_t threads[4];

    for (size_t i = 0; i < LENGTH(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold_and_drop,
                                        policy_hold(policy)),
                         0);
    policy_drop(policy);
    for (size_t i = 0; i < LENGTH(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_everything),
        cmocka_unit_test(test_listen),   cmocka_unit_test(test_empty),
        cmocka_unit_test(test_actions),  cmocka_unit_test(test_needs),
        cmocka_unit_test(test_file),     cmocka_unit_test(test_holding),
    };
    return cmocka_run_group_tests(tests, policy_file_enter, policy_file_leave);
}
