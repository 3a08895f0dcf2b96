#include "audience/eval_lists.h"

#include "audience/eval_fold.h"

#include <string.h>

#define LINE 64u /* octets that memory gives at once */

bool lists_want(const struct events_block *b, uint16_t attribute, int64_t from, int64_t to,
                struct lists_want *out, bool *none)
{
    const int64_t all = EVENTS_DAYS * INT64_C(86400);
    *none = from >= all || to < 0;
    if (*none || !events_lists_of(b, attribute, &out->lists)) {
        return false;
    }
    *none = from > out->lists.greatest || to < out->lists.least;
    if (*none) {
        return false;
    }
    from = from <= out->lists.least ? 0 : from; /* what is not there need not be cut off */
    to = to >= out->lists.greatest ? all - 1 : to;
    const uint32_t span = out->lists.span_s;
    out->second = b->second;
    out->rows = b->rows;
    out->from = (uint32_t)from;
    out->to = (uint32_t)to;
    out->first = out->from / span;
    out->last = out->to / span;
    out->first_cut = out->from % span != 0;
    out->last_cut = (out->to + 1) % span != 0;
    return true;
}

/* --- entries --- */

struct entries {
    uint32_t from, end;
    bool cut; /* each is looked at */
};

/* Of one code: at most three runs; those of spans that the window cuts apart from the rest. */
static bool entries_of(const struct lists_want *w, uint8_t code, struct entries *out, size_t *n)
{
    const struct events_lists *l = &w->lists;
    const uint32_t first = w->first + w->first_cut, last = w->last + 1 - w->last_cut; /* the whole ones */
    *n = 0;
    if (code == 0 || code > l->codes) {
        return true; /* the block has none of it */
    }
    bool ok = true;
    if (w->first == w->last && (w->first_cut || w->last_cut)) {
        out[0] = (struct entries){ .cut = true };
        *n = 1;
        return events_lists_range(l, code, w->first, w->last, &out[0].from, &out[0].end);
    }
    if (w->first_cut) {
        out[*n].cut = true;
        ok = events_lists_range(l, code, w->first, w->first, &out[*n].from, &out[*n].end);
        ++*n;
    }
    if (ok && first < last) {
        out[*n].cut = false;
        ok = events_lists_range(l, code, first, last - 1, &out[*n].from, &out[*n].end);
        ++*n;
    }
    if (ok && w->last_cut) {
        out[*n].cut = true;
        ok = events_lists_range(l, code, w->last, w->last, &out[*n].from, &out[*n].end);
        ++*n;
    }
    return ok;
}

static inline bool inside(const struct lists_want *w, uint32_t row)
{
    const int64_t second = packed_get(&w->second, row);
    return second >= w->from && second <= w->to;
}

void lists_ahead(const struct lists_want *w, const uint8_t *codes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (codes[i] <= w->lists.codes) {
            __builtin_prefetch(w->lists.start + (codes[i] - 1u) * w->lists.cells + w->first);
        }
    }
}

bool lists_ahead_entries(const struct lists_want *w, const uint8_t *codes, size_t n, size_t *entries)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t from, end;
        if (codes[i] > w->lists.codes) {
            continue;
        }
        if (!events_lists_range(&w->lists, codes[i], w->first, w->last, &from, &end)) {
            return false;
        }
        *entries += end - from;
        for (uint32_t k = from; k < end; k += LINE / 2) {
            __builtin_prefetch(w->lists.customer + k);
        }
        if (w->last_cut && end > from) {
            __builtin_prefetch(w->lists.row + end - 1);
        }
    }
    return true;
}

/* --- what is done with them --- */

/* Defines a function that does `add` with the cell of each entry. */
#define LISTS_EACH(head, add)                                                                                \
    head                                                                                                     \
    {                                                                                                        \
        const packed_u16 *const who = w->lists.customer;                                                     \
        uint32_t bad = 0;                                                                                    \
        for (size_t i = 0; i < n; i++) {                                                                     \
            struct entries part[3];                                                                          \
            size_t parts;                                                                                    \
            if (!entries_of(w, codes[i], part, &parts))                                                      \
                return false;                                                                                \
            for (size_t p = 0; p < parts; p++)                                                               \
                for (uint32_t k_ = part[p].from; k_ < part[p].end; k_++) {                                   \
                    if (part[p].cut) {                                                                       \
                        const uint32_t row = w->lists.row[k_];                                               \
                        if (row >= w->rows)                                                                  \
                            return false;                                                                    \
                        if (!inside(w, row))                                                                 \
                            continue;                                                                        \
                    }                                                                                        \
                    const uint32_t cell = w->cell + who[k_] % EVENTS_CUSTOMERS;                              \
                    bad |= who[k_];                                                                          \
                    add;                                                                                     \
                }                                                                                            \
        }                                                                                                    \
        return bad < EVENTS_CUSTOMERS;                                                                       \
    }

#define LISTS_ARGUMENTS const struct lists_want *w, const uint8_t *codes, size_t n
LISTS_EACH(bool lists_count(LISTS_ARGUMENTS, int64_t *v), v[cell]++)
LISTS_EACH(bool lists_count_small(LISTS_ARGUMENTS, uint8_t *v),
           v[cell] = (uint8_t)(v[cell] + (v[cell] != UINT8_MAX)))
LISTS_EACH(static bool reached_1(LISTS_ARGUMENTS, uint64_t *reached), fold_reach(reached, 1, cell))
LISTS_EACH(static bool reached_2(LISTS_ARGUMENTS, uint64_t *reached), fold_reach(reached, 2, cell))
LISTS_EACH(static bool reached_3(LISTS_ARGUMENTS, uint64_t *reached), fold_reach(reached, 3, cell))

bool lists_reached(const struct lists_want *w, const uint8_t *codes, size_t n, unsigned k, uint64_t *reached)
{
    return k == 1   ? reached_1(w, codes, n, reached)
           : k == 2 ? reached_2(w, codes, n, reached)
                    : reached_3(w, codes, n, reached);
}

bool lists_number(const struct lists_want *w, const uint8_t *codes, size_t n, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t from, end;
        if (codes[i] > w->lists.codes) {
            continue;
        }
        if (!events_lists_range(&w->lists, codes[i], w->first, w->last, &from, &end)) {
            return false;
        }
        *out += end - from;
    }
    return true;
}

bool lists_words(const struct lists_want *w, const uint8_t *codes, size_t n, uint64_t *words)
{
    memset(words, 0, ((size_t)w->rows + 63) / 64 * sizeof *words);
    for (size_t i = 0; i < n; i++) {
        struct entries part[3];
        size_t parts;
        if (!entries_of(w, codes[i], part, &parts)) {
            return false;
        }
        for (size_t p = 0; p < parts; p++) {
            for (uint32_t k = part[p].from; k < part[p].end; k++) {
                const uint32_t row = w->lists.row[k];
                if (row >= w->rows) {
                    return false;
                }
                if (!part[p].cut || inside(w, row)) {
                    words[row / 64] |= UINT64_C(1) << (row % 64);
                }
            }
        }
    }
    return true;
}
