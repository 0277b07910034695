/* SPDX-License-Identifier: BSD-2-Clause */
/* verifier_world.h - a verifier on a loop of its own, scripted servers for it
 * to call, and askers, for the tests of flights */
#ifndef UNIT_VERIFIER_WORLD_H
#define UNIT_VERIFIER_WORLD_H

#include "smtp_server.h"
#include "verify/verifier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define SILENT ""

#define ASKERS  200
#define THREADS 4

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/** One asker, and what he was told. */
struct asker {
    struct verify_ask ask;
    struct callout_target targets[CALLOUT_TARGETS_MOST];
    atomic_bool told;
    bool cut; /* told without an answer */
    struct callout_answer answer;
};

/** The loop, the verifier on it, the servers, the askers and what they wish by
 * default. */
struct world {
    struct loop *loop;
    struct verifier *verifier;
    struct servers servers;
    struct callout_settings settings;
    bool stopped;
    struct clock clock;
    _Atomic instant ahead; /* of the system's clock */
    struct asker askers[ASKERS];
};

static inline instant world_now(void *context)
{
    const struct world *world = context;
    return clock_now(&clock_system) + atomic_load(&world->ahead);
}

static inline struct world *begin(const struct server_script *scripts,
                                  size_t count)
{
    struct world *world = calloc(1, sizeof(*world));
    char why[100];
    assert_non_null(world);
    servers_start(&world->servers, scripts, count);
    world->clock = clock_system;
    world->clock.now = world_now;
    world->clock.context = world;
    world->loop = loop_new(&world->clock);
    assert_non_null(world->loop);
    world->verifier = verifier_new(world->loop, 1 << 20, why, sizeof(why));
    assert_non_null(world->verifier);
    assert_true(loop_start(world->loop));
    world->settings = (struct callout_settings){
        .name = "mx1.example.org",
        .port = world->servers.port,
        .connect_ms = 2000,
        .reply_ms = 200,
        .total_ms = 10000,
        .most = 100,
        .most_per_host = 10,
        .valid_s = 1000,
        .invalid_s = 1000,
        .temperror_s = 1000,
        .give_up_s = 10000,
        .refresh_s = 1000,
    };
    return world;
}

static inline void end(struct world *world)
{
    if (!world->stopped)
        verifier_stop(world->verifier);
    loop_stop(world->loop);
    loop_free(&world->loop);
    verifier_free(&world->verifier);
    assert_null(world->verifier);
    servers_stop(&world->servers);
    free(world);
}

static inline void on_done(struct verify_ask *ask,
                           const struct callout_answer *answer)
{
    struct asker *asker = (struct asker *)ask;
    asker->cut = answer == NULL;
    if (answer != NULL)
        asker->answer = *answer;
    atomic_store(&asker->told, true);
}

/* What to ask about an address: of the servers from `first` on. */
static inline void prepare(const struct world *world, struct asker *asker,
                           const char *address, size_t first, size_t count)
{
    struct verify_ask *ask = &asker->ask;
    memset(asker, 0, sizeof(*asker));
    mailpath_parse(&ask->path, span_of(address));
    ask->settings = world->settings;
    ask->patience =
        instant_after_ms(clock_now(&clock_system), world->settings.total_ms);
    ask->done = on_done;
    ask->targets = asker->targets;
    ask->target_count = count;
    for (size_t i = 0; i < count; i++) {
        char text[ADDRESS_TEXT_SIZE];
        struct callout_target *target = &asker->targets[i];
        (void)snprintf(target->exchanger, sizeof(target->exchanger),
                       "mx%zu.example.com", first + i);
        (void)snprintf(text, sizeof(text), "127.0.0.%zu", first + i + 2);
        assert_true(address_parse(&target->address, span_of(text)));
    }
}

static inline void ask_at(struct world *world, struct asker *asker,
                          const char *address, size_t first, size_t count)
{
    prepare(world, asker, address, first, count);
    verifier_ask(world->verifier, &asker->ask);
}

static inline void ask_about(struct world *world, struct asker *asker,
                             const char *address, size_t servers)
{
    ask_at(world, asker, address, 0, servers);
}

static inline int calls(struct world *world, size_t server)
{
    return atomic_load(&world->servers.server[server].calls);
}

static inline int open_now(struct world *world, size_t server)
{
    return atomic_load(&world->servers.server[server].open);
}

static inline int at_once(struct world *world, size_t server)
{
    return atomic_load(&world->servers.server[server].at_once);
}

static inline bool is_kept(struct world *world, const char *address)
{
    struct mailpath path;
    struct callout_answer answer;
    mailpath_parse(&path, span_of(address));
    bool stale;
    return verifier_kept(world->verifier, &path, &world->settings, &answer,
                         &stale);
}

static inline void expect(struct asker *asker, enum callout_outcome outcome)
{
    EVENTUALLY(atomic_load(&asker->told));
    assert_false(asker->cut);
    assert_int_equal(asker->answer.outcome, outcome);
}

/* Let the time pass; the loop sees it when it has something to do. */
static inline void pass_s(struct world *world, uint32_t seconds)
{
    struct asker *asker = &world->askers[ASKERS - 1];
    atomic_store(&world->ahead,
                 instant_after_s(atomic_load(&world->ahead), seconds));
    ask_about(world, asker, "nobody@example.com", 0);
    expect(asker, CALLOUT_UNREACHABLE);
}

struct crowd {
    struct world *world;
    struct asker *askers;
};

#define CROWD 12

/* Ask about `count` addresses at once. */
static inline void ask_crowd(struct world *world, struct asker *askers,
                             size_t count, size_t first, size_t servers)
{
    for (size_t i = 0; i < count; i++) {
        char address[64];
        (void)snprintf(address, sizeof(address), "%zu-%zu@example.com", first,
                       i);
        ask_at(world, &askers[i], address, first, servers);
    }
}

#endif
