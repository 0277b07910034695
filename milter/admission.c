/* SPDX-License-Identifier: BSD-2-Clause */
/* admission.c - an accept() that can say no, and the watch over those whom it
 * has let in */
#include "milter/admission.h"

#include "base/descriptor.h"
#include "base/log.h"
#include "base/network.h"
#include "milter/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** Our own connections at once, beside the budget: each may cost a thread, one
 * of those that are not shared out. While places are free they take these: whom
 * a burst has left in libmilter's queue is served by one knock each. */
#define OWN_MOST 8

/** Connections of our own at one look. */
#define KNOCKS_MOST 64

/** With every place taken it is seen which are free again, but of the time
 * that goes by no more than one part in so many is spent on it. */
#define SWEEP_PART 10

/** Before accepting is tried again when the system has nothing left for it;
 * libmilter would try at once, for ever. */
#define PAUSE_MS 100

/** Refusals are said once in so long. */
#define SAY_MS 1000

/** When four in five places are taken it is said, once in so long. */
#define NEARLY_SAY_MS 60000

/** Without one call of ours in so long, libmilter calls another accept(). */
#define SILENCE_MS 30000

/** After a look that comes so late the process, or the machine, has stood
 * still, and libmilter with it: whose octets lie there was not left alone. */
#define LATE_MS (4 * ADMISSION_LOOK_MS)

enum refusal { REFUSED_STRANGER, REFUSED_FULL, REFUSED_SYSTEM, REFUSED_OWN };

/** One connection that was let in. */
struct entry {
    int descriptor;
    bool own; /* from ourselves */
    ino_t inode;
    int unread;    /* octets at the last look */
    instant since; /* when so many were seen first; then when it was shut */
    bool shut;
};

static struct {
    pthread_mutex_t lock; /* guards all that follows */
    struct entry *entries;
    size_t count, own;     /* all, and how many of them are from ourselves */
    size_t most;           /* of others */
    struct policy *policy; /* the last one followed, or NULL */
    size_t lost_most;
    void (*lost)(void); /* NULL once it was called */
    int spare;          /* given up to accept somebody and send him away */
    bool called;        /* libmilter calls us */
    instant begun, looked, said;
    instant sweep_due;                    /* if every place is taken */
    unsigned refused[REFUSED_SYSTEM + 1]; /* since it was said */
    struct address stranger;              /* the last one */
    instant said_nearly;
} admission = {.lock = PTHREAD_MUTEX_INITIALIZER, .spare = -1};

static instant now_is(void)
{
    return clock_now(&clock_system);
}

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool admission_begin(size_t sessions, size_t lost_most, void (*lost)(void))
{
    struct entry *entries = calloc(sessions + OWN_MOST, sizeof(*entries));
    const int spare = open_spare();

    if (entries == NULL || spare < 0) {
        free(entries);
        if (spare >= 0)
            close(spare);
        return false;
    }
    pthread_mutex_lock(&admission.lock);
    admission.entries = entries;
    admission.most = sessions;
    admission.lost_most = lost_most;
    admission.lost = lost;
    admission.spare = spare;
    admission.begun = now_is();
    pthread_mutex_unlock(&admission.lock);
    return true;
}

void admission_follow(struct policy *policy)
{
    struct policy *before;

    policy_hold(policy);
    pthread_mutex_lock(&admission.lock);
    before = admission.policy;
    admission.policy = policy;
    pthread_mutex_unlock(&admission.lock);
    if (before != NULL)
        policy_drop(before);
}

static bool inode_of(int descriptor, ino_t *inode)
{
    struct stat status;

    if (fstat(descriptor, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    *inode = status.st_ino;
    return true;
}

/* Another socket may have its number by now. */
static bool is_there(const struct entry *entry)
{
    ino_t inode;

    return inode_of(entry->descriptor, &inode) && inode == entry->inode;
}

/* Forget those that are over. Asking the system of a socket blocks nobody, so
 * the lock may be held. */
static void sweep(void)
{
    const instant begun = now_is();

    for (size_t i = admission.count; i-- > 0;) {
        if (is_there(&admission.entries[i]))
            continue;
        admission.own -= admission.entries[i].own;
        admission.entries[i] = admission.entries[--admission.count];
    }
    const instant ended = now_is();
    admission.sweep_due = ended + (ended - begun) * SWEEP_PART;
}

static bool has_room(bool own)
{
    const size_t beside = admission.own < OWN_MOST ? admission.own : OWN_MOST;

    return admission.count - beside < admission.most ||
           (own && admission.own < OWN_MOST);
}

static bool remember(int descriptor, bool own, instant now)
{
    struct entry entry = {.descriptor = descriptor, .own = own, .since = now};

    if (!has_room(own) && now >= admission.sweep_due)
        sweep();
    if (!has_room(own) || !inode_of(descriptor, &entry.inode))
        return false;
    admission.entries[admission.count++] = entry;
    admission.own += own;
    return true;
}

static bool is_stranger(const struct sockaddr *peer)
{
    const struct networks *from =
        admission.policy != NULL ? &admission.policy->listen_from : NULL;
    struct address address;

    if (from == NULL || from->count == 0 ||
        !address_from_socket(&address, peer) || networks_have(from, &address))
        return false;
    admission.stranger = address;
    return true;
}

/* Say that there is little room left, before anybody is refused. */
static void report_nearly_full(instant now)
{
    pthread_mutex_lock(&admission.lock);
    const size_t sessions = admission.count - admission.own;
    const size_t most = admission.most;
    const bool says =
        most > 0 && sessions >= most - most / 5 &&
        (admission.said_nearly == 0 ||
         instant_ms_until(admission.said_nearly, now) >= NEARLY_SAY_MS);
    if (says)
        admission.said_nearly = now;
    pthread_mutex_unlock(&admission.lock);
    if (says)
        log_line(LOG_LEVEL_WARNING,
                 "limits: %zu sessions are open, of %zu that are allowed",
                 sessions, most);
}

/* What there is to say about refusals, and forget it. */
static void say_refusals(const unsigned refused[REFUSED_SYSTEM + 1],
                         size_t most, const struct address *stranger)
{
    char text[ADDRESS_TEXT_SIZE];

    if (refused[REFUSED_STRANGER] > 0)
        log_line(LOG_LEVEL_WARNING,
                 "listen-from: connections from elsewhere refused: %u, the "
                 "last from %s",
                 refused[REFUSED_STRANGER], address_format(stranger, text));
    if (refused[REFUSED_FULL] > 0)
        log_line(LOG_LEVEL_WARNING,
                 "limits: new sessions refused: %u, while %zu were open, and "
                 "no more are allowed",
                 refused[REFUSED_FULL], most);
    if (refused[REFUSED_SYSTEM] > 0)
        log_line(LOG_LEVEL_ERROR,
                 "limits: new sessions refused: %u; the system has no "
                 "descriptor or no memory left",
                 refused[REFUSED_SYSTEM]);
}

/* Say what was refused since it was said last, unless that was a moment ago. */
static void report(instant now)
{
    unsigned refused[REFUSED_SYSTEM + 1] = {0};
    struct address stranger;

    pthread_mutex_lock(&admission.lock);
    const size_t most = admission.most;
    if (admission.said == 0 ||
        instant_ms_until(admission.said, now) >= SAY_MS) {
        memcpy(refused, admission.refused, sizeof(refused));
        memset(admission.refused, 0, sizeof(admission.refused));
        stranger = admission.stranger;
        for (size_t i = 0; i <= REFUSED_SYSTEM; i++)
            if (refused[i] > 0)
                admission.said = now;
    }
    pthread_mutex_unlock(&admission.lock);
    say_refusals(refused, most, &stranger);
}

/* That there are enough of our own is nothing to say. */
static void refuse(enum refusal refusal)
{
    if (refusal == REFUSED_OWN)
        return;
    pthread_mutex_lock(&admission.lock);
    admission.refused[refusal]++;
    pthread_mutex_unlock(&admission.lock);
    report(now_is());
}

/* Whether the connection is let in; our own ones are, also a few beyond the
 * budget: by them the others are served. */
static bool admit(int descriptor, const struct sockaddr *peer,
                  enum refusal *refusal)
{
    const bool own = listener_is_own(descriptor, peer);

    pthread_mutex_lock(&admission.lock);
    *refusal = own ? REFUSED_OWN : REFUSED_FULL;
    bool admitted = true;
    if (!own && is_stranger(peer)) {
        *refusal = REFUSED_STRANGER;
        admitted = false;
    } else if (admission.entries != NULL) {
        admitted = remember(descriptor, own, now_is());
    }
    pthread_mutex_unlock(&admission.lock);
    return admitted;
}

/* Take the one who waits first by the descriptor that is kept for this, and
 * send him away. False: that could not be. */
static bool send_away(int listening)
{
    pthread_mutex_lock(&admission.lock);
    if (admission.spare >= 0)
        close(admission.spare);
    const int descriptor = descriptor_accept(listening, NULL, NULL);
    if (descriptor >= 0)
        close(descriptor);
    admission.spare = open_spare();
    pthread_mutex_unlock(&admission.lock);
    return descriptor >= 0;
}

static bool is_want(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS ||
           error == ENOMEM;
}

/* libmilter tries again without a word, which is what is wanted. */
static int not_now(void)
{
    errno = ECONNABORTED;
    return -1;
}

static void mark_call(void)
{
    pthread_mutex_lock(&admission.lock);
    admission.called = true;
    pthread_mutex_unlock(&admission.lock);
}

int admission_accept(int listening, struct sockaddr *peer, socklen_t *size)
{
    const struct timespec pause = {0, PAUSE_MS * 1000000L};
    enum refusal refusal = REFUSED_SYSTEM;

    mark_call();
    const int descriptor = descriptor_accept(listening, peer, size);
    if (descriptor < 0 && !is_want(errno))
        return -1;
    if (descriptor < 0) {
        if (!send_away(listening))
            nanosleep(&pause, NULL);
    } else if (admit(descriptor, peer, &refusal)) {
        return descriptor;
    } else {
        close(descriptor);
    }
    refuse(refusal);
    return not_now();
}

/* libmilter calls this one, see admission.h. */
int accept(int fd, struct sockaddr *addr, socklen_t *addr_len)
{
    return admission_accept(fd, addr, addr_len);
}

static int unread_of(int descriptor)
{
    int unread;

    return ioctl(descriptor, FIONREAD, &unread) == 0 ? unread : 0;
}

/* libmilter may close the descriptor at any moment, and another socket get its
 * number: a copy can be looked at before it is shut. */
static bool shut(const struct entry *entry)
{
    const int copy = fcntl(entry->descriptor, F_DUPFD_CLOEXEC, 0);
    ino_t inode;

    if (copy < 0)
        return false;
    const bool same = inode_of(copy, &inode) && inode == entry->inode &&
                      shutdown(copy, SHUT_RDWR) == 0;
    close(copy);
    return same;
}

/** What a look has found. */
struct sight {
    size_t waiting; /* with octets that were there at the last look too */
    size_t shut;    /* now */
    size_t lost;    /* those that do not end though they were shut */
};

static void look_at(struct entry *entry, uint32_t patience_ms, instant now,
                    struct sight *sight)
{
    if (instant_ms_until(admission.looked, now) >= LATE_MS)
        entry->since = now;
    const uint32_t since_ms = instant_ms_until(entry->since, now);

    if (entry->shut) {
        sight->lost += since_ms >= ADMISSION_PATIENCE_MS;
        return;
    }
    const int unread = unread_of(entry->descriptor);
    if (unread == 0 || unread != entry->unread) {
        entry->unread = unread;
        entry->since = now;
        return;
    }
    sight->waiting++;
    if (since_ms < patience_ms || !shut(entry))
        return;
    entry->shut = true;
    entry->since = now;
    sight->shut++;
}

static struct sight look_at_all(instant now)
{
    struct sight sight = {0};
    uint32_t patience_ms = ADMISSION_PATIENCE_MS;

    pthread_mutex_lock(&admission.lock);
    if (admission.policy != NULL)
        patience_ms += admission.policy->reply_within_ms;
    if (admission.spare < 0) /* somebody was faster, see send_away */
        admission.spare = open_spare();
    sweep();
    for (size_t i = 0; i < admission.count; i++)
        look_at(&admission.entries[i], patience_ms, now, &sight);
    admission.looked = now;
    pthread_mutex_unlock(&admission.lock);
    return sight;
}

static void knock(size_t times)
{
    for (size_t i = 0; i < times && i < KNOCKS_MOST; i++)
        listener_knock();
}

/* More are lost than are borne: whom to tell of it, once. */
static void (*take_lost(size_t lost))(void)
{
    void (*told)(void) = NULL;

    pthread_mutex_lock(&admission.lock);
    if (lost > admission.lost_most) {
        told = admission.lost;
        admission.lost = NULL;
    }
    pthread_mutex_unlock(&admission.lock);
    return told;
}

/* Nobody ever came through our accept(), though every start leaves libmilter a
 * connection to take. Said once. */
static bool take_silence(instant now)
{
    pthread_mutex_lock(&admission.lock);
    const bool silent = !admission.called &&
                        instant_ms_until(admission.begun, now) >= SILENCE_MS;
    admission.called = admission.called || silent;
    pthread_mutex_unlock(&admission.lock);
    return silent;
}

void admission_look(instant now)
{
    const struct sight sight = look_at_all(now);
    void (*const lost)(void) = take_lost(sight.lost);

    knock(sight.waiting);
    if (take_silence(now))
        log_line(LOG_LEVEL_ERROR,
                 "limits: libmilter does not call our accept(): neither "
                 "listen-from nor the number of sessions is held to");
    if (sight.shut > 0)
        log_line(
            LOG_LEVEL_ERROR,
            "watchdog: sessions that were not served, and are shut down: %zu",
            sight.shut);
    report_nearly_full(now);
    report(now);
    if (lost == NULL)
        return;
    log_line(
        LOG_LEVEL_ERROR,
        "watchdog: sessions that libmilter has lost, for want of threads or "
        "memory: %zu",
        sight.lost);
    lost();
}
