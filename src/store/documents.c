#include "store/documents.h"

#include "store/tables.h"

#include <string.h>

struct document_key {
    char b[1 + DOCUMENT_MAX_NAME];
};

static struct strv document_key(struct document_key *k, enum document_kind kind, struct strv name)
{
    k->b[0] = (char)kind;
    size_t n = name.n <= DOCUMENT_MAX_NAME ? name.n : DOCUMENT_MAX_NAME;
    if (n) {
        memcpy(k->b + 1, name.p, n);
    }
    return env_view(k->b, 1 + n);
}

bool document_get(struct catalog_txn *t, enum document_kind kind, struct strv name, struct strv *value)
{
    struct document_key k;
    return name.n <= DOCUMENT_MAX_NAME &&
           env_get(&t->env, TABLE_DOCUMENT, document_key(&k, kind, name), value);
}

bool document_put(struct catalog_txn *t, enum document_kind kind, struct strv name, struct strv value)
{
    struct document_key k;
    if (name.n > DOCUMENT_MAX_NAME) {
        env_fail(&t->env, ERR_LIMIT);
        return false;
    }
    return env_put(&t->env, TABLE_DOCUMENT, document_key(&k, kind, name), value);
}

bool document_delete(struct catalog_txn *t, enum document_kind kind, struct strv name)
{
    struct document_key k;
    return name.n <= DOCUMENT_MAX_NAME && env_del(&t->env, TABLE_DOCUMENT, document_key(&k, kind, name));
}

void document_each(struct catalog_txn *t, enum document_kind kind, document_fn *fn, void *ctx)
{
    document_each_from(t, kind, strv_from(NULL), fn, ctx);
}

void document_each_from(struct catalog_txn *t, enum document_kind kind, struct strv from, document_fn *fn,
                        void *ctx)
{
    struct document_key k;
    struct env_cursor c;
    if (!env_cursor_open(&c, &t->env, TABLE_DOCUMENT)) {
        return;
    }
    bool more = env_cursor_seek_ge(&c, document_key(&k, kind, from));
    while (more && c.key.n && c.key.p[0] == (char)kind && fn(ctx, strv_sub(c.key, 1, c.key.n - 1), c.value)) {
        more = env_cursor_next(&c);
    }
    env_cursor_close(&c);
}
