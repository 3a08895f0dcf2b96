/* kill -9 in the middle of an import: what was reported as stored is there, the index agrees with the truth,
 * and the import goes on where it was, each row once. The environment is never open in the process that
 * forks. */
#include "audience_fixture.h"

#include "base/random.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CUSTOMERS 1500
#define EVENTS    4000
#define CHUNK     4096

static struct buf customers_text(void)
{
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("phone,first_name,tags,tier,signup\n"));
    for (int i = 0; i < CUSTOMERS; i++) {
        buf_printf(&b, "+4477%08d,Name%d,T%d;U%d,%s,2020-01-%02d\n", i, i % 90, i % 7, i % 31,
                   i % 3 ? "a" : "b", 1 + i % 28);
    }
    return b;
}

static struct buf events_text(void)
{
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("order_id,phone,date,amount,product\n"));
    for (int i = 0; i < EVENTS; i++) {
        buf_printf(&b, "%d,+4477%08d,2023-%02d-%02d,%d.%02d,P%d\n", i + 1, i * 7 % CUSTOMERS, 1 + i % 12,
                   1 + i % 28, i % 90, i % 100, i % 40);
    }
    return b;
}

static const struct audience_import_options imports[] = {
    { .session = STRV("c"), .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW },
    { .session = STRV("e"), .kind = IMPORT_EVENTS, .event = STRV("purchase"), .now = FIXTURE_NOW },
};

/* Imports what is left of both files; after each chunk says (which, octets done) and waits to be told to go
 * on, so that the kill comes in the chunk it was meant for, however busy the machine is. */
static void import_rest(struct audience *a, const struct buf *texts, int report)
{
    struct err e = { 0 };
    for (uint64_t which = 0; which < 2; which++) {
        struct audience_import *im = audience_import_begin(a, &imports[which], &e);
        assert_non_null(im);
        const struct buf *text = &texts[which];
        size_t at = audience_import_progress(im)->offset;
        while (!audience_import_progress(im)->finished) {
            size_t end = at + CHUNK < text->len ? at + CHUNK : text->len;
            while (end < text->len && text->data[end - 1] != '\n') {
                end++;
            }
            struct strv part = { (const char *)text->data + at, end - at };
            if (!audience_import_chunk(im, at, part, end == text->len, &e)) {
                fail_msg("%s", e.text);
            }
            at = end;
            const uint64_t said[2] = { which, at };
            if (report >= 0) {
                char go;
                assert_int_equal(write(report, said, sizeof(said)), sizeof(said));
                assert_int_equal(read(report, &go, 1), 1);
            }
        }
        audience_import_free(im);
    }
}

static struct audience *open_synced(const char *dir)
{
    const struct audience_options o = { .dir = dir, .map_size = (size_t)256 << 20 };
    struct err e = { 0 };
    struct audience *a = audience_open(&o, &e);
    if (!a) {
        fail_msg("open: %s", e.text);
    }
    return a;
}

/* Forks an import and kills it some chunks in. Gives what it had reported; false when it was done before. */
static bool killed_import(const char *dir, const struct buf *texts, struct rnd *r, uint64_t said[2])
{
    int pipes[2], status;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pipes[0]);
        struct audience *a = open_synced(dir);
        import_rest(a, texts, pipes[1]);
        audience_close(a);
        _exit(0);
    }
    close(pipes[1]);
    uint64_t got[2];
    bool alive = true;
    said[0] = said[1] = 0;
    for (uint64_t n = rnd_below(r, 8); alive && n > 0; n--) {
        alive = read(pipes[0], got, sizeof(got)) == sizeof(got);
        if (alive) {
            memcpy(said, got, sizeof(got));
            assert_int_equal(write(pipes[0], "", 1), 1);
        }
    }
    for (volatile uint64_t spin = rnd_below(r, 300000); spin > 0;
         spin--) { /* somewhere inside the next chunk */
    }
    kill(child, SIGKILL);
    while (read(pipes[0], got, sizeof(got)) == sizeof(got)) { /* reported before it died */
        memcpy(said, got, sizeof(got));
    }
    close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status);
}

static bool sum_block(void *ctx, const struct events_block *b)
{
    int64_t *sum = ctx;
    const struct packed *amount = events_column(b, 64);
    for (uint32_t i = 0; i < b->rows; i++) {
        sum[0]++;
        sum[1] += packed_get(amount, i);
    }
    return true;
}

static void check_consistent(struct audience *a, const uint64_t said[2])
{
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(a, &e);
    if (!audience_verify(v, &e)) {
        fail_msg("%s", e.text);
    }
    audience_view_end(v);
    struct audience_import *im = audience_import_begin(a, &imports[said[0]], &e);
    assert_true(audience_import_progress(im)->offset >= said[1]);
    audience_import_free(im);
}

static void an_import_that_is_killed_goes_on(void **state)
{
    (void)state;
    struct fixture f = { .dir = "/tmp/tessera-audience-XXXXXX" };
    struct buf texts[2] = { customers_text(), events_text() };
    struct rnd r;
    int64_t sum[2] = { 0, 0 }, cents = 0;
    int kills = 0;
    uint64_t said[2];
    rnd_seed(&r, 42);
    assert_non_null(mkdtemp(f.dir));
    for (int round = 0; round < 200 && killed_import(f.dir, texts, &r, said); round++) {
        kills++;
        f.a = open_synced(f.dir);
        check_consistent(f.a, said);
        audience_close(f.a);
    }
    assert_true(kills >= 5);
    f.a = open_synced(f.dir);
    import_rest(f.a, texts, -1);
    fixture_verify(&f);
    for (int i = 0; i < EVENTS; i++) {
        cents += i % 90 * 100 + i % 100;
    }
    struct audience_view *v = audience_view_begin(f.a, NULL);
    assert_int_equal(audience_count(v), CUSTOMERS);
    assert_true(events_each(v->txn, EVENT_PURCHASE, INT32_MIN, INT32_MAX, sum_block, sum));
    assert_int_equal(sum[0], EVENTS);
    assert_int_equal(sum[1], cents);
    audience_view_end(v);
    audience_close(f.a);
    fixture_remove(f.dir);
    buf_free(&texts[0]);
    buf_free(&texts[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(an_import_that_is_killed_goes_on) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
