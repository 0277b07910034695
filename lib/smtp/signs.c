/* SPDX-License-Identifier: BSD-2-Clause */
/* signs.c - reading a refusal: our address in any of its written forms, our
 * name, and the words of those who refuse mail */
#include "smtp/signs.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/** A reply's text in lower case, on one line, terminated. */
struct plain {
    char text[SMTP_REPLY_TEXT_KEPT + 1];
};

/* Lists and services that block hosts, and words for such a list. */
static const char *const blocklists[] = {
    "0spam",
    "abuseat",
    "abusix",
    "backscatterer",
    "barracudacentral",
    "black list",
    "black-list",
    "blackhole",
    "blacklist",
    "block list",
    "block-list",
    "blocklist",
    "cloudmark",
    "denylist",
    "dnsbl",
    "gbudb",
    "hostkarma",
    "invaluement",
    "ipcheck",
    "mailspike",
    "manitu",
    "nixspam",
    "njabl",
    "psbl",
    "rbl",
    "senderbase",
    "senderscore",
    "sorbs",
    "spamcannibal",
    "spamcop",
    "spamhaus",
    "spamrats",
    "surbl",
    "surriel",
    "talosintelligence",
    "uceprotect",
    "uribl",
};

/* Said of a client: of its name, its address or its manners. Some are said of a
 * mailbox too; see is_of_mailbox. */
static const char *const client_words[] = {
    "bad ip",      "banned",           "blocked",
    "client host", "client ip",        "dial-up",
    "dialup",      "dynamic ip",       "ehlo",
    "excessive",   "go away",          "helo",
    "ip address",  "lookup failed",    "open proxy",
    "open relay",  "ptr record",       "rdns",
    "reputation",  "reverse dns",      "reverse hostname",
    "sender ip",   "sending ip",       "spam source",
    "spammer",     "too many",         "your host",
    "your ip",     "your mail server", "your server",
};

static const char *const policy_words[] = {
    "access denied",  "administrative prohibition", "not authorized", "polic",
    "service refuse", "service unavailable",        "unauthorized",
};

static const char *const relay_words[] = {
    "cannot relay", "not permitted to relay", "not relay",
    "rcpthosts",    "relay access denied",    "relay denied",
    "relay not",    "relay prohibited",       "relaying denied",
    "relaying not", "relaying prohibited",    "unable to relay",
};

static const char *const mailbox_words[] = {
    "account does not exist",
    "address does not exist",
    "addressee unknown",
    "invalid mailbox",
    "invalid recipient",
    "mailbox does not exist",
    "mailbox not found",
    "marked as invalid",
    "no mailbox",
    "no such mailbox",
    "no such person",
    "no such recipient",
    "no such user",
    "non-existent account",
    "not our customer",
    "recipient does not exist",
    "recipient not found",
    "recipient unknown",
    "unknown recipient",
    "unknown user",
    "unrouteable",
    "user does not exist",
    "user doesn't",
    "user not found",
    "user not known",
    "user unknown",
};

static const char *const bounce_words[] = {
    "<>",
    "accept bounces",
    "bounce messages",
    "empty envelope",
    "empty return",
    "empty reverse",
    "empty sender",
    "no bounces",
    "null return",
    "null reverse",
    "null sender",
    "sender address rejected",
    "sender denied",
    "sender rejected",
};

/* Too much mail in the mailbox, or too much of it at once. */
static const char *const full_words[] = {
    "account is full",     "disk quota",           "mailbox full",
    "mailbox is full",     "mailbox quota",        "over quota",
    "overquota",           "receiving email at a", "receiving email too",
    "receiving mail at a", "receiving mail too",   "storage exceeded",
};

static const char *const tls_words[] = {
    "starttls",
    "tls",
};

/** What shows a sign: that a word of the text begins so. */
static const struct wording {
    enum smtp_sign sign;
    const char *const *words;
    size_t count;
} wordings[] = {
    {SMTP_SIGN_LISTED, blocklists, LENGTH(blocklists)},
    {SMTP_SIGN_OF_CLIENT, client_words, LENGTH(client_words)},
    {SMTP_SIGN_POLICY, policy_words, LENGTH(policy_words)},
    {SMTP_SIGN_NO_RELAY, relay_words, LENGTH(relay_words)},
    {SMTP_SIGN_NO_MAILBOX, mailbox_words, LENGTH(mailbox_words)},
    {SMTP_SIGN_NO_BOUNCES, bounce_words, LENGTH(bounce_words)},
    {SMTP_SIGN_FULL, full_words, LENGTH(full_words)},
    {SMTP_SIGN_TLS, tls_words, LENGTH(tls_words)},
};

/* A letter or digit of a plain text; octets beyond ASCII are letters of some
 * alphabet. */
static bool is_letter(char octet)
{
    return (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'z') ||
           (unsigned char)octet > 127;
}

static void make_plain(struct plain *plain, struct span text)
{
    size_t length = 0;
    for (; length < text.length && length < SMTP_REPLY_TEXT_KEPT; length++) {
        char octet = text.at[length];
        plain->text[length] = (char)(octet == '\n' ? ' ' : text_lower(octet));
    }
    plain->text[length] = '\0';
}

/* Whether a word ends before `end`: what follows is neither of the word nor, as
 * behind the dot in "example.org.invalid", of a longer name. */
static bool ends_at(const char *end)
{
    if (*end == '.')
        return !is_letter(end[1]);
    return !is_letter(*end) && *end != '-';
}

static bool begins_at(const char *text, const char *at)
{
    return at == text || !is_letter(at[-1]);
}

/* True when a word of the text begins so. */
static bool has_word(const struct plain *plain, const char *word)
{
    const char *at = plain->text;
    while ((at = strstr(at, word)) != NULL) {
        if (begins_at(plain->text, at))
            return true;
        at++;
    }
    return false;
}

static bool shows(const struct plain *plain, const struct wording *wording)
{
    for (size_t i = 0; i < wording->count; i++)
        if (has_word(plain, wording->words[i]))
            return true;
    return false;
}

/* Those of the `wanted` signs that the text's words show. */
static unsigned word_signs(const struct plain *plain, unsigned wanted)
{
    unsigned signs = 0;
    for (size_t i = 0; i < LENGTH(wordings); i++)
        if ((wordings[i].sign & wanted) != 0 && shows(plain, &wordings[i]))
            signs |= wordings[i].sign;
    return signs;
}

/* True when the text holds the name, and not as a part of a longer one. */
static bool has_name(const struct plain *plain, const char *name)
{
    size_t length = strlen(name);
    const char *at = plain->text;
    while (length > 0 && (at = strstr(at, name)) != NULL) {
        bool begins = begins_at(plain->text, at) &&
                      (at == plain->text || strchr(".-", at[-1]) == NULL);
        if (begins && ends_at(at + length))
            return true;
        at++;
    }
    return false;
}

/* Put spaces in the place of a word of the question's. */
static void blank(struct plain *plain, const char *word, bool whole)
{
    struct plain echo;
    make_plain(&echo, span_of(word));
    size_t length = strlen(echo.text);
    char *at = plain->text;
    while (length > 0 && (at = strstr(at, echo.text)) != NULL) {
        if (!whole || (begins_at(plain->text, at) && ends_at(at + length)))
            memset(at, ' ', length);
        at++;
    }
}

/* True when the address is what is made of these octets from `at`, but for the
 * end of a sentence. */
static bool is_address_at(const char *at, const char *octets,
                          const struct address *address)
{
    size_t length = strspn(at, octets);
    while (length > 0 && (at[length - 1] == '.' || at[length - 1] == ':'))
        length--;
    struct address found;
    return address_parse(&found, (struct span){at, length}) &&
           address_equal(&found, address);
}

/* True when the text holds the address in any of its forms. */
static bool has_address(const struct plain *plain,
                        const struct address *address)
{
    for (const char *at = plain->text; *at != '\0'; at++) {
        if (!begins_at(plain->text, at) || (at > plain->text && at[-1] == '.'))
            continue;
        if (is_address_at(at, "0123456789.", address) ||
            is_address_at(at, "0123456789abcdef.:", address))
            return true;
    }
    return false;
}

/* The signs that are words, or our names. Words against the address are read
 * while its local part is there, for that can be "user"; they harm none but
 * who gave it. The domain is blanked last: our own name may lie in it. */
static unsigned text_signs(const struct smtp_reply *reply,
                           const struct smtp_question *question)
{
    const unsigned of_address = SMTP_SIGN_NO_RELAY | SMTP_SIGN_NO_MAILBOX;
    struct plain plain;
    make_plain(&plain, (struct span){reply->text, reply->length});
    char wire[MAILPATH_SIZE];
    if (mailpath_write(question->path, wire))
        blank(&plain, wire, false);
    unsigned signs = word_signs(&plain, of_address);
    blank(&plain, question->path->local, true);
    if (has_name(&plain, question->name) ||
        has_address(&plain, &question->address))
        signs |= SMTP_SIGN_NAMES_US;
    blank(&plain, question->path->domain, false);
    return signs | word_signs(&plain, ~of_address);
}

/* Whether the reply is about the address, its mailbox or its route (RFC 3463
 * 3.2, 3.3, 3.5): what else would be said of a client is said of it then. But
 * x.1.0 can be anything, and x.1.7 and x.1.8 are about the sender. */
static bool is_of_mailbox(const struct smtp_status *status)
{
    if (status->subject == 1)
        return status->detail > 0 && status->detail != 7 && status->detail != 8;
    return status->subject == 2 || status->subject == 4;
}

/* The signs that are numbers. */
static unsigned number_signs(uint16_t code, const struct smtp_status *status)
{
    unsigned signs = 0;
    if (status->subject == 7 || code == 571)
        signs |= SMTP_SIGN_POLICY;
    if (status->subject == 6 && status->detail == 7)
        signs |= SMTP_SIGN_NO_UTF8;
    if (status->subject == 1 && (status->detail == 7 || status->detail == 8))
        signs |= SMTP_SIGN_NO_BOUNCES;
    if (status->subject == 2 && status->detail == 2)
        signs |= SMTP_SIGN_FULL;
    if (code == 552 && status->subject != 1 && status->subject != 7)
        signs |= SMTP_SIGN_FULL;
    if (status->subject == 0)
        signs |= SMTP_SIGN_NO_STATUS;
    return signs;
}

unsigned smtp_signs(const struct smtp_reply *reply,
                    const struct smtp_question *question)
{
    unsigned signs = text_signs(reply, question);
    if (is_of_mailbox(&reply->status))
        signs &= ~(unsigned)(SMTP_SIGN_OF_CLIENT | SMTP_SIGN_POLICY);
    return signs | number_signs(reply->code, &reply->status);
}
