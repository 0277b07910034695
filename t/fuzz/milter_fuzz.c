/* SPDX-License-Identifier: BSD-2-Clause */
/* milter_fuzz.c - the callbacks of the daemon in any order and with anything in
 * them, and all that is behind them: sessions, questions, callouts, verdicts.
 * Every verdict has its line, replies and header fields are what an MTA takes,
 * and a good session after it all is answered.
 *
 * An input is lines; without one the next stage comes as it can:
 *   policy NUMBER       offer ACTIONS       (both before all else)
 *   dns TYPE ANSWER     host NUMBER LINE    (stand_in/network.h)
 *   macro NAME VALUE    connect ADDRESS     connect unix    connect none
 *   helo TEXT           mail TEXT           rcpt TEXT
 *   header NAME:VALUE   eom                 abort           close
 *   pass MS             reload NUMBER       stop */
#include "dns/packet.h"
#include "fuzz.h"
#include "judged.h"
#include "milter/callbacks.h"
#include "script.h"
#include "session/service.h"
#include "stand_in/libmilter.h"
#include "stand_in/lines.h"
#include "stand_in/network.h"

#include <string.h>
#include <sys/un.h>

#define STEPS_MOST 48
#define PASS_MOST  400000
#define POLICIES   4

#define SITE                                                    \
 "identity: mx.home.example\nlog: {to: stderr, level: debug}\n" \
 "local: {domains: [home.example], addresses: [45.1.0.1]}\n"    \
 "dns: {servers: [127.0.0.1], timeout: 400ms, attempts: 2,"     \
 " budget: 800ms}\n"                                            \
 "cache: {memory: 1M}\n"
#define EXCEPTIONS                                                \
 "exceptions:\n"                                                  \
 "  - {name: ours, clients: [127.0.0.0/8], do: accept}\n"         \
 "  - {name: known, authenticated: true, do: accept}\n"           \
 "  - {name: \"post\\\"master\", recipients: [\"postmaster@*\"]," \
 " do: accept}\n"                                                 \
 "  - {name: partner, helo: [\"*.partner.example\"], policy:"     \
 " {callout: off, helo-match: {fail: continue}}}\n"

static const char *const texts[POLICIES] = {
    SITE "policy:\n"
         "  helo-syntax: {fail: reject}\n"
         "  helo-forward: {fail: {tempfail: 1h, then: reject},"
         " temperror: tempfail}\n"
         "  helo-match: {fail: tag}\n"
         "  client-ptr: {fail: tag, temperror: tempfail}\n"
         "  sender-domain: {fail: reject, temperror: tempfail}\n"
         "  callout: {fail: reject, fail/refuses-bounces: tag,"
         " temperror: tempfail, unknown: tag}\n" EXCEPTIONS,
    SITE "callout: {when: always, begin: mail, catch-all: true}\n"
         "policy:\n"
         "  mode: monitor\n"
         "  helo-identity: {fail: reject}\n"
         "  helo-match: {fail: reject}\n"
         "  dnsbl: {zones: [{name: bl.example}], fail: {do: reject, text:"
         " \"100% %{reason} %{helo}\"}}\n"
         "  callout: {fail: reject, temperror: tempfail}\n" EXCEPTIONS,
    SITE "policy:\n"
         "  reply-at: helo\n"
         "  internal-error: tempfail\n"
         "  helo-syntax: {fail: {do: reject, text: \"%{helo} 100% \\n5\"}}\n"
         "  client-ptr: {fail: reject, temperror: tempfail}\n"
         "  callout: {fail: tag, temperror: tag}\n" EXCEPTIONS,
    SITE "callout: {when: suspicious, postmaster: true,"
         " fallback-sender: probe@home.example, limits: {waiting: 0}}\n"
         "policy:\n"
         "  reply-at: mail\n"
         "  helo-match: {fail: tag}\n"
         "  dnsbl: {zones: [{name: bl.example}, {name: ok.example, kind:"
         " allow, exempt: [helo-match]}], fail: tag}\n"
         "  sender-domain: {fail: tempfail, temperror: tempfail}\n"
         "  callout: {fail: reject, temperror: tempfail}\n" EXCEPTIONS,
};

static struct {
    struct service *service;
    SMFICTX *context;
    bool in_session, called, stopped;
    unsigned long offered; /* actions */
} world;

static struct policy *policy_of(uint32_t number)
{
    static struct policy *policies[POLICIES];
    struct policy **policy = &policies[number % POLICIES];
    if (*policy == NULL)
        *policy = judged_read(texts[number % POLICIES]);
    return *policy;
}

/* A callback waits in the thread that the loop is to run in: all the time that
 * it would wait for passes before it does. */
static void on_wait(void)
{
    network_pass(service_loop(world.service), 10000);
}

static struct negotiation negotiation_of(const struct policy *policy)
{
    struct negotiation wanted = {.skipped = SMFIP_NOBODY};
    if (policy->can_tag) {
        wanted.actions = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
        wanted.silent = SMFIP_NR_HDR;
    }
    return wanted;
}

static void begin(struct policy *policy)
{
    char why[200];
    world.service = service_new(policy, &network_clock, NULL, why, sizeof(why));
    REQUIRE(world.service != NULL);
    service_on_wait(world.service, on_wait);
    REQUIRE(service_start(world.service));
    loop_stop(service_loop(world.service)); /* it runs in this thread */
    REQUIRE(callbacks_register(world.service, negotiation_of(policy)));
    world.in_session = world.stopped = false;
    (void)lines_take_verdicts();
}

static void begin_session(void)
{
    if (world.in_session)
        return;
    world.context = libmilter_begin();
    world.in_session = true;
    world.called = false;
    libmilter_negotiate(world.offered, SMFIP_NOBODY | SMFIP_NR_HDR);
}

/* A callback is called. */
static void enter(void)
{
    begin_session();
    world.called = true;
}

static void close_session(void)
{
    if (!world.in_session)
        return;
    libmilter_answer(libmilter_filter()->xxfi_close(world.context), false);
    libmilter_end();
    world.in_session = false;
}

/* A copy that ends where its octets end; libmilter hands over C strings. */
static char *copy_of(struct span text)
{
    char *copy = malloc(text.length + 1);
    REQUIRE(copy != NULL);
    if (text.length > 0)
        memcpy(copy, text.at, text.length);
    copy[text.length] = '\0';
    return copy;
}

static void on_connect(struct span line)
{
    static struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_storage from;
    struct address address;
    struct sockaddr *given = NULL;
    char name[] = "[host]";
    begin_session();
    if (world.called)
        return; /* libmilter tells of one in front of all else */
    enter();
    if (script_is(line, "unix")) {
        given = (struct sockaddr *)&local;
    } else if (address_parse(&address, line)) {
        (void)address_to_socket(&address, 0, &from);
        given = (struct sockaddr *)&from;
    }
    libmilter_answer(
        libmilter_filter()->xxfi_connect(world.context, name, given), false);
}

static void on_helo(struct span line)
{
    char *text = copy_of(line);
    enter();
    libmilter_answer(libmilter_filter()->xxfi_helo(world.context, text), true);
    free(text);
}

static void on_mail(struct span line)
{
    char *arguments[] = {copy_of(line), NULL};
    enter();
    libmilter_answer(libmilter_filter()->xxfi_envfrom(world.context, arguments),
                     true);
    free(arguments[0]);
}

static void on_rcpt(struct span line)
{
    char *arguments[] = {copy_of(line), NULL};
    enter();
    libmilter_answer(libmilter_filter()->xxfi_envrcpt(world.context, arguments),
                     true);
    free(arguments[0]);
}

static void on_header(struct span line)
{
    char *name = copy_of(script_until(&line, ':')), *value = copy_of(line);
    enter();
    libmilter_answer(
        libmilter_filter()->xxfi_header(world.context, name, value), false);
    free(name);
    free(value);
}

static void on_eom(void)
{
    enter();
    libmilter_end_of_message(true);
    libmilter_answer(libmilter_filter()->xxfi_eom(world.context), true);
    libmilter_end_of_message(false);
}

static void on_abort(void)
{
    enter();
    libmilter_answer(libmilter_filter()->xxfi_abort(world.context), false);
}

static void on_macro(struct span line)
{
    static const char *const names[] = {"i", "{auth_authen}"};
    begin_session();
    struct span word = script_word(&line);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (script_is(word, names[i]))
            libmilter_set_macro(names[i], line);
}

static void take_dns(struct span line)
{
    static const struct {
        const char *name;
        enum dns_type type;
    } rows[] = {{"A", DNS_A},
                {"AAAA", DNS_AAAA},
                {"MX", DNS_MX},
                {"PTR", DNS_PTR},
                {"TXT", DNS_TXT}};
    struct span word = script_word(&line);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (script_is(word, rows[i].name))
            network_dns(rows[i].type, line);
}

static void reload(struct span line)
{
    char why[200];
    REQUIRE(service_reload(world.service,
                           policy_of(script_number(&line, POLICIES - 1)), why,
                           sizeof(why)));
}

static void stop(void)
{
    if (world.stopped)
        return;
    world.stopped = true;
    service_stop(world.service);
    loop_turn(service_loop(world.service));
}

static void take(struct span line)
{
    struct span word = script_word(&line);
    if (script_is(word, "dns"))
        take_dns(line);
    else if (script_is(word, "host"))
        network_host(script_number(&line, NETWORK_HOSTS - 1), line);
    else if (script_is(word, "macro"))
        on_macro(line);
    else if (script_is(word, "connect"))
        on_connect(line);
    else if (script_is(word, "helo"))
        on_helo(line);
    else if (script_is(word, "mail"))
        on_mail(line);
    else if (script_is(word, "rcpt"))
        on_rcpt(line);
    else if (script_is(word, "header"))
        on_header(line);
    else if (script_is(word, "eom"))
        on_eom();
    else if (script_is(word, "abort"))
        on_abort();
    else if (script_is(word, "close"))
        close_session();
    else if (script_is(word, "pass"))
        network_pass(service_loop(world.service),
                     script_number(&line, PASS_MOST));
    else if (script_is(word, "reload"))
        reload(line);
    else if (script_is(word, "stop"))
        stop();
}

/* Whatever was before: a recipient of a new session has its verdict, at the
 * latest when nobody can say more. */
static void play_good(void)
{
    close_session();
    (void)lines_take_verdicts();
    on_connect(span_of("45.20.1.1"));
    on_helo(span_of("mail.good.example"));
    on_mail(span_of("<alice@good.example>"));
    on_rcpt(span_of("<bob@home.example>"));
    on_eom();
    close_session();
    network_pass(service_loop(world.service), PASS_MOST);
    REQUIRE(lines_take_verdicts() >= 1);
}

static struct policy *read_head(struct span *input)
{
    struct policy *policy = policy_of(0);
    world.offered = SMFI_CURR_ACTS;
    struct span rest = *input, line;
    while (script_line(&rest, &line)) {
        struct span word = script_word(&line);
        if (script_is(word, "policy"))
            policy = policy_of(script_number(&line, POLICIES - 1));
        else if (script_is(word, "offer"))
            world.offered = script_number(&line, SMFI_CURR_ACTS);
        else
            break;
        *input = rest;
    }
    return policy;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct span input = {(const char *)octets, length}, line;
    network_begin();
    begin(read_head(&input));
    for (size_t i = 0; i < STEPS_MOST && script_line(&input, &line); i++)
        take(line);
    play_good();
    stop();
    service_free(&world.service);
    REQUIRE(network_open() == 0 && network_questions() == 0);
    return 0;
}
