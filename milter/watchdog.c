/* SPDX-License-Identifier: BSD-2-Clause */
/* watchdog.c - a mail server's first words to ourselves, again and again, and a
 * look at the sessions of all others */
#include "milter/watchdog.h"

#include "base/log.h"
#include "milter/admission.h"
#include "milter/listener.h"
#include "milter/notify.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <libmilter/mfdef.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS      3 /* within the manager's patience */
#define LENGTH_SIZE 4
#define WHY_SIZE    256

struct watchdog {
    struct loop *loop;
    struct loop_timer *look;
    struct loop_timer *timer;    /* of the rounds; NULL: there are none */
    struct bufferevent *session; /* whose answer is awaited, or NULL */
    uint32_t period_ms;
};

/* Packets: the length of what follows in four octets, a command, its data. */
static const char words[] = "\0\0\0\15O"    /* negotiation: */
                            "\0\0\0\6"      /* version, */
                            "\0\0\1\377"    /* all actions it knows of, */
                            "\0\37\377\377" /* and all steps */
                            "\0\0\0\7C"     /* CONNECT: */
                            "self\0U"       /* name and unknown family */
                            "\0\0\0\1Q";    /* QUIT */

static void end_round(struct watchdog *watchdog)
{
    if (watchdog->session)
        bufferevent_free(watchdog->session);
    watchdog->session = NULL;
}

static void fail_round(struct watchdog *watchdog, const char *why)
{
    log_line(LOG_LEVEL_ERROR, "watchdog: we do not serve: %s", why);
    end_round(watchdog);
}

/* The negotiation's answer, and then that to CONNECT. */
static void on_answer(struct bufferevent *session, void *context)
{
    struct evbuffer *octets = bufferevent_get_input(session);
    unsigned char head[LENGTH_SIZE + 1];
    size_t length;

    while (evbuffer_copyout(octets, head, sizeof head) == sizeof head) {
        length = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
                 (size_t)head[2] << 8 | head[3];
        if (evbuffer_get_length(octets) - LENGTH_SIZE < length)
            return;
        if (head[LENGTH_SIZE] == SMFIR_CONTINUE) {
            notify("WATCHDOG=1");
            end_round(context);
            return;
        }
        if (head[LENGTH_SIZE] != SMFIC_OPTNEG) {
            fail_round(context, "our socket gives a wrong answer");
            return;
        }
        evbuffer_drain(octets, LENGTH_SIZE);
        evbuffer_drain(octets, length);
    }
}

static void on_end(struct bufferevent *session, short what, void *context)
{
    (void)session;
    fail_round(context, what & BEV_EVENT_EOF ? "our socket hangs up"
                                             : "our socket is shut");
}

static void begin_round(struct watchdog *watchdog)
{
    char why[WHY_SIZE];
    const int fd = listener_connect(why, sizeof why);

    if (fd < 0) {
        fail_round(watchdog, why);
        return;
    }
    watchdog->session = bufferevent_socket_new(loop_events(watchdog->loop), fd,
                                               BEV_OPT_CLOSE_ON_FREE);
    if (!watchdog->session) {
        close(fd);
        fail_round(watchdog, "out of memory");
        return;
    }
    bufferevent_setcb(watchdog->session, on_answer, NULL, on_end, watchdog);
    if (bufferevent_enable(watchdog->session, EV_READ) != 0 ||
        bufferevent_write(watchdog->session, words, sizeof words - 1) != 0)
        fail_round(watchdog, "out of memory");
}

static void fire(void *context)
{
    struct watchdog *watchdog = context;
    const instant now = clock_now(loop_clock(watchdog->loop));

    if (watchdog->session)
        fail_round(watchdog, "our socket gives no answer");
    begin_round(watchdog);
    loop_timer_set(watchdog->timer, instant_after_ms(now, watchdog->period_ms));
}

static void look(void *context)
{
    struct watchdog *watchdog = context;
    const instant now = clock_now(loop_clock(watchdog->loop));

    admission_look(now);
    loop_timer_set(watchdog->look, instant_after_ms(now, ADMISSION_LOOK_MS));
}

/* A timer that fires from now on; NULL when memory ends. */
static struct loop_timer *start(struct watchdog *watchdog,
                                void (*fired)(void *context))
{
    struct loop *loop = watchdog->loop;
    struct loop_timer *timer = loop_timer_new(loop, fired, watchdog);

    if (timer)
        loop_timer_set(timer, clock_now(loop_clock(loop)));
    return timer;
}

struct watchdog *watchdog_new(struct loop *loop, uint32_t patience_ms)
{
    struct watchdog *watchdog = calloc(1, sizeof *watchdog);

    if (!watchdog)
        return NULL;
    watchdog->loop = loop;
    watchdog->period_ms = patience_ms / ROUNDS;
    watchdog->look = start(watchdog, look);
    if (patience_ms > 0)
        watchdog->timer = start(watchdog, fire);
    if (!watchdog->look || (patience_ms > 0 && !watchdog->timer))
        watchdog_free(&watchdog);
    return watchdog;
}

void watchdog_free(struct watchdog **watchdog)
{
    if (!*watchdog)
        return;
    end_round(*watchdog);
    loop_timer_free(&(*watchdog)->look);
    loop_timer_free(&(*watchdog)->timer);
    free(*watchdog);
    *watchdog = NULL;
}
