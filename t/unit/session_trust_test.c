/* SPDX-License-Identifier: BSD-2-Clause */
/* session_trust_test.c - D23: sessions while the resolver begins to lie, lies
 * and has mended: mail of a good sender is never refused, and what does not
 * exist is refused before and afterwards
 *
 * The liar is found by the first fail that would be made of what it says: the
 * clock goes so far that the last round of the canary is too old for it, and no
 * other is due. */
#include "session_world.h"

#define GOOD  "mail.good.example"
#define LATE  "mx.late.example" /* exists, and nobody has asked about it yet */
#define NONE  "mail.none.example"
#define BOB   "<bob@home.example>"
#define ALICE "<alice@good.example>"

/* Older than what a new answer wants, sooner than the next round. */
#define LATER_S 10

static const char policy[] =
    "policy:\n"
    "  reply-within: 8s\n"
    "  helo-forward: {fail: reject, temperror: tempfail}\n"
    "  helo-match: {fail: reject, temperror: tempfail}\n"
    "  client-ptr: {fail: reject, temperror: tempfail}\n"
    "  sender-domain: {fail: reject, temperror: tempfail}\n"
    "  callout: {fail: reject, temperror: tempfail}\n";

/** What a session comes to: the first digit. */
enum outcome { TAKEN = 2, PUT_OFF = 4, REFUSED = 5 };

static enum outcome reply_of(unsigned code)
{
    return (enum outcome)(code / 100);
}

static enum outcome play(struct session_world *world, const char *helo,
                         const char *sender)
{
    struct session *session = world_session(world);
    unsigned code;

    say_helo(session, helo);
    say_mail(session, sender);
    code = say_rcpt(session, BOB);
    session_close(&session);
    return reply_of(code);
}

static void later(struct session_world *world)
{
    atomic_fetch_add(&world->ahead_s, LATER_S);
}

static void become(struct session_world *world, enum world_manner manner)
{
    later(world);
    atomic_store(&world->manner, (int)manner);
}

/* What a session comes to, once the canary has told the truth again. */
static void mend(struct session_world *world)
{
    become(world, WORLD_HONEST);
    EVENTUALLY(play(world, GOOD, ALICE) == TAKEN);
}

static void denials_refuse_nobody(void **state)
{
    struct session_world *world = world_begin("", policy);
    struct session *session;

    (void)state;
    assert_int_equal(play(world, GOOD, ALICE), TAKEN);
    assert_int_equal(play(world, NONE, ALICE), REFUSED);
    assert_int_equal(play(world, GOOD, "<x@none.example>"), REFUSED);

    become(world, WORLD_DENIES);
    session = world_session(world);
    say_helo(session, LATE);
    say_mail(session, "<a@late.example>");
    assert_int_equal(say_rcpt(session, BOB) / 100, PUT_OFF);
    /* A denial that was kept as it was told has no better standing now. */
    assert_int_equal(play(world, NONE, ALICE), PUT_OFF);
    assert_int_equal(play(world, GOOD, "<x@new.none.example>"), PUT_OFF);

    mend(world);
    assert_int_equal(play(world, NONE, ALICE), REFUSED);
    assert_int_equal(play(world, GOOD, "<x@none.example>"), REFUSED);
    /* The session that was told lies is told the truth with its next message,
     * under the same greeting. */
    say_helo(session, GOOD);
    say_mail(session, "<a@late.example>");
    assert_int_equal(say_rcpt(session, BOB), 250);
    session_close(&session);
    world_end(world, false);
}

/* The exchanger where the liar leads refuses everybody; what it said of a
 * sender is forgotten with the lie. */
static void findings_refuse_nobody(void **state)
{
    struct session_world *world = world_begin("", policy);

    (void)state;
    assert_int_equal(play(world, GOOD, ALICE), TAKEN);
    assert_int_equal(play(world, GOOD, "<x@bad.example>"), REFUSED);

    become(world, WORLD_FINDS);
    assert_int_equal(play(world, GOOD, "<a@late.example>"), PUT_OFF);
    assert_int_equal(atomic_load(&world->servers.server[1].calls), 2);
    assert_int_equal(play(world, LATE, ALICE), PUT_OFF);
    /* From now on nobody is called where it leads. */
    assert_int_equal(play(world, GOOD, "<b@late.example>"), PUT_OFF);
    assert_int_equal(atomic_load(&world->servers.server[1].calls), 2);
    assert_int_equal(play(world, GOOD, "<x@bad.example>"), PUT_OFF);

    mend(world);
    assert_int_equal(play(world, GOOD, "<a@late.example>"), TAKEN);
    assert_int_equal(play(world, GOOD, "<x@bad.example>"), REFUSED);
    assert_int_equal(play(world, NONE, ALICE), REFUSED);
    world_end(world, false);
}

/* It costs those nothing whose DNS is well and who pass; one round serves all
 * the fails of its time. */
static void rounds_are_few(void **state)
{
    struct session_world *world = world_begin("", policy);
    unsigned before;

    (void)state;
    assert_int_equal(play(world, GOOD, ALICE), TAKEN);
    assert_int_equal(play(world, NONE, ALICE), REFUSED); /* it has been tried */
    later(world);
    before = atomic_load(&world->questions);
    assert_int_equal(play(world, GOOD, ALICE), TAKEN);
    assert_int_equal(atomic_load(&world->questions), before);
    /* MX of the domain, and a round of three. */
    assert_int_equal(play(world, GOOD, "<x@1.none.example>"), REFUSED);
    assert_int_equal(atomic_load(&world->questions), before + 4);
    assert_int_equal(play(world, GOOD, "<x@2.none.example>"), REFUSED);
    assert_int_equal(atomic_load(&world->questions), before + 5);
    /* What was kept was judged when it came. */
    later(world);
    assert_int_equal(play(world, GOOD, "<x@1.none.example>"), REFUSED);
    assert_int_equal(atomic_load(&world->questions), before + 5);
    world_end(world, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(denials_refuse_nobody),
        cmocka_unit_test(findings_refuse_nobody),
        cmocka_unit_test(rounds_are_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
