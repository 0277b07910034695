/* SPDX-License-Identifier: BSD-2-Clause */
/* null_milter.c - the floor: a milter with the callbacks, steps and macros that
 * bonafided has under the shipped policy, which goes on whatever it is told
 *
 *   null_milter SOCKET      SOCKET as libmilter takes it, unix:PATH
 */
#define _GNU_SOURCE /* pthread_setattr_default_np */
#include "bench.h"

#include <libmilter/mfapi.h>
#include <pthread.h>

/* As in milter/filter.c; t/bench/floor fails when the two negotiate
 * differently. */
#define ACTIONS (SMFIF_ADDHDRS | SMFIF_CHGHDRS)
#define SKIPPED (SMFIP_NOBODY | SMFIP_NOEOH | SMFIP_NODATA | SMFIP_NOUNKNOWN)
#define SILENT  SMFIP_NR_HDR

#define WORKER_STACK_SIZE ((size_t)512 * 1024)

static sfsistat on_negotiate(SMFICTX *context, unsigned long actions,
                             unsigned long steps, unsigned long offered2,
                             unsigned long offered3,
                             unsigned long *wanted_actions,
                             unsigned long *wanted_steps,
                             unsigned long *wanted2, unsigned long *wanted3)
{
    char mail_macros[] = "i {auth_authen}", rcpt_macros[] = "i";

    (void)offered2;
    (void)offered3;
    *wanted_actions = (ACTIONS | SMFIF_SETSYMLIST) & actions;
    *wanted_steps = (SKIPPED & steps) | SILENT;
    *wanted2 = 0;
    *wanted3 = 0;
    smfi_setsymlist(context, SMFIM_ENVFROM, mail_macros);
    smfi_setsymlist(context, SMFIM_ENVRCPT, rcpt_macros);
    return SMFIS_CONTINUE;
}

/* NOLINTBEGIN(readability-non-const-parameter): libmilter's types */

static sfsistat on_connect(SMFICTX *context, char *host, struct sockaddr *from)
{
    (void)context;
    (void)host;
    (void)from;
    return SMFIS_CONTINUE;
}

static sfsistat on_helo(SMFICTX *context, char *argument)
{
    (void)context;
    (void)argument;
    return SMFIS_CONTINUE;
}

static sfsistat on_mail(SMFICTX *context, char **arguments)
{
    (void)context;
    (void)arguments;
    return SMFIS_CONTINUE;
}

static sfsistat on_rcpt(SMFICTX *context, char **arguments)
{
    (void)context;
    (void)arguments;
    return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
    (void)context;
    (void)name;
    (void)value;
    return SMFIS_NOREPLY;
}

/* NOLINTEND(readability-non-const-parameter) */

static sfsistat on_other(SMFICTX *context)
{
    (void)context;
    return SMFIS_CONTINUE;
}

static void make_stacks_small(void)
{
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, WORKER_STACK_SIZE);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

int main(int argc, char **argv)
{
    char name[] = "null";
    const struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = ACTIONS | SMFIF_SETSYMLIST,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_mail,
        .xxfi_envrcpt = on_rcpt,
        .xxfi_header = on_header,
        .xxfi_eom = on_other,
        .xxfi_abort = on_other,
        .xxfi_close = on_other,
        .xxfi_negotiate = on_negotiate,
    };

    if (argc != 2)
        bench_fail("usage: null_milter SOCKET", 0);
    if (smfi_register(description) != MI_SUCCESS ||
        smfi_setconn(argv[1]) != MI_SUCCESS)
        bench_fail("libmilter refuses to begin", 0);
    make_stacks_small();
    return smfi_main() == MI_SUCCESS ? 0 : 1;
}
