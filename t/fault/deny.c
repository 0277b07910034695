/* SPDX-License-Identifier: BSD-2-Clause */
/* deny.c - starts a program that may not make some system calls, as a service
 * manager's filter would have it (Linux)
 *
 *   deny CALL... -- PROGRAM [ARGUMENT...]
 *
 *   socket=FAMILY  sockets of that family, a number: EAFNOSUPPORT, as by
 *                  RestrictAddressFamilies=
 *   threads, bind, connect, getrandom
 *                  EPERM, as by SystemCallFilter=
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILTER_SIZE 64
#define NUMBER      offsetof(struct seccomp_data, nr)
/* Its lower half, on a machine that stores that first. */
#define FIRST_ARGUMENT offsetof(struct seccomp_data, args)

struct filter {
    struct sock_filter at[FILTER_SIZE];
    unsigned short count;
};

static void fail(const char *what)
{
    perror(what);
    _Exit(EXIT_FAILURE);
}

static void add(struct filter *filter, struct sock_filter instruction)
{
    if (filter->count == FILTER_SIZE)
        fail("too many calls");
    filter->at[filter->count++] = instruction;
}

static void load(struct filter *filter, size_t offset)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                             (uint32_t)offset));
}

/* Go on with the next instruction if it is `value`, else behind `skipped`. */
static void if_equal(struct filter *filter, uint32_t value, uint8_t skipped)
{
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value,
                                             0, skipped));
}

static void answer(struct filter *filter, uint32_t with)
{
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, with));
}

static void deny(struct filter *filter, long number)
{
    load(filter, NUMBER);
    if_equal(filter, (uint32_t)number, 1);
    answer(filter, SECCOMP_RET_ERRNO | EPERM);
}

static void deny_family(struct filter *filter, uint32_t family)
{
    load(filter, NUMBER);
    if_equal(filter, __NR_socket, 3);
    load(filter, FIRST_ARGUMENT);
    if_equal(filter, family, 1);
    answer(filter, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

static void deny_named(struct filter *filter, const char *call)
{
    if (strncmp(call, "socket=", 7) == 0) {
        deny_family(filter, (uint32_t)strtoul(call + 7, NULL, 10));
    } else if (strcmp(call, "threads") == 0) {
        deny(filter, __NR_clone);
        deny(filter, __NR_clone3);
    } else if (strcmp(call, "bind") == 0) {
        deny(filter, __NR_bind);
    } else if (strcmp(call, "connect") == 0) {
        deny(filter, __NR_connect);
    } else if (strcmp(call, "getrandom") == 0) {
        deny(filter, __NR_getrandom);
    } else {
        errno = EINVAL;
        fail(call);
    }
}

int main(int argc, char **argv)
{
    struct filter filter = {.count = 0};
    struct sock_fprog program = {.filter = filter.at};
    int at = 1;

    for (; at < argc && strcmp(argv[at], "--") != 0; at++)
        deny_named(&filter, argv[at]);
    answer(&filter, SECCOMP_RET_ALLOW);
    program.len = filter.count;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        fail("seccomp");
    if (at + 1 < argc)
        execv(argv[at + 1], argv + at + 1);
    fail("the program");
}
