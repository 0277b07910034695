/* SPDX-License-Identifier: BSD-2-Clause */
/* supply.c - what a resolv.conf was when it was read, and whether it still is
 * that: by name, for it may be a link, or replaced by another file */
#include "dns/supply.h"

#include "base/log.h"
#include "base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#define WHY_SIZE 256

/** What tells one state of a file from another; all 0: there is none. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct dns_supply {
    const char *file;
    pthread_mutex_t lock; /* of all that follows */
    struct dns_settings settings;
    struct dns_servers *servers;
    struct stamp stamp; /* of the file that was read last, or was no use */
    instant looked;
};

static struct stamp stamp_of(const char *file)
{
    struct stat about;
    if (stat(file, &about) != 0)
        return (struct stamp){0};
    return (struct stamp){about.st_dev, about.st_ino, about.st_size,
                          about.st_mtim};
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Servers for these settings; the system's where they name none. */
static struct dns_servers *make_servers(const struct dns_settings *settings,
                                        const char *file, char *why,
                                        size_t why_size)
{
    struct dns_settings complete = *settings;
    struct text text;
    if (complete.server_count == 0 &&
        !dns_settings_read(&complete, file, why, why_size))
        return NULL;
    struct dns_servers *servers = dns_servers_new(&complete);
    text_begin(&text, why, why_size);
    if (servers == NULL)
        text_add(&text, "out of memory");
    return servers;
}

struct dns_supply *dns_supply_new(const struct dns_settings *settings,
                                  const char *file, instant now, char *why,
                                  size_t why_size)
{
    struct text text;
    struct dns_supply *supply = calloc(1, sizeof(*supply));
    if (supply == NULL || pthread_mutex_init(&supply->lock, NULL) != 0) {
        text_begin(&text, why, why_size);
        text_add(&text, "out of memory");
        free(supply);
        return NULL;
    }
    supply->file = file;
    if (!dns_supply_configure(supply, settings, now, why, why_size))
        dns_supply_free(&supply);
    return supply;
}

bool dns_supply_configure(struct dns_supply *supply,
                          const struct dns_settings *settings, instant now,
                          char *why, size_t why_size)
{
    struct stamp stamp = stamp_of(supply->file); /* before it is read */
    struct dns_servers *servers =
        make_servers(settings, supply->file, why, why_size);
    if (servers == NULL)
        return false;
    pthread_mutex_lock(&supply->lock);
    struct dns_servers *old = supply->servers;
    supply->settings = *settings;
    supply->servers = servers;
    supply->stamp = stamp;
    supply->looked = now;
    pthread_mutex_unlock(&supply->lock);
    dns_servers_drop(old);
    return true;
}

/* Under the lock: read the file again if it is another one. */
static void look(struct dns_supply *supply)
{
    struct stamp stamp = stamp_of(supply->file);
    char why[WHY_SIZE];
    if (is_same(&stamp, &supply->stamp))
        return;
    supply->stamp = stamp;
    struct dns_servers *servers =
        make_servers(&supply->settings, supply->file, why, sizeof(why));
    if (servers == NULL) {
        log_line(LOG_LEVEL_ERROR, "dns: %s; the servers stay what they were",
                 why);
        return;
    }
    dns_servers_drop(supply->servers);
    supply->servers = servers;
    log_line(LOG_LEVEL_NOTICE, "dns: %s has changed and is taken",
             supply->file);
}

struct dns_servers *dns_supply_take(struct dns_supply *supply, instant now)
{
    pthread_mutex_lock(&supply->lock);
    if (supply->settings.server_count == 0 &&
        now >= instant_after_ms(supply->looked, DNS_SUPPLY_LOOK_MS)) {
        supply->looked = now;
        look(supply);
    }
    struct dns_servers *servers = dns_servers_hold(supply->servers);
    pthread_mutex_unlock(&supply->lock);
    return servers;
}

void dns_supply_free(struct dns_supply **supply)
{
    if (*supply == NULL)
        return;
    dns_servers_drop((*supply)->servers);
    pthread_mutex_destroy(&(*supply)->lock);
    free(*supply);
    *supply = NULL;
}
