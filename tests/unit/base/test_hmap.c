#include "base/hmap.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#define MODEL 512

/* The model: present[k] and value[k] for the few keys that occur. Key 0 is among them. */
struct model {
    bool present[MODEL];
    uint64_t value[MODEL];
    size_t count;
};

/* Keys far apart and close together: neighbours, multiples of a big power of two, all-ones. */
static uint64_t model_key(size_t i)
{
    return i < MODEL / 2 ? i : i < MODEL - 1 ? (uint64_t)i << 40 : UINT64_MAX;
}

static void agree(const struct hmap *m, const struct model *model)
{
    assert_int_equal(hmap_count(m), model->count);
    size_t seen = 0, pos = 0;
    uint64_t key, value;
    while (hmap_next(m, &pos, &key, &value)) {
        size_t i = key == UINT64_MAX ? MODEL - 1 : key < MODEL / 2 ? (size_t)key : (size_t)(key >> 40);
        assert_true(model->present[i]);
        assert_true(model->value[i] == value);
        seen++;
    }
    assert_int_equal(seen, model->count);
    for (size_t i = 0; i < MODEL; i++) {
        uint64_t got = 0;
        assert_int_equal(hmap_get(m, model_key(i), &got), model->present[i]);
        assert_true(!model->present[i] || got == model->value[i]);
    }
}

static void it_does_what_a_naive_model_does(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 4);
    struct hmap m = { 0 };
    struct model model = { 0 };
    for (int step = 0; step < 60000; step++) {
        size_t i = (size_t)rnd_below(&rnd, MODEL);
        /* the share of deletions swings, so that the table fills and empties */
        if (rnd_below(&rnd, 100) < (step / 3000 % 2 ? 30u : 70u)) {
            uint64_t v = rnd_u64(&rnd);
            assert_true(hmap_put(&m, model_key(i), v));
            model.count += !model.present[i];
            model.present[i] = true;
            model.value[i] = v;
        } else {
            assert_int_equal(hmap_del(&m, model_key(i)), model.present[i]);
            model.count -= model.present[i];
            model.present[i] = false;
        }
        if (step % 500 == 0) {
            agree(&m, &model);
        }
    }
    agree(&m, &model);
    hmap_clear(&m);
    model = (struct model){ 0 };
    agree(&m, &model);
    hmap_free(&m);
}

static void an_empty_map_answers(void **state)
{
    (void)state;
    struct hmap m = { 0 };
    uint64_t key, value;
    size_t pos = 0;
    assert_false(hmap_get(&m, 1, NULL));
    assert_false(hmap_get(&m, 0, NULL));
    assert_false(hmap_del(&m, 1));
    assert_false(hmap_del(&m, 0));
    assert_false(hmap_next(&m, &pos, &key, &value));
    assert_int_equal(hmap_count(&m), 0);
    hmap_clear(&m);
    hmap_free(&m);
    hmap_free(&m);
}

static void key_zero_is_a_key(void **state)
{
    (void)state;
    struct hmap m = { 0 };
    uint64_t key = 1, value = 1;
    size_t pos = 0;
    assert_true(hmap_put(&m, 0, 42));
    assert_true(hmap_get(&m, 0, &value));
    assert_int_equal(value, 42);
    assert_true(hmap_next(&m, &pos, &key, &value));
    assert_int_equal(key, 0);
    assert_false(hmap_next(&m, &pos, &key, &value));
    assert_true(hmap_del(&m, 0));
    assert_int_equal(hmap_count(&m), 0);
    hmap_free(&m);
}

static void many_entries_stay_below_the_promised_load(void **state)
{
    (void)state;
    struct hmap m = { 0 };
    for (uint64_t i = 1; i <= 100000; i++) {
        assert_true(hmap_put(&m, i, ~i));
        assert_true(m.count * 8 <= (m.mask + 1) * 7);
    }
    for (uint64_t i = 1; i <= 100000; i++) {
        uint64_t v;
        assert_true(hmap_get(&m, i, &v));
        assert_true(v == ~i);
    }
    hmap_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_does_what_a_naive_model_does),
        cmocka_unit_test(an_empty_map_answers),
        cmocka_unit_test(key_zero_is_a_key),
        cmocka_unit_test(many_entries_stay_below_the_promised_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
