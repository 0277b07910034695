/* SPDX-License-Identifier: BSD-2-Clause */
/* wall.c - counting the hosts that could not be connected to since the last
 * that could */
#include "verify/wall.h"

#include "base/log.h"

static bool is_known(const struct wall *wall, const struct address *host)
{
    for (size_t i = 0; i < wall->count; i++)
        if (address_equal(&wall->missed[i], host))
            return true;
    return false;
}

static void say(struct wall *wall, instant now)
{
    if (now < wall->next_word)
        return;
    wall->next_word = instant_after_s(now, WALL_SAY_S);
    log_line(LOG_LEVEL_ERROR,
             "no callout has been able to connect to any host for %u s: is our "
             "way out to port 25 shut? Senders are unknown/walled-off until "
             "one does; that is tried every %d s",
             (unsigned)((now - wall->since) / 1000000), WALL_TRY_S);
}

void wall_missed(struct wall *wall, const struct address *host, instant now)
{
    if (wall->count == 0)
        wall->since = now;
    if (wall->count < WALL_HOSTS && !is_known(wall, host))
        wall->missed[wall->count++] = *host;
    if (wall->count < WALL_HOSTS || now < instant_after_s(wall->since, WALL_S))
        return;
    if (!wall->stands)
        wall->next_try = instant_after_s(now, WALL_TRY_S);
    wall->stands = true;
    say(wall, now);
}

void wall_passed(struct wall *wall)
{
    if (wall->stands)
        log_line(LOG_LEVEL_NOTICE, "callouts can connect again");
    *wall = (struct wall){0};
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
