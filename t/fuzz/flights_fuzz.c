/* SPDX-License-Identifier: BSD-2-Clause */
/* flights_fuzz.c - the verifier over exchangers that do what a script says:
 * each asker is told once and the truth, limits hold, nothing is left over
 *
 * An input is lines; HOSTS are digits, each a host, two in brackets one host
 * with an address in each family:
 *   limits TOTAL PER-HOST RATE PER-MS   tls NUMBER       catch-all   postmaster
 *   fallback         trust           fold                give-up SECONDS
 *   host NUMBER LINE (stand_in/network.h)
 *   ask PATIENCE HOSTS PATH             anew PATIENCE HOSTS PATH
 *   refresh HOSTS PATH                  pass MS          stop */
#include "fuzz.h"
#include "script.h"
#include "stand_in/network.h"
#include "verify/verifier.h"

#include <stdio.h>
#include <string.h>

#define ASKERS_MOST 64
#define STEPS_MOST  64
#define MEMORY      (1 << 18)
#define PASS_MOST   4000000
#define LAST_MS     200000 /* longer than any flight takes */

struct asker {
    struct verify_ask ask;
    struct callout_target targets[CALLOUT_TARGETS_MOST];
    unsigned told;
};

static struct {
    struct loop *loop;
    struct verifier *verifier;
    struct callout_settings settings;
    bool asked, stopped;
    struct asker askers[ASKERS_MOST];
    size_t count;
} world;

/* An answer for or against the address is what an exchanger has said of it. */
static void require_answer(const struct callout_answer *answer)
{
    const unsigned class = answer->code / 100;
    const enum callout_outcome outcome = answer->outcome;
    REQUIRE(script_is_printable(span_of(answer->words)));
    REQUIRE(outcome != CALLOUT_INTERNAL); /* nothing of ours fails here */
    if (outcome == CALLOUT_ACCEPTED)
        REQUIRE(class >= 2);
    if (outcome == CALLOUT_NO_SUCH_MAILBOX ||
        outcome == CALLOUT_REFUSES_BOUNCES || outcome == CALLOUT_NO_POSTMASTER)
        REQUIRE(class == 5);
    if (outcome == CALLOUT_GREYLISTED)
        REQUIRE(class == 4);
}

static void on_done(struct verify_ask *ask, const struct callout_answer *answer)
{
    struct asker *asker = (struct asker *)ask;
    REQUIRE(asker->told == 0);
    asker->told++;
    REQUIRE(answer != NULL || world.stopped || ask->anew);
    if (answer != NULL)
        require_answer(answer);
}

static void add_target(struct asker *asker, uint32_t host, bool v6)
{
    struct verify_ask *ask = &asker->ask;
    struct callout_target *target = &asker->targets[ask->target_count];
    const char *text = v6 ? "2a00:1::1" : "45.0.0.1";
    if (ask->target_count == CALLOUT_TARGETS_MOST)
        return;
    (void)snprintf(target->exchanger, sizeof(target->exchanger),
                   "mx%u.example.com", host);
    REQUIRE(address_parse(&target->address, span_of(text)));
    target->address.octets[15] = (uint8_t)host;
    ask->target_count++;
}

static void add_targets(struct asker *asker, struct span hosts)
{
    bool both = false;
    asker->ask.targets = asker->targets;
    for (size_t i = 0; i < hosts.length; i++) {
        uint32_t host = (uint32_t)(uint8_t)hosts.at[i] % NETWORK_HOSTS;
        both = hosts.at[i] == '(' || (both && hosts.at[i] != ')');
        if (hosts.at[i] == '(' || hosts.at[i] == ')')
            continue;
        add_target(asker, host, false);
        if (both)
            add_target(asker, host, true);
    }
}

static bool prepare(struct asker *asker, struct span *line)
{
    memset(asker, 0, sizeof(*asker));
    asker->ask.settings = world.settings;
    asker->ask.done = on_done;
    add_targets(asker, script_word(line));
    mailpath_parse(&asker->ask.path, *line);
    return asker->ask.path.form == MAILPATH_DOMAIN;
}

static void ask(struct span line, bool anew)
{
    if (world.count == ASKERS_MOST)
        return;
    struct asker *asker = &world.askers[world.count];
    uint32_t patience_ms = script_number(&line, PASS_MOST);
    if (!prepare(asker, &line))
        return;
    world.count++;
    asker->ask.anew = anew;
    asker->ask.patience =
        instant_after_ms(clock_now(&network_clock), patience_ms);
    verifier_ask(world.verifier, &asker->ask);
    loop_turn(world.loop);
}

static void refresh(struct span line)
{
    struct asker asker;
    if (!prepare(&asker, &line))
        return;
    verifier_refresh(world.verifier, &asker.ask);
    loop_turn(world.loop);
}

static void stop(void)
{
    if (world.stopped)
        return;
    world.stopped = true;
    verifier_stop(world.verifier);
    loop_turn(world.loop);
    REQUIRE(network_open() == 0);
}

static void set_limits(struct span line)
{
    struct callout_settings *settings = &world.settings;
    settings->most = 1 + script_number(&line, 20);
    settings->most_per_host = 1 + script_number(&line, 5);
    settings->per_domain.count = script_number(&line, 10);
    settings->per_domain.per_ms = 1 + script_number(&line, 100000);
}

static void set_tls(uint32_t number)
{
    world.settings.tls = (enum callout_tls_use)number;
}

/* Settings are those of a policy: before the first question. */
static void set(struct span word, struct span line)
{
    struct callout_settings *settings = &world.settings;
    if (script_is(word, "limits"))
        set_limits(line);
    else if (script_is(word, "tls"))
        set_tls(script_number(&line, CALLOUT_TLS_REQUIRED));
    else if (script_is(word, "catch-all"))
        settings->catch_all = true;
    else if (script_is(word, "postmaster"))
        settings->postmaster = true;
    else if (script_is(word, "fallback"))
        (void)snprintf(settings->fallback, sizeof(settings->fallback),
                       "probe@example.org");
    else if (script_is(word, "trust"))
        settings->trust_known = true;
    else if (script_is(word, "fold"))
        settings->fold = true;
    else if (script_is(word, "give-up"))
        settings->give_up_s = script_number(&line, 100000);
}

static void take(struct span line)
{
    struct span word = script_word(&line);
    if (script_is(word, "host")) {
        uint32_t host = script_number(&line, NETWORK_HOSTS - 1);
        network_host(host, line);
        return;
    }
    if (!world.asked)
        set(word, line);
    bool anew = script_is(word, "anew");
    world.asked = world.asked || anew || script_is(word, "ask") ||
                  script_is(word, "refresh");
    if (anew || script_is(word, "ask"))
        ask(line, anew);
    else if (script_is(word, "refresh"))
        refresh(line);
    else if (script_is(word, "pass"))
        network_pass(world.loop, script_number(&line, PASS_MOST));
    else if (script_is(word, "stop"))
        stop();
}

static void begin(void)
{
    char why[100];
    network_begin();
    memset(&world, 0, sizeof(world));
    world.settings = (struct callout_settings){
        .name = "mx1.example.org",
        .port = 25,
        .connect_ms = 2000,
        .reply_ms = 5000,
        .total_ms = 20000,
        .most = 100,
        .most_per_host = 10,
        .valid_s = 1000,
        .invalid_s = 500,
        .temperror_s = 100,
        .give_up_s = 10000,
        .refresh_s = 500,
    };
    world.loop = loop_new(&network_clock);
    REQUIRE(world.loop != NULL);
    world.verifier = verifier_new(world.loop, MEMORY, why, sizeof(why));
    REQUIRE(world.verifier != NULL);
}

/* Everybody was told, and nobody is called any more. */
static void end(void)
{
    if (!world.stopped)
        network_pass(world.loop, LAST_MS);
    stop();
    network_pass(world.loop, 1);
    for (size_t i = 0; i < world.count; i++)
        REQUIRE(world.askers[i].told == 1);
    REQUIRE(verifier_flights(world.verifier) == 0);
    REQUIRE(network_most() <= world.settings.most);
    REQUIRE(network_most_to_one() <= world.settings.most_per_host);
    REQUIRE(network_open() == 0);
    loop_free(&world.loop);
    verifier_free(&world.verifier);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct span input = {(const char *)octets, length}, line;
    begin();
    for (size_t i = 0; i < STEPS_MOST && script_line(&input, &line); i++)
        take(line);
    end();
    return 0;
}
