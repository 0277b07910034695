/* SPDX-License-Identifier: BSD-2-Clause */
/* batch.h - the questions that one subject (a client address, a HELO name, a
 * sender domain) gives rise to, and their answers as they come in
 *
 * Who derives facts from DNS does not keep a state machine: he wants an answer,
 * and gets it or NULL; when another one has arrived he begins again from the
 * start, for an answer never changes once it is there. What was wanted and is
 * neither kept nor on its way is put on the list; dns_batch_send sends the list
 * in one go, so that questions that do not depend on each other travel
 * together.
 *
 *     ptr = dns_batch_want(batch, reverse, DNS_PTR);
 *     for (i = 0; ptr && i < ptr->count; i++)
 *         a[i] = dns_batch_want(batch, ptr->names[i], DNS_A);
 *     sent = dns_batch_send(batch);
 *
 * A batch belongs to its owner and is used under the owner's lock; only the
 * arrival of an answer comes from the loop, without that lock.
 */
#ifndef DNS_BATCH_H
#define DNS_BATCH_H

#include "dns/resolver.h"

struct dns_batch;

/** Questions one batch may hold; what is wanted beyond is answered
 * temperror/internal. */
#define DNS_BATCH_MOST 64

/**
 * @param client    on whose behalf it asks; NULL: the program's own
 * @param deadline  for all its questions: first ask plus dns.budget
 * @param arrived   called on the loop's thread, without any lock of ours, once
 *                  for each question that dns_batch_send sent
 * @param context   the owner's; it must live until each sent question arrived
 * @return NULL when memory ends
 */
struct dns_batch *dns_batch_new(struct resolver *resolver,
                                const struct address *client, instant deadline,
                                void (*arrived)(void *context), void *context);

/**
 * The answer if it is there or kept in memory; else NULL, and the question is
 * on the list if it was not asked before.
 * @param name  canonical, copied
 * @return belongs to the batch; temperror/internal when memory ends
 */
const struct dns_answer *dns_batch_want(struct dns_batch *batch,
                                        const char *name, enum dns_type type);

/** Send what is on the list; returns how many questions that were: so many
 * calls of `arrived` will follow. */
size_t dns_batch_send(struct dns_batch *batch);

/** True when some answer that has come is a temperror. */
bool dns_batch_is_troubled(const struct dns_batch *batch);

/** True when some answer that has come is from before this instant. */
bool dns_batch_is_from_before(const struct dns_batch *batch, instant at);

/** Questions sent over the network so far; 0: all came from memory. */
size_t dns_batch_sent(const struct dns_batch *batch);

/** Let go; what is under way is withdrawn, and arrives soon as temperror.
 * *batch becomes NULL. */
void dns_batch_free(struct dns_batch **batch);

#endif
