/* SPDX-License-Identifier: BSD-2-Clause */
/* descriptor.c - calls of Linux and the BSDs beyond POSIX */
#define _GNU_SOURCE /* accept4, struct ucred */
#include "base/descriptor.h"

#include <unistd.h>

int descriptor_accept(int listening, struct sockaddr *peer, socklen_t *size)
{
    return accept4(listening, peer, size, SOCK_CLOEXEC);
}

bool descriptor_is_ours(int descriptor)
{
#ifdef SO_PEERCRED
    struct ucred peer;
    socklen_t size = sizeof(peer);

    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           peer.pid == getpid();
#else
    (void)descriptor;
    return false;
#endif
}
