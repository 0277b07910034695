/* SPDX-License-Identifier: BSD-2-Clause */
/* mailpath.h - reverse- and forward-paths (RFC 5321 4.1.2, RFC 6531 3.3): from
 * what the MTA hands us to a local part and a domain, and back to the wire.
 * Safe in any thread. */
#ifndef BASE_MAILPATH_H
#define BASE_MAILPATH_H

#include "base/address.h"
#include "base/name.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* The whole path alone is bounded, by RFC 5321 4.5.3.1.3 without its brackets.
 * The 64 octets of a local part (4.5.3.1.1) are the least to be taken, and
 * senders that VERP or SRS wrote exceed them. */
#define MAILPATH_WIRE_MOST  254
#define MAILPATH_LOCAL_MOST MAILPATH_WIRE_MOST       /* a bare one is a path */
#define MAILPATH_SIZE       (MAILPATH_WIRE_MOST + 1) /* with its terminator */

enum mailpath_form {
    MAILPATH_NULL,    /* <> */
    MAILPATH_BARE,    /* a local part alone: <postmaster> */
    MAILPATH_DOMAIN,  /* local@domain */
    MAILPATH_LITERAL, /* local@[192.0.2.1] */
    MAILPATH_INVALID  /* see `fault`; everything else is empty */
};

enum mailpath_fault {
    MAILPATH_OK,
    MAILPATH_EMPTY,         /* no path at all */
    MAILPATH_CONTROL,       /* CR, LF, NUL or another, U+0080 to U+009F too */
    MAILPATH_LOCAL_SYNTAX,  /* neither dot-string nor quoted string */
    MAILPATH_DOMAIN_SYNTAX, /* not a host name, see name_parse */
    MAILPATH_BAD_LITERAL,
    MAILPATH_LONG,   /* over 254 octets on the wire (RFC 3696 erratum) */
    MAILPATH_SYNTAX, /* brackets, source route, anything after it */
    MAILPATH_MEMORY  /* ours: none left; says nothing about the path */
};

/** A parsed path; small enough to copy. */
struct mailpath {
    enum mailpath_form form;
    enum mailpath_fault fault;
    char local[MAILPATH_LOCAL_MOST + 1]; /* without quotes and backslashes */
    char domain[NAME_SIZE]; /* canonical; of a literal: its text in brackets */
    struct address literal;
    bool utf8; /* the local part has octets beyond ASCII: needs SMTPUTF8 */
};

/**
 * Read a path with or without its angle brackets; spaces around it do not
 * count, and a source route (`@a,@b:`) is read over, as RFC 5321 4.1.1.3 and
 * appendix C ask for. Never fails otherwise than by form MAILPATH_INVALID.
 */
void mailpath_parse(struct mailpath *path, struct span text);

/** In words, for a finding's detail: "the address is longer than 254 octets".
 */
const char *mailpath_fault_text(enum mailpath_fault fault);

/**
 * The path as it goes on the wire, without angle brackets, the local part
 * quoted when it must be; the empty string for the null path. What was written
 * reads back to the same path and holds no control octet. Also the key by
 * which an address is known: domains without case, local parts as given.
 * @return false for an invalid path, and for one over MAILPATH_WIRE_MOST that
 *         nobody parsed; `wire` is then the empty string
 */
bool mailpath_write(const struct mailpath *path, char wire[MAILPATH_SIZE]);

#endif
