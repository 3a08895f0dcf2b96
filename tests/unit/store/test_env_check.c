/* A file whose pages do not hang together is told before LMDB reads it, whatever was done to it: what is let
 * through can be read to the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "store/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096u

static const char *const tables[] = { "one", "two", "three" };

struct fx {
    char dir[64], file[96];
    struct env_options o;
    uint8_t *whole;
    size_t n;
};

static const char value[3 * PAGE] = "x";

static void fill(struct env *env)
{
    struct env_txn t;
    struct env_key k;
    for (uint64_t round = 0; round < 4;
         round++) { /* some of it overwritten and deleted: there are free pages */
        assert_true(env_begin(env, &t, true));
        for (uint64_t i = 0; i < 2000; i++)
            env_put(&t, 0, env_key2(&k, i * 7919 % 2000, round), env_view(value, i % 90));
        for (uint64_t i = 0; i < 40; i++)
            env_put(&t, 1, env_key1(&k, i), env_view(value, i * 97 + round * 2000));
        for (uint64_t i = round; i < 2000; i += 3)
            env_del(&t, 0, env_key2(&k, i, round));
        assert_true(env_commit(&t, NULL));
    }
}

static int setup(void **state)
{
    struct fx *f = calloc(1, sizeof(*f));
    struct stat st;
    snprintf(f->dir, sizeof(f->dir), "/tmp/tessera-env-check-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->file, sizeof(f->file), "%s/store.mdb", f->dir);
    f->o = (struct env_options){ .dir = f->dir,
                                 .name = "store",
                                 .format = "test-store",
                                 .version = 1,
                                 .map_size = 8 << 20,
                                 .tables = tables,
                                 .n_tables = 3,
                                 .nosync = true };
    struct env *env = env_open(&f->o, NULL);
    fill(env);
    struct err e = { 0 };
    if (!env_check(env, &e))
        fail_msg("%s", e.text);
    env_close(env);
    FILE *in = fopen(f->file, "rb");
    stat(f->file, &st);
    f->n = (size_t)st.st_size;
    f->whole = malloc(f->n);
    *state = f;
    bool ok = in && fread(f->whole, 1, f->n, in) == f->n;
    fclose(in);
    return ok ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const names[] = { "store.mdb", "store.mdb-lock", "store.lock" };
    struct fx *f = *state;
    char path[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
        unlink(path);
    }
    rmdir(f->dir);
    free(f->whole);
    free(f);
    return 0;
}

static void put_file(const struct fx *f, const uint8_t *octets, size_t n)
{
    FILE *out = fopen(f->file, "wb");
    assert_true(out && fwrite(octets, 1, n, out) == n);
    assert_int_equal(fclose(out), 0);
}

/* Every record of every table, from both ends. */
static uint64_t read_all(const struct fx *f)
{
    struct env *env = env_open(&f->o, NULL);
    struct env_txn t;
    uint64_t records = 0;
    if (!env) /* refused is as good */
        return 0;
    assert_true(env_begin(env, &t, false));
    for (unsigned table = 0; table < 3; table++) {
        struct env_cursor c;
        uint64_t back = 0, forth = 0, octets = 0;
        env_cursor_open(&c, &t, table);
        for (bool more = env_cursor_first(&c); more; more = env_cursor_next(&c), forth++)
            for (size_t i = 0; i < c.value.n; i++)
                octets += (uint8_t)c.value.p[i];
        for (bool more = env_cursor_last(&c); more; more = env_cursor_prev(&c))
            back++;
        assert_int_equal(forth, back);
        env_cursor_close(&c);
        records += forth + (octets & 0);
    }
    env_abort(&t);
    env_close(env);
    return records;
}

static void damage(struct rnd *r, uint8_t *file, size_t n)
{
    size_t page = rnd_below(r, n / PAGE) * PAGE;
    size_t at = page + (rnd_below(r, 2) ? rnd_below(r, 48) : rnd_below(r, PAGE)); /* often in its head */
    switch (rnd_below(r, 5)) {
    case 0: file[at] ^= (uint8_t)(1u << rnd_below(r, 8)); break;
    case 1: memset(file + page, 0, PAGE); break;
    case 2:
        memmove(file + page, file + rnd_below(r, n / PAGE) * PAGE, PAGE);
        break; /* an old copy of another */
    default:
        for (size_t i = at; i < at + 64 && i < n; i++)
            file[i] = (uint8_t)rnd_below(r, 256);
    }
}

static void whatever_is_let_through_can_be_read(void **state)
{
    struct fx *f = *state;
    uint8_t *file = malloc(f->n);
    unsigned told = 0, passed = 0;
    const uint64_t records = read_all(f);
    assert_true(records > 5000);
    for (uint64_t i = 0; i < 300; i++) {
        struct err e = { 0 };
        struct rnd r;
        memcpy(file, f->whole, f->n);
        rnd_seed(&r, i);
        damage(&r, file, f->n);
        put_file(f, file, f->n);
        if (env_check_file(f->dir, "store", &e)) {
            passed++;
            if (read_all(f) > records)
                fail_msg("seed %u: more than there were", (unsigned)i);
        } else {
            assert_int_equal(e.code, ERR_CORRUPT);
            told++;
        }
    }
    assert_true(told > 50); /* most of the rest hit values and free pages */
    assert_true(passed > 50);
    free(file);
}

static void what_is_no_store_is_told(void **state)
{
    struct fx *f = *state;
    struct err e = { 0 };
    assert_true(env_check_file(f->dir, "store", &e));
    assert_true(env_check_file(f->dir, "nothing", &e));
    put_file(f, f->whole, 100);
    assert_false(env_check_file(f->dir, "store", &e));
    assert_int_equal(e.code, ERR_CORRUPT);
    put_file(f, f->whole, f->n / 2 / PAGE * PAGE); /* torn */
    assert_false(env_check_file(f->dir, "store", &e));
    assert_int_equal(e.code, ERR_CORRUPT);
    put_file(f, (const uint8_t *)value, sizeof(value));
    assert_false(env_check_file(f->dir, "store", &e));
    assert_int_equal(e.code, ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whatever_is_let_through_can_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_store_is_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
