#include "base/hmap.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

/* Key 0 marks a free slot; the entry of key 0 itself lives in the struct. `count` counts slots only. */
struct hmap_slot {
    uint64_t key, value;
};

#define SLOTS_MIN 16
/* At most 3 slots of 4 are taken: with linear probing a search for what is not there then looks at 8 of them
 * on average, and at 32 with 7 of 8. */
#define LOAD_MOST 3
#define LOAD_OF   4

void hmap_free(struct hmap *m)
{
    free(m->slots);
    *m = (struct hmap){ 0 };
}

void hmap_clear(struct hmap *m)
{
    if (m->slots) {
        memset(m->slots, 0, (m->mask + 1) * sizeof *m->slots);
    }
    m->count = 0;
    m->has_zero = false;
    m->zero_value = 0;
}

/* Where the key is, or the free slot where it would go; the load below 1 ends the loop. */
static size_t hmap_find(const struct hmap_slot *slots, size_t mask, uint64_t key)
{
    size_t i = hash_u64(key) & mask;
    while (slots[i].key && slots[i].key != key) {
        i = (i + 1) & mask;
    }
    return i;
}

static bool hmap_grow(struct hmap *m)
{
    size_t n = m->slots ? (m->mask + 1) * 2 : SLOTS_MIN;
    if (n < SLOTS_MIN) {
        return false;
    }
    struct hmap_slot *slots = calloc(n, sizeof *slots);
    if (!slots) {
        return false;
    }
    for (size_t i = 0; m->slots && i <= m->mask; i++) {
        if (m->slots[i].key) {
            slots[hmap_find(slots, n - 1, m->slots[i].key)] = m->slots[i];
        }
    }
    free(m->slots);
    m->slots = slots;
    m->mask = n - 1;
    return true;
}

bool hmap_put(struct hmap *m, uint64_t key, uint64_t value)
{
    if (key == 0) {
        m->has_zero = true;
        m->zero_value = value;
        return true;
    }
    size_t i = 0;
    if (m->slots) {
        i = hmap_find(m->slots, m->mask, key);
        if (m->slots[i].key) {
            m->slots[i].value = value;
            return true;
        }
    }
    if (!m->slots || m->count >= (m->mask + 1) / LOAD_OF * LOAD_MOST) {
        if (!hmap_grow(m)) {
            return false;
        }
        i = hmap_find(m->slots, m->mask, key);
    }
    m->slots[i] = (struct hmap_slot){ key, value };
    m->count++;
    return true;
}

bool hmap_get(const struct hmap *m, uint64_t key, uint64_t *value)
{
    uint64_t found;
    if (key == 0) {
        if (!m->has_zero) {
            return false;
        }
        found = m->zero_value;
    } else {
        if (!m->slots) {
            return false;
        }
        const struct hmap_slot *s = &m->slots[hmap_find(m->slots, m->mask, key)];
        if (!s->key) {
            return false;
        }
        found = s->value;
    }
    if (value) {
        *value = found;
    }
    return true;
}

bool hmap_del(struct hmap *m, uint64_t key)
{
    if (key == 0) {
        bool had = m->has_zero;
        m->has_zero = false;
        return had;
    }
    if (!m->slots) {
        return false;
    }
    size_t hole = hmap_find(m->slots, m->mask, key);
    if (!m->slots[hole].key) {
        return false;
    }
    /* Pull back each follower whose home is not behind the hole, so that no probe meets a gap too early. */
    for (size_t i = (hole + 1) & m->mask; m->slots[i].key; i = (i + 1) & m->mask) {
        size_t home = hash_u64(m->slots[i].key) & m->mask;
        if (((i - home) & m->mask) >= ((i - hole) & m->mask)) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole] = (struct hmap_slot){ 0, 0 };
    m->count--;
    return true;
}

size_t hmap_count(const struct hmap *m)
{
    return m->count + m->has_zero;
}

bool hmap_next(const struct hmap *m, size_t *pos, uint64_t *key, uint64_t *value)
{
    /* position 0 is the entry of key 0, position i + 1 is slot i */
    if (*pos == 0) {
        *pos = 1;
        if (m->has_zero) {
            *key = 0;
            *value = m->zero_value;
            return true;
        }
    }
    while (m->slots && *pos - 1 <= m->mask) {
        const struct hmap_slot *s = &m->slots[(*pos)++ - 1];
        if (s->key) {
            *key = s->key;
            *value = s->value;
            return true;
        }
    }
    return false;
}
