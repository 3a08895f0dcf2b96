#include "audience/index.h"

#include "audience/index_fresh.h"
#include "audience/set_bitmap.h"
#include "audience/words.h"
#include "store/columns.h"
#include "store/members.h"

#include <stdlib.h>
#include <string.h>

struct member_change {
    uint32_t code, customer, order;
    bool add;
};

struct index_field {
    struct column_change *columns;
    size_t n_columns, cap_columns;
    struct member_change *members;
    size_t n_members, cap_members;
    bool unordered; /* columns did not come in order of the customer */
};

struct index {
    struct index_fresh fresh;                 /* customers that are new */
    struct index_field *fields[INDEX_FIELDS]; /* changes of others */
    struct buf octets;
    unsigned without; /* enum index_part: not gathered */
    bool nomem;
};

struct index *index_new(void)
{
    return calloc(1, sizeof(struct index));
}

void index_limit(struct index *ix, enum index_part parts)
{
    ix->without = INDEX_ALL & ~(unsigned)parts;
}

void index_free(struct index *ix)
{
    if (!ix) {
        return;
    }
    for (size_t i = 0; i < INDEX_FIELDS; i++) {
        if (ix->fields[i]) {
            free(ix->fields[i]->columns);
            free(ix->fields[i]->members);
            free(ix->fields[i]);
        }
    }
    fresh_free(&ix->fresh);
    buf_free(&ix->octets);
    free(ix);
}

void index_discard(struct index *ix)
{
    fresh_discard(&ix->fresh);
    for (size_t i = 0; i < INDEX_FIELDS; i++) {
        if (ix->fields[i]) {
            ix->fields[i]->n_columns = ix->fields[i]->n_members = 0;
            ix->fields[i]->unordered = false;
        }
    }
    ix->nomem = false;
}

static struct index_field *index_field(struct index *ix, uint16_t field)
{
    if (field >= INDEX_FIELDS) {
        return NULL;
    }
    if (!ix->fields[field]) {
        ix->fields[field] = calloc(1, sizeof(**ix->fields));
    }
    return ix->fields[field];
}

static bool index_grow(void **p, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) {
        return true;
    }
    size_t grown = *cap ? *cap * 2 : 1024;
    void *q = realloc(*p, grown * size);
    if (q) {
        *p = q;
        *cap = grown;
    }
    return q != NULL;
}

static void index_set(struct index *ix, uint16_t field, uint32_t customer, int64_t value)
{
    if (ix->without & INDEX_COLUMNS) {
        return;
    }
    struct index_field *f = index_field(ix, field);
    if (!f || !index_grow((void **)&f->columns, f->n_columns, &f->cap_columns, sizeof(*f->columns))) {
        ix->nomem = true;
        return;
    }
    if (f->n_columns && f->columns[f->n_columns - 1].customer > customer) {
        f->unordered = true;
    }
    f->columns[f->n_columns] =
        (struct column_change){ .customer = customer, .order = (uint32_t)f->n_columns, .value = value };
    f->n_columns++;
}

static void index_member(struct index *ix, uint16_t field, uint32_t code, uint32_t customer, bool add)
{
    if (ix->without & INDEX_MEMBERS) {
        return;
    }
    struct index_field *f = index_field(ix, field);
    if (!f || !index_grow((void **)&f->members, f->n_members, &f->cap_members, sizeof(*f->members))) {
        ix->nomem = true;
        return;
    }
    f->members[f->n_members] = (struct member_change){
        .code = code, .customer = customer, .order = (uint32_t)f->n_members, .add = add
    };
    f->n_members++;
}

/* --- from record to record --- */

static bool codes_have(const struct customer_value *v, uint32_t code)
{
    for (size_t i = 0; v && i < v->n_codes; i++) {
        if (v->codes[i] == code) {
            return true;
        }
    }
    return false;
}

static void index_change_set(struct index *ix, uint32_t id, uint16_t field,
                             const struct customer_value *before, const struct customer_value *after)
{
    for (size_t i = 0; before && i < before->n_codes; i++) {
        if (!codes_have(after, before->codes[i])) {
            index_member(ix, field, before->codes[i], id, false);
        }
    }
    for (size_t i = 0; after && i < after->n_codes; i++) {
        if (!codes_have(before, after->codes[i])) {
            index_member(ix, field, after->codes[i], id, true);
        }
    }
}

static bool index_change_value(struct index *ix, struct catalog_txn *t, struct dict_cache *dict, uint32_t id,
                               const struct customer_value *before, const struct customer_value *after,
                               struct err *e)
{
    const struct customer_value *any = after ? after : before;
    if (any->type == SCHEMA_SET) {
        index_change_set(ix, id, any->field, before, after);
        return true;
    }
    if (any->type != SCHEMA_TEXT) {
        if (!before || !after || before->number != after->number) {
            index_set(ix, any->field, id, after ? after->number : PACKED_UNSET);
        }
        return true;
    }
    if (before && after && strv_eq(before->text, after->text)) {
        return true;
    }
    uint32_t code = 0;
    if (after) {
        code = after->code ? after->code : dict_cache_intern(dict, t, any->field, after->text, e);
    }
    uint32_t code_before = before ? dict_cache_intern(dict, t, any->field, before->text, e) : 0;
    if ((after && !code) || (before && !code_before)) {
        return false;
    }
    if (code_before != code && code_before && code_before <= MEMBERS_TEXTS) {
        index_member(ix, any->field, code_before, id, false);
    }
    if (code_before != code && code && code <= MEMBERS_TEXTS) {
        index_member(ix, any->field, code, id, true);
    }
    index_set(ix, any->field, id, after ? (int64_t)code : PACKED_UNSET);
    return true;
}

static void index_change_builtin(struct index *ix, uint32_t id, const struct customer_record *before,
                                 const struct customer_record *after)
{
    if (!before || !after) {
        index_member(ix, 0, MEMBERS_EXIST, id, after != NULL);
        index_set(ix, FIELD_MSISDN, id, after ? (int64_t)after->msisdn : PACKED_UNSET);
    }
    uint32_t clock_before = before ? before->clock : 0, clock_after = after ? after->clock : 0;
    if (clock_before != clock_after) {
        index_set(ix, FIELD_CLOCK, id, clock_after ? (int64_t)clock_after : PACKED_UNSET);
    }
    int64_t day = USEC_DAY;
    int64_t created_before = before ? before->created / day : INT64_MIN;
    int64_t created_after = after ? after->created / day : INT64_MIN;
    if (created_before != created_after) {
        index_set(ix, FIELD_CREATED, id, after ? created_after : PACKED_UNSET);
    }
}

/* --- of a customer that is new --- */

static void add_value(struct index *ix, struct catalog_txn *t, uint32_t id, uint16_t field, int64_t value)
{
    if (!(ix->without & INDEX_COLUMNS)) {
        fresh_value(&ix->fresh, t, field, id, value);
    }
}

static void add_member(struct index *ix, uint32_t id, uint16_t field, uint32_t code)
{
    if (!(ix->without & INDEX_MEMBERS)) {
        fresh_member(&ix->fresh, field, id, code);
    }
}

void index_add_text(struct index *ix, struct catalog_txn *t, uint32_t id, uint16_t field, uint32_t code)
{
    add_value(ix, t, id, field, code);
    if (code <= MEMBERS_TEXTS) {
        add_member(ix, id, field, code);
    }
}

void index_add_number(struct index *ix, struct catalog_txn *t, uint32_t id, uint16_t field, int64_t number)
{
    add_value(ix, t, id, field, number);
}

void index_add_set(struct index *ix, uint32_t id, uint16_t field, const uint32_t *codes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_member(ix, id, field, codes[i]);
    }
}

bool index_add(struct index *ix, struct catalog_txn *t, uint32_t id, uint64_t msisdn, usec_t created,
               uint32_t clock)
{
    if (!fresh_customer(&ix->fresh, t, id)) {
        return false;
    }
    add_member(ix, id, 0, MEMBERS_EXIST);
    add_value(ix, t, id, FIELD_MSISDN, (int64_t)msisdn);
    if (clock) {
        add_value(ix, t, id, FIELD_CLOCK, clock);
    }
    add_value(ix, t, id, FIELD_CREATED, created / USEC_DAY);
    return true;
}

static bool index_add_values(struct index *ix, struct catalog_txn *t, struct dict_cache *dict, uint32_t id,
                             const struct customer_record *r, struct err *e)
{
    for (size_t i = 0; i < r->n_values; i++) {
        const struct customer_value *v = &r->values[i];
        if (v->type == SCHEMA_SET) {
            index_add_set(ix, id, v->field, v->codes, v->n_codes);
        } else if (v->type != SCHEMA_TEXT) {
            index_add_number(ix, t, id, v->field, v->number);
        } else {
            uint32_t code = v->code ? v->code : dict_cache_intern(dict, t, v->field, v->text, e);
            if (!code) {
                return false;
            }
            index_add_text(ix, t, id, v->field, code);
        }
    }
    return !ix->fresh.failed || err_set(e, ERR_NOMEM, "out of memory, or a set of the index is torn");
}

bool index_change(struct index *ix, struct catalog_txn *t, struct dict_cache *dict, uint32_t id,
                  const struct customer_record *before, const struct customer_record *after, struct err *e)
{
    size_t nb = before ? before->n_values : 0, na = after ? after->n_values : 0;
    if (!before && after && index_add(ix, t, id, after->msisdn, after->created, after->clock)) {
        return index_add_values(ix, t, dict, id, after, e);
    }
    index_change_builtin(ix, id, before, after);
    for (size_t i = 0, j = 0; i < nb || j < na;) {
        uint32_t x = i < nb ? before->values[i].field : UINT32_MAX;
        uint32_t y = j < na ? after->values[j].field : UINT32_MAX;
        if (!index_change_value(ix, t, dict, id, x <= y ? &before->values[i] : NULL,
                                y <= x ? &after->values[j] : NULL, e)) {
            return false;
        }
        i += x <= y;
        j += y <= x;
    }
    return !ix->nomem || err_set(e, ERR_NOMEM, "out of memory");
}

/* --- applying --- */

static int column_change_cmp(const void *a, const void *b)
{
    const struct column_change *x = a, *y = b;
    if (x->customer != y->customer) {
        return x->customer < y->customer ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

static int member_change_cmp(const void *a, const void *b)
{
    const struct member_change *x = a, *y = b;
    if (x->code != y->code) {
        return x->code < y->code ? -1 : 1;
    }
    if (x->customer != y->customer) {
        return x->customer < y->customer ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

/* By code, when they came in order of the customer: dealt out by counting. False: it must be done by
 * comparing. */
static bool members_deal(struct index_field *f)
{
    uint32_t most = 0;
    for (size_t i = 0; i < f->n_members; i++) {
        if (i && f->members[i].customer < f->members[i - 1].customer) {
            return false;
        }
        most = f->members[i].code > most ? f->members[i].code : most;
    }
    if (most > f->n_members * 2 + 1024) {
        return false;
    }
    size_t *at = calloc((size_t)most + 2, sizeof(*at));
    struct member_change *dealt = malloc((f->n_members + 1) * sizeof(*dealt));
    if (at && dealt) {
        for (size_t i = 0; i < f->n_members; i++) {
            at[f->members[i].code + 1]++;
        }
        for (size_t code = 1; code <= (size_t)most + 1; code++) {
            at[code] += at[code - 1];
        }
        for (size_t i = 0; i < f->n_members; i++) {
            dealt[at[f->members[i].code]++] = f->members[i];
        }
        memcpy(f->members, dealt, f->n_members * sizeof(*dealt));
    }
    bool ok = at && dealt;
    free(at);
    free(dealt);
    return ok;
}

/* Many changes: as words. NULL: torn, or no memory. */
static roaring_bitmap_t *container_of_words(const struct member_change *c, size_t n,
                                            const struct strv *stored)
{
    uint64_t words[WORDS_OF_CONTAINER] = { 0 };
    struct bitmap_builder b = { 0 };
    if (stored && !bitmap_or_words(*stored, words)) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t bit = UINT64_C(1) << c[i].customer % 64, *w = &words[c[i].customer % 65536 / 64];
        *w = c[i].add ? *w | bit : *w & ~bit;
    }
    if (bitmap_builder_add(&b, (uint16_t)(c->customer >> 16), words)) {
        return bitmap_builder_finish(&b);
    }
    bitmap_builder_free(&b);
    return NULL;
}

static roaring_bitmap_t *container_of_few(const struct member_change *c, size_t n, const struct strv *stored)
{
    roaring_bitmap_t *r = stored ? bitmap_from_octets(*stored) : roaring_bitmap_create();
    for (size_t i = 0; r && i < n; i++) {
        if (c[i].add) {
            roaring_bitmap_add(r, c[i].customer);
        } else {
            roaring_bitmap_remove(r, c[i].customer);
        }
    }
    return r;
}

#define MANY_CHANGES 256u

/* The changes of one container. */
static bool index_apply_container(struct index *ix, struct catalog_txn *t, uint16_t field,
                                  const struct member_change *c, size_t n)
{
    uint16_t container = (uint16_t)(c->customer >> 16);
    struct strv octets;
    const struct strv *stored = members_get(t, field, c->code, container, &octets) ? &octets : NULL;
    roaring_bitmap_t *r =
        n < MANY_CHANGES ? container_of_few(c, n, stored) : container_of_words(c, n, stored);
    if (!r) {
        return false;
    }
    bool ok = true;
    if (roaring_bitmap_is_empty(r)) {
        members_put(t, field, c->code, container, strv_from(NULL));
    } else {
        roaring_bitmap_run_optimize(r);
        ok = bitmap_to_octets(r, &ix->octets);
        members_put(t, field, c->code, container, (struct strv){ (char *)ix->octets.data, ix->octets.len });
    }
    roaring_bitmap_free(r);
    return ok;
}

static bool index_flush_members(struct index *ix, struct catalog_txn *t, uint16_t field,
                                struct index_field *f)
{
    if (f->n_members > 0 && !members_deal(f)) {
        qsort(f->members, f->n_members, sizeof(*f->members), member_change_cmp);
    }
    for (size_t i = 0; i < f->n_members;) {
        size_t end = i + 1;
        while (end < f->n_members && f->members[end].code == f->members[i].code &&
               f->members[end].customer >> 16 == f->members[i].customer >> 16) {
            end++;
        }
        if (!index_apply_container(ix, t, field, f->members + i, end - i)) {
            return false;
        }
        i = end;
    }
    f->n_members = 0;
    return true;
}

bool index_flush(struct index *ix, struct catalog_txn *t, struct err *e)
{
    bool ok = fresh_flush(&ix->fresh, t) && !ix->nomem;
    for (size_t i = 0; ok && i < INDEX_FIELDS; i++) {
        struct index_field *f = ix->fields[i];
        if (f && f->n_columns) {
            if (f->unordered) {
                qsort(f->columns, f->n_columns, sizeof(*f->columns), column_change_cmp);
            }
            column_apply(t, (uint16_t)i, f->columns, f->n_columns);
            f->n_columns = 0;
            f->unordered = false;
        }
        if (f && f->n_members) {
            ok = index_flush_members(ix, t, (uint16_t)i, f);
        }
    }
    if (!catalog_ok(t, e)) {
        return false;
    }
    return ok || err_set(e, ERR_CORRUPT, "a set of the index is torn, or memory ran out");
}

bool index_next_changed(const struct index *ix, uint16_t *field)
{
    uint16_t fresh = *field;
    const bool any = fresh_next_changed(&ix->fresh, &fresh);
    for (size_t i = *field; i < INDEX_FIELDS && !(any && i >= fresh); i++) {
        if (ix->fields[i] && (ix->fields[i]->n_columns || ix->fields[i]->n_members)) {
            *field = (uint16_t)i;
            return true;
        }
    }
    *field = any ? fresh : *field;
    return any;
}
