#include "store/catalog.h"

#include "store/tables.h"

#include <stdlib.h>

#define CATALOG_VERSION 5
#define CATALOG_OLDEST  4 /* has no lists in the blocks of events (events_lists.h), and is else the same */
/* What a person does then. A campaign that is under way names customers by numbers of that file. */
#define CATALOG_OTHER_VERSION                                                                                \
    "; with the program that wrote it, note the segments and let campaigns end or cancel them; then move "   \
    "the file away and import anew (spool.mdb stays)"

static const char *const table_names[TABLE_COUNT] = {
    [TABLE_SCHEMA] = "schema",     [TABLE_DICT] = "dict",     [TABLE_TEXT] = "text",
    [TABLE_CUSTOMER] = "customer", [TABLE_NUMBER] = "number", [TABLE_COLUMN] = "column",
    [TABLE_MEMBER] = "member",     [TABLE_EVENT] = "event",   [TABLE_EVENT_ID] = "event_id",
    [TABLE_DOCUMENT] = "document",
};

static struct env_options catalog_env(const struct catalog_options *o)
{
    return (struct env_options){
        .dir = o->dir,
        .name = "audience",
        .format = "tessera-audience",
        .version = CATALOG_VERSION,
        .oldest = CATALOG_OLDEST,
        .map_size = o->map_size ? o->map_size : (size_t)64 << 30,
        .tables = table_names,
        .n_tables = TABLE_COUNT,
        .nosync = o->nosync,
    };
}

bool catalog_compact(const struct catalog_options *o, struct env_compacted *out, struct err *e)
{
    const struct env_options eo = catalog_env(o);
    return env_compact(&eo, out, e);
}

bool catalog_check_file(const char *dir, struct err *e)
{
    return env_check_file(dir, "audience", e);
}

bool catalog_check(struct catalog_txn *t, struct err *e)
{
    return env_check(t->env.env, e);
}

struct catalog *catalog_open(const struct catalog_options *o, struct err *e)
{
    struct catalog *c = calloc(1, sizeof(*c));
    if (!c) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    const struct env_options eo = catalog_env(o);
    c->env = env_open(&eo, e);
    if (!c->env) {
        if (e && e->code == ERR_VERSION) {
            struct err why = *e;
            err_set(e, ERR_VERSION, "%s" CATALOG_OTHER_VERSION, why.text);
        }
        free(c);
        return NULL;
    }
    return c;
}

void catalog_close(struct catalog *c)
{
    if (c) {
        env_close(c->env);
        free(c);
    }
}

static struct catalog_txn *catalog_begin(struct catalog *c, bool write, struct err *e)
{
    struct catalog_txn *t = calloc(1, sizeof(*t));
    if (!t) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    t->catalog = c;
    if (!env_begin(c->env, &t->env, write)) {
        catalog_ok(t, e);
        env_abort(&t->env);
        free(t);
        return NULL;
    }
    return t;
}

struct catalog_txn *catalog_begin_read(struct catalog *c, struct err *e)
{
    return catalog_begin(c, false, e);
}

struct catalog_txn *catalog_begin_write(struct catalog *c, struct err *e)
{
    return catalog_begin(c, true, e);
}

static void catalog_free_txn(struct catalog_txn *t)
{
    hmap_free(&t->dict_counts);
    buf_free(&t->scratch);
    free(t);
}

static const char *const number_names[] = {
    [CATALOG_NEXT_CUSTOMER] = "next_customer",
    [CATALOG_CUSTOMERS] = "customers",
    [CATALOG_FEED_SEQ] = "feed_seq",
    [CATALOG_FEED_UNKNOWN] = "feed_unknown",
    [CATALOG_CHANGE] = "change",
    [CATALOG_NEXT_FIELD] = "next_field",
    [CATALOG_NEXT_EVENT] = "next_event",
};

bool catalog_commit(struct catalog_txn *t, struct err *e)
{
    for (unsigned i = 1; i < CATALOG_NUMBERS; i++) {
        if (t->dirty[i]) {
            env_meta_put(&t->env, number_names[i], t->numbers[i]);
        }
    }
    bool ok = env_commit(&t->env, e);
    env_abort(&t->env); /* harmless after a commit */
    catalog_free_txn(t);
    return ok;
}

void catalog_end(struct catalog_txn *t)
{
    if (t) {
        env_abort(&t->env);
        catalog_free_txn(t);
    }
}

uint64_t catalog_snapshot(const struct catalog_txn *t)
{
    return env_snapshot(&t->env);
}

bool catalog_ok(const struct catalog_txn *t, struct err *e)
{
    if (env_ok(&t->env)) {
        return true;
    }
    return err_set(e, t->env.code ? t->env.code : ERR_INTERNAL, "audience store: %s",
                   env_error_text(&t->env));
}

bool catalog_torn(struct catalog_txn *t)
{
    env_fail(&t->env, ERR_CORRUPT);
    return false;
}

uint64_t catalog_number(struct catalog_txn *t, enum catalog_number which)
{
    if (!t->loaded[which]) {
        t->numbers[which] = env_meta_get(&t->env, number_names[which]);
        t->loaded[which] = true;
    }
    return t->numbers[which];
}

void catalog_set_number(struct catalog_txn *t, enum catalog_number which, uint64_t value)
{
    t->numbers[which] = value;
    t->loaded[which] = t->dirty[which] = true;
}

void catalog_get_usage(struct catalog_txn *t, struct catalog_usage *out)
{
    struct env_usage u = { 0 };
    *out = (struct catalog_usage){ 0 };
    if (env_get_usage(&t->env, &u)) {
        out->map_size = u.map_size;
        out->used = u.used;
    }
}
