/* SPDX-License-Identifier: BSD-2-Clause */
/* parts.h - what a session is made of, for the files of this folder alone
 *
 * Everything of a session hangs on the session and is guarded by its lock
 * (rank 1; the service's registry, rank 2, may be taken inside). The session is
 * counted: one for the MTA's connection, one for each question, callout and
 * timer under way. So it outlives the connection as long as anything that was
 * asked for its sake still comes in.
 *
 * Whenever an answer has come or a deadline has passed, session_step begins
 * from the start: it gathers the facts again, and tries every open evaluation
 * on them. So what is open has been tried on all that is known, and a command
 * need try only what it brings itself. A step costs as many tries as there are
 * open evaluations: of LINGERING_MOST messages and the current one, and of each
 * as many as there are sorts of recipients, however many recipients.
 */
#ifndef SESSION_PARTS_H
#define SESSION_PARTS_H

#include "base/cache.h"
#include "dns/batch.h"
#include "dns/canary.h"
#include "dns/lists.h"
#include "policy/authres.h"
#include "policy/reply.h"
#include "session/session.h"
#include "store/sights.h"
#include "verify/verifier.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define SESSION_ID_SIZE    9  /* eight letters and digits */
#define SESSION_QUEUE_SIZE 64 /* of an MTA's queue id */

/** Messages of a session that are over and still have something open: verdicts
 * in monitor mode, or a callout that they owe. Of more than these the oldest
 * are decided as they stand. */
#define LINGERING_MOST 16

struct service {
    const struct clock *clock;
    struct service_limits limits;
    struct loop *loop;
    struct resolver *resolver;
    struct lists *lists;
    struct canary *canary;
    struct origins *origins;
    struct verifier *verifier;
    struct sights *sights;
    atomic_uint_least64_t next_id;
    atomic_uint waiting; /* callbacks that wait for a verdict */
    void (*waits)(void); /* called when one more begins to, or NULL */
    atomic_bool stopping;
    struct loop_timer *ticker; /* finds deadlines that nobody waits for */
    pthread_mutex_t lock;      /* rank 2: guards the rest */
    struct policy *policy;     /* of new sessions */
    struct session *on_trial;  /* sessions with an open evaluation */
};

/** A HELO or EHLO; a message holds the one that it began under. */
struct greeting {
    unsigned holders;
    char *text; /* as given */
    struct helo_facts facts;
    struct listing listings[ZONES_MOST]; /* of the HELO name */
    struct dns_batch *batch;
};

enum stage { STAGE_HELO, STAGE_MAIL, STAGE_RCPT, STAGE_DATA };

/** Whom a verdict is in the making for: one recipient, or all of a stage. */
struct trial {
    struct trial *next;
    bool waited; /* a callback waits for it and frees it; else the evaluation */
    bool decided;
    instant begun;
    struct reply *reply; /* once decided: the refusal, or NULL */
    bool reply_lost;     /* there was no memory for it */
    char queue[SESSION_QUEUE_SIZE];
    char recipient[]; /* empty before RCPT */
};

/** A verdict in the making, for all whom it is to be given to. Of a recipient
 * nothing enters it but what stands here: those for whom that is equal share
 * one evaluation while it is open, and one try of it serves them all. What
 * differs for each, the reply's words and the log's line, is made of its trial
 * once it is decided. */
struct evaluation {
    struct evaluation *next;
    enum stage stage;
    const struct rules *rules; /* of the exception that matches, or the file */
    bool called_back;          /* see message_is_called_back */
    bool
        behind; /* a verdict was given: none comes of this, nothing is frozen */
    struct trial *trials, **end; /* in the order of their commands */
};

struct callout_wait;

/** One message; under `reply-at: helo` also what precedes the first one. */
struct message {
    struct message *next;
    struct session *session;
    struct greeting *greeting;
    char id[SESSION_ID_SIZE];
    bool ended;
    bool authenticated;
    char *sender_text; /* as given */
    size_t sender_length;
    char sender_wire[MAILPATH_SIZE]; /* what exceptions are matched with */
    struct sender_facts sender;
    struct listing listings[ZONES_MOST]; /* of the sender's domain */
    uint32_t seed;                       /* of the order of equal exchangers */
    struct dns_batch *batch;

    struct evaluation *evaluations; /* the open ones, the latest first */
    instant deadline; /* of all waiting together; NEVER until it begins */
    bool gave_up[CHECK_COUNT]; /* frozen as in-progress */

    struct callout_wait *wait; /* a callout is under way */
    /** Of a verdict that came before the callout could begin: that follows from
     * the rules by itself. NULL: there is none. */
    const struct rules *owed;
    struct callout_answer callout;
    bool callout_kept; /* its answer came from memory */

    const struct rules *tag_rules; /* of a recipient whose verdict is tag, */
    struct findings tag_findings;  /* and what that rested on */
    unsigned authres_seen;
    unsigned forged_count; /* of them that claim to be ours, and which: */
    unsigned forged[AUTHRES_FORGED_MOST]; /* the first ones */
};

struct session {
    atomic_uint holders;
    struct service *service;
    /** Something new is known, or a deadline has passed; under the lock. What
     * calls from the loop reaches session_step through it. */
    void (*step)(struct session *session);
    pthread_mutex_t lock; /* rank 1 */
    pthread_cond_t decided;
    struct policy *policy;
    bool closed;
    struct client_facts client;
    struct listing listings[ZONES_MOST]; /* of its address, its reverse name */
    struct dns_batch *batch;             /* questions about the client */
    struct greeting *greeting;
    bool greeting_lost, message_lost; /* there was no memory for the last one */
    struct message *messages; /* the current one first, if any is; then those
                                 that linger, the latest first */
    struct loop_job answers;  /* while `answered` the session is held for it */
    bool answered; /* answers have come since the last step on them */
    struct canary_ask canary; /* while `tries` the session is held for it */
    bool tries;
    struct reply *reply; /* of the last call, as the next one */
    char *authres;

    struct session *next, *previous; /* in service.on_trial, as the next two */
    bool enlisted;
    instant due; /* when its first open evaluation is late */
};

/** What a verdict rests on. */
struct evidence {
    struct findings findings;
    struct first_sights sights;
};

/* parts.c - from here on all is under the session's lock, but for holding and
 * dropping */

void session_hold(struct session *session);
void session_drop(struct session *session);

/** Each is NULL when memory ends. */
struct greeting *greeting_new(struct span argument);
struct message *message_new(struct session *session, struct span sender);
struct trial *trial_new(const struct message *message, const char *recipient,
                        const char *queue);

/** The open evaluation that fits, or a new one without trials, which is the
 * message's first then and to be tried once it has one. NULL when memory
 * ends. */
struct evaluation *message_evaluation(struct message *message, enum stage stage,
                                      const struct rules *rules,
                                      bool called_back);
void evaluation_add(struct evaluation *evaluation, struct trial *trial);

/** True when it has something open. */
bool message_is_open(const struct message *message);

void greeting_drop(struct greeting *greeting);
void message_free(struct message *message);
void trial_free(struct trial *trial);

/** The sender as given becomes a path; its lookups begin with the next step. */
void message_take_sender(struct message *message, bool authenticated);

/** One more Authentication-Results field, the last one seen, claims to be
 * ours. */
void message_note_forged(struct message *message);

/** The facts of a session before there is a message; of the client alone when
 * `greeting` is NULL. */
void session_facts(const struct session *session,
                   const struct greeting *greeting, struct facts *facts);

/** The facts of a message, put together from the session's. */
void message_facts(const struct message *message, struct facts *facts);

/** Whom exceptions are asked about; borrows from the message. */
void message_encounter(const struct message *message, const char *recipient,
                       struct encounter *encounter);

/** A recipient as exceptions are matched with it: in wire form, or escaped when
 * it is no path. */
void recipient_write(struct span recipient, char wire[MAILPATH_SIZE]);

/* service.c - under no lock but the registry's, which it takes itself */

/** Have the session take a step when it is late, or when the service stops. */
void service_enlist(struct session *session, instant due);
void service_delist(struct session *session);

struct policy *service_policy(struct service *service);

/** The next message's id, in eight letters and digits that cannot be misread on
 * the telephone; returns a number that differs from message to message. */
uint32_t service_make_id(struct service *service, char id[SESSION_ID_SIZE]);

/* ask.c */

/** Questions of one subject, their budget beginning now; NULL when memory
 * ends. */
struct dns_batch *batch_new(struct session *session);

/** Ask what is wanted; each answer brings a step. */
void batch_send(struct session *session, struct dns_batch *batch);

/** For another message of the same connection: what DNS could not tell, or told
 * while it was not to be believed, is asked anew, the rest comes from memory.
 * Not while an open evaluation rests on it. */
void session_ask_again(struct session *session);

/* trust.c - the canary's word on what an evaluation comes to */

/** Have the resolver tried if a finding waits for that alone; the session takes
 * a step when that is done. */
void evaluation_want_trust(const struct message *message,
                           const struct evaluation *evaluation,
                           const struct facts *facts,
                           const struct evidence *evidence);

/** Count the fails that a verdict would have rested on. */
void evaluation_note_doubts(const struct message *message,
                            const struct evaluation *evaluation,
                            const struct facts *facts,
                            const struct evidence *evidence);

/** True when a callout's answer that was kept is a fail from a time when DNS
 * was not to be believed: it is asked for anew. */
bool callout_is_doubted(const struct service *service,
                        const struct callout_answer *answer);

/* gather.c - from answers to facts, wanting more as it goes */

void gather_client(struct client_facts *client, struct dns_batch *batch);
void gather_helo(struct helo_facts *helo, struct dns_batch *batch);
void gather_sender(struct sender_facts *sender, struct dns_batch *batch,
                   uint32_t seed);

/** Ask the lists of one sort of subject, whose part in `facts` is known as far
 * as it is; those that are in order. */
void gather_lists(struct lists *lists, const struct facts *facts,
                  enum zone_of of, struct listing *listings,
                  struct dns_batch *batch);

/* callout.c */

/** What `callout.when` says, the other findings being what they are. */
enum callout_gate { CALLOUT_GATE_WAIT, CALLOUT_GATE_OPEN, CALLOUT_GATE_SHUT };
enum callout_gate callout_gate(const struct message *message,
                               const struct evaluation *evaluation,
                               const struct facts *facts,
                               const struct evidence *evidence);

/** Take the kept answer, or begin the callout, unless that was done. */
void message_begin_callout(struct message *message, const struct facts *facts);

/** The message will not take the answer of a callout under way, which goes on
 * by itself. */
void message_leave_callout(struct message *message);

/* sparing.c */

/** True for what another verifier sends us because of our own callout. Empty:
 * the recipient is not known. */
bool message_is_called_back(const struct message *message,
                            const char *recipient);

/** Whether a callout is made at all for this sender. */
enum callout_gate sparing_gate(const struct message *message, bool called_back,
                               const struct facts *facts);

/** Where the message's callout may go: facts_targets without the hosts that are
 * never called. */
size_t message_targets(const struct message *message, const struct facts *facts,
                       struct callout_target targets[CALLOUT_TARGETS_MOST]);

/* sighting.c - first sights of failures, for soft actions */

/** Fill in when the subject of a soft finding was first seen failing; of an
 * open one as well, for it may turn out soft. */
void sighting_look(const struct message *message, const struct rules *rules,
                   const struct facts *facts, enum check check,
                   struct evidence *evidence);

/** The same for every check. */
void sightings_look(const struct message *message, const struct rules *rules,
                    const struct facts *facts, struct evidence *evidence);

/** Remember the soft findings of a verdict, forget the subjects that pass. */
void sightings_note(const struct message *message, const struct rules *rules,
                    const struct facts *facts, const struct findings *findings);

/* record.c - what comes of a verdict: the reply, the log's line, the tag */

/** Every trial has its reply and its line afterwards. */
void evaluation_decide(struct message *message,
                       const struct evaluation *evaluation,
                       const struct facts *facts,
                       const struct evidence *evidence,
                       const struct verdict *verdict);
/** What `policy.forged-results` makes of a message with more forged fields than
 * are removed: the refusal, which is the caller's, or NULL when it is none, or
 * when memory ends. */
struct reply *record_forged(const struct message *message, const char *queue);

void record_acceptance(const struct message *message, enum stage stage,
                       const char *recipient, const char *queue,
                       const struct exception *exception);

/* lost.c */

/** What a recipient gets for whom there was no memory, and its line in the log;
 * NULL: he passes. The reply is a constant. */
const struct reply *lost_reply(const struct policy *policy);

/* step.c */

/** Gather, try every open evaluation, send what is to be asked. */
void session_step(struct session *session);

/** The same for the message's first evaluation alone, which is new. */
void message_try_first(struct message *message);

#endif
