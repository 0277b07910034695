/* SPDX-License-Identifier: BSD-2-Clause */
/* judged.c - promises of lib/check and lib/policy, as reading them back sees
 * them */
#include "judged.h"

#include "fuzz.h"
#include "policy/authres.h"
#include "script.h"

#include <stdio.h>
#include <string.h>

#define DETAIL_SIZE 1024
#define FIELD_SIZE  2048
#define LINE_MOST   998 /* RFC 5322 2.1.1 */

#define SITE                                                            \
 "identity: mx.home.example\n"                                          \
 "local: {domains: [home.example], addresses: [192.0.2.1, 45.1.0.1]}\n" \
 "dns: {servers: [127.0.0.1]}\n"                                        \
 "callout: {networks: [198.51.100.0/24]}\n"

static const char *const texts[] = {
    /* Whatever can be refused is. */
    SITE "policy:\n"
         "  helo-syntax: {fail: reject}\n"
         "  helo-identity: {fail: reject}\n"
         "  helo-forward: {fail: reject, temperror: tempfail}\n"
         "  helo-match: {by: [address, name], need: all, fail: reject,"
         " temperror: tempfail}\n"
         "  client-ptr: {fail: reject, temperror: tempfail}\n"
         "  sender-domain: {fail: reject, fail/points-at-us: tag,"
         " temperror: tempfail}\n"
         "  callout: {fail: reject, fail/refuses-bounces: tag,"
         " temperror: tempfail, unknown: tag}\n",
    /* Soft for a while; our own fault is not forgiven. */
    SITE "policy:\n"
         "  internal-error: tempfail\n"
         "  helo-syntax: {fail: {tempfail: 1h, then: reject}}\n"
         "  helo-identity: {fail: tag}\n"
         "  helo-forward: {fail: {tempfail: 1d, then: tag}, temperror: tag}\n"
         "  helo-match: {by: [organisation], fail: {tempfail: 4h, then:"
         " reject}, temperror: tag}\n"
         "  client-ptr: {fail/missing: {tempfail: 2d, then: reject},"
         " fail: tag, temperror: tag}\n"
         "  sender-domain: {fail: {tempfail: 4h, then: reject},"
         " temperror: tempfail}\n"
         "  callout: {fail: {tempfail: 4h, then: reject}, unknown: tempfail,"
         " temperror: {tempfail: 1d, then: tag}}\n",
    /* Lists of every kind. */
    SITE "policy:\n"
         "  helo-match: {fail: tag}\n"
         "  client-ptr: {fail: reject, temperror: tempfail}\n"
         "  dnsbl:\n"
         "    zones:\n"
         "      - {name: deny.example, answers: [127.0.0.2-127.0.0.11]}\n"
         "      - {name: helo.example, of: helo, weight: 2}\n"
         "      - {name: from.example, of: sender}\n"
         "      - {name: rev.example, of: reverse}\n"
         "      - {name: allow.example, kind: allow, exempt: [client-ptr,"
         " callout, dnsbl]}\n"
         "    score: 3\n"
         "    fail: reject\n"
         "    temperror: tempfail\n"
         "  sender-domain: {fail: tag}\n"
         "  callout: {fail: tag, temperror: tag, unknown: tag}\n",
    /* Words of the postmaster's own. */
    SITE "policy:\n"
         "  helo-syntax: {fail: {do: reject, code: 554, status: 5.7.0, text:"
         " \"%{helo}%{client}\\n550 %{detail}\\n\\n%{id}% {id} %%\"}}\n"
         "  helo-match: {by: [name], fail: {do: tempfail, text:"
         " \"%{reverse} %{reason} %{sender} %{recipient}\"}}\n"
         "  dnsbl: {zones: [{name: deny.example}], fail: {do: reject, text:"
         " \"%{reason}\"}, temperror: tempfail}\n"
         "  sender-domain: {fail: {do: reject, text: \"\\n\\n5 %%\\n\"}}\n"
         "  callout: {fail: {do: reject, code: 551, text: \"%{detail}\"},"
         " unknown: {do: tempfail, code: 421, status: 4.3.2}}\n",
};
#define TEXTS (sizeof(texts) / sizeof(*texts))

struct policy *judged_read(const char *text)
{
    struct complaints complaints = {0};
    struct policy *policy = policy_read_text("f", span_of(text), &complaints);
    for (size_t i = 0; i < complaints.count && policy == NULL; i++)
        (void)fprintf(stderr, "%s\n", complaints.at[i].text);
    complaints_clear(&complaints);
    REQUIRE(policy != NULL);
    return policy;
}

const struct policy *judged_policy(uint32_t number)
{
    static struct policy *policies[TEXTS];
    struct policy **policy = &policies[number % TEXTS];
    if (*policy == NULL)
        *policy = judged_read(texts[number % TEXTS]);
    return *policy;
}

void require_finding(enum check check, struct finding finding)
{
    if (finding.result == RESULT_OPEN)
        REQUIRE(finding.reason == REASON_NONE);
    else if (finding.reason == REASON_INTERNAL)
        REQUIRE(finding.result == RESULT_TEMPERROR);
    else
        REQUIRE(check_can_result(check, finding.result, finding.reason));
}

void require_described(enum check check, struct finding finding,
                       const struct facts *facts,
                       const struct check_settings *settings)
{
    char words[DETAIL_SIZE];
    struct text text;
    if (finding.result == RESULT_OPEN)
        finding = (struct finding){RESULT_TEMPERROR, REASON_IN_PROGRESS};
    text_begin(&text, words, sizeof(words));
    check_describe(&text, check, finding, facts, settings);
    REQUIRE(text.length > 0);
    REQUIRE(script_is_printable((struct span){words, text.length}));
}

void require_verdict(const struct rules *rules, const struct verdict *verdict,
                     const struct findings *findings)
{
    REQUIRE((verdict->kind == ACTION_CONTINUE) == (verdict->how == NULL));
    if (verdict->how == NULL)
        return;
    const struct finding *of = &findings->of[verdict->check];
    REQUIRE(verdict->kind == verdict->how->kind);
    REQUIRE(of->result == verdict->finding.result);
    REQUIRE(of->reason == verdict->finding.reason);
    REQUIRE(rules->checks[verdict->check].run);
    REQUIRE(of->result != RESULT_OPEN && of->result != RESULT_NONE &&
            of->result != RESULT_PASS);
    if (verdict->kind == ACTION_REJECT)
        REQUIRE(of->result == RESULT_FAIL);
}

/* Every outcome that this check can have, in the place of its open finding. */
static void require_kept(const struct rules *rules, struct findings findings,
                         const struct first_sights *sights, instant now,
                         enum check check, enum action_kind strongest,
                         const struct verdict *settled)
{
    for (unsigned i = RESULT_PASS; i <= RESULT_NONE; i++) {
        for (unsigned j = REASON_NONE; j < REASON_INTERNAL; j++) {
            struct finding finding = {(enum result)i, (enum reason)j};
            if (j == REASON_NONE ||
                !check_can_result(check, finding.result, finding.reason))
                continue;
            findings.of[check] = finding;
            struct verdict verdict =
                verdict_make(rules, &findings, sights, now);
            REQUIRE(verdict.kind <= strongest);
            if (settled == NULL)
                continue;
            REQUIRE(verdict.kind == settled->kind);
            if (verdict.kind >= ACTION_TEMPFAIL)
                REQUIRE(verdict.check == settled->check);
        }
    }
}

void require_settled(const struct rules *rules, const struct findings *findings,
                     const struct first_sights *sights, instant now)
{
    const enum action_kind strongest =
        verdict_strongest(rules, findings, sights, now);
    const struct verdict verdict = verdict_make(rules, findings, sights, now);
    const bool settled = verdict_is_settled(rules, findings, sights, now);
    REQUIRE(verdict.kind <= strongest);
    for (unsigned i = 0; i < CHECK_COUNT; i++)
        if (findings->of[i].result == RESULT_OPEN)
            require_kept(rules, *findings, sights, now, (enum check)i,
                         strongest, settled ? &verdict : NULL);
}

void require_reply_form(const struct reply *reply)
{
    REQUIRE(reply->code >= 400 && reply->code <= 599);
    REQUIRE(reply->status[0] == (char)('0' + reply->code / 100));
    REQUIRE(reply->status[1] == '.');
    REQUIRE(reply->count >= 1 && reply->count <= REPLY_LINES_MOST);
    for (size_t i = 0; i < reply->count; i++) {
        const char *line = reply->line[i];
        REQUIRE(strlen(line) <= 480);
        REQUIRE(script_is_printable(span_of(line)));
        REQUIRE(line[0] != '\0' && (line[0] < '0' || line[0] > '9'));
    }
}

void require_reply(const struct verdict *verdict, const struct facts *facts,
                   const struct rules *rules)
{
    static struct reply reply;
    char address[ADDRESS_TEXT_SIZE], words[DETAIL_SIZE];
    const char *reverse = NULL;
    struct text detail;
    (void)facts_reverse(facts, &reverse);
    text_begin(&detail, words, sizeof(words));
    check_describe(&detail, verdict->check, verdict->finding, facts,
                   &rules->settings);
    reply_write(
        &reply, verdict,
        &(struct reply_words){
            .client = span_of(address_format(&facts->client.address, address)),
            .reverse = span_of(reverse),
            .helo = facts->helo.text,
            .sender = span_of(facts->sender.path.local),
            .reason = dnsbl_text(facts),
            .id = span_of("7KQM2F9P"),
            .identity = span_of(facts->site->identity),
            .detail = {words, detail.length},
        });
    require_reply_form(&reply);
    REQUIRE(reply.code / 100 == (verdict->kind == ACTION_REJECT ? 5 : 4));
}

/* Behind a comment or a quoted string that begins at `at`. */
static const char *skip_nested(const char *at, const char *end)
{
    const bool is_comment = *at == '(';
    size_t depth = 1;
    for (at++; depth > 0; at++) {
        REQUIRE(at < end);
        if (*at == '\\')
            REQUIRE(++at < end);
        else if (is_comment && *at == '(')
            depth++;
        else if (*at == (is_comment ? ')' : '"'))
            depth--;
    }
    return at;
}

/* A result: "method=result" first, nothing that would end it too early. */
static const char *skip_result(const char *at, const char *end)
{
    static const char *const results[] = {"pass", "fail", "temperror",
                                          "permerror", "unknown"};
    at += strspn(at, " \n\t");
    if (strcmp(at, "none") == 0)
        return end;
    size_t method = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
    REQUIRE(method > 0 && at[method] == '=');
    at += method + 1;
    struct span result = {at, strspn(at, "abcdefghijklmnopqrstuvwxyz")};
    bool known = false;
    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++)
        known = known || script_is(result, results[i]);
    REQUIRE(known);
    while (at < end && *at != ';') {
        REQUIRE(*at != ')');
        at = *at == '(' || *at == '"' ? skip_nested(at, end) : at + 1;
    }
    return at;
}

/* A line break stands before a tab, and each line has its bound. */
static void require_folded(struct span value)
{
    size_t column = strlen(AUTHRES_NAME ": ");
    for (size_t i = 0; i < value.length; i++, column++) {
        REQUIRE(value.at[i] != '\r');
        if (value.at[i] == '\n') {
            REQUIRE(i + 2 < value.length && value.at[i + 1] == '\t');
            REQUIRE(value.at[i + 2] > ' ');
            column = 0;
        }
        REQUIRE((value.at[i] >= ' ' && value.at[i] <= '~') ||
                value.at[i] == '\n' || value.at[i] == '\t');
        REQUIRE(column <= LINE_MOST);
    }
}

void require_authres_form(struct span value, const char *identity)
{
    const char *at = value.at, *end = value.at + value.length;
    require_folded(value);
    REQUIRE(authres_claims(value, identity));
    REQUIRE(strncmp(at, identity, strlen(identity)) == 0);
    at += strlen(identity);
    while (at < end) {
        REQUIRE(*at == ';');
        at = skip_result(at + 1, end);
    }
}

void require_authres(const struct facts *facts, const struct rules *rules,
                     const struct findings *findings)
{
    char field[FIELD_SIZE];
    struct text text;
    text_begin(&text, field, sizeof(field));
    authres_write(&text, facts, rules, findings);
    REQUIRE(!text.cut);
    require_authres_form((struct span){field, text.length},
                         facts->site->identity);
}
