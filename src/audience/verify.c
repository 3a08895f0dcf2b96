/* The index against the truth: what the records say is built up again in memory, block by block, and
 * compared. */
#include "audience/audience_inside.h"
#include "audience/set_bitmap.h"
#include "store/columns.h"
#include "store/events_lists.h"
#include "store/members.h"

#include <stdlib.h>
#include <string.h>

struct verify {
    struct audience_view *v;
    struct err *e;
    bool ok;
    uint64_t customers;
    uint32_t block;    /* of customers that `expected` is about */
    int64_t *expected; /* [field of the schema][row] */
    roaring_bitmap_t *exist;
    struct hmap sets; /* field << 32 | code -> bitmap */
    uint16_t space;   /* the dictionary that is looked at */
    const struct schema_event *event;
};

static bool differs(struct verify *c, const char *what, uint64_t where)
{
    if (c->ok) {
        err_set(c->e, ERR_CORRUPT, "the index differs from the customers' records: %s %llu", what,
                (unsigned long long)where);
    }
    return c->ok = false;
}

static bool is_column(const struct schema_field *f)
{
    return f->type != SCHEMA_SET;
}

static int64_t *expected_rows(struct verify *c, size_t field)
{
    return c->expected + field * COLUMN_ROWS;
}

static void block_clear(struct verify *c, uint32_t block)
{
    c->block = block;
    for (size_t i = 0; i < c->v->schema->n_fields * COLUMN_ROWS; i++) {
        c->expected[i] = PACKED_UNSET;
    }
}

/* Compares the gathered block with the stored ones. */
static bool block_compare(struct verify *c)
{
    for (size_t i = 0; i < c->v->schema->n_fields && c->ok; i++) {
        const struct schema_field *f = &c->v->schema->fields[i];
        const int64_t *want = expected_rows(c, i);
        struct packed have = { .rows = COLUMN_ROWS };
        if (!is_column(f)) {
            continue;
        }
        column_block(c->v->txn, f->id, c->block, &have);
        for (uint32_t r = 0; r < COLUMN_ROWS; r++) {
            if (packed_get(&have, r) != want[r]) {
                differs(c, "column of customer", (uint64_t)c->block * COLUMN_ROWS + r);
                break;
            }
        }
    }
    return c->ok;
}

static bool set_expect(struct verify *c, uint16_t field, uint32_t code, uint32_t id)
{
    uint64_t key = (uint64_t)field << 32 | code, at = 0;
    if (!hmap_get(&c->sets, key, &at)) {
        roaring_bitmap_t *made = roaring_bitmap_create();
        at = (uint64_t)(uintptr_t)made;
        if (!made || !hmap_put(&c->sets, key, at)) {
            bitmap_free(made);
            return err_set(c->e, ERR_NOMEM, "out of memory");
        }
    }
    roaring_bitmap_add((roaring_bitmap_t *)(uintptr_t)at, id);
    return true;
}

static size_t field_place(const struct schema *s, uint16_t field)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        if (s->fields[i].id == field) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool expect(struct verify *c, uint32_t id, uint16_t field, int64_t value)
{
    size_t place = field_place(c->v->schema, field);
    if (place == SIZE_MAX) {
        return differs(c, "a value of an unknown field, customer", id);
    }
    expected_rows(c, place)[id % COLUMN_ROWS] = value;
    return true;
}

static bool expect_values(struct verify *c, uint32_t id, const struct customer_record *r)
{
    for (size_t i = 0; i < r->n_values; i++) {
        const struct customer_value *v = &r->values[i];
        int64_t value = v->number;
        if (v->type == SCHEMA_SET) {
            for (size_t j = 0; j < v->n_codes; j++) {
                if (!set_expect(c, v->field, v->codes[j], id)) {
                    return c->ok = false;
                }
            }
            continue;
        }
        if (v->type == SCHEMA_TEXT) {
            value = dict_find(c->v->txn, v->field, v->text);
            if (!value) {
                return differs(c, "a text without a code, customer", id);
            }
            if (value <= MEMBERS_TEXTS && !set_expect(c, v->field, (uint32_t)value, id)) {
                return c->ok = false;
            }
        }
        if (!expect(c, id, v->field, value)) {
            return false;
        }
    }
    return true;
}

static bool verify_customer(void *ctx, uint32_t id, const struct customer_record *r)
{
    struct verify *c = ctx;
    uint32_t found;
    while (c->ok && c->block < id / COLUMN_ROWS) {
        block_compare(c);
        block_clear(c, c->block + 1);
    }
    c->customers++;
    if (!customer_find(c->v->txn, r->msisdn, &found) || found != id) {
        return differs(c, "number of customer", id);
    }
    roaring_bitmap_add(c->exist, id);
    return c->ok && expect(c, id, FIELD_MSISDN, (int64_t)r->msisdn) &&
           expect(c, id, FIELD_CREATED, r->created / USEC_DAY) &&
           expect(c, id, FIELD_CLOCK, r->clock ? (int64_t)r->clock : PACKED_UNSET) && expect_values(c, id, r);
}

static bool verify_rows(struct verify *c)
{
    uint32_t limit = customer_limit(c->v->txn), last = (limit + COLUMN_ROWS - 1) / COLUMN_ROWS;
    block_clear(c, 0);
    customer_each(c->v->txn, 0, verify_customer, c);
    while (c->ok && c->block <= last) {
        block_compare(c);
        block_clear(c, c->block + 1);
    }
    if (c->ok && c->customers != audience_count(c->v)) {
        differs(c, "count of customers", c->customers);
    }
    if (c->ok && c->customers != customer_numbers(c->v->txn)) {
        differs(c, "count of numbers", customer_numbers(c->v->txn));
    }
    return c->ok;
}

/* Containers of a field, gathered until the code changes. */
struct verify_set {
    struct verify *c;
    uint16_t field;
    uint64_t stored;
};

static bool verify_container(void *ctx, uint32_t code, uint16_t container, struct strv octets)
{
    struct verify_set *s = ctx;
    uint64_t at;
    roaring_bitmap_t *r = bitmap_from_octets(octets);
    bool known = s->field == 0 ? (at = (uint64_t)(uintptr_t)s->c->exist, true)
                               : hmap_get(&s->c->sets, (uint64_t)s->field << 32 | code, &at);
    if (!r || !known || !roaring_bitmap_is_subset(r, (roaring_bitmap_t *)(uintptr_t)at) ||
        roaring_bitmap_is_empty(r) || roaring_bitmap_minimum(r) >> 16 != container ||
        roaring_bitmap_maximum(r) >> 16 != container) {
        differs(s->c, "a set with code", code);
    } else {
        s->stored += roaring_bitmap_get_cardinality(r);
    }
    bitmap_free(r);
    return s->c->ok;
}

static bool verify_sets(struct verify *c)
{
    uint64_t expected = 0, key, at, stored;
    size_t pos = 0;
    while (hmap_next(&c->sets, &pos, &key, &at)) {
        expected += roaring_bitmap_get_cardinality((roaring_bitmap_t *)(uintptr_t)at);
    }
    struct verify_set s = { .c = c };
    members_each_code(c->v->txn, 0, verify_container, &s);
    if (c->ok && s.stored != c->customers) {
        differs(c, "customers that exist", s.stored);
    }
    stored = 0;
    for (size_t i = 0; i < c->v->schema->n_fields && c->ok; i++) {
        s = (struct verify_set){ .c = c, .field = c->v->schema->fields[i].id };
        members_each_code(c->v->txn, s.field, verify_container, &s);
        stored += s.stored;
    }
    return c->ok && (stored == expected || differs(c, "members of sets", stored));
}

/* --- texts and events --- */

/* Each text is found again by itself; one that was forgotten may keep its place. */
static bool verify_text(void *ctx, uint32_t code, struct strv text)
{
    struct verify *c = ctx;
    return text.n == 0 || dict_find(c->v->txn, c->space, text) == code ||
           differs(c, "the text with code", code);
}

static bool verify_texts(struct verify *c)
{
    const struct schema *s = c->v->schema;
    for (size_t i = 0; i < s->n_fields && c->ok; i++) {
        c->space = s->fields[i].id;
        dict_each(c->v->txn, c->space, verify_text, c);
    }
    for (size_t i = 0; i < s->n_events && c->ok; i++) {
        for (size_t k = 0; k < s->events[i].n_attributes && c->ok; k++) {
            c->space = s->events[i].attributes[k].id;
            dict_each(c->v->txn, c->space, verify_text, c);
        }
    }
    return c->ok;
}

/* What the columns of a block have: attributes of the event, texts that were given a code, yes or no. */
static bool verify_column(struct verify *c, const struct events_block *b, size_t column)
{
    const struct schema_field *a = NULL;
    for (size_t k = 0; k < c->event->n_attributes && !a; k++) {
        a = c->event->attributes[k].id == b->attribute[column] ? &c->event->attributes[k] : NULL;
    }
    int64_t most = !a ? -1 : a->type == SCHEMA_TEXT ? dict_count(c->v->txn, a->id) : INT64_MAX;
    most = a && a->type == SCHEMA_BOOL ? PACKED_YES : most;
    for (uint32_t i = 0; i < b->rows; i++) {
        int64_t value = packed_get(&b->column[column], i);
        if (value != PACKED_UNSET &&
            (value > most || (most != INT64_MAX && value < (a->type == SCHEMA_TEXT)))) {
            return differs(c, "what happened on the day", (uint64_t)(int64_t)b->day);
        }
    }
    return true;
}

static bool verify_block(void *ctx, const struct events_block *b)
{
    struct verify *c = ctx;
    for (size_t i = 0; i < b->n_columns; i++) {
        if (!verify_column(c, b, i)) {
            return false;
        }
    }
    int64_t customer = -1, second = -1;
    for (uint32_t i = 0; i < b->rows; i++) {
        int64_t who = packed_get(&b->customer, i), when = packed_get(&b->second, i);
        if (who < customer || (who == customer && when < second) || when < 0 || when >= EVENTS_DAYS * 86400 ||
            (uint32_t)who / EVENTS_CUSTOMERS != b->first_customer / EVENTS_CUSTOMERS ||
            !roaring_bitmap_contains(c->exist, (uint32_t)who)) {
            return differs(c, "events of the day", (uint64_t)(int64_t)b->day);
        }
        customer = who;
        second = when;
    }
    if (!events_lists_true(b)) {
        return differs(c, "lists of the events of the day", (uint64_t)(int64_t)b->day);
    }
    return true;
}

bool audience_verify(struct audience_view *v, struct err *e)
{
    if (!catalog_check(v->txn, e)) {
        return false;
    }
    struct verify c = { .v = v, .e = e, .ok = true, .exist = roaring_bitmap_create() };
    c.expected = malloc((v->schema->n_fields + 1) * COLUMN_ROWS * sizeof(*c.expected));
    bool ok = c.exist && c.expected ? verify_rows(&c) && verify_sets(&c) && verify_texts(&c)
                                    : err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; ok && i < v->schema->n_events; i++) {
        c.event = &v->schema->events[i];
        events_each(v->txn, v->schema->events[i].id, INT32_MIN, INT32_MAX, verify_block, &c);
        ok = c.ok;
    }
    uint64_t key, at;
    for (size_t pos = 0; hmap_next(&c.sets, &pos, &key, &at);) {
        bitmap_free((roaring_bitmap_t *)(uintptr_t)at);
    }
    hmap_free(&c.sets);
    bitmap_free(c.exist);
    free(c.expected);
    return ok && catalog_ok(v->txn, e);
}
