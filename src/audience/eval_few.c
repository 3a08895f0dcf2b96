#include "audience/eval_few.h"

#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

/* Both bounds at once: u - low <= span, as unsigned numbers of their width. Unset (0) passes neither test. */
#define LIST_OF(name, type, plain)                                                                           \
    static size_t name(const uint8_t *data, int64_t first, uint64_t ulow, uint64_t uhigh, bool outside,      \
                       bool negated, const list_u16 *list, size_t n, uint16_t *out)                          \
    {                                                                                                        \
        const plain low = (plain)ulow, span = (plain)(uhigh - ulow);                                         \
        const type *u = (const type *)(const void *)data;                                                    \
        size_t kept = 0;                                                                                     \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const uint16_t v = list[i];                                                                      \
            const plain x = (plain)u[v - first];                                                             \
            const bool in = (plain)(x - low) <= span;                                                        \
            out[kept] = v;                                                                                   \
            kept += (size_t)(((in ^ outside) & (x != 0)) ^ negated);                                         \
        }                                                                                                    \
        return kept;                                                                                         \
    }

LIST_OF(list_8, uint8_t, uint8_t)
LIST_OF(list_16, packed_u16, uint16_t)
LIST_OF(list_32, packed_u32, uint32_t)
LIST_OF(list_64, packed_u64, uint64_t)

static size_t list_by_row(const struct packed *p, int64_t first, const struct scan_test *t, bool negated,
                          const list_u16 *list, size_t n, uint16_t *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const uint16_t v = list[i];
        out[kept] = v;
        kept += scan_value(packed_get(p, (uint32_t)(v - first)), t) != negated;
    }
    return kept;
}

static size_t list_all(const list_u16 *list, size_t n, uint16_t *out)
{
    memmove(out, list, n * sizeof *out);
    return n;
}

size_t scan_few(const struct packed *p, int64_t first, const struct scan_test *t, bool negated,
                const list_u16 *list, size_t n, uint16_t *out)
{
    uint64_t ulow, uhigh;
    if (p->width == 0)
        return negated ? list_all(list, n, out) : 0;
    if (t->kind != SCAN_RANGE)
        return list_by_row(p, first, t, negated, list, n, out);
    if (t->low > t->high || !packed_bounds(p, t->low, t->high, &ulow, &uhigh)) { /* none is inside */
        if (!t->outside)
            return negated ? list_all(list, n, out) : 0;
        return list_by_row(p, first, t, negated, list, n, out);
    }
    switch (p->width) {
    case 1: return list_8(p->data, first, ulow, uhigh, t->outside, negated, list, n, out);
    case 2: return list_16(p->data, first, ulow, uhigh, t->outside, negated, list, n, out);
    case 4: return list_32(p->data, first, ulow, uhigh, t->outside, negated, list, n, out);
    default: return list_64(p->data, first, ulow, uhigh, t->outside, negated, list, n, out);
    }
}
