/* A session played from a table: each step happens at a time of the scripted clock, and says all that comes
 * of it: the events in their order, then "> pdu sequence [status]" for what was put out. */
#ifndef TESSERA_TEST_SCRIPT_H
#define TESSERA_TEST_SCRIPT_H

/* A row of a table names what matters in it; what it leaves out is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session/session.h"

enum script_act {
    START,
    TICK,
    RECV,    /* a PDU of the peer: command, status, sequence */
    RAW,     /* octets of the peer, in hexadecimal */
    SUBMIT,  /* submit_sm (server: deliver_sm); `n` is the token */
    REQUEST, /* any request by session_submit: command; `n` is the token */
    NOTIFY,  /* session_notify: command */
    ANSWER,  /* command (of the request), sequence, status */
    BIND,    /* session_answer_bind: status */
    UNBIND,
    UNBIND_NOW,
    CLOSE,
    DISCONNECT,
    WINDOW, /* session_set_window(n) */
    NEXT,   /* session_next_tick() is due at `n` ms; -1 never, 0 at once */
    STATE,  /* session_state() has the name in `expect` */
    ROOM,   /* session_window_room() is n */
};

struct script_step {
    int ms;
    enum script_act act;
    uint32_t command, status, sequence;
    long n;
    const char *hex;
    const char *expect; /* NULL is "" */
};

struct script {
    const char *name;
    struct session_options o;
    struct script_step steps[40]; /* ends with an `end` */
};

#define CMD(name) .command = SMPP_CMD(name)
#define END                                                                                                  \
    {                                                                                                        \
        .ms = -1                                                                                             \
    }

#define CLIENT .role = SESSION_CLIENT, .system_id = { "ESME", 4 }
#define SERVER .role = SESSION_SERVER, .system_id = { "SMSC", 4 }

/* A client that begins at 0 ms, its bind being number 1; one that is bound then, too. */
#define BINDING                                                                                              \
    {                                                                                                        \
        0, START, .expect = "> bind_transceiver 1"                                                           \
    }
#define BOUND                                                                                                \
    BINDING,                                                                                                 \
    {                                                                                                        \
        0, RECV, CMD(bind_transceiver_resp), .sequence = 1, .n = 0x34, .expect = "bound 34 SMSC; room"       \
    }

struct script_run {
    struct session *s;
    struct buf log;
    usec_t now;
    bool answer_late; /* binds are answered by a BIND step */
    bool refuse_outbind;
};

/* Says what happens into the `log` of the struct script_run it is given. */
extern const struct session_ops script_ops;

void script_recv(struct script_run *r, const struct script_step *st); /* what RECV does */
void script_play(const struct script *s, bool answer_late, bool refuse_outbind);
void script_play_all(const struct script *s, size_t n, bool answer_late);

/* A test that plays a table. */
#define PLAY(table, late)                                                                                    \
    static void play_##table(void **state)                                                                   \
    {                                                                                                        \
        (void)state;                                                                                         \
        script_play_all(table, sizeof table / sizeof *table, late);                                          \
    }

#endif
