/* Given a file of customers, then what is stored, counted and refused is the same whether it comes in small
 * parts or in large ones that are read ahead, whatever happens in between. */
#include "audience_fixture.h"

#include "audience/fields.h"

#define ROWS 75000u /* more than a container of a set has, and not a multiple of a column's block */

static bool locate(void *ctx, uint64_t msisdn, struct strv zone, struct strv region,
                   struct audience_place_of *out)
{
    static const char *const clocks[] = { "GB Europe/London", "DE Europe/Berlin", "" };
    static const char *const regions[] = { "GB", "", "FR" };
    (void)ctx;
    (void)region;
    *out = (struct audience_place_of){ .clock = zone.n ? zone : strv_from(clocks[msisdn % 3]),
                                       .region = strv_from(regions[msisdn % 5 % 3]) };
    return msisdn % 7 != 0;
}

static const struct audience_locator locator = { .locate = locate };

static unsigned long long number_of(unsigned i)
{
    return 447700000000ULL + (i * 7919ULL) % 1000003;
}

/* Some are bad, some come twice, some say nothing but the number, and some are quoted over two lines. */
static struct strv many_customers(struct buf *b)
{
    buf_put_strv(b, STRV("phone,tier,tags,region,zone,signup,income,vip,city\n"));
    for (unsigned i = 0; i < ROWS; i++) {
        if (i % 1000 == 999) {
            buf_printf(b, "nobody,a,,,,,,,\n");
        } else if (i % 1000 == 500) {
            buf_printf(b, "+%llu,,,,,,,,\n", number_of(i));
        } else if (i % 40 == 39) { /* again, changed */
            buf_printf(b, "+%llu,tier%u,late;a,,,,,,\n", number_of(i - 30), i % 7);
        } else {
            buf_printf(b, "+%llu,tier%u,tag%u;a;Tag%u;z,%s,%s,20%02u-0%u-1%u,%u.5,%s,", number_of(i), i % 5,
                       i % 300, i % 11, i % 13 ? "" : "FR", i % 17 ? "" : "Asia/Tokyo", i % 26, 1 + i % 9,
                       i % 10, i % 5000, i % 3 ? "yes" : "no");
            if (i % 97 == 0) {
                buf_printf(b, "\"a \"\"city\"\"\nof %u\"\n", i % 1000);
            } else {
                buf_printf(b, "a city of %u\n", i % 1000);
            }
        }
    }
    return (struct strv){ (const char *)b->data, b->len };
}

/* Where a part of about so many octets ends: a line that begins with a number, or "nobody". */
static size_t part_end(struct strv text, size_t at, size_t size)
{
    size_t end = at + size;
    while (end < text.n && !(text.p[end - 1] == '\n' && (text.p[end] == '+' || text.p[end] == 'n'))) {
        end++;
    }
    return end < text.n ? end : text.n;
}

static struct audience_import *begin(struct fixture *f, struct audience_import_options *o)
{
    struct err e = { 0 };
    *o = (struct audience_import_options){
        .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW, .locator = &locator, .locator_ahead = &locator
    };
    struct audience_import *im = audience_import_begin(f->a, o, &e);
    assert_non_null(im);
    return im;
}

static void import_parts(struct fixture *f, struct strv text, size_t size, bool soon)
{
    struct err e = { 0 };
    struct audience_import_options o;
    struct audience_import *im = begin(f, &o);
    for (size_t at = 0, end; at < text.n; at = end) {
        end = part_end(text, at, size);
        if (soon) {
            audience_import_soon(im, strv_sub(text, end, part_end(text, end, size) - end));
        }
        if (!audience_import_chunk(im, at, strv_sub(text, at, end - at), end == text.n, &e)) {
            fail_msg("%s", e.text);
        }
    }
    fixture_note(f, im);
    audience_import_free(im);
    fixture_verify(f);
}

struct everybody {
    struct buf text;
    unsigned n;
};

static bool put_everybody(void *ctx, const struct audience_customer *c)
{
    struct everybody *x = ctx;
    x->n++;
    buf_printf(&x->text, "%u " STRV_FMT " ", c->id, STRV_ARG(c->clock));
    fixture_put_customer(&x->text, c);
    return buf_put_u8(&x->text, '\n');
}

/* Every customer with clock and fields. The caller frees it. */
static struct everybody everybody(struct fixture *f)
{
    struct everybody x = { .n = 0 };
    struct err e = { 0 };
    uint32_t *ids = malloc(ROWS * sizeof(*ids));
    struct audience_view *v = audience_view_begin(f->a, &e);
    for (uint32_t i = 0; i < ROWS; i++) {
        ids[i] = i;
    }
    assert_true(audience_load_batch(v, ids, ROWS, put_everybody, &x, &e));
    audience_view_end(v);
    free(ids);
    return x;
}

static void same(struct fixture *f, struct fixture *g)
{
    struct everybody x = everybody(f), y = everybody(g);
    assert_true(x.n > 70000);
    assert_int_equal(x.n, y.n);
    assert_int_equal(x.text.len, y.text.len);
    assert_memory_equal(x.text.data, y.text.data, x.text.len);
    assert_int_equal(f->progress.rows, g->progress.rows);
    assert_int_equal(f->progress.lines, g->progress.lines);
    assert_int_equal(f->progress.created, g->progress.created);
    assert_int_equal(f->progress.updated, g->progress.updated);
    assert_int_equal(f->progress.unchanged, g->progress.unchanged);
    assert_int_equal(f->progress.rejected, g->progress.rejected);
    assert_string_equal(f->rejects, g->rejects);
    buf_free(&x.text);
    buf_free(&y.text);
}

static struct fixture *another(void)
{
    void *g;
    fixture_setup(&g);
    return g;
}

static void remove_another(struct fixture *g)
{
    void *state = g;
    fixture_teardown(&state);
}

static void large_parts_are_the_same_as_small_ones(void **state)
{
    static const struct {
        size_t size;
        bool soon;
    } ways[] = { { (size_t)1 << 30, false }, { 1500000, true }, { 100000, true } };
    struct fixture *f = *state;
    struct buf b = { 0 };
    struct strv text = many_customers(&b);
    import_parts(f, text, 50000, false);
    assert_int_equal(f->progress.rejected, ROWS / 1000);
    assert_true(f->progress.updated > 1000);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct fixture *g = another();
        import_parts(g, text, ways[i].size, ways[i].soon);
        same(f, g);
        remove_another(g);
    }
    buf_free(&b);
}

/* Given parts that were announced, when another comes instead, or a field is renamed, or one cannot be done,
 * then what was read of them does not count. */
static void what_was_read_ahead_can_be_for_nothing(void **state)
{
    struct fixture *f = *state, *g = another();
    struct buf b = { 0 };
    struct err e = { 0 };
    struct strv text = many_customers(&b);
    struct audience_import_options o;
    size_t ends[5] = { 0 };
    import_parts(f, text, 50000, false);
    struct audience_import *im = begin(g, &o);
    for (size_t i = 1; i < 5; i++) {
        ends[i] = i == 4 ? text.n : part_end(text, ends[i - 1], text.n / 4);
    }
#define PART(i) strv_sub(text, ends[i], ends[(i) + 1] - ends[i])
    audience_import_soon(im, PART(3)); /* which it is not */
    assert_true(audience_import_chunk(im, ends[0], PART(0), false, &e));
    audience_import_soon(im, PART(2));
    assert_false(audience_import_chunk(im, ends[1] + 1, PART(1), false, &e)); /* there is a gap */
    assert_int_equal(e.code, ERR_STATE);
    audience_import_soon(im, PART(2));
    assert_true(audience_import_chunk(im, ends[1], PART(1), false, &e));
    struct strv torn = strv_sub(PART(2), 0, PART(2).n - 1); /* not the octets that were announced */
    assert_false(audience_import_chunk(im, ends[2], torn, false, &e));
    audience_import_soon(im, PART(3));
    assert_true(audience_import_chunk(im, ends[2], PART(2), false, &e));
    assert_true(audience_rename_field(g->a, STRV("city"), STRV("town"), &e));
    assert_true(audience_rename_field(g->a, STRV("town"), STRV("city"), &e));
    assert_true(audience_import_chunk(im, ends[3], PART(3), true, &e));
#undef PART
    fixture_note(g, im);
    audience_import_free(im);
    fixture_verify(g);
    same(f, g);
    remove_another(g);
    buf_free(&b);
}

/* Reads at a tenth of its speed, so that it is still reading when applying ends. */
static bool locate_slowly(void *ctx, uint64_t msisdn, struct strv zone, struct strv region,
                          struct audience_place_of *out)
{
    volatile uint64_t spin = msisdn;
    for (unsigned i = 0; i < 3000; i++) {
        spin = spin * 31 + i;
    }
    return locate(ctx, msisdn, zone, region, out);
}

/* Given an import of all or nothing, when the store is full in the middle of it, then it is refused with what
 * was read ahead, and begins from nothing. */
static void a_full_store_refuses_all_of_it(void **state)
{
    static const struct audience_locator slow = { .locate = locate_slowly };
    struct fixture *f = *state;
    struct buf b = { 0 };
    struct err e = { 0 };
    struct strv text = many_customers(&b);
    const struct audience_options small = { .dir = f->dir, .map_size = 1 << 20, .nosync = true };
    const struct audience_import_options o = { .kind = IMPORT_CUSTOMERS,
                                               .now = FIXTURE_NOW,
                                               .atomic = true,
                                               .locator = &locator,
                                               .locator_ahead = &slow };
    audience_close(f->a);
    fixture_remove(f->dir);
    f->a = audience_open(&small, &e);
    assert_non_null(f->a);
    struct audience_import *im = audience_import_begin(f->a, &o, &e);
    for (int i = 0; i < 3; i++) {
        assert_false(audience_import_chunk(im, 0, text, true, &e));
        assert_int_equal(e.code, ERR_FULL);
        assert_int_equal(audience_import_progress(im)->offset, 0);
    }
    audience_import_free(im);
    fixture_verify(f);
    buf_free(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(large_parts_are_the_same_as_small_ones),
        T(what_was_read_ahead_can_be_for_nothing),
        T(a_full_store_refuses_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
