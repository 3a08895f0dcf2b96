#include "store/spool_history.h"

#include <string.h>

#define HISTORY_VERSION 1
#define EVENT_TRIED     1 /* flags of an event */
#define EVENT_BIND      2
#define EVENT_TEXT      4
#define EVENT_TLVS      8

static void event_put(struct buf *b, const struct spool_event *e)
{
    buf_put_u8(b, (uint8_t)e->to);
    buf_put_u8(b, (uint8_t)e->reason);
    buf_put_u8(b, (uint8_t)((e->tried ? EVENT_TRIED : 0) | (e->bind >= 0 ? EVENT_BIND : 0) |
                            (e->text.n ? EVENT_TEXT : 0) | (e->tlvs.n ? EVENT_TLVS : 0)));
    buf_put_varint(b, e->count);
    buf_put_varint(b, e->code);
    buf_put_varint(b, e->carrier);
    buf_put_svarint(b, e->at);
    buf_put_svarint(b, e->last);
    buf_put_svarint(b, e->until);
    if (e->bind >= 0) {
        buf_put_varint(b, (uint64_t)e->bind);
        buf_put_lstr(b, e->host);
    }
    if (e->text.n)
        buf_put_lstr(b, e->text);
    if (e->tlvs.n)
        buf_put_lstr(b, e->tlvs);
}

static bool event_get(struct rd *r, struct spool_event *e)
{
    *e = (struct spool_event){ .bind = -1 };
    e->to = (enum message_state)rd_u8(r);
    e->reason = (enum message_reason)rd_u8(r);
    uint8_t flags = rd_u8(r);
    e->tried = (flags & EVENT_TRIED) != 0;
    e->count = (uint32_t)rd_varint(r);
    e->code = (uint32_t)rd_varint(r);
    e->carrier = (uint16_t)rd_varint(r);
    e->at = rd_svarint(r);
    e->last = rd_svarint(r);
    e->until = rd_svarint(r);
    if (flags & EVENT_BIND) {
        e->bind = (int)(uint8_t)rd_varint(r);
        e->host = rd_lstr(r);
    }
    if (flags & EVENT_TEXT)
        e->text = rd_lstr(r);
    if (flags & EVENT_TLVS)
        e->tlvs = rd_lstr(r);
    return !r->failed && e->to < MESSAGE_STATE_COUNT && e->reason < REASON_COUNT;
}

size_t spool_history_read(struct strv row, struct spool_event out[SPOOL_EVENTS], uint64_t *dropped)
{
    struct rd r = rd_from(row.p, row.n);
    size_t n = 0;
    *dropped = 0;
    if (row.n == 0 || rd_u8(&r) != HISTORY_VERSION)
        return 0;
    *dropped = rd_varint(&r);
    while (n < SPOOL_EVENTS && rd_left(&r) > 0 && event_get(&r, &out[n]))
        n++;
    return n;
}

static bool event_alike(const struct spool_event *a, const struct spool_event *b)
{
    return a->to == b->to && a->reason == b->reason && a->code == b->code && a->carrier == b->carrier &&
           a->tried == b->tried && a->bind == b->bind && a->text.n == 0 && b->text.n == 0 && a->tlvs.n == 0 &&
           b->tlvs.n == 0;
}

void spool_history_add(struct env_txn *t, uint64_t id, const struct spool_event *e)
{
    struct spool_event list[SPOOL_EVENTS];
    struct env_key k;
    struct strv row = { 0 };
    struct buf b = { 0 };
    uint64_t dropped;
    env_get(t, SPOOL_HISTORY, env_key1(&k, id), &row);
    size_t n = spool_history_read(row, list, &dropped), first = 0;
    if (n > 0 && event_alike(&list[n - 1], e)) {
        list[n - 1].count++;
        list[n - 1].last = e->at;
        list[n - 1].until = e->until;
    } else {
        if (n == SPOOL_EVENTS) {
            dropped += list[0].count;
            first = 1;
        }
        memmove(list, list + first, (n - first) * sizeof(*list));
        n -= first;
        list[n] = *e;
        list[n].count = 1;
        list[n].last = e->at;
        n++;
    }
    buf_put_u8(&b, HISTORY_VERSION);
    buf_put_varint(&b, dropped);
    for (size_t i = 0; i < n; i++)
        event_put(&b, &list[i]);
    if (b.failed)
        env_fail(t, ERR_NOMEM);
    else
        env_put(t, SPOOL_HISTORY, env_key1(&k, id), env_view(b.data, b.len));
    buf_free(&b);
}

void spool_history_drop(struct env_txn *t, uint64_t first, uint64_t last)
{
    struct env_cursor c;
    struct env_key k;
    env_cursor_open(&c, t, SPOOL_HISTORY);
    bool more = env_cursor_seek_ge(&c, env_key1(&k, first));
    while (more && env_key_u64(c.key, 0) <= last && env_cursor_del(&c))
        more = env_cursor_next(&c);
    env_cursor_close(&c);
}
