/* SPDX-License-Identifier: BSD-2-Clause */
/* census.c - a table of the hashes of all senders met */
#include "census.h"

#include "../bench.h"
#include "base/hash.h"
#include "store/fold.h"

#include <stdlib.h>

/* The table's places to each message; the emptier the faster. */
#define SPARSE 2

static uint64_t hash_of(const struct envelope *envelope)
{
    static const struct hash_key key = {1, 2};
    struct mailpath path;
    char folded[MAILPATH_SIZE];
    mailpath_parse(&path, span_of(envelope->sender));
    bool folds = fold_path(&path, folded);
    return hash_octets(&key, span_of(folds ? folded : envelope->sender)) | 1;
}

uint32_t census_senders(struct traffic *traffic, uint32_t messages)
{
    size_t size = (size_t)messages * SPARSE;
    uint64_t *met = bench_alloc(size, sizeof(*met));
    struct envelope envelope;
    uint32_t senders = 0;
    while (traffic_next(traffic, &envelope)) {
        uint64_t hash = hash_of(&envelope);
        size_t at = hash % size;
        while (met[at] != 0 && met[at] != hash)
            at = (at + 1) % size;
        senders += met[at] == 0;
        met[at] = hash;
    }
    free(met);
    return senders;
}
