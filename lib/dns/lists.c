/* SPDX-License-Identifier: BSD-2-Clause */
/* lists.c - the self-test of RFC 5782 5 and the count of silences */
#include "dns/lists.h"

#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/** The two entries of a test: the one that must be there, and the one that must
 * not. */
enum entry { ENTRY_LISTED, ENTRY_UNLISTED };
#define ENTRIES 2

#define ZEROS_10 "0.0.0.0.0.0.0.0.0.0."

/* Of IPv6 ::ffff:7f00:2 and :1, which is not the IPv4 address there. */
static const char *const labels[][ENTRIES] = {
    [LIST_OF_IPV4] = {"2.0.0.127.", "1.0.0.127."},
    [LIST_OF_IPV6] = {"2.0.0.0.0.0.f.7.f.f.f.f." ZEROS_10 ZEROS_10,
                      "1.0.0.0.0.0.f.7.f.f.f.f." ZEROS_10 ZEROS_10},
    [LIST_OF_NAMES] = {"test.", "invalid."},
};

static const char *const said[][ENTRIES] = {
    [LIST_OF_IPV4] = {"127.0.0.2", "127.0.0.1"},
    [LIST_OF_IPV6] = {"::ffff:7f00:2", "::ffff:7f00:1"},
    [LIST_OF_NAMES] = {"test", "invalid"},
};

static const char *const subjects[] = {
    [LIST_OF_IPV4] = "IPv4 addresses",
    [LIST_OF_IPV6] = "IPv6 addresses",
    [LIST_OF_NAMES] = "names",
};

struct list;

/** One question of a test. */
struct test {
    struct dns_ask ask; /* first: it leads back to us */
    struct list *list;
    const struct dns_answer *answer;
};

struct list {
    struct lists *lists;
    struct list *next;
    struct list_name name;

    /* Under the lock of `lists`. */
    bool watched;
    bool failed;
    unsigned silences; /* in a row */
    instant rests_until;
    instant due; /* when it is tested next */

    /* The loop's thread alone. */
    unsigned open; /* questions of the test under way */
    struct test tests[ENTRIES];
};

struct lists {
    struct loop *loop;
    struct resolver *resolver;
    struct loop_timer *timer; /* the loop's, made there */
    struct loop_job job;
    pthread_mutex_t lock; /* of what follows and of the lists' states */
    bool posted, stopped;
    struct list *first; /* grows at its front, never shrinks */
};

static instant now_of(const struct lists *lists)
{
    return clock_now(loop_clock(lists->loop));
}

struct lists *lists_new(struct loop *loop, struct resolver *resolver)
{
    struct lists *lists = calloc(1, sizeof(*lists));
    if (lists == NULL)
        return NULL;
    if (pthread_mutex_init(&lists->lock, NULL) != 0) {
        free(lists);
        return NULL;
    }
    lists->loop = loop;
    lists->resolver = resolver;
    return lists;
}

bool list_answer_is_error(const struct address *answer)
{
    const uint8_t *octets = answer->octets + 12;
    return octets[0] != 127 || (octets[1] == 255 && octets[2] == 255);
}

static bool has_error(const struct dns_answer *answer)
{
    for (size_t i = 0; answer->addresses != NULL && i < answer->count; i++)
        if (list_answer_is_error(&answer->addresses[i]))
            return true;
    return false;
}

static const struct dns_answer *answer_to(const struct list *list,
                                          enum entry entry)
{
    return list->tests[entry].answer;
}

/* What is wrong with the list, in words; NULL: nothing. */
static const char *judge(const struct list *list)
{
    const struct dns_answer *listed = answer_to(list, ENTRY_LISTED);
    if (listed->status == DNS_FOUND && has_error(listed))
        return "it answers with an error code to the test entry";
    if (listed->status != DNS_FOUND || listed->count == 0)
        return "it does not list the test entry";
    if (answer_to(list, ENTRY_UNLISTED)->status == DNS_FOUND)
        return "it lists the entry that no list may have";
    return NULL;
}

static void say_failure(const struct list *list, const char *wrong)
{
    /* Most lists know nothing of IPv6: that is no fault of theirs. */
    bool expected = list->name.kind == LIST_OF_IPV6 &&
                    answer_to(list, ENTRY_LISTED)->status != DNS_FOUND;
    enum entry entry = answer_to(list, ENTRY_LISTED)->status == DNS_FOUND &&
                               !has_error(answer_to(list, ENTRY_LISTED))
                           ? ENTRY_UNLISTED
                           : ENTRY_LISTED;
    log_line(expected ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
             "dnsbl: %s is switched off for %s: %s, %s (RFC 5782 5)",
             list->name.zone, subjects[list->name.kind], wrong,
             said[list->name.kind][entry]);
}

static void run_due(struct lists *lists);

/* Both answers are there. */
static void end_test(struct list *list)
{
    struct lists *lists = list->lists;
    bool told = answer_to(list, ENTRY_LISTED)->status != DNS_TEMPERROR &&
                answer_to(list, ENTRY_UNLISTED)->status != DNS_TEMPERROR;
    const char *wrong = told ? judge(list) : NULL;

    pthread_mutex_lock(&lists->lock);
    bool failed = told ? wrong != NULL : list->failed;
    bool changed = failed != list->failed;
    list->failed = failed;
    list->due =
        instant_after_s(now_of(lists), told ? LISTS_TEST_S : LISTS_RETRY_S);
    pthread_mutex_unlock(&lists->lock);

    if (changed && failed)
        say_failure(list, wrong);
    else if (changed)
        log_line(LOG_LEVEL_NOTICE,
                 "dnsbl: %s is switched on again for %s: it passes its test",
                 list->name.zone, subjects[list->name.kind]);
    for (size_t i = 0; i < ENTRIES; i++)
        dns_answer_drop(list->tests[i].answer);
    run_due(lists);
}

static void take_answer(struct dns_ask *ask, const struct dns_answer *answer)
{
    void *first = ask; /* a test begins with its ask */
    struct test *test = first;
    test->answer = answer;
    if (--test->list->open == 0)
        end_test(test->list);
}

static void begin_test(struct list *list)
{
    struct lists *lists = list->lists;
    instant deadline = instant_after_ms(now_of(lists), LISTS_PATIENCE_MS);
    list->open = ENTRIES;
    for (size_t i = 0; i < ENTRIES; i++) {
        struct test *test = &list->tests[i];
        struct text name;
        test->list = list;
        test->ask = (struct dns_ask){
            .type = DNS_A, .deadline = deadline, .done = take_answer};
        text_begin(&name, test->ask.name, sizeof(test->ask.name));
        text_add(&name, labels[list->name.kind][i]);
        text_add(&name, list->name.zone);
        resolver_ask(lists->resolver, &test->ask);
    }
}

/* Test those that are due, and come back for the next. */
static void run_due(struct lists *lists)
{
    instant now = now_of(lists);
    instant next = INSTANT_NEVER;
    pthread_mutex_lock(&lists->lock);
    for (struct list *list = lists->first; list != NULL; list = list->next) {
        if (!list->watched || list->open > 0 || lists->stopped)
            continue;
        if (list->due <= now)
            begin_test(list);
        else if (list->due < next)
            next = list->due;
    }
    pthread_mutex_unlock(&lists->lock);
    if (lists->timer != NULL)
        loop_timer_set(lists->timer, next);
}

static void on_timer(void *context)
{
    run_due(context);
}

static void run_job(struct loop_job *job)
{
    void *around = (char *)job - offsetof(struct lists, job);
    struct lists *lists = around;
    pthread_mutex_lock(&lists->lock);
    lists->posted = false;
    bool stopped = lists->stopped;
    pthread_mutex_unlock(&lists->lock);
    if (stopped)
        return;
    if (lists->timer == NULL)
        lists->timer = loop_timer_new(lists->loop, on_timer, lists);
    if (lists->timer != NULL)
        run_due(lists);
    else
        log_line(LOG_LEVEL_ERROR, "dnsbl: out of memory, no list is tested");
}

/* Under the lock. */
static struct list *find(const struct lists *lists, const char *zone,
                         enum list_kind kind)
{
    struct list *list = lists->first;
    while (list != NULL &&
           (list->name.kind != kind || strcmp(list->name.zone, zone) != 0))
        list = list->next;
    return list;
}

/* Under the lock. NULL: memory ends. */
static struct list *find_or_add(struct lists *lists,
                                const struct list_name *name)
{
    struct list *list = find(lists, name->zone, name->kind);
    if (list != NULL)
        return list;
    list = calloc(1, sizeof(*list));
    if (list == NULL)
        return NULL;
    list->lists = lists;
    list->name = *name;
    list->due = now_of(lists);
    list->next = lists->first;
    lists->first = list;
    return list;
}

bool lists_watch(struct lists *lists, const struct list_name *names,
                 size_t count)
{
    bool all = true;
    pthread_mutex_lock(&lists->lock);
    for (struct list *list = lists->first; list != NULL; list = list->next)
        list->watched = false;
    for (size_t i = 0; i < count; i++) {
        struct list *list = find_or_add(lists, &names[i]);
        if (list != NULL)
            list->watched = true;
        else
            all = false;
    }
    if (!lists->posted && count > 0) {
        lists->posted = true;
        lists->job.run = run_job;
        loop_post(lists->loop, &lists->job);
    }
    pthread_mutex_unlock(&lists->lock);
    return all;
}

enum list_state lists_state(struct lists *lists, const char *zone,
                            enum list_kind kind)
{
    enum list_state state = LIST_GOOD;
    pthread_mutex_lock(&lists->lock);
    const struct list *list = find(lists, zone, kind);
    if (list != NULL && list->watched && list->failed)
        state = LIST_FAILED;
    else if (list != NULL && list->watched &&
             list->silences >= LISTS_SILENT_MOST &&
             now_of(lists) < list->rests_until)
        state = LIST_SILENT;
    pthread_mutex_unlock(&lists->lock);
    return state;
}

/* Under the lock. */
static void note_silence(struct list *list, instant now)
{
    bool rests = now < list->rests_until;
    list->silences++;
    if (list->silences < LISTS_SILENT_MOST || rests)
        return;
    list->rests_until = instant_after_s(now, LISTS_REST_S);
    log_line(LOG_LEVEL_WARNING,
             "dnsbl: %s did not answer %u times in a row and is left out for "
             "%d s",
             list->name.zone, list->silences, LISTS_REST_S);
}

/* Under the lock. */
static void note_answer(struct list *list)
{
    if (list->silences >= LISTS_SILENT_MOST)
        log_line(LOG_LEVEL_NOTICE, "dnsbl: %s answers again", list->name.zone);
    list->silences = 0;
    list->rests_until = 0;
}

void lists_heard(struct lists *lists, const char *zone, enum list_kind kind,
                 bool answered)
{
    pthread_mutex_lock(&lists->lock);
    struct list *list = find(lists, zone, kind);
    if (list != NULL && answered)
        note_answer(list);
    else if (list != NULL)
        note_silence(list, now_of(lists));
    pthread_mutex_unlock(&lists->lock);
}

void lists_stop(struct lists *lists)
{
    pthread_mutex_lock(&lists->lock);
    lists->stopped = true;
    pthread_mutex_unlock(&lists->lock);
    loop_timer_free(&lists->timer);
}

void lists_free(struct lists **lists)
{
    struct lists *freed = *lists;
    if (freed == NULL)
        return;
    while (freed->first != NULL) {
        struct list *list = freed->first;
        freed->first = list->next;
        free(list);
    }
    pthread_mutex_destroy(&freed->lock);
    free(freed);
    *lists = NULL;
}
