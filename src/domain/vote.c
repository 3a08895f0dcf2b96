#include "domain/vote.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "domain/keyword.h"

#include <stdlib.h>
#include <string.h>

struct option {
    char *words; /* name and aliases, folded, each ended by NUL, then an empty one; owned */
};

struct vote {
    uint32_t id;
    unsigned option_count;
    char *keyword; /* as given; owned */
    struct option *options;
};

struct votes {
    struct keywords *keywords; /* keyword -> index into list */
    struct vote **list;        /* NULL where one was removed */
    size_t count, used, cap;
};

/* --- definitions --- */

/* "2" when the word is a number of 1 to 3 digits; 0 otherwise. */
static unsigned as_number(struct strv folded)
{
    uint64_t v;
    return folded.n >= 1 && folded.n <= 3 && strv_to_u64(folded, &v) ? (unsigned)v : 0;
}

static bool check_word(struct strv word, unsigned option, unsigned option_count, struct keywords *seen,
                       struct err *e)
{
    struct buf b = { 0 };
    struct err inner = { 0 };
    bool ok = utf8_valid(word) && keyword_fold(&b, word);
    struct strv folded = { (const char *)b.data, b.len };
    unsigned number = ok ? as_number(folded) : 0;
    if (!ok) {
        err_set(e, ERR_INVALID, "option %u is not UTF-8", option + 1);
    } else if (number >= 1 && number <= option_count && number != option + 1) {
        ok = err_set(e, ERR_INVALID, "option %u is called \"" STRV_FMT "\", the number of another",
                     option + 1, STRV_ARG(folded));
    } else if (!keywords_add(seen, word, option, &inner)) {
        struct keyword_match m;
        /* The same word twice within one option is only untidy. */
        ok = inner.code == ERR_EXISTS && keywords_find(seen, folded, &m) && m.value == option;
        if (!ok) {
            err_set(e, inner.code == ERR_EXISTS ? ERR_INVALID : inner.code,
                    inner.code == ERR_EXISTS ? "option %u: \"" STRV_FMT "\" is used twice"
                                             : "option %u: \"" STRV_FMT "\" cannot be used",
                    option + 1, STRV_ARG(word));
        }
    }
    buf_free(&b);
    return ok;
}

static bool check_options(const struct vote_def *d, struct keywords *seen, struct err *e)
{
    for (unsigned i = 0; i < d->option_count; i++) {
        const struct vote_option_def *o = &d->options[i];
        if (o->alias_count > VOTE_MAX_ALIASES) {
            return err_set(e, ERR_LIMIT, "option %u has more than %d aliases", i + 1, VOTE_MAX_ALIASES);
        }
        if (!check_word(o->name, i, d->option_count, seen, e)) {
            return false;
        }
        for (unsigned a = 0; a < o->alias_count; a++) {
            if (!check_word(o->aliases[a], i, d->option_count, seen, e)) {
                return false;
            }
        }
    }
    return true;
}

bool vote_check(const struct vote_def *d, struct err *e)
{
    if (d->option_count < 1 || d->option_count > VOTE_MAX_OPTIONS) {
        return err_set(e, ERR_INVALID, "a vote has 1 to %d options", VOTE_MAX_OPTIONS);
    }
    struct keywords *seen = keywords_new(), *own = keywords_new();
    bool ok = seen && own;
    if (!ok) {
        err_set(e, ERR_NOMEM, "out of memory");
    }
    ok = ok && keywords_add(own, d->keyword, 0, e) && check_options(d, seen, e);
    keywords_free(seen);
    keywords_free(own);
    return ok;
}

/* --- open votes --- */

static void vote_free(struct vote *v)
{
    if (v) {
        for (unsigned i = 0; v->options && i < v->option_count; i++) {
            free(v->options[i].words);
        }
        free(v->options);
        free(v->keyword);
        free(v);
    }
}

static bool put_word(struct buf *b, struct strv word)
{
    return keyword_fold(b, word) && buf_put_u8(b, 0);
}

static bool copy_option(struct option *to, const struct vote_option_def *from)
{
    struct buf b = { 0 };
    bool ok = put_word(&b, from->name);
    for (unsigned i = 0; ok && i < from->alias_count; i++) {
        ok = put_word(&b, from->aliases[i]);
    }
    ok = ok && buf_put_u8(&b, 0) && (to->words = malloc(b.len));
    if (ok) {
        memcpy(to->words, b.data, b.len);
    }
    buf_free(&b);
    return ok;
}

static struct vote *vote_copy(const struct vote_def *d)
{
    struct vote *v = calloc(1, sizeof *v);
    if (!v) {
        return NULL;
    }
    v->id = d->vote;
    v->option_count = d->option_count;
    v->options = calloc(d->option_count, sizeof *v->options);
    v->keyword = strv_dup(d->keyword);
    bool ok = v->options && v->keyword;
    for (unsigned i = 0; ok && i < d->option_count; i++) {
        ok = copy_option(&v->options[i], &d->options[i]);
    }
    if (!ok) {
        vote_free(v);
        return NULL;
    }
    return v;
}

struct votes *votes_new(void)
{
    struct votes *v = calloc(1, sizeof *v);
    if (v && !(v->keywords = keywords_new())) {
        free(v);
        return NULL;
    }
    return v;
}

void votes_free(struct votes *v)
{
    if (v) {
        for (size_t i = 0; i < v->used; i++) {
            vote_free(v->list[i]);
        }
        free(v->list);
        keywords_free(v->keywords);
        free(v);
    }
}

size_t votes_count(const struct votes *v)
{
    return v->count;
}

static size_t free_place(struct votes *v)
{
    for (size_t i = 0; i < v->used; i++) {
        if (!v->list[i]) {
            return i;
        }
    }
    if (v->used == v->cap) {
        size_t cap = v->cap ? v->cap * 2 : 16;
        struct vote **more = realloc(v->list, cap * sizeof *more);
        if (!more) {
            return SIZE_MAX;
        }
        v->list = more;
        v->cap = cap;
    }
    v->list[v->used] = NULL;
    return v->used++;
}

bool votes_add(struct votes *v, const struct vote_def *d, struct err *e)
{
    if (!vote_check(d, e)) {
        return false;
    }
    for (size_t i = 0; i < v->used; i++) {
        if (v->list[i] && v->list[i]->id == d->vote) {
            return err_set(e, ERR_EXISTS, "vote %u is open already", d->vote);
        }
    }
    size_t at = free_place(v);
    struct vote *copy = at == SIZE_MAX ? NULL : vote_copy(d);
    if (!copy) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    if (!keywords_add(v->keywords, d->keyword, (uint32_t)at, e)) {
        vote_free(copy);
        return false;
    }
    v->list[at] = copy;
    v->count++;
    return true;
}

bool votes_remove(struct votes *v, uint32_t vote)
{
    for (size_t i = 0; i < v->used; i++) {
        if (v->list[i] && v->list[i]->id == vote) {
            keywords_remove(v->keywords, strv_from(v->list[i]->keyword));
            vote_free(v->list[i]);
            v->list[i] = NULL;
            v->count--;
            return true;
        }
    }
    return false;
}

/* --- matching --- */

static bool find_option(const struct vote *v, struct strv rest, unsigned *option)
{
    for (unsigned i = 0; i < v->option_count; i++) {
        for (const char *w = v->options[i].words; *w; w += strlen(w) + 1) {
            if (strv_eq_c(rest, w)) {
                *option = i;
                return true;
            }
        }
    }
    unsigned number = as_number(rest);
    *option = number - 1;
    return number >= 1 && number <= v->option_count;
}

struct vote_match votes_match(const struct votes *v, struct strv text)
{
    struct vote_match m = { .result = VOTE_NO_KEYWORD };
    struct buf b = { 0 };
    struct keyword_match k;
    if (keyword_fold(&b, text) &&
        keywords_find(v->keywords, (struct strv){ (const char *)b.data, b.len }, &k)) {
        const struct vote *vote = v->list[k.value];
        struct strv rest = strv_sub((struct strv){ (const char *)b.data, b.len }, k.rest, b.len);
        m.vote = vote->id;
        if (rest.n == 0) {
            m.result = VOTE_NO_OPTION;
        } else {
            m.result = find_option(vote, rest, &m.option) ? VOTE_OPTION : VOTE_UNKNOWN_OPTION;
        }
    }
    buf_free(&b);
    return m;
}
