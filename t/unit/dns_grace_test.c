/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_grace_test.c - how long a place may be held in vain: the grace follows
 * the answers. Row D22 of the faults. */
#include "shares_scene.h"

/* So many answers, one after the other, that each take so long. */
static void answers(struct scene *scene, unsigned count, instant took)
{
    struct share share;
    for (unsigned i = 0; i < count; i++) {
        ask(scene, &share, 1);
        serve(scene);
        scene->now += took;
        over(scene, &share, true);
    }
}

static void grace_follows_the_answers(void **state)
{
    struct scene scene;
    begin(&scene, PLACES, MOST);
    assert_int_equal(shares_grace(scene.shares), GRACE);
    answers(&scene, 2000, 40 * MS);
    assert_in_range(shares_grace(scene.shares), 78 * MS, 86 * MS);
    for (unsigned i = 0; i < 1000; i++) { /* one in twenty-five is slow */
        answers(&scene, 24, 40 * MS);
        answers(&scene, 1, 10 * GRACE);
    }
    assert_in_range(shares_grace(scene.shares), 78 * MS, 86 * MS);
    answers(&scene, 4000, 0);
    assert_int_equal(shares_grace(scene.shares), SHARES_GRACE_LEAST_MS * MS);
    answers(&scene, 200, 100 * GRACE); /* as strangers can have it */
    assert_int_equal(shares_grace(scene.shares), GRACE);
    shares_free(&scene.shares);
}

/* Places that silent names hold are free the sooner for it. */
static void short_grace_ends_sooner(void **state)
{
    struct scene scene;
    struct share crowd[COMMON], good;
    begin(&scene, PLACES, MOST);
    answers(&scene, 4000, 0);
    for (unsigned i = 0; i < COMMON; i++)
        ask(&scene, &crowd[i], 100 + i);
    serve(&scene);
    ask(&scene, &good, 1);
    assert_int_equal(shares_due(scene.shares),
                     scene.now + SHARES_GRACE_LEAST_MS * MS);
    scene.now += SHARES_GRACE_LEAST_MS * MS;
    assert_int_equal(serve(&scene), 1);
    assert_true(share_has_place(&good));
    over(&scene, &good, true);
    end(&scene, crowd, COMMON);
}

/* Who has had places in vain comes behind who holds a few, though these
 * questions are over: a stranger's, of which there were too many, do not make
 * room for more of his. An answer makes up for them. */
static void what_was_in_vain_counts_on(void **state)
{
    enum { VAIN = 3, HELD = 2, OTHERS = COMMON - HELD - 1 };
    struct scene scene;
    struct share vain[VAIN + 1], held[HELD], others[OTHERS], next, good;
    begin(&scene, PLACES, MOST);
    for (size_t i = 0; i < VAIN + 1; i++)
        ask(&scene, &vain[i], 1);
    serve(&scene);
    scene.now += GRACE;
    for (size_t i = 0; i < VAIN; i++)
        over(&scene, &vain[i], false);
    for (size_t i = 0; i < HELD; i++)
        ask(&scene, &held[i], 2);
    for (unsigned i = 0; i < OTHERS; i++)
        ask(&scene, &others[i], 100 + i);
    assert_int_equal(serve(&scene), HELD + OTHERS);
    scene.now += 1;
    ask(&scene, &next, 1);
    ask(&scene, &good, 2);
    over(&scene, &others[0], true);
    serve(&scene);
    assert_true(share_has_place(&good));
    assert_false(share_has_place(&next));

    over(&scene, &vain[VAIN], true);
    serve(&scene);
    assert_true(share_has_place(&next));
    over(&scene, &next, false);
    over(&scene, &good, false);
    for (size_t i = 0; i < HELD; i++)
        over(&scene, &held[i], false);
    end(&scene, others + 1, OTHERS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grace_follows_the_answers),
        cmocka_unit_test(short_grace_ends_sooner),
        cmocka_unit_test(what_was_in_vain_counts_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
