/* SPDX-License-Identifier: BSD-2-Clause */
/* flight.h - flights: who is asked about now, and who waits for it; private to
 * lib/verify */
#ifndef VERIFY_FLIGHT_H
#define VERIFY_FLIGHT_H

#include "verify/parts.h"

#include <stdbool.h>

/**
 * Put an asker on the flight to his address, or have one begin.
 * @param key      the address's wire form
 * @param outcome  in the place of an answer, when it cannot be
 * @return false: he is not on it
 */
bool flight_board(struct verify_ask *ask, const char *key,
                  enum callout_outcome *outcome);

/** Cut all flights, their askers told without an answer. */
void flights_cut(struct verifier *verifier);

#endif
