#include "domain/keyword.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define MAX_KEYWORDS 100000

struct entry {
    char *word; /* folded; owned */
    uint32_t value;
};

struct keywords {
    struct entry *sorted; /* by word */
    size_t count, cap;
};

bool keyword_fold(struct buf *out, struct strv text)
{
    struct buf clean = { 0 };
    text = strv_sub(text, 0, utf8_cut(text, KEYWORD_MAX_INPUT));
    bool ok = utf8_put_clean(&clean, text) &&
              utf8_fold_loose(out, (struct strv){ (const char *)clean.data, clean.len });
    buf_free(&clean);
    return ok;
}

struct keywords *keywords_new(void)
{
    return calloc(1, sizeof(struct keywords));
}

void keywords_free(struct keywords *k)
{
    if (k) {
        for (size_t i = 0; i < k->count; i++) {
            free(k->sorted[i].word);
        }
        free(k->sorted);
        free(k);
    }
}

size_t keywords_count(const struct keywords *k)
{
    return k->count;
}

static bool place_of(const struct keywords *k, struct strv word, size_t *at)
{
    size_t low = 0, high = k->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strv_cmp(strv_from(k->sorted[mid].word), word);
        if (order == 0) {
            *at = mid;
            return true;
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    *at = low;
    return false;
}

static bool insert(struct keywords *k, struct strv folded, uint32_t value, struct err *e)
{
    size_t at;
    if (folded.n == 0) {
        return err_set(e, ERR_INVALID, "the keyword has no letters or digits in it");
    }
    if (folded.n > KEYWORD_MAX_TEXT) {
        return err_set(e, ERR_LIMIT, "the keyword is longer than %d octets", KEYWORD_MAX_TEXT);
    }
    if (place_of(k, folded, &at)) {
        return err_set(e, ERR_EXISTS, "the keyword \"" STRV_FMT "\" is taken", STRV_ARG(folded));
    }
    if (k->count == MAX_KEYWORDS) {
        return err_set(e, ERR_LIMIT, "more than %d keywords", MAX_KEYWORDS);
    }
    if (k->count == k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 16;
        struct entry *more = realloc(k->sorted, cap * sizeof *more);
        if (!more) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
        k->sorted = more;
        k->cap = cap;
    }
    char *copy = strv_dup(folded);
    if (!copy) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    memmove(k->sorted + at + 1, k->sorted + at, (k->count - at) * sizeof *k->sorted);
    k->sorted[at] = (struct entry){ copy, value };
    k->count++;
    return true;
}

bool keywords_add(struct keywords *k, struct strv word, uint32_t value, struct err *e)
{
    struct buf b = { 0 };
    bool ok;
    if (!utf8_valid(word)) {
        ok = err_set(e, ERR_INVALID, "the keyword is not UTF-8");
    } else if (!keyword_fold(&b, word)) {
        ok = err_set(e, ERR_NOMEM, "out of memory");
    } else {
        ok = insert(k, (struct strv){ (const char *)b.data, b.len }, value, e);
    }
    buf_free(&b);
    return ok;
}

bool keywords_remove(struct keywords *k, struct strv word)
{
    struct buf b = { 0 };
    size_t at;
    bool there = keyword_fold(&b, word) && place_of(k, (struct strv){ (const char *)b.data, b.len }, &at);
    buf_free(&b);
    if (there) {
        free(k->sorted[at].word);
        k->count--;
        memmove(k->sorted + at, k->sorted + at + 1, (k->count - at) * sizeof *k->sorted);
    }
    return there;
}

bool keywords_find(const struct keywords *k, struct strv folded, struct keyword_match *m)
{
    /* Longest first: from the end of the text, or the longest possible keyword, back to each word's end. */
    size_t end = folded.n <= KEYWORD_MAX_TEXT ? folded.n : KEYWORD_MAX_TEXT;
    for (; end > 0; end--) {
        size_t at;
        if ((end == folded.n || folded.p[end] == ' ') && place_of(k, strv_sub(folded, 0, end), &at)) {
            m->value = k->sorted[at].value;
            m->word = strv_from(k->sorted[at].word);
            m->rest = end < folded.n ? end + 1 : end;
            return true;
        }
    }
    return false;
}
