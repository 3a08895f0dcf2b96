#include "base/heap.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#define NODES 200

static void in_order(const struct heap *h)
{
    for (size_t i = 0; i < h->count; i++) {
        assert_int_equal(h->nodes[i]->place, i + 1);
        if (i) {
            assert_true(h->nodes[(i - 1) / 2]->key <= h->nodes[i]->key);
        }
    }
}

static void it_does_what_a_naive_model_does(void **state)
{
    (void)state;
    struct rnd rnd;
    rnd_seed(&rnd, 5);
    struct heap h = { 0 };
    struct heap_node nodes[NODES] = { 0 };
    bool inside[NODES] = { 0 };
    size_t count = 0;
    for (int step = 0; step < 20000; step++) {
        size_t i = (size_t)rnd_below(&rnd, NODES);
        switch (rnd_below(&rnd, 4)) {
        case 0:
        case 1: { /* push, or move */
            int64_t key = (int64_t)rnd_below(&rnd, 100) - 50;
            assert_true(heap_push(&h, &nodes[i], key));
            assert_int_equal(nodes[i].key, key);
            count += !inside[i];
            inside[i] = true;
            break;
        }
        case 2: /* remove, also of what is not in */
            heap_remove(&h, &nodes[i]);
            count -= inside[i];
            inside[i] = false;
            assert_int_equal(nodes[i].place, 0);
            break;
        default: {
            int64_t least = INT64_MAX;
            for (size_t k = 0; k < NODES; k++) {
                least = inside[k] && nodes[k].key < least ? nodes[k].key : least;
            }
            struct heap_node *n = heap_pop(&h);
            assert_int_equal(n != NULL, count > 0);
            if (n) {
                assert_true(inside[n - nodes]);
                assert_true(n->key == least);
                assert_int_equal(n->place, 0);
                inside[n - nodes] = false;
                count--;
            }
        }
        }
        assert_int_equal(h.count, count);
        in_order(&h);
    }
    heap_free(&h);
    for (size_t k = 0; k < NODES; k++) {
        assert_int_equal(nodes[k].place, 0);
    }
}

static void it_sorts_the_ends_of_the_range(void **state)
{
    (void)state;
    static const int64_t keys[] = { 5, INT64_MAX, -5, INT64_MIN, 0, 0 };
    struct heap_node nodes[6] = { 0 };
    struct heap h = { 0 };
    for (int i = 0; i < 6; i++) {
        heap_push(&h, &nodes[i], keys[i]);
    }
    int64_t last = INT64_MIN;
    for (int i = 0; i < 6; i++) {
        assert_ptr_equal(heap_min(&h), h.nodes[0]);
        int64_t key = heap_pop(&h)->key;
        assert_true(key >= last);
        last = key;
    }
    assert_null(heap_min(&h));
    assert_null(heap_pop(&h));
    heap_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_does_what_a_naive_model_does),
        cmocka_unit_test(it_sorts_the_ends_of_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
