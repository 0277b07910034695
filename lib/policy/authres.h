/* SPDX-License-Identifier: BSD-2-Clause */
/* authres.h - the Authentication-Results header field (RFC 8601): ours, and
 * those that pretend to be */
#ifndef POLICY_AUTHRES_H
#define POLICY_AUTHRES_H

#include "policy/verdict.h"

#define AUTHRES_NAME "Authentication-Results"

/** Octets of our field's value, with a terminator; no line of it has more than
 * the 998 of RFC 5322 2.1.1. */
#define AUTHRES_SIZE 2048

/** Forged fields that are removed from a message: each is a request to the MTA,
 * which may read the message from its beginning for it. No honest message has
 * so many of ours. */
#define AUTHRES_FORGED_MOST 50

/** Write the field's value: our identity as authserv-id, iprev (RFC 8601 3; no
 * PTR at all: permerror), and each check that failed, was temperror or unknown,
 * under a name of ours: `x-` and the check's. Folded with LF and a tab, as
 * libmilter takes it. A result that does not fit is left out whole. */
void authres_write(struct text *text, const struct facts *facts,
                   const struct rules *rules, const struct findings *findings);

/** True when the field's value carries `identity` as its authserv-id (comments
 * and folding skipped, letters of either case; RFC 8601 2.2, 5). */
bool authres_claims(struct span value, const char *identity);

#endif
