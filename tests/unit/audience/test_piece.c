/* What an evaluation keeps of 65,536 customers, in each of its forms, agrees with an array of truths; sets
 * made of such pieces are as good as any other; few rows are told like many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audience/eval_few.h"
#include "audience/piece.h"
#include "base/random.h"

enum form { NOBODY, FEW, LIST_FULL, MANY, RUN, EVERYBODY, FORMS };

/* Truths of a density; the set is of container `number`. */
static struct audience_set *random_truths(struct rnd *r, enum form form, uint32_t number, bool *truths)
{
    struct audience_set *s = audience_set_new();
    const uint32_t first = number * PIECE_BITS;
    const uint64_t sparse = 1 + rnd_below(r, 300);
    for (uint32_t i = 0, n = 0; i < PIECE_BITS; i++) {
        truths[i] = form == FEW         ? rnd_below(r, sparse * 20) == 0
                    : form == LIST_FULL ? n < SET_LIST_MOST && i % 16 == 3
                    : form == MANY      ? rnd_below(r, 3) == 0
                    : form == RUN       ? i / 1000 % 7 == 2
                                        : form == EVERYBODY;
        n += truths[i];
        if (truths[i])
            audience_set_add(s, first + i);
    }
    if (form >= RUN)
        audience_set_compact(s);
    return s;
}

/* The octets of its one container, as the index has them. */
static struct bitmap_container container_of(const struct audience_set *s, struct buf *octets)
{
    struct bitmap_container c;
    assert_true(bitmap_to_octets(s->r, octets));
    assert_true(bitmap_container_open((struct strv){ (char *)octets->data, octets->len }, &c));
    return c;
}

static void check_piece(struct piece *p, const bool *truths)
{
    struct set_packer packer = { .containers = 1 };
    static uint32_t ids[PIECE_BITS];
    bool any = false;
    for (uint32_t i = 0; i < PIECE_BITS; i++)
        any |= truths[i];
    assert_int_equal(piece_any(p), any);
    assert_true(piece_pack(p, &packer));
    struct audience_set *s = set_packer_finish(&packer);
    assert_non_null(s);
    const size_t n = (size_t)audience_set_count(s);
    assert_int_equal(audience_set_read(s, 0, ids, n), n);
    size_t k = 0;
    for (uint32_t i = 0; i < PIECE_BITS; i++)
        if (truths[i])
            assert_int_equal(ids[k++], p->number * PIECE_BITS + i);
    assert_int_equal(k, n);
    audience_set_free(s);
}

/* Given every form of candidates and of a stored container, then what is kept is what both have; and of a
 * filter, what it has or has not. */
static void what_is_kept(void **state)
{
    (void)state;
    static bool a[PIECE_BITS], b[PIECE_BITS], want[PIECE_BITS];
    static struct piece p, q;
    struct buf octets_a = { 0 }, octets_b = { 0 };
    struct rnd r;
    rnd_seed(&r, 11);
    for (int form = FEW; form < FORMS * FORMS; form++) {
        const enum form form_a = (enum form)(form / FORMS), form_b = (enum form)(form % FORMS);
        if (form_a == NOBODY || form_b == NOBODY)
            continue;
        struct audience_set *x = random_truths(&r, form_a, 3, a), *y = random_truths(&r, form_b, 3, b);
        const struct bitmap_container ca = container_of(x, &octets_a), cb = container_of(y, &octets_b);
        uint64_t words[PIECE_WORDS];
        bitmap_container_words(&cb, words);
        for (int way = 0; way < 4; way++) { /* and; of a list; filter in; filter out */
            piece_begin(&q, 3, &ca);
            piece_copy(&p, &q);
            if (way == 1)
                piece_to_list(&p);
            if (way < 2)
                assert_true(piece_and(&p, &cb));
            else
                piece_filter(&p, words, way == 3);
            for (uint32_t i = 0; i < PIECE_BITS; i++)
                want[i] = a[i] && b[i] == (way != 3);
            check_piece(&p, want);
            piece_to_words(&p);
            check_piece(&p, want);
            if (piece_to_list(&p))
                check_piece(&p, want);
        }
        audience_set_free(x);
        audience_set_free(y);
    }
    buf_free(&octets_a);
    buf_free(&octets_b);
}

/* Given a stored list whose places do not ascend, then it is refused and nothing is made of it. */
static void a_torn_list_is_refused(void **state)
{
    (void)state;
    static bool truths[PIECE_BITS];
    static struct piece p;
    struct buf octets = { 0 }, run = { 0 };
    struct rnd r;
    rnd_seed(&r, 12);
    struct audience_set *few = random_truths(&r, FEW, 0, truths),
                        *all = random_truths(&r, EVERYBODY, 0, truths);
    const struct bitmap_container c = container_of(few, &octets), everybody = container_of(all, &run);
    assert_true(c.kind == CONTAINER_ARRAY && c.n > 2);
    memcpy(octets.data + octets.len - 2, octets.data + octets.len - 4, 2);
    piece_begin(&p, 0, &everybody);
    assert_int_equal(p.kind, PIECE_ALL);
    assert_false(piece_and(&p, &c));
    piece_begin(&p, 0, &everybody);
    piece_to_words(&p);
    assert_false(piece_and(&p, &c));
    buf_free(&octets);
    buf_free(&run);
    audience_set_free(few);
    audience_set_free(all);
}

#define CONTAINERS 9u

/* A packed set of containers of all forms, made by two in turns of any length, and the same made one by one.
 */
static struct audience_set *packed_set(struct rnd *r, bool *truths, struct audience_set **plain)
{
    struct set_packer packers[2] = { { .containers = (uint32_t)rnd_below(r, 2 * CONTAINERS) } };
    static struct piece p;
    struct buf octets = { 0 };
    const uint64_t alone = rnd_below(r, 3);
    *plain = audience_set_new();
    for (uint32_t i = 0; i < CONTAINERS; i++) {
        struct audience_set *s =
            random_truths(r, (enum form)rnd_below(r, FORMS), i, truths + (size_t)i * PIECE_BITS);
        if (!audience_set_empty(s)) {
            const struct bitmap_container c = container_of(s, &octets);
            piece_begin(&p, i, &c);
            assert_true(piece_pack(&p, &packers[alone < 2 ? alone : rnd_below(r, 2)]));
        }
        audience_set_or(*plain, s);
        audience_set_free(s);
    }
    buf_free(&octets);
    assert_true(set_packer_join(&packers[0], &packers[1]));
    set_packer_free(&packers[1]);
    struct audience_set *s = set_packer_finish(&packers[0]);
    assert_non_null(s);
    return s;
}

/* Given a packed set, then it answers, is copied, stored and changed like any other, and the copy stays. */
static void a_packed_set_is_a_set(void **state)
{
    (void)state;
    static bool truths[CONTAINERS * PIECE_BITS], others[CONTAINERS * PIECE_BITS];
    struct rnd r;
    struct err e;
    struct buf octets = { 0 };
    rnd_seed(&r, 13);
    for (int round = 0; round < 12; round++) {
        struct audience_set *plain, *other, *s = packed_set(&r, truths, &plain);
        struct audience_set *t = packed_set(&r, others, &other), *copy = audience_set_copy(s);
        assert_true(audience_set_equal(s, plain));
        assert_true(audience_set_equal(copy, s));
        buf_clear(&octets);
        assert_true(audience_set_serialize(s, &octets));
        struct audience_set *back =
            audience_set_deserialize((struct strv){ (char *)octets.data, octets.len }, &e);
        assert_true(audience_set_equal(back, plain));
        uint64_t counts[9], both = 0;
        const struct audience_set *three[3] = { s, other, t };
        assert_true(audience_sets_overlap(three, 3, 1, counts));
        for (size_t i = 0; i < CONTAINERS * PIECE_BITS; i++)
            both += truths[i] && others[i];
        assert_int_equal(counts[0], audience_set_count(plain));
        assert_int_equal(counts[1], both);
        assert_int_equal(counts[2], both);
        assert_int_equal(counts[5], audience_set_count(t));
        assert_int_equal(counts[6], both);
        assert_true(round % 3 == 0   ? audience_set_or(s, t) && audience_set_or(plain, other)
                    : round % 3 == 1 ? audience_set_and(s, t) && audience_set_and(plain, other)
                                     : audience_set_andnot(s, t) && audience_set_andnot(plain, other));
        assert_true(audience_set_equal(s, plain));
        assert_true(audience_set_equal(copy, back));
        assert_true(audience_set_add(copy, 5) && audience_set_remove(copy, 5));
        assert_false(audience_set_contains(copy, 5));
        assert_true(audience_set_clear(t) && audience_set_empty(t));
        audience_set_compact(s);
        assert_true(audience_set_equal(s, plain));
        struct audience_set *const all[] = { s, t, copy, back, plain, other };
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            audience_set_free(all[i]);
    }
    buf_free(&octets);
}

/* Given sets over millions of customers, then two threads count what one does. */
static void two_threads_count_as_one(void **state)
{
    (void)state;
    const struct audience_set *sets[5];
    struct audience_set *made[5];
    uint64_t one[25], two[25];
    struct rnd r;
    rnd_seed(&r, 15);
    for (size_t i = 0; i < 5; i++) {
        sets[i] = made[i] = audience_set_new();
        for (uint32_t container = 0; container < 60; container++) {
            const uint32_t first = container * PIECE_BITS + (uint32_t)rnd_below(&r, 60000);
            for (uint64_t k = rnd_below(&r, 300); k > 0; k--)
                audience_set_add(made[i], container * PIECE_BITS + (uint32_t)rnd_below(&r, 2000));
            if (rnd_below(&r, 2))
                audience_set_add_range(made[i], first, first + rnd_below(&r, 5000));
        }
    }
    assert_true(audience_sets_overlap(sets, 5, 1, one) && audience_sets_overlap(sets, 5, 2, two));
    assert_memory_equal(one, two, sizeof one);
    for (size_t i = 0; i < 25; i++)
        assert_int_equal(one[i], audience_set_and_count(sets[i / 5], sets[i % 5]));
    for (size_t i = 0; i < 5; i++)
        audience_set_free(made[i]);
}

/* Given rows of every width and tests of every kind, then of a list those stay that a look at each row keeps.
 */
static void few_rows_as_many(void **state)
{
    (void)state;
    static const int64_t spreads[] = { 200, 60000, 4000000000, INT64_MAX / 2 };
    static int64_t values[1000];
    uint64_t codes[4] = { 0x5555, 0, UINT64_MAX, 1 };
    struct buf b = { 0 };
    struct rnd r;
    rnd_seed(&r, 14);
    for (int round = 0; round < 400; round++) {
        const int64_t spread = spreads[round % 4], first = (int64_t)rnd_below(&r, 5000) - 900;
        uint16_t list[1000], kept[1000];
        size_t n = 0, k = 0;
        for (size_t i = 0; i < 1000; i++) {
            values[i] =
                round == 7 || rnd_below(&r, 4) == 0 ? PACKED_UNSET : (int64_t)rnd_below(&r, (uint64_t)spread);
            if (first + (int64_t)i >= 0 && rnd_below(&r, 3) == 0)
                list[n++] = (uint16_t)(first + (int64_t)i);
        }
        struct scan_test t = { .kind = round % 5 == 0 ? SCAN_CODES : SCAN_RANGE,
                               .outside = rnd_below(&r, 2) };
        t.low = (int64_t)rnd_below(&r, (uint64_t)spread);
        t.high = t.low + (int64_t)rnd_below(&r, (uint64_t)spread) - spread / 4;
        t.codes = codes;
        t.n_codes = 256;
        struct packed p;
        buf_clear(&b);
        assert_true(packed_encode(&b, values, 1000) && packed_open(&p, b.data, b.len, NULL));
        const bool negated = rnd_below(&r, 2);
        const size_t got = scan_few(&p, first, &t, negated, list, n, kept);
        for (size_t i = 0; i < n; i++)
            if (scan_value(values[list[i] - first], &t) != negated)
                assert_int_equal(kept[k++], list[i]);
        assert_int_equal(got, k);
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept),          cmocka_unit_test(a_torn_list_is_refused),
        cmocka_unit_test(a_packed_set_is_a_set), cmocka_unit_test(two_threads_count_as_one),
        cmocka_unit_test(few_rows_as_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
