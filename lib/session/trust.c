/* SPDX-License-Identifier: BSD-2-Clause */
/* trust.c - a session that waits for the canary's word before it makes a fail
 * of what DNS says */
#include "session/parts.h"

#include <stddef.h>

/* On the loop: a round is over. */
static void tried(struct canary_ask *ask)
{
    void *around = (char *)ask - offsetof(struct session, canary);
    struct session *session = around;

    pthread_mutex_lock(&session->lock);
    session->tries = false;
    session->step(session);
    pthread_mutex_unlock(&session->lock);
    session_drop(session);
}

/* Once we stop nobody is left to carry the questions: what is open stays so. */
static void want_trust(struct session *session)
{
    if (session->tries || atomic_load(&session->service->stopping))
        return;
    session->tries = true;
    session->canary.done = tried;
    session_hold(session);
    canary_want(session->service->canary, &session->canary);
}

void evaluation_want_trust(const struct message *message,
                           const struct evaluation *evaluation,
                           const struct facts *facts,
                           const struct evidence *evidence)
{
    for (enum check check = 0; check < CHECK_COUNT; check++) {
        if (evidence->findings.of[check].result != RESULT_OPEN ||
            !check_waits_for_trust(check, facts, &evaluation->rules->settings))
            continue;
        want_trust(message->session);
        return;
    }
}

void evaluation_note_doubts(const struct message *message,
                            const struct evaluation *evaluation,
                            const struct facts *facts,
                            const struct evidence *evidence)
{
    for (enum check check = 0; check < CHECK_COUNT; check++)
        if (evidence->findings.of[check].result == RESULT_TEMPERROR &&
            check_is_doubted(check, facts, &evaluation->rules->settings))
            canary_note_doubt(message->session->service->canary);
}

static bool is_fail(enum callout_outcome outcome)
{
    return outcome == CALLOUT_NO_SUCH_MAILBOX ||
           outcome == CALLOUT_REFUSES_BOUNCES ||
           outcome == CALLOUT_NO_POSTMASTER;
}

/* While the resolver is lost it stands: asking anew would lead astray. */
bool callout_is_doubted(const struct service *service,
                        const struct callout_answer *answer)
{
    const struct trust trust = canary_trust(service->canary);

    return is_fail(answer->outcome) && !trust_is_lost(&trust) &&
           answer->learnt < trust.from;
}
