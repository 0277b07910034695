/* SPDX-License-Identifier: BSD-2-Clause */
/* basis.h - the answers of DNS that a fail rests on, and whether the resolver
 * is to be believed in them; private to lib/check
 *
 * A fail of helo-forward, helo-match (but of a literal), client-ptr, dnsbl,
 * sender-domain (but of a syntax or a literal) and callout rests on DNS: the
 * last, for whoever answered was found by it. One that denies everything denies
 * names, reverse names and domains, one that finds everything gives addresses
 * and listings that are not so, and leads callouts to a stranger. Any fail
 * rests on what the allow-lists say that might have freed from the check. */
#ifndef CHECK_BASIS_H
#define CHECK_BASIS_H

#include "check/facts.h"
#include "check/finding.h"

/** Whether a fail of the check, which the facts make, counts. TRUST_BELIEVED
 * too when it does not rest on DNS. */
enum trust_judgement basis_judge(enum check check, const struct facts *facts);

#endif
