/* SPDX-License-Identifier: BSD-2-Clause */
/* batch.c - questions of one subject, each sent once; the loop hands an answer
 * over through one atomic pointer */
#include "dns/batch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct question {
    struct dns_ask ask; /* on the loop from dns_batch_send until its answer */
    struct dns_batch *batch;
    _Atomic(const struct dns_answer *) answer; /* set once, then held */
};

struct dns_batch {
    struct loop_job withdraw; /* first: it leads back to us */
    struct resolver *resolver;
    bool has_client;
    struct address client;
    instant deadline;
    void (*arrived)(void *context);
    void *context;

    atomic_uint holds; /* the owner's, and one for each question on the loop */
    size_t count;      /* questions, in the order they were wanted */
    size_t looked_at;  /* by dns_batch_send: the first so many */
    size_t sent;
    struct question *questions[DNS_BATCH_MOST];
};

struct dns_batch *dns_batch_new(struct resolver *resolver,
                                const struct address *client, instant deadline,
                                void (*arrived)(void *context), void *context)
{
    struct dns_batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL)
        return NULL;
    batch->resolver = resolver;
    batch->has_client = client != NULL;
    if (client != NULL)
        batch->client = *client;
    batch->deadline = deadline;
    batch->arrived = arrived;
    batch->context = context;
    atomic_init(&batch->holds, 1);
    return batch;
}

static const struct dns_answer *answer_of(struct question *question)
{
    return atomic_load_explicit(&question->answer, memory_order_acquire);
}

static void drop(struct dns_batch *batch)
{
    if (atomic_fetch_sub_explicit(&batch->holds, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < batch->count; i++) {
        dns_answer_drop(answer_of(batch->questions[i]));
        free(batch->questions[i]);
    }
    free(batch);
}

/* On the loop. The owner may let the batch go in `arrived`. */
static void take_answer(struct dns_ask *ask, const struct dns_answer *answer)
{
    void *first = ask; /* a question begins with its ask */
    struct question *question = first;
    struct dns_batch *batch = question->batch;
    atomic_store_explicit(&question->answer, answer, memory_order_release);
    batch->arrived(batch->context);
    drop(batch);
}

static struct question *find(struct dns_batch *batch, const char *name,
                             enum dns_type type)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct question *question = batch->questions[i];
        if (question->ask.type == type && strcmp(question->ask.name, name) == 0)
            return question;
    }
    return NULL;
}

/* On the list, with its answer if that is kept. NULL when the list is full, the
 * name none, or memory ends. */
static struct question *add(struct dns_batch *batch, const char *name,
                            enum dns_type type)
{
    size_t length = strlen(name);
    if (batch->count == DNS_BATCH_MOST || length >= NAME_SIZE)
        return NULL;
    struct question *question = calloc(1, sizeof(*question));
    if (question == NULL)
        return NULL;
    memcpy(question->ask.name, name, length + 1);
    question->ask.type = type;
    question->ask.has_client = batch->has_client;
    question->ask.client = batch->client;
    question->ask.deadline = batch->deadline;
    question->ask.done = take_answer;
    question->batch = batch;
    atomic_init(&question->answer, resolver_kept(batch->resolver, name, type));
    batch->questions[batch->count++] = question;
    return question;
}

const struct dns_answer *dns_batch_want(struct dns_batch *batch,
                                        const char *name, enum dns_type type)
{
    struct question *question = find(batch, name, type);
    if (question == NULL)
        question = add(batch, name, type);
    if (question != NULL)
        return answer_of(question);
    return batch->count == DNS_BATCH_MOST ? dns_answer_fault(FAULT_NONE)
                                          : dns_answer_internal();
}

size_t dns_batch_send(struct dns_batch *batch)
{
    size_t sent = 0;
    for (; batch->looked_at < batch->count; batch->looked_at++) {
        struct question *question = batch->questions[batch->looked_at];
        if (answer_of(question) != NULL)
            continue;
        atomic_fetch_add_explicit(&batch->holds, 1, memory_order_relaxed);
        sent++;
        resolver_ask(batch->resolver, &question->ask);
    }
    batch->sent += sent;
    return sent;
}

bool dns_batch_is_troubled(const struct dns_batch *batch)
{
    for (size_t i = 0; batch != NULL && i < batch->count; i++) {
        const struct dns_answer *answer = answer_of(batch->questions[i]);
        if (answer != NULL && answer->status == DNS_TEMPERROR)
            return true;
    }
    return false;
}

bool dns_batch_is_from_before(const struct dns_batch *batch, instant at)
{
    for (size_t i = 0; batch != NULL && i < batch->count; i++) {
        const struct dns_answer *answer = answer_of(batch->questions[i]);
        if (answer != NULL && answer->arrived < at)
            return true;
    }
    return false;
}

size_t dns_batch_sent(const struct dns_batch *batch)
{
    return batch != NULL ? batch->sent : 0;
}

/* On the loop, with what was the owner's hold. What is left is answered. */
static void withdraw(struct loop_job *job)
{
    void *first = job;
    struct dns_batch *batch = first;
    for (size_t i = 0; i < batch->looked_at; i++)
        resolver_withdraw(&batch->questions[i]->ask);
    drop(batch);
}

static bool is_open(const struct dns_batch *batch)
{
    bool open = false;
    for (size_t i = 0; i < batch->looked_at && !open; i++)
        open = answer_of(batch->questions[i]) == NULL;
    return open;
}

void dns_batch_free(struct dns_batch **batch)
{
    struct dns_batch *freed = *batch;
    if (freed == NULL)
        return;
    *batch = NULL;
    if (is_open(freed)) {
        freed->withdraw.run = withdraw;
        resolver_post(freed->resolver, &freed->withdraw);
    } else {
        drop(freed);
    }
}
