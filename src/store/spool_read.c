/* Reading messages: one, many, counted. */
#include "store/spool_read.h"

#include <stdlib.h>
#include <string.h>

#define SCAN_MAX 100000 /* records looked at in one call */
#define CLOCK_BACK                                                                                           \
    USEC_HOUR /* by so much the wall clock may have been set back and all are found by their time */
#define DELTAS_KEPT 65536 /* entries a reader keeps beyond what the log holds */

struct spool_reader *spool_reader_new(struct spool *s, struct err *e)
{
    struct spool_reader *r = calloc(1, sizeof(*r));
    if (!r) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    r->s = s;
    if (!env_begin(s->w.core.env, &r->t, false)) {
        err_set(e, r->t.code, "cannot read the spool: %s", env_error_text(&r->t));
        free(r);
        return NULL;
    }
    env_pause(&r->t);
    return r;
}

void spool_reader_free(struct spool_reader *r)
{
    if (!r)
        return;
    env_abort(&r->t);
    spool_delta_set_free(&r->deltas);
    free(r);
}

bool spool_read_begin(struct spool_reader *r)
{
    return r->depth++ > 0 || env_resume(&r->t);
}

void spool_read_end(struct spool_reader *r)
{
    if (--r->depth == 0)
        env_pause(&r->t);
}

/* --- one message --- */

/* The cursors of a call, and the state block they stand in. */
struct look {
    struct spool_reader *r;
    struct env_cursor messages;
    struct strv state;
    uint64_t block;
    struct spool_record record;
    struct spool_parts parts;
    struct spool_part_view views[256];
    struct spool_event events[SPOOL_EVENTS];
};

static const struct spool_record *record_at(struct look *l, uint64_t id)
{
    struct env_key k;
    uint64_t block = id / SPOOL_BLOCK_IDS;
    l->record = (struct spool_record){ 0 };
    if (!l->state.p || l->block != block) {
        l->block = block;
        env_get(&l->r->t, SPOOL_STATE, env_key1(&k, block), &l->state);
    }
    if (!l->state.p)
        return NULL; /* there never was one, or retention has deleted it; then the log may still name it */
    spool_table_record(l->state, id, &l->record);
    spool_delta_set_record(&l->r->deltas, id, &l->record);
    return l->record.state != MESSAGE_NONE ? &l->record : NULL;
}

static bool message_at(struct look *l, uint64_t id, const struct spool_record *r, struct message *m)
{
    struct env_key k;
    if (!env_cursor_seek_le(&l->messages, env_key1(&k, id)) ||
        !spool_table_message(l->messages.value, env_key_u64(l->messages.key, 0), id, m))
        return false;
    spool_table_complete(m, id, r);
    return true;
}

/* What the only part of a message is, from the state of the whole. */
static enum message_state single_state(const struct spool_record *r)
{
    return message_state_final((enum message_state)r->state) ? (enum message_state)r->state : MESSAGE_SENT;
}

static uint32_t single_error(const struct spool_record *r)
{
    bool by_receipt = r->state == MESSAGE_SENT || r->reason == REASON_CARRIER_RECEIPT;
    return by_receipt ? r->code : 0;
}

static void fill_parts(struct look *l, const struct spool_record *r, struct spool_view *v)
{
    struct env_key k;
    struct strv entries = { NULL, 0 };
    env_get(&l->r->t, SPOOL_PART, env_key1(&k, v->m.id / SPOOL_BLOCK_IDS), &entries);
    spool_table_collect(entries, v->m.id, r->parts, &l->parts);
    spool_delta_set_parts(&l->r->deltas, v->m.id, &l->parts);
    for (unsigned i = 0; i < r->parts; i++) {
        struct spool_part_view *p = &l->views[i];
        bool one = r->parts == 1;
        *p = (struct spool_part_view){ .command_status = l->parts.status[i],
                                       .carrier_id = l->parts.carrier_id[i],
                                       .state = MESSAGE_IN_FLIGHT,
                                       .stage = one ? spool_table_stage(r->flags) : l->parts.stage[i],
                                       .error = one ? single_error(r) : l->parts.error[i] };
        if (!(l->parts.done[i >> 3] >> (i & 7) & 1))
            continue;
        if (l->parts.status[i] != 0)
            p->state = MESSAGE_FAILED;
        else if (l->parts.receipt[i])
            p->state = (enum message_state)l->parts.receipt[i];
        else
            p->state = r->parts == 1 ? single_state(r) : MESSAGE_SENT;
    }
    v->n_parts = r->parts;
    v->parts = l->views;
}

static void fill_events(struct look *l, struct spool_view *v)
{
    struct env_key k;
    struct strv row = { NULL, 0 };
    env_get(&l->r->t, SPOOL_HISTORY, env_key1(&k, v->m.id), &row);
    v->n_events = spool_history_read(row, l->events, &v->events_dropped);
    v->events = l->events;
}

static void view_fill(struct look *l, const struct spool_record *r, struct spool_view *v)
{
    v->state = (enum message_state)r->state;
    v->reason = (enum message_reason)r->reason;
    v->code = r->code;
    v->until = r->state != MESSAGE_HELD ? 0 : r->when < SPOOL_PAUSED_FIRST ? r->when : USEC_NEVER;
    v->sent_at = r->state != MESSAGE_HELD ? r->when : 0;
    v->changed_at = r->changed;
    v->final_at = message_state_final(v->state) ? r->changed : 0;
    v->attempts = r->attempts;
    fill_parts(l, r, v);
}

/* The log of deltas as of this snapshot. Entries that have been folded since they were read do no harm; when
 * they are many, it is read anew. */
static bool read_deltas(struct spool_reader *r)
{
    if (r->deltas.n > DELTAS_KEPT + SPOOL_DELTAS_PER_ROW * env_count(&r->t, SPOOL_DELTA)) {
        spool_delta_set_clear(&r->deltas);
        r->delta_seq = 0;
    }
    return spool_delta_read(&r->t, &r->deltas, &r->delta_seq);
}

static struct look *look_new(struct spool_reader *r)
{
    struct look *l = read_deltas(r) ? calloc(1, sizeof(*l)) : NULL;
    if (!l)
        return NULL;
    l->r = r;
    env_cursor_open(&l->messages, &r->t, SPOOL_MESSAGE);
    return l;
}

static void look_free(struct look *l)
{
    if (l)
        env_cursor_close(&l->messages);
    free(l);
}

bool spool_get_message(struct spool_reader *r, uint64_t id, spool_view_fn fn, void *ctx)
{
    struct spool_view v = { 0 };
    bool found = false;
    struct look *l = spool_read_begin(r) ? look_new(r) : NULL;
    const struct spool_record *rec = l ? record_at(l, id) : NULL;
    if (rec && message_at(l, id, rec, &v.m)) {
        found = true;
        view_fill(l, rec, &v);
        fill_events(l, &v);
        fn(ctx, &v);
    }
    look_free(l);
    spool_read_end(r);
    return found;
}

/* --- many --- */

struct search {
    const struct spool_filter *f;
    struct look *l;
    spool_view_fn fn;
    void *ctx;
    size_t found, seen;
    uint64_t next; /* to continue before; 0 = at the end */
};

/* False: stop here. */
static bool search_one(struct search *s, uint64_t id)
{
    const struct spool_filter *f = s->f;
    if (s->found == f->max || s->seen == SCAN_MAX) {
        s->next = id + 1;
        return false;
    }
    s->seen++;
    const struct spool_record *r = record_at(s->l, id);
    struct spool_view v = { 0 };
    if (!r || (f->number && r->to != f->number) || (f->campaign && r->campaign != f->campaign) ||
        (f->state >= 0 && r->state != f->state) || (f->carrier && r->carrier + 1u != f->carrier) ||
        !message_at(s->l, id, r, &v.m) || (f->from && v.m.accepted_at < f->from) ||
        (f->to && v.m.accepted_at >= f->to) || (f->tag.n && !strv_eq(v.m.tag, f->tag)))
        return true;
    s->found++;
    view_fill(s->l, r, &v);
    if (s->fn(s->ctx, &v))
        return true;
    s->next = id;
    return false;
}

static bool search_indexed(void *ctx, uint64_t id)
{
    return search_one(ctx, id);
}

static uint64_t newest(struct look *l)
{
    if (!env_cursor_last(&l->messages))
        return 0;
    return env_key_u64(l->messages.key, 0) + spool_table_message_count(l->messages.value) - 1;
}

/* Ids grow with time: every message accepted at `at` or later is in the row that begins below the result, or
 * behind. Told from the first message of a row. */
static uint64_t bound(struct look *l, uint64_t last, usec_t at)
{
    struct env_key k;
    struct message m;
    uint64_t lo = 1, hi = last + 1;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        bool there = env_cursor_seek_ge(&l->messages, env_key1(&k, mid));
        uint64_t first = there ? env_key_u64(l->messages.key, 0) : 0;
        if (there && spool_table_message(l->messages.value, first, first, &m) && m.accepted_at < at)
            lo = first + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The next id at or below in a block that is there; 0: none. */
static uint64_t there_below(struct look *l, struct env_cursor *states, uint64_t id)
{
    struct env_key k;
    if (l->state.p && l->block == id / SPOOL_BLOCK_IDS)
        return id;
    if (!env_cursor_seek_le(states, env_key1(&k, id / SPOOL_BLOCK_IDS)))
        return 0;
    uint64_t block = env_key_u64(states->key, 0);
    return block == id / SPOOL_BLOCK_IDS ? id : block * SPOOL_BLOCK_IDS + SPOOL_BLOCK_IDS - 1;
}

static void search_all(struct search *s)
{
    const struct spool_filter *f = s->f;
    struct env_cursor states;
    uint64_t last = newest(s->l), first = 1, id = last;
    if (f->from)
        first = bound(s->l, last, f->from - CLOCK_BACK) - 1;
    if (f->to)
        id = bound(s->l, last, f->to + CLOCK_BACK) + SPOOL_MESSAGES_MAX;
    id = id < last ? id : last;
    if (f->before_id && f->before_id <= id)
        id = f->before_id - 1;
    env_cursor_open(&states, &s->l->r->t, SPOOL_STATE);
    while (id > 0 && (id = there_below(s->l, &states, id)) >= first && id > 0 && search_one(s, id))
        id--;
    env_cursor_close(&states);
}

uint64_t spool_find_messages(struct spool_reader *r, const struct spool_filter *f, spool_view_fn fn,
                             void *ctx)
{
    struct search s = { .f = f, .fn = fn, .ctx = ctx };
    s.l = spool_read_begin(r) ? look_new(r) : NULL;
    if (s.l && f->number) {
        spool_index_find(&r->t, SPOOL_NUM_TAIL, f->number, f->before_id ? f->before_id : UINT64_MAX,
                         search_indexed, &s);
    } else if (s.l) {
        search_all(&s);
    }
    look_free(s.l);
    spool_read_end(r);
    return s.next > 1 ? s.next : 0;
}

/* --- counts --- */

static int by_count(const void *a, const void *b)
{
    uint64_t x, y; /* { status, spare, count } */
    memcpy(&x, (const char *)a + 8, 8);
    memcpy(&y, (const char *)b + 8, 8);
    return (x < y) - (x > y);
}

void spool_get_counts(struct spool_reader *r, uint32_t campaign, struct spool_counts *out)
{
    struct spool_count_record k = { 0 };
    memset(out, 0, sizeof(*out));
    if (spool_read_begin(r))
        spool_table_get_count(&r->t, campaign, &k);
    spool_read_end(r);
    for (size_t i = 0; i < MESSAGE_STATE_COUNT; i++)
        out->by_state[i] = k.by_state[i];
    for (size_t i = 0; i < REASON_COUNT; i++)
        out->failed_by_reason[i] = k.by_reason[i];
    qsort(k.status, k.n_status, sizeof(k.status[0]), by_count);
    for (size_t i = 0; i < k.n_status && i < sizeof(out->failed_by_status) / sizeof(out->failed_by_status[0]);
         i++) {
        out->failed_by_status[i].command_status = k.status[i].status;
        out->failed_by_status[i].count = k.status[i].count;
    }
    out->parts_sent = k.parts_sent;
    out->replied = k.replied;
    out->opted_out = k.opted_out;
}

void spool_each_cost(struct spool_reader *r, uint32_t campaign, spool_cost_fn fn, void *ctx)
{
    struct env_cursor c;
    struct env_key k;
    if (spool_read_begin(r)) {
        env_cursor_open(&c, &r->t, SPOOL_COST);
        bool more = env_cursor_seek_ge(&c, env_key1(&k, (uint64_t)campaign << 32));
        for (; more && env_key_u64(c.key, 0) >> 32 == campaign; more = env_cursor_next(&c)) {
            struct spool_cost_row row;
            if (c.value.n != sizeof(row))
                continue;
            memcpy(&row, c.value.p, sizeof(row));
            if (!fn(ctx, (uint16_t)env_key_u64(c.key, 0), row.parts, row.cost))
                break;
        }
        env_cursor_close(&c);
    }
    spool_read_end(r);
}

static usec_t oldest(struct spool_reader *r)
{
    struct env_cursor c;
    usec_t at = 0;
    struct look *l = look_new(r);
    if (!l)
        return 0;
    env_cursor_open(&c, &r->t, SPOOL_STATE);
    uint64_t first = env_cursor_first(&c) ? env_key_u64(c.key, 0) * SPOOL_BLOCK_IDS : 0;
    bool any = c.key.n > 0;
    for (uint64_t id = first; any && at == 0 && id < first + SPOOL_BLOCK_IDS; id++) {
        const struct spool_record *rec = record_at(l, id);
        struct message m;
        if (rec && message_at(l, id, rec, &m))
            at = m.accepted_at;
    }
    env_cursor_close(&c);
    look_free(l);
    return at;
}

static uint64_t feed_pending(struct env_txn *t)
{
    struct env_cursor c;
    uint64_t trimmed = env_meta_get(t, SPOOL_META_FEED_TRIMMED), last = trimmed;
    env_cursor_open(&c, t, SPOOL_FEED);
    if (env_cursor_last(&c))
        last = env_key_u64(c.key, 0) + c.value.n / sizeof(struct spool_feed_record) - 1;
    env_cursor_close(&c);
    return last > trimmed ? last - trimmed : 0;
}

void spool_get_usage(struct spool_reader *r, struct spool_usage *out)
{
    struct env_usage u = { 0 };
    struct spool_counts all;
    memset(out, 0, sizeof(*out));
    if (spool_read_begin(r)) {
        env_get_usage(&r->t, &u);
        spool_get_counts(r, 0, &all);
        for (size_t i = 0; i < MESSAGE_STATE_COUNT; i++)
            out->messages += all.by_state[i];
        out->retired = env_meta_get(&r->t, SPOOL_META_RETIRED);
        out->messages -= out->retired;
        out->retained_at = (usec_t)env_meta_get(&r->t, SPOOL_META_RETAINED_AT);
        out->oldest = oldest(r);
        out->feed_pending = feed_pending(&r->t);
        out->orphans = env_count(&r->t, SPOOL_ORPHAN);
    }
    spool_read_end(r);
    out->map_size = u.map_size;
    out->used = u.used;
    out->commits = atomic_load(&r->s->w.commits);
    out->operations = atomic_load(&r->s->w.operations);
    out->intake_closed = atomic_load(&r->s->w.intake_closed);
    out->stalled = atomic_load(&r->s->w.stalled);
}
