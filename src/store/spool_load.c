/* Look-ahead: ready messages copied out of a snapshot for the dispatcher. */
#include "store/spool_core.h"

#include <stdlib.h>
#include <string.h>

static char *copy_in(char *at, struct strv *s)
{
    if (s->n)
        memcpy(at, s->p, s->n);
    s->p = at;
    return at + s->n;
}

/* One block: the struct, then its strings. */
static struct spool_loaded *loaded_new(const struct message *m, uint16_t attempts)
{
    struct spool_loaded *l =
        calloc(1, sizeof(*l) + m->sender.n + m->text.n + m->client_ref.n + m->tag.n + m->tlvs.n);
    if (!l)
        return NULL;
    l->m = *m;
    l->attempts = attempts;
    char *at = (char *)(l + 1);
    at = copy_in(at, &l->m.sender);
    at = copy_in(at, &l->m.text);
    at = copy_in(at, &l->m.client_ref);
    at = copy_in(at, &l->m.tag);
    copy_in(at, &l->m.tlvs);
    return l;
}

static void load_parts(struct env_txn *t, struct spool_loaded *l)
{
    struct env_key k;
    struct strv v;
    struct spool_parts p;
    if (l->m.parts <= 1 || !env_get(t, SPOOL_PART, env_key1(&k, l->m.id / SPOOL_BLOCK_IDS), &v))
        return;
    spool_table_collect(v, l->m.id, l->m.parts, &p);
    for (unsigned i = 0; i < sizeof(p.taken); i++)
        l->parts_done[i / 4] |= (uint32_t)p.taken[i] << (i % 4 * 8);
}

static struct spool_loaded *load_one(struct spool_core *c, struct env_txn *t, struct env_cursor *messages,
                                     uint64_t id)
{
    struct env_key k;
    struct strv v;
    struct message m;
    struct spool_loaded *l = NULL;
    struct spool_record r = { 0 };
    if (env_get(t, SPOOL_STATE, env_key1(&k, id / SPOOL_BLOCK_IDS), &v))
        spool_table_record(v, id, &r);
    spool_delta_record(&c->deltas, id, &r);
    if (r.state != MESSAGE_NONE && env_cursor_seek_le(messages, env_key1(&k, id)) &&
        spool_table_message(messages->value, env_key_u64(messages->key, 0), id, &m)) {
        spool_table_complete(&m, id, &r);
        l = loaded_new(&m, r.attempts);
    }
    if (l)
        load_parts(t, l);
    return l;
}

void spool_load_run(struct spool_core *c, struct env_txn *t, struct spool_op *op)
{
    struct env_cursor queue, messages;
    uint64_t lane = spool_table_lane(op->u.load.carrier, op->u.load.lane), id = op->u.load.after;
    op->u.load.n = 0;
    op->u.load.more = false;
    op->u.load.list = op->u.load.max && op->u.load.max < SIZE_MAX / sizeof(struct spool_loaded *)
                          ? calloc(op->u.load.max, sizeof(struct spool_loaded *))
                          : NULL;
    env_cursor_open(&queue, t, SPOOL_QUEUE);
    env_cursor_open(&messages, t, SPOOL_MESSAGE);
    while (op->u.load.list && (id = spool_queue_next(&queue, lane, id)) != 0) {
        if (op->u.load.n == op->u.load.max) {
            op->u.load.more = true;
            break;
        }
        struct spool_loaded *l = load_one(c, t, &messages, id);
        if (!l) {
            op->u.load.more = true; /* no memory: try again later */
            break;
        }
        op->u.load.list[op->u.load.n++] = l;
    }
    env_cursor_close(&messages);
    env_cursor_close(&queue);
}
