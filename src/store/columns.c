#include "store/columns.h"

#include "store/tables.h"

#include <stdlib.h>

static struct strv column_key(struct env_key *k, uint16_t field, uint32_t block)
{
    k->n = 0;
    key_u16(k, field);
    key_u32(k, block);
    return env_key_view(k);
}

static bool column_open(struct catalog_txn *t, struct strv octets, struct packed *out)
{
    size_t used;
    return (packed_open(out, octets.p, octets.n, &used) && used == octets.n && out->rows == COLUMN_ROWS) ||
           catalog_torn(t);
}

bool column_block(struct catalog_txn *t, uint16_t field, uint32_t block, struct packed *out)
{
    struct env_key k;
    struct strv octets;
    return env_get(&t->env, TABLE_COLUMN, column_key(&k, field, block), &octets) &&
           column_open(t, octets, out);
}

int64_t column_get(struct catalog_txn *t, uint16_t field, uint32_t customer)
{
    struct packed p;
    return column_block(t, field, customer / COLUMN_ROWS, &p) ? packed_get(&p, customer % COLUMN_ROWS)
                                                              : PACKED_UNSET;
}

bool column_each(struct catalog_txn *t, uint16_t field, uint32_t from, column_fn *fn, void *ctx)
{
    struct env_key k;
    struct env_cursor c;
    if (!env_cursor_open(&c, &t->env, TABLE_COLUMN)) {
        return false;
    }
    bool ok = true;
    for (bool more = env_cursor_seek_ge(&c, column_key(&k, field, from)); more; more = env_cursor_next(&c)) {
        const uint8_t *key = (const uint8_t *)c.key.p;
        struct packed p;
        if (c.key.n != 6 || be_get16(key) != field) {
            break;
        }
        ok = column_open(t, c.value, &p);
        if (!ok || !fn(ctx, be_get32(key + 2), &p)) {
            break;
        }
    }
    env_cursor_close(&c);
    return ok && env_ok(&t->env);
}

#define NO_BLOCK UINT64_MAX

bool column_reader_open(struct column_reader *r, struct catalog_txn *t, uint16_t field)
{
    *r = (struct column_reader){ .txn = t, .field = field, .known = NO_BLOCK };
    return env_cursor_open(&r->cursor, &t->env, TABLE_COLUMN);
}

void column_reader_close(struct column_reader *r)
{
    if (r->txn) {
        env_cursor_close(&r->cursor);
        r->txn = NULL;
    }
}

static void reader_stands(struct column_reader *r, bool more, uint64_t known)
{
    const uint8_t *key = (const uint8_t *)r->cursor.key.p;
    bool there = more && r->cursor.key.n == 6 && be_get16(key) == r->field;
    r->known = known;
    r->at = there ? be_get32(key + 2) : NO_BLOCK;
}

bool column_reader_block(struct column_reader *r, uint32_t block, struct packed *out)
{
    struct env_key k;
    if (r->known <= r->at && r->at < block && r->at + 1 >= block) {
        reader_stands(r, env_cursor_next(&r->cursor), r->at + 1);
    }
    if (r->known == NO_BLOCK || block < r->known || block > r->at) {
        reader_stands(r, env_cursor_seek_ge(&r->cursor, column_key(&k, r->field, block)), block);
    }
    return r->at == block && column_open(r->txn, r->cursor.value, out);
}

void column_read(struct catalog_txn *t, uint16_t field, uint32_t block, int64_t *rows)
{
    struct packed p = { .rows = COLUMN_ROWS };
    column_block(t, field, block, &p);
    packed_unpack(&p, 0, COLUMN_ROWS, rows);
}

void column_write(struct catalog_txn *t, uint16_t field, uint32_t block, const int64_t *rows)
{
    struct env_key k;
    buf_clear(&t->scratch);
    if (!packed_encode(&t->scratch, rows, COLUMN_ROWS)) {
        env_fail(&t->env, ERR_NOMEM);
    } else if (t->scratch.len == PACKED_HEADER) { /* nothing set in it */
        env_del(&t->env, TABLE_COLUMN, column_key(&k, field, block));
    } else {
        env_put(&t->env, TABLE_COLUMN, column_key(&k, field, block),
                env_view(t->scratch.data, t->scratch.len));
    }
}

bool column_apply(struct catalog_txn *t, uint16_t field, const struct column_change *changes, size_t n)
{
    int64_t *rows = malloc(COLUMN_ROWS * sizeof(*rows));
    if (!rows) {
        env_fail(&t->env, ERR_NOMEM);
        return false;
    }
    for (size_t i = 0; i < n && env_ok(&t->env);) {
        uint32_t block = changes[i].customer / COLUMN_ROWS;
        column_read(t, field, block, rows);
        for (; i < n && changes[i].customer / COLUMN_ROWS == block; i++) {
            rows[changes[i].customer % COLUMN_ROWS] = changes[i].value;
        }
        column_write(t, field, block, rows);
    }
    free(rows);
    return env_ok(&t->env);
}

bool column_clear(struct catalog_txn *t, uint16_t field, uint32_t from, uint32_t to)
{
    struct env_key k;
    struct env_cursor c;
    if (!env_cursor_open(&c, &t->env, TABLE_COLUMN)) {
        return false;
    }
    bool more = env_cursor_seek_ge(&c, column_key(&k, field, from));
    while (more && c.key.n == 6 && be_get16((const uint8_t *)c.key.p) == field &&
           be_get32((const uint8_t *)c.key.p + 2) <= to) {
        more = env_cursor_del(&c) && env_cursor_next(&c);
    }
    env_cursor_close(&c);
    return env_ok(&t->env);
}

bool column_next_field(struct catalog_txn *t, uint16_t *field)
{
    struct env_key k;
    struct env_cursor c;
    if (!env_cursor_open(&c, &t->env, TABLE_COLUMN)) {
        return false;
    }
    bool found = env_cursor_seek_ge(&c, column_key(&k, *field, 0)) && c.key.n >= 2;
    if (found) {
        *field = be_get16((const uint8_t *)c.key.p);
    }
    env_cursor_close(&c);
    return found;
}
