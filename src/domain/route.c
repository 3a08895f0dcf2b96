#include "domain/route.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 15

struct rule {
    uint64_t prefix;
    uint8_t length;
    uint16_t carrier;
};

struct route {
    struct rule *rules; /* sorted by length, then prefix: one binary search a length that occurs */
    size_t count, cap;
    size_t begin[MAX_DIGITS + 2]; /* of the rules of each length; begin[n + 1] is their end */
    int fallback;
};

struct route *route_new(void)
{
    struct route *r = calloc(1, sizeof *r);
    if (r) {
        r->fallback = ROUTE_NONE;
    }
    return r;
}

void route_free(struct route *r)
{
    if (r) {
        free(r->rules);
        free(r);
    }
}

/* Where the rule is among those of its length, or belongs. */
static bool find(const struct route *r, uint64_t prefix, unsigned length, size_t *at)
{
    size_t low = r->begin[length], high = r->begin[length + 1];
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->rules[mid].prefix == prefix) {
            *at = mid;
            return true;
        }
        if (r->rules[mid].prefix < prefix) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    *at = low;
    return false;
}

bool route_add(struct route *r, struct strv prefix, uint16_t carrier, struct err *e)
{
    uint64_t value;
    size_t at;
    if (prefix.n && prefix.p[0] == '+') {
        prefix = strv_sub(prefix, 1, prefix.n);
    }
    if (prefix.n == 0 || prefix.n > MAX_DIGITS || prefix.p[0] == '0' || !strv_to_u64(prefix, &value)) {
        return err_set(e, ERR_INVALID, "a route's prefix is 1 to %d digits of an international number",
                       MAX_DIGITS);
    }
    if (find(r, value, (unsigned)prefix.n, &at)) {
        return err_set(e, ERR_EXISTS, "prefix " STRV_FMT " has a route already", STRV_ARG(prefix));
    }
    if (r->count == ROUTE_MAX_RULES) {
        return err_set(e, ERR_LIMIT, "more than %d routes", ROUTE_MAX_RULES);
    }
    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 16;
        struct rule *more = realloc(r->rules, cap * sizeof *more);
        if (!more) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
        r->rules = more;
        r->cap = cap;
    }
    memmove(r->rules + at + 1, r->rules + at, (r->count - at) * sizeof *r->rules);
    r->rules[at] = (struct rule){ value, (uint8_t)prefix.n, carrier };
    r->count++;
    for (size_t n = prefix.n + 1; n <= MAX_DIGITS + 1; n++) {
        r->begin[n]++;
    }
    return true;
}

void route_set_default(struct route *r, int carrier)
{
    r->fallback = carrier < 0 ? ROUTE_NONE : carrier;
}

size_t route_rule_count(const struct route *r)
{
    return r->count;
}

int route_choose(const struct route *r, uint64_t number)
{
    unsigned digits = 0;
    for (uint64_t v = number; v; v /= 10) {
        digits++;
    }
    for (; digits > 0; digits--, number /= 10) { /* the longest prefix first */
        size_t at;
        if (digits <= MAX_DIGITS && r->begin[digits] < r->begin[digits + 1] && find(r, number, digits, &at)) {
            return r->rules[at].carrier;
        }
    }
    return r->fallback;
}
