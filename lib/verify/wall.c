/* SPDX-License-Identifier: BSD-2-Clause */
/* wall.c - counting the hosts that could not be connected to since the last
 * that could, and weighing what a hearing has shown */
#include "verify/wall.h"

#include "base/log.h"

static bool is_known(const struct wall *wall, const struct address *host)
{
    for (size_t i = 0; i < wall->count; i++)
        if (address_equal(&wall->missed[i], host))
            return true;
    return false;
}

void wall_missed(struct wall *wall, const struct address *host, instant now)
{
    if (wall->count == 0)
        wall->since = now;
    if (wall->count < WALL_HOSTS && !is_known(wall, host))
        wall->missed[wall->count++] = *host;
    if (wall->count == WALL_HOSTS &&
        now >= instant_after_s(wall->since, WALL_S))
        wall->suspected = true;
}

/* Strangers can bring suspicions about: how often hearings are made and doubts
 * are logged is held to beyond each of them. */
static void begin_anew(struct wall *wall)
{
    *wall = (struct wall){.next_hearing = wall->next_hearing,
                          .next_doubt = wall->next_doubt};
}

void wall_passed(struct wall *wall)
{
    if (wall->stands)
        log_line(LOG_LEVEL_NOTICE, "callouts can connect again");
    begin_anew(wall);
}

bool wall_wants_hearing(struct wall *wall, instant now)
{
    if (!wall->suspected || wall->trying || now < wall->next_hearing)
        return false;
    wall->trying = true;
    wall->next_hearing = instant_after_s(now, WALL_HEARING_S);
    return true;
}

/* Whether it is time for the next word. */
static bool may_say(instant *next, instant now)
{
    if (now < *next)
        return false;
    *next = instant_after_s(now, WALL_SAY_S);
    return true;
}

static unsigned age_s(const struct wall *wall, instant now)
{
    return (unsigned)((now - wall->since) / 1000000);
}

static void believe(struct wall *wall, const char *hosts, instant now)
{
    if (!wall->stands)
        wall->next_try = instant_after_s(now, WALL_TRY_S);
    wall->stands = true;
    if (may_say(&wall->next_word, now))
        log_line(LOG_LEVEL_ERROR,
                 "no callout has been able to connect to any host for %u s, "
                 "and hosts of our own choice cannot be connected to either "
                 "(%s): is our way out to port 25 shut? Senders are "
                 "unknown/walled-off until one can; that is tried every %d s",
                 age_s(wall, now), hosts, WALL_TRY_S);
}

static void dismiss(struct wall *wall, const char *hosts, instant now)
{
    if (wall->stands)
        log_line(LOG_LEVEL_NOTICE, "callouts can connect again (%s)", hosts);
    else if (may_say(&wall->next_doubt, now))
        log_line(LOG_LEVEL_NOTICE,
                 "no callout has been able to connect to any of %d hosts for "
                 "%u s, but our way out to port 25 is open (%s): the fault is "
                 "theirs",
                 WALL_HOSTS, age_s(wall, now), hosts);
    begin_anew(wall);
}

static void doubt(struct wall *wall, const char *hosts, instant now)
{
    if (!wall->stands && may_say(&wall->next_doubt, now))
        log_line(LOG_LEVEL_WARNING,
                 "no callout has been able to connect to any of %d hosts for "
                 "%u s, and too few others are known that could show whether "
                 "our way out to port 25 is shut (%s): it is taken for open, "
                 "and each sender judged for himself. `callout.witness` can "
                 "name a host that shows it",
                 WALL_HOSTS, age_s(wall, now), hosts);
}

void wall_heard(struct wall *wall, enum wall_proof proof, const char *hosts,
                instant now)
{
    if (!wall->trying)
        return;
    wall->trying = false;
    switch (proof) {
    case WALL_PROOF_NONE:
        doubt(wall, hosts, now);
        break;
    case WALL_PROOF_SHUT:
        believe(wall, hosts, now);
        break;
    case WALL_PROOF_PASSES:
        dismiss(wall, hosts, now);
        break;
    }
}

bool wall_lets(struct wall *wall, instant now)
{
    if (!wall->stands)
        return true;
    if (now < wall->next_try)
        return false;
    wall->next_try = instant_after_s(now, WALL_TRY_S);
    return true;
}
