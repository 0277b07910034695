/* SPDX-License-Identifier: BSD-2-Clause */
/* words.h - what DNS said, in words: the clauses that descriptions of several
 * checks share; private to lib/check
 *
 * Clauses have neither a capital in front nor a full stop behind, so that they
 * can be joined. Names in answers are canonical: letters, digits, hyphen,
 * underscore and dots. */
#ifndef CHECK_WORDS_H
#define CHECK_WORDS_H

#include "check/facts.h"

/** An address in its text form. */
void words_add_address(struct text *text, const struct address *address);

/** "192.0.2.7, 192.0.2.8 and 3 more": the addresses of both answers, those of
 * the first one first. Either may be NULL or without any. */
void words_add_addresses(struct text *text, const struct dns_answer *first,
                         const struct dns_answer *second);

/** "could not be looked up (time-out)", or that this is not finished; `answer`
 * is NULL or DNS_TEMPERROR. Follows its subject. */
void words_add_failure(struct text *text, const struct dns_answer *answer);

/** "mail.example.net resolves to 192.0.2.7", "... does not exist in DNS", or
 * whatever else the answers say of a host; either may be NULL. */
void words_add_host(struct text *text, const char *host,
                    const struct dns_answer *a, const struct dns_answer *aaaa);

/** "the reverse name of 198.51.100.3 is host3.isp.example (confirmed)", or what
 * there is instead; the client is known. */
void words_add_reverse(struct text *text, const struct client_facts *client);

/** "there is no reverse name (PTR record) for 198.51.100.3", or that its record
 * is none; `ptr` has no name, and is no DNS_TEMPERROR. */
void words_add_no_reverse(struct text *text, const struct address *address,
                          const struct dns_answer *ptr);

/** The sender in angle brackets, escaped and shortened. */
void words_add_sender(struct text *text, const struct mailpath *path);

/** The HELO argument, escaped and shortened, in quotes: for what is no name. */
void words_add_quoted(struct text *text, struct span outside);

#endif
