#include "domain/prefixes.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 15

struct rule {
    uint64_t prefix;
    uint8_t length;
    uint16_t carrier;
};

struct prefixes {
    struct rule *rules; /* sorted by length, then prefix: one binary search a length that occurs */
    size_t count, cap;
    size_t begin[MAX_DIGITS + 2]; /* of the rules of each length; begin[n + 1] is their end */
    int fallback;
};

struct prefixes *prefixes_new(void)
{
    struct prefixes *r = calloc(1, sizeof *r);
    if (r) {
        r->fallback = PREFIXES_NONE;
    }
    return r;
}

void prefixes_free(struct prefixes *r)
{
    if (r) {
        free(r->rules);
        free(r);
    }
}

/* Where the rule is among those of its length, or belongs. */
static bool find(const struct prefixes *r, uint64_t prefix, unsigned length, size_t *at)
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

bool prefixes_parse(struct strv text, uint64_t *value, unsigned *digits, struct err *e)
{
    if (text.n && text.p[0] == '+') {
        text = strv_sub(text, 1, text.n);
    }
    if (text.n == 0 || text.n > MAX_DIGITS || text.p[0] == '0' || !strv_to_u64(text, value)) {
        return err_set(e, ERR_INVALID, "a route's prefix is 1 to %d digits of an international number",
                       MAX_DIGITS);
    }
    *digits = (unsigned)text.n;
    return true;
}

bool prefixes_add(struct prefixes *r, struct strv prefix, uint16_t carrier, struct err *e)
{
    uint64_t value;
    unsigned digits;
    size_t at;
    if (!prefixes_parse(prefix, &value, &digits, e)) {
        return false;
    }
    if (find(r, value, digits, &at)) {
        return err_set(e, ERR_EXISTS, "prefix " STRV_FMT " has a carrier already", STRV_ARG(prefix));
    }
    if (r->count == PREFIXES_MAX) {
        return err_set(e, ERR_LIMIT, "more than %d prefixes", PREFIXES_MAX);
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
    r->rules[at] = (struct rule){ value, (uint8_t)digits, carrier };
    r->count++;
    for (size_t n = digits + 1; n <= MAX_DIGITS + 1; n++) {
        r->begin[n]++;
    }
    return true;
}

void prefixes_set_default(struct prefixes *r, int carrier)
{
    r->fallback = carrier < 0 ? PREFIXES_NONE : carrier;
}

size_t prefixes_count(const struct prefixes *r)
{
    return r->count;
}

int prefixes_find(const struct prefixes *r, uint64_t number)
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
