/* SPDX-License-Identifier: BSD-2-Clause */
/* policy_errors_test.c - whatever is wrong with a policy file is said with its
 * place, all of it at once */
#include "policy/policy.h"
#include "policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define IDENTITY      "identity: mx1.example.org\n"
#define MOST          6

/* The complaints are POLICY_FILE and the wanted ones, no more and no less. */
static void assert_complaints(const struct complaints *complaints,
                              const char *const *want, const char *text)
{
    size_t i;

    for (i = 0; i < complaints->count; i++) {
        const char *got = complaints->at[i].text;
        if (i == MOST || want[i] == NULL) {
            fail_msg("%s\nnot expected: %s", text, got);
            return;
        }
        assert_memory_equal(got, POLICY_FILE, strlen(POLICY_FILE));
        if (strcmp(got + strlen(POLICY_FILE), want[i]) != 0)
            fail_msg("%s\ngot:      %s\nexpected: " POLICY_FILE "%s", text, got,
                     want[i]);
    }
    if (i < MOST && want[i] != NULL)
        fail_msg("%s\nmissing: %s", text, want[i]);
}

#define DURATION_MS "expected a number with a unit (ms, s, m, h, d), such as 8s"
#define DURATION_S  "expected a number with a unit (s, m, h, d), such as 2h"
#define ACTIONS                                                    \
 "expected continue, tag, tempfail, reject, {do: ACTION, ...} or " \
 "{tempfail: TIME, then: ACTION}"
#define ANSWERS   "expected continue, tempfail, reject or {do: ACTION, ...}"
#define HOST_NAME "expected a fully qualified host name such as mx1.example.org"
#define TOP                                                              \
 "listen, socket, listen-from, user, identity, log, local, dns, callout" \
 ", cache, policy, exceptions"
#define NETWORKS                                                          \
 "expected a list of addresses and networks, without host bits, such as " \
 "[192.0.2.1, 198.51.100.0/24, \"2001:db8::/32\"]"
#define LISTEN "expected inet:PORT@ADDRESS, inet6:PORT@[ADDRESS] or unix:/PATH"
#define SERVERS                                                     \
 "expected a list of ADDRESS or ADDRESS@PORT such as [192.0.2.53, " \
 "127.0.0.1@5353], at most 8"
#define SOURCES                                                      \
 "expected a list of at most one IPv4 and one IPv6 address such as " \
 "[192.0.2.1, \"2001:db8::1\"]"
#define CHECK IDENTITY "policy:\n  helo-syntax: {fail: tag}\n"

struct row {
    const char *text;
    const char *want[MOST];
};

static const struct row errors[] = {
    /* keys (C-1) */
    {IDENTITY "lissen: x\n",
     {":2:1: unknown key `lissen`, did you mean `listen`?"}},
    {IDENTITY "callout: {timeout: {conect: 1s}}\n",
     {":2:21: unknown key `callout.timeout.conect`, did you mean `connect`?"}},
    {IDENTITY "callout:\n  limit: {total: 1}\n",
     {":3:3: unknown key `callout.limit`, did you mean `limits`?"}},
    {IDENTITY "reply-within: 5s\n",
     {":2:1: unknown key `reply-within`, did you mean `policy.reply-within`?"}},
    {IDENTITY "helo-match: {fail: tag}\n",
     {":2:1: unknown key `helo-match`, did you mean `policy.helo-match`?"}},
    {IDENTITY "log.level: info\n",
     {":2:1: unknown key `log.level`, expected one of " TOP}},
    {IDENTITY "log: {file: x}\n",
     {":2:7: unknown key `log.file`, expected one of to, level"}},
    {IDENTITY "? \n: x\n", {":2:2: unknown key ``, expected one of " TOP}},
    {"- a\n", {":1:1: the file is a list, expected a map of keys"}},
    {"hello\n", {":1:1: the file is a single value, expected a map of keys"}},
    {IDENTITY "dns: 5s\n", {":2:6: `dns` is a single value, expected a map"}},
    {IDENTITY "dns: [5s]\n", {":2:6: `dns` is a list, expected a map"}},

    /* parts that are not built */
    {IDENTITY "web: x\n", {":2:1: unknown key `web`, expected one of " TOP}},
    {IDENTITY "state: x\n",
     {":2:1: unknown key `state`, expected one of " TOP}},
    {IDENTITY "cache: {shared: none}\n",
     {":2:9: unknown key `cache.shared`, expected one of memory, valid, "
      "refresh, invalid, temperror, fold"}},
    {IDENTITY "callout: {speed: fast}\n",
     {":2:11: unknown key `callout.speed`, expected one of when, begin, "
      "never, except, catch-all, postmaster, fallback-sender, give-up, "
      "timeout, limits, tls, witness, name, bind, port, networks"}},
    {IDENTITY "callout: {never: {host: [a.example]}}\n",
     {":2:19: unknown key `callout.never.host`, did you mean `hosts`?"}},
    {IDENTITY "callout: {never: {domains: []}}\n",
     {":2:28: `callout.never.domains` is an empty list, expected at least 1 "
      "element"}},
    {IDENTITY "callout: {except: [knwon]}\n",
     {":2:20: `callout.except` is `knwon`, expected a list of words, each one "
      "of known, own-host"}},
    {IDENTITY "callout: {catch-all: yes}\n",
     {":2:22: `callout.catch-all` is `yes`, expected one of true, false"}},
    {IDENTITY "callout: {fallback-sender: postmaster}\n",
     {":2:28: `callout.fallback-sender` is `postmaster`, expected an address "
      "in ASCII such as postmaster@example.org"}},
    {IDENTITY "callout: {fallback-sender: <>}\n",
     {":2:28: `callout.fallback-sender` is `<>`, expected an address in ASCII "
      "such as postmaster@example.org"}},
    {IDENTITY "callout: {witness: 192.0.2.1}\n",
     {":2:20: `callout.witness` is `192.0.2.1`, expected none, or a fully "
      "qualified host name such as mx1.example.org"}},
    {IDENTITY "callout: {witness: mx}\n",
     {":2:20: `callout.witness` is `mx`, expected none, or a fully qualified "
      "host name such as mx1.example.org"}},
    {IDENTITY "callout: {witness: a@b.example}\n",
     {":2:20: `callout.witness` is `a@b.example`, expected none, or a fully "
      "qualified host name such as mx1.example.org"}},
    {IDENTITY "callout: {limits: {per-domain: 30}}\n",
     {":2:32: `callout.limits.per-domain` is `30`, expected a number in a time "
      "of at most 1d, such as 30/1m"}},
    {IDENTITY "callout: {limits: {per-domain: 0/1m}}\n",
     {":2:32: `callout.limits.per-domain` is `0/1m`, expected a number in a "
      "time of at most 1d, such as 30/1m"}},
    {IDENTITY "callout: {limits: {per-domain: 5/2d}}\n",
     {":2:32: `callout.limits.per-domain` is `5/2d`, expected a number in a "
      "time of at most 1d, such as 30/1m"}},
    {IDENTITY "callout: {limits: {per-domian: 5/1d}}\n",
     {":2:20: unknown key `callout.limits.per-domian`, did you mean "
      "`per-domain`?"}},
    {IDENTITY "policy: {cleint: {fail: reject}}\n",
     {":2:10: unknown key `policy.cleint`, expected one of mode, reply-at, "
      "reply-within, internal-error, forged-results, helo-syntax, "
      "helo-identity, "
      "helo-forward, helo-match, client-ptr, dnsbl, sender-domain, callout"}},
    {IDENTITY "policy: {dnsbl: {fail: reject}}\n",
     {":2:10: `policy.dnsbl` names no list, expected zones such as zones: "
      "[{name: bl.example.org}]"}},
    {IDENTITY "policy: {dnsbl: {zones: [], fail: reject}}\n",
     {":2:10: `policy.dnsbl` names no list, expected zones such as zones: "
      "[{name: bl.example.org}]"}},
    {IDENTITY "policy: {dnsbl: {zones: bl.example.org}}\n",
     {":2:25: `policy.dnsbl.zones` is a single value, expected a list of "
      "maps"}},
    {IDENTITY "policy: {dnsbl: {zones: [bl.example.org]}}\n",
     {":2:26: an entry of `policy.dnsbl.zones` is a single value, expected a "
      "map such as {name: bl.example.org}"}},
    {IDENTITY "policy: {dnsbl: {zones: [{of: client}]}}\n",
     {":2:26: a list without `name`, expected the zone where it is asked, "
      "such as {name: bl.example.org}"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: a b.example.org}]}}\n",
     {":2:33: `policy.dnsbl.zones.name` is `a b.example.org`, expected a "
      "fully qualified host name such as mx1.example.org"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: bl.example, of: clinet}]}}\n",
     {":2:49: `policy.dnsbl.zones.of` is `clinet`, expected one of client, "
      "helo, sender, reverse"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: bl.example, answrs: []}]}}\n",
     {":2:45: unknown key `policy.dnsbl.zones.answrs`, did you mean "
      "`answers`?"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: bl.example, "
              "answers: [192.0.2.1]}]}}\n",
     {":2:55: `policy.dnsbl.zones.answers` is `192.0.2.1`, expected a list of "
      "answers within 127.0.0.0/8 such as [127.0.0.2, 127.0.0.4-127.0.0.7, "
      "127.0.1.0/24], at most 16"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: bl.example, answers: []}]}}\n",
     {":2:54: `policy.dnsbl.zones.answers` is an empty list, expected at "
      "least 1 element"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: wl.example, kind: allow}]}}\n",
     {":2:26: an allow-list without `exempt`, expected the checks that it "
      "frees from, such as exempt: [callout]"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: bl.example, "
              "exempt: [callout]}]}}\n",
     {":2:45: `policy.dnsbl.zones.exempt` is for kind: allow alone"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: wl.example, kind: allow, "
              "exempt: [dnsbl], weight: 2}]}}\n",
     {":2:75: `policy.dnsbl.zones.weight` is for kind: deny alone"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: BL.example}, "
              "{name: bl.example}]}}\n",
     {":2:46: the list bl.example stands here twice, expected all its "
      "`answers` in one entry"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: bl.example}], need: 2}}\n",
     {":2:53: `policy.dnsbl.need` is 2, but only 1 lists deny"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: bl.example}], score: 2}}\n",
     {":2:54: `policy.dnsbl.score` is 2, but all lists that deny weigh 1 "
      "together"}},
    {IDENTITY "policy: {dnsbl: {zones: [{name: bl.example}], need: 1, "
              "score: 1}}\n",
     {":2:56: `policy.dnsbl.score` beside `need` in line 2, expected one of "
      "them"}},
    {IDENTITY "policy: {helo-syntax: {fail: reject}}\n"
              "exceptions: [{clients: [192.0.2.1], policy: {dnsbl: "
              "{zones: [{name: bl.example}]}}}]\n",
     {":3:54: `policy.dnsbl.zones` is for the file's own policy, not for that "
      "of an exception"}},
    {IDENTITY "policy: {client-ptr: {fail: quarantine}}\n",
     {":2:29: `policy.client-ptr.fail` is quarantine, " ACTIONS}},

    /* values */
    {IDENTITY "dns: {timeout: 5}\n",
     {":2:16: `dns.timeout` is `5`, " DURATION_MS ", from 100ms to 1m"}},
    {IDENTITY "dns: {timeout: 5 s}\n",
     {":2:16: `dns.timeout` is `5 s`, " DURATION_MS ", from 100ms to 1m"}},
    /* C-6: what YAML would take for a number or a time is none. */
    {IDENTITY "dns: {timeout: 1e3}\n",
     {":2:16: `dns.timeout` is `1e3`, " DURATION_MS ", from 100ms to 1m"}},
    {IDENTITY "dns: {timeout: 5:30}\n",
     {":2:16: `dns.timeout` is `5:30`, " DURATION_MS ", from 100ms to 1m"}},
    {IDENTITY "dns: {timeout: 99999999999999999999s}\n",
     {":2:16: `dns.timeout` is `99999999999999999999s`, " DURATION_MS
      ", from 100ms to 1m"}},
    {IDENTITY "dns: {timeout: 99ms}\n",
     {":2:16: `dns.timeout` is `99ms`, " DURATION_MS ", from 100ms to 1m"}},
    {IDENTITY "dns: {timeout: 2m}\n",
     {":2:16: `dns.timeout` is `2m`, " DURATION_MS ", from 100ms to 1m"}},
    {IDENTITY "dns: {timeout: }\n",
     {":2:16: `dns.timeout` has no value, " DURATION_MS ", from 100ms to 1m"}},
    {IDENTITY "dns: {timeout: [1s]}\n",
     {":2:16: `dns.timeout` is a list, " DURATION_MS ", from 100ms to 1m"}},
    {IDENTITY "dns: {timeout: {a: 1s}}\n",
     {":2:16: `dns.timeout` is a map, " DURATION_MS ", from 100ms to 1m"}},
    {IDENTITY "dns: {timeout: -1s}\n",
     {":2:16: `dns.timeout` is `-1s`, " DURATION_MS ", from 100ms to 1m"}},
    {IDENTITY "cache: {valid: 500ms}\n",
     {":2:16: `cache.valid` is `500ms`, " DURATION_S ", from 1s to 365d"}},
    {IDENTITY "cache: {memory: 64MB}\n",
     {":2:17: `cache.memory` is `64MB`, expected a number of octets, or one "
      "with a unit (K, M, G), such as 64M, from 1M to 16G"}},
    {IDENTITY "cache: {memory: 1023K}\n",
     {":2:17: `cache.memory` is `1023K`, expected a number of octets, or one "
      "with a unit (K, M, G), such as 64M, from 1M to 16G"}},
    {IDENTITY "callout: {limits: {total: 0}, port: 65536}\n",
     {":2:27: `callout.limits.total` is `0`, expected a number, from 1 to "
      "20000",
      ":2:37: `callout.port` is `65536`, expected a number, from 1 to "
      "65535"}},
    {IDENTITY "callout: {when: sometimes, begin: data}\n",
     {":2:17: `callout.when` is `sometimes`, expected one of clean, "
      "suspicious, always, never",
      ":2:35: `callout.begin` is `data`, expected one of rcpt, mail"}},
    {IDENTITY "log: {to: file, level: warn}\n",
     {":2:11: `log.to` is `file`, expected one of syslog, stderr",
      ":2:24: `log.level` is `warn`, expected one of error, warning, notice, "
      "info, debug"}},
    {IDENTITY "socket: {mode: 1666, group: \"a b\"}\n",
     {":2:16: `socket.mode` is `1666`, expected a file mode of three octal "
      "digits, such as 660",
      ":2:29: `socket.group` is `a b`, expected the name of a user or group"}},
    {IDENTITY "socket: {mode: 689}\n",
     {":2:16: `socket.mode` is `689`, expected a file mode of three octal "
      "digits, such as 660"}},
    {IDENTITY "user: -x\n",
     {":2:7: `user` is `-x`, expected the name of a user or group"}},
    {IDENTITY "listen: 8894\n", {":2:9: `listen` is `8894`, " LISTEN}},
    {IDENTITY "listen: inet:8894\n",
     {":2:9: `listen` is `inet:8894`, " LISTEN}},
    {IDENTITY "listen: inet:0@127.0.0.1\n",
     {":2:9: `listen` is `inet:0@127.0.0.1`, " LISTEN}},
    {IDENTITY "listen: inet:65536@127.0.0.1\n",
     {":2:9: `listen` is `inet:65536@127.0.0.1`, " LISTEN}},
    {IDENTITY "listen: inet:8894@[::1]\n",
     {":2:9: `listen` is `inet:8894@[::1]`, " LISTEN}},
    {IDENTITY "listen: unix:bonafide.sock\n",
     {":2:9: `listen` is `unix:bonafide.sock`, " LISTEN}},
    {IDENTITY "listen: unix:/run/\n",
     {":2:9: `listen` is `unix:/run/`, " LISTEN}},
    {"identity: mx1\n", {":1:11: `identity` is `mx1`, " HOST_NAME}},
    {"identity: a..b\n", {":1:11: `identity` is `a..b`, " HOST_NAME}},
    {IDENTITY "callout: {name: mx1}\n",
     {":2:17: `callout.name` is `mx1`, " HOST_NAME}},
    {IDENTITY "callout: {bind: [192.0.2.1, 192.0.2.2, mx1, \"::1\"]}\n",
     {":2:29: `callout.bind` is `192.0.2.2`, " SOURCES,
      ":2:40: `callout.bind` is `mx1`, " SOURCES}},
    {IDENTITY "callout: {name: \"a.example\\r\\nRSET\"}\n",
     {":2:17: `callout.name` is `a.example\\x0d\\x0aRSET`, " HOST_NAME}},
    {IDENTITY "local: {domains: example.org}\n",
     {":2:18: `local.domains` is `example.org`, expected a list of domains "
      "such as [example.org]"}},
    {IDENTITY "local: {domains: [example.org, -x-]}\n",
     {":2:32: `local.domains` is `-x-`, expected a list of domains such as "
      "[example.org]"}},
    {IDENTITY "listen-from: [x]\n", {":2:15: `listen-from` is `x`, " NETWORKS}},
    {IDENTITY "local: {addresses: [192.0.2.1/24, x, [1]]}\n",
     {":2:21: `local.addresses` is `192.0.2.1/24`, " NETWORKS,
      ":2:35: `local.addresses` is `x`, " NETWORKS,
      ":2:38: `local.addresses` is a list, " NETWORKS}},
    {IDENTITY "dns: {servers: [localhost, 127.0.0.1@0, 127.0.0.1@x]}\n",
     {":2:17: `dns.servers` is `localhost`, " SERVERS,
      ":2:28: `dns.servers` is `127.0.0.1@0`, " SERVERS,
      ":2:41: `dns.servers` is `127.0.0.1@x`, " SERVERS}},
    {IDENTITY "dns: {servers: [\"fe80::1%nosuchif\"]}\n",
     {":2:17: `dns.servers` is `fe80::1%nosuchif`, " SERVERS}},
    {IDENTITY "dns: {servers: [1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4, 1.1.1.5, "
              "1.1.1.6, 1.1.1.7, 1.1.1.8, 1.1.1.9]}\n",
     {":2:16: `dns.servers` has 9 elements, expected at most 8"}},

    /* checks */
    {IDENTITY "policy: {helo-syntax: reject}\n",
     {":2:23: `policy.helo-syntax` is a single value, expected off or a map "
      "such as {fail: reject}"}},
    {IDENTITY "policy: {helo-syntax: [fail]}\n",
     {":2:23: `policy.helo-syntax` is a list, expected off or a map such as "
      "{fail: reject}"}},
    {IDENTITY "policy: {helo-sintax: {fail: reject}}\n",
     {":2:10: unknown key `policy.helo-sintax`, did you mean `helo-syntax`?"}},
    {IDENTITY "policy: {helo-syntax: {fial: reject}}\n",
     {":2:24: unknown key `policy.helo-syntax.fial`, did you mean `fail`?"}},
    {IDENTITY "policy: {helo-syntax: {unknown: reject}}\n",
     {":2:24: unknown key `policy.helo-syntax.unknown`, expected a result of "
      "this check, such as pass or fail, or RESULT/REASON"}},
    {IDENTITY "policy: {helo-forward: {fail/nxdomian: reject}}\n",
     {":2:25: unknown key `policy.helo-forward.fail/nxdomian`, did you mean "
      "`fail/nxdomain`?"}},
    {IDENTITY "policy: {helo-match: {fail/nxdomain: tag}}\n",
     {":2:23: unknown key `policy.helo-match.fail/nxdomain`, expected a "
      "result of this check, such as pass or fail, or RESULT/REASON"}},
    {IDENTITY "policy: {callout: {temperror/internal: tag}}\n",
     {":2:20: unknown key `policy.callout.temperror/internal`, expected a "
      "result of this check, such as pass or fail, or RESULT/REASON"}},
    {IDENTITY "policy: {helo-match: {by: [], need: most}}\n",
     {":2:27: `policy.helo-match.by` is an empty list, expected at least 1 "
      "element",
      ":2:37: `policy.helo-match.need` is `most`, expected one of any, all"}},
    {IDENTITY "policy: {helo-match: {by: [ptr]}}\n",
     {":2:28: `policy.helo-match.by` is `ptr`, expected a list of words, each "
      "one of address, name, organisation"}},
    {IDENTITY "policy: {helo-syntax: {by: [name]}}\n",
     {":2:24: unknown key `policy.helo-syntax.by`, expected a result of this "
      "check, such as pass or fail, or RESULT/REASON"}},
    {IDENTITY "policy: {helo-forward: {temperror: reject}}\n",
     {":2:36: `policy.helo-forward.temperror` rejects, expected continue, tag "
      "or tempfail: nothing is refused because DNS, a network or we ourselves "
      "were broken"}},
    {IDENTITY "policy:\n  callout:\n"
              "    temperror/unreachable: {tempfail: 1d, then: reject}\n",
     {":4:28: `policy.callout.temperror/unreachable` rejects, expected "
      "continue, tag or tempfail: nothing is refused because DNS, a network "
      "or we ourselves were broken"}},
    {IDENTITY "policy: {internal-error: reject}\n",
     {":2:26: `policy.internal-error` is `reject`, expected one of continue, "
      "tempfail"}},
    {CHECK "  forged-results: rejekt\n",
     {":4:19: `policy.forged-results` is rejekt, " ANSWERS}},
    {CHECK "  forged-results: tag\n",
     {":4:19: `policy.forged-results` is tag, " ANSWERS}},
    {CHECK "  forged-results: {do: tag}\n",
     {":4:19: `policy.forged-results` is tag, " ANSWERS}},
    {CHECK "  forged-results:\n",
     {":4:18: `policy.forged-results` is empty, " ANSWERS}},
    {CHECK "  forged-results: {tempfail: 1d, then: reject}\n",
     {":4:19: `policy.forged-results` waits, " ANSWERS}},
    {CHECK "  forged-results: {do: reject, code: 450}\n",
     {":4:38: `code` is 450 beside `do: reject`, expected 5xx"}},

    /* actions */
    {IDENTITY "policy: {client-ptr: {fail: drop}}\n",
     {":2:29: `policy.client-ptr.fail` is drop, " ACTIONS}},
    {IDENTITY "policy: {client-ptr: {fail: }}\n",
     {":2:29: `policy.client-ptr.fail` is empty, " ACTIONS}},
    {IDENTITY "policy: {client-ptr: {fail: [tag]}}\n",
     {":2:29: `policy.client-ptr.fail` is a list, " ACTIONS}},
    {IDENTITY "policy: {client-ptr: {fail: accept}}\n",
     {":2:29: `policy.client-ptr.fail` is accept, " ACTIONS}},
    {IDENTITY "policy: {client-ptr: {fail: {code: 550}}}\n",
     {":2:29: an action without `do`, expected do: ACTION or tempfail: TIME, "
      "then: ACTION"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: rejet}}}\n",
     {":2:34: `do` is `rejet`, expected one of continue, tag, tempfail, "
      "reject"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: reject, code: 450}}}\n",
     {":2:48: `code` is 450 beside `do: reject`, expected 5xx"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: tempfail, code: 550}}}\n",
     {":2:50: `code` is 550 beside `do: tempfail`, expected 4xx"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: reject, code: 250}}}\n",
     {":2:48: `code` is `250`, expected a number, from 400 to 599"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: reject, status: 4.7.1}}}\n",
     {":2:50: `status` is 4.7.1 beside `do: reject`, expected 5.x.x"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: reject, status: 5.7}}}\n",
     {":2:50: `status` is `5.7`, expected an enhanced status code such as "
      "5.7.1 or 4.7.1"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: tag, text: x, code: 550}}}\n",
     {":2:39: `text` where no reply is given, expected it beside do: tempfail "
      "or do: reject",
      ":2:48: `code` where no reply is given, expected it beside do: tempfail "
      "or do: reject"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: reject, text: \" \"}}}\n",
     {":2:48: `text` is ` `, expected a text of printable ASCII and newlines, "
      "at most 2000 octets"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: reject, text: \"M\\u00fcll\"}}}"
              "\n",
     {":2:48: `text` is `M\\xc3\\xbcll`, expected a text of printable ASCII "
      "and newlines, at most 2000 octets"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: reject, text: \"%{hello}\"}}}"
              "\n",
     {":2:48: unknown `%{hello}`, did you mean `%{helo}`?"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: reject, text: \"%{why}\"}}}\n",
     {":2:48: unknown `%{why}`, expected %{client}, %{reverse}, %{helo}, "
      "%{sender}, %{recipient}, %{reason}, %{detail} or %{id}"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: reject, text: \"a %{helo\"}}}"
              "\n",
     {":2:48: `%{helo` has no end, expected %{WORD}"}},
    {IDENTITY "policy: {client-ptr: {fail: {tempfail: 1d}}}\n",
     {":2:30: `tempfail` without `then`, expected then: ACTION after it"}},
    {IDENTITY "policy: {client-ptr: {fail: {then: reject}}}\n",
     {":2:30: `then` without `tempfail`, expected tempfail: TIME before it"}},
    {IDENTITY "policy: {client-ptr: {fail: {tempfail: 1d, then: reject, code: "
              "550}}}\n",
     {":2:58: `code` beside `tempfail`, expected it in the action of "
      "`then`"}},
    {IDENTITY "policy: {client-ptr: {fail: {tempfail: soon, then: reject}}}\n",
     {":2:40: `tempfail` is `soon`, " DURATION_S ", from 1s to 365d"}},
    {IDENTITY "policy: {client-ptr: {fail: {tempfail: 1d, then: {tempfail: "
              "1d, then: reject}}}}\n",
     {":2:50: `then` waits once more, expected an action that does not"}},
    {IDENTITY "policy: {client-ptr: {fail: {do: reject, texd: x}}}\n",
     {":2:42: unknown key `texd`, did you mean `text`?"}},

    /* exceptions */
    {CHECK "exceptions: {clients: [192.0.2.1]}\n",
     {":4:13: `exceptions` is a map, expected a list of maps"}},
    {CHECK "exceptions: [192.0.2.1]\n",
     {":4:14: an entry of `exceptions` is a single value, expected a map such "
      "as {clients: [192.0.2.1], do: accept}"}},
    {CHECK "exceptions: [{do: accept}]\n",
     {":4:14: an exception without condition, expected clients, "
      "authenticated, helo, senders or recipients; everybody is clients: "
      "[0.0.0.0/0, \"::/0\"]"}},
    {CHECK "exceptions: [{clients: [192.0.2.1]}]\n",
     {":4:14: an exception without consequence, expected do: accept or a "
      "policy"}},
    {CHECK "exceptions:\n  - {authenticated: true, do: accept,\n"
           "     policy: {callout: off}}\n",
     {":6:6: `policy` beside `do` in line 5, expected one of them"}},
    {CHECK "exceptions: [{authenticated: false, do: accept}]\n",
     {":4:30: `exceptions.authenticated` is `false`, expected true"}},
    {CHECK "exceptions: [{clients: [], do: accept}]\n",
     {":4:24: `exceptions.clients` is an empty list, expected at least 1 "
      "element"}},
    {CHECK "exceptions: [{clients: , do: accept}]\n",
     {":4:24: `exceptions.clients` has no value, " NETWORKS}},
    {CHECK "exceptions: [{authenticated: true, do: reject}]\n",
     {":4:40: `exceptions.do` is `reject`, expected accept"}},
    {CHECK "exceptions: [{senders: [partner.example], do: accept}]\n",
     {":4:25: `exceptions.senders` is `partner.example`, expected a list of "
      "address patterns such as [\"*@example.org\"], or \"<>\", domains as "
      "A-labels"}},
    {CHECK "exceptions: [{helo: [\"*.m\\u00fcller.example\"], do: accept}]\n",
     {":4:22: `exceptions.helo` is `*.m\\xc3\\xbcller.example`, expected a "
      "list of host name patterns such as [\"*.example.org\"], U-labels as "
      "A-labels"}},
    {CHECK "exceptions: [{helos: [x], helo: [y], do: accept}]\n",
     {":4:15: unknown key `exceptions.helos`, did you mean `helo`?"}},
    {CHECK "exceptions: [{helo: [y], policy: {mode: monitor}}]\n",
     {":4:35: unknown key `policy.mode`, expected one of internal-error, "
      "helo-syntax, helo-identity, helo-forward, helo-match, client-ptr, "
      "dnsbl, sender-domain, callout"}},
    {CHECK "exceptions: [{helo: [y], policy: {forged-results: continue}}]\n",
     {":4:35: unknown key `policy.forged-results`, expected one of "
      "internal-error, helo-syntax, helo-identity, helo-forward, helo-match, "
      "client-ptr, dnsbl, sender-domain, callout"}},
    {CHECK "exceptions: [{helo: [y], policy: {callout: {fail: rejekt}}}]\n",
     {":4:51: `policy.callout.fail` is rejekt, " ACTIONS}},

    /* all at once, in the file's order */
    {"lissen: x\n"
     "identity: mx1\n"
     "dns: {timeout: 1, attempts: 0}\n"
     "dns: {}\n"
     "policy: {client-ptr: {fail: &a reject, temperror: *a}}\n",
     {":1:1: unknown key `lissen`, did you mean `listen`?",
      ":2:11: `identity` is `mx1`, " HOST_NAME,
      ":3:16: `dns.timeout` is `1`, " DURATION_MS ", from 100ms to 1m",
      ":3:29: `dns.attempts` is `0`, expected a number, from 1 to 10",
      ":4:1: the key `dns` stands here again, it stands in line 3 already; "
      "expected each key once",
      ":5:29: an anchor (&a), expected the value alone"}},
};

static void test_errors(void **state)
{
    for (size_t i = 0; i < LENGTH(errors); i++) {
        struct complaints complaints;
        struct policy *policy = policy_file_read(errors[i].text, &complaints);
        if (policy != NULL)
            fail_msg("taken: %s", errors[i].text);
        if (i + 1 < LENGTH(errors)) { /* the last has one more than MOST */
            assert_complaints(&complaints, errors[i].want, errors[i].text);
        } else {
            assert_int_equal(complaints.count, MOST + 1);
            complaints.count--;
            assert_complaints(&complaints, errors[i].want, errors[i].text);
            complaints.count++;
        }
        complaints_clear(&complaints);
    }
}

static const struct row warnings[] = {
    {CHECK, {NULL}},
    /* an empty file (C-10), values that contradict each other (C-7) */
    {IDENTITY,
     {": warning: `policy` names no check: every message is let through, all "
      "other keys have their defaults or what is given"}},
    {IDENTITY "policy:\n  mode: monitor\n",
     {":2:1: warning: `policy` names no check: every message is let through, "
      "all other keys have their defaults or what is given"}},
    {CHECK "  reply-within: 10s\n",
     {":4:3: warning: `policy.reply-within`: Sendmail waits 10 s for a "
      "milter's answer unless told otherwise (INPUT_MAIL_FILTER with T=R:)"}},
    {CHECK "  reply-within: 9999ms\n", {NULL}},
    {CHECK "  reply-within: 30s\n",
     {":4:3: warning: `policy.reply-within`: Postfix waits 30 s and Sendmail "
      "10 s for a milter's answer unless told otherwise "
      "(milter_command_timeout, INPUT_MAIL_FILTER with T=R:)"}},
    {CHECK "dns: {timeout: 6s}\n",
     {":4:7: warning: `dns.timeout` is above `dns.budget`, which ends every "
      "try before"}},
    {CHECK "callout: {timeout: {connect: 2m, reply: 2m}}\n",
     {":4:21: warning: `callout.timeout.connect` is above "
      "`callout.timeout.total`, which ends every callout before",
      ":4:34: warning: `callout.timeout.reply` is above "
      "`callout.timeout.total`, which ends every callout before"}},
    {CHECK "callout: {timeout: {total: 20s}}\n",
     {":4:11: warning: `callout.timeout.reply` is above "
      "`callout.timeout.total`, which ends every callout before"}},
    {CHECK "callout: {limits: {total: 2, waiting: 0}}\n",
     {":4:11: warning: `callout.limits.per-host` is above "
      "`callout.limits.total` and so never reached",
      ":4:30: warning: `callout.limits.waiting` is 0: no session waits, and "
      "what is not known is temperror/in-progress at once, whatever "
      "`policy.reply-within` says"}},
    {CHECK "  callout: {fail: reject}\ncallout: {when: never}\n",
     {":4:3: warning: `policy.callout` has no effect, for `callout.when` is "
      "never"}},
    {CHECK "callout: {bind: [\"2001:db8::1\", 203.0.113.9]}\n",
     {":4:11: warning: `callout.bind` is 203.0.113.9, which this host does not "
      "have now: until it does, no callout leaves from there",
      ":4:11: warning: `callout.bind` is 2001:db8::1, which this host does not "
      "have now: until it does, no callout leaves from there"}},
    {CHECK "callout: {bind: [127.0.0.1]}\n", {NULL}},
    {CHECK "callout: {witness: mx1.example.org}\n",
     {":4:11: warning: `callout.witness` is mx1.example.org, which is ours: a "
      "host of somebody else's shows that callouts get out"}},
    {CHECK "callout: {witness: other.example.org}\n",
     {":4:11: warning: `callout.witness` is other.example.org, which is ours: "
      "a host of somebody else's shows that callouts get out"}},
    {CHECK "callout: {witness: mx.example.net}\n", {NULL}},
    {CHECK "socket: {mode: 600}\nlisten: inet:8894@127.0.0.1\n",
     {":4:1: warning: `socket` has no effect, for `listen` is no unix: socket",
      ":5:1: warning: `listen`: whoever reaches the port can connect, local "
      "users too: see `listen-from`"}},
    {CHECK "listen-from: [127.0.0.1]\nlisten: unix:/run/b.sock\n",
     {":4:1: warning: `listen-from` has no effect at a unix: socket"}},
    {CHECK "  reply-at: mail\nexceptions: [{recipients: [\"a@*\"], senders: "
           "[\"<>\"], do: accept}]\n",
     {":5:15: warning: `exceptions.recipients` is not known yet when "
      "`policy.reply-at: mail` answers MAIL: the exception never holds"}},
    {CHECK "  reply-at: helo\nexceptions: [{authenticated: true, senders: "
           "[\"<>\"], clients: [192.0.2.1], do: accept}]\n",
     {":5:15: warning: `exceptions.authenticated` is not known yet when "
      "`policy.reply-at: helo` answers HELO: the exception does not hold for "
      "the HELO and client checks",
      ":5:36: warning: `exceptions.senders` is not known yet when "
      "`policy.reply-at: helo` answers HELO: the exception does not hold for "
      "the HELO and client checks"}},
    {CHECK "  client-ptr: {fail: {do: reject, status: 5.1.1}}\n",
     {":4:43: warning: `status` 5.1.1 says that the recipient does not exist: "
      "some senders then drop him from their lists"}},
};

static void test_warnings(void **state)
{
    for (size_t i = 0; i < LENGTH(warnings); i++) {
        struct complaints complaints;
        struct policy *policy = policy_file_read(warnings[i].text, &complaints);
        assert_complaints(&complaints, warnings[i].want, warnings[i].text);
        assert_non_null(policy);
        for (size_t j = 0; j < complaints.count; j++)
            assert_true(complaints.at[j].warning);
        complaints_clear(&complaints);
        policy_drop(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_warnings),
    };
    return cmocka_run_group_tests(tests, policy_file_enter, policy_file_leave);
}
