/* The engine with real stores in a scratch directory, and scripted carriers (a listener and the server side
 * of sessions) in the same loop. The clock stands still until a test moves it; waits are for conditions. */
#ifndef TESSERA_TESTS_ENGINE_RIG_H
#define TESSERA_TESTS_ENGINE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/internal.h"

#define RIG_NOON     (INT64_C(1795003200) * USEC_SEC) /* Wednesday 2026-11-18T12:00:00Z: everybody is awake */
#define RIG_CARRIERS 3
#define JUDGE_WAIT   (-1) /* no response now: see rig_answer */

struct peer;
struct smsc;
struct rig;

/* A submit_sm that a carrier has seen. */
struct submit {
    struct smsc *smsc;
    struct peer *peer; /* NULL: its session is gone */
    uint64_t to, id;   /* id: the carrier's message id */
    uint32_t sequence;
    unsigned part, parts; /* 1-based; 1 of 1 without a header */
    bool answered;
    usec_t at;
    char from[24], text[200], validity[20];
};

struct smsc {
    struct rig *r;
    struct listener *listener;
    struct peer *peers;
    unsigned binds;       /* accepted so far */
    unsigned bound;       /* now */
    uint32_t bind_status; /* what binds are answered with */
    unsigned unbinds;
    int64_t (*judge)(struct submit *s); /* a command_status, or JUDGE_WAIT; NULL: ROK */
    struct submit submits[2000];
    size_t n;
    uint32_t last_ack; /* status of the last answer to one of our deliver_sm */
    unsigned acks;
};

struct rig {
    struct clock clock;
    struct log log;
    struct loop *loop;
    char dir[64], facts[512];
    struct engine_options o;
    struct carrier_options carriers[RIG_CARRIERS];
    struct engine *engine;
    struct smsc smsc[RIG_CARRIERS];
    uint64_t next_id;
    int notes[8]; /* for judges */
};

int rig_setup(void **state); /* one carrier "acme", 10 places, all numbers; not started */
int rig_teardown(void **state);
void rig_start(struct rig *r);
void rig_start_bound(struct rig *r);      /* and waits until the first carrier has its first bind */
int64_t rig_judge_wait(struct submit *s); /* a `judge` that answers nothing now */
void rig_stop(struct rig *r);             /* as a crash, as far as a process can: no drain */
void rig_restart(struct rig *r);          /* stop, start on the same directory, bound again */
void rig_more_carriers(struct rig *r);    /* "beta" takes 44, "gamma" is known and not configured */
void rig_turn(struct rig *r);             /* one turn of the loop */
void rig_pass(struct rig *r, usec_t dur); /* time goes by */
void rig_quiet(struct rig *r);            /* gives what must not happen the chance to happen */

#define rig_until(r, condition)                                                                              \
    do {                                                                                                     \
        unsigned turns_ = 0;                                                                                 \
        while (!(condition)) {                                                                               \
            rig_turn(r);                                                                                     \
            if (++turns_ > 20000) {                                                                          \
                fail_msg("waited in vain for: %s", #condition);                                              \
            }                                                                                                \
        }                                                                                                    \
    } while (0)
/* The same, and time goes by: 20 ms a turn. */
#define rig_until_passing(r, condition)                                                                      \
    do {                                                                                                     \
        unsigned turns_ = 0;                                                                                 \
        while (!(condition)) {                                                                               \
            rig_pass(r, 20 * USEC_MS);                                                                       \
            if (++turns_ > 20000) {                                                                          \
                fail_msg("waited in vain for: %s", #condition);                                              \
            }                                                                                                \
        }                                                                                                    \
    } while (0)

/* --- the carrier's side --- */
void rig_answer(struct submit *s, uint32_t status);
void rig_answer_all(struct smsc *m); /* those that wait: ROK */
void rig_receipt(const struct submit *s, const char *stat);
void rig_inbound(struct smsc *m, const char *from, const char *text);
void rig_deliver(struct smsc *m, const struct smpp_sm *sm);
void rig_drop(struct smsc *m); /* every connection breaks */
size_t rig_sent_to(const struct smsc *m, uint64_t number);

/* --- the operator's side --- */
struct engine_sent rig_send(struct rig *r, enum message_class c, uint64_t to, const char *text);
struct engine_sent rig_send_as(struct rig *r, const struct engine_send *s);
/* customers: "phone,zone,name" lines; the segment "all" is everybody, "g" those of that name, "not-g" the
 * others. Before rig_start. */
void rig_populate(struct rig *r, const char *lines);
/* n customers with numbers from..from+n-1 and no zone of their own */
void rig_populate_many(struct rig *r, uint64_t from, unsigned n);
struct err rig_add(struct rig *r, const struct campaign_spec *s);
struct err rig_act(struct rig *r, const char *name, enum campaign_action a);
struct campaign_spec rig_spec(const char *name, const char *text);
enum campaign_state rig_campaign_state(struct rig *r, const char *name);
struct err rig_consent(struct rig *r, uint64_t number, enum consent_action c);
void rig_vote_put(struct rig *r, const struct vote_spec *v);
struct err rig_cancel(struct rig *r, uint64_t id);
struct err rig_resolve(struct rig *r, uint64_t id, bool resend);

/* As when the map's reserve is reached: what begins something is refused, what ends something is not. */
void rig_set_full(struct rig *r, bool full);

/* --- what is stored --- */
struct stored_message {
    enum message_state state;
    enum message_reason reason;
    uint32_t code;
    usec_t until;
    unsigned attempts;
};
struct stored_message rig_message(struct rig *r, uint64_t id);
struct spool_counts rig_counts(struct rig *r, uint32_t campaign);
enum message_state rig_state(struct rig *r, uint64_t id);
uint64_t rig_settled(struct rig *r, uint32_t campaign); /* messages with nothing more to do for us */

#endif
