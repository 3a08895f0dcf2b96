#include "domain/clocks.h"

#include "base/hash.h"
#include "base/hmap.h"
#include "domain/zone.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    char *text;        /* "US-FL A,B"; owned */
    const char *names; /* into the same block, after the text: "A\0B\0" */
    char region[8];
    uint8_t zone_count;
};

struct clocks {
    const struct numbering *numbering;
    uint32_t *by_place;  /* id + 1; 0 = not interned yet */
    struct hmap by_hash; /* hash of the text, then the next key on a clash -> id */
    struct entry *entries;
    uint32_t count, cap;
};

/* A clock in its canonical order, views into somebody else's text. */
struct parsed {
    struct strv region;
    struct strv zones[CLOCKS_MAX_ZONES];
    unsigned zone_count;
};

static int compare_zones(const void *a, const void *b)
{
    return strv_cmp(*(const struct strv *)a, *(const struct strv *)b);
}

/* Splits, sorts and drops what is there twice. */
static bool parse_zones(struct strv list, struct parsed *p, struct err *e)
{
    struct strv name;
    p->zone_count = 0;
    while (strv_next(&list, ',', &name)) {
        if (!zone_name_valid(name)) {
            return err_set(e, ERR_INVALID,
                           "not the name of a time zone; names are such as \"Europe/Berlin\"");
        }
        if (p->zone_count == CLOCKS_MAX_ZONES) {
            return err_set(e, ERR_LIMIT, "more than %d time zones in one clock", CLOCKS_MAX_ZONES);
        }
        p->zones[p->zone_count++] = name;
    }
    qsort(p->zones, p->zone_count, sizeof p->zones[0], compare_zones);
    unsigned kept = 0;
    for (unsigned i = 0; i < p->zone_count; i++) {
        if (kept == 0 || !strv_eq(p->zones[kept - 1], p->zones[i])) {
            p->zones[kept++] = p->zones[i];
        }
    }
    p->zone_count = kept;
    return true;
}

static bool region_valid(struct strv r)
{
    bool ok = r.n == 2 || (r.n >= 4 && r.n <= 6 && r.p[2] == '-');
    for (size_t i = 0; ok && i < r.n; i++) {
        ok = i == 2 || (r.p[i] >= 'A' && r.p[i] <= 'Z') || (i > 2 && r.p[i] >= '0' && r.p[i] <= '9');
    }
    return ok;
}

/* The canonical text into `out`; its length, or 0 when it is too long. */
static size_t write_text(const struct parsed *p, char out[CLOCKS_MAX_TEXT + 1])
{
    size_t n = p->region.n;
    memcpy(out, p->region.p, n);
    out[n++] = ' ';
    if (p->zone_count == 0) {
        out[n++] = '-';
    }
    for (unsigned i = 0; i < p->zone_count; i++) {
        if (n + p->zones[i].n + 1 > CLOCKS_MAX_TEXT) {
            return 0;
        }
        if (i > 0) {
            out[n++] = ',';
        }
        memcpy(out + n, p->zones[i].p, p->zones[i].n);
        n += p->zones[i].n;
    }
    out[n] = '\0';
    return n;
}

static bool fill_entry(struct entry *en, const char *text, size_t n, const struct parsed *p)
{
    en->text = malloc(2 * n + 2);
    if (!en->text) {
        return false;
    }
    memcpy(en->text, text, n + 1);
    char *names = en->text + n + 1;
    en->names = names;
    for (unsigned i = 0; i < p->zone_count; i++) {
        memcpy(names, p->zones[i].p, p->zones[i].n);
        names += p->zones[i].n;
        *names++ = '\0';
    }
    strv_copy(p->region, en->region, sizeof en->region);
    en->zone_count = (uint8_t)p->zone_count;
    return true;
}

static bool make_room(struct clocks *c, struct err *e)
{
    if (c->count >= CLOCKS_MAX) {
        return err_set(e, ERR_LIMIT, "more than %u different clocks", CLOCKS_MAX);
    }
    if (c->count == c->cap) {
        uint32_t cap = c->cap ? c->cap * 2 : 512;
        struct entry *more = realloc(c->entries, cap * sizeof *more);
        if (!more) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
        c->entries = more;
        c->cap = cap;
    }
    return true;
}

static uint32_t intern(struct clocks *c, const struct parsed *p, struct err *e)
{
    char text[CLOCKS_MAX_TEXT + 1];
    size_t n = write_text(p, text);
    if (n == 0) {
        err_set(e, ERR_LIMIT, "the clock's text is longer than %d octets", CLOCKS_MAX_TEXT);
        return CLOCKS_UNKNOWN;
    }
    uint64_t key = hash_bytes(text, n, 0), id;
    for (; hmap_get(&c->by_hash, key, &id); key++) {
        if (strcmp(c->entries[id].text, text) == 0) {
            return (uint32_t)id;
        }
    }
    if (!make_room(c, e)) {
        return CLOCKS_UNKNOWN;
    }
    if (!fill_entry(&c->entries[c->count], text, n, p) || !hmap_put(&c->by_hash, key, c->count)) {
        free(c->entries[c->count].text);
        err_set(e, ERR_NOMEM, "out of memory");
        return CLOCKS_UNKNOWN;
    }
    return c->count++;
}

struct clocks *clocks_new(const struct numbering *n)
{
    struct clocks *c = calloc(1, sizeof *c);
    if (!c) {
        return NULL;
    }
    c->numbering = n;
    c->by_place = calloc((size_t)numbering_places(n) + 1, sizeof *c->by_place);
    struct parsed unknown = { .region = STRV("ZZ") };
    if (!c->by_place || (intern(c, &unknown, NULL), c->count != 1)) {
        clocks_free(c);
        return NULL;
    }
    return c;
}

void clocks_free(struct clocks *c)
{
    if (c) {
        for (uint32_t i = 0; i < c->count; i++) {
            free(c->entries[i].text);
        }
        free(c->entries);
        free(c->by_place);
        hmap_free(&c->by_hash);
        free(c);
    }
}

uint32_t clocks_of_number(struct clocks *c, uint64_t number)
{
    uint32_t place = numbering_place(c->numbering, number);
    if (place == UINT32_MAX) {
        return CLOCKS_UNKNOWN;
    }
    if (c->by_place[place] == 0) {
        struct parsed p = { .region = strv_from(numbering_place_region(c->numbering, place)) };
        if (!parse_zones(strv_from(numbering_place_zones(c->numbering, place)), &p, NULL)) {
            return CLOCKS_UNKNOWN;
        }
        uint32_t before = c->count, id = intern(c, &p, NULL);
        if (id == CLOCKS_UNKNOWN && before == c->count && p.zone_count > 0) {
            return CLOCKS_UNKNOWN; /* no room: not remembered */
        }
        c->by_place[place] = id + 1;
    }
    return c->by_place[place] - 1;
}

uint32_t clocks_of_zone(struct clocks *c, uint64_t number, struct strv zone, struct err *e)
{
    if (zone.n == 0) {
        return clocks_of_number(c, number);
    }
    if (!zone_name_valid(zone)) {
        err_set(e, ERR_INVALID, "not the name of a time zone; names are such as \"Europe/Berlin\"");
        return clocks_of_number(c, number);
    }
    uint32_t place = numbering_place(c->numbering, number);
    struct parsed p = { .region = strv_from(numbering_place_region(c->numbering, place)),
                        .zones = { zone },
                        .zone_count = 1 };
    return intern(c, &p, e);
}

uint32_t clocks_intern(struct clocks *c, struct strv text, struct err *e)
{
    struct parsed p = { 0 };
    struct strv rest = text;
    if (!strv_next(&rest, ' ', &p.region) || !region_valid(p.region) || rest.n == 0) {
        err_set(e, ERR_INVALID, "not a clock; a clock is such as \"DE Europe/Berlin\"");
        return CLOCKS_UNKNOWN;
    }
    if (!strv_eq_c(rest, "-") && !parse_zones(rest, &p, e)) {
        return CLOCKS_UNKNOWN;
    }
    return intern(c, &p, e);
}

uint32_t clocks_count(const struct clocks *c)
{
    return c->count;
}

const char *clocks_text(const struct clocks *c, uint32_t id)
{
    return c->entries[id < c->count ? id : CLOCKS_UNKNOWN].text;
}

const char *clocks_region(const struct clocks *c, uint32_t id)
{
    return c->entries[id < c->count ? id : CLOCKS_UNKNOWN].region;
}

unsigned clocks_zone_count(const struct clocks *c, uint32_t id)
{
    return id < c->count ? c->entries[id].zone_count : 0;
}

const char *clocks_zone(const struct clocks *c, uint32_t id, unsigned i)
{
    if (i >= clocks_zone_count(c, id)) {
        return "";
    }
    const char *name = c->entries[id].names;
    while (i-- > 0) {
        name += strlen(name) + 1;
    }
    return name;
}
