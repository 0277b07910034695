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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grace_follows_the_answers),
        cmocka_unit_test(short_grace_ends_sooner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
