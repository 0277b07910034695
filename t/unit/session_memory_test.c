/* SPDX-License-Identifier: BSD-2-Clause */
/* session_memory_test.c - row P6 of the faults: wherever memory ends in a
 * session, its recipient gets what the policy says of internal errors or what
 * he would get else, and nothing aborts */
#include "session_world.h"

#include <stdatomic.h>
#include <stdlib.h>

/** A session takes fewer. */
#define ALLOCATIONS_MOST 400

/* Allocations of ours that are made before they fail; the linker puts these
 * functions in the place of the C library's, for the objects of this program
 * alone. */
static atomic_int left;
static atomic_bool failing, once;
static atomic_uint failed;

static bool fails(void)
{
    if (!atomic_load(&failing))
        return false;
    const int before = atomic_fetch_sub(&left, 1);
    const bool fail = atomic_load(&once) ? before == 0 : before <= 0;
    atomic_fetch_add(&failed, fail);
    return fail;
}

/* The linker's names.
 * NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return fails() ? NULL : __real_realloc(block, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}
/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

/* One session of the good client; its code at RCPT. */
static unsigned play(struct session_world *world, const char *sender)
{
    struct session *session = session_new(world->service);
    struct session_tags tags;
    struct address client;
    unsigned code;

    if (session == NULL)
        return code_said(service_lost_reply(world->service));
    (void)address_parse(&client, span_of("45.20.1.1"));
    session_connect(session, &client);
    (void)say_helo(session, "mail.good.example");
    (void)say_mail(session, sender);
    code = say_rcpt(session, "<bob@home.example>");
    session_header(session, "Authentication-Results",
                   span_of("mx.home.example; iprev=pass"));
    (void)session_eom(session, NULL, &tags);
    session_close(&session);
    return code;
}

/* With the first `before` allocations made, and then none, or but one not.
 * @return false: none has failed, there are fewer */
static bool play_short(struct session_world *world, const char *sender,
                       int before, bool but_one, unsigned *code)
{
    atomic_store(&left, before);
    atomic_store(&once, but_one);
    atomic_store(&failed, 0);
    atomic_store(&failing, true);
    *code = play(world, sender);
    atomic_store(&failing, false);
    return atomic_load(&failed) > 0;
}

static const char policy[] = "policy:\n"
                             "  reply-within: 300ms\n"
                             "  internal-error: %s\n"
                             "  helo-syntax: {fail: reject}\n"
                             "  helo-forward: {fail: reject}\n"
                             "  client-ptr: {fail: tag}\n"
                             "  sender-domain: {fail: reject}\n"
                             "  callout: {fail: reject}\n";

/* @param good  what the sender gets when there is memory */
static void short_of_memory(const char *internal, const char *sender,
                            unsigned good, unsigned otherwise)
{
    char text[sizeof(policy) + 16];
    unsigned code, wanted = 0;

    snprintf(text, sizeof(text), policy, internal);
    struct session_world *world = world_begin("", text);
    assert_int_equal(play(world, sender), good);
    for (int i = 0; i < 2 * ALLOCATIONS_MOST; i++) {
        if (!play_short(world, sender, i / 2, i % 2 == 0, &code))
            break;
        if (code != good && code != otherwise)
            print_error("allocation %d: %u\n", i / 2, code);
        assert_true(code == good || code == otherwise);
        wanted += code == otherwise;
        assert_true(i < 2 * ALLOCATIONS_MOST - 2);
    }
    assert_true(wanted > 0);
    assert_int_equal(play(world, sender), good);
    world_end(world, false);
}

static void test_tempfail(void **state)
{
    short_of_memory("tempfail", "<alice@good.example>", 250, 451);
    short_of_memory("tempfail", "<x@bad.example>", 550, 451);
}

/* Our own fault costs no mail. */
static void test_continue(void **state)
{
    short_of_memory("continue", "<alice@good.example>", 250, 250);
    short_of_memory("continue", "<x@bad.example>", 550, 250);
}

/* The code at the end of a message with one forged field too many, there being
 * no memory any more by then. */
static unsigned end_of_forged(const char *internal)
{
    char text[sizeof(policy) + 16];
    struct session_tags tags;
    struct address client;

    snprintf(text, sizeof(text), policy, internal);
    struct session_world *world = world_begin("", text);
    struct session *session = session_new(world->service);
    assert_non_null(session);
    (void)address_parse(&client, span_of("45.20.1.1"));
    session_connect(session, &client);
    (void)say_helo(session, "mail.good.example");
    (void)say_mail(session, "<alice@good.example>");
    assert_int_equal(say_rcpt(session, "<bob@home.example>"), 250);
    for (unsigned i = 0; i <= AUTHRES_FORGED_MOST; i++)
        session_header(session, AUTHRES_NAME,
                       span_of("mx.home.example; iprev=pass"));
    atomic_store(&left, 0);
    atomic_store(&once, false);
    atomic_store(&failing, true);
    const unsigned code = code_said(session_eom(session, NULL, &tags));
    atomic_store(&failing, false);
    assert_int_equal(tags.forged_count, 0);
    session_close(&session);
    world_end(world, false);
    return code;
}

static void test_forged(void **state)
{
    assert_int_equal(end_of_forged("tempfail"), 451);
    assert_int_equal(end_of_forged("continue"), 250);
}

/* Nothing at all can be had. */
static void test_none(void **state)
{
    char text[sizeof(policy) + 16];
    unsigned code;

    snprintf(text, sizeof(text), policy, "tempfail");
    struct session_world *world = world_begin("", text);
    assert_true(play_short(world, "<alice@good.example>", 0, false, &code));
    assert_int_equal(code, 451);
    assert_true(play_short(world, "<alice@good.example>", 1, false, &code));
    assert_int_equal(code, 451);
    world_end(world, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_tempfail),
        cmocka_unit_test(test_continue),
        cmocka_unit_test(test_forged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
