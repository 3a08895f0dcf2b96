/* The history of a message: bounded, counted, and harmless when it is damaged. */
#include "spool_fixture.h"

#include "store/spool_history.h"

#include <stdlib.h>

static struct env *open_env(char *dir)
{
    static const char *const names[] = {
#define X(id, name) name,
        SPOOL_TABLES(X)
#undef X
    };
    struct env_options o = { .dir = mkdtemp(dir),
                             .name = "history",
                             .format = "test",
                             .version = 1,
                             .map_size = 1 << 20,
                             .tables = names,
                             .n_tables = SPOOL_TABLE_COUNT,
                             .nosync = true };
    struct env *env = env_open(&o, NULL);
    assert_non_null(env);
    return env;
}

static struct spool_event event(uint32_t code, usec_t at)
{
    return (struct spool_event){ .to = MESSAGE_HELD,
                                 .reason = REASON_RETRY,
                                 .code = code,
                                 .tried = true,
                                 .at = at,
                                 .until = at + 10,
                                 .carrier = 3,
                                 .bind = 1,
                                 .host = STRV("127.0.0.1:2775") };
}

static struct strv row_of(struct env_txn *t, uint64_t id)
{
    struct env_key k;
    struct strv v = { 0 };
    env_get(t, SPOOL_HISTORY, env_key1(&k, id), &v);
    return v;
}

static void test_add(void **state)
{
    (void)state;
    char dir[] = "/tmp/tessera-history-XXXXXX";
    struct env *env = open_env(dir);
    struct env_txn t;
    struct spool_event got[SPOOL_EVENTS], e;
    uint64_t dropped;
    assert_true(env_begin(env, &t, true));

    /* given nothing, there is nothing */
    assert_int_equal(spool_history_read(row_of(&t, 7), got, &dropped), 0);

    /* when the same comes three times, then it is one that is counted, with the first and the last instant */
    for (usec_t at = 100; at < 103; at++) {
        e = event(0x58, at);
        spool_history_add(&t, 7, &e);
    }
    assert_int_equal(spool_history_read(row_of(&t, 7), got, &dropped), 1);
    assert_int_equal(got[0].count, 3);
    assert_int_equal(got[0].at, 100);
    assert_int_equal(got[0].last, 102);
    assert_int_equal(got[0].until, 112);
    assert_int_equal(got[0].carrier, 3);
    assert_int_equal(got[0].bind, 1);
    assert_true(strv_eq_c(got[0].host, "127.0.0.1:2775"));

    /* when more different ones come than are kept, then the oldest are forgotten, and counted */
    for (uint32_t i = 0; i < SPOOL_EVENTS + 4; i++) {
        e = event(i + 1, 200 + i);
        spool_history_add(&t, 7, &e);
    }
    assert_int_equal(spool_history_read(row_of(&t, 7), got, &dropped), SPOOL_EVENTS);
    assert_int_equal(dropped, 3 + 4);
    assert_int_equal(got[SPOOL_EVENTS - 1].code, SPOOL_EVENTS + 4);

    /* dropping takes those of the range and no others */
    spool_history_add(&t, 8, &e);
    spool_history_add(&t, 9, &e);
    spool_history_drop(&t, 7, 8);
    assert_int_equal(row_of(&t, 7).n, 0);
    assert_int_equal(row_of(&t, 8).n, 0);
    assert_int_not_equal(row_of(&t, 9).n, 0);

    /* a row that was cut off anywhere gives what is whole */
    struct strv whole = row_of(&t, 9);
    for (size_t n = 0; n < whole.n; n++)
        assert_int_equal(spool_history_read(strv_sub(whole, 0, n), got, &dropped), 0);
    env_abort(&t);
    env_close(env);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_add) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
