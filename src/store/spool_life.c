/* The one place where a message changes its state, with all that hangs on it: counters, queues, feed. */
#include "store/spool_core.h"

static struct strv held_key(struct env_key *k, const struct spool_record *r, uint64_t id)
{
    return env_key2(k, (uint64_t)r->when, id);
}

static void leave(struct spool_core *c, uint64_t id, struct spool_record *r)
{
    struct env_key k;
    switch (r->state) {
    case MESSAGE_READY: spool_queue_set(&c->queue, &c->t, spool_table_lane_of(r), id, false); break;
    case MESSAGE_IN_FLIGHT:
        spool_queue_set(&c->queue, &c->t, SPOOL_FLIGHT_LANE, id, false);
        spool_ids_in_flight(c, r->carrier, false);
        break;
    case MESSAGE_HELD:
        env_del(&c->t, SPOOL_HELD, held_key(&k, r, id));
        r->when = 0;
        c->held_changed = true;
        break;
    default: break;
    }
}

static void enter(struct spool_core *c, uint64_t id, struct spool_record *r, usec_t until, usec_t at)
{
    struct env_key k;
    switch (r->state) {
    case MESSAGE_READY: spool_queue_set(&c->queue, &c->t, spool_table_lane_of(r), id, true); break;
    case MESSAGE_IN_FLIGHT:
        if (r->attempts < UINT16_MAX)
            r->attempts++;
        r->flags &= (uint8_t)~SPOOL_PARKED; /* it has had its turn */
        spool_queue_set(&c->queue, &c->t, SPOOL_FLIGHT_LANE, id, true);
        spool_ids_in_flight(c, r->carrier, true);
        break;
    case MESSAGE_HELD:
        r->when = until > 0 ? until : USEC_NEVER;
        env_put(&c->t, SPOOL_HELD, held_key(&k, r, id), env_view("", 0));
        c->held_changed = true;
        break;
    case MESSAGE_SENT: r->when = at; break;
    default: break;
    }
}

/* What the customer's record must learn of it; 0 = nothing. */
static enum spool_feed_kind feed_kind(enum message_state s)
{
    switch (s) {
    case MESSAGE_SENT: return FEED_SENT;
    case MESSAGE_DELIVERED: return FEED_DELIVERED;
    case MESSAGE_UNDELIVERABLE:
    case MESSAGE_EXPIRED:
    case MESSAGE_REJECTED:
    case MESSAGE_DELETED:
    case MESSAGE_FAILED: return FEED_FAILED;
    default: return (enum spool_feed_kind)0;
    }
}

void spool_life_set(struct spool_core *c, uint64_t id, struct spool_record *r, enum message_state to,
                    enum message_reason reason, uint32_t code, usec_t until, usec_t at)
{
    if (r->state != MESSAGE_NONE) {
        spool_count_leave(&c->count, &c->t, r);
        leave(c, id, r);
    }
    r->state = (uint8_t)to;
    r->reason = (uint8_t)reason;
    r->code = code;
    r->changed = at;
    spool_count_enter(&c->count, &c->t, r);
    enter(c, id, r, until, at);
    spool_block_touch(&c->blocks, &c->t, id);
    enum spool_feed_kind kind = feed_kind(to);
    if (kind)
        spool_core_feed(c, kind, r->to, r->customer, r->campaign, at);
}

void spool_life_note(struct spool_core *c, uint64_t id, const struct spool_record *r, bool tried, int bind,
                     struct strv host)
{
    struct spool_event e = { .to = (enum message_state)r->state,
                             .reason = (enum message_reason)r->reason,
                             .code = r->code,
                             .tried = tried,
                             .at = r->changed,
                             .until = r->state == MESSAGE_HELD && r->when < SPOOL_PAUSED_FIRST ? r->when : 0,
                             .carrier = r->carrier,
                             .bind = bind,
                             .host = host };
    if (!c->tight)
        spool_history_add(&c->t, id, &e);
}

size_t spool_life_release(struct spool_core *c, usec_t now, size_t max)
{
    size_t n = 0;
    while (n < max && env_ok(&c->t)) {
        struct env_cursor cur;
        uint64_t id = 0;
        env_cursor_open(&cur, &c->t, SPOOL_HELD);
        if (env_cursor_first(&cur) && (usec_t)env_key_u64(cur.key, 0) <= now)
            id = env_key_u64(cur.key, 8);
        env_cursor_close(&cur);
        struct spool_record *r = id ? spool_block_find(&c->blocks, &c->t, id) : NULL;
        if (!id)
            break;
        if (!r || r->state != MESSAGE_HELD) {
            env_fail(&c->t, ERR_CORRUPT);
            break;
        }
        spool_life_set(c, id, r, MESSAGE_READY, REASON_NONE, 0, 0, now);
        n++;
    }
    return n;
}

usec_t spool_life_next_due(struct spool_core *c)
{
    struct env_cursor cur;
    usec_t due = USEC_NEVER;
    env_cursor_open(&cur, &c->t, SPOOL_HELD);
    if (env_cursor_first(&cur))
        due = (usec_t)env_key_u64(cur.key, 0);
    env_cursor_close(&cur);
    return due;
}
