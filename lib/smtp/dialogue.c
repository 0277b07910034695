/* SPDX-License-Identifier: BSD-2-Clause */
/* dialogue.c - the callout's commands and the replies they wait for, in one
 * order whether or not the commands travel together */
#include "smtp/dialogue.h"

#include "smtp/command.h"
#include "smtp/delay.h"
#include "smtp/meaning.h"
#include "smtp/reply.h"

#include <stdlib.h>
#include <string.h>

/** Room for the commands that travel together; one of them can be long. */
#define COMMANDS_SIZE (SMTP_COMMAND_MOST + 64)

/** The server closes: RFC 5321 3.8. */
#define GOES_AWAY 421

/** The greeting, then the commands in their order; from RSET on once for each
 * question. */
enum turn {
    GREETING,
    EHLO,
    HELO,
    STARTTLS,
    SECURE_EHLO,
    RSET,
    MAIL,
    RCPT,
    QUIT
};

struct dialogue {
    struct inquiry inquiry;
    bool asks;  /* about a path; else the greeting is the answer */
    char *name; /* ours */
    struct address local;
    uint32_t reply_ms;
    instant total;     /* the deadline for the answer */
    instant deadline;  /* of what is waited for now */
    enum turn awaited; /* whose reply */
    enum turn said;    /* the last command sent; beyond `awaited` where
                          commands travel together */
    enum callout_tls_use tls;
    enum callout_start start;
    bool secured;
    bool securing;              /* the handshake is under way */
    bool pipelines, takes_utf8; /* as the last EHLO says */
    bool refused;  /* EHLO was, as `answer` has it; HELO is tried */
    bool moved_on; /* to what follows when the replies to all that was said
                      are there */
    bool answered;
    struct callout_answer answer;
    struct smtp_reply_reader reader;
    char commands[COMMANDS_SIZE];
};

static bool add_rcpt(struct text *lines, const struct mailpath *path)
{
    char wire[MAILPATH_SIZE];
    return mailpath_write(path, wire) &&
           smtp_command_add(lines, "RCPT TO:<%s>", wire);
}

static bool add_command(const struct dialogue *dialogue, enum turn command,
                        struct text *lines)
{
    struct mailpath path;
    inquiry_path(&dialogue->inquiry, &path);
    switch (command) {
    case GREETING:
        break; /* the server's */
    case EHLO:
    case SECURE_EHLO:
        return smtp_command_add(lines, "EHLO %s", dialogue->name);
    case STARTTLS:
        return smtp_command_add(lines, "STARTTLS");
    case HELO:
        return smtp_command_add(lines, "HELO %s", dialogue->name);
    case RSET:
        return smtp_command_add(lines, "RSET");
    case MAIL:
        return smtp_command_add(lines, "MAIL FROM:<%s>%s",
                                inquiry_sender(&dialogue->inquiry),
                                path.utf8 ? " SMTPUTF8" : "");
    case RCPT:
        return add_rcpt(lines, &path);
    case QUIT:
        return smtp_command_add(lines, "QUIT");
    }
    return false;
}

/* Whether every command can be put on the wire. */
static bool is_sayable(struct dialogue *dialogue)
{
    struct text lines;
    if (!dialogue->asks)
        return true; /* QUIT can */
    for (enum turn command = EHLO; command <= QUIT; command++) {
        text_begin(&lines, dialogue->commands, sizeof(dialogue->commands));
        if (!add_command(dialogue, command, &lines))
            return false;
    }
    text_begin(&lines, dialogue->commands, sizeof(dialogue->commands));
    return add_rcpt(&lines, &dialogue->inquiry.path);
}

struct dialogue *dialogue_new(const struct mailpath *path,
                              const struct dialogue_options *options)
{
    struct dialogue *dialogue = calloc(1, sizeof(*dialogue));
    if (dialogue == NULL)
        return NULL;
    dialogue->inquiry.question = ASK_PATH;
    dialogue->asks = path != NULL;
    bool begun = path == NULL ||
                 inquiry_begin(&dialogue->inquiry, path, &options->wishes);
    dialogue->name = strdup(options->name);
    dialogue->reply_ms = options->reply_ms;
    dialogue->tls = options->tls;
    dialogue->start = options->start;
    dialogue->total = options->deadline;
    dialogue->deadline = options->deadline;
    smtp_reply_begin(&dialogue->reader);
    if (!begun || dialogue->name == NULL || !is_sayable(dialogue))
        dialogue_free(&dialogue);
    return dialogue;
}

void dialogue_free(struct dialogue **dialogue)
{
    if (*dialogue == NULL)
        return;
    inquiry_end(&(*dialogue)->inquiry);
    free((*dialogue)->name);
    free(*dialogue);
    *dialogue = NULL;
}

instant dialogue_deadline(const struct dialogue *dialogue)
{
    return dialogue->deadline;
}

const struct callout_answer *dialogue_answer(const struct dialogue *dialogue)
{
    return dialogue->answered ? &dialogue->answer : NULL;
}

static enum callout_stage stage_of(enum turn turn)
{
    switch (turn) {
    case GREETING:
        return CALLOUT_AT_GREETING;
    case EHLO:
    case HELO:
    case STARTTLS:
    case SECURE_EHLO:
        return CALLOUT_AT_HELO;
    case RSET:
    case MAIL:
        return CALLOUT_AT_MAIL;
    case RCPT:
    case QUIT:
        break;
    }
    return CALLOUT_AT_RCPT;
}

static void await(struct dialogue *dialogue, enum turn turn, instant at)
{
    dialogue->awaited = turn;
    if (dialogue->answered)
        return; /* one deadline for all that is left */
    instant deadline = instant_after_ms(at, dialogue->reply_ms);
    dialogue->deadline =
        deadline < dialogue->total ? deadline : dialogue->total;
}

/* Send the commands from `first` to `last`. */
static enum dialogue_next say(struct dialogue *dialogue, enum turn first,
                              enum turn last, instant at, struct span *send)
{
    struct text lines;
    text_begin(&lines, dialogue->commands, sizeof(dialogue->commands));
    for (enum turn command = first; command <= last; command++)
        (void)add_command(dialogue, command, &lines); /* is_sayable */
    *send = (struct span){lines.buffer, lines.length};
    dialogue->said = last;
    await(dialogue, first, at);
    return DIALOGUE_SEND;
}

static enum callout_tls tls_of(const struct dialogue *dialogue)
{
    if (dialogue->secured)
        return CALLOUT_TLS_USED;
    return dialogue->start == CALLOUT_START_CLEAR ? CALLOUT_TLS_FAILED
                                                  : CALLOUT_TLS_NOT_USED;
}

/* Write the answer, with what the server said last. */
static void note(struct dialogue *dialogue, enum callout_outcome outcome,
                 enum callout_trouble trouble, uint16_t code)
{
    struct callout_answer *answer = &dialogue->answer;
    answer->outcome = outcome;
    answer->trouble = trouble;
    answer->tls = tls_of(dialogue);
    answer->found = dialogue->inquiry.found;
    answer->stage = stage_of(dialogue->awaited);
    answer->code = code;
    answer->words[0] = '\0';
    if (trouble != CALLOUT_TROUBLE_CLOSED &&
        trouble != CALLOUT_TROUBLE_TIMEOUT && trouble != CALLOUT_TROUBLE_TLS)
        smtp_reply_words(&dialogue->reader.reply, answer->words);
    answer->retry_after_s =
        outcome == CALLOUT_GREYLISTED ? smtp_delay(&dialogue->reader.reply) : 0;
}

/* The answer is what was noted; it stays whatever follows. */
static void settle(struct dialogue *dialogue, instant at)
{
    dialogue->answered = true;
    dialogue->answer.learnt = at;
}

/* There will be no further reply. A refusal of EHLO is the server's word when
 * none to HELO follows. */
static enum dialogue_next end(struct dialogue *dialogue,
                              enum callout_trouble trouble, instant at)
{
    if (dialogue->answered)
        return DIALOGUE_DONE;
    if (dialogue->securing)
        trouble = CALLOUT_TROUBLE_TLS;
    if (!dialogue->refused)
        note(dialogue, CALLOUT_UNREACHABLE, trouble, 0);
    settle(dialogue, at);
    return DIALOGUE_DONE;
}

static enum dialogue_next leave(struct dialogue *dialogue, instant at,
                                struct span *send);

/* The answer follows from what the server does not offer. */
static enum dialogue_next do_without(struct dialogue *dialogue,
                                     enum callout_outcome outcome,
                                     enum callout_trouble trouble, instant at,
                                     struct span *send)
{
    note(dialogue, outcome, trouble, 0);
    dialogue->answer.words[0] = '\0';
    return leave(dialogue, at, send);
}

/* Ask the question, from `first` on: with all that is behind it where commands
 * may travel together. */
static enum dialogue_next ask(struct dialogue *dialogue, enum turn first,
                              instant at, struct span *send)
{
    enum turn last = first;
    if (dialogue->pipelines)
        last = inquiry_goes_on(&dialogue->inquiry) ? RCPT : QUIT;
    return say(dialogue, first, last, at, send);
}

/* To the first question. Only a server that offers SMTPUTF8 may be given an
 * address that needs it (RFC 6531 3.2). */
static enum dialogue_next begin_asking(struct dialogue *dialogue, instant at,
                                       struct span *send)
{
    if (dialogue->tls == CALLOUT_TLS_REQUIRED && !dialogue->secured)
        return do_without(dialogue, CALLOUT_UNREACHABLE, CALLOUT_TROUBLE_TLS,
                          at, send);
    if (dialogue->inquiry.path.utf8 && !dialogue->takes_utf8)
        return do_without(dialogue, CALLOUT_NO_SMTPUTF8, CALLOUT_TROUBLE_NONE,
                          at, send);
    return ask(dialogue, MAIL, at, send);
}

static void read_keywords(struct dialogue *dialogue)
{
    const struct smtp_reply *reply = &dialogue->reader.reply;
    dialogue->pipelines = smtp_reply_has_keyword(reply, "PIPELINING");
    dialogue->takes_utf8 = smtp_reply_has_keyword(reply, "SMTPUTF8");
}

static bool wants_tls(const struct dialogue *dialogue)
{
    if (dialogue->tls == CALLOUT_TLS_OFF)
        return false;
    switch (dialogue->start) {
    case CALLOUT_START_AS_OFFERED:
        break;
    case CALLOUT_START_CLEAR:
        return false;
    case CALLOUT_START_TLS:
        return true;
    }
    return smtp_reply_has_keyword(&dialogue->reader.reply, "STARTTLS");
}

/* Whether a server gives our name for its own, in its greeting or in its reply
 * to EHLO or HELO (RFC 5321 4.2): it is this host by an address that we do not
 * know for ours, and a callout to it would ask for another one. */
static bool is_ourselves(const struct dialogue *dialogue)
{
    const struct smtp_reply *reply = &dialogue->reader.reply;
    struct span word = {reply->text, 0};
    if (dialogue->awaited > SECURE_EHLO || dialogue->awaited == STARTTLS)
        return false;
    while (word.length < reply->length && reply->text[word.length] != ' ' &&
           reply->text[word.length] != '\n')
        word.length++;
    return span_equal_nocase(word, span_of(dialogue->name));
}

static enum dialogue_next proceed(struct dialogue *dialogue, instant at,
                                  struct span *send)
{
    dialogue->refused = false;
    if (is_ourselves(dialogue))
        return do_without(dialogue, CALLOUT_UNREACHABLE,
                          CALLOUT_TROUBLE_OURSELVES, at, send);
    switch (dialogue->awaited) {
    case GREETING:
        if (dialogue->asks)
            return say(dialogue, EHLO, EHLO, at, send);
        note(dialogue, CALLOUT_ACCEPTED, CALLOUT_TROUBLE_NONE,
             dialogue->reader.reply.code);
        return leave(dialogue, at, send);
    case EHLO:
        read_keywords(dialogue);
        if (wants_tls(dialogue))
            return say(dialogue, STARTTLS, STARTTLS, at, send);
        return begin_asking(dialogue, at, send);
    case SECURE_EHLO:
        read_keywords(dialogue);
        return begin_asking(dialogue, at, send);
    case HELO:
    case STARTTLS:
        return begin_asking(dialogue, at, send);
    case RSET:
    case MAIL:
    case RCPT:
    case QUIT:
        break;
    }
    enum turn next = dialogue->awaited + 1;
    if (next > dialogue->said)
        return say(dialogue, next, next, at, send);
    await(dialogue, next, at);
    return DIALOGUE_WAIT;
}

/* A server that refuses may still be asked in the clear (RFC 3207 4). */
static enum dialogue_next take_starttls(struct dialogue *dialogue, instant at,
                                        struct span *send)
{
    uint16_t code = dialogue->reader.reply.code;
    if (code == GOES_AWAY) {
        note(dialogue, CALLOUT_UNREACHABLE, CALLOUT_TROUBLE_NONE, code);
        settle(dialogue, at);
        return DIALOGUE_DONE;
    }
    if (code != 220)
        return proceed(dialogue, at, send);
    dialogue->securing = true;
    await(dialogue, STARTTLS, at);
    return DIALOGUE_SECURE;
}

/* The answer is there: be polite, for a second. */
static enum dialogue_next leave(struct dialogue *dialogue, instant at,
                                struct span *send)
{
    bool has_said_quit = dialogue->said == QUIT;
    enum turn next =
        dialogue->awaited < dialogue->said ? dialogue->awaited + 1 : QUIT;
    settle(dialogue, at);
    dialogue->deadline = instant_after_ms(at, DIALOGUE_QUIT_MS);
    if (!has_said_quit)
        (void)say(dialogue, QUIT, QUIT, at, send);
    await(dialogue, next, at);
    return has_said_quit ? DIALOGUE_WAIT : DIALOGUE_SEND;
}

/* Begin the question that was turned to when nothing of the one before it is
 * left to come. */
static enum dialogue_next move_on(struct dialogue *dialogue, instant at,
                                  struct span *send)
{
    dialogue->moved_on = dialogue->awaited < dialogue->said;
    if (!dialogue->moved_on)
        return ask(dialogue, RSET, at, send);
    await(dialogue, dialogue->awaited + 1, at);
    return DIALOGUE_WAIT;
}

/* RSET is never refused (RFC 5321 4.1.1.5); who does so is no SMTP server. */
static struct smtp_meaning meaning_of_rset(const struct smtp_reply *reply)
{
    struct smtp_meaning meaning = {.proceed = reply->code == 250,
                                   .outcome = CALLOUT_UNREACHABLE};
    if (reply->code != GOES_AWAY)
        meaning.trouble = CALLOUT_TROUBLE_PROTOCOL;
    return meaning;
}

static struct smtp_meaning meaning_of(const struct dialogue *dialogue)
{
    const struct smtp_reply *reply = &dialogue->reader.reply;
    struct mailpath path;
    const struct smtp_question question = {&path, dialogue->name,
                                           dialogue->local};
    if (dialogue->awaited == RSET)
        return meaning_of_rset(reply);
    inquiry_path(&dialogue->inquiry, &path);
    return smtp_meaning(stage_of(dialogue->awaited), reply, &question);
}

/* A reply to what is settled already: by the answer, or by having moved on. */
static enum dialogue_next pass_over(struct dialogue *dialogue, instant at,
                                    struct span *send)
{
    if (!dialogue->answered)
        return move_on(dialogue, at, send);
    if (dialogue->awaited == QUIT)
        return DIALOGUE_DONE;
    await(dialogue, dialogue->awaited + 1, at);
    return DIALOGUE_WAIT;
}

static enum dialogue_next take_reply(struct dialogue *dialogue, instant at,
                                     struct span *send)
{
    uint16_t code = dialogue->reader.reply.code;
    if (dialogue->answered || dialogue->moved_on)
        return pass_over(dialogue, at, send);
    if (dialogue->awaited == STARTTLS)
        return take_starttls(dialogue, at, send);
    struct smtp_meaning meaning = meaning_of(dialogue);
    if (meaning.proceed)
        return proceed(dialogue, at, send);
    bool turned = inquiry_take(&dialogue->inquiry, &meaning);
    note(dialogue, meaning.outcome, meaning.trouble, code);
    if (turned)
        return move_on(dialogue, at, send);
    if (dialogue->awaited == EHLO && code >= 500) {
        dialogue->refused = true;
        return say(dialogue, HELO, HELO, at, send);
    }
    if (code == GOES_AWAY) {
        settle(dialogue, at);
        return DIALOGUE_DONE;
    }
    return leave(dialogue, at, send);
}

static enum dialogue_next take_octets(struct dialogue *dialogue,
                                      struct span octets, instant at,
                                      struct span *send)
{
    for (;;) {
        switch (smtp_reply_take(&dialogue->reader, &octets)) {
        case SMTP_REPLY_MORE:
            return DIALOGUE_WAIT;
        case SMTP_REPLY_FAULT:
            return end(dialogue, CALLOUT_TROUBLE_PROTOCOL, at);
        case SMTP_REPLY_WHOLE:
            break;
        }
        enum dialogue_next next = take_reply(dialogue, at, send);
        bool over = next == DIALOGUE_SEND || next == DIALOGUE_SECURE;
        if (over && octets.length > 0 && !dialogue->answered) {
            *send = (struct span){NULL, 0};
            return end(dialogue, CALLOUT_TROUBLE_PROTOCOL, at);
        }
        if (next != DIALOGUE_WAIT)
            return next;
    }
}

enum dialogue_next dialogue_step(struct dialogue *dialogue,
                                 const struct dialogue_event *event,
                                 struct span *send)
{
    *send = (struct span){NULL, 0};
    switch (event->kind) {
    case DIALOGUE_CONNECTED:
        dialogue->local = event->local;
        await(dialogue, GREETING, event->at);
        break;
    case DIALOGUE_OCTETS:
        return take_octets(dialogue, event->octets, event->at, send);
    case DIALOGUE_SECURED:
        dialogue->securing = false;
        dialogue->secured = true;
        smtp_reply_begin(&dialogue->reader);
        return say(dialogue, SECURE_EHLO, SECURE_EHLO, event->at, send);
    case DIALOGUE_INSECURE:
        return end(dialogue, CALLOUT_TROUBLE_TLS, event->at);
    case DIALOGUE_CLOSED:
        return end(dialogue, CALLOUT_TROUBLE_CLOSED, event->at);
    case DIALOGUE_TIMEOUT:
        return end(dialogue, CALLOUT_TROUBLE_TIMEOUT, event->at);
    }
    return DIALOGUE_WAIT;
}
