#include "audience/dict_cache.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_ENTRIES 500000u
#define CACHE_TEXTS   ((size_t)32 << 20)

struct dict_cache_entry {
    size_t at;
    uint32_t n, code;
    uint16_t space;
};

/* 32 octets each: they stay in the second cache, and what is asked for often in the first. */
#define NEAR_SLOTS 4096u
#define NEAR_TEXT  17u

#define TOLD_CODES 65535u /* codes up to here are told to other caches */
#define TOLD_TEXT  64u    /* texts likewise */

/* A short text with its code in one place, where the map, its entry and the text are three. */
struct dict_cache_near {
    uint64_t hash;
    uint32_t code; /* 0: free */
    uint16_t space;
    uint8_t n;
    char text[NEAR_TEXT];
};

void dict_cache_free(struct dict_cache *c)
{
    hmap_free(&c->places);
    free(c->entries);
    free(c->near);
    buf_free(&c->texts);
    *c = (struct dict_cache){ 0 };
}

void dict_cache_clear(struct dict_cache *c)
{
    hmap_clear(&c->places);
    buf_clear(&c->texts);
    c->n = 0;
    c->clears++;
    if (c->near) {
        memset(c->near, 0, NEAR_SLOTS * sizeof(*c->near));
    }
}

/* Its place among the near ones; NULL: it is empty or too long for them, or there are none. */
static struct dict_cache_near *dict_cache_near(struct dict_cache *c, uint64_t hash, struct strv text)
{
    if (!text.n || text.n > NEAR_TEXT) {
        return NULL;
    }
    if (!c->near) {
        c->near = calloc(NEAR_SLOTS, sizeof(*c->near));
    }
    return c->near ? &c->near[hash % NEAR_SLOTS] : NULL;
}

static void near_set(struct dict_cache_near *near, uint64_t hash, uint16_t space, struct strv text,
                     uint32_t code)
{
    if (near) {
        *near = (struct dict_cache_near){ .hash = hash, .code = code, .space = space, .n = (uint8_t)text.n };
        memcpy(near->text, text.p, text.n);
    }
}

static void dict_cache_add(struct dict_cache *c, uint64_t hash, uint16_t space, struct strv text,
                           uint32_t code)
{
    if (c->n >= CACHE_ENTRIES || c->texts.len + text.n > CACHE_TEXTS) {
        dict_cache_clear(c);
    }
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 256;
        struct dict_cache_entry *p = realloc(c->entries, cap * sizeof(*p));
        if (!p) {
            return; /* it is only a cache */
        }
        c->entries = p;
        c->cap = cap;
    }
    size_t at = c->texts.len;
    if (buf_put_strv(&c->texts, text) && hmap_put(&c->places, hash, c->n)) {
        c->entries[c->n++] =
            (struct dict_cache_entry){ .at = at, .n = (uint32_t)text.n, .code = code, .space = space };
    }
}

static uint64_t text_hash(uint16_t space, struct strv text)
{
    return hash_bytes(text.p, text.n, UINT64_C(0x9e3779b97f4a7c15) ^ space);
}

static uint32_t cache_find(struct dict_cache *c, uint64_t hash, struct dict_cache_near *near, uint16_t space,
                           struct strv text)
{
    uint64_t place;
    if (near && near->code && near->hash == hash && near->space == space && near->n == text.n &&
        memcmp(near->text, text.p, text.n) == 0) {
        return near->code;
    }
    if (hmap_get(&c->places, hash, &place)) {
        const struct dict_cache_entry *have = &c->entries[place];
        if (have->space == space && have->n == text.n &&
            memcmp(c->texts.data + have->at, text.p, text.n) == 0) {
            near_set(near, hash, space, text, have->code);
            return have->code;
        }
    }
    return 0;
}

uint32_t dict_cache_find(struct dict_cache *c, uint16_t space, struct strv text)
{
    uint64_t hash = text_hash(space, text);
    return cache_find(c, hash, dict_cache_near(c, hash, text), space, text);
}

uint32_t dict_cache_intern(struct dict_cache *c, struct catalog_txn *t, uint16_t space, struct strv text,
                           struct err *e)
{
    uint64_t hash = text_hash(space, text);
    struct dict_cache_near *near = dict_cache_near(c, hash, text);
    uint32_t code = cache_find(c, hash, near, space, text);
    if (code) {
        return code;
    }
    code = dict_intern(t, space, text, e);
    if (code) {
        dict_cache_add(c, hash, space, text, code);
        near_set(near, hash, space, text, code);
    }
    return code;
}

void dict_cache_tell(const struct dict_cache *c, struct dict_cache_mark *mark, struct dict_cache *to)
{
    if (mark->clears != c->clears) {
        *mark = (struct dict_cache_mark){ .clears = c->clears };
    }
    for (; mark->n < c->n; mark->n++) {
        const struct dict_cache_entry *x = &c->entries[mark->n];
        struct strv text = { (const char *)c->texts.data + x->at, x->n };
        if (x->code <= TOLD_CODES && x->n <= TOLD_TEXT) {
            dict_cache_add(to, text_hash(x->space, text), x->space, text, x->code);
        }
    }
}
