/* The real purchase log of a music shop, imported as it is, against a plain reading of the two files. */
#include "audience_fixture.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "base/hmap.h"

#include <fcntl.h>

#define MOST 10000u /* customers */

struct customer_sum {
    uint64_t number;
    uint64_t count;
    int64_t cents;
    usec_t first, last;
};

static bool slurp(const char *name, struct buf *out)
{
    const char *dir = getenv("TESSERA_DATA");
    char path[1000];
    uint8_t part[65536];
    ssize_t n = 0;
    snprintf(path, sizeof(path), "%s/cdnow/%s", dir ? dir : "", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    while ((n = read(fd, part, sizeof(part))) > 0) {
        assert_true(buf_put(out, part, (size_t)n));
    }
    close(fd);
    return n == 0;
}

static struct customer_sum *sum_of(struct customer_sum *sums, struct hmap *places, uint64_t number)
{
    uint64_t place = hmap_count(places);
    if (!hmap_get(places, number, &place)) {
        assert_true(place < MOST);
        assert_true(hmap_put(places, number, place));
        sums[place].number = number;
    }
    return &sums[place];
}

/* order_id,customer_id,phone,date,quantity,amount; none of the fields is quoted. */
static uint64_t read_plainly(const struct buf *text, struct customer_sum *sums, struct hmap *places)
{
    struct strv rest = { (const char *)text->data, text->len }, line, field;
    uint64_t rows = 0;
    strv_next(&rest, '\n', &line);
    while (strv_next(&rest, '\n', &line)) {
        uint64_t number = 0;
        int32_t day = 0;
        int64_t cents = 0;
        line = strv_trim(line);
        if (!line.n) {
            continue;
        }
        for (int i = 0; strv_next(&line, ',', &field); i++) {
            if (i == 2) {
                assert_true(strv_to_u64(strv_sub(field, 1, field.n), &number));
            } else if (i == 3) {
                assert_true(civil_parse_date(field, &day));
            } else if (i == 5) {
                assert_true(decimal_parse(field, 2, &cents));
            }
        }
        struct customer_sum *s = sum_of(sums, places, number);
        usec_t at = day * USEC_DAY;
        s->first = !s->count || at < s->first ? at : s->first;
        s->last = !s->count || at > s->last ? at : s->last;
        s->count++;
        s->cents += cents;
        rows++;
    }
    return rows;
}

static bool add_block(void *ctx, const struct events_block *b)
{
    int64_t *cents = ctx;
    const struct packed *amount = events_column(b, 64);
    for (uint32_t i = 0; i < b->rows; i++) {
        cents[packed_get(&b->customer, i)] += amount && packed_raw(amount, i) ? packed_get(amount, i) : 0;
    }
    return true;
}

static void the_log_is_what_the_files_say(void **state)
{
    struct fixture *f = *state;
    struct buf customers = { 0 }, purchases = { 0 };
    if (!slurp("customers.csv", &customers) || !slurp("purchases.csv", &purchases)) {
        buf_free(&customers);
        buf_free(&purchases);
        skip();
    }
    struct customer_sum *sums = calloc(MOST, sizeof(*sums));
    int64_t *cents = calloc(MOST, sizeof(*cents)), total = 0;
    struct hmap places = { 0 };
    uint64_t rows = read_plainly(&purchases, sums, &places);
    struct audience_import_options o = { .kind = IMPORT_CUSTOMERS, .now = FIXTURE_NOW };
    assert_true(fixture_import(f, &o, (struct strv){ (char *)customers.data, customers.len }));
    assert_string_equal(f->rejects, "");
    assert_int_equal(f->progress.created, 2357);
    o.kind = IMPORT_EVENTS;
    o.event = STRV("purchase");
    assert_true(fixture_import(f, &o, (struct strv){ (char *)purchases.data, purchases.len }));
    assert_string_equal(f->rejects, "");
    assert_int_equal(f->progress.events, rows);
    fixture_verify(f);
    struct audience_view *v = audience_view_begin(f->a, NULL);
    assert_true(events_each(v->txn, EVENT_PURCHASE, INT32_MIN, INT32_MAX, add_block, cents));
    for (size_t i = 0; i < hmap_count(&places); i++) {
        uint32_t found;
        struct events_summary sum;
        assert_true(customer_find(v->txn, sums[i].number, &found));
        assert_int_equal(cents[found], sums[i].cents);
        total += cents[found];
        assert_true(i % 17 || events_summarize(v->txn, EVENT_PURCHASE, found, &sum));
        assert_true(i % 17 ||
                    (sum.count == sums[i].count && sum.first == sums[i].first && sum.last == sums[i].last));
    }
    assert_int_equal(rows, 6919);
    assert_int_equal(total, 24409194); /* as its description says */
    audience_view_end(v);
    hmap_free(&places);
    free(sums);
    free(cents);
    buf_free(&customers);
    buf_free(&purchases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_log_is_what_the_files_say, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
