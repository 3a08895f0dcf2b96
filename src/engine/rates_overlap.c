/* Whether a configuration's rates can be too many for one message: whoever wrote them is told at once, and
 * not by a message that never goes. A message is tried of every sender, carrier, prefix, region and class
 * that some rate names, as far as more rates than may hold for one are left. */
#include "engine/internal.h"

#include <string.h>

#define OVERLAP_STEPS 20000 /* combinations looked at: beyond, rates_resolve() is left to find out */

enum overlap_key { BY_SENDER, BY_CARRIER, BY_PREFIX, BY_REGION, BY_CLASS, BY_COUNT };

struct overlap {
    const struct rate_options *rates;
    unsigned steps;
    size_t n; /* how many hold for one message */
    uint16_t first, last;
};

static struct strv overlap_list(const struct rate_options *o, enum overlap_key key)
{
    switch (key) {
    case BY_SENDER: return strv_from(o->sender);
    case BY_CARRIER: return strv_from(o->carrier);
    case BY_PREFIX: return strv_from(o->prefix);
    case BY_REGION: return strv_from(o->region);
    case BY_CLASS: return strv_from(o->class_);
    case BY_COUNT: break;
    }
    return (struct strv){ 0 };
}

/* The next of what the rate names; a sender may have a comma in it. */
static bool overlap_next(struct strv *rest, enum overlap_key key, struct strv *one)
{
    if (key == BY_SENDER) {
        *one = *rest;
        *rest = (struct strv){ 0 };
        return one->n > 0;
    }
    if (!strv_next(rest, ',', one)) {
        return false;
    }
    *one = strv_trim(*one);
    return true;
}

static bool overlap_accepts(const struct rate_options *o, enum overlap_key key, struct strv value)
{
    struct strv rest = overlap_list(o, key), one;
    if (rest.n == 0) {
        return true;
    }
    while (overlap_next(&rest, key, &one)) {
        if (strv_starts(value, one) &&
            (value.n == one.n || key == BY_PREFIX || (key == BY_REGION && value.p[one.n] == '-'))) {
            return true;
        }
    }
    return false;
}

static bool overlap_search(struct overlap *f, enum overlap_key key, const uint16_t *in, size_t n);

/* With those of `in` that hold for the value; NULL: for one that none names. */
static bool overlap_with(struct overlap *f, enum overlap_key key, const uint16_t *in, size_t n,
                         const struct strv *value)
{
    uint16_t out[ENGINE_MAX_RATES];
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        const struct rate_options *o = &f->rates[in[i]];
        if (value != NULL ? overlap_accepts(o, key, *value) : overlap_list(o, key).n == 0) {
            out[left++] = in[i];
        }
    }
    return overlap_search(f, key + 1, out, left);
}

static bool overlap_search(struct overlap *f, enum overlap_key key, const uint16_t *in, size_t n)
{
    if (n <= OUTGOING_LIMITS || f->steps++ >= OVERLAP_STEPS) {
        return false;
    }
    if (key == BY_COUNT) {
        f->n = n;
        f->first = in[0];
        f->last = in[n - 1];
        return true;
    }
    bool named = false;
    for (size_t i = 0; i < n; i++) {
        struct strv rest = overlap_list(&f->rates[in[i]], key), one;
        while (overlap_next(&rest, key, &one)) {
            named = true;
            if (overlap_with(f, key, in, n, &one)) {
                return true;
            }
        }
    }
    return !named && overlap_with(f, key, in, n, NULL);
}

bool rates_overlap_check(const struct rate_options *rates, size_t n, struct err *e)
{
    struct overlap f = { .rates = rates };
    uint16_t all[ENGINE_MAX_RATES];
    n = n < ENGINE_MAX_RATES ? n : ENGINE_MAX_RATES;
    for (size_t i = 0; i < n; i++) {
        all[i] = (uint16_t)i;
    }
    if (!overlap_search(&f, BY_SENDER, all, n)) {
        return true;
    }
    return err_set(e, ERR_INVALID,
                   "%zu rates, from the %u. to the %u., hold for the same message; at most %d may", f.n,
                   f.first + 1u, f.last + 1u, OUTGOING_LIMITS);
}
