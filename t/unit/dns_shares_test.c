/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_shares_test.c - who gets a place and who loses one, while time stands
 * still until it is moved. Row D22 of the faults: strangers whose DNS is
 * silent. */
#include "shares_scene.h"

static void without_pressure_nobody_loses(void **state)
{
    struct scene scene;
    struct share shares[COMMON];
    begin(&scene, PLACES, MOST);
    for (size_t i = 0; i < COMMON; i++)
        ask(&scene, &shares[i], 1);
    assert_int_equal(serve(&scene), COMMON);
    scene.now += 100 * GRACE;
    assert_int_equal(serve(&scene), 0);
    assert_int_equal(count_held(shares, COMMON), COMMON);
    assert_int_equal(shares_due(scene.shares), INSTANT_NEVER);
    const struct shares_use use = use_of(&scene);
    assert_int_equal(use.places, PLACES);
    assert_int_equal(use.used, COMMON);
    assert_int_equal(use.silent, COMMON);
    assert_int_equal(use.displaced, 0);
    end(&scene, shares, COMMON);
}

static void who_has_fewer_is_first(void **state)
{
    struct scene scene;
    struct share many[COMMON + 20], few[3];
    begin(&scene, PLACES, MOST);
    for (size_t i = 0; i < COMMON + 20; i++)
        ask(&scene, &many[i], 1);
    serve(&scene);
    assert_int_equal(count_held(many, COMMON + 20), COMMON);
    for (size_t i = 0; i < 3; i++)
        ask(&scene, &few[i], 2);
    /* It has at least two more: nobody waits for the grace. */
    assert_int_equal(serve(&scene), 3);
    assert_int_equal(count_held(few, 3), 3);
    assert_int_equal(count_held(many, COMMON + 20), COMMON - 3);
    /* A place that is free goes to whoever waits. */
    over(&scene, &few[0], true);
    assert_int_equal(serve(&scene), 1);
    assert_int_equal(count_held(many, COMMON + 20), COMMON - 2);
    over(&scene, &few[1], true);
    over(&scene, &few[2], true);
    serve(&scene);
    end(&scene, many, COMMON + 20);
}

/* Five hundred clients with a place each leave one for the next: the place of
 * whoever has been silent longest. */
static void silent_ones_give_way(void **state)
{
    enum { CROWD = 30 };
    struct scene scene;
    struct share crowd[CROWD], good;
    begin(&scene, PLACES, MOST);
    for (unsigned i = 0; i < CROWD; i++) {
        ask(&scene, &crowd[i], 100 + i);
        scene.now += 1 * MS;
        serve(&scene);
    }
    assert_int_equal(count_held(crowd, CROWD), COMMON);
    ask(&scene, &good, 1);
    assert_int_equal(serve(&scene), 0); /* all are within the grace */
    assert_true(shares_due(scene.shares) <= scene.now + GRACE);
    scene.now = shares_due(scene.shares);
    serve(&scene);
    while (!share_has_place(&good)) { /* behind those who came before */
        scene.now = shares_due(scene.shares);
        assert_true(serve(&scene) > 0);
    }
    assert_true(use_of(&scene).displaced > 0);
    over(&scene, &good, true);
    end(&scene, crowd, CROWD);
}

/* A client whose questions were silent before cannot hide that they were:
 * those without a place count. */
static void lost_places_count(void **state)
{
    struct scene scene;
    struct share hostile[3 * COMMON], good[4];
    struct share *displaced;
    begin(&scene, PLACES, MOST);
    for (unsigned i = 0; i < 3 * COMMON; i++)
        ask(&scene, &hostile[i], 100 + i % 3);
    for (unsigned i = 0; i < 20; i++) {
        serve(&scene);
        scene.now += GRACE;
    }
    for (unsigned i = 0; i < 4; i++)
        ask(&scene, &good[i], 1);
    for (unsigned i = 0; i < 4; i++) {
        struct share *next =
            shares_next(scene.shares, scene.now, scene.now, &displaced);
        assert_ptr_equal(next, &good[i]);
        assert_non_null(displaced);
        assert_int_equal(displaced->state, SHARE_DISPLACED);
    }
    for (unsigned i = 0; i < 4; i++)
        over(&scene, &good[i], true);
    end(&scene, hostile, 3 * COMMON);
}

/* Who lost a place gets one when there is room, fresh ones first; and takes
 * none from his equals. */
static void who_lost_waits_again(void **state)
{
    struct scene scene;
    struct share crowd[COMMON], fresh[2];
    struct share *displaced;
    begin(&scene, PLACES, MOST);
    for (unsigned i = 0; i < COMMON; i++)
        ask(&scene, &crowd[i], 100 + i);
    serve(&scene);
    scene.now += GRACE;
    ask(&scene, &fresh[0], 1);
    assert_ptr_equal(
        shares_next(scene.shares, scene.now, scene.now, &displaced), &fresh[0]);
    assert_ptr_equal(displaced, &crowd[0]);
    for (unsigned i = 0; i < 10; i++) {
        scene.now += GRACE;
        assert_null(
            shares_next(scene.shares, scene.now, scene.now, &displaced));
    }
    /* His client's fresh one goes before him. */
    ask(&scene, &fresh[1], 100);
    over(&scene, &fresh[0], true);
    assert_ptr_equal(
        shares_next(scene.shares, scene.now, scene.now, &displaced), &fresh[1]);
    assert_null(displaced);
    over(&scene, &fresh[1], true);
    assert_ptr_equal(
        shares_next(scene.shares, scene.now, scene.now, &displaced), &crowd[0]);
    end(&scene, crowd, COMMON);
}

/* While nobody looked an answer may have come: that is no silence. */
static void unheard_is_not_silent(void **state)
{
    struct scene scene;
    struct share crowd[COMMON], good;
    struct share *displaced;
    begin(&scene, PLACES, MOST);
    for (unsigned i = 0; i < COMMON; i++)
        ask(&scene, &crowd[i], 100 + i);
    serve(&scene);
    ask(&scene, &good, 1);
    const instant heard = scene.now + GRACE - 1;
    scene.now += 100 * GRACE;
    assert_null(shares_next(scene.shares, scene.now, heard, &displaced));
    assert_ptr_equal(
        shares_next(scene.shares, scene.now, heard + 1, &displaced), &good);
    over(&scene, &good, true);
    end(&scene, crowd, COMMON);
}

static void clients_of_one_network_are_one(void **state)
{
    struct scene scene;
    struct share shares[3];
    struct address here = {{0x20, 1, 0xd, 0xb8, [15] = 1}}, there = here;
    there.octets[15] = 2;
    begin(&scene, PLACES, MOST);
    assert_true(shares_wait(scene.shares, &shares[0], &here, 1));
    assert_true(shares_wait(scene.shares, &shares[1], &there, 2));
    assert_int_equal(use_of(&scene).clients, 1);
    assert_true(shares_is_of(&shares[0], &there));
    there.octets[7] = 1;
    assert_true(shares_wait(scene.shares, &shares[2], &there, 3));
    assert_int_equal(use_of(&scene).clients, 2);
    end(&scene, shares, 3);
}

/* What the program asks comes before what anybody has waited for, and stays. */
static void own_questions_never_wait(void **state)
{
    struct scene scene;
    struct share crowd[3 * COMMON], own[COMMON];
    begin(&scene, PLACES, MOST);
    for (unsigned i = 0; i < 3 * COMMON; i++)
        ask(&scene, &crowd[i], 100 + i % 4);
    serve(&scene);
    for (unsigned i = 0; i < COMMON; i++) {
        assert_true(
            shares_wait(scene.shares, &own[i], NULL, fresh_zone(&scene)));
        serve(&scene);
        scene.now += GRACE;
        serve(&scene);
        assert_int_equal(count_held(own, i + 1), i + 1);
    }
    scene.now += 10 * GRACE;
    serve(&scene);
    assert_int_equal(count_held(own, COMMON), COMMON);
    for (unsigned i = 0; i < COMMON; i++)
        over(&scene, &own[i], true);
    end(&scene, crowd, 3 * COMMON);
}

/* Leave so many questions of the zone unanswered for longer than the grace. */
static void be_silent(struct scene *scene, uint64_t zone, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        struct share share;
        ask_in(scene, &share, 1, zone);
        (void)serve(scene);
        assert_true(share_has_place(&share));
        scene->now += GRACE;
        over(scene, &share, false);
    }
}

static void silent_zone_has_a_budget(void **state)
{
    struct scene scene;
    struct share shares[COMMON];
    begin(&scene, 64, MOST);
    be_silent(&scene, 7, SHARES_SILENT_AFTER - 1);
    assert_int_equal(use_of(&scene).silent_zones, 0);
    be_silent(&scene, 7, 1);
    assert_int_equal(use_of(&scene).silent_zones, 1);
    for (unsigned i = 0; i < COMMON; i++)
        ask_in(&scene, &shares[i], 100 + i, 7);
    assert_int_equal(serve(&scene), SHARES_ZONE_MOST);
    assert_int_equal(use_of(&scene).silent_used, SHARES_ZONE_MOST);
    assert_int_equal(use_of(&scene).silent_waiting, COMMON - SHARES_ZONE_MOST);
    /* They take turns, and there are never more. */
    scene.now += GRACE;
    assert_int_equal(serve(&scene), SHARES_ZONE_MOST);
    assert_int_equal(count_held(shares, COMMON), SHARES_ZONE_MOST);
    assert_true(share_has_place(&shares[SHARES_ZONE_MOST]));
    /* One answer, and all may go. */
    over(&scene, &shares[SHARES_ZONE_MOST], true);
    (void)serve(&scene);
    assert_int_equal(use_of(&scene).silent_zones, 0);
    assert_int_equal(use_of(&scene).used, COMMON - 1);
    ask_in(&scene, &shares[SHARES_ZONE_MOST], 1, 7);
    end(&scene, shares, COMMON);
}

/* A lost datagram now and then, and a question that is silent for long, make no
 * silent zone. */
static void one_loss_is_no_silence(void **state)
{
    struct scene scene;
    struct share share, slow, crowd[COMMON];
    begin(&scene, PLACES, MOST);
    for (unsigned i = 0; i < 10 * SHARES_SILENT_AFTER; i++) {
        be_silent(&scene, 7, 1);
        ask_in(&scene, &share, 2, 7);
        serve(&scene);
        over(&scene, &share, true);
    }
    assert_int_equal(use_of(&scene).silent_zones, 0);

    /* It counts once, however often it loses its place. */
    ask_in(&scene, &slow, 2, 7);
    serve(&scene);
    for (unsigned i = 0; i < COMMON; i++)
        ask(&scene, &crowd[i], 100 + i);
    for (unsigned i = 0; i < 2 * SHARES_SILENT_AFTER; i++) {
        scene.now += GRACE;
        serve(&scene);
        over(&scene, &crowd[0], true);
        serve(&scene);
        assert_true(share_has_place(&slow));
        scene.now += GRACE;
        ask(&scene, &crowd[0], 100);
        serve(&scene);
    }
    assert_int_equal(use_of(&scene).silent_zones, 0);
    over(&scene, &slow, false);
    end(&scene, crowd, COMMON);
}

static void silent_zones_take_turns(void **state)
{
    enum { ZONES = 5, EACH = 6 };
    struct scene scene;
    struct share shares[ZONES][EACH];
    begin(&scene, PLACES, MOST); /* of which two are for silent zones */
    for (unsigned i = 0; i < ZONES; i++)
        be_silent(&scene, 1 + i, SHARES_SILENT_AFTER);
    for (unsigned i = 0; i < ZONES; i++)
        for (unsigned j = 0; j < EACH; j++)
            ask_in(&scene, &shares[i][j], 100 + j, 1 + i);
    bool served[ZONES] = {false};
    for (unsigned round = 0; round < ZONES; round++) {
        serve(&scene);
        assert_int_equal(use_of(&scene).used, PLACES / SHARES_SILENT_PART);
        for (unsigned i = 0; i < ZONES; i++)
            served[i] = served[i] || count_held(shares[i], EACH) > 0;
        scene.now += GRACE;
    }
    for (unsigned i = 0; i < ZONES; i++)
        assert_true(served[i]);
    /* The common places are not theirs. */
    struct share good;
    ask(&scene, &good, 1);
    serve(&scene);
    assert_true(share_has_place(&good));
    over(&scene, &good, true);
    end(&scene, &shares[0][0], ZONES * EACH);
}

static void zones_have_a_bound(void **state)
{
    struct scene scene;
    begin(&scene, PLACES, MOST);
    be_silent(&scene, 1, SHARES_SILENT_AFTER);
    struct share waits[6];
    for (unsigned i = 0; i < 6; i++)
        ask_in(&scene, &waits[i], 50 + i, 1);
    serve(&scene);
    assert_int_equal(use_of(&scene).silent_zones, 1);
    for (unsigned i = 0; i < SHARES_ZONES_MOST + 10; i++)
        be_silent(&scene, 100 + i, 1);
    assert_int_equal(use_of(&scene).silent_zones, 0); /* it was the oldest */
    serve(&scene);
    assert_int_equal(count_held(waits, 6), 6);
    assert_true(use_of(&scene).used <= PLACES);
    end(&scene, waits, 6);
}

static void zones_are_organisations(void **state)
{
    static const struct {
        const char *one, *other;
        bool same;
    } rows[] = {
        {"a.b.example.org", "c.example.org", true},
        {"a.example.org", "a.example.net", false},
        {"one.co.uk", "two.co.uk", false},
        {"2.1.168.192.list.example.net", "9.9.9.9.list.example.net", true},
        {"4.3.2.1.in-addr.arpa", "9.3.2.1.in-addr.arpa", true},
        {"4.3.2.1.in-addr.arpa", "4.9.2.1.in-addr.arpa", false},
        {"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.2.1.0.8.b.d.0.1.0.0.2."
         "ip6.arpa",
         "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.9.9.9.3.2.1.0.8.b.d.0.1.0.0.2."
         "ip6.arpa",
         true},
        {"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.2.1.0.8.b.d.0.1.0.0.2."
         "ip6.arpa",
         "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.2.1.0.8.b.d.0.1.0.0.2."
         "ip6.arpa",
         false},
        {"com", "org", false},
    };
    struct scene scene;
    begin(&scene, PLACES, MOST);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(shares_zone(scene.shares, rows[i].one) ==
                             shares_zone(scene.shares, rows[i].other),
                         rows[i].same);
    shares_free(&scene.shares);
}

/* A stranger who asks for a name too does not drag it down, nor does he keep
 * what somebody else has left to him. */
static void shared_name_is_of_who_has_fewer(void **state)
{
    struct scene scene;
    struct share many[10], name;
    const struct address good = client(1), hostile = client(2);
    begin(&scene, PLACES, MOST);
    for (unsigned i = 0; i < 10; i++)
        ask(&scene, &many[i], 2);
    ask(&scene, &name, 1);
    shares_join(scene.shares, &name, &hostile);
    assert_true(shares_is_of(&name, &good));
    shares_move(scene.shares, &name, &hostile);
    assert_true(shares_is_of(&name, &hostile));
    shares_join(scene.shares, &name, &good);
    assert_true(shares_is_of(&name, &good));
    serve(&scene);
    shares_join(scene.shares, &name, NULL);
    assert_true(shares_is_of(&name, NULL));
    shares_join(scene.shares, &name, &good);
    assert_true(shares_is_of(&name, NULL));
    assert_true(share_has_place(&name));
    over(&scene, &name, true);
    end(&scene, many, 10);
}

static void surplus_is_of_who_has_most(void **state)
{
    struct scene scene;
    struct share many[COMMON + 5], few[COMMON], own;
    begin(&scene, PLACES, COMMON + 5 + COMMON);
    assert_null(shares_surplus(scene.shares));
    assert_true(shares_wait(scene.shares, &own, NULL, 1));
    assert_null(shares_surplus(scene.shares));
    for (unsigned i = 0; i < COMMON + 5; i++)
        ask(&scene, &many[i], 1);
    for (unsigned i = 0; i < COMMON; i++)
        ask(&scene, &few[i], 100 + i);
    assert_ptr_equal(shares_surplus(scene.shares), &many[COMMON + 4]);
    over(&scene, &many[COMMON + 4], false);
    assert_ptr_equal(shares_surplus(scene.shares), &many[COMMON + 3]);
    struct address foremost;
    size_t held, waiting;
    assert_true(shares_foremost(scene.shares, &foremost, &held, &waiting));
    assert_true(foremost.octets[15] == 1 && held == 0 && waiting == COMMON + 4);
    over(&scene, &own, true);
    for (unsigned i = 0; i < COMMON; i++)
        over(&scene, &few[i], true);
    end(&scene, many, COMMON + 4);
}

static void hold_books(struct scene *scene, const struct share *shares,
                       size_t count)
{
    const struct shares_use use = use_of(scene);
    size_t held = count_held(shares, count);
    assert_int_equal(use.used, held);
    assert_int_equal(use.waiting, count - held);
    assert_true(use.used <= use.places);
    assert_true(use.silent_used <= use.used);
}

/* Whatever happens in whatever order, no place is given twice and nobody is
 * lost. */
static void books_hold_in_any_order(void **state)
{
    enum { COUNT = 600 };
    struct scene scene;
    struct share *shares = calloc(COUNT, sizeof(*shares));
    uint32_t seed = 1;
    begin(&scene, 24, COUNT);
    assert_non_null(shares);
    for (unsigned i = 0; i < COUNT; i++)
        ask_in(&scene, &shares[i], i % 60, 1 + i % 30);
    for (unsigned step = 0; step < 60000; step++) {
        seed = seed * 1664525 + 1013904223;
        struct share *share = &shares[(seed >> 8) % COUNT];
        const struct address other = client((seed >> 20) % 60);
        switch (seed >> 29) {
        case 0:
            over(&scene, share, (seed >> 24) % 16 == 0);
            ask_in(&scene, share, (seed >> 16) % 60, 1 + (seed >> 10) % 30);
            break;
        case 1:
            shares_join(scene.shares, share, &other);
            break;
        case 2:
            shares_move(scene.shares, share, &other);
            break;
        default:
            scene.now += 20 * MS;
            (void)serve(&scene);
        }
        if (step % 64 == 0)
            hold_books(&scene, shares, COUNT);
    }
    end(&scene, shares, COUNT);
    free(shares);
}

/* A crowd of fifty thousand costs no look at each: with one, this would take
 * minutes. */
static void choice_is_cheap(void **state)
{
    enum { COUNT = 50000 };
    struct scene scene;
    struct share *shares = calloc(COUNT, sizeof(*shares));
    begin(&scene, 512, COUNT);
    assert_non_null(shares);
    for (unsigned i = 0; i < COUNT; i++) {
        ask(&scene, &shares[i], i % 2000);
        serve(&scene);
    }
    for (unsigned i = 0; i < 1000; i++) {
        scene.now += 10 * MS;
        serve(&scene);
        assert_non_null(shares_surplus(scene.shares));
    }
    assert_int_equal(use_of(&scene).waiting + use_of(&scene).used, COUNT);
    end(&scene, shares, COUNT);
    free(shares);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_pressure_nobody_loses),
        cmocka_unit_test(who_has_fewer_is_first),
        cmocka_unit_test(silent_ones_give_way),
        cmocka_unit_test(lost_places_count),
        cmocka_unit_test(who_lost_waits_again),
        cmocka_unit_test(unheard_is_not_silent),
        cmocka_unit_test(clients_of_one_network_are_one),
        cmocka_unit_test(own_questions_never_wait),
        cmocka_unit_test(silent_zone_has_a_budget),
        cmocka_unit_test(one_loss_is_no_silence),
        cmocka_unit_test(silent_zones_take_turns),
        cmocka_unit_test(zones_have_a_bound),
        cmocka_unit_test(zones_are_organisations),
        cmocka_unit_test(shared_name_is_of_who_has_fewer),
        cmocka_unit_test(surplus_is_of_who_has_most),
        cmocka_unit_test(books_hold_in_any_order),
        cmocka_unit_test(choice_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
