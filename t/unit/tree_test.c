/* SPDX-License-Identifier: BSD-2-Clause */
/* tree_test.c - what is taken of YAML, what is refused and where, and that
 * nothing hostile takes long */
#include "policy/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static const struct {
    const char *text;
    const char *want[4]; /* every complaint, in order */
} refused[] = {
    /* C-3 */
    {"a: &x 1\n", {"f:1:4: an anchor (&x), expected the value alone"}},
    {"a: &x [1]\n", {"f:1:4: an anchor (&x), expected the value alone"}},
    {"a: &x {b: 1}\nc: *x\n",
     {"f:1:4: an anchor (&x), expected the value alone",
      "f:2:4: an alias (*x), expected the value itself"}},
    {"a: *x\nb: *y\n",
     {"f:1:4: an alias (*x), expected the value itself",
      "f:2:4: an alias (*y), expected the value itself"}},
    {"<<: *x\n", {"f:1:5: an alias (*x), expected the value itself"}},
    {"*x : 1\n", {"f:1:1: an alias (*x), expected the value itself"}},
    {"a: !!int 1\n",
     {"f:1:4: a tag (tag:yaml.org,2002:int), expected the value alone"}},
    {"a: !mine {b: 1}\n", {"f:1:4: a tag (!mine), expected the value alone"}},
    /* C-2 */
    {"a: 1\nb: 2\na: 3\n",
     {"f:3:1: the key `a` stands here again, it stands in line 1 already; "
      "expected each key once"}},
    {"a: {b: 1, 'b': 2}\n",
     {"f:1:11: the key `b` stands here again, it stands in line 1 already; "
      "expected each key once"}},
    {"? [a]\n: 1\n", {"f:1:3: a list as a key, expected a plain word"}},
    {"? {a: 1}\n: 1\n", {"f:1:3: a map as a key, expected a plain word"}},
    /* C-5 */
    {"a: 1\n---\nb: 2\n", {"f:2:1: a second document, expected one"}},
    {"---\n---\n", {"f:2:1: a second document, expected one"}},
    {"%YAML 1.1\n---\na: 1\n",
     {"f:1:1: a directive (a line that begins with %), expected none"}},
    {"a: 1\n...\n%TAG ! b\n---\n",
     {"f:3:1: a directive (a line that begins with %), expected none"}},
    {"a: \"x\\0y\"\n",
     {"f:1:4: a NUL in a text, expected printable characters"}},
    {"\"a\\0b\": 1\n",
     {"f:1:1: a NUL in a text, expected printable characters"}},
    {"\xff\xfe\x61", {"f: the file is UTF-16, expected UTF-8"}},
    {"\xfe\xff\x01\x61", {"f: the file is UTF-16, expected UTF-8"}},
    {"a: 1\nb: [1, 2\n",
     {"f:3:1: no valid YAML: did not find expected ',' or ']' (while parsing "
      "a flow sequence, which begins in line 2)"}},
    {"a: 1\n  b: 2\n",
     {"f:2:4: no valid YAML: mapping values are not allowed in this context"}},
    {"a: \"x\n",
     {"f:2:1: no valid YAML: found unexpected end of stream (while scanning a "
      "quoted scalar, which begins in line 1)"}},
    {"a: 1\nb: \x01\n",
     {"f:2:4: no valid YAML: control characters are not allowed"}},
    {"a: 1\nb: \xc3\xbc\xff\n",
     {"f:2:5: no valid YAML: invalid leading UTF-8 octet"}},
    {"\ta: 1\n",
     {"f:1:1: no valid YAML: found character that cannot start any token "
      "(while scanning for the next token, which begins in line 1)"}},
};

/* The complaints are the wanted ones, no more. */
static void assert_complaints(struct reading *reading, const char *const *want,
                              size_t most)
{
    struct complaints complaints;
    size_t i;

    reading_finish(reading, &complaints);
    for (i = 0; i < complaints.count; i++) {
        assert_true(i < most);
        assert_non_null(want[i]);
        assert_string_equal(complaints.at[i].text, want[i]);
    }
    assert_true(i == most || want[i] == NULL);
    for (i = 0; i < complaints.count; i++)
        free(complaints.at[i].text);
    free(complaints.at);
}

static void test_refused(void **state)
{
    for (size_t i = 0; i < LENGTH(refused); i++) {
        struct reading reading = {.file = "f"};
        struct node *root = tree_read(&reading, span_of(refused[i].text));
        assert_true(reading.failed);
        assert_complaints(&reading, refused[i].want, LENGTH(refused[i].want));
        tree_free(&root);
    }
}

/* NUL octets end a C string: these have their length with them. */
static void test_nul_octets(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        const char *want[1];
    } rows[] = {
        {"a: 1\nb\0: 2\n", 11, {"f:2:2: a NUL octet, expected text in UTF-8"}},
        {"\0a\0:", 4, {"f:1:1: a NUL octet, expected text in UTF-8"}},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct reading reading = {.file = "f"};
        struct span text = {rows[i].text, rows[i].length};
        assert_null(tree_read(&reading, text));
        assert_complaints(&reading, rows[i].want, 1);
    }
}

static void test_taken(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "# a comment\n"
                               "a: {b: no, c: 0644}\n"
                               "d:\n"
                               "  - 1\n"
                               "  - \"two\\n\"\n"
                               "e:\n"
                               "f: ''\n";
    struct reading reading = {.file = "f"};
    struct node *root = tree_read(&reading, span_of(text));

    assert_non_null(root);
    assert_false(reading.failed);
    assert_int_equal(root->kind, NODE_MAP);
    assert_int_equal(root->count, 4);
    const struct node *a = node_find(root, "a");
    assert_int_equal(a->key_at.line, 2);
    assert_int_equal(a->key_at.column, 1);
    assert_int_equal(a->at.column, 4);
    assert_string_equal(node_find(a, "b")->text, "no");
    assert_string_equal(node_find(a, "c")->text, "0644");
    assert_int_equal(node_find(a, "c")->at.column, 15);
    const struct node *d = node_find(root, "d");
    assert_int_equal(d->kind, NODE_LIST);
    assert_int_equal(d->count, 2);
    assert_string_equal(d->first->text, "1");
    assert_null(d->first->key);
    assert_string_equal(d->first->next->text, "two\n");
    assert_int_equal(d->last->at.line, 5);
    assert_true(node_is_empty(node_find(root, "e")));
    assert_int_equal(node_find(root, "e")->at.line, 6);
    assert_false(node_is_empty(node_find(root, "f")));
    assert_null(node_find(root, "g"));
    tree_free(&root);
    assert_null(root);
}

static void test_nothing(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# nothing\n",
                                        "\xef\xbb\xbf"};
    for (size_t i = 0; i < LENGTH(texts); i++) {
        struct reading reading = {.file = "f"};
        assert_null(tree_read(&reading, span_of(texts[i])));
        assert_false(reading.failed);
        assert_complaints(&reading, NULL, 0);
    }
}

#define DEEP  "f:1:17: lists and maps more than 16 deep, expected fewer"
#define BLOCK "f:1:33: lists and maps more than 16 deep, expected fewer"
#define PILE  "f:17:1: lists and maps more than 16 deep, expected fewer"

/* Files that cost libyaml seconds, each refused within a tenth of one. */
static const struct {
    const char *unit;
    size_t times;
    const char *want;
} costly[] = {
    {"[", 100000, DEEP},
    {"{", 100000, "f:1:2: a map as a key, expected a plain word"},
    {"{a: ", 100000,
     "f:1:65: lists and maps more than 16 deep, expected fewer"},
    /* C-4 */
    {"[\n", 100000, PILE},
    {"- ", 100000, BLOCK},
    {"? ", 100000, "f:1:3: a map as a key, expected a plain word"},
    {"%TAG !a! b\n", 90000,
     "f:1:1: a directive (a line that begins with %), expected none"},
    {"- 1\n", 100000,
     "f:50000:3: more than 50000 values and keys, expected "
     "fewer"},
    {"--- 1\n", 100000, "f:2:1: a second document, expected one"},
    {"x", TREE_OCTETS_MOST + 1,
     "f: the file is larger than 1 MiB, expected less"},
};

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_costly(void **state)
{
    for (size_t i = 0; i < LENGTH(costly); i++) {
        size_t length = strlen(costly[i].unit);
        char *text = malloc(length * costly[i].times);
        assert_non_null(text);
        for (size_t j = 0; j < costly[i].times; j++)
            memcpy(text + j * length, costly[i].unit, length);
        struct reading reading = {.file = "f"};
        double before = seconds();
        struct node *root =
            tree_read(&reading, (struct span){text, length * costly[i].times});
        double took = seconds() - before;
        assert_null(root);
        assert_complaints(&reading, &costly[i].want, 1);
        if (took > 0.1)
            fail_msg("%zu times \"%s\": %.3f s", costly[i].times,
                     costly[i].unit, took);
        free(text);
    }
}

static void test_many_keys(void **state)
{
    static const char *const want[] = {
        "f:257:1: more than 256 keys in one map, expected fewer"};
    char text[257 * 10];
    struct reading reading = {.file = "f"};
    size_t length = 0;

    for (unsigned i = 0; i < 257; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "k%u: 1\n", i);
    assert_null(tree_read(&reading, (struct span){text, length}));
    assert_complaints(&reading, want, 1);
}

/* A file that is wrong throughout gets a bounded answer, with an end. */
static void test_many_errors(void **state)
{
    char *text = malloc(20000 * 6);
    struct reading reading = {.file = "f"};
    struct complaints complaints;

    assert_non_null(text);
    for (size_t i = 0; i < 20000 * 6; i++)
        text[i] = "- &a \n"[i % 6];
    struct node *root = tree_read(&reading, (struct span){text, 20000 * 6});
    reading_finish(&reading, &complaints);
    assert_int_equal(complaints.count, READING_COMPLAINTS_MOST);
    assert_string_equal(complaints.at[0].text,
                        "f:1:3: an anchor (&a), expected the value alone");
    assert_string_equal(complaints.at[complaints.count - 1].text,
                        "f: there is more; first mend what is said here");
    for (size_t i = 0; i < complaints.count; i++)
        free(complaints.at[i].text);
    free(complaints.at);
    tree_free(&root);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_nul_octets),
        cmocka_unit_test(test_taken),       cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_costly),      cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_many_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
