/* SPDX-License-Identifier: BSD-2-Clause */
/* politeness.c - what a day's callouts are to those who are called
 *
 *   politeness [-n MESSAGES] [-c] POLICY
 *
 *   -n  messages in the day (1,000,000)
 *   -c  exit with 1 when there are more than 1.1 callouts for each sender, or
 *       a host sees no fewer than the plain verifier's
 *
 * The verifier, its limits and memory, the dialogue, the meaning of replies,
 * routes, checks and policy are the program's own. Simulated are the clock,
 * what DNS says and the connections (simulation.h), the mail and the
 * exchangers (traffic.c, world.c). The same day is then played before a
 * verifier that keeps nothing (plain.c). A callout is a connection; a host, a
 * machine with all its addresses. The day is the same in every run; what a
 * full memory forgets first is not quite, for its hashes have keys drawn anew.
 *
 * `callout.when: clean` is not shown, for no message here fails another check:
 * in the field those keep a good part of the forged ones from the callout.
 * Nothing is known when the day begins; a later one would begin with what seven
 * have taught.
 */
#include "bench.h"
#include "day/asking.h"
#include "day/census.h"
#include "day/simulation.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DOMAINS       200000
#define MESSAGES      1000000
#define MESSAGES_MOST 10000000

/* The first day's beginning: any that is past the longest memory. */
#define BEGIN ((instant)30 * TRAFFIC_DAY_S * 1000000)

/* After the day's last message, for its answer. */
#define REST_S 600

/* Of callouts for each sender, with -c. */
#define CALLS_AIM 1.1

/** What a day has come to. */
struct outcome {
    struct world_tally world;
    struct mail_tally mail;
};

static const char usage[] = "usage: politeness [-n MESSAGES] [-c] POLICY";

static struct policy *read_policy(const char *file)
{
    struct complaints complaints = {0};
    struct policy *policy = policy_read(file, &complaints);
    for (size_t i = 0; policy == NULL && i < complaints.count; i++)
        fprintf(stderr, "%s\n", complaints.at[i].text);
    complaints_clear(&complaints);
    if (policy == NULL)
        bench_fail("no policy", 0);
    return policy;
}

/* Play the day before one of the verifiers. */
static struct outcome play(const struct policy *policy, uint32_t messages,
                           bool remembers)
{
    struct world *world = world_new(DOMAINS);
    struct traffic *traffic = traffic_new(world, DOMAINS, messages);
    struct loop *loop = simulation_new(world, BEGIN);
    struct plain plain = {loop, policy};
    struct mail_verifier verifier = plain_verifier(&plain);
    struct remembering *remembering = NULL;
    if (remembers) {
        remembering = remembering_new(loop, policy);
        verifier = remembering_verifier(remembering);
    }
    struct mail *mail = mail_new(loop, world, traffic, policy, &verifier);
    simulation_run(loop, instant_after_s(BEGIN, TRAFFIC_DAY_S + REST_S));
    if (remembers)
        remembering_free(&remembering);
    struct outcome outcome = {world_tally(world), mail_tally(mail)};
    mail_free(&mail);
    simulation_free(&loop);
    traffic_free(&traffic);
    world_free(&world);
    return outcome;
}

static uint32_t sum(const uint32_t fates[FATES])
{
    return fates[FATE_PASSED] + fates[FATE_UNVERIFIED] + fates[FATE_REFUSED] +
           fates[FATE_PUT_OFF];
}

static void print_count(const char *what, uint32_t ours, uint32_t plain)
{
    printf("%-42s %8u %10u %8.2f\n", what, (unsigned)ours, (unsigned)plain,
           (double)ours / plain);
}

static void print_rate(const char *what, uint64_t ours, uint64_t plain,
                       double of)
{
    printf("%-42s %8.2f %10.2f %8.2f\n", what, (double)ours / of,
           (double)plain / of, (double)ours / (double)plain);
}

static void print_share(const char *what, const uint32_t ours[FATES],
                        const uint32_t plain[FATES], enum fate fate)
{
    printf("%-42s %8.1f %10.1f\n", what, 1e2 * ours[fate] / sum(ours),
           1e2 * plain[fate] / sum(plain));
}

static void report(const struct outcome *ours, const struct outcome *plain,
                   uint32_t messages, uint32_t senders)
{
    const double thousands = messages / 1000.0;
    const struct world_tally *us = &ours->world, *them = &plain->world;
    printf("%-42s %8s %10s %8s\n", "", "Bonafide", "plain", "ratio");
    print_rate("callouts, of 1,000 messages", us->calls, them->calls,
               thousands);
    print_rate("  to hosts that would not talk to us", us->in_vain,
               them->in_vain, thousands);
    print_rate("  for each sender", us->calls, them->calls, senders);
    print_count("the most that a host saw in a minute", us->most_in_minute,
                them->most_in_minute);
    print_count("the most that a host saw in the day", us->most_in_day,
                them->most_in_day);
    print_count("hosts that shut us out", us->shut_out, them->shut_out);
    print_share("forged messages refused, %", ours->mail.forged,
                plain->mail.forged, FATE_REFUSED);
    print_share("  let through without an answer, %", ours->mail.forged,
                plain->mail.forged, FATE_UNVERIFIED);
    print_share("genuine messages put off beyond the day, %",
                ours->mail.genuine, plain->mail.genuine, FATE_PUT_OFF);
    print_share("  let through without an answer, %", ours->mail.genuine,
                plain->mail.genuine, FATE_UNVERIFIED);
}

static bool is_politer(const struct world_tally *ours,
                       const struct world_tally *plain, uint32_t senders)
{
    return (double)ours->calls <= CALLS_AIM * senders &&
           ours->most_in_minute < plain->most_in_minute &&
           ours->most_in_day < plain->most_in_day;
}

static bool has_all(const struct mail_tally *tally, uint32_t messages)
{
    return sum(tally->genuine) + sum(tally->forged) == messages;
}

/* How many there are in the same day. */
static uint32_t count_senders(uint32_t messages)
{
    struct world *world = world_new(DOMAINS);
    struct traffic *traffic = traffic_new(world, DOMAINS, messages);
    uint32_t senders = census_senders(traffic, messages);
    traffic_free(&traffic);
    world_free(&world);
    return senders;
}

int main(int argc, char **argv)
{
    uint32_t messages = MESSAGES;
    bool check = false;
    int option;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    while ((option = getopt(argc, argv, "cn:")) != -1) {
        if (option == 'n')
            messages = bench_number('n', optarg, MESSAGES_MOST);
        else if (option == 'c')
            check = true;
        else
            bench_fail(usage, 0);
    }
    if (optind != argc - 1 || messages == 0)
        bench_fail(usage, 0);
    struct policy *policy = read_policy(argv[optind]);
    const uint32_t senders = count_senders(messages);
    const struct outcome ours = play(policy, messages, true);
    const struct outcome plain = play(policy, messages, false);
    policy_drop(policy);
    printf("%u messages, 30 %% of them forged, from %u different senders\n",
           (unsigned)messages, (unsigned)senders);
    report(&ours, &plain, messages, senders);
    if (!has_all(&ours.mail, messages) || !has_all(&plain.mail, messages))
        bench_fail("messages were lost", 0);
    return check && !is_politer(&ours.world, &plain.world, senders)
               ? EXIT_FAILURE
               : EXIT_SUCCESS;
}
