/* Places in an order, found by counting and not by sorting. */
#include "audience/eval_internal.h"

#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

struct eval_spread eval_spread_of(const int64_t *v, size_t n)
{
    struct eval_spread s = { 0, INT64_MAX, PACKED_UNSET };
    for (size_t i = 0; i < n; i++) {
        int64_t as_low = v[i] == PACKED_UNSET ? INT64_MAX : v[i];
        s.n += v[i] != PACKED_UNSET;
        s.low = as_low < s.low ? as_low : s.low;
        s.high = v[i] > s.high ? v[i] : s.high;
    }
    return s;
}

#define BINS (1u << 14)

struct selection {
    uint32_t bins[BINS]; /* how many values */
    uint8_t wanted[BINS];
    uint64_t k[EVAL_SELECT_MOST];
    int64_t *out;
};

struct values { /* those from low to high of v[0..n) */
    const int64_t *v;
    size_t n;
    int64_t low, high;
};

/* How far values are shifted so that the width has as many bins as there are. */
static unsigned bin_shift(uint64_t width)
{
    unsigned shift = 0;
    while (width >> shift >= BINS)
        shift++;
    return shift;
}

static void count_bins(uint32_t *bins, struct values x)
{
    const uint64_t width = (uint64_t)x.high - (uint64_t)x.low;
    const unsigned shift = bin_shift(width);
    memset(bins, 0, BINS * sizeof *bins);
    for (size_t i = 0; i < x.n; i++) {
        uint64_t at = (uint64_t)x.v[i] - (uint64_t)x.low; /* below and unset: more than the width */
        if (x.v[i] >= x.low && at <= width)
            bins[at >> shift]++;
    }
}

/* The values of the bins that are wanted, `count` of them. */
static int64_t *wanted_values(struct eval *ev, const struct selection *s, struct values x, size_t count)
{
    const uint64_t width = (uint64_t)x.high - (uint64_t)x.low;
    const unsigned shift = bin_shift(width);
    int64_t *in = malloc((count + 1) * sizeof *in);
    size_t got = 0;
    if (!in)
        eval_nomem(ev);
    for (size_t i = 0; in && i < x.n; i++) {
        uint64_t at = (uint64_t)x.v[i] - (uint64_t)x.low;
        in[got] = x.v[i];
        got += x.v[i] >= x.low && at <= width && s->wanted[at >> shift];
    }
    return in;
}

/* The places k[first..last], ascending: bins of equal width, then only the values of the bins they are in,
 * until bins are values. */
static bool select_among(struct eval *ev, struct selection *s, struct values x, size_t first, size_t last)
{
    const unsigned shift = bin_shift((uint64_t)x.high - (uint64_t)x.low);
    uint64_t below = 0, total = 0;
    uint32_t bin[EVAL_SELECT_MOST], at = 0;
    count_bins(s->bins, x);
    memset(s->wanted, 0, sizeof s->wanted);
    for (size_t i = first; i <= last; i++) {
        while (s->k[i] - below >= s->bins[at])
            below += s->bins[at++];
        total += s->wanted[at] ? 0 : s->bins[at];
        s->wanted[at] = 1;
        bin[i] = at;
        s->k[i] -= below;
        s->out[i] = (int64_t)((uint64_t)x.low + ((uint64_t)at << shift));
    }
    int64_t *in = shift ? wanted_values(ev, s, x, (size_t)total) : NULL;
    bool ok = in || !shift;
    for (size_t i = first, end; shift && ok && i <= last; i = end) {
        for (end = i + 1; end <= last && bin[end] == bin[i];)
            end++;
        const int64_t to = (int64_t)((uint64_t)s->out[i] + ((UINT64_C(1) << shift) - 1));
        const struct values inside = { in, (size_t)total, s->out[i],
                                       to > x.high || to < x.low ? x.high : to };
        ok = select_among(ev, s, inside, i, end - 1);
    }
    free(in);
    return ok;
}

bool eval_select(struct eval *ev, const int64_t *v, size_t n, struct eval_spread spread, const uint64_t *k,
                 size_t n_k, int64_t *out)
{
    struct selection *s = malloc(sizeof *s);
    if (!s)
        return eval_nomem(ev);
    memcpy(s->k, k, n_k * sizeof *k);
    s->out = out;
    bool ok = n_k == 0 || select_among(ev, s, (struct values){ v, n, spread.low, spread.high }, 0, n_k - 1);
    free(s);
    return ok;
}
