/* SPDX-License-Identifier: BSD-2-Clause */
/* signs.c - reading a refusal: our address in any of its written forms, our
 * name, and the words of those who block hosts */
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
    "black list",
    "blacklist",
    "barracudacentral",
    "block list",
    "blocklist",
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

/* Said of a client; but some are said of a mailbox too, and do not count where
 * the status says that the reply is about one. */
static const char *const client_words[] = {
    "banned",     "blocked",          "client host", "ptr record",
    "reputation", "reverse dns",      "sending ip",  "your host",
    "your ip",    "your mail server", "your server",
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

static bool has_any(const struct plain *plain, const char *const *words,
                    size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_word(plain, words[i]))
            return true;
    return false;
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

/* The signs that are words. The domain asked about is blanked last: our own
 * name may lie in it. */
static unsigned text_signs(const struct smtp_reply *reply,
                           const struct smtp_question *question)
{
    struct plain plain;
    make_plain(&plain, (struct span){reply->text, reply->length});
    char wire[MAILPATH_SIZE];
    if (mailpath_write(question->path, wire))
        blank(&plain, wire, false);
    blank(&plain, question->path->local, true);
    unsigned signs = 0;
    if (has_name(&plain, question->name) ||
        has_address(&plain, &question->address))
        signs |= SMTP_SIGN_NAMES_US;
    blank(&plain, question->path->domain, false);
    if (has_any(&plain, blocklists, LENGTH(blocklists)))
        signs |= SMTP_SIGN_NAMES_US;
    if (has_any(&plain, client_words, LENGTH(client_words)))
        signs |= SMTP_SIGN_OF_CLIENT;
    if (has_word(&plain, "tls") || has_word(&plain, "starttls"))
        signs |= SMTP_SIGN_TLS;
    if (has_word(&plain, "relay"))
        signs |= SMTP_SIGN_RELAYING;
    return signs;
}

unsigned smtp_signs(const struct smtp_reply *reply,
                    const struct smtp_question *question)
{
    unsigned signs = text_signs(reply, question);
    const struct smtp_status *status = &reply->status;
    bool of_mailbox = status->subject == 1 || status->subject == 2;
    if (of_mailbox)
        signs &= ~(unsigned)SMTP_SIGN_OF_CLIENT;
    if (status->subject == 7)
        signs |= SMTP_SIGN_POLICY;
    if (status->subject == 6 && status->detail == 7)
        signs |= SMTP_SIGN_NO_UTF8;
    if (reply->code == 552 || (status->subject == 2 && status->detail == 2))
        signs |= SMTP_SIGN_FULL;
    return signs;
}
