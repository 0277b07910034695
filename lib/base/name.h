/* SPDX-License-Identifier: BSD-2-Clause */
/* name.h - domain names in one canonical form (lower case, A-labels, no
 * trailing dot), their syntax, their organisational domain. Safe in any
 * thread. */
#ifndef BASE_NAME_H
#define BASE_NAME_H

#include "base/text.h"

#include <stdbool.h>

#define NAME_SIZE 254 /* 253 octets (RFC 1035 2.3.4) and the terminator */

enum name_fault {
    NAME_OK,
    NAME_EMPTY,       /* nothing, or dots alone */
    NAME_LONG,        /* over 253 octets as A-labels */
    NAME_EMPTY_LABEL, /* two dots in a row, or one in front */
    NAME_LONG_LABEL,  /* a label over 63 octets */
    NAME_HYPHEN,      /* a label that begins or ends with one */
    NAME_CHARACTER,   /* anything but letters, digits, hyphen, underscore */
    NAME_NUMERIC_END, /* the last label is all digits */
    NAME_IDNA,        /* bad UTF-8, or a U-label that IDNA does not take */
    NAME_MEMORY       /* ours: none left; says nothing about the name */
};

/**
 * Read a host name (RFC 1123 2.1; underscores are let through, U-labels become
 * A-labels by UTS 46 non-transitional, letters become lower case, one trailing
 * dot is dropped). A single label is taken: see name_is_qualified.
 * @param name  the canonical form; an empty string unless NAME_OK
 */
enum name_fault name_parse(char name[NAME_SIZE], struct span text);

/** In words, for a finding's detail: "a label is longer than 63 octets". */
const char *name_fault_text(enum name_fault fault);

/** True when a canonical name has at least two labels. */
bool name_is_qualified(const char *name);

bool name_has_underscore(const char *name);

/** True when `name` is `domain` or a name below it; both canonical. */
bool name_is_within(const char *name, const char *domain);

/**
 * The organisational domain (public suffix and one label, RFC 9091 and the
 * public suffix list, its private section too) of a canonical name.
 * @return false when the name is itself a public suffix or has no such domain;
 *         `domain` is then empty
 */
bool name_organisation(char domain[NAME_SIZE], const char *name);

/** True when both have the same organisational domain. */
bool name_same_organisation(const char *a, const char *b);

enum host_name {
    HOST_NAME_FOUND,
    HOST_NAME_NOT_YET, /* it may have one later, by itself or by DNS */
    HOST_NAME_BAD      /* it has one that is no host name */
};

/** This host's fully qualified name in canonical form: the system's name, or
 * when that is a single label or a placeholder (localhost, localdomain) the
 * canonical name that the resolver gives for it; may wait for DNS. While a
 * system boots it may have no name of its own yet, and no DNS.
 * @param name  empty unless HOST_NAME_FOUND */
enum host_name name_of_host(char name[NAME_SIZE]);

#endif
