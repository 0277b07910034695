/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c - errors of the system that are our own fault */
#include "base/fault.h"

#include <errno.h>

enum fault fault_of(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
        return FAULT_DESCRIPTOR;
    case ENOMEM:
    case ENOBUFS:
        return FAULT_MEMORY;
    case EADDRINUSE:
    case EADDRNOTAVAIL:
        return FAULT_PORT;
    default:
        return FAULT_NONE;
    }
}

const char *fault_text(enum fault fault)
{
    static const char *const texts[FAULT_COUNT] = {
        [FAULT_NONE] = "",
        [FAULT_MEMORY] = "no memory",
        [FAULT_DESCRIPTOR] = "no descriptor",
        [FAULT_PORT] = "no port",
    };
    return texts[fault];
}
