/* SPDX-License-Identifier: BSD-2-Clause */
/* manual_test.c - bonafide.yaml(5) and the parser say the same: every key of
 * the table, in its order, with its type, range and default, an example that
 * the parser takes, and each word, result and reason that it knows
 *
 * An entry of the page is what follows `.It Ic KEY`. Its first sentence is the
 * table's; items `.It Cm` in it are the words that the key takes, or of a check
 * the results. */
#include "policy/keys.h"
#include "policy/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define PAGE          BONAFIDE_SOURCE_DIR "/config/bonafide.yaml.5"
#define PAGE_MOST     200000
#define FAULTS_SIZE   20000
#define ENTRIES_MOST  200
#define HEAD_SIZE     1000
#define ITEMS_SIZE    2000
#define EXAMPLE_SIZE  4000
#define COLUMNS       78
#define MACRO         4 /* ".Ic " */
#define KEY_ITEM      ".It Ic "
#define WORD_ITEM     ".It Cm "
#define REPLY_ITEM    ".It Li "
#define EXAMPLE_BEGIN ".Bd -literal"
#define EXAMPLE_END   ".Ed"

/* What begins with `key` and goes up to the next key or section. */
struct entry {
    struct span key, body;
};

struct page {
    struct entry entries[ENTRIES_MOST];
    size_t count;
};

static bool begins(struct span text, const char *with)
{
    size_t length = strlen(with);

    return text.length >= length && memcmp(text.at, with, length) == 0;
}

static bool equals(struct span text, const char *other)
{
    return text.length == strlen(other) && begins(text, other);
}

/* Take the next line off the text, without its end. False: there is none. */
static bool next_line(struct span *rest, struct span *line)
{
    if (rest->length == 0)
        return false;
    const char *end = memchr(rest->at, '\n', rest->length);
    *line = (struct span){rest->at, rest->length};
    if (end == NULL) {
        rest->length = 0;
        return true;
    }
    line->length = (size_t)(end - rest->at);
    rest->at += line->length + 1;
    rest->length -= line->length + 1;
    return true;
}

static struct span after(struct span line, const char *prefix)
{
    size_t length = strlen(prefix);

    return (struct span){line.at + length, line.length - length};
}

static void page_read(struct page *page, struct span rest)
{
    struct entry *entry = NULL;
    struct span line;

    page->count = 0;
    while (next_line(&rest, &line)) {
        if (begins(line, KEY_ITEM) || begins(line, ".Sh ") ||
            begins(line, ".Ss ")) {
            if (entry != NULL)
                entry->body.length = (size_t)(line.at - entry->body.at);
            entry = NULL;
        }
        if (!begins(line, KEY_ITEM))
            continue;
        assert_true(page->count < ENTRIES_MOST);
        entry = &page->entries[page->count++];
        entry->key = after(line, KEY_ITEM);
        entry->body = rest;
    }
}

static const struct entry *page_find(const struct page *page, const char *key)
{
    for (size_t i = 0; i < page->count; i++)
        if (equals(page->entries[i].key, key))
            return &page->entries[i];
    return NULL;
}

/* The lines before the first .Pp as one, macros without their names. */
static void head_of(const struct entry *entry, struct text *head)
{
    struct span rest = entry->body, line;

    while (next_line(&rest, &line) && !equals(line, ".Pp")) {
        if (line.length >= MACRO && *line.at == '.')
            line = (struct span){line.at + MACRO, line.length - MACRO};
        text_addf(head, "%s%.*s", head->length > 0 ? " " : "", (int)line.length,
                  line.at);
    }
}

/* The arguments of all lines with this macro, a line each. */
static void items_of(struct span rest, const char *macro, struct text *items)
{
    struct span line;

    while (next_line(&rest, &line))
        if (begins(line, macro))
            text_addf(items, "%.*s\n", (int)after(line, macro).length,
                      after(line, macro).at);
}

static void example_of(const struct entry *entry, struct text *example)
{
    struct span rest = entry->body, line;
    bool inside = false;

    while (next_line(&rest, &line)) {
        if (inside && begins(line, EXAMPLE_END))
            return;
        if (inside)
            text_addf(example, "%.*s\n", (int)line.length, line.at);
        inside = inside || begins(line, EXAMPLE_BEGIN);
    }
}

/* What the first sentence begins with; all of it, if the table has a default.
 * Keys that are read by code of their own say themselves what they take. */
static void expect_head(const struct key *key, struct text *head)
{
    text_add(head, "Takes ");
    if (key->value.type == NULL)
        return;
    value_expected(&key->value, head);
    text_add(head, "; default: ");
    if (key->standard != NULL)
        text_addf(head, "%s.", key->standard);
}

static bool is_check(const struct key *key, enum check *check)
{
    static const char section[] = "policy.";

    return begins(span_of(key->path), section) &&
           check_from_name(check, span_of(key->path + strlen(section)));
}

/* Results with their reasons; one that has none of its own stands for itself,
 * for in-progress is everywhere and told once. */
static void expect_results(enum check check, struct text *items)
{
    for (unsigned i = RESULT_PASS; i <= RESULT_NONE; i++) {
        enum result result = (enum result)i;
        size_t before = items->length;
        for (unsigned j = REASON_MISSING; j <= REASON_INTERNAL; j++)
            if (j != REASON_IN_PROGRESS &&
                check_can_result(check, result, (enum reason)j))
                text_addf(items, "%s/%s\n", result_name(result),
                          reason_name((enum reason)j));
        if (items->length == before &&
            check_can_result(check, result, REASON_NONE))
            text_addf(items, "%s\n", result_name(result));
    }
}

static void expect_items(const struct key *key, struct text *items)
{
    enum check check;

    if (is_check(key, &check))
        expect_results(check, items);
    if (key->value.type != &value_word)
        return;
    for (const struct word *word = key->value.words; word->name != NULL; word++)
        text_addf(items, "%s\n", word->name);
}

/* Add our words in lines of the page's width. */
static void add_filled(struct text *text, const char *words)
{
    size_t column = 0;

    while (*words != '\0') {
        size_t length = strcspn(words, " ");
        if (column > 0 && column + 1 + length > COLUMNS) {
            text_add(text, "\n");
            column = 0;
        }
        text_addf(text, "%s%.*s", column > 0 ? " " : "", (int)length, words);
        column += length + (column > 0);
        words += length + strspn(words + length, " ");
    }
    text_add(text, "\n");
}

/* What is to be written into the page for this key. */
static void say_missing(const struct key *key, size_t index,
                        struct text *faults)
{
    char head_buffer[HEAD_SIZE];
    struct text head;

    text_begin(&head, head_buffer, sizeof(head_buffer));
    expect_head(key, &head);
    if (key->value.type == NULL)
        text_add(&head, "WHAT; default: WHAT.");
    else if (key->standard == NULL)
        text_add(&head, "WHAT THAT MEANS.");
    text_addf(faults, "`%s` has no entry; ", key->path);
    if (index > 0)
        text_addf(faults, "after `%s` add:\n", keys_at(index - 1)->path);
    else
        text_add(faults, "first add:\n");
    text_addf(faults, KEY_ITEM "%s\n", key->path);
    add_filled(faults, head.buffer);
    text_add(faults,
             ".Pp\nWhat it does to mail.\n" EXAMPLE_BEGIN
             " -offset indent\nA policy file with this key.\n" EXAMPLE_END
             "\n");
}

static void check_head(const struct key *key, const struct entry *entry,
                       struct text *faults)
{
    char head_buffer[HEAD_SIZE], expected_buffer[HEAD_SIZE];
    struct text head, expected;

    text_begin(&head, head_buffer, sizeof(head_buffer));
    text_begin(&expected, expected_buffer, sizeof(expected_buffer));
    head_of(entry, &head);
    expect_head(key, &expected);
    bool whole = key->value.type != NULL && key->standard != NULL;
    struct span said = {head.buffer, head.length};
    if (whole ? equals(said, expected.buffer)
              : begins(said, expected.buffer) &&
                    strstr(head.buffer, "; default: ") != NULL &&
                    head.buffer[head.length - 1] == '.')
        return;
    text_addf(faults, "`%s` begins with\n  %s\nexpected\n  %s%s\n", key->path,
              head.buffer, expected.buffer,
              whole                     ? ""
              : key->value.type != NULL ? "WHAT THAT MEANS."
                                        : "WHAT; default: WHAT.");
}

/* Hold the items of a place against those expected. */
static void compare_items(const char *place, struct span in, const char *macro,
                          const struct text *expected, struct text *faults)
{
    char buffer[ITEMS_SIZE];
    struct text items;

    text_begin(&items, buffer, sizeof(buffer));
    items_of(in, macro, &items);
    if (strcmp(items.buffer, expected->buffer) != 0)
        text_addf(faults, "%s has the items (%s)\n%sexpected\n%s", place, macro,
                  items.buffer, expected->buffer);
}

static void check_items(const struct key *key, const struct entry *entry,
                        struct text *faults)
{
    char buffer[ITEMS_SIZE];
    struct text expected;

    text_begin(&expected, buffer, sizeof(buffer));
    expect_items(key, &expected);
    if (expected.length > 0)
        compare_items(key->path, entry->body, WORD_ITEM, &expected, faults);
}

/* True when the path, which ends with NULL, leads to something below the node;
 * through lists it may lead by any of their elements. */
/* NOLINTNEXTLINE(misc-no-recursion): no deeper than a tree may be */
static bool holds(const struct node *node, const char *path)
{
    if (*path == '\0')
        return true;
    if (node->kind == NODE_LIST) {
        for (const struct node *child = node->first; child != NULL;
             child = child->next)
            if (holds(child, path))
                return true;
        return false;
    }
    size_t length = strcspn(path, ".");
    for (const struct node *child = node->first; child != NULL;
         child = child->next)
        if (equals((struct span){path, length}, child->key))
            return holds(child, path[length] == '.' ? path + length + 1
                                                    : path + length);
    return false;
}

/* The keys of an action stand wherever an action does. */
/* NOLINTNEXTLINE(misc-no-recursion): no deeper than a tree may be */
static bool holds_anywhere(const struct node *node, const char *key)
{
    if (node->kind != NODE_SCALAR && holds(node, key))
        return true;
    for (const struct node *child = node->first; child != NULL;
         child = child->next)
        if (holds_anywhere(child, key))
            return true;
    return false;
}

static bool example_has(struct span example, const struct key *key)
{
    struct reading reading = {.file = "example"};
    struct complaints complaints = {0};
    struct node *root = tree_read(&reading, example);
    bool has = root != NULL &&
               (key->scope == KEY_OF_ACTION ? holds_anywhere(root, key->path)
                                            : holds(root, key->path));

    reading_finish(&reading, &complaints);
    complaints_clear(&complaints);
    tree_free(&root);
    return has;
}

/* A warning that an example cannot help: it shows one key, on any host. */
static bool is_no_fault(const struct complaint *complaint)
{
    static const char *const warnings[] = {"names no check",
                                           "which this host does not have"};

    for (size_t i = 0; i < sizeof(warnings) / sizeof(*warnings); i++)
        if (complaint->warning && strstr(complaint->text, warnings[i]) != NULL)
            return true;
    return false;
}

static void check_example(const struct key *key, const struct entry *entry,
                          struct text *faults)
{
    char buffer[EXAMPLE_SIZE];
    struct complaints complaints = {0};
    struct text example;

    text_begin(&example, buffer, sizeof(buffer));
    example_of(entry, &example);
    if (strchr(buffer, '\\') != NULL ||
        !example_has((struct span){buffer, example.length}, key))
        text_addf(faults, "`%s` has no example (" EXAMPLE_BEGIN ") with it\n",
                  key->path);
    if (!begins(span_of(buffer), "identity:"))
        text_add(&example, "identity: mx1.example.org\n");
    struct policy *policy = policy_read_text(
        key->path, (struct span){buffer, example.length}, &complaints);
    for (size_t i = 0; i < complaints.count; i++)
        if (!is_no_fault(&complaints.at[i]))
            text_addf(faults, "the example of %s\n", complaints.at[i].text);
    complaints_clear(&complaints);
    if (policy != NULL)
        policy_drop(policy);
}

static void check_keys(const struct page *page, struct text *faults)
{
    const struct entry *last = page->entries;
    const struct key *key;

    for (size_t i = 0; (key = keys_at(i)) != NULL; i++) {
        const struct entry *entry = page_find(page, key->path);
        if (entry == NULL) {
            say_missing(key, i, faults);
            continue;
        }
        if (entry < last)
            text_addf(faults, "`%s` stands before `%s`, expected after\n",
                      key->path, keys_at(i - 1)->path);
        last = entry;
        check_head(key, entry, faults);
        check_items(key, entry, faults);
        check_example(key, entry, faults);
    }
}

static bool is_in_table(struct span path)
{
    const struct key *key;

    for (size_t i = 0; (key = keys_at(i)) != NULL; i++)
        if (equals(path, key->path))
            return true;
    return false;
}

static void check_entries(const struct page *page, struct text *faults)
{
    char path[HEAD_SIZE];

    for (size_t i = 0; i < page->count; i++) {
        const struct entry *entry = &page->entries[i];
        snprintf(path, sizeof(path), "%.*s", (int)entry->key.length,
                 entry->key.at);
        if (!is_in_table(entry->key))
            text_addf(faults, "`%s` has an entry, but is no key\n", path);
        else if (page_find(page, path) != entry)
            text_addf(faults, "`%s` has two entries\n", path);
    }
}

static void check_reply_words(struct span page, struct text *faults)
{
    char buffer[ITEMS_SIZE];
    struct text expected;
    const char *word;

    text_begin(&expected, buffer, sizeof(buffer));
    for (size_t i = 0; (word = reply_word(i)) != NULL; i++)
        text_addf(&expected, "%%{%s}\n", word);
    compare_items("the page", page, REPLY_ITEM, &expected, faults);
}

/* All that is wrong with a page, into `faults`. */
static void page_check(const char *text, struct text *faults)
{
    struct page *page = calloc(1, sizeof(*page));

    assert_non_null(page);
    page_read(page, span_of(text));
    check_keys(page, faults);
    check_entries(page, faults);
    check_reply_words(span_of(text), faults);
    free(page);
}

static char *page_text(void)
{
    char *text = calloc(1, PAGE_MOST);
    FILE *file = fopen(PAGE, "r");

    assert_non_null(text);
    assert_non_null(file);
    size_t length = fread(text, 1, PAGE_MOST, file);
    fclose(file);
    assert_true(length > 0 && length < PAGE_MOST);
    return text;
}

static void test_page(void **state)
{
    char *text = page_text(), *buffer = calloc(1, FAULTS_SIZE);
    struct text faults;

    assert_non_null(buffer);
    text_begin(&faults, buffer, FAULTS_SIZE);
    page_check(text, &faults);
    if (faults.length > 0)
        print_error("config/bonafide.yaml.5:\n%s", buffer);
    assert_int_equal(faults.length, 0);
    free(text);
    free(buffer);
}

/* The page with one thing else in the place of what is there. */
static char *page_with(const char *instead_of, const char *there)
{
    char *text = page_text(), *changed = calloc(1, PAGE_MOST);
    char *at = strstr(text, instead_of);

    assert_non_null(changed);
    if (at == NULL)
        fail_msg("the page has no `%s`", instead_of);
    snprintf(changed, PAGE_MOST, "%.*s%s%s", (int)(at - text), text, there,
             at + strlen(instead_of));
    free(text);
    return changed;
}

static void test_faults(void **state)
{
    static const struct {
        const char *instead_of, *there, *fault;
    } rows[] = {
        {".It Ic dns.attempts\n", "",
         "`dns.attempts` has no entry; after `dns.timeout` add:\n"
         ".It Ic dns.attempts\n"
         "Takes a number, from 1 to 10; default: 2.\n"},
        {".It Ic dns.attempts\n", ".It Ic dns.attempt\n",
         "`dns.attempt` has an entry, but is no key\n"},
        {".It Ic user\n", ".It Ic listen\n", "`listen` has two entries\n"},
        {"10; default: 2.\n", "10; default: 3.\n",
         "expected\n  Takes a number, from 1 to 10; default: 2.\n"},
        {"Takes a number, from 1 to 10;", "Takes a number;",
         "`dns.attempts` begins with\n  Takes a number; default: 2.\n"},
        {".It Ic user\n", ".It Ic dns.attempts\nFirst.\n.It Ic user\n",
         "`dns.attempts` stands before `dns.timeout`, expected after\n"},
        {"identity: mx1.example.org\n", "identity: mx1\n",
         "the example of identity:1:11: `identity` is `mx1`"},
        {"user: milter\n", "identity: mx1.example.org\n",
         "`user` has no example (.Bd -literal) with it\n"},
        {".It Cm clean\n", ".It Cm cleanly\n",
         "callout.when has the items (.It Cm )\ncleanly\n"},
        {".It Cm fail/refuses-bounces\n", "",
         "policy.callout has the items (.It Cm )\npass\n"},
        {".It Li %{helo}\n", ".It Li %{ehlo}\n",
         "the page has the items (.It Li )\n"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *text = page_with(rows[i].instead_of, rows[i].there);
        char *buffer = calloc(1, FAULTS_SIZE);
        struct text faults;
        assert_non_null(buffer);
        text_begin(&faults, buffer, FAULTS_SIZE);
        page_check(text, &faults);
        if (strstr(buffer, rows[i].fault) == NULL)
            fail_msg("expected: %s\ngot: %s", rows[i].fault, buffer);
        free(text);
        free(buffer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
