/* SPDX-License-Identifier: BSD-2-Clause */
/* zones.c - the DNS lists that a policy names, each a map */
#include "policy/zones.h"

#include "policy/keys.h"

#include <stdlib.h>
#include <string.h>

static const struct zone *find_twin(const struct zones *zones,
                                    const struct zone *zone)
{
    for (const struct zone *twin = zones->at; twin < zone; twin++)
        if (strcmp(twin->name, zone->name) == 0 && twin->of == zone->of &&
            twin->kind == zone->kind)
            return twin;
    return NULL;
}

static void check_zone(struct reading *reading, const struct node *map,
                       const struct zones *zones, const struct zone *zone)
{
    if (zone->name[0] == '\0' && node_find(map, "name") == NULL)
        reading_error(reading, map->at,
                      "a list without `name`, expected the zone where it is "
                      "asked, such as {name: bl.example.org}");
    if (zone->kind == ZONE_ALLOW && zone->exempt == 0)
        reading_error(reading, map->at,
                      "an allow-list without `exempt`, expected the checks "
                      "that it frees from, such as exempt: [callout]");
    if (zone->kind == ZONE_DENY && zone->exempt != 0)
        reading_error(reading, node_find(map, "exempt")->key_at,
                      "`policy.dnsbl.zones.exempt` is for kind: allow alone");
    if (zone->kind == ZONE_ALLOW && node_find(map, "weight") != NULL)
        reading_error(reading, node_find(map, "weight")->key_at,
                      "`policy.dnsbl.zones.weight` is for kind: deny alone");
    if (zone->name[0] != '\0' && find_twin(zones, zone) != NULL)
        reading_error(reading, map->at,
                      "the list %s stands here twice, expected all its "
                      "`answers` in one entry",
                      zone->name);
}

static void read_zone(struct reading *reading, const struct node *map,
                      struct zones *zones, struct zone *zone)
{
    const struct key_places places = {{[KEY_OF_ZONE] = zone}};

    if (!keys_set_defaults(&places)) {
        reading_no_memory(reading);
        return;
    }
    keys_read(reading, map, "policy.dnsbl.zones", &places);
    check_zone(reading, map, zones, zone);
}

static void read_list(struct reading *reading, const struct node *list,
                      struct zones *zones)
{
    zones->at = calloc(list->count, sizeof(*zones->at));
    if (zones->at == NULL) {
        reading_no_memory(reading);
        return;
    }
    for (const struct node *child = list->first; child != NULL;
         child = child->next) {
        if (child->kind == NODE_MAP)
            read_zone(reading, child, zones, &zones->at[zones->count++]);
        else
            reading_error(reading, child->at,
                          "an entry of `policy.dnsbl.zones` is a %s, expected "
                          "a map such as {name: bl.example.org}",
                          child->kind == NODE_LIST ? "list" : "single value");
    }
}

/* What all that deny can weigh together. */
static uint32_t weight_most(const struct zones *zones, bool scored)
{
    uint32_t most = 0;

    for (size_t i = 0; i < zones->count; i++)
        if (zones->at[i].kind == ZONE_DENY)
            most += scored ? zones->at[i].weight : 1;
    return most;
}

static void check_sum(struct reading *reading, const struct node *dnsbl,
                      const struct policy *policy)
{
    const struct check_settings *settings = &policy->rules.settings;
    const struct node *need = node_find(dnsbl, "need");
    const struct node *score = node_find(dnsbl, "score");
    uint32_t most = weight_most(&policy->zones, score != NULL);

    if (need != NULL && score != NULL) {
        reading_error(reading, score->key_at,
                      "`policy.dnsbl.score` beside `need` in line %zu, "
                      "expected one of them",
                      need->key_at.line);
        return;
    }
    if (need != NULL && settings->lists_needed > most)
        reading_error(reading, need->at,
                      "`policy.dnsbl.need` is %u, but only %u lists deny",
                      (unsigned)settings->lists_needed, (unsigned)most);
    if (score != NULL && settings->list_score > most)
        reading_error(reading, score->at,
                      "`policy.dnsbl.score` is %u, but all lists that deny "
                      "weigh %u together",
                      (unsigned)settings->list_score, (unsigned)most);
}

void zones_read(struct reading *reading, const struct node *map,
                struct policy *policy)
{
    const struct node *dnsbl = node_find(map, "dnsbl");
    const struct node *list = dnsbl != NULL && dnsbl->kind == NODE_MAP
                                  ? node_find(dnsbl, "zones")
                                  : NULL;

    if (dnsbl == NULL || dnsbl->kind != NODE_MAP)
        return;
    if (list == NULL || node_is_empty(list) ||
        (list->kind == NODE_LIST && list->count == 0)) {
        reading_error(reading, dnsbl->key_at,
                      "`policy.dnsbl` names no list, expected zones such as "
                      "zones: [{name: bl.example.org}]");
    } else if (list->kind != NODE_LIST) {
        reading_error(reading, list->at,
                      "`policy.dnsbl.zones` is a %s, expected a list of maps",
                      list->kind == NODE_MAP ? "map" : "single value");
    } else if (list->count > ZONES_MOST) {
        reading_error(reading, list->at,
                      "`policy.dnsbl.zones` has %zu elements, expected at most "
                      "%d",
                      list->count, ZONES_MOST);
    } else {
        read_list(reading, list, &policy->zones);
        check_sum(reading, dnsbl, policy);
    }
}

void zones_clear(struct zones *zones)
{
    free(zones->at);
    *zones = (struct zones){0};
}

unsigned zones_needs(const struct zones *zones, unsigned needs)
{
    unsigned added = 0;

    for (size_t i = 0; i < zones->count; i++) {
        const struct zone *zone = &zones->at[i];
        if (zone->kind == ZONE_DENY && !(needs & NEED_LISTS))
            continue;
        added |= NEED_LISTS;
        if (zone->of == ZONE_OF_REVERSE)
            added |= NEED_REVERSE;
    }
    return added;
}
