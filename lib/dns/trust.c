/* SPDX-License-Identifier: BSD-2-Clause */
/* trust.c - rounds of a canary's questions, and what follows for answers */
#include "dns/trust.h"

/** What a half of a round says. */
enum half { HALF_UNTOLD, HALF_TRUE, HALF_LIE };

static bool is_denied(const struct dns_answer *answer)
{
    return answer->status == DNS_NXDOMAIN || answer->status == DNS_NODATA;
}

/* One family's denial is no lie, for the name may have the other one alone.
 * A failure beside it leaves open which it is. */
static enum half judge_own(const struct trust *trust,
                           const struct trust_round *round)
{
    if (round->own_a->status == DNS_FOUND ||
        round->own_aaaa->status == DNS_FOUND)
        return HALF_TRUE;
    if (trust->knows_us && is_denied(round->own_a) &&
        is_denied(round->own_aaaa))
        return HALF_LIE;
    return HALF_UNTOLD;
}

static enum half judge_impossible(const struct trust_round *round)
{
    if (round->impossible->status == DNS_FOUND)
        return HALF_LIE;
    return is_denied(round->impossible) ? HALF_TRUE : HALF_UNTOLD;
}

/* A liar has mended when it tells the truth about what it lied about: one that
 * denies everything is right about what cannot be. */
static bool is_mended(enum trust_word word, enum half own, enum half impossible)
{
    if (word == TRUST_DENIES)
        return own == HALF_TRUE;
    if (word == TRUST_FINDS)
        return impossible == HALF_TRUE;
    return true;
}

/* That one half says nothing is no fault: the servers of our own domain may be
 * down, or a resolver may refuse names without a top-level domain. */
static enum trust_word word_of(enum trust_word before, enum half own,
                               enum half impossible)
{
    if (impossible == HALF_LIE)
        return TRUST_FINDS;
    if (own == HALF_LIE)
        return TRUST_DENIES;
    if (!is_mended(before, own, impossible))
        return before;
    if (own == HALF_TRUE || impossible == HALF_TRUE)
        return TRUST_GOOD;
    return before == TRUST_GOOD ? TRUST_SILENT : before;
}

void trust_take(struct trust *trust, const struct trust_round *round,
                instant now)
{
    enum half own = judge_own(trust, round);
    enum half impossible = judge_impossible(round);
    enum trust_word word = word_of(trust->word, own, impossible);
    bool was_lost = trust_is_lost(trust);

    /* What finds everything finds us as well. */
    if (own == HALF_TRUE && impossible != HALF_LIE)
        trust->knows_us = true;
    trust->word = word;
    trust->answered = now;
    if (trust_is_lost(trust))
        trust->from = INSTANT_NEVER;
    else if (was_lost)
        trust->from = now;
}

void trust_forget_us(struct trust *trust, instant now)
{
    trust->knows_us = false;
    if (trust->word != TRUST_DENIES)
        return;
    trust->word = TRUST_MUTE;
    trust->answered = TRUST_NOT_ASKED;
    trust->from = now;
}

bool trust_is_lost(const struct trust *trust)
{
    return trust->word == TRUST_DENIES || trust->word == TRUST_FINDS;
}

enum trust_judgement trust_judge(const struct trust *trust, instant oldest,
                                 instant newest)
{
    if (trust->word == TRUST_BLIND)
        return TRUST_BELIEVED;
    if (oldest < trust->from)
        return TRUST_DOUBTED;
    if (instant_after_ms(trust->answered, TRUST_FRESH_MS) < newest)
        return TRUST_OPEN;
    /* DNS that answers what strangers ask and not what we ask is broken: that
     * costs a refusal, which is put off, and not good mail. */
    return trust->word == TRUST_SILENT ? TRUST_DOUBTED : TRUST_BELIEVED;
}

const char *trust_text(const struct trust *trust)
{
    switch (trust->word) {
    case TRUST_DENIES:
        return "our own DNS resolver denies our own name at present";
    case TRUST_FINDS:
        return "our own DNS resolver finds a name that cannot exist at present";
    case TRUST_SILENT:
        return "our own DNS resolver does not answer what it is tested with";
    case TRUST_BLIND:
    case TRUST_MUTE:
    case TRUST_GOOD:
        break;
    }
    return "our own DNS resolver gave wrong answers until a moment ago";
}
