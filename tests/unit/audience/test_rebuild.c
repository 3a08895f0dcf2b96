/* An index that is damaged is found out, and made anew from the records; what was deleted is not in the files
 * after they were written anew. */
#include "audience_fixture.h"

#include "audience/audience_inside.h"
#include "audience/eval.h"
#include "audience/rebuild.h"
#include "audience/segment.h"
#include "store/columns.h"
#include "store/env.h"
#include "store/events_block.h"
#include "store/members.h"

#define PEOPLE 9000 /* three blocks of columns */

static void import_people(struct fixture *f)
{
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("phone,first_name,tags,total\n"));
    for (int i = 0; i < PEOPLE; i++) {
        buf_printf(&b, "+4477009%05d,Name%d,T%d;U%d,%d.50\n", i, i % 90, i % 7, i % 31, i % 500);
    }
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW };
    struct err e = { 0 };
    struct audience_import *im = audience_import_begin(f->a, &o, &e);
    assert_non_null(im);
    if (!audience_import_chunk(im, 0, (struct strv){ (const char *)b.data, b.len }, true, &e)) {
        fail_msg("%s", e.text);
    }
    audience_import_free(im);
    buf_free(&b);
}

static bool whole(struct fixture *f)
{
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    bool ok = audience_verify(v, &e);
    audience_view_end(v);
    return ok;
}

static void rebuild(struct fixture *f)
{
    struct audience_rebuild r = { 0 };
    struct err e = { 0 };
    while (!r.finished) {
        if (!audience_rebuild_slice(f->a, &r, &e)) {
            fail_msg("%s", e.text);
        }
    }
    assert_true(r.done > 4);
}

/* --- ways of doing damage --- */

static void damage_column(struct catalog_txn *t)
{
    const struct column_change c = { .customer = 4500, .value = 7 };
    column_apply(t, 8, &c, 1);
}
static void damage_beyond(struct catalog_txn *t)
{
    const struct column_change c = { .customer = 4032 * 40, .value = 7 };
    column_apply(t, 8, &c, 1);
}
static void damage_set(struct catalog_txn *t)
{
    members_put(t, FIELD_TAGS, 1, 0, strv_from(NULL));
}
static void damage_torn_set(struct catalog_txn *t)
{
    members_put(t, FIELD_TAGS, 2, 0, STRV("this is no bitmap"));
}
static void damage_place(struct catalog_txn *t) /* the right members, where nobody looks */
{
    struct strv octets;
    static char copy[16384];
    assert_true(members_get(t, FIELD_TAGS, 1, 0, &octets) && octets.n <= sizeof(copy));
    memcpy(copy, octets.p, octets.n);
    members_put(t, FIELD_TAGS, 1, 7, (struct strv){ copy, octets.n });
    members_put(t, FIELD_TAGS, 1, 0, strv_from(NULL));
}
static void damage_existing(struct catalog_txn *t)
{
    members_put(t, 0, MEMBERS_EXIST, 0, strv_from(NULL));
}
static void damage_number(struct catalog_txn *t)
{
    customer_put_number(t, UINT64_C(447700900007), 8);
}
static void damage_stray(struct catalog_txn *t)
{
    customer_put_number(t, UINT64_C(447700999999), 12345678);
}
static void damage_count(struct catalog_txn *t)
{
    catalog_set_number(t, CATALOG_CUSTOMERS, 3);
}

static void damage_is_found_and_mended(void **state)
{
    static const struct {
        const char *name;
        void (*how)(struct catalog_txn *t);
        bool silent; /* no query sees it: verify need not either */
    } rows[] = {
        { "column", damage_column, false },     { "beyond", damage_beyond, true },
        { "set", damage_set, false },           { "place", damage_place, false },
        { "torn set", damage_torn_set, false }, { "existing", damage_existing, false },
        { "number", damage_number, false },     { "stray", damage_stray, false },
        { "count", damage_count, false },
    };
    struct fixture *f = *state;
    import_people(f);
    assert_true(whole(f));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err e = { 0 };
        struct catalog_txn *t = catalog_begin_write(f->a->catalog, &e);
        rows[i].how(t);
        assert_true(catalog_commit(t, &e));
        if (!rows[i].silent && whole(f)) {
            fail_msg("damage not found: %s", rows[i].name);
        }
        rebuild(f);
        if (!whole(f)) {
            fail_msg("not mended: %s", rows[i].name);
        }
    }
}

static void others_write_between_the_slices(void **state)
{
    struct fixture *f = *state;
    struct audience_rebuild r = { 0 };
    struct err e = { 0 };
    uint64_t gone = UINT64_C(447700900100);
    import_people(f);
    for (int i = 0; !r.finished; i++) {
        assert_true(audience_rebuild_slice(f->a, &r, &e));
        assert_true(audience_erase(f->a, gone + (uint64_t)i, &e));
        assert_true(whole(f));
    }
}

/* An import that goes on remembers codes of texts; one that an erasure took away is given anew. */
static void an_import_that_goes_on_forgets_too(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW };
    struct audience_import *im = audience_import_begin(f->a, &o, &e);
    const struct strv first =
        STRV("phone,first_name,tags\n+447700900001,Zed,rare;T1\n+447700900002,Ann,T1\n");
    const struct strv second = STRV("+447700900003,Zed,rare\n");
    assert_true(audience_import_chunk(im, 0, first, false, &e));
    assert_true(audience_erase(f->a, UINT64_C(447700900001), &e));
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_int_equal(dict_find(v->txn, 8, STRV("Zed")), 0);
    assert_int_equal(dict_find(v->txn, FIELD_TAGS, STRV("rare")), 0);
    assert_int_not_equal(dict_find(v->txn, 8, STRV("Ann")), 0);
    assert_int_not_equal(dict_find(v->txn, FIELD_TAGS, STRV("T1")), 0);
    audience_view_end(v);
    assert_true(audience_import_chunk(im, first.n, second, true, &e));
    audience_import_free(im);
    assert_true(whole(f));
    v = audience_view_begin(f->a, &e);
    uint32_t code = dict_find(v->txn, 8, STRV("Zed")), id;
    assert_int_not_equal(code, 0);
    assert_true(customer_find(v->txn, UINT64_C(447700900003), &id));
    assert_int_equal(column_get(v->txn, 8, id), code);
    audience_view_end(v);
}

/* --- lists of events --- */

static void import_purchases(struct fixture *f)
{
    struct buf b = { 0 };
    buf_put_strv(&b, STRV("phone,time,department\n"));
    for (int i = 0; i < 3000; i++) {
        buf_printf(&b, "+4477009%05d,2023-11-%02dT10:00:00Z,dept%d\n", i * 7 % 2000, 1 + i % 9, i % 11);
    }
    const struct audience_import_options o = { .kind = IMPORT_EVENTS,
                                               .event = strv_from("purchase"),
                                               .now = FIXTURE_NOW };
    struct err e = { 0 };
    struct audience_import *im = audience_import_begin(f->a, &o, &e);
    assert_non_null(im);
    if (!audience_import_chunk(im, 0, (struct strv){ (const char *)b.data, b.len }, true, &e)) {
        fail_msg("%s", e.text);
    }
    audience_import_free(im);
    buf_free(&b);
}

/* The first start of a code's entries lies far behind where they end. */
static void damage_lists(struct catalog_txn *t, uint8_t code)
{
    struct env_cursor c;
    struct events_block b;
    struct events_lists l;
    assert_true(env_cursor_open(&c, &t->env, TABLE_EVENT) && env_cursor_first(&c));
    assert_true(events_block_decode(&b, c.value.p, c.value.n) && b.n_lists == 1);
    events_lists_at(&b, 0, &l);
    const size_t at = (size_t)((const char *)(l.start + (code - 1u) * l.cells) - c.value.p), n = c.value.n;
    uint8_t key[14], *octets = malloc(n);
    memcpy(key, c.key.p, sizeof(key));
    memcpy(octets, c.value.p, n);
    for (size_t i = 0; i < 2 * (size_t)l.cells; i++) {
        octets[at + i] = 0xFF;
    }
    assert_true(env_cursor_put(&c, env_view(key, sizeof(key)), env_view(octets, n)));
    env_cursor_close(&c);
    free(octets);
}

/* How many are found; -1: refused as torn. */
static int64_t asked(struct fixture *f, const char *text)
{
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    struct query *q = segment_parse(v, strv_from(text), NULL, NULL);
    const struct eval_options o = { .now = INT64_C(1701000000) * USEC_SEC };
    assert_non_null(q);
    struct audience_set *set = eval_query(v, q, &o, NULL, &e);
    int64_t n = set ? (int64_t)audience_set_count(set) : -1;
    if (!set) {
        assert_int_equal(e.code, ERR_CORRUPT);
    }
    audience_set_free(set);
    query_free(q);
    audience_view_end(v);
    return n;
}

static void lists_that_lie_are_refused_and_mended(void **state)
{
    struct fixture *f = *state;
    static const char *const questions[] = {
        "count(purchase where department = \"dept0\") >= 1",
        "count(purchase where department = \"dept0\") >= 200",
        "count(purchase where department = \"dept0\" and hour = 10) >= 1",
        "days_since(purchase where department = \"dept0\") >= 1",
    };
    enum { QUESTIONS = sizeof(questions) / sizeof(questions[0]) };
    int64_t before[QUESTIONS];
    struct err e = { 0 };
    import_people(f);
    import_purchases(f);
    assert_true(whole(f));
    for (size_t i = 0; i < QUESTIONS; i++) {
        before[i] = asked(f, questions[i]);
    }
    assert_true(before[0] > 100 && before[1] == 0 && before[2] == before[0] && before[3] == before[0]);
    struct catalog_txn *t = catalog_begin_write(f->a->catalog, &e);
    damage_lists(t, 1);
    assert_true(catalog_commit(t, &e));
    assert_false(whole(f));
    for (size_t i = 0; i < QUESTIONS; i++) {
        assert_int_equal(asked(f, questions[i]), -1);
    }
    rebuild(f);
    assert_true(whole(f));
    for (size_t i = 0; i < QUESTIONS; i++) {
        assert_int_equal(asked(f, questions[i]), before[i]);
    }
}

/* --- writing anew --- */

static bool files_have(const struct fixture *f, const char *needle)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/audience.mdb", f->dir);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct buf b = { 0 };
    char piece[65536];
    for (size_t n; (n = fread(piece, 1, sizeof(piece), file)) > 0;) {
        buf_put(&b, piece, n);
    }
    fclose(file);
    bool found = memmem(b.data, b.len, needle, strlen(needle)) != NULL;
    buf_free(&b);
    return found;
}

static void a_compact_store_is_the_same_store(void **state)
{
    struct fixture *f = *state;
    struct env_compacted c;
    struct err e = { 0 };
    const struct catalog_options o = { .dir = f->dir, .map_size = (size_t)256 << 20, .nosync = true };
    import_people(f);
    struct audience_view *v = audience_view_begin(f->a, &e);
    uint64_t people = audience_count(v), change = v->change;
    audience_view_end(v);
    assert_false(catalog_compact(&o, &c, &e)); /* it is open */
    assert_int_equal(e.code, ERR_EXISTS);
    audience_close(f->a);
    assert_true(files_have(f, "Name77"));
    if (!catalog_compact(&o, &c, &e)) {
        fail_msg("%s", e.text);
    }
    assert_true(c.records > PEOPLE && c.after <= c.before);
    fixture_open(f);
    v = audience_view_begin(f->a, &e);
    assert_int_equal(audience_count(v), people);
    assert_int_equal(v->change, change);
    audience_view_end(v);
    assert_true(whole(f));
}

static void a_store_that_is_not_there_is_not_made(void **state)
{
    struct fixture *f = *state;
    struct env_compacted c;
    struct err e = { 0 };
    char dir[100], path[200];
    snprintf(dir, sizeof(dir), "%s/none", f->dir);
    const struct catalog_options o = { .dir = dir };
    assert_true(catalog_compact(&o, &c, &e));
    snprintf(path, sizeof(path), "%s/audience.mdb", dir);
    assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(damage_is_found_and_mended, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(others_write_between_the_slices, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_import_that_goes_on_forgets_too, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(lists_that_lie_are_refused_and_mended, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_compact_store_is_the_same_store, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_store_that_is_not_there_is_not_made, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
