/* SPDX-License-Identifier: BSD-2-Clause */
/* descriptor.h - accepted connections: what POSIX does not tell of them */
#ifndef BASE_DESCRIPTOR_H
#define BASE_DESCRIPTOR_H

#include <stdbool.h>
#include <sys/socket.h>

/** accept(2), the connection closed on exec. -1 with errno. */
int descriptor_accept(int listening, struct sockaddr *peer, socklen_t *size);

/** True when the other end of a unix socket is of this process; false also when
 * the system does not tell. */
bool descriptor_is_ours(int descriptor);

#endif
