/* SPDX-License-Identifier: BSD-2-Clause */
/* fold.c - taking the changing parts out of a local part, from its front to its
 * end */
#include "store/fold.h"

#include "base/text.h"

#include <string.h>

#define BATV       "prvs="
#define BATV_TAG   10 /* one octet, three of a date, six of a hash */
#define SRS        4  /* octets of "SRS0" */
#define WORD_LEAST 4

/** A local part that is being folded; it is written as it is read. */
struct fold {
    const char *rest;
    char *end; /* of what is written */
    bool folded;
};

static bool is_digit(char octet)
{
    return octet >= '0' && octet <= '9';
}

static bool is_hexadecimal(char octet)
{
    octet = text_lower(octet);
    return is_digit(octet) || (octet >= 'a' && octet <= 'f');
}

static bool is_alphanumeric(char octet)
{
    octet = text_lower(octet);
    return is_digit(octet) || (octet >= 'a' && octet <= 'z');
}

static bool begins(const char *text, const char *word)
{
    size_t length = strlen(word);
    return strlen(text) >= length &&
           span_equal_nocase((struct span){text, length}, span_of(word));
}

static void copy(struct fold *fold, size_t length)
{
    memcpy(fold->end, fold->rest, length);
    fold->end += length;
    fold->rest += length;
}

static void leave_out(struct fold *fold, size_t length)
{
    *fold->end++ = '*';
    fold->rest += length;
}

/* A field up to its separator, and that. False: it has none. */
static bool leave_out_field(struct fold *fold, char separator)
{
    const char *at = strchr(fold->rest, separator);
    if (at == NULL || at == fold->rest)
        return false;
    leave_out(fold, (size_t)(at - fold->rest));
    copy(fold, 1);
    return true;
}

/* Hash and time stamp. */
static bool leave_out_stamp(struct fold *fold)
{
    bool hash = leave_out_field(fold, '=');
    return hash && leave_out_field(fold, '=');
}

/* prvs=TAG=LOCAL (draft-levine-smtp-batv). */
static bool fold_batv(struct fold *fold)
{
    const char *tag = fold->rest + strlen(BATV);
    if (!begins(fold->rest, BATV) || strcspn(tag, "=") != BATV_TAG ||
        tag[BATV_TAG] != '=')
        return false;
    copy(fold, strlen(BATV));
    leave_out(fold, BATV_TAG);
    return true;
}

/* SRS0=HASH=STAMP=DOMAIN=LOCAL; the first separator may be + or -. */
static bool fold_srs0(struct fold *fold)
{
    copy(fold, SRS + 1);
    return leave_out_stamp(fold);
}

/* SRS1=HASH=DOMAIN==HASH=STAMP=..., the last part being that of an SRS0. */
static bool fold_srs1(struct fold *fold)
{
    copy(fold, SRS + 1);
    if (!leave_out_field(fold, '='))
        return false;
    const char *inner = strpbrk(fold->rest, "=");
    if (inner == NULL || strchr("=+-", inner[1]) == NULL || inner[1] == '\0')
        return false;
    copy(fold, (size_t)(inner + 2 - fold->rest));
    return leave_out_stamp(fold);
}

static bool fold_srs(struct fold *fold)
{
    const char *rest = fold->rest;
    if ((!begins(rest, "SRS0") && !begins(rest, "SRS1")) || rest[SRS] == '\0' ||
        strchr("=+-", rest[SRS]) == NULL)
        return false;
    return rest[SRS - 1] == '0' ? fold_srs0(fold) : fold_srs1(fold);
}

static bool is_verp(const char *local)
{
    for (const char *at = local; *at != '\0'; at++)
        if (*at == '=' || begins(at, "bounce"))
            return true;
    return false;
}

/* A word that a message's number may be. */
static bool changes(const char *word, size_t length)
{
    bool any_digit = false;
    for (size_t i = 0; i < length; i++) {
        if (!is_hexadecimal(word[i]))
            return false;
        any_digit = any_digit || is_digit(word[i]);
    }
    return length >= WORD_LEAST && any_digit;
}

static bool fold_words(struct fold *fold)
{
    bool any = false;
    if (!is_verp(fold->rest))
        return false;
    while (*fold->rest != '\0') {
        size_t length = 0;
        while (is_alphanumeric(fold->rest[length]))
            length++;
        if (changes(fold->rest, length)) {
            leave_out(fold, length);
            any = true;
        } else {
            copy(fold, length > 0 ? length : 1);
        }
    }
    return any;
}

bool fold_path(const struct mailpath *path, char folded[MAILPATH_SIZE])
{
    static bool (*const ways[])(struct fold *) = {fold_batv, fold_srs,
                                                  fold_words};
    struct mailpath copied = *path;
    struct fold fold = {0};
    folded[0] = '\0';
    if (path->form != MAILPATH_DOMAIN)
        return false;
    for (size_t i = 0; !fold.folded && i < sizeof(ways) / sizeof(*ways); i++) {
        fold = (struct fold){.rest = path->local, .end = copied.local};
        fold.folded = ways[i](&fold);
    }
    if (!fold.folded)
        return false;
    copy(&fold, strlen(fold.rest) + 1);
    return mailpath_write(&copied, folded);
}
