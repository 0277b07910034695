/* SPDX-License-Identifier: BSD-2-Clause */
/* policy.c - the policy file from its octets to a structure that is whole, and
 * the counting of who holds it */
#include "policy/policy.h"

#include "policy/action.h"
#include "policy/checks.h"
#include "policy/exception.h"
#include "policy/keys.h"
#include "policy/rules.h"
#include "policy/sanity.h"
#include "policy/tree.h"
#include "policy/zones.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A policy with the number of its holders. */
struct held {
    struct policy policy; /* first: a policy's address is its held one's */
    atomic_uint holders;
};

static struct held *held_of(struct policy *policy)
{
    return (struct held *)policy;
}

struct policy *policy_hold(struct policy *policy)
{
    atomic_fetch_add_explicit(&held_of(policy)->holders, 1,
                              memory_order_relaxed);
    return policy;
}

static struct key_places places_of(struct policy *policy)
{
    return (struct key_places){
        {[KEY_OF_POLICY] = policy, [KEY_OF_RULES] = &policy->rules}};
}

static void policy_free(struct policy *policy)
{
    const struct key_places places = places_of(policy);

    exceptions_clear(policy);
    zones_clear(&policy->zones);
    action_clear(&policy->forged_results);
    keys_clear(&places);
    rules_clear(&policy->rules);
    networks_clear(&policy->site.host);
    free(held_of(policy));
}

void policy_drop(struct policy *policy)
{
    unsigned before = atomic_fetch_sub_explicit(&held_of(policy)->holders, 1,
                                                memory_order_acq_rel);

    assert(before > 0);
    if (before == 1)
        policy_free(policy);
}

void complaints_clear(struct complaints *complaints)
{
    for (size_t i = 0; i < complaints->count; i++)
        free(complaints->at[i].text);
    free(complaints->at);
    *complaints = (struct complaints){0};
}

#define LEFT_OUT "`identity` is left out and this host has no fully qualified "
#define EXPECTED "expected one in the file, such as identity: mx1.example.org"

static void find_host_name(struct reading *reading, char identity[NAME_SIZE])
{
    enum host_name found = name_of_host(identity);

    if (found == HOST_NAME_FOUND && name_is_qualified(identity))
        return;
    if (found == HOST_NAME_BAD)
        reading_error(reading, (struct mark){0, 0}, LEFT_OUT "name, " EXPECTED);
    else
        reading_too_early(reading, LEFT_OUT
                          "name yet, neither by itself nor by DNS: it may have "
                          "one later, or " EXPECTED);
}

/* Who we are, and what we call ourselves in callouts, where the file does not
 * say. */
static void find_identity(struct reading *reading, const struct node *root,
                          struct policy *policy)
{
    char *identity = policy->site.identity;

    if (root == NULL || node_find(root, "identity") == NULL)
        find_host_name(reading, identity);
    if (policy->callout.name[0] == '\0')
        memcpy(policy->callout.name, identity, sizeof(policy->callout.name));
    memcpy(policy->site.callout_name, policy->callout.name,
           sizeof(policy->site.callout_name));
}

static bool add_domain(struct site *site, const char *domain)
{
    site->domains = calloc(1, sizeof(*site->domains));
    if (site->domains == NULL)
        return false;
    snprintf(*site->domains, sizeof(*site->domains), "%s", domain);
    site->domain_count = 1;
    return true;
}

static bool networks_copy(struct networks *to, const struct networks *from)
{
    for (size_t i = 0; i < from->count; i++)
        if (!networks_add(to, &from->at[i]))
            return false;
    return true;
}

/* `local:` where the file leaves it out: the domain of our identity, and the
 * addresses of this host. */
static void find_local(struct reading *reading, const struct node *root,
                       struct site *site)
{
    const struct node *local = root != NULL ? node_find(root, "local") : NULL;
    char domain[NAME_SIZE];

    if (!networks_add_host(&site->host)) {
        reading_error(reading, (struct mark){0, 0},
                      "the addresses of this host cannot be found out");
        return;
    }
    if ((local == NULL || node_find(local, "domains") == NULL) &&
        !add_domain(site, name_organisation(domain, site->identity)
                              ? domain
                              : site->identity))
        reading_no_memory(reading);
    if ((local == NULL || node_find(local, "addresses") == NULL) &&
        !networks_copy(&site->addresses, &site->host))
        reading_no_memory(reading);
}

/* A callout needs to know where to; one that is never made is not run. */
static void complete_rules(struct rules *rules, const struct policy *policy)
{
    if (policy->callout_when == CALLOUT_WHEN_NEVER)
        rules->checks[CHECK_CALLOUT].run = false;
    if (rules->checks[CHECK_CALLOUT].run)
        rules->checks[CHECK_SENDER_DOMAIN].run = true;
}

static void add_needs(struct policy *policy, const struct rules *rules)
{
    policy->needs |= rules_needs(rules);
    policy->can_tag = policy->can_tag || rules_can_tag(rules);
}

static void complete(struct policy *policy)
{
    complete_rules(&policy->rules, policy);
    add_needs(policy, &policy->rules);
    for (size_t i = 0; i < policy->exception_count; i++) {
        struct exception *exception = &policy->exceptions[i];
        if (exception->accept)
            continue;
        complete_rules(&exception->rules, policy);
        add_needs(policy, &exception->rules);
    }
    policy->needs |= zones_needs(&policy->zones, policy->needs);
    if (policy->can_tag)
        policy->needs |= NEED_REVERSE; /* a tag says iprev */
    if ((policy->callout_except & EXCEPT_OWN_HOST) != 0)
        policy->needs |= NEED_REVERSE;
    policy->callout.trust_known = policy->callout_except & EXCEPT_KNOWN;
}

static void read_forged_results(struct reading *reading,
                                const struct node *rules, struct policy *policy)
{
    const struct node *node = node_find(rules, "forged-results");

    if (node == NULL)
        return;
    action_clear(&policy->forged_results);
    action_read_answer(reading, "policy.forged-results", node,
                       &policy->forged_results);
}

static void read_root(struct reading *reading, const struct node *root,
                      struct policy *policy)
{
    const struct key_places places = places_of(policy);

    keys_read(reading, root, "", &places);
    const struct node *rules = node_find(root, "policy");
    if (rules != NULL) {
        keys_read(reading, rules, "policy", &places);
        read_forged_results(reading, rules, policy);
        checks_read(reading, rules, &places);
        zones_read(reading, rules, policy);
    }
    const struct node *exceptions = node_find(root, "exceptions");
    if (exceptions != NULL)
        exceptions_read(reading, exceptions, policy);
}

static void read_text(struct reading *reading, struct span text,
                      struct policy *policy)
{
    struct node *root = tree_read(reading, text);

    if (root != NULL && node_is_empty(root))
        tree_free(&root);
    if (root != NULL && root->kind == NODE_MAP) {
        read_root(reading, root, policy);
    } else if (root != NULL) {
        reading_error(reading, root->at,
                      "the file is a %s, expected a map of keys",
                      root->kind == NODE_LIST ? "list" : "single value");
        tree_free(&root);
    }
    if (root != NULL || !reading->failed)
        find_identity(reading, root, policy);
    if (!reading->failed)
        find_local(reading, root, &policy->site);
    if (!reading->failed)
        sanity_check(reading, root, policy);
    tree_free(&root);
}

/* Who else could write the file could make us do what he likes. */
static void check_ownership(struct reading *reading, const struct stat *about)
{
    const struct mark whole = {0, 0};

    if (about->st_mode & S_IWOTH)
        reading_error(reading, whole,
                      "everybody can write this file, expected mode 644 or "
                      "less");
    if (about->st_uid != 0 && about->st_uid != geteuid())
        reading_warning(reading, whole,
                        "the file belongs to user %lu, neither root nor us",
                        (unsigned long)about->st_uid);
}

/* All octets, up to one more than a file may have. */
static bool read_octets(int file, char *octets, size_t *length)
{
    *length = 0;
    while (*length <= TREE_OCTETS_MOST) {
        ssize_t got =
            read(file, octets + *length, TREE_OCTETS_MOST + 1 - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        *length += (size_t)got;
    }
    return true;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What errno says; call it before anything else can change that. */
static void note_unreadable(struct reading *reading)
{
    char why[128] = "";

    if (strerror_r(errno, why, sizeof(why)) != 0)
        snprintf(why, sizeof(why), "the system does not say why");
    reading_error(reading, (struct mark){0, 0}, "cannot be read: %s", why);
    reading->unreadable = true;
}

static const char *kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFIFO:
        return "a FIFO";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    case S_IFDIR:
        return "a folder";
    default:
        return "no regular file";
    }
}

/* Anything else may never end, or never begin to be read. */
static bool is_file(struct reading *reading, const struct stat *about)
{
    const struct mark whole = {0, 0};

    if (!S_ISREG(about->st_mode)) {
        reading_error(reading, whole, "this is %s, expected a regular file",
                      kind_of(about->st_mode));
        reading->unreadable = true;
        return false;
    }
    if (about->st_size > (off_t)TREE_OCTETS_MOST) {
        reading_error(reading, whole,
                      "the file has %lld octets, expected 1 MiB at most",
                      (long long)about->st_size);
        return false;
    }
    return true;
}

static bool read_open(struct reading *reading, int file, char *octets,
                      size_t *length)
{
    struct stat before, after;

    if (fstat(file, &before) != 0) {
        note_unreadable(reading);
        return false;
    }
    if (!is_file(reading, &before))
        return false;
    if (!read_octets(file, octets, length) || fstat(file, &after) != 0) {
        note_unreadable(reading);
        return false;
    }
    check_ownership(reading, &before);
    if (!is_same(&before, &after)) {
        reading_error(reading, (struct mark){0, 0},
                      "the file changed while it was read, expected it whole");
        return false;
    }
    return true;
}

static void read_file(struct reading *reading, struct policy *policy)
{
    size_t length;
    char *octets = malloc(TREE_OCTETS_MOST + 1);

    if (octets == NULL) {
        reading_no_memory(reading);
        return;
    }
    /* O_NONBLOCK: a FIFO that nobody writes to would hold us. */
    int file =
        open(reading->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        note_unreadable(reading);
    } else {
        if (read_open(reading, file, octets, &length))
            read_text(reading, (struct span){octets, length}, policy);
        close(file);
    }
    free(octets);
}

/* A policy of defaults, or NULL: memory ended. */
static struct policy *policy_new(void)
{
    struct held *held = calloc(1, sizeof(*held));

    if (held == NULL)
        return NULL;
    const struct key_places places = places_of(&held->policy);
    atomic_init(&held->holders, 1);
    held->policy.forged_results.kind = ACTION_REJECT;
    if (keys_set_defaults(&places))
        return &held->policy;
    policy_drop(&held->policy);
    return NULL;
}

/* Hand over what was noted, and the policy if it is whole. */
static struct policy *finish(struct reading *reading, struct policy *policy,
                             struct complaints *complaints)
{
    if (policy == NULL)
        reading_no_memory(reading);
    reading_finish(reading, complaints);
    if (policy == NULL)
        return NULL;
    if (reading->failed) {
        policy_drop(policy);
        return NULL;
    }
    complete(policy);
    return policy;
}

struct policy *policy_read_text(const char *name, struct span text,
                                struct complaints *complaints)
{
    struct reading reading = {.file = name};
    struct policy *policy = policy_new();

    if (policy != NULL)
        read_text(&reading, text, policy);
    return finish(&reading, policy, complaints);
}

struct policy *policy_read(const char *file, struct complaints *complaints)
{
    struct reading reading = {.file = file};
    struct policy *policy = policy_new();

    if (policy != NULL)
        read_file(&reading, policy);
    return finish(&reading, policy, complaints);
}
