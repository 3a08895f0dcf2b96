#include "store/customers.h"

#include "store/tables.h"

#include <stdlib.h>
#include <string.h>

#define CUSTOMER_RECORD_VERSION 1

void customer_arena_free(struct customer_arena *a)
{
    free(a->values);
    free(a->codes);
    *a = (struct customer_arena){ 0 };
}

static struct strv customer_key(struct env_key *k, uint32_t id)
{
    k->n = 0;
    key_u32(k, id);
    return env_key_view(k);
}

uint32_t customer_limit(struct catalog_txn *t)
{
    return (uint32_t)catalog_number(t, CATALOG_NEXT_CUSTOMER);
}

bool customer_find(struct catalog_txn *t, uint64_t msisdn, uint32_t *id)
{
    struct env_key k;
    struct strv v;
    if (!env_get(&t->env, TABLE_NUMBER, env_key1(&k, msisdn), &v)) {
        return false;
    }
    if (v.n != 4) {
        return catalog_torn(t);
    }
    *id = be_get32((const uint8_t *)v.p);
    return true;
}

/* --- the record: version, msisdn, created, changed, clock, then (field delta, type, value) --- */

#define VARINT_MOST 10u

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

static uint8_t *put_svarint(uint8_t *p, int64_t v)
{
    return put_varint(p, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

/* More than enough. */
static size_t values_room(const struct customer_value *values, size_t n)
{
    size_t room = n * (2 * VARINT_MOST + 2);
    for (size_t i = 0; i < n; i++) {
        room += values[i].type == SCHEMA_TEXT  ? values[i].text.n
                : values[i].type == SCHEMA_SET ? values[i].n_codes * 5
                                               : 0;
    }
    return room;
}

static uint8_t *put_value(uint8_t *p, const struct customer_value *v)
{
    *p++ = (uint8_t)v->type;
    switch (v->type) {
    case SCHEMA_TEXT:
        p = put_varint(p, v->text.n);
        if (v->text.n) {
            memcpy(p, v->text.p, v->text.n);
        }
        return p + v->text.n;
    case SCHEMA_SET:
        p = put_varint(p, v->n_codes);
        for (size_t i = 0; i < v->n_codes; i++) {
            p = put_varint(p, v->codes[i] - (i ? v->codes[i - 1] : 0));
        }
        return p;
    case SCHEMA_BOOL: *p++ = (uint8_t)v->number; return p;
    default: return put_svarint(p, v->number);
    }
}

bool customer_encode_values(struct buf *b, const struct customer_value *values, size_t n)
{
    if (!buf_reserve(b, values_room(values, n))) {
        return false;
    }
    uint8_t *p = b->data + b->len;
    uint16_t before = 0;
    for (size_t i = 0; i < n; i++) {
        p = put_varint(p, (uint64_t)(values[i].field - before));
        before = values[i].field;
        p = put_value(p, &values[i]);
    }
    b->len = (size_t)(p - b->data);
    return true;
}

static bool customer_encode_head(struct buf *b, uint64_t msisdn, usec_t created, usec_t changed,
                                 uint32_t clock)
{
    if (!buf_reserve(b, 1 + 4 * VARINT_MOST)) {
        return false;
    }
    uint8_t *p = b->data + b->len;
    *p++ = CUSTOMER_RECORD_VERSION;
    p = put_varint(p, msisdn);
    p = put_svarint(p, created);
    p = put_svarint(p, changed - created);
    p = put_varint(p, clock);
    b->len = (size_t)(p - b->data);
    return true;
}

static bool customer_encode(struct buf *b, const struct customer_record *r)
{
    return customer_encode_head(b, r->msisdn, r->created, r->changed, r->clock) &&
           customer_encode_values(b, r->values, r->n_values);
}

static bool arena_reserve(void **p, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap) {
        return true;
    }
    size_t grown = need < 64 ? 64 : need * 2;
    void *q = realloc(*p, grown * size);
    if (q) {
        *p = q;
        *cap = grown;
    }
    return q != NULL;
}

/* Codes are kept by offset while the arena may move, and made pointers at the end. */
static bool customer_decode_codes(struct rd *r, struct customer_arena *a, size_t *used,
                                  struct customer_value *v)
{
    uint64_t n = rd_varint(r);
    if (r->failed || n > rd_left(r) ||
        !arena_reserve((void **)&a->codes, &a->cap_codes, *used + n, sizeof(*a->codes))) {
        return false;
    }
    uint64_t code = 0;
    for (uint64_t i = 0; i < n; i++) {
        code += rd_varint(r);
        a->codes[*used + i] = (uint32_t)code;
    }
    v->number = (int64_t)*used;
    v->n_codes = n;
    *used += n;
    return !r->failed && code <= UINT32_MAX;
}

static bool customer_decode_value(struct rd *r, struct customer_arena *a, size_t *codes,
                                  struct customer_value *v)
{
    v->type = (enum schema_type)rd_u8(r);
    switch (v->type) {
    case SCHEMA_TEXT: v->text = rd_lstr(r); break;
    case SCHEMA_SET: return customer_decode_codes(r, a, codes, v);
    case SCHEMA_BOOL: v->number = rd_u8(r); break;
    case SCHEMA_NUMBER:
    case SCHEMA_DATE:
    case SCHEMA_PLACE: v->number = rd_svarint(r); break;
    default: return false;
    }
    return !r->failed;
}

static bool customer_decode(struct strv octets, struct customer_arena *a, struct customer_record *out)
{
    struct rd r = rd_from(octets.p, octets.n);
    size_t n = 0, codes = 0;
    uint64_t field = 0;
    *out = (struct customer_record){ 0 };
    if (rd_u8(&r) != CUSTOMER_RECORD_VERSION) {
        return false;
    }
    out->msisdn = rd_varint(&r);
    out->created = rd_svarint(&r);
    out->changed = (usec_t)((uint64_t)out->created + (uint64_t)rd_svarint(&r));
    out->clock = (uint32_t)rd_varint(&r);
    while (!r.failed && rd_left(&r)) {
        if (!arena_reserve((void **)&a->values, &a->cap_values, n + 1, sizeof(*a->values))) {
            return false;
        }
        struct customer_value *v = &a->values[n++];
        *v = (struct customer_value){ 0 };
        field += rd_varint(&r);
        v->field = (uint16_t)field;
        if (field > UINT16_MAX || !customer_decode_value(&r, a, &codes, v)) {
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (a->values[i].type == SCHEMA_SET) {
            a->values[i].codes = a->codes + a->values[i].number;
            a->values[i].number = 0;
        }
    }
    out->values = a->values;
    out->n_values = n;
    return !r.failed;
}

bool customer_get(struct catalog_txn *t, uint32_t id, struct customer_arena *a, struct customer_record *out)
{
    struct env_key k;
    struct strv v;
    return env_get(&t->env, TABLE_CUSTOMER, customer_key(&k, id), &v) &&
           (customer_decode(v, a, out) || catalog_torn(t));
}

bool customer_get_copy(struct catalog_txn *t, uint32_t id, struct buf *copy, struct customer_arena *a,
                       struct customer_record *out)
{
    struct env_key k;
    struct strv v;
    if (!env_get(&t->env, TABLE_CUSTOMER, customer_key(&k, id), &v)) {
        return false;
    }
    buf_clear(copy);
    if (!buf_put_strv(copy, v)) {
        env_fail(&t->env, ERR_NOMEM);
        return false;
    }
    return customer_decode(env_view(copy->data, copy->len), a, out) || catalog_torn(t);
}

bool customer_each(struct catalog_txn *t, uint32_t from, customer_fn *fn, void *ctx)
{
    struct env_key k;
    struct env_cursor c;
    struct customer_arena a = { 0 };
    if (!env_cursor_open(&c, &t->env, TABLE_CUSTOMER)) {
        return false;
    }
    for (bool more = env_cursor_seek_ge(&c, customer_key(&k, from)); more; more = env_cursor_next(&c)) {
        struct customer_record r;
        if (c.key.n != 4 || !customer_decode(c.value, &a, &r)) {
            catalog_torn(t);
            break;
        }
        if (!fn(ctx, be_get32((const uint8_t *)c.key.p), &r)) {
            break;
        }
    }
    env_cursor_close(&c);
    customer_arena_free(&a);
    return env_ok(&t->env);
}

const struct customer_value *customer_value(const struct customer_record *r, uint16_t field)
{
    for (size_t i = 0; i < r->n_values; i++) {
        if (r->values[i].field == field) {
            return &r->values[i];
        }
    }
    return NULL;
}

bool customer_put(struct catalog_txn *t, uint32_t id, const struct customer_record *r)
{
    struct env_key k;
    buf_clear(&t->scratch);
    if (!customer_encode(&t->scratch, r)) {
        env_fail(&t->env, ERR_NOMEM);
        return false;
    }
    return env_put(&t->env, TABLE_CUSTOMER, customer_key(&k, id), env_view(t->scratch.data, t->scratch.len));
}

bool customer_put_number(struct catalog_txn *t, uint64_t msisdn, uint32_t id)
{
    struct env_key k;
    uint8_t value[4];
    be_put32(value, id);
    return env_put(&t->env, TABLE_NUMBER, env_key1(&k, msisdn), env_view(value, 4));
}

bool customer_numbers_begin(struct customer_number_writer *w, struct catalog_txn *t)
{
    *w = (struct customer_number_writer){ .txn = t };
    w->append = env_count(&t->env, TABLE_NUMBER) == 0;
    return env_cursor_open(&w->cursor, &t->env, TABLE_NUMBER);
}

bool customer_numbers_put(struct customer_number_writer *w, uint64_t msisdn, uint32_t id)
{
    struct env_key k;
    uint8_t value[4];
    be_put32(value, id);
    struct strv key = env_key1(&k, msisdn);
    return w->append ? env_append(&w->txn->env, TABLE_NUMBER, key, env_view(value, 4))
                     : env_cursor_put(&w->cursor, key, env_view(value, 4));
}

void customer_numbers_end(struct customer_number_writer *w)
{
    env_cursor_close(&w->cursor);
}

/* Counts one more. False: there are too many. */
static bool customer_next(struct catalog_txn *t, uint32_t *id)
{
    uint64_t next = catalog_number(t, CATALOG_NEXT_CUSTOMER);
    if (next >= UINT32_MAX - 1) { /* id + 1 must fit as well */
        env_fail(&t->env, ERR_LIMIT);
        return false;
    }
    *id = (uint32_t)next;
    catalog_set_number(t, CATALOG_NEXT_CUSTOMER, next + 1);
    catalog_set_number(t, CATALOG_CUSTOMERS, catalog_number(t, CATALOG_CUSTOMERS) + 1);
    return true;
}

static bool customer_append(struct catalog_txn *t, uint32_t id, bool encoded)
{
    struct env_key k;
    if (!encoded) {
        env_fail(&t->env, ERR_NOMEM);
        return false;
    }
    return env_append(&t->env, TABLE_CUSTOMER, customer_key(&k, id),
                      env_view(t->scratch.data, t->scratch.len));
}

bool customer_create(struct catalog_txn *t, const struct customer_record *r, bool index_number, uint32_t *id)
{
    if (!customer_next(t, id)) {
        return false;
    }
    if (index_number) {
        customer_put_number(t, r->msisdn, *id);
    }
    buf_clear(&t->scratch);
    return customer_append(t, *id, customer_encode(&t->scratch, r));
}

bool customer_create_encoded(struct catalog_txn *t, const struct customer_record *r, struct strv values,
                             uint32_t *id)
{
    buf_clear(&t->scratch);
    return customer_next(t, id) &&
           customer_append(t, *id,
                           customer_encode_head(&t->scratch, r->msisdn, r->created, r->changed, r->clock) &&
                               buf_put_strv(&t->scratch, values));
}

bool customer_delete(struct catalog_txn *t, uint32_t id)
{
    struct env_key k;
    struct customer_arena a = { 0 };
    struct customer_record r;
    bool there = customer_get(t, id, &a, &r);
    if (there) {
        env_del(&t->env, TABLE_NUMBER, env_key1(&k, r.msisdn));
        env_del(&t->env, TABLE_CUSTOMER, customer_key(&k, id));
        catalog_set_number(t, CATALOG_CUSTOMERS, catalog_number(t, CATALOG_CUSTOMERS) - 1);
    }
    customer_arena_free(&a);
    return there && env_ok(&t->env);
}

uint64_t customer_stored(struct catalog_txn *t)
{
    return env_count(&t->env, TABLE_CUSTOMER);
}

uint64_t customer_numbers(struct catalog_txn *t)
{
    return env_count(&t->env, TABLE_NUMBER);
}

bool customer_last(struct catalog_txn *t, uint32_t *id)
{
    struct env_cursor c;
    if (!env_cursor_open(&c, &t->env, TABLE_CUSTOMER)) {
        return false;
    }
    bool found = env_cursor_last(&c) && c.key.n == 4;
    if (found) {
        *id = be_get32((const uint8_t *)c.key.p);
    }
    env_cursor_close(&c);
    return found;
}

bool customer_sweep_numbers(struct catalog_txn *t, uint64_t from, size_t *n, uint64_t *next)
{
    struct env_key k;
    struct env_cursor c;
    struct customer_arena a = { 0 };
    size_t looked = 0, deleted = 0;
    if (!env_cursor_open(&c, &t->env, TABLE_NUMBER)) {
        return false;
    }
    bool more = env_cursor_seek_ge(&c, env_key1(&k, from));
    for (; more && looked < *n; looked++, more = env_cursor_next(&c)) {
        struct customer_record r;
        uint64_t number = env_key_u64(c.key, 0);
        bool good = c.key.n == 8 && c.value.n == 4 &&
                    customer_get(t, be_get32((const uint8_t *)c.value.p), &a, &r) && r.msisdn == number;
        if (!good && env_ok(&t->env)) {
            env_cursor_del(&c);
            deleted++;
        }
        *next = number + 1;
    }
    env_cursor_close(&c);
    customer_arena_free(&a);
    *n = deleted;
    return more && env_ok(&t->env);
}
