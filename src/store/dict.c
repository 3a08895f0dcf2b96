#include "store/dict.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "store/tables.h"

#include <string.h>

/* Folded texts up to here are keys as they are; of longer ones the beginning and a hash of the whole are. */
#define DICT_KEY_TEXT 400

struct dict_key {
    uint8_t b[2 + DICT_KEY_TEXT + 8];
    size_t n;
};

bool dict_fold(struct buf *out, struct strv text)
{
    size_t i = 0;
    while (i < text.n && (unsigned char)text.p[i] < 0x80) {
        i++;
    }
    if (i < text.n) {
        return utf8_fold(out, text);
    }
    if (!buf_reserve(out, text.n)) {
        return false;
    }
    for (i = 0; i < text.n; i++) { /* NFKC with case folding of ASCII is this */
        char c = text.p[i];
        out->data[out->len++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    return true;
}

static bool dict_make_key(struct catalog_txn *t, struct dict_key *k, uint16_t space, struct strv text)
{
    buf_clear(&t->scratch);
    if (!dict_fold(&t->scratch, text)) {
        return false;
    }
    be_put16(k->b, space);
    size_t n = t->scratch.len <= DICT_KEY_TEXT ? t->scratch.len : DICT_KEY_TEXT;
    if (n) {
        memcpy(k->b + 2, t->scratch.data, n);
    }
    k->n = 2 + n;
    if (t->scratch.len > n) {
        be_put64(k->b + k->n, hash_stable(t->scratch.data, t->scratch.len));
        k->n += 8;
    }
    return true;
}

static struct strv dict_text_key(struct env_key *k, uint16_t space, uint32_t code)
{
    k->n = 0;
    key_u16(k, space);
    key_u32(k, code);
    return env_key_view(k);
}

static uint32_t dict_get(struct catalog_txn *t, const struct dict_key *k)
{
    struct strv v;
    if (!env_get(&t->env, TABLE_DICT, env_view(k->b, k->n), &v)) {
        return 0;
    }
    return v.n == 4 ? be_get32((const uint8_t *)v.p) : (uint32_t)catalog_torn(t);
}

uint32_t dict_find(struct catalog_txn *t, uint16_t space, struct strv text)
{
    struct dict_key k;
    return text.n <= DICT_MAX_TEXT && dict_make_key(t, &k, space, text) ? dict_get(t, &k) : 0;
}

uint32_t dict_count(struct catalog_txn *t, uint16_t space)
{
    uint64_t known;
    if (hmap_get(&t->dict_counts, space, &known)) {
        return (uint32_t)known;
    }
    struct env_key k;
    struct env_cursor c;
    uint32_t count = 0;
    if (env_cursor_open(&c, &t->env, TABLE_TEXT)) {
        if (env_cursor_seek_le(&c, dict_text_key(&k, space, UINT32_MAX)) && c.key.n == 6 &&
            be_get16((const uint8_t *)c.key.p) == space) {
            count = be_get32((const uint8_t *)c.key.p + 2);
        }
        env_cursor_close(&c);
    }
    return count;
}

bool dict_text(struct catalog_txn *t, uint16_t space, uint32_t code, struct strv *out)
{
    struct env_key k;
    return env_get(&t->env, TABLE_TEXT, dict_text_key(&k, space, code), out);
}

void dict_each(struct catalog_txn *t, uint16_t space, dict_fn *fn, void *ctx)
{
    struct env_key k;
    struct env_cursor c;
    if (!env_cursor_open(&c, &t->env, TABLE_TEXT)) {
        return;
    }
    for (bool more = env_cursor_seek_ge(&c, dict_text_key(&k, space, 1)); more; more = env_cursor_next(&c)) {
        const uint8_t *key = (const uint8_t *)c.key.p;
        if (c.key.n != 6 || be_get16(key) != space || !fn(ctx, be_get32(key + 2), c.value)) {
            break;
        }
    }
    env_cursor_close(&c);
}

uint32_t dict_intern(struct catalog_txn *t, uint16_t space, struct strv text, struct err *e)
{
    struct dict_key dk;
    struct env_key tk;
    if (text.n == 0 || text.n > DICT_MAX_TEXT) {
        err_set(e, ERR_LIMIT, text.n ? "longer than %d octets" : "empty", DICT_MAX_TEXT);
        return 0;
    }
    if (!dict_make_key(t, &dk, space, text)) {
        err_set(e, ERR_INVALID, "not UTF-8");
        return 0;
    }
    uint32_t code = dict_get(t, &dk);
    if (code || !catalog_ok(t, e)) {
        return code;
    }
    code = dict_count(t, space);
    if (code == UINT32_MAX) {
        err_set(e, ERR_LIMIT, "the dictionary is full");
        return 0;
    }
    code++;
    uint8_t value[4];
    be_put32(value, code);
    if (!hmap_put(&t->dict_counts, space, code)) {
        env_fail(&t->env, ERR_NOMEM);
    }
    env_put(&t->env, TABLE_DICT, env_view(dk.b, dk.n), env_view(value, 4));
    env_put(&t->env, TABLE_TEXT, dict_text_key(&tk, space, code), text);
    return catalog_ok(t, e) ? code : 0;
}

void dict_forget(struct catalog_txn *t, uint16_t space, uint32_t code)
{
    struct dict_key dk;
    struct env_key tk;
    struct strv text;
    uint64_t count = dict_count(t, space);
    if (!dict_text(t, space, code, &text)) {
        return;
    }
    if (dict_make_key(t, &dk, space, text) && dict_get(t, &dk) == code) {
        env_del(&t->env, TABLE_DICT, env_view(dk.b, dk.n));
    }
    if (code == count) { /* the last one tells how many there were: it stays, without its text */
        env_put(&t->env, TABLE_TEXT, dict_text_key(&tk, space, code), strv_from(NULL));
    } else {
        env_del(&t->env, TABLE_TEXT, dict_text_key(&tk, space, code));
    }
}

static size_t clear_space(struct catalog_txn *t, unsigned table, uint16_t space, size_t max)
{
    struct env_cursor c;
    uint8_t from[2];
    size_t n = 0;
    be_put16(from, space);
    if (!env_cursor_open(&c, &t->env, table)) {
        return 0;
    }
    bool more = env_cursor_seek_ge(&c, env_view(from, sizeof(from)));
    while (more && n < max && strv_starts(c.key, env_view(from, sizeof(from)))) {
        more = env_cursor_del(&c) && env_cursor_next(&c);
        n++;
    }
    env_cursor_close(&c);
    return n;
}

bool dict_clear(struct catalog_txn *t, uint16_t space, size_t max)
{
    size_t n = clear_space(t, TABLE_DICT, space, max), m = clear_space(t, TABLE_TEXT, space, max);
    return n < max && m < max;
}
