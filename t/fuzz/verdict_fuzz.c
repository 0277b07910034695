/* SPDX-License-Identifier: BSD-2-Clause */
/* verdict_fuzz.c - the whole way from facts to findings, a verdict, its reply
 * and its header field: each is one of its kind whatever the facts are
 *
 * An input is lines, each a fact; what is missing is not known yet. ANSWER is
 * as in answers.h, ADDRESSES an answer of both families with `|` between:
 *   policy NUMBER            client ADDRESS          ptr ANSWER
 *   reverse ANSWER           helo TEXT               forward ADDRESSES
 *   sender TEXT              mx ANSWER               domain ADDRESSES
 *   exchanger ADDRESSES      seed NUMBER             listed OF ZONE ANSWER|TXT
 *   callout OUTCOME STAGE TROUBLE TLS CODE AGE EXCHANGER ADDRESS WORDS
 *   first CHECK SECONDS: ago */
#include "answers.h"
#include "check/origin.h"
#include "fuzz.h"
#include "judged.h"
#include "policy/authres.h"
#include "script.h"

#include <stdio.h>
#include <string.h>

#define ANSWERS_MOST 64
#define NOW          ((instant)1000000 * 1000000)

/** The facts, and what they are made of. */
struct world {
    const struct policy *policy;
    struct facts facts;
    uint32_t seed;
    size_t reverses, exchangers;
    struct callout_answer callout;
    struct listing listings[ZONE_OF_REVERSE + 1][ZONES_MOST];
    struct first_sights sights;
    const struct dns_answer *answers[ANSWERS_MOST];
    size_t answer_count;
};

/* NULL, not known yet, for "?", and when there are enough. */
static const struct dns_answer *make_answer(struct world *world,
                                            enum dns_type type,
                                            struct span text)
{
    if (script_is(text, "?") || world->answer_count == ANSWERS_MOST)
        return NULL;
    const struct dns_answer *answer = answer_of(type, text);
    world->answers[world->answer_count++] = answer;
    return answer;
}

static void take_addresses(struct world *world, struct span line,
                           const struct dns_answer **a,
                           const struct dns_answer **aaaa)
{
    *a = make_answer(world, DNS_A, script_until(&line, '|'));
    *aaaa = make_answer(world, DNS_AAAA, line);
}

static void take_reverse(struct world *world, struct span line)
{
    struct client_facts *client = &world->facts.client;
    enum dns_type type = address_is_v4(&client->address) ? DNS_A : DNS_AAAA;
    if (world->reverses < REVERSE_NAMES_MOST)
        client->reverse[world->reverses++] = make_answer(world, type, line);
}

static void take_client(struct world *world, struct span line)
{
    struct client_facts *client = &world->facts.client;
    client->known = address_parse(&client->address, line);
}

static void take_sender(struct world *world, struct span line)
{
    world->facts.sender.given = true;
    mailpath_parse(&world->facts.sender.path, line);
}

static void take_mx(struct world *world, struct span line)
{
    struct sender_facts *sender = &world->facts.sender;
    sender->mx = make_answer(world, DNS_MX, line);
    sender_facts_order(sender, world->seed);
}

static void take_exchanger(struct world *world, struct span line)
{
    struct sender_facts *sender = &world->facts.sender;
    if (world->exchangers >= sender->exchanger_count)
        return;
    struct exchanger_facts *to = &sender->exchangers[world->exchangers++];
    take_addresses(world, line, &to->a, &to->aaaa);
}

static void take_listed(struct world *world, struct span line)
{
    uint32_t of = script_number(&line, ZONE_OF_REVERSE);
    struct listing *to =
        &world->listings[of][script_number(&line, ZONES_MOST - 1)];
    to->state = script_is(line, "absent") ? LISTING_ABSENT : LISTING_TOLD;
    if (to->state == LISTING_ABSENT)
        return;
    to->a = make_answer(world, DNS_A, script_until(&line, '|'));
    to->txt = make_answer(world, DNS_TXT, line);
}

static void take_callout(struct world *world, struct span line)
{
    struct callout_answer *to = &world->callout;
    char name[NAME_SIZE];
    struct text words;
    uint32_t outcome = script_number(&line, CALLOUT_INTERNAL);
    uint32_t stage = script_number(&line, CALLOUT_AT_RCPT);
    uint32_t trouble = script_number(&line, CALLOUT_TROUBLE_OURSELVES);
    uint32_t tls = script_number(&line, CALLOUT_TLS_FAILED);
    to->outcome = (enum callout_outcome)outcome;
    to->stage = (enum callout_stage)stage;
    to->trouble = (enum callout_trouble)trouble;
    to->tls = (enum callout_tls)tls;
    to->code = (uint16_t)script_number(&line, 599);
    world->facts.sender.callout_age_s = script_number(&line, UINT32_MAX);
    if (name_parse(name, script_word(&line)) == NAME_OK)
        memcpy(to->exchanger, name, sizeof(name));
    if (!address_parse(&to->address, script_word(&line)))
        to->exchanger[0] = '\0';
    text_begin(&words, to->words, sizeof(to->words));
    text_add_outside(&words, line);
    world->facts.sender.callout = to;
}

static void take_first(struct world *world, struct span line)
{
    uint32_t check = script_number(&line, CHECK_COUNT - 1);
    world->sights.of[check] =
        NOW - (instant)script_number(&line, 900000) * 1000000;
}

static void take(struct world *world, struct span line)
{
    struct facts *facts = &world->facts;
    struct span word = script_word(&line);
    if (script_is(word, "policy"))
        world->policy = judged_policy(script_number(&line, UINT32_MAX));
    else if (script_is(word, "client"))
        take_client(world, line);
    else if (script_is(word, "ptr"))
        facts->client.ptr = make_answer(world, DNS_PTR, line);
    else if (script_is(word, "reverse"))
        take_reverse(world, line);
    else if (script_is(word, "helo"))
        helo_facts_read(&facts->helo, line);
    else if (script_is(word, "forward"))
        take_addresses(world, line, &facts->helo.a, &facts->helo.aaaa);
    else if (script_is(word, "sender"))
        take_sender(world, line);
    else if (script_is(word, "seed"))
        world->seed = script_number(&line, UINT32_MAX);
    else if (script_is(word, "mx"))
        take_mx(world, line);
    else if (script_is(word, "domain"))
        take_addresses(world, line, &facts->sender.a, &facts->sender.aaaa);
    else if (script_is(word, "exchanger"))
        take_exchanger(world, line);
    else if (script_is(word, "listed"))
        take_listed(world, line);
    else if (script_is(word, "callout"))
        take_callout(world, line);
    else if (script_is(word, "first"))
        take_first(world, line);
}

static void read_world(struct world *world, struct span input)
{
    struct span line;
    memset(world, 0, sizeof(*world));
    world->policy = judged_policy(0);
    for (size_t i = 0; i < CHECK_COUNT; i++)
        world->sights.of[i] = INSTANT_NEVER;
    helo_facts_read(&world->facts.helo, span_of(""));
    while (script_line(&input, &line))
        take(world, line);
    world->facts.site = &world->policy->site;
    world->facts.lists.zones = &world->policy->zones;
    for (size_t i = 0; i <= ZONE_OF_REVERSE; i++)
        world->facts.lists.of[i] = world->listings[i];
}

static void find(const struct world *world, struct findings *findings)
{
    const struct rules *rules = &world->policy->rules;
    for (unsigned i = 0; i < CHECK_COUNT; i++) {
        struct finding *finding = &findings->of[i];
        *finding = (struct finding){RESULT_NONE, REASON_NONE};
        if (!rules->checks[i].run)
            continue;
        *finding = check_find((enum check)i, &world->facts, &rules->settings);
        require_finding((enum check)i, *finding);
        require_described((enum check)i, *finding, &world->facts,
                          &rules->settings);
    }
}

/* What is open in the end was not known in time. */
static void close_open(struct findings *findings)
{
    for (unsigned i = 0; i < CHECK_COUNT; i++)
        if (findings->of[i].result == RESULT_OPEN)
            findings->of[i] =
                (struct finding){RESULT_TEMPERROR, REASON_IN_PROGRESS};
}

static void judge(const struct world *world)
{
    const struct rules *rules = &world->policy->rules;
    struct findings findings;
    find(world, &findings);
    struct verdict early = verdict_make(rules, &findings, &world->sights, NOW);
    require_verdict(rules, &early, &findings);
    require_settled(rules, &findings, &world->sights, NOW);
    if (early.kind >= ACTION_TEMPFAIL)
        require_reply(&early, &world->facts, rules);
    close_open(&findings);
    struct verdict verdict =
        verdict_make(rules, &findings, &world->sights, NOW);
    require_verdict(rules, &verdict, &findings);
    REQUIRE(verdict_is_settled(rules, &findings, &world->sights, NOW));
    REQUIRE(verdict.kind ==
            verdict_strongest(rules, &findings, &world->sights, NOW));
    if (verdict.kind >= ACTION_TEMPFAIL)
        require_reply(&verdict, &world->facts, rules);
    require_authres(&world->facts, rules, &findings);
}

/* No callout goes to a host that is reserved, ours, or known already. */
static void check_targets(const struct world *world)
{
    const struct site *site = &world->policy->site;
    struct callout_target targets[CALLOUT_TARGETS_MOST];
    size_t count = facts_targets(&world->facts, targets);
    REQUIRE(count <= CALLOUT_TARGETS_MOST);
    for (size_t i = 0; i < count; i++) {
        const struct address *address = &targets[i].address;
        REQUIRE(!address_is_reserved(address) ||
                networks_have(&site->callable, address));
        REQUIRE(!networks_have(&site->addresses, address));
        for (size_t j = 0; j < i; j++)
            REQUIRE(!address_equal(&targets[j].address, address));
    }
}

/* The client as if it were we, and its HELO name our callouts'. */
static void check_origin(const struct world *world)
{
    const struct facts *facts = &world->facts;
    struct origin origin = {.name = facts->helo.name,
                            .source = facts->client.address,
                            .forward = facts->helo.a};
    char words[2000];
    struct text text;
    if (!address_is_v4(&origin.source))
        origin.forward = facts->helo.aaaa;
    for (size_t i = 0; i < ORIGIN_ADDRESSES_MOST && i <= world->reverses; i++)
        origin.reverse[i] = facts->client.ptr;
    if (!facts->client.known || facts->helo.name[0] == '\0')
        return;
    text_begin(&text, words, sizeof(words));
    enum origin_state state = origin_judge(&origin, &text);
    REQUIRE(script_is_printable((struct span){words, text.length}));
    REQUIRE(text.length > 0 || state == ORIGIN_OPEN || state == ORIGIN_GOOD);
    if (facts->client.ptr != NULL && origin.forward != NULL &&
        world->reverses + 1 >= ORIGIN_ADDRESSES_MOST)
        REQUIRE(state != ORIGIN_OPEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct world world;
    read_world(&world, (struct span){(const char *)octets, length});
    judge(&world);
    check_targets(&world);
    check_origin(&world);
    for (size_t i = 0; i < world.answer_count; i++)
        dns_answer_drop(world.answers[i]);
    return 0;
}
