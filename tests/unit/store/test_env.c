/* The LMDB environment: what is refused, what is remembered, what a failed transaction leaves behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/env.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const tables[] = { "one", "two" };
enum { ONE, TWO };

struct fx {
    char dir[64], file[96];
    struct env_options o;
    struct env *env;
};

static int setup(void **state)
{
    struct fx *f = calloc(1, sizeof(*f));
    snprintf(f->dir, sizeof(f->dir), "/tmp/tessera-env-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->file, sizeof(f->file), "%s/store.mdb", f->dir);
    f->o = (struct env_options){ .dir = f->dir,
                                 .name = "store",
                                 .format = "test-store",
                                 .version = 3,
                                 .map_size = 4 << 20,
                                 .tables = tables,
                                 .n_tables = 2,
                                 .nosync = true };
    *state = f;
    f->env = env_open(&f->o, NULL);
    return f->env ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const names[] = { "store.mdb", "store.mdb-lock", "store.lock" };
    struct fx *f = *state;
    char path[128];
    env_close(f->env);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
        unlink(path);
    }
    rmdir(f->dir);
    free(f);
    return 0;
}

static enum err_code reopen(struct fx *f, struct err *e)
{
    env_close(f->env);
    *e = (struct err){ 0 };
    f->env = env_open(&f->o, e);
    return f->env ? ERR_NONE : e->code;
}

static void put(struct fx *f, unsigned table, uint64_t key, const char *value)
{
    struct env_txn t;
    struct env_key k;
    env_begin(f->env, &t, true);
    env_put(&t, table, env_key1(&k, key), strv_from(value));
    assert_true(env_commit(&t, NULL));
}

static void what_is_committed_is_there(void **state)
{
    struct fx *f = *state;
    struct env_txn t;
    struct env_key k;
    struct strv v;
    struct err e;
    put(f, ONE, 7, "seven");
    assert_int_equal(reopen(f, &e), ERR_NONE);
    assert_true(env_begin(f->env, &t, false));
    assert_true(env_get(&t, ONE, env_key1(&k, 7), &v));
    assert_true(strv_eq_c(v, "seven"));
    assert_false(env_get(&t, TWO, env_key1(&k, 7), &v));
    assert_int_equal(v.n, 0);
    assert_true(env_ok(&t)); /* not there is no failure */
    env_abort(&t);
}

static void aborted_and_failed_transactions_leave_nothing(void **state)
{
    struct fx *f = *state;
    struct env_txn t;
    struct env_key k;
    struct err e = { 0 };
    env_begin(f->env, &t, true);
    env_put(&t, ONE, env_key1(&k, 1), STRV("x"));
    env_abort(&t);
    env_abort(&t); /* twice: harmless */
    env_begin(f->env, &t, true);
    assert_true(env_put(&t, ONE, env_key1(&k, 2), STRV("x")));
    assert_false(env_put(&t, ONE, STRV(""), STRV("no key"))); /* remembered */
    assert_false(env_put(&t, ONE, env_key1(&k, 3), STRV("x")));
    assert_int_equal(t.code, ERR_INVALID);
    assert_false(env_commit(&t, &e));
    assert_int_equal(e.code, ERR_INVALID);
    env_begin(f->env, &t, true);
    env_fail(&t, ERR_LIMIT);
    assert_false(env_commit(&t, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    env_begin(f->env, &t, false);
    assert_int_equal(env_count(&t, ONE), 0);
    env_abort(&t);
}

static void cursors_step_and_seek(void **state)
{
    struct fx *f = *state;
    struct env_txn t;
    struct env_cursor c;
    struct env_key k;
    env_begin(f->env, &t, true);
    for (uint64_t i = 10; i <= 50; i += 10)
        assert_true(env_append(&t, ONE, env_key1(&k, i), STRV("v")));
    assert_true(env_append(&t, ONE, env_key1(&k, 20), STRV("again"))); /* below the end: a plain put */
    assert_true(env_cursor_open(&c, &t, ONE));
    assert_true(env_cursor_first(&c));
    assert_int_equal(env_key_u64(c.key, 0), 10);
    assert_true(env_cursor_seek_ge(&c, env_key1(&k, 11)));
    assert_int_equal(env_key_u64(c.key, 0), 20);
    assert_true(strv_eq_c(c.value, "again"));
    assert_true(env_cursor_seek_le(&c, env_key1(&k, 39)));
    assert_int_equal(env_key_u64(c.key, 0), 30);
    assert_true(env_cursor_seek_le(&c, env_key1(&k, 40)));
    assert_int_equal(env_key_u64(c.key, 0), 40);
    assert_true(env_cursor_seek_le(&c, env_key1(&k, 99)));
    assert_int_equal(env_key_u64(c.key, 0), 50);
    assert_false(env_cursor_next(&c));
    assert_false(env_cursor_seek_le(&c, env_key1(&k, 9)));
    assert_false(env_cursor_seek(&c, env_key1(&k, 21)));
    assert_true(env_cursor_seek(&c, env_key1(&k, 20)));
    assert_true(env_cursor_del(&c));
    assert_true(env_cursor_next(&c)); /* the record after the deleted one */
    assert_int_equal(env_key_u64(c.key, 0), 30);
    assert_true(env_cursor_prev(&c));
    assert_int_equal(env_key_u64(c.key, 0), 10);
    env_cursor_close(&c);
    assert_true(env_del(&t, ONE, env_key1(&k, 10)));
    assert_false(env_del(&t, ONE, env_key1(&k, 10)));
    memcpy(env_put_reserve(&t, ONE, env_key1(&k, 60), 3), "abc", 3);
    assert_int_equal(env_count(&t, ONE), 4);
    assert_true(env_clear(&t, ONE));
    assert_int_equal(env_count(&t, ONE), 0);
    assert_true(env_commit(&t, NULL));
}

static void paused_reader_sees_the_newest_when_resumed(void **state)
{
    struct fx *f = *state;
    struct env_txn t;
    assert_true(env_begin(f->env, &t, false));
    put(f, ONE, 1, "a");
    assert_int_equal(env_count(&t, ONE), 0); /* its snapshot */
    env_pause(&t);
    assert_true(env_resume(&t));
    assert_int_equal(env_count(&t, ONE), 1);
    env_abort(&t);
}

static void second_open_names_the_process(void **state)
{
    struct fx *f = *state;
    struct err e = { 0 };
    char pid[32];
    assert_null(env_open(&f->o, &e));
    assert_int_equal(e.code, ERR_EXISTS);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    assert_non_null(strstr(e.text, pid));
}

static void other_versions_and_owners_are_refused(void **state)
{
    struct fx *f = *state;
    struct err e;
    f->o.version = 4;
    assert_int_equal(reopen(f, &e), ERR_VERSION);
    f->o.version = 3;
    f->o.format = "other-store";
    assert_int_equal(reopen(f, &e), ERR_CORRUPT);
    f->o.format = "test-store";
    assert_int_equal(reopen(f, &e), ERR_NONE);
}

static void write_file(const char *path, const void *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), n);
    close(fd);
}

static void foreign_files_are_refused_and_left_alone(void **state)
{
    struct fx *f = *state;
    struct err e;
    struct stat st;
    char junk[10000];
    memset(junk, 'j', sizeof(junk));
    env_close(f->env);
    f->env = NULL;
    write_file(f->file, junk, sizeof(junk));
    assert_int_equal(reopen(f, &e), ERR_CORRUPT);
    assert_int_equal(stat(f->file, &st), 0);
    assert_int_equal(st.st_size, sizeof(junk));
    write_file(f->file, junk, 100);
    assert_int_equal(reopen(f, &e), ERR_CORRUPT);
}

static void torn_files_are_refused_and_left_alone(void **state)
{
    struct fx *f = *state;
    struct err e;
    struct stat st;
    static char value[50000];
    memset(value, 'v', sizeof(value) - 1);
    put(f, ONE, 1, value);
    put(f, ONE, 2, value);
    env_close(f->env);
    f->env = NULL;
    assert_int_equal(stat(f->file, &st), 0);
    off_t torn = st.st_size - 20000;
    assert_int_equal(truncate(f->file, torn), 0);
    assert_int_equal(reopen(f, &e), ERR_CORRUPT);
    assert_non_null(strstr(e.text, "torn"));
    assert_int_equal(stat(f->file, &st), 0);
    assert_int_equal(st.st_size, torn);
}

/* Pages taken and given back within one transaction are counted but need not be written. */
static void short_files_of_sound_stores_are_opened(void **state)
{
    struct fx *f = *state;
    struct env_txn t;
    struct env_key k;
    struct err e;
    static char value[9000];
    for (int round = 0; round < 50; round++) {
        env_begin(f->env, &t, true);
        for (uint64_t i = 0; i < 20; i++)
            env_put(&t, ONE, env_key1(&k, i), env_view(value, sizeof(value)));
        for (uint64_t i = 0; i < 20; i++)
            env_del(&t, ONE, env_key1(&k, 19 - i));
        env_put(&t, TWO, env_key1(&k, (uint64_t)round), STRV("kept"));
        assert_true(env_commit(&t, NULL));
        assert_int_equal(reopen(f, &e), ERR_NONE);
    }
    env_begin(f->env, &t, false);
    assert_int_equal(env_count(&t, TWO), 50);
    env_abort(&t);
}

static void full_map_is_told_and_space_comes_back(void **state)
{
    struct fx *f = *state;
    struct env_txn t;
    struct env_key k;
    struct env_usage u;
    struct err e = { 0 };
    char value[4000];
    uint64_t n = 0;
    memset(value, 'v', sizeof(value));
    for (;; n++) {
        env_begin(f->env, &t, true);
        env_put(&t, ONE, env_key1(&k, n), env_view(value, sizeof(value)));
        if (!env_commit(&t, &e))
            break;
    }
    assert_int_equal(e.code, ERR_FULL);
    assert_true(n > 500);
    env_begin(f->env, &t, false);
    assert_int_equal(env_count(&t, ONE), n); /* nothing lost, nothing half there */
    assert_true(env_get_usage(&t, &u));
    assert_true(u.used > u.map_size * 9 / 10);
    assert_true(env_high_water(f->env) >= u.used);
    env_abort(&t);
    f->o.map_size *= 2; /* the operator makes room */
    assert_int_equal(reopen(f, &e), ERR_NONE);
    put(f, ONE, n, "fits");
    env_begin(f->env, &t, true);
    env_clear(&t, ONE);
    assert_true(env_commit(&t, NULL));
    env_begin(f->env, &t, false);
    assert_true(env_get_usage(&t, &u));
    assert_true(u.used < u.map_size / 4);
    env_abort(&t);
}

static void meta_values_are_kept(void **state)
{
    struct fx *f = *state;
    struct env_txn t;
    struct err e;
    env_begin(f->env, &t, true);
    assert_int_equal(env_meta_get(&t, "mark"), 0);
    env_meta_put(&t, "mark", 99);
    assert_true(env_commit(&t, NULL));
    assert_int_equal(reopen(f, &e), ERR_NONE);
    env_begin(f->env, &t, false);
    assert_int_equal(env_meta_get(&t, "mark"), 99);
    env_abort(&t);
}

static void relaxing_loses_nothing(void **state)
{
    struct fx *f = *state;
    struct env_txn r, w;
    struct env_key k;
    struct strv v;
    put(f, ONE, 1, "one");
    env_begin(f->env, &r, false);
    assert_true(env_get(&r, ONE, env_key1(&k, 1), &v));
    env_begin(f->env, &w, true);
    env_put(&w, ONE, env_key1(&k, 2), STRV("two"));
    env_relax(f->env); /* under a reader and a writer */
    assert_true(strv_eq_c(v, "one"));
    assert_true(env_commit(&w, NULL));
    env_relax(f->env);
    env_pause(&r);
    env_resume(&r);
    assert_true(env_get(&r, ONE, env_key1(&k, 2), &v));
    assert_true(strv_eq_c(v, "two"));
    env_abort(&r);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_committed_is_there),
        T(aborted_and_failed_transactions_leave_nothing),
        T(cursors_step_and_seek),
        T(paused_reader_sees_the_newest_when_resumed),
        T(second_open_names_the_process),
        T(other_versions_and_owners_are_refused),
        T(foreign_files_are_refused_and_left_alone),
        T(torn_files_are_refused_and_left_alone),
        T(short_files_of_sound_stores_are_opened),
        T(full_map_is_told_and_space_comes_back),
        T(meta_values_are_kept),
        T(relaxing_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
