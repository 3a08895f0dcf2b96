#include "domain/consent.h"

#include "domain/keyword.h"
#include "domain/table.h"

#include <stdlib.h>
#include <string.h>

#define MAX_WORDS      2000
#define MAX_WORD       63
#define MAX_TAIL_WORDS 3

struct word {
    enum consent_action action;
    bool ambiguous; /* a start word only while a double opt-in is pending */
    char written[MAX_WORD + 1];
    char *folded; /* owned */
};

struct consent {
    struct word *words;
    size_t count, cap;
};

static const char *const action_names[] = { "none", "stop", "start", "help" };

const char *consent_action_name(enum consent_action a)
{
    return (unsigned)a < 4 ? action_names[a] : "?";
}

/* --- loading --- */

static bool action_parse(struct strv s, enum consent_action *out)
{
    for (unsigned i = CONSENT_STOP; i <= CONSENT_HELP; i++) {
        if (strv_eq_c(s, action_names[i])) {
            *out = (enum consent_action)i;
            return true;
        }
    }
    return false;
}

static char *fold(struct strv text)
{
    struct buf b = { 0 };
    char *s = NULL;
    if (keyword_fold(&b, text)) {
        s = strdup(buf_cstr(&b));
    }
    buf_free(&b);
    return s;
}

static bool add_row(struct consent *c, const struct table *t, const struct strv *f, struct err *e)
{
    struct word w = { 0 };
    if (!action_parse(f[0], &w.action)) {
        return table_error(t, e, "action: not stop, start or help");
    }
    if (!strv_copy(f[1], w.written, sizeof w.written)) {
        return table_error(t, e, "keyword: longer than %d octets", MAX_WORD);
    }
    if (c->count == MAX_WORDS) {
        return table_error(t, e, "more than %d keywords", MAX_WORDS);
    }
    if (c->count == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 64;
        struct word *more = realloc(c->words, cap * sizeof *more);
        if (!more) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
        c->words = more;
        c->cap = cap;
    }
    w.folded = fold(f[1]);
    if (!w.folded) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    if (!w.folded[0]) {
        free(w.folded);
        return table_error(t, e, "keyword: no letters or digits in it");
    }
    w.ambiguous = w.action == CONSENT_START && strcmp(w.folded, "yes") == 0;
    c->words[c->count++] = w;
    return true;
}

static struct consent *read_table(struct table *t, struct err *e)
{
    struct err own;
    struct strv f[TABLE_MAX_COLUMNS];
    e = e ? e : &own;
    e->code = ERR_NONE;
    struct consent *c = calloc(1, sizeof *c);
    bool ok = c || err_set(e, ERR_NOMEM, "out of memory");
    while (ok && table_next(t, f, e)) {
        ok = add_row(c, t, f, e);
    }
    if (e->code == ERR_NONE && c->count == 0) {
        table_error(t, e, "no keywords: nobody could opt out");
    }
    table_free(t);
    if (e->code != ERR_NONE) {
        consent_free(c);
        return NULL;
    }
    return c;
}

#define COLUMNS "action,keyword,languages,regions,sourced,source"

struct consent *consent_load(const char *path, struct err *e)
{
    struct table t;
    return table_load(&t, path, COLUMNS, e) ? read_table(&t, e) : NULL;
}

struct consent *consent_parse(struct strv text, const char *name, struct err *e)
{
    struct table t;
    return table_from(&t, text, name, COLUMNS, e) ? read_table(&t, e) : NULL;
}

void consent_free(struct consent *c)
{
    if (c) {
        for (size_t i = 0; i < c->count; i++) {
            free(c->words[i].folded);
        }
        free(c->words);
        free(c);
    }
}

/* --- matching --- */

static const struct word *find(const struct consent *c, struct strv folded, bool stop_only, bool pending)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct word *w = &c->words[i];
        bool usable = stop_only ? w->action == CONSENT_STOP : pending || !w->ambiguous;
        if (usable && strv_eq_c(folded, w->folded)) {
            return w;
        }
    }
    return NULL;
}

static unsigned count_words(struct strv folded)
{
    struct strv word;
    unsigned n = 0;
    while (strv_next(&folded, ' ', &word)) {
        n++;
    }
    return n;
}

/* A word that cannot mean anything else, and a few more after it. */
static const struct word *find_unmistakable(const struct consent *c, struct strv folded)
{
    struct strv rest = folded, first;
    if (!strv_next(&rest, ' ', &first) || count_words(rest) > MAX_TAIL_WORDS ||
        !(strv_eq_c(first, "stop") || strv_eq_c(first, "stopall") || strv_eq_c(first, "unsubscribe"))) {
        return NULL;
    }
    return find(c, first, true, false);
}

/* "cancel please", "baja por favor": the stop word with a courtesy before or after it. */
static const struct word *find_polite(const struct consent *c, struct strv folded)
{
    static const char *const courtesies[] = { "please", "pls",       "plz",   "por favor", "bitte",   "merci",
                                              "thanks", "thank you", "danke", "gracias",   "obrigado" };
    for (size_t i = 0; i < sizeof courtesies / sizeof *courtesies; i++) {
        size_t n = strlen(courtesies[i]);
        if (folded.n < n + 2) {
            continue;
        }
        size_t rest = folded.n - n - 1;
        const struct word *w = NULL;
        if (folded.p[rest] == ' ' && strv_eq_c(strv_sub(folded, rest + 1, n), courtesies[i])) {
            w = find(c, strv_sub(folded, 0, rest), true, false);
        }
        if (!w && folded.p[n] == ' ' && strv_eq_c(strv_sub(folded, 0, n), courtesies[i])) {
            w = find(c, strv_sub(folded, n + 1, rest), true, false);
        }
        if (w) {
            return w;
        }
    }
    return NULL;
}

enum consent_action consent_match(const struct consent *c, struct strv text, bool opt_in_pending,
                                  const char **word)
{
    struct buf b = { 0 };
    const struct word *w = NULL;
    if (keyword_fold(&b, text) && b.len) {
        struct strv folded = { (const char *)b.data, b.len };
        w = find(c, folded, false, opt_in_pending);
        w = w ? w : find_unmistakable(c, folded);
        w = w ? w : find_polite(c, folded);
    }
    buf_free(&b);
    if (word) {
        *word = w ? w->written : "";
    }
    return w ? w->action : CONSENT_NONE;
}
