/* SPDX-License-Identifier: BSD-2-Clause */
/* policy_fuzz.c - any file gives a policy or an error with its place, and a
 * policy gives verdicts and replies that hold what their headers promise */
#include "fuzz.h"
#include "policy/policy.h"
#include "policy/reply.h"
#include "policy/verdict.h"

#include <string.h>

#define NAME "f"

static const struct reply_words words = {
    .client = {"192.0.2.7", 9},
    .helo = {"a\r\n%{id}\xff", 9},
    .sender = {"x@example.com", 13},
    .detail = {"550 what was seen", 17},
};

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

static void require_complaints(const struct complaints *complaints, bool taken)
{
    bool errors = false;

    for (size_t i = 0; i < complaints->count; i++) {
        const struct complaint *complaint = &complaints->at[i];
        REQUIRE(strncmp(complaint->text, NAME ":", 2) == 0);
        REQUIRE(is_printable(complaint->text));
        errors = errors || !complaint->warning;
    }
    REQUIRE(errors != taken);
}

static void require_reply(const struct verdict *verdict)
{
    static struct reply reply;
    char class = verdict->kind == ACTION_REJECT ? '5' : '4';

    reply_write(&reply, verdict, &words);
    REQUIRE(reply.code / 100 == class - '0');
    REQUIRE(reply.status[0] == class);
    REQUIRE(reply.count >= 1 && reply.count <= REPLY_LINES_MOST);
    for (size_t i = 0; i < reply.count; i++) {
        REQUIRE(is_printable(reply.line[i]));
        REQUIRE(reply.line[i][0] != '\0');
        REQUIRE(reply.line[i][0] < '0' || reply.line[i][0] > '9');
    }
}

/* Every finding that a file may name, alone: first seen now, and long ago. */
static void require_verdict(const struct rules *rules, enum check check,
                            struct finding finding)
{
    struct findings findings = {{{RESULT_OPEN, REASON_NONE}}};
    struct first_sights sights;
    const instant firsts[] = {INSTANT_NEVER, 0};

    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < CHECK_COUNT; j++) {
            findings.of[j] = (struct finding){RESULT_NONE, REASON_NONE};
            sights.of[j] = firsts[i];
        }
        findings.of[check] = finding;
        struct verdict verdict =
            verdict_make(rules, &findings, &sights, INSTANT_NEVER - 1);
        REQUIRE(verdict_is_settled(rules, &findings, &sights, 0));
        REQUIRE((verdict.kind == ACTION_CONTINUE) == (verdict.how == NULL));
        REQUIRE(finding.result != RESULT_TEMPERROR ||
                verdict.kind != ACTION_REJECT);
        if (verdict.kind >= ACTION_TEMPFAIL)
            require_reply(&verdict);
    }
}

static void require_rules(const struct rules *rules)
{
    for (unsigned i = 0; i < CHECK_COUNT; i++)
        for (size_t j = 0; j < rules->checks[i].count; j++)
            require_verdict(rules, (enum check)i,
                            (struct finding){rules->checks[i].rules[j].result,
                                             rules->checks[i].rules[j].reason});
}

static void require_policy(const struct policy *policy)
{
    static const struct address client = {{[10] = 0xff, [11] = 0xff, 127}};
    const struct encounter nobody = {0};
    const struct encounter somebody = {&client, true, "mail.example.com", "",
                                       "postmaster"};

    REQUIRE(policy_exception(policy, &nobody) == NULL);
    policy_exception(policy, &somebody);
    policy_accepts_client(policy, &client);
    require_rules(&policy->rules);
    for (size_t i = 0; i < policy->exception_count; i++)
        require_rules(&policy->exceptions[i].rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct complaints complaints;
    struct policy *policy = policy_read_text(
        NAME, (struct span){(const char *)octets, length}, &complaints);

    require_complaints(&complaints, policy != NULL);
    if (policy != NULL) {
        require_policy(policy);
        policy_drop(policy);
    }
    complaints_clear(&complaints);
    return 0;
}
