/* SPDX-License-Identifier: BSD-2-Clause */
/* unusable.h - the exchangers of the sender's domain that no mail can go to;
 * private to lib/check */
#ifndef CHECK_UNUSABLE_H
#define CHECK_UNUSABLE_H

#include "check/facts.h"

/** True for the name that every host has for itself (RFC 6761 6.3): it is no
 * exchanger. */
bool unusable_is_localhost(const char *host);

/** Add, behind `before`, which exchangers are passed over and why: "192.0.2.7
 * is an address and no host name, mx2.example.org does not exist in DNS". What
 * is not known yet, or failed to resolve, is not among them. Adds nothing, not
 * even `before`, when there are none. */
void unusable_describe(struct text *text, const char *before,
                       const struct facts *facts);

#endif
