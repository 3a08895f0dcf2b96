#include "base/random.h"
#include "base/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

struct item { /* an odd size on purpose */
    uint8_t octets[7];
};

static struct item item_of(uint32_t v)
{
    struct item it = { { 0 } };
    memcpy(it.octets, &v, sizeof v);
    it.octets[6] = (uint8_t)~v;
    return it;
}

static void it_does_what_a_naive_model_does(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 6);
    struct ring r;
    ring_init(&r, sizeof(struct item), 100);
    uint32_t model[100];
    size_t count = 0;
    for (uint32_t step = 0; step < 40000; step++) {
        struct item it = item_of(step), out;
        bool filling = step / 1000 % 2 == 0;
        if (rnd_below(&rnd, 10) < (filling ? 6u : 3u)) {
            bool front = rnd_below(&rnd, 3) == 0;
            bool ok = front ? ring_push_front(&r, &it) : ring_push(&r, &it);
            assert_int_equal(ok, count < 100);
            if (ok) {
                if (front) {
                    memmove(model + 1, model, count * sizeof *model);
                }
                model[front ? 0 : count] = step;
                count++;
            }
        } else {
            assert_int_equal(ring_pop(&r, &out), count > 0);
            if (count) {
                struct item want = item_of(model[0]);
                assert_memory_equal(&out, &want, sizeof out);
                memmove(model, model + 1, --count * sizeof *model);
            }
        }
        assert_int_equal(ring_count(&r), count);
        assert_null(ring_at(&r, count));
        for (size_t i = 0; i < count; i++) {
            struct item want = item_of(model[i]);
            assert_memory_equal(ring_at(&r, i), &want, sizeof want);
        }
        assert_ptr_equal(ring_peek(&r), ring_at(&r, 0));
    }
    ring_free(&r);
}

static void without_a_limit_it_grows(void **state)
{
    (void)state;
    struct ring r;
    ring_init(&r, sizeof(uint32_t), 0);
    assert_null(ring_peek(&r));
    assert_false(ring_pop(&r, NULL));
    for (uint32_t i = 0; i < 10000; i++) {
        assert_true(ring_push(&r, &i));
    }
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(*(uint32_t *)ring_peek(&r), i);
        assert_true(ring_pop(&r, NULL));
    }
    ring_free(&r);
    assert_int_equal(ring_count(&r), 0);
    uint32_t again = 1;
    assert_true(ring_push(&r, &again)); /* free keeps what it was made for */
    ring_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_does_what_a_naive_model_does),
        cmocka_unit_test(without_a_limit_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
