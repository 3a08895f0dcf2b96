#include "store/members.h"

#include "store/tables.h"

static struct strv members_key(struct env_key *k, uint16_t field, uint32_t code, uint16_t container)
{
    k->n = 0;
    key_u16(k, field);
    key_u32(k, code);
    key_u16(k, container);
    return env_key_view(k);
}

bool members_get(struct catalog_txn *t, uint16_t field, uint32_t code, uint16_t container, struct strv *out)
{
    struct env_key k;
    return env_get(&t->env, TABLE_MEMBER, members_key(&k, field, code, container), out);
}

static void members_scan(struct catalog_txn *t, uint16_t field, uint32_t code, bool one_code, members_fn *fn,
                         void *ctx)
{
    struct env_key k;
    struct env_cursor c;
    if (!env_cursor_open(&c, &t->env, TABLE_MEMBER)) {
        return;
    }
    for (bool more = env_cursor_seek_ge(&c, members_key(&k, field, code, 0)); more;
         more = env_cursor_next(&c)) {
        const uint8_t *key = (const uint8_t *)c.key.p;
        if (c.key.n != 8 || be_get16(key) != field || (one_code && be_get32(key + 2) != code) ||
            !fn(ctx, be_get32(key + 2), be_get16(key + 6), c.value)) {
            break;
        }
    }
    env_cursor_close(&c);
}

void members_each(struct catalog_txn *t, uint16_t field, uint32_t code, members_fn *fn, void *ctx)
{
    members_scan(t, field, code, true, fn, ctx);
}

void members_each_code(struct catalog_txn *t, uint16_t field, members_fn *fn, void *ctx)
{
    members_scan(t, field, 0, false, fn, ctx);
}

bool members_put(struct catalog_txn *t, uint16_t field, uint32_t code, uint16_t container, struct strv octets)
{
    struct env_key k;
    struct strv key = members_key(&k, field, code, container);
    if (octets.n == 0) {
        env_del(&t->env, TABLE_MEMBER, key);
        return env_ok(&t->env);
    }
    return env_put(&t->env, TABLE_MEMBER, key, octets);
}

bool members_clear(struct catalog_txn *t, uint16_t container, bool above)
{
    struct env_key k;
    struct env_cursor c;
    if (!env_cursor_open(&c, &t->env, TABLE_MEMBER)) {
        return false;
    }
    bool more = env_cursor_first(&c);
    while (more) {
        const uint8_t *key = (const uint8_t *)c.key.p;
        if (c.key.n != 8) {
            return catalog_torn(t);
        }
        uint16_t field = be_get16(key), at = be_get16(key + 6);
        uint32_t code = be_get32(key + 2);
        if (at < container) { /* on to it, within the set */
            more = env_cursor_seek_ge(&c, members_key(&k, field, code, container));
        } else if (at == container || above) {
            more = env_cursor_del(&c) && env_cursor_next(&c);
        } else if (code < UINT32_MAX) { /* on to the next set */
            more = env_cursor_seek_ge(&c, members_key(&k, field, code + 1, 0));
        } else {
            more = env_cursor_next(&c);
        }
    }
    env_cursor_close(&c);
    return env_ok(&t->env);
}

bool members_clear_field(struct catalog_txn *t, uint16_t field, size_t max)
{
    struct env_key k;
    struct env_cursor c;
    size_t n = 0;
    if (!env_cursor_open(&c, &t->env, TABLE_MEMBER)) {
        return false;
    }
    bool more = env_cursor_seek_ge(&c, members_key(&k, field, 0, 0));
    while (more && c.key.n == 8 && be_get16((const uint8_t *)c.key.p) == field && n < max) {
        more = env_cursor_del(&c) && env_cursor_next(&c);
        n++;
    }
    env_cursor_close(&c);
    return n < max;
}
