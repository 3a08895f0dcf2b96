#include "domain/numbering.h"

#include "domain/table.h"
#include "domain/zone.h"

#include <stdlib.h>
#include <string.h>

/* A trie over decimal digits. The table has about 1,200 prefixes of at most 8 digits: 2,200 nodes of 24
 * octets, which stay in the second-level cache; a lookup is as many steps as the prefix has digits. */
struct node {
    uint16_t child[10]; /* 0 = none: the root is nobody's child */
    uint16_t place;     /* index + 1 of the pair; 0 = no row ends here */
    uint8_t min, max;   /* 0 = as the nearest shorter prefix that has them */
};

struct place {
    char *zones; /* owned */
    char region[8];
};

struct country {
    char region[8];
    unsigned code;
};

struct numbering {
    struct node *nodes;
    size_t node_count, node_cap;
    struct place *places;
    size_t place_count, place_cap;
    struct country *countries; /* sorted by region */
    size_t country_count, country_cap;
};

#define MAX_NODES  65535
#define MAX_PLACES 65534
#define MAX_LENGTH 15

static bool grow(void **p, size_t *cap, size_t count, size_t elem, size_t max)
{
    if (count < *cap) {
        return true;
    }
    size_t more = *cap ? *cap * 2 : 256;
    more = more > max ? max : more;
    void *q = count >= more ? NULL : realloc(*p, more * elem);
    if (!q) {
        return false;
    }
    *p = q;
    *cap = more;
    return true;
}

/* Digits, most significant first; returns how many. */
static unsigned digits_of(uint64_t number, uint8_t digits[20])
{
    unsigned n = 0;
    uint8_t reversed[20];
    while (number) {
        reversed[n++] = (uint8_t)(number % 10);
        number /= 10;
    }
    for (unsigned i = 0; i < n; i++) {
        digits[i] = reversed[n - 1 - i];
    }
    return n;
}

/* --- loading --- */

static bool region_valid(struct strv r)
{
    bool ok = r.n == 2 || (r.n >= 4 && r.n <= 6 && r.p[2] == '-');
    for (size_t i = 0; ok && i < r.n; i++) {
        bool letter = r.p[i] >= 'A' && r.p[i] <= 'Z';
        ok = i == 2 || letter || (i > 2 && r.p[i] >= '0' && r.p[i] <= '9');
    }
    return ok;
}

static bool zones_valid(struct strv zones)
{
    struct strv name;
    while (strv_next(&zones, ',', &name)) {
        if (!zone_name_valid(name)) {
            return false;
        }
    }
    return true;
}

static bool add_place(struct numbering *n, struct strv region, struct strv zones, uint16_t *place)
{
    for (size_t i = 0; i < n->place_count; i++) {
        if (strv_eq_c(region, n->places[i].region) && strv_eq_c(zones, n->places[i].zones)) {
            *place = (uint16_t)(i + 1);
            return true;
        }
    }
    char *copy;
    if (!grow((void **)&n->places, &n->place_cap, n->place_count, sizeof *n->places, MAX_PLACES) ||
        !(copy = strv_dup(zones))) {
        return false;
    }
    struct place *p = &n->places[n->place_count++];
    p->zones = copy;
    strv_copy(region, p->region, sizeof p->region);
    *place = (uint16_t)n->place_count;
    return true;
}

static bool add_node(struct numbering *n, struct strv prefix, size_t *node)
{
    *node = 0;
    for (size_t i = 0; i < prefix.n; i++) {
        unsigned d = (unsigned)(prefix.p[i] - '0');
        size_t next = n->nodes[*node].child[d];
        if (!next) {
            if (!grow((void **)&n->nodes, &n->node_cap, n->node_count, sizeof *n->nodes, MAX_NODES)) {
                return false;
            }
            next = n->node_count++;
            n->nodes[next] = (struct node){ 0 };
            n->nodes[*node].child[d] = (uint16_t)next;
        }
        *node = next;
    }
    return true;
}

static int find_country(const struct numbering *n, struct strv region, size_t *at)
{
    size_t low = 0, high = n->country_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strv_cmp(strv_from(n->countries[mid].region), region);
        if (order == 0) {
            *at = mid;
            return 0;
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    *at = low;
    return 1;
}

/* The first row of a region decides: the table is sorted by prefix, so it is the most general one. */
static bool add_country(struct numbering *n, struct strv region, unsigned code)
{
    size_t at;
    if (find_country(n, region, &at) == 0) {
        return true;
    }
    if (!grow((void **)&n->countries, &n->country_cap, n->country_count, sizeof *n->countries, MAX_PLACES)) {
        return false;
    }
    memmove(n->countries + at + 1, n->countries + at, (n->country_count - at) * sizeof *n->countries);
    n->country_count++;
    strv_copy(region, n->countries[at].region, sizeof n->countries[at].region);
    n->countries[at].code = code;
    return true;
}

/* ITU-T E.164 assigns 1 and 7 as they are, some codes of two digits, and three digits everywhere else. */
static unsigned code_digits(const uint8_t *d, unsigned n)
{
    static const bool two[100] = {
        [20] = true, [27] = true, [30] = true, [31] = true, [32] = true, [33] = true, [34] = true,
        [36] = true, [39] = true, [40] = true, [41] = true, [43] = true, [44] = true, [45] = true,
        [46] = true, [47] = true, [48] = true, [49] = true, [51] = true, [52] = true, [53] = true,
        [54] = true, [55] = true, [56] = true, [57] = true, [58] = true, [60] = true, [61] = true,
        [62] = true, [63] = true, [64] = true, [65] = true, [66] = true, [81] = true, [82] = true,
        [84] = true, [86] = true, [90] = true, [91] = true, [92] = true, [93] = true, [94] = true,
        [95] = true, [98] = true,
    };
    if (n >= 1 && (d[0] == 1 || d[0] == 7)) {
        return 1;
    }
    if (n >= 2 && two[d[0] * 10 + d[1]]) {
        return 2;
    }
    return n >= 3 ? 3 : 0;
}

static unsigned calling_code(const uint8_t *d, unsigned n)
{
    unsigned len = code_digits(d, n), code = 0;
    for (unsigned i = 0; i < len; i++) {
        code = code * 10 + d[i];
    }
    return code;
}

static bool prefix_read(struct strv prefix, uint8_t digits[MAX_LENGTH])
{
    if (prefix.n == 0 || prefix.n > MAX_LENGTH || prefix.p[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < prefix.n; i++) {
        if (prefix.p[i] < '0' || prefix.p[i] > '9') {
            return false;
        }
        digits[i] = (uint8_t)(prefix.p[i] - '0');
    }
    return true;
}

static bool add_row(struct numbering *n, const struct table *t, const struct strv *f, struct err *e)
{
    uint8_t digits[MAX_LENGTH];
    uint64_t min = 0, max = 0;
    if (!prefix_read(f[0], digits)) {
        return table_error(t, e, "prefix: not 1 to %d digits that begin with 1 to 9", MAX_LENGTH);
    }
    if (!region_valid(f[1])) {
        return table_error(t, e, "region: not such as \"DE\" or \"US-FL\"");
    }
    if (f[2].n > 1000 || !zones_valid(f[2])) {
        return table_error(t, e, "zones: not names of time zones joined by \",\"");
    }
    if ((f[3].n || f[4].n) && (!strv_to_u64(f[3], &min) || !strv_to_u64(f[4], &max) || min < f[0].n ||
                               min > max || max > MAX_LENGTH)) {
        return table_error(t, e, "min_len and max_len: not lengths from the prefix's own to %d", MAX_LENGTH);
    }
    size_t at;
    uint16_t place;
    if (!add_node(n, f[0], &at) || !add_place(n, f[1], f[2], &place)) {
        return err_set(e, ERR_NOMEM, "%s:%u: out of memory, or too many rows", t->name, t->line);
    }
    if (n->nodes[at].place) {
        return table_error(t, e, "prefix " STRV_FMT " is there twice", STRV_ARG(f[0]));
    }
    n->nodes[at].place = place;
    n->nodes[at].min = (uint8_t)min;
    n->nodes[at].max = (uint8_t)max;
    unsigned code = calling_code(digits, (unsigned)f[0].n);
    if (!add_country(n, f[1], code) || (f[1].n > 2 && !add_country(n, strv_sub(f[1], 0, 2), code))) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    return true;
}

static struct numbering *read_table(struct table *t, struct err *e)
{
    struct err own;
    e = e ? e : &own;
    e->code = ERR_NONE;
    struct numbering *n = calloc(1, sizeof *n);
    bool ok = n && grow((void **)&n->nodes, &n->node_cap, 0, sizeof *n->nodes, MAX_NODES);
    if (!ok) {
        err_set(e, ERR_NOMEM, "out of memory");
    } else {
        n->nodes[n->node_count++] = (struct node){ 0 };
    }
    struct strv f[TABLE_MAX_COLUMNS];
    while (ok && table_next(t, f, e)) {
        ok = add_row(n, t, f, e);
    }
    if (ok && e->code == ERR_NONE && n->place_count == 0) {
        table_error(t, e, "no rows");
    }
    table_free(t);
    if (e->code != ERR_NONE) {
        numbering_free(n);
        return NULL;
    }
    return n;
}

#define COLUMNS "prefix,region,zones,min_len,max_len"

struct numbering *numbering_load(const char *path, struct err *e)
{
    struct table t;
    return table_load(&t, path, COLUMNS, e) ? read_table(&t, e) : NULL;
}

struct numbering *numbering_parse(struct strv text, const char *name, struct err *e)
{
    struct table t;
    return table_from(&t, text, name, COLUMNS, e) ? read_table(&t, e) : NULL;
}

void numbering_free(struct numbering *n)
{
    if (n) {
        for (size_t i = 0; i < n->place_count; i++) {
            free(n->places[i].zones);
        }
        free(n->places);
        free(n->nodes);
        free(n->countries);
        free(n);
    }
}

/* --- asking --- */

bool numbering_lookup(const struct numbering *n, uint64_t number, struct numbering_hit *hit)
{
    uint8_t d[20];
    unsigned count = digits_of(number, d);
    const struct node *node = n->nodes;
    *hit = (struct numbering_hit){ .place = UINT32_MAX, .min_len = 1, .max_len = MAX_LENGTH };
    for (unsigned i = 0; i < count; i++) {
        size_t next = node->child[d[i]];
        if (!next) {
            break;
        }
        node = &n->nodes[next];
        if (node->place) {
            hit->place = node->place - 1u;
            hit->prefix_len = (uint8_t)(i + 1);
        }
        if (node->max) {
            hit->min_len = node->min;
            hit->max_len = node->max;
        }
    }
    if (hit->place == UINT32_MAX) {
        return false;
    }
    hit->region = n->places[hit->place].region;
    hit->zones = n->places[hit->place].zones;
    return true;
}

uint32_t numbering_place(const struct numbering *n, uint64_t number)
{
    uint8_t d[20];
    unsigned count = digits_of(number, d);
    uint32_t place = 0;
    size_t at = 0;
    for (unsigned i = 0; i < count && (at = n->nodes[at].child[d[i]]) != 0; i++) {
        place = n->nodes[at].place ? n->nodes[at].place : place;
    }
    return place - 1u; /* 0 wraps to UINT32_MAX: no prefix */
}

uint32_t numbering_places(const struct numbering *n)
{
    return (uint32_t)n->place_count;
}

const char *numbering_place_region(const struct numbering *n, uint32_t place)
{
    return place < n->place_count ? n->places[place].region : "ZZ";
}

const char *numbering_place_zones(const struct numbering *n, uint32_t place)
{
    return place < n->place_count ? n->places[place].zones : "";
}

unsigned numbering_country_code(const struct numbering *n, struct strv region)
{
    size_t at;
    return find_country(n, region, &at) == 0 ? n->countries[at].code : 0;
}

unsigned numbering_calling_code(const struct numbering *n, uint64_t number)
{
    uint8_t d[20];
    unsigned count = digits_of(number, d), len = code_digits(d, count);
    size_t at = 0;
    for (unsigned i = 0; i < len; i++) {
        at = n->nodes[at].child[d[i]];
        if (!at) {
            return 0;
        }
    }
    return calling_code(d, count);
}
