#include "audience/directory.h"

#include "base/hash.h"
#include "store/columns.h"
#include "store/schema.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct directory_slot {
    uint32_t number[2]; /* halves, so that a slot is 12 octets; 0, 0: free, as no number is 0 */
    uint32_t id;
};

/* Each look-up is somewhere else in it: with large pages the processor knows where that is. */
static struct directory_slot *slots_new(size_t size)
{
    void *p = mmap(NULL, size * sizeof(struct directory_slot), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }
    madvise(p, size * sizeof(struct directory_slot), MADV_HUGEPAGE);
    return p;
}

static void slots_free(struct directory_slot *slots, size_t mask)
{
    if (slots) {
        munmap(slots, (mask + 1) * sizeof(*slots));
    }
}

void directory_free(struct directory *d)
{
    slots_free(d->slots, d->mask);
    *d = (struct directory){ 0 };
}

static bool directory_resize(struct directory *d, size_t room)
{
    size_t size = 1024;
    while (size / 3 * 2 < room) {
        size *= 2;
    }
    struct directory bigger = { .slots = slots_new(size), .mask = size - 1 };
    if (!bigger.slots) {
        return false;
    }
    for (size_t i = 0; d->slots && i <= d->mask; i++) {
        const struct directory_slot *s = &d->slots[i];
        if (s->number[0] | s->number[1]) {
            directory_add(&bigger, (uint64_t)s->number[1] << 32 | s->number[0], s->id);
        }
    }
    slots_free(d->slots, d->mask);
    *d = bigger;
    return true;
}

static struct directory_slot *slot_of(const struct directory *d, uint64_t msisdn)
{
    const uint32_t low = (uint32_t)msisdn, high = (uint32_t)(msisdn >> 32);
    for (size_t i = hash_u64(msisdn) & d->mask;; i = (i + 1) & d->mask) {
        struct directory_slot *s = &d->slots[i];
        if ((s->number[0] == low && s->number[1] == high) || (s->number[0] | s->number[1]) == 0) {
            return s;
        }
    }
}

bool directory_add(struct directory *d, uint64_t msisdn, uint32_t id)
{
    if ((!d->slots || d->n + 1 > d->mask / 3 * 2) && !directory_resize(d, 3 * (d->n + 1))) {
        return false;
    }
    *slot_of(d, msisdn) =
        (struct directory_slot){ .number = { (uint32_t)msisdn, (uint32_t)(msisdn >> 32) }, .id = id };
    d->n++;
    return true;
}

bool directory_find(const struct directory *d, uint64_t msisdn, uint32_t *id)
{
    const struct directory_slot *s = slot_of(d, msisdn);
    *id = s->id;
    return msisdn && (s->number[0] | s->number[1]);
}

void directory_prefetch(const struct directory *d, uint64_t msisdn)
{
    __builtin_prefetch(&d->slots[hash_u64(msisdn) & d->mask]);
}

static bool add_block(void *ctx, uint32_t block, const struct packed *rows)
{
    struct directory *d = ctx;
    bool ok = true;
    for (uint32_t i = 0; ok && i < rows->rows; i++) {
        int64_t number = packed_get(rows, i);
        ok = number <= 0 || directory_add(d, (uint64_t)number, block * COLUMN_ROWS + i);
    }
    return ok;
}

bool directory_build(struct directory *d, struct catalog_txn *t, size_t more)
{
    directory_free(d);
    size_t n = (size_t)catalog_number(t, CATALOG_CUSTOMERS);
    if (directory_resize(d, n + more) && column_each(t, FIELD_MSISDN, 0, add_block, d) && d->n == n) {
        return true;
    }
    directory_free(d);
    return false;
}
