/* SPDX-License-Identifier: BSD-2-Clause */
/* visit.c - an exchanger's replies, and the patience that it has with us */
#include "visit.h"

#include <stdio.h>
#include <string.h>

#define US_PER_S   INT64_C(1000000)
#define S_PER_MIN  60
#define S_PER_HOUR 3600
#define S_PER_DAY  86400

#define COMMAND_SIZE 600 /* RFC 5321 4.5.3.1.4, with room */

static bool has_shut_out(const struct host *host, instant now)
{
    return host->shuns || now < host->shut_until;
}

static bool has_enough(const struct host *host)
{
    return host->calls_a_minute > 0 &&
           host->calls_in_minute > host->calls_a_minute;
}

void visit_knock(struct host *host, instant now)
{
    int64_t minute = now / (S_PER_MIN * US_PER_S);
    if (minute != host->minute)
        host->calls_in_minute = 0;
    host->minute = minute;
    host->calls++;
    host->calls_in_minute++;
    if (host->calls_in_minute > host->most_in_minute)
        host->most_in_minute = host->calls_in_minute;
    host->in_vain +=
        host->door != HOST_OPEN || has_shut_out(host, now) || has_enough(host);
}

/* Who shuts out for less than a day means to be asked again. */
void visit_greet(const struct visit *visit, instant now, struct text *reply)
{
    const struct host *host = visit->host;
    bool shut_out = has_shut_out(host, now);
    if (shut_out && (host->shuns || host->shut_s >= S_PER_DAY))
        text_add(reply, "554 5.7.1 Your host is blocked here\r\n");
    else if (shut_out || has_enough(host))
        text_add(reply, "421 4.7.0 Too much of you, come later\r\n");
    else
        text_add(reply, "220 mx.example ESMTP\r\n");
}

static void count_refusal(struct host *host, instant now)
{
    int64_t hour = now / (S_PER_HOUR * US_PER_S);
    if (hour != host->hour)
        host->refusals_in_hour = 0;
    host->hour = hour;
    host->refusals_in_hour++;
    if (host->refusals_an_hour == 0 ||
        host->refusals_in_hour <= host->refusals_an_hour)
        return;
    host->shut_out = true;
    host->shut_until = instant_after_s(now, host->shut_s);
}

/* What it says to RCPT. */
static const char *word_on(const struct visit *visit, const char *command,
                           instant now)
{
    char local[COMMAND_SIZE];
    char *domain = NULL;
    if (sscanf(command, "%*[^<]<%599[^>]>", local) == 1)
        domain = strrchr(local, '@');
    if (!visit->has_sender)
        return "503 5.5.1 MAIL first\r\n";
    if (domain == NULL)
        return "501 5.1.3 This is no address\r\n";
    if (world_puts_off(visit->world, visit->host, local, now))
        return "450 4.2.0 Greylisted, come again in 5 minutes\r\n";
    *domain++ = '\0';
    if (world_has_mailbox(visit->world, local, domain))
        return "250 2.1.5 Ok\r\n";
    count_refusal(visit->host, now);
    return "550 5.1.1 No such user\r\n";
}

static const char *reply_to(struct visit *visit, const char *command,
                            instant now)
{
    if (strncmp(command, "EHLO ", 5) == 0)
        return visit->host->tls ? "250-mx.example\r\n250-STARTTLS\r\n"
                                  "250 PIPELINING\r\n"
                                : "250-mx.example\r\n250 PIPELINING\r\n";
    if (strncmp(command, "RCPT ", 5) == 0)
        return word_on(visit, command, now);
    if (strncmp(command, "MAIL ", 5) == 0) {
        visit->has_sender = !visit->host->refuses_bounces ||
                            strncmp(command, "MAIL FROM:<>", 12) != 0;
        return visit->has_sender ? "250 2.1.0 Ok\r\n"
                                 : "550 5.1.7 No bounces are taken here\r\n";
    }
    if (strcmp(command, "RSET") == 0)
        visit->has_sender = false;
    if (strcmp(command, "STARTTLS") == 0)
        return "220 2.0.0 Ready\r\n";
    if (strcmp(command, "QUIT") == 0)
        return "221 2.0.0 Bye\r\n";
    return "250 2.0.0 Ok\r\n"; /* HELO, RSET */
}

void visit_take(struct visit *visit, struct span commands, instant now,
                struct text *replies)
{
    char command[COMMAND_SIZE];
    size_t length = 0;
    for (size_t i = 0; i < commands.length; i++) {
        char octet = commands.at[i];
        if (octet == '\n') {
            command[length] = '\0';
            text_add(replies, reply_to(visit, command, now));
            length = 0;
        } else if (octet != '\r' && length < sizeof(command) - 1) {
            command[length++] = octet;
        }
    }
}
