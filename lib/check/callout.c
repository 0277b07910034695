/* SPDX-License-Identifier: BSD-2-Clause */
/* callout.c - does the exchanger of the sender's domain accept a bounce to the
 * sender? */
#include "check/checks.h"
#include "check/words.h"

static struct finding find_by_answer(const struct callout_answer *answer)
{
    switch (answer->outcome) {
    case CALLOUT_ACCEPTED:
        break;
    case CALLOUT_NO_SUCH_MAILBOX:
        return finding_of(RESULT_FAIL, REASON_NO_SUCH_MAILBOX);
    case CALLOUT_REFUSES_BOUNCES:
        return finding_of(RESULT_FAIL, REASON_REFUSES_BOUNCES);
    case CALLOUT_NO_POSTMASTER:
        return finding_of(RESULT_FAIL, REASON_NO_POSTMASTER);
    case CALLOUT_ACCEPTS_ANYTHING:
        return finding_of(RESULT_UNKNOWN, REASON_ACCEPTS_ANYTHING);
    case CALLOUT_GREYLISTED:
        return finding_of(RESULT_TEMPERROR, REASON_GREYLISTED);
    case CALLOUT_BLOCKED_US:
        return finding_of(RESULT_UNKNOWN, REASON_BLOCKED_US);
    case CALLOUT_NEEDS_TLS:
        return finding_of(RESULT_UNKNOWN, REASON_NEEDS_TLS);
    case CALLOUT_NO_SMTPUTF8:
        return finding_of(RESULT_UNKNOWN, REASON_NO_SMTPUTF8);
    case CALLOUT_UNREACHABLE:
        return finding_of(RESULT_TEMPERROR, REASON_UNREACHABLE);
    case CALLOUT_GIVEN_UP:
        return finding_of(RESULT_UNKNOWN, REASON_GIVEN_UP);
    case CALLOUT_WALLED_OFF:
        return finding_of(RESULT_UNKNOWN, REASON_WALLED_OFF);
    case CALLOUT_CAPACITY:
        return finding_of(RESULT_UNKNOWN, REASON_CAPACITY);
    case CALLOUT_INTERNAL:
        return finding_of(RESULT_TEMPERROR, REASON_INTERNAL);
    }
    return finding_of(RESULT_PASS, REASON_NONE);
}

struct finding callout_find(const struct facts *facts,
                            const struct check_settings *settings)
{
    struct finding domain = sender_domain_find(facts, settings);

    if (domain.result == RESULT_OPEN)
        return domain;
    if (domain.result != RESULT_PASS)
        return finding_of(RESULT_NONE, REASON_NONE);
    if (!facts->sender.callout)
        return finding_of(RESULT_OPEN, REASON_NONE);
    return find_by_answer(facts->sender.callout);
}

/* Whom the answer is about. */
static void describe_recipient(struct text *text, const struct facts *facts)
{
    const struct mailpath *path = &facts->sender.path;
    enum callout_outcome outcome = facts->sender.callout->outcome;

    if (outcome == CALLOUT_NO_POSTMASTER)
        text_addf(text, "<postmaster@%s>", path->domain);
    else if (outcome == CALLOUT_ACCEPTS_ANYTHING)
        text_addf(text, "a mailbox at %s that cannot exist", path->domain);
    else
        words_add_sender(text, path);
}

/* What the exchanger was told when it answered, or did not. */
static void describe_stage(struct text *text, const struct facts *facts)
{
    switch (facts->sender.callout->stage) {
    case CALLOUT_AT_CONNECT:
    case CALLOUT_AT_GREETING:
        text_add(text, "our connection");
        return;
    case CALLOUT_AT_HELO:
        text_add(text, "EHLO or HELO");
        return;
    case CALLOUT_AT_MAIL:
        text_add(text, (facts->sender.callout->found & CALLOUT_FOUND_NO_BOUNCES)
                           ? "MAIL with an address of ours, <> being refused"
                           : "MAIL FROM:<>");
        return;
    case CALLOUT_AT_RCPT:
        if (facts->sender.callout->left_alone) {
            text_add(text, "RCPT for another sender");
            return;
        }
        text_add(text, "RCPT TO:");
        describe_recipient(text, facts);
        return;
    }
}

static void describe_reply(struct text *text, const struct facts *facts)
{
    const struct callout_answer *answer = facts->sender.callout;

    text_addf(text, " answered %u to ", (unsigned)answer->code);
    describe_stage(text, facts);
    if (answer->words[0] != '\0')
        text_addf(text, ": \"%s\"", answer->words);
}

static void describe_silence(struct text *text, const struct facts *facts)
{
    const struct callout_answer *answer = facts->sender.callout;

    switch (answer->trouble) {
    case CALLOUT_TROUBLE_REFUSED:
        text_add(text, " refused the connection");
        return;
    case CALLOUT_TROUBLE_NO_ROUTE:
        text_add(text, " could not be reached over the network");
        return;
    case CALLOUT_TROUBLE_TIMEOUT:
        text_add(text, " did not answer ");
        describe_stage(text, facts);
        text_add(text, " in time");
        return;
    case CALLOUT_TROUBLE_CLOSED:
        text_add(text, " closed the connection before it answered ");
        describe_stage(text, facts);
        return;
    case CALLOUT_TROUBLE_PROTOCOL:
        text_add(text, " gave an answer to ");
        describe_stage(text, facts);
        text_add(text, " that is not SMTP");
        return;
    case CALLOUT_TROUBLE_TLS:
        text_add(text, " and we could not agree on TLS, which must be");
        return;
    case CALLOUT_TROUBLE_OURSELVES:
        text_add(text, " is ourselves, for it has our name");
        return;
    case CALLOUT_TROUBLE_NONE:
        text_add(text, " gave no answer to ");
        describe_stage(text, facts);
        return;
    }
}

static void describe_no_utf8(struct text *text, const struct facts *facts)
{
    text_add(text, " does not offer SMTPUTF8 (RFC 6531), which ");
    words_add_sender(text, &facts->sender.path);
    text_add(text, " needs");
}

static void describe_tls(struct text *text, enum callout_tls tls)
{
    switch (tls) {
    case CALLOUT_TLS_NOT_USED:
        return;
    case CALLOUT_TLS_USED:
        text_add(text, " (by TLS)");
        return;
    case CALLOUT_TLS_FAILED:
        text_add(text, " (in the clear, for TLS with it failed)");
        return;
    }
}

/* How long ago it was that an answer from memory was given. */
static void describe_age(struct text *text, uint32_t age_s)
{
    static const struct {
        uint32_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    size_t unit = 0;

    if (age_s == 0)
        return;
    while (age_s < units[unit].seconds)
        unit++;
    uint32_t count = age_s / units[unit].seconds;
    text_addf(text, " (%u %s%s ago)", (unsigned)count, units[unit].name,
              count == 1 ? "" : "s");
}

static void describe_answer(struct text *text, const struct facts *facts)
{
    const struct callout_answer *answer = facts->sender.callout;

    if (answer->outcome == CALLOUT_INTERNAL) {
        text_add(text, "an error of our own kept us from verifying ");
        words_add_sender(text, &facts->sender.path);
        return;
    }
    if (answer->outcome == CALLOUT_WALLED_OFF) {
        text_add(text, "our callouts reach no mail server at present, so that "
                       "nobody could be asked about ");
        words_add_sender(text, &facts->sender.path);
        return;
    }
    if (answer->outcome == CALLOUT_CAPACITY) {
        text_add(text, "too many senders are being verified at once to ask "
                       "about ");
        words_add_sender(text, &facts->sender.path);
        return;
    }
    if (answer->exchanger[0] == '\0') {
        text_addf(text, "no mail exchanger of %s could be asked",
                  facts->sender.path.domain);
        return;
    }
    text_add(text, answer->exchanger);
    if (facts->sender.path.form != MAILPATH_LITERAL) {
        text_add(text, " [");
        words_add_address(text, &answer->address);
        text_add(text, "]");
    }
    if (answer->left_alone)
        text_add(text, " is left alone for a while, for it");
    if (answer->code != 0)
        describe_reply(text, facts);
    else if (answer->outcome == CALLOUT_NO_SMTPUTF8)
        describe_no_utf8(text, facts);
    else
        describe_silence(text, facts);
    describe_tls(text, answer->tls);
    describe_age(text, facts->sender.callout_age_s);
    if (answer->outcome == CALLOUT_GIVEN_UP)
        text_add(text, "; it has been so for longer than we put mail off");
}

void callout_describe(struct text *text, struct finding finding,
                      const struct facts *facts,
                      const struct check_settings *settings)
{
    struct finding domain = sender_domain_find(facts, settings);

    if (domain.result != RESULT_PASS) {
        sender_domain_describe(text, domain, facts, settings);
    } else if (!facts->sender.callout || finding.result == RESULT_OPEN ||
               finding.reason == REASON_IN_PROGRESS) {
        text_add(text, "we are still asking the mail exchanger of the sender "
                       "whether it accepts mail to ");
        words_add_sender(text, &facts->sender.path);
    } else {
        describe_answer(text, facts);
    }
}
