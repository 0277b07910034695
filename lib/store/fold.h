/* SPDX-License-Identifier: BSD-2-Clause */
/* fold.h - sender addresses that differ from message to message, and what of
 * them stays: BATV (prvs=), SRS (SRS0=, SRS1=) and VERP */
#ifndef STORE_FOLD_H
#define STORE_FOLD_H

#include "base/mailpath.h"

#include <stdbool.h>

/**
 * The path's wire form with a `*` in the place of what changes per message: the
 * tag of BATV, hash and time stamp of SRS, and in a VERP address - one that
 * holds `=`, or speaks of bounces - whatever word of hexadecimal digits has
 * four of them or more, at least one of them decimal. An address that its owner
 * accepts stands for all that fold as it does; a refusal stands for itself
 * alone, for anybody can forge a tag.
 * @return false: nothing of it changes, and `folded` is the empty string
 */
bool fold_path(const struct mailpath *path, char folded[MAILPATH_SIZE]);

#endif
