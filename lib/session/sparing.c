/* SPDX-License-Identifier: BSD-2-Clause */
/* sparing.c - who is spared callouts, whatever the other checks find: those
 * whom we trust, those who want none, and those who would call us back */
#include "session/parts.h"

#include <strings.h>

static bool any_matches(const struct patterns *patterns, const char *text)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (pattern_matches(patterns->at[i], text))
            return true;
    return false;
}

size_t message_targets(const struct message *message, const struct facts *facts,
                       struct callout_target targets[CALLOUT_TARGETS_MOST])
{
    const struct policy *policy = message->session->policy;
    const size_t count = facts_targets(facts, targets);
    size_t left = 0;

    for (size_t i = 0; i < count; i++)
        if (!any_matches(&policy->never_hosts, targets[i].exchanger))
            targets[left++] = targets[i];
    return left;
}

/* Whether nothing but hosts that are never called could be asked. */
static bool has_never_hosts_alone(const struct message *message,
                                  const struct facts *facts)
{
    struct callout_target targets[CALLOUT_TARGETS_MOST];

    return message->session->policy->never_hosts.count > 0 &&
           facts_targets_are_known(facts) &&
           facts_targets(facts, targets) > 0 &&
           message_targets(message, facts, targets) == 0;
}

/* Two verifiers that call each other would go on for ever: what calls us for
 * the sake of our own callout asks for, or comes from, our fallback sender. */
bool message_is_called_back(const struct message *message,
                            const char *recipient)
{
    const char *fallback = message->session->policy->callout.fallback;

    return *fallback != '\0' &&
           (strcasecmp(message->sender_wire, fallback) == 0 ||
            strcasecmp(recipient, fallback) == 0);
}

enum callout_gate sparing_gate(const struct message *message, bool called_back,
                               const struct facts *facts)
{
    const struct policy *policy = message->session->policy;
    const char *domain = facts->sender.path.domain;
    bool open = false;

    if (message->authenticated || called_back ||
        any_matches(&policy->never_domains, domain) ||
        has_never_hosts_alone(message, facts))
        return CALLOUT_GATE_SHUT;
    if ((policy->callout_except & EXCEPT_OWN_HOST) != 0 &&
        facts_client_is_of(facts, domain, &open))
        return CALLOUT_GATE_SHUT;
    return open ? CALLOUT_GATE_WAIT : CALLOUT_GATE_OPEN;
}
