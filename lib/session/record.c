/* SPDX-License-Identifier: BSD-2-Clause */
/* record.c - what comes of a verdict: the reply, the line in the log, the tag,
 * the first sights */
#include "session/parts.h"

#include <stdio.h>
#include <stdlib.h>

#define DETAIL_SIZE 1024
#define REPLY_SIZE  1536

/** A line as the log takes it: what has no room is cut here, within its quotes,
 * and not there. */
#define RECORD_SIZE (LOG_LINE_MOST + 1)

/** Octets that are logged of a HELO argument which is no name: it may have
 * 64 KiB, and what follows it in the line must find its place. */
#define ODD_HELO_MOST 100

static const char *stage_name(enum stage stage)
{
    switch (stage) {
    case STAGE_HELO:
        return "helo";
    case STAGE_MAIL:
        return "mail";
    case STAGE_RCPT:
        return "rcpt";
    case STAGE_DATA:
        return "data";
    }
    return "";
}

/* A value that is not known is left out. */
static void add_if(struct text *line, const char *key, struct span value)
{
    if (value.length > 0)
        text_add_pair(line, key, value);
}

static struct span client_text(const struct session *session,
                               char text[ADDRESS_TEXT_SIZE])
{
    if (!session->client.known)
        return span_of("");
    return span_of(address_format(&session->client.address, text));
}

static struct span reverse_name(const struct facts *facts)
{
    const char *name = NULL;

    facts_reverse(facts, &name);
    return span_of(name ? name : "");
}

static struct span helo_said(const struct helo_facts *helo)
{
    struct span text = helo->text;

    if (helo->form != HELO_NAME && text.length > ODD_HELO_MOST)
        text.length = ODD_HELO_MOST;
    return text;
}

/* As a reply has it: with the null sender to be seen. */
static struct span sender_said(const struct message *message)
{
    const struct sender_facts *sender = &message->sender;

    if (sender->given && sender->path.form == MAILPATH_NULL)
        return span_of("<>");
    return span_of(message->sender_wire);
}

static void write_detail(struct text *detail, const struct facts *facts,
                         const struct rules *rules,
                         const struct verdict *verdict)
{
    check_describe(detail, verdict->check, verdict->finding, facts,
                   &rules->settings);
}

/* Of a listing it is the list that tells why. */
static struct span reason_said(const struct verdict *verdict,
                               const struct facts *facts)
{
    struct span text = {NULL, 0};

    if (verdict->check == CHECK_DNSBL && verdict->finding.result == RESULT_FAIL)
        text = dnsbl_text(facts);
    return text.length > 0 ? text
                           : span_of(reason_name(verdict->finding.reason));
}

/* What the texts of a reply may speak of whatever it is for. */
static struct reply_words words_of(const struct message *message,
                                   const struct facts *facts,
                                   char address[ADDRESS_TEXT_SIZE])
{
    return (struct reply_words){
        .client = client_text(message->session, address),
        .reverse = reverse_name(facts),
        .helo = facts->helo.text,
        .sender = sender_said(message),
        .id = span_of(message->id),
        .identity = span_of(message->session->policy->site.identity),
    };
}

/* The refusal of a verdict; NULL when it is none, or when memory ends. */
static struct reply *make_reply(const struct message *message,
                                const struct evaluation *evaluation,
                                const struct trial *trial,
                                const struct facts *facts,
                                const struct verdict *verdict)
{
    char address[ADDRESS_TEXT_SIZE], buffer[DETAIL_SIZE];
    struct reply_words words;
    struct text detail;
    struct reply *reply;

    if (verdict->kind < ACTION_TEMPFAIL || !(reply = malloc(sizeof *reply)))
        return NULL;
    text_begin(&detail, buffer, sizeof buffer);
    write_detail(&detail, facts, evaluation->rules, verdict);
    words = words_of(message, facts, address);
    words.recipient = span_of(trial->recipient);
    words.reason = reason_said(verdict, facts);
    words.detail = (struct span){buffer, detail.length};
    words.distrust =
        verdict->finding.result == RESULT_TEMPERROR &&
        verdict->finding.reason == REASON_NONE &&
        check_is_doubted(verdict->check, facts, &evaluation->rules->settings);
    reply_write(reply, verdict, &words);
    return reply;
}

/* The same for `policy.forged-results`. */
static struct reply *make_forged_reply(const struct message *message,
                                       struct span detail)
{
    const struct action *how = &message->session->policy->forged_results;
    char address[ADDRESS_TEXT_SIZE];
    struct reply_words words;
    struct facts facts;
    struct reply *reply;

    if (how->kind < ACTION_TEMPFAIL || !(reply = malloc(sizeof *reply)))
        return NULL;
    message_facts(message, &facts);
    words = words_of(message, &facts, address);
    words.detail = detail;
    reply_write_forged(reply, how, &words);
    return reply;
}

static struct span kept_words(const struct message *message)
{
    const bool dns = !dns_batch_sent(message->session->batch) &&
                     !dns_batch_sent(message->greeting->batch) &&
                     !dns_batch_sent(message->batch);

    if (message->callout_kept)
        return span_of(dns ? "dns,callout" : "callout");
    return span_of(dns ? "dns" : "");
}

static void add_reply(struct text *line, const struct reply *reply)
{
    char buffer[REPLY_SIZE];
    struct text words;

    text_begin(&words, buffer, sizeof buffer);
    text_addf(&words, "%u %s", reply->code, reply->status);
    for (size_t i = 0; i < reply->count; i++) {
        text_add(&words, i ? " / " : " ");
        text_add(&words, reply->line[i]);
    }
    text_add_pair(line, "reply", (struct span){buffer, words.length});
}

/* The keys of a verdict's line that tell whose it is, in the manual's order. */
static void add_whose(struct text *line, const struct message *message,
                      enum stage stage, const char *recipient,
                      const char *queue)
{
    struct facts facts;
    char address[ADDRESS_TEXT_SIZE];

    message_facts(message, &facts);
    add_if(line, "client", client_text(message->session, address));
    add_if(line, "reverse", reverse_name(&facts));
    add_if(line, "helo", helo_said(&facts.helo));
    if (message->sender.given)
        text_add_pair(line, "sender", span_of(message->sender_wire));
    add_if(line, "recipient", span_of(recipient));
    text_add_pair(line, "stage", span_of(stage_name(stage)));
    text_add_pair(line, "id", span_of(message->id));
    add_if(line, "queue", span_of(queue));
}

static void add_mode(struct text *line, const struct message *message)
{
    if (message->session->policy->mode == MODE_MONITOR)
        text_add_pair(line, "mode", span_of("monitor"));
}

static void add_finding(struct text *line, enum check check,
                        const struct finding *finding)
{
    text_add_pair(line, "check", span_of(check_name(check)));
    text_add_pair(line, "result", span_of(result_name(finding->result)));
    add_if(line, "reason", span_of(reason_name(finding->reason)));
}

static void log_findings(const struct message *message,
                         const struct findings *findings)
{
    if (!log_wants(LOG_LEVEL_DEBUG))
        return;
    for (enum check check = 0; check < CHECK_COUNT; check++) {
        const struct finding *finding = &findings->of[check];
        char buffer[128];
        struct text line;

        text_begin(&line, buffer, sizeof buffer);
        add_finding(&line, check, finding);
        text_add_pair(&line, "id", span_of(message->id));
        log_line(LOG_LEVEL_DEBUG, "%s", buffer);
    }
}

/* What the line tells of: the finding that decided; of a message that goes on,
 * the first that a fault of our own has kept from deciding. NULL: nothing. */
static const struct finding *finding_told(const struct verdict *verdict,
                                          const struct findings *findings,
                                          enum check *check)
{
    *check = verdict->check;
    if (verdict->kind != ACTION_CONTINUE)
        return &verdict->finding;
    for (*check = 0; *check < CHECK_COUNT; (*check)++)
        if (findings->of[*check].reason == REASON_INTERNAL)
            return &findings->of[*check];
    return NULL;
}

/* What our own fault comes from. */
static void add_detail(struct text *line, const struct finding *finding,
                       const struct facts *facts)
{
    if (finding && finding->reason == REASON_INTERNAL)
        add_if(line, "detail", span_of(fault_text(facts_fault(facts))));
}

static void log_verdict(const struct message *message, enum stage stage,
                        const struct trial *trial, const struct facts *facts,
                        const struct findings *findings,
                        const struct verdict *verdict)
{
    enum check check;
    const struct finding *told = finding_told(verdict, findings, &check);
    const struct clock *clock = message->session->service->clock;
    char buffer[RECORD_SIZE], ms[24];
    struct text line;

    text_begin(&line, buffer, sizeof buffer);
    text_add_pair(&line, "verdict", span_of(action_name(verdict->kind)));
    add_mode(&line, message);
    if (told)
        add_finding(&line, check, told);
    add_whose(&line, message, stage, trial->recipient, trial->queue);
    snprintf(ms, sizeof ms, "%lld",
             (long long)(clock_now(clock) - trial->begun) / 1000);
    text_add_pair(&line, "ms", span_of(ms));
    add_if(&line, "kept", kept_words(message));
    add_detail(&line, told, facts);
    if (trial->reply)
        add_reply(&line, trial->reply);
    log_line(LOG_LEVEL_INFO, "%s", buffer);
}

void evaluation_decide(struct message *message,
                       const struct evaluation *evaluation,
                       const struct facts *facts,
                       const struct evidence *evidence,
                       const struct verdict *verdict)
{
    log_findings(message, &evidence->findings);
    for (struct trial *t = evaluation->trials; t; t = t->next) {
        t->reply = make_reply(message, evaluation, t, facts, verdict);
        t->reply_lost = verdict->kind >= ACTION_TEMPFAIL && !t->reply;
        if (log_wants(LOG_LEVEL_INFO))
            log_verdict(message, evaluation->stage, t, facts,
                        &evidence->findings, verdict);
    }
    if (message->session->policy->mode == MODE_MONITOR)
        return;
    sightings_note(message, evaluation->rules, facts, &evidence->findings);
    if (verdict->kind == ACTION_TAG && !message->tag_rules) {
        message->tag_rules = evaluation->rules;
        message->tag_findings = evidence->findings;
    }
}

struct reply *record_forged(const struct message *message, const char *queue)
{
    const struct policy *policy = message->session->policy;
    char buffer[RECORD_SIZE], words[DETAIL_SIZE];
    struct text line, detail;
    struct reply *reply;

    text_begin(&detail, words, sizeof words);
    text_addf(&detail,
              "this message has %u " AUTHRES_NAME " header fields in the name "
              "of %s, of which at most %d would be removed",
              message->forged_count, policy->site.identity,
              AUTHRES_FORGED_MOST);
    reply = make_forged_reply(message, (struct span){words, detail.length});
    if (!log_wants(LOG_LEVEL_INFO))
        return reply;
    text_begin(&line, buffer, sizeof buffer);
    text_add_pair(&line, "verdict",
                  span_of(action_name(policy->forged_results.kind)));
    add_mode(&line, message);
    text_add_pair(&line, "reason", span_of("forged-results"));
    add_whose(&line, message, STAGE_DATA, "", queue ? queue : "");
    text_add_pair(&line, "detail", (struct span){words, detail.length});
    if (reply)
        add_reply(&line, reply);
    log_line(LOG_LEVEL_INFO, "%s", buffer);
    return reply;
}

void record_acceptance(const struct message *message, enum stage stage,
                       const char *recipient, const char *queue,
                       const struct exception *exception)
{
    char buffer[RECORD_SIZE];
    struct text line;

    if (!log_wants(LOG_LEVEL_INFO))
        return;
    text_begin(&line, buffer, sizeof buffer);
    text_add_pair(&line, "verdict", span_of("accept"));
    add_mode(&line, message);
    text_add_pair(&line, "reason", span_of(exception->name));
    add_whose(&line, message, stage, recipient ? recipient : "",
              queue ? queue : "");
    log_line(LOG_LEVEL_INFO, "%s", buffer);
}
