/* The log-structured index against a plain list: additions, runs, merges, reopening, aborted transactions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "store/spool_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const tables[] = {
#define X(id, name) name,
    SPOOL_TABLES(X)
#undef X
};

struct fx {
    char dir[64];
    struct env *env;
    struct env_txn t;
    struct spool_index x;
    struct spool_entry *all; /* the model: in order of time */
    size_t n;
};

static int setup(void **state)
{
    struct fx *f = calloc(1, sizeof(*f));
    snprintf(f->dir, sizeof(f->dir), "/tmp/tessera-index-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    struct env_options o = { .dir = f->dir,
                             .name = "x",
                             .format = "test",
                             .version = 1,
                             .map_size = (size_t)1 << 30,
                             .tables = tables,
                             .n_tables = SPOOL_TABLE_COUNT,
                             .nosync = true };
    f->env = env_open(&o, NULL);
    f->all = malloc(3000000 * sizeof(*f->all));
    *state = f;
    return f->env && f->all ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const names[] = { "x.mdb", "x.mdb-lock", "x.lock" };
    struct fx *f = *state;
    char path[128];
    spool_index_free(&f->x);
    env_close(f->env);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
        unlink(path);
    }
    rmdir(f->dir);
    free(f->all);
    free(f);
    return 0;
}

static void load(struct fx *f)
{
    assert_true(env_begin(f->env, &f->t, false));
    assert_true(spool_index_load(&f->x, &f->t));
    env_abort(&f->t);
}

/* A batch with `n` additions; keys from a small space, so that many have several values. */
static void batch(struct fx *f, struct rnd *r, size_t n, uint64_t space, bool commit)
{
    assert_true(env_begin(f->env, &f->t, true));
    size_t before = f->n;
    for (size_t i = 0; i < n; i++) {
        struct spool_entry e = { rnd_below(r, space) * UINT64_C(0x9e3779b97f4a7c15), f->n + 1 };
        f->all[f->n++] = e;
        spool_index_add(&f->x, &f->t, e.key, e.value);
    }
    spool_index_write(&f->x, &f->t);
    if (commit) {
        assert_true(env_commit(&f->t, NULL));
        return;
    }
    env_abort(&f->t);
    f->n = before;
    load(f);
}

struct values {
    uint64_t v[4096];
    size_t n, max;
};

static bool values_add(void *ctx, uint64_t value)
{
    struct values *l = ctx;
    l->v[l->n++] = value;
    return l->n < l->max;
}

static void check_key(struct fx *f, uint64_t key, uint64_t below)
{
    static struct values got, want;
    got.n = want.n = 0;
    got.max = want.max = 4096;
    for (size_t i = f->n; i-- > 0 && want.n < 4096;) {
        if (f->all[i].key == key && f->all[i].value < below)
            want.v[want.n++] = f->all[i].value;
    }
    assert_true(env_begin(f->env, &f->t, false));
    assert_true(spool_index_find(&f->t, f->x.tail_table, key, below, values_add, &got));
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.v, want.v, want.n * sizeof(want.v[0]));
    uint64_t last = 0;
    bool found = spool_index_last(&f->x, &f->t, key, &last);
    if (below == UINT64_MAX) {
        assert_int_equal(found, want.n > 0);
        if (found)
            assert_int_equal(last, want.v[0]);
    }
    env_abort(&f->t);
}

static void run_model(struct fx *f, unsigned table, bool cached, uint64_t space, unsigned checks)
{
    struct rnd r;
    rnd_seed(&r, 7);
    spool_index_init(&f->x, table, cached);
    load(f);
    for (unsigned round = 0; round < 420; round++) {
        batch(f, &r, rnd_below(&r, 8000), space, round % 29 != 28);
        if (round % 100 == 99) { /* another process takes over */
            spool_index_free(&f->x);
            spool_index_init(&f->x, table, cached);
            load(f);
        }
    }
    for (unsigned i = 0; i < 1000 && spool_index_busy(&f->x); i++)
        batch(f, &r, 0, space, true);
    assert_false(spool_index_busy(&f->x));
    assert_true(f->n > SPOOL_INDEX_TAIL * 20);
    assert_true(f->x.n_runs < 16); /* merged */
    for (unsigned i = 0; i < checks; i++) {
        uint64_t key = rnd_below(&r, space + 3) * UINT64_C(0x9e3779b97f4a7c15);
        check_key(f, key, i % 2 ? UINT64_MAX : 1 + rnd_below(&r, f->n));
    }
    /* no chunk is left of runs that were merged */
    uint64_t want = 0;
    for (size_t i = 0; i < f->x.n_runs; i++)
        want += (f->x.runs[i].count + SPOOL_ENTRIES_PER_CHUNK - 1) / SPOOL_ENTRIES_PER_CHUNK;
    env_begin(f->env, &f->t, false);
    assert_int_equal(env_count(&f->t, f->x.chunk_table), want);
    env_abort(&f->t);
}

static void many_keys_few_values(void **state)
{
    run_model(*state, SPOOL_RID_TAIL, true, 1000000, 150);
}

static void few_keys_many_values(void **state)
{
    run_model(*state, SPOOL_NUM_TAIL, false, 900, 100);
}

static void stopping_stops(void **state)
{
    struct fx *f = *state;
    struct rnd r;
    static struct values got;
    rnd_seed(&r, 1);
    spool_index_init(&f->x, SPOOL_NUM_TAIL, false);
    load(f);
    for (int i = 0; i < 20; i++)
        batch(f, &r, 8000, 2, true);
    got.max = 3;
    env_begin(f->env, &f->t, false);
    spool_index_find(&f->t, SPOOL_NUM_TAIL, 0, 100000, values_add, &got);
    env_abort(&f->t);
    assert_int_equal(got.n, 3);
    assert_true(got.v[0] > got.v[1] && got.v[1] > got.v[2] && got.v[0] < 100000);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(many_keys_few_values),
        T(few_keys_many_values),
        T(stopping_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
