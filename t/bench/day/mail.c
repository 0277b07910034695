/* SPDX-License-Identifier: BSD-2-Clause */
/* mail.c - messages on their timers: until they come, and until they come
 * again */
#include "mail.h"

#include "../bench.h"
#include "check/check.h"
#include "dns.h"

#include <stdlib.h>

/* A queue tries again when a message's age has doubled, within these bounds
 * (Postfix's minimal_backoff_time and maximal_backoff_time). */
#define BACKOFF_LEAST_MS UINT32_C(300000)
#define BACKOFF_MOST_MS  UINT32_C(4000000)

struct message {
    struct mail *mail;
    struct loop_timer *timer; /* until it comes again */
    struct mailpath path;
    uint32_t domain;
    instant came;
    bool forged, comes_again;
};

struct mail {
    struct loop *loop;
    const struct world *world;
    struct traffic *traffic;
    const struct policy *policy;
    struct mail_verifier verifier;
    instant begin, end;
    struct loop_timer *timer; /* until `next` comes */
    struct envelope next;
    struct lookups lookups; /* of whichever message is at hand */
    struct mail_tally tally;
};

static instant now(const struct mail *mail)
{
    return clock_now(loop_clock(mail->loop));
}

const struct mailpath *message_path(const struct message *message)
{
    return &message->path;
}

/* The exchangers are in another order each time, as in a session. */
static const struct facts *look_up(struct message *message)
{
    struct mail *mail = message->mail;
    dns_look_up(&mail->lookups, mail->world, &mail->policy->site,
                &message->path, message->domain, mail->tally.tries);
    return &mail->lookups.facts;
}

size_t message_targets(struct message *message,
                       struct callout_target targets[CALLOUT_TARGETS_MOST])
{
    return facts_targets(look_up(message), targets);
}

static void try_message(struct message *message)
{
    const struct mail_verifier *verifier = &message->mail->verifier;
    message->mail->tally.tries++;
    verifier->ask(verifier->context, message);
}

static void on_again(void *context)
{
    try_message(context);
}

static void end_message(struct message *message, enum fate fate)
{
    struct mail_tally *tally = &message->mail->tally;
    if (message->forged)
        tally->forged[fate]++;
    else
        tally->genuine[fate]++;
    loop_timer_free(&message->timer);
    free(message);
}

static void put_off(struct message *message)
{
    instant at = now(message->mail);
    uint32_t wait_ms = instant_ms_until(message->came, at);
    if (wait_ms < BACKOFF_LEAST_MS)
        wait_ms = BACKOFF_LEAST_MS;
    if (wait_ms > BACKOFF_MOST_MS)
        wait_ms = BACKOFF_MOST_MS;
    instant again = instant_after_ms(at, wait_ms);
    if (message->comes_again && again < message->mail->end)
        loop_timer_set(message->timer, again);
    else
        end_message(message, FATE_PUT_OFF);
}

static struct finding find(struct message *message,
                           const struct callout_answer *answer)
{
    if (answer == NULL)
        return (struct finding){RESULT_TEMPERROR, REASON_IN_PROGRESS};
    struct mail *mail = message->mail;
    (void)look_up(message);
    mail->lookups.facts.sender.callout = answer;
    return check_find(CHECK_CALLOUT, &mail->lookups.facts,
                      &mail->policy->rules.settings);
}

void mail_answer(struct message *message, const struct callout_answer *answer)
{
    struct finding finding = find(message, answer);
    switch (rules_action(&message->mail->policy->rules, CHECK_CALLOUT, finding)
                ->kind) {
    case ACTION_CONTINUE:
    case ACTION_TAG:
        end_message(message, finding.result == RESULT_PASS ? FATE_PASSED
                                                           : FATE_UNVERIFIED);
        return;
    case ACTION_TEMPFAIL:
        put_off(message);
        return;
    case ACTION_REJECT:
        end_message(message, FATE_REFUSED);
        return;
    }
}

static void set_next(struct mail *mail)
{
    instant at = INSTANT_NEVER;
    if (traffic_next(mail->traffic, &mail->next))
        at = mail->begin + mail->next.at;
    loop_timer_set(mail->timer, at);
}

static void on_next(void *context)
{
    struct mail *mail = context;
    struct message *message = bench_alloc(1, sizeof(*message));
    message->mail = mail;
    message->timer = loop_timer_new(mail->loop, on_again, message);
    mailpath_parse(&message->path, span_of(mail->next.sender));
    message->domain = mail->next.domain;
    message->came = now(mail);
    message->forged = mail->next.forged;
    message->comes_again = mail->next.comes_again;
    set_next(mail);
    try_message(message);
}

struct mail *mail_new(struct loop *loop, const struct world *world,
                      struct traffic *traffic, const struct policy *policy,
                      const struct mail_verifier *verifier)
{
    struct mail *mail = bench_alloc(1, sizeof(*mail));
    mail->loop = loop;
    mail->world = world;
    mail->traffic = traffic;
    mail->policy = policy;
    mail->verifier = *verifier;
    mail->begin = now(mail);
    mail->end = instant_after_s(mail->begin, TRAFFIC_DAY_S);
    mail->timer = loop_timer_new(loop, on_next, mail);
    set_next(mail);
    return mail;
}

struct mail_tally mail_tally(const struct mail *mail)
{
    return mail->tally;
}

void mail_free(struct mail **mail)
{
    loop_timer_free(&(*mail)->timer);
    free(*mail);
    *mail = NULL;
}
