/* Lists of events' blocks made anew: for stores that were damaged, or written before there were lists. */
#include "store/events_block.h"

#include <string.h>

struct renewal {
    struct catalog_txn *t;
    struct env_cursor c;
    events_coded_fn *coded;
    const void *ctx;
};

static uint64_t columns_coded(const struct renewal *r, const struct events_block *b)
{
    uint64_t coded = 0;
    for (size_t i = 0; i < b->n_columns; i++) {
        coded |= (uint64_t)r->coded(r->ctx, b->attribute[i]) << i;
    }
    return coded;
}

/* The block where the cursor stands. What cannot be read is for the check to tell. */
static bool renew_at(struct renewal *r)
{
    struct events_place at;
    struct events_block b = { 0 };
    struct events_rows rows = { 0 };
    struct catalog_txn *t = r->t;
    if (!events_key_read(r->c.key, &at) || !events_block_decode(&b, r->c.value.p, r->c.value.n)) {
        return true;
    }
    b.first_customer = at.part * EVENTS_CUSTOMERS;
    const uint64_t coded = columns_coded(r, &b);
    if ((b.n_lists && events_lists_true(&b)) || (!b.n_lists && (!coded || b.rows < EVENTS_LISTS_ROWS))) {
        return true;
    }
    bool ok = events_rows_unpack(&rows, &b);
    rows.coded = coded;
    buf_clear(&t->scratch);
    ok = ok && events_block_encode(&t->scratch, &rows, 0, rows.n);
    const struct strv octets = env_view(t->scratch.data, t->scratch.len);
    if (ok && !strv_eq(octets, r->c.value)) {
        uint8_t key[14]; /* a view into the map does not outlive the write */
        memcpy(key, r->c.key.p, sizeof(key));
        ok = env_version_raise(&t->env) && env_cursor_put(&r->c, env_view(key, sizeof(key)), octets);
    }
    events_rows_free(&rows);
    if (!ok) {
        env_fail(&t->env, ERR_NOMEM);
    }
    return ok;
}

bool events_lists_renew(struct catalog_txn *t, uint32_t part, events_coded_fn *coded, const void *ctx,
                        struct err *e)
{
    struct renewal r = { .t = t, .coded = coded, .ctx = ctx };
    struct env_key k;
    struct events_place at;
    if (!env_cursor_open(&r.c, &t->env, TABLE_EVENT)) {
        return catalog_ok(t, e);
    }
    bool more = env_cursor_first(&r.c);
    while (more && events_key_read(r.c.key, &at)) {
        if (at.part < part) {
            more = env_cursor_seek_ge(&r.c, events_key(&k, at.type, part, INT32_MIN, 0));
        } else if (at.part > part) {
            more = at.type < UINT16_MAX &&
                   env_cursor_seek_ge(&r.c, events_key(&k, (uint16_t)(at.type + 1), part, INT32_MIN, 0));
        } else {
            more = renew_at(&r) && env_cursor_next(&r.c);
        }
    }
    env_cursor_close(&r.c);
    return catalog_ok(t, e);
}
