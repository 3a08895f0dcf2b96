/* Each kind of damage to the spool is found by the check, and a sound one is not complained of. */
#include "spool_fixture.h"

#include "store/spool_check.h"
#include "store/spool_table.h"

#include <stdlib.h>
#include <string.h>

#define ANNA UINT64_C(447700900001)

/* One message of each kind that waits, an inbound one with a vote, a stop. */
static void fill(struct fx *f)
{
    struct message m = fx_message(ANNA);
    struct got got = { 0 };
    fx_accept(f, &m, MESSAGE_READY, 0);
    fx_accept(f, &m, MESSAGE_HELD, T0 + USEC_HOUR);
    fx_claimed(f, &m);
    struct spool_inbound in = { .carrier = 1,
                                .from = ANNA,
                                .to = STRV("80010"),
                                .text = STRV("LUNCH PIZZA"),
                                .at = T0,
                                .vote = STRV("lunch"),
                                .option = 1 };
    spool_inbound(f->s, &in, fx_done, &got);
    spool_consent(f->s, ANNA + 1, CONSENT_STOP, STRV("api"), STRV("no more"), T0, NULL, NULL);
    fx_sync(f);
    assert_int_equal(got.code, ERR_NONE);
}

static void drop_first(struct env_txn *t, unsigned table)
{
    struct env_cursor c;
    env_cursor_open(&c, t, table);
    assert_true(env_cursor_first(&c));
    env_cursor_del(&c);
    env_cursor_close(&c);
}

static void none(struct env_txn *t)
{
    (void)t;
}
static void text(struct env_txn *t)
{
    drop_first(t, SPOOL_MESSAGE);
}
static void queue(struct env_txn *t)
{
    drop_first(t, SPOOL_QUEUE);
}
static void held(struct env_txn *t)
{
    drop_first(t, SPOOL_HELD);
}
static void counters(struct env_txn *t)
{
    drop_first(t, SPOOL_COUNT);
}
static void numbers(struct env_txn *t)
{
    env_clear(t, SPOOL_NUM_TAIL);
}
static void inbound(struct env_txn *t)
{
    drop_first(t, SPOOL_INBOUND);
}
static void tally(struct env_txn *t)
{
    drop_first(t, SPOOL_TALLY);
}
static void suppressed(struct env_txn *t)
{
    drop_first(t, SPOOL_SUPPRESSED);
}
static void state(struct env_txn *t)
{
    drop_first(t, SPOOL_STATE);
}

static void damage(const struct fx *f, void (*how)(struct env_txn *t))
{
    static const char *const names[] = {
#define X(id, name) name,
        SPOOL_TABLES(X)
#undef X
    };
    const struct env_options o = { .dir = f->dir,
                                   .name = "spool",
                                   .format = SPOOL_FORMAT,
                                   .version = SPOOL_VERSION,
                                   .map_size = f->o.map_size,
                                   .tables = names,
                                   .n_tables = SPOOL_TABLE_COUNT,
                                   .nosync = true };
    struct err e = { 0 };
    struct env_txn t;
    struct env *env = env_open(&o, &e);
    assert_non_null(env);
    assert_true(env_begin(env, &t, true));
    how(&t);
    assert_true(env_commit(&t, &e));
    env_close(env);
}

static void damage_is_found(void **ctx)
{
    static const struct {
        void (*how)(struct env_txn *t);
        const char *says;
    } rows[] = {
        { none, "" },           { text, "text" },        { queue, "queue" },
        { held, "held" },       { counters, "counted" }, { numbers, "by its number" },
        { inbound, "inbound" }, { tally, "counted" },    { suppressed, "suppression" },
        { state, "queue" },
    };
    (void)ctx;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        void *own;
        fx_setup(&own);
        struct fx *f = own;
        struct spool_checked checked;
        struct err e = { 0 };
        fill(f);
        if (!spool_check(f->r, &checked, &e)) {
            fail_msg("a sound spool: %s", e.text);
        }
        assert_int_equal(checked.messages, 3);
        assert_int_equal(checked.inbound, 1);
        assert_int_equal(checked.votes, 1);
        assert_int_equal(checked.consents, 1);
        fx_close(f);
        damage(f, rows[i].how);
        bool ok = spool_check_dir(&f->o, &checked, &e);
        if (ok != (rows[i].how == none) || !strstr(e.text, rows[i].says)) {
            fail_msg("row %zu: %s", i, e.text);
        }
        assert_true(ok || e.code == ERR_CORRUPT);
        fx_remove(f);
        free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(damage_is_found) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
