/* SPDX-License-Identifier: BSD-2-Clause */
/* mta.h - the mail server's side of a milter session (protocol version 6) as a
 * step function without I/O: packets to send come out, packets received go in
 *
 * A session is some messages of some recipients, offered as Postfix offers
 * them: negotiation, CONNECT, HELO, of each message MAIL, RCPT, DATA, fifteen
 * header fields, their end, a small body, its end, and QUIT. What the filter
 * does not want is left out, and where it negotiated silence no reply is
 * awaited.
 */
#ifndef BENCH_MTA_H
#define BENCH_MTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mta_step {
    MTA_NEGOTIATE,
    MTA_CONNECT,
    MTA_HELO,
    MTA_MAIL,
    MTA_RCPT,
    MTA_DATA,
    MTA_HEADER,
    MTA_END_OF_HEADER,
    MTA_BODY,
    MTA_END_OF_MESSAGE,
    MTA_QUIT,
    MTA_STEPS
};

const char *mta_step_name(enum mta_step step);

/** What a session sends without waiting in between, and what a filter may send
 * in one packet. */
#define MTA_OUT_SIZE 8192
#define MTA_IN_SIZE  4096

/** What sessions are made of. */
struct mta_script {
    const char *senders; /* the domain above the sender's */
    uint32_t messages;   /* of a session */
    uint32_t recipients; /* of a message */
    const char *clients; /* the domain above the HELO name */
    uint32_t first;      /* the first identity */
    bool one_client;     /* its address is that of all */
};

/** Fields are read by users, written here. */
struct mta {
    const struct mta_script *script;
    uint32_t identity;     /* which client, HELO name and sender */
    uint32_t actions;      /* as negotiated, SMFIF_ */
    uint32_t protocol;     /* as negotiated, SMFIP_ */
    bool greets_with_word; /* set after mta_begin: no host name in HELO */
    enum mta_step step;    /* the last one sent */
    uint32_t messages;     /* how many were begun */
    uint32_t recipients, headers; /* of this one that were sent */
    bool awaits;                  /* the last step's reply is still to come */
    bool over;                    /* QUIT was sent */
    char answer;                  /* the last reply, SMFIR_ */
    size_t in_length;
    unsigned char in[MTA_IN_SIZE];
    unsigned char out[MTA_OUT_SIZE]; /* what mta_next wrote */
};

/** Begin a session. The identity's client address is 198.18.0.0 plus
 * `identity`, a number below 16,000,000, or plus script->first where there is
 * one client; the identity, with dashes for dots, is the first label of its
 * HELO name.
 * @param script  borrowed as long as the session lasts */
void mta_begin(struct mta *mta, uint32_t identity,
               const struct mta_script *script);

/**
 * Go on to the next step that needs a reply, and send what needs none with it:
 * only while no reply is awaited and it is not over. After a reply other than
 * "continue" that step is QUIT.
 * @return how many octets of `out` are to be sent
 */
size_t mta_next(struct mta *mta);

enum mta_taken {
    MTA_INCOMPLETE, /* the reply has not come whole */
    MTA_ANSWERED,   /* it has: `answer` */
    MTA_BROKEN      /* not a packet of the protocol, or a reply that nobody
                       waits for */
};

/** Take what the filter has sent; at most MTA_IN_SIZE - in_length octets. */
enum mta_taken mta_take(struct mta *mta, const unsigned char *octets,
                        size_t length);

#endif
