/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - bonafided: its options, its start, its reloads and its end */
#include "base/log.h"
#include "dns/servers.h"
#include "milter/admission.h"
#include "milter/daemon.h"
#include "milter/filter.h"
#include "milter/limits.h"
#include "milter/listener.h"
#include "milter/notify.h"
#include "milter/privileges.h"
#include "milter/rights.h"
#include "milter/signals.h"
#include "milter/versions.h"
#include "milter/watchdog.h"
#include "session/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define PROGRAM  "bonafided"
#define WHY_SIZE 512
#define NO_THREAD                                                \
 "a thread cannot be started; under systemd look at TasksMax=, " \
 "LimitNPROC= and SystemCallFilter= of the unit"
/* A callback that waits wakes at once; what is left is a reply to write. */
#define STOP_MS 5000

enum task { TASK_SERVE, TASK_CHECK, TASK_TELL };

struct options {
    const char *file;
    bool foreground;
    enum task task;
};

static const char usage[] =
    "usage: " PROGRAM " [-c FILE] [-f] [-m | -t] [-V] [-h]\n"
    "  -c FILE  the policy file (default " BONAFIDE_CONFIG_FILE ")\n"
    "  -f       stay in the foreground\n"
    "  -m       print what the mail server must know of us, and exit\n"
    "  -t       check the policy file and exit\n"
    "  -V       print our version and those of the libraries, and exit\n"
    "  -h       print this, and exit\n";

/* Exits for -V and -h, and when the command line is wrong. */
static struct options read_options(int argc, char **argv)
{
    struct options options = {.file = BONAFIDE_CONFIG_FILE};
    int option;

    while ((option = getopt(argc, argv, "c:fmtVh")) != -1) {
        switch (option) {
        case 'c':
            options.file = optarg;
            break;
        case 'f':
            options.foreground = true;
            break;
        case 'm':
            options.task = TASK_TELL;
            break;
        case 't':
            options.task = TASK_CHECK;
            break;
        case 'V':
            versions_print(stdout);
            exit(EX_OK);
        case 'h':
            fputs(usage, stdout);
            exit(EX_OK);
        default:
            fputs(usage, stderr);
            exit(EX_USAGE);
        }
    }
    if (optind < argc) {
        fprintf(stderr, PROGRAM ": %s: no argument is expected\n%s",
                argv[optind], usage);
        exit(EX_USAGE);
    }
    return options;
}

/* The background process works in another directory than that which it was
 * started from: a reload must find the file again, through symbolic links that
 * may lead elsewhere by then. NULL when memory or the directory is gone. */
static char *absolute_path(const char *file)
{
    char *directory, *path;
    size_t size;

    if (file[0] == '/')
        return strdup(file);
    directory = getcwd(NULL, 0);
    if (!directory)
        return NULL;
    size = strlen(directory) + strlen(file) + 2;
    path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s", directory, file);
    free(directory);
    return path;
}

/* A file in order may be read too early: while the system boots. */
static int status_of(const struct complaints *complaints)
{
    if (complaints->unreadable)
        return EX_NOINPUT;
    return complaints->too_early ? EX_TEMPFAIL : EX_CONFIG;
}

/* On errors *status is what we exit with. */
static struct policy *read_policy_aloud(const char *file, int *status)
{
    struct complaints complaints = {0};
    struct policy *policy = policy_read(file, &complaints);

    for (size_t i = 0; i < complaints.count; i++)
        fprintf(stderr, "%s\n", complaints.at[i].text);
    *status = status_of(&complaints);
    complaints_clear(&complaints);
    return policy;
}

static struct policy *read_policy_logged(const char *file)
{
    struct complaints complaints = {0};
    struct policy *policy = policy_read(file, &complaints);

    for (size_t i = 0; i < complaints.count; i++)
        log_line(complaints.at[i].warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR,
                 "%s", complaints.at[i].text);
    complaints_clear(&complaints);
    return policy;
}

/* Before we serve, whoever started us reads stderr as well. */
static int fail(int status, const struct policy *policy, const char *why)
{
    log_line(LOG_LEVEL_ERROR, "%s", why);
    log_close();
    if (policy->log_target != LOG_TO_STDERR)
        fprintf(stderr, PROGRAM ": %s\n", why);
    return status;
}

/* What a reload cannot change stays as it was at the start. */
static void warn_of_fixed_keys(const struct policy *started,
                               const struct policy *policy)
{
    const char *const group =
        started->socket_group ? started->socket_group : "";
    const char *const now = policy->socket_group ? policy->socket_group : "";

    if (strcmp(started->listen, policy->listen) != 0 ||
        strcmp(started->user, policy->user) != 0 || strcmp(group, now) != 0 ||
        started->socket_mode != policy->socket_mode ||
        started->cache_bytes != policy->cache_bytes)
        log_line(LOG_LEVEL_WARNING,
                 "listen, socket, user and cache.memory stay as they were at "
                 "the start: a restart is needed to change them");
}

/* False, and logged: the policy stays as it was. */
static bool reload(const char *file, struct service *service,
                   const struct policy *started, const struct budget *budget)
{
    struct policy *policy = read_policy_logged(file);
    bool taken = false;
    char why[WHY_SIZE];

    if (!policy) {
        log_line(LOG_LEVEL_ERROR, "%s is not taken: the policy stays as it was",
                 file);
        return false;
    }
    if (!filter_suffices(policy)) {
        log_line(LOG_LEVEL_ERROR,
                 "%s is not taken: it tags, which was not negotiated with the "
                 "mail server: a restart is needed",
                 file);
    } else if (!service_reload(service, policy, why, sizeof why)) {
        log_line(LOG_LEVEL_ERROR, "%s is not taken: %s", file, why);
    } else {
        warn_of_fixed_keys(started, policy);
        limits_warn(budget, policy);
        admission_follow(policy);
        log_open(policy->log_target, policy->log_level, PROGRAM);
        log_line(LOG_LEVEL_NOTICE, "%s is taken: new sessions follow it", file);
        taken = true;
    }
    policy_drop(policy);
    return taken;
}

/* Until somebody tells us to stop; the status we exit with. */
static int obey(const char *file, struct service *service,
                const struct policy *started, const struct budget *budget)
{
    for (;;) {
        switch (signals_wait()) {
        case EVENT_STOP:
            return EX_OK;
        case EVENT_ENDED:
            log_line(LOG_LEVEL_ERROR, "libmilter serves no more, so we end");
            return EX_OSERR;
        case EVENT_RELOAD:
            notify_reloading();
            notify("READY=1\nSTATUS=Serving at %s%s", started->listen,
                   reload(file, service, started, budget)
                       ? ""
                       : "; the last reload failed, see the log");
            break;
        }
    }
}

/* The service is not freed: libmilter's threads live on until the process ends,
 * and one of them may be about to call back. */
static void stop(struct service *service, struct watchdog **watchdog)
{
    notify("STOPPING=1\nSTATUS=Answering what is open");
    log_line(LOG_LEVEL_NOTICE, "stopping");
    listener_close();
    service_stop(service);
    watchdog_free(watchdog);
    if (!filter_stop(STOP_MS))
        log_line(LOG_LEVEL_WARNING, "a callback is still running");
}

static int serve(const char *file, struct service *service,
                 struct policy *policy, const struct budget *budget)
{
    struct watchdog *watchdog =
        watchdog_new(service_loop(service), notify_patience_ms());
    int status;

    if (!watchdog || !limits_begin(budget, signals_end))
        return fail(EX_OSERR, policy, "out of memory or descriptors");
    limits_warn(budget, policy);
    admission_follow(policy);
    if (!service_start(service) || !filter_start(signals_end))
        return fail(EX_OSERR, policy, NO_THREAD);
    log_line(
        LOG_LEVEL_NOTICE, PROGRAM " " BONAFIDE_VERSION " serves at %s, mode %s",
        policy->listen, policy->mode == MODE_MONITOR ? "monitor" : "enforce");
    daemon_ready();
    notify("READY=1\nSTATUS=Serving at %s", policy->listen);
    status = obey(file, service, policy, budget);
    stop(service, &watchdog);
    return status;
}

/* False, and that is no fault of ours: the system's DNS servers are not known
 * yet, as while it boots. */
static bool knows_servers(const struct policy *policy, char *why,
                          size_t why_size)
{
    struct dns_settings settings = policy->dns;

    return settings.server_count > 0 ||
           dns_settings_read(&settings, DNS_RESOLV_CONF, why, why_size);
}

/* All that may need root, and then no root any more. */
static int prepare(struct policy *policy, struct service **service,
                   struct budget *budget, char *why, size_t why_size)
{
    int status = privileges_raise_descriptors(why, why_size);
    struct service_limits limits;

    if (status == EX_OK)
        status = limits_share(policy, budget, &limits, why, why_size);
    if (status != EX_OK)
        return status;
    if (!knows_servers(policy, why, why_size))
        return EX_TEMPFAIL;
    *service = service_new(policy, &clock_system, &limits, why, why_size);
    if (!*service)
        return EX_OSERR;
    if (!filter_register(*service, policy)) {
        snprintf(why, why_size, "libmilter refuses to register");
        return EX_SOFTWARE;
    }
    status = listener_open(policy, why, why_size);
    if (status != EX_OK)
        return status;
    status = privileges_drop(policy->user, why, why_size);
    if (status == EX_OK)
        status = listener_check(why, why_size);
    if (status != EX_OK)
        listener_close();
    return status;
}

static int run(const char *file, struct policy *policy)
{
    struct service *service = NULL;
    struct budget budget;
    char why[WHY_SIZE];
    int status;

    if (!log_open(policy->log_target, policy->log_level, PROGRAM))
        return fail(EX_OSERR, policy, NO_THREAD);
    versions_tell(why, sizeof why);
    log_line(LOG_LEVEL_NOTICE, PROGRAM " " BONAFIDE_VERSION " begins, with %s",
             why);
    status = prepare(policy, &service, &budget, why, sizeof why);
    if (status != EX_OK) {
        service_free(&service);
        return fail(status, policy, why);
    }
    status = serve(file, service, policy, &budget);
    log_line(LOG_LEVEL_NOTICE, "stopped");
    log_close();
    return status;
}

/* Read by programs: a key of the file and its value a line, the same unit
 * whatever the file says it in; last, the file itself. */
static int tell(const char *file, const struct policy *policy)
{
    printf("listen=%s\nreply-within=%" PRIu32 "ms\nuser=%s\nfile=%s\n",
           policy->listen, policy->reply_within_ms, policy->user, file);
    return EX_OK;
}

static int check(const char *file)
{
    printf("%s: no errors\n", file);
    return EX_OK;
}

/* What no policy can mend; to read it needs a library, and may need DNS for our
 * own name. */
static int check_ground(enum task task)
{
    char why[WHY_SIZE];
    int status = versions_fit(why, sizeof why) ? EX_OK : EX_OSERR;

    if (status == EX_OK && task == TASK_SERVE)
        status = rights_check(why, sizeof why);
    if (status != EX_OK)
        log_line(LOG_LEVEL_ERROR, "%s", why);
    return status;
}

static int begin(const struct options *options, const char *file,
                 struct policy *policy)
{
    if (!signals_begin() || (!options->foreground && !daemon_background())) {
        fprintf(stderr, PROGRAM ": %s\n", strerror(errno));
        return EX_OSERR;
    }
    return run(file, policy);
}

int main(int argc, char **argv)
{
    struct options options;
    struct policy *policy;
    char *file;
    int status;

    daemon_open_standard();
    options = read_options(argc, argv);
    status = check_ground(options.task);
    if (status != EX_OK)
        return status;
    file = absolute_path(options.file);
    if (!file) {
        fprintf(stderr, PROGRAM ": %s: %s\n", options.file, strerror(errno));
        return EX_OSERR;
    }
    policy = read_policy_aloud(file, &status);
    if (!policy) {
        free(file);
        return status;
    }
    switch (options.task) {
    case TASK_SERVE:
        status = begin(&options, file, policy);
        break;
    case TASK_CHECK:
        status = check(options.file);
        break;
    case TASK_TELL:
        status = tell(file, policy);
        break;
    }
    policy_drop(policy);
    free(file);
    return status;
}
