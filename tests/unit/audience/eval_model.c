#include "eval_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audience/audience_inside.h"
#include "audience/segment.h"
#include "base/civil.h"
#include "store/dict.h"
#include "store/events.h"
#include "store/packed.h"

/* Some differ in case only, which is no difference. */
const char *const model_words[] = { "gold",
                                    "Gold",
                                    "silver",
                                    "STRASSE",
                                    "stra\xC3\x9F"
                                    "e",
                                    "bronze",
                                    "go",
                                    "old school",
                                    "\xC3\x84pfel",
                                    "\xC3\xA4pfel",
                                    "VIP",
                                    "vip",
                                    "x",
                                    NULL };
static const char *const event_names[EVENTS] = { "purchase", "cart_add", "inbound", "csat", "survey" };
static const uint16_t event_ids[EVENTS] = { EVENT_PURCHASE, 10, EVENT_INBOUND, 15, EVENT_SURVEY };
/* Names a person may give, keywords among them. */
static const char *const own_names[] = { "last",  "month", "in",   "points", "x.y",   "today", "has",  "is",
                                         "where", "ever",  "a_b_", "within", "count", "hour",  "not_", "p" };

static const struct model_name field_names[FIELDS] = {
    [F_MSISDN] = { "msisdn", QUERY_TYPE_NUMBER, { 0 }, { 0 } },
    [F_GENDER] = { "gender", QUERY_TYPE_TEXT, { 0 }, { 0 } },
    [F_REGION] = { "region", QUERY_TYPE_TEXT, { 0 }, { 0 } },
    [F_TIER] = { "tier", QUERY_TYPE_TEXT, { 0 }, { 0 } },
    [F_ZONE] = { "zone", QUERY_TYPE_TEXT, { 0 }, { 0 } },
    [F_BIRTH] = { "birth_date", QUERY_TYPE_DATE, { 0 }, { 0 } },
    [F_SIGNUP] = { "signup", QUERY_TYPE_DATE, { 0 }, { 0 } },
    [F_CREATED] = { "created", QUERY_TYPE_DATE, { 0 }, { 0 } },
    [F_BALANCE] = { "balance", QUERY_TYPE_NUMBER, { 2 }, { 0 } },
    [F_VISITS] = { "visits", QUERY_TYPE_NUMBER, { 0 }, { 0 } },
    [F_NEWS] = { "newsletter", QUERY_TYPE_BOOL, { 0 }, { 0 } },
    [F_TAGS] = { "tags", QUERY_TYPE_SET, { 0 }, { 0 } },
    [F_INTERESTS] = { "interests", QUERY_TYPE_SET, { 0 }, { 0 } },
    [F_HOME] = { "home", QUERY_TYPE_PLACE, { 0 }, { 0 } },
};
static const struct model_name attribute_names[ATTRIBUTES] = {
    [A_AMOUNT] = { "amount", QUERY_TYPE_NUMBER, { 2, 2 }, { 64, 90 } },
    [A_QUANTITY] = { "quantity", QUERY_TYPE_NUMBER, { 0 }, { 70, 91 } },
    [A_PRODUCT] = { "product", QUERY_TYPE_TEXT, { 0 }, { 71, 92 } },
    [A_DUE] = { "due", QUERY_TYPE_DATE, { 0 }, { 0 } },
    [A_GIFT] = { "gift", QUERY_TYPE_BOOL, { 0 }, { 0 } },
    [A_PRICE] = { "price", QUERY_TYPE_NUMBER, { 1 }, { 0 } },
    [A_NAME] = { "name", QUERY_TYPE_TEXT, { 0 }, { [E_SURVEY] = ATTRIBUTE_SURVEY_NAME } },
    [A_STATUS] = { "status", QUERY_TYPE_TEXT, { 0 }, { [E_SURVEY] = ATTRIBUTE_SURVEY_STATUS } },
};

static const char *const clock_texts[] = { "", "DE Europe/Berlin", "US-FL America/New_York,America/Chicago",
                                           "ZZ -", "IN Asia/Kolkata" };
static const char *const clock_zones[] = { "", "Europe/Berlin", "America/New_York", "", "Asia/Kolkata" };
static const char *const zone_names[] = { "Asia/Tokyo", "America/Los_Angeles", "Nowhere/Land",
                                          "Europe/Berlin" };

/* --- making it up --- */

static const char *random_word(struct rnd *r)
{
    size_t n = 0;
    while (model_words[n])
        n++;
    return model_words[rnd_below(r, n)];
}

static bool often(struct rnd *r)
{
    return rnd_below(r, 5) != 0;
}

static struct model_value random_number(struct rnd *r, int64_t low, uint64_t span)
{
    struct model_value v = { .set = often(r), .n = low + (int64_t)rnd_below(r, span) };
    return v;
}

static struct model_value random_text(struct rnd *r)
{
    return (struct model_value){ .set = often(r), .text = random_word(r) };
}

/* Dates near the edges of windows, leap days and their neighbours, or anything. */
static struct model_value random_date(struct rnd *r, int32_t today)
{
    static const int32_t steps[] = { 0, 1, -1, 7, -7, 6, -6, 30, -30, 365, -365, -366, -730, 8, -8 };
    struct model_value v = { .set = often(r) };
    switch (rnd_below(r, 4)) {
    case 0: v.n = today + steps[rnd_below(r, sizeof steps / sizeof steps[0])]; break;
    case 1: v.n = civil_days(1940 + (int32_t)rnd_below(r, 80), 2, 28) + (int32_t)rnd_below(r, 3); break;
    case 2:
        v.n = civil_days(1940 + (int32_t)rnd_below(r, 80), 1, 1) + (today + (int32_t)rnd_below(r, 9)) % 365;
        break;
    default: v.n = today - (int32_t)rnd_below(r, 36000); break;
    }
    return v;
}

static struct model_value random_members(struct rnd *r)
{
    struct model_value v = { .set = false };
    for (uint64_t k = rnd_below(r, 4); k > 0; k--)
        v.members |= 1u << rnd_below(r, 13);
    v.set = v.members != 0;
    return v;
}

static struct model_value random_value(struct rnd *r, const struct model *m, enum query_type type,
                                       unsigned scale)
{
    int32_t today = (int32_t)(m->now / USEC_DAY);
    switch (type) {
    case QUERY_TYPE_TEXT: return random_text(r);
    case QUERY_TYPE_DATE: return random_date(r, today);
    case QUERY_TYPE_BOOL: return random_number(r, 0, 2);
    case QUERY_TYPE_SET: return random_members(r);
    case QUERY_TYPE_PLACE:
        return (struct model_value){ .set = often(r),
                                     .lat = 480000000 + (int32_t)rnd_below(r, 40000000),
                                     .lon = 120000000 + (int32_t)rnd_below(r, 60000000) };
    default: {
        const int64_t span = scale > 1 ? 4000 : 40;
        return random_number(r, ((const int64_t[]){ 0, -20, -span / 2, -span })[rnd_below(r, 4)],
                             (uint64_t)span);
    }
    }
}

static void random_customer(struct rnd *r, struct model *m, uint32_t id)
{
    struct model_customer *c = &m->customers[id];
    int32_t today = (int32_t)(m->now / USEC_DAY);
    size_t clock = rnd_below(r, 5);
    c->exists = true;
    c->clock = clock_texts[clock];
    c->zone = *clock_zones[clock] ? zones_get(m->zones, strv_from(clock_zones[clock]), NULL) : m->zone;
    struct model_value *f = c->field;
    f[F_MSISDN] = (struct model_value){ .set = true, .n = 447700900000 + (int64_t)id * 7 };
    f[F_GENDER] = random_text(r);
    f[F_REGION] = random_text(r);
    f[F_TIER] = random_text(r);
    if (rnd_below(r, 3) == 0) {
        f[F_ZONE] = (struct model_value){ .set = true, .text = zone_names[rnd_below(r, 4)] };
        c->zone = zones_get(m->zones, strv_from(f[F_ZONE].text), NULL);
        if (!c->zone)
            c->zone = m->zone;
    }
    f[F_BIRTH] = random_date(r, today);
    f[F_SIGNUP] = random_date(r, today);
    f[F_CREATED] = (struct model_value){ .set = true, .n = today - (int64_t)rnd_below(r, 400) };
    f[F_BALANCE] = random_number(r, -500, 1000);
    f[F_VISITS] = random_number(r, 0, 12);
    f[F_NEWS] = random_number(r, 0, 2);
    f[F_TAGS] = random_members(r);
    f[F_INTERESTS] = random_members(r);
    f[F_HOME] = random_value(r, m, QUERY_TYPE_PLACE, 0);
    for (int i = FIELDS; i < m->n_fields; i++)
        f[i] = random_value(r, m, m->fields[i].type, m->fields[i].scale[0]);
}

/* The first second of a day here, or the last of the day before: today, one of the last days, the first of a
 * week, month or year. */
static int64_t random_midnight(struct rnd *r, const struct model *m)
{
    int64_t local = m->zone ? zone_local(m->zone, m->now) : m->now;
    int32_t day = (int32_t)(local / USEC_DAY), y;
    unsigned month, d;
    civil_from_days(day, &y, &month, &d);
    switch (rnd_below(r, 4)) {
    case 0: day -= (int32_t)civil_weekday(day) + 7 * (int32_t)rnd_below(r, 3); break;
    case 1: day = civil_days(y, rnd_below(r, 2) ? month : 1, 1); break;
    default: day -= (int32_t)rnd_below(r, 10); break;
    }
    usec_t at = m->zone ? zone_instant(m->zone, (usec_t)day * USEC_DAY) : (usec_t)day * USEC_DAY;
    return at / USEC_SEC - (int64_t)rnd_below(r, 2);
}

/* Seconds around midnights and the ends of windows, in the future, or anywhen in three years. */
static int64_t random_second(struct rnd *r, const struct model *m)
{
    int64_t now = m->now / USEC_SEC, day = now / 86400 * 86400;
    switch (rnd_below(r, 10)) {
    case 8:
    case 9: return random_midnight(r, m);
    case 0: return now + (int64_t)rnd_below(r, 5) - 2;
    case 1: return now - (int64_t)rnd_below(r, 4) * 3600 * 24 + (int64_t)rnd_below(r, 3) - 1;
    case 2: return now - (int64_t)rnd_below(r, 6) * 3600 + (int64_t)rnd_below(r, 3) - 1;
    case 3:
        return day - (int64_t)rnd_below(r, 40) * 86400 - (int64_t)rnd_below(r, 3) * 3600 +
               (int64_t)rnd_below(r, 3) - 1;
    case 4: return now - (int64_t)rnd_below(r, 40 * 86400);
    case 5:
        return rnd_below(r, 10) ? now - (int64_t)rnd_below(r, 100) : now + (int64_t)rnd_below(r, 3 * 86400);
    default: return now - (int64_t)rnd_below(r, 1000 * 86400);
    }
}

static void random_event(struct rnd *r, const struct model *m, struct model_event *e)
{
    memset(e, 0, sizeof *e);
    e->type = (int)rnd_below(r, (uint64_t)m->n_event_types);
    do
        e->customer = (uint32_t)rnd_below(r, m->n);
    while (!m->customers[e->customer].exists);
    e->second = random_second(r, m);
    if (rnd_below(r, 5) == 0 && e > m->events) { /* something else at the same time */
        const struct model_event *other = &m->events[rnd_below(r, (uint64_t)(e - m->events))];
        e->customer = other->customer;
        e->second = other->second;
    }
    for (int i = 0; i < m->n_attributes; i++)
        if (m->attributes[i].id[e->type])
            e->attribute[i] = random_value(r, m, m->attributes[i].type, m->attributes[i].scale[e->type]);
    if (e->attribute[A_NAME].set)
        e->attribute[A_NAME].text = model_words[rnd_below(r, 4)]; /* few, so that they come again */
}

/* --- into the store --- */

static enum schema_type stored_type(enum query_type type)
{
    static const enum schema_type types[] = { SCHEMA_NONE, SCHEMA_TEXT, SCHEMA_NUMBER, SCHEMA_DATE,
                                              SCHEMA_BOOL, SCHEMA_SET,  SCHEMA_PLACE };
    return types[type];
}

static uint16_t declared(uint16_t id, const struct err *e)
{
    if (!id)
        fail_msg("%s", e->text);
    return id;
}

static void declare_attribute(struct model *m, struct audience_writer *w, int a, int event, unsigned scale)
{
    struct err e = { 0 };
    struct model_name *n = &m->attributes[a];
    n->scale[event] = scale;
    n->id[event] = declared(schema_add_attribute(w->txn, m->event_ids[event], strv_from(n->name),
                                                 stored_type(n->type), scale, 1, &e),
                            &e);
}

static void declare(struct model *m, struct audience_writer *w)
{
    struct err e = { 0 };
    static const uint16_t builtin[FIELDS] = {
        FIELD_MSISDN, 10, FIELD_REGION, 16, FIELD_ZONE, 11, FIELD_SIGNUP, FIELD_CREATED, 0, 0, 0, FIELD_TAGS,
        13,           17
    };
    memcpy(m->fields, field_names, sizeof field_names);
    memcpy(m->attributes, attribute_names, sizeof attribute_names);
    memcpy(m->event_names, event_names, sizeof event_names);
    memcpy(m->event_ids, event_ids, sizeof event_ids);
    m->n_fields = FIELDS;
    m->n_attributes = ATTRIBUTES;
    m->n_event_types = EVENTS;
    for (int i = 0; i < FIELDS; i++)
        m->fields[i].id[0] =
            builtin[i]
                ? builtin[i]
                : declared(schema_add_field(w->txn, strv_from(m->fields[i].name),
                                            stored_type(m->fields[i].type), m->fields[i].scale[0], 1, &e),
                           &e);
    declare_attribute(m, w, A_DUE, E_PURCHASE, 0);
    declare_attribute(m, w, A_GIFT, E_PURCHASE, 0);
    declare_attribute(m, w, A_PRICE, E_PURCHASE, 1);
    declare_attribute(m, w, A_PRICE, E_CART_ADD, 2);
}

/* Fields, events and attributes of any type and scale; attributes of one name in several events, with
 * different scales. */
static void declare_own(struct rnd *r, struct model *m, struct audience_writer *w)
{
    struct err e = { 0 };
    size_t shift = rnd_below(r, 16), next = 0;
    for (uint64_t k = rnd_below(r, FIELDS_MOST - FIELDS + 1); k > 0; k--) {
        struct model_name *n = &m->fields[m->n_fields++];
        *n = (struct model_name){ .name = own_names[(next++ + shift) % 16],
                                  .type = (enum query_type)(1 + rnd_below(r, 6)) };
        n->scale[0] = n->type == QUERY_TYPE_NUMBER ? (unsigned)rnd_below(r, 5) : 0;
        n->id[0] = declared(
            schema_add_field(w->txn, strv_from(n->name), stored_type(n->type), n->scale[0], 1, &e), &e);
    }
    for (uint64_t k = rnd_below(r, EVENTS_MOST - EVENTS + 1); k > 0; k--) {
        m->event_names[m->n_event_types] = ((const char *const[]){ "visit", "last", "where" })[k - 1];
        m->event_ids[m->n_event_types] =
            declared(schema_add_event(w->txn, strv_from(m->event_names[m->n_event_types]), 1, &e), &e);
        m->n_event_types++;
    }
    for (uint64_t k = rnd_below(r, ATTRIBUTES_MOST - ATTRIBUTES + 1); k > 0; k--) {
        static const char *const names[] = { "kind", "when", "points", "set", "today", "flag" };
        enum query_type type = (enum query_type)(1 + rnd_below(r, 4));
        m->attributes[m->n_attributes++] = (struct model_name){ .name = names[k - 1], .type = type };
    }
    for (int a = 0; a < m->n_attributes; a++)
        for (int event = 0; event < m->n_event_types; event++)
            if (!m->attributes[a].id[event] && event != E_SURVEY && rnd_below(r, 2))
                declare_attribute(m, w, a, event,
                                  m->attributes[a].type == QUERY_TYPE_NUMBER ? (unsigned)rnd_below(r, 4) : 0);
}

static size_t put_codes(const struct model *m, struct audience_writer *w, int field, uint32_t members,
                        uint32_t *codes)
{
    size_t n = 0;
    for (int k = 0; k < 13; k++) {
        if (!(members >> k & 1))
            continue;
        uint32_t code = dict_intern(w->txn, m->fields[field].id[0], strv_from(model_words[k]), NULL);
        size_t at = 0;
        while (at < n && codes[at] < code)
            at++;
        if (at < n && codes[at] == code)
            continue; /* "vip" and "VIP" */
        memmove(codes + at + 1, codes + at, (n - at) * sizeof *codes);
        codes[at] = code;
        n++;
    }
    return n;
}

static int value_order(const void *a, const void *b)
{
    const struct customer_value *x = a, *y = b;
    return (x->field > y->field) - (x->field < y->field);
}

/* Values of one customer as the store wants them; returns how many. */
static size_t put_values(const struct model *m, struct audience_writer *w, const struct model_customer *c,
                         struct customer_value *values, uint32_t codes[FIELDS_MOST][16])
{
    size_t n = 0;
    for (int i = 0; i < m->n_fields; i++) {
        const struct model_value *v = &c->field[i];
        if (!v->set || i == F_MSISDN || i == F_CREATED)
            continue;
        struct customer_value *out = &values[n++];
        *out = (struct customer_value){ .field = m->fields[i].id[0],
                                        .type = stored_type(m->fields[i].type),
                                        .number = v->n };
        if (out->type == SCHEMA_TEXT)
            out->text = strv_from(v->text);
        if (out->type == SCHEMA_BOOL)
            out->number = v->n ? PACKED_YES : PACKED_NO;
        if (out->type == SCHEMA_PLACE)
            out->number = packed_place(v->lat, v->lon);
        if (out->type == SCHEMA_SET) {
            out->codes = codes[i];
            out->n_codes = put_codes(m, w, i, v->members, codes[i]);
        }
    }
    qsort(values, n, sizeof *values, value_order);
    return n;
}

static void put_customers(struct model *m, struct audience_writer *w)
{
    struct err e = { 0 };
    for (uint32_t i = 0; i < m->n; i++) {
        const struct model_customer *c = &m->customers[i];
        struct customer_value values[FIELDS_MOST];
        uint32_t codes[FIELDS_MOST][16], id = 0;
        struct customer_record r = { .msisdn = (uint64_t)c->field[F_MSISDN].n, .values = values };
        r.created = r.changed = c->field[F_CREATED].n * USEC_DAY + 5;
        r.n_values = put_values(m, w, c, values, codes);
        if (*c->clock)
            r.clock = dict_intern(w->txn, FIELD_CLOCK, strv_from(c->clock), &e);
        if (!audience_writer_create(w, NULL, &r, &id, &e))
            fail_msg("%s", e.text);
        assert_int_equal(id, m->first + i);
    }
}

/* Long stretches are gone, so that blocks are empty and ids do not begin at 0. */
static void erase_some(struct rnd *r, struct model *m, struct audience_writer *w)
{
    struct err e = { 0 };
    struct customer_arena arena = { 0 };
    for (uint32_t i = 0; i < m->n; i++) {
        bool stretch = m->n > 5000 ? i < 70 || (i > m->n / 4 && i < m->n * 3 / 4) : i < 3;
        if (!stretch && rnd_below(r, 50))
            continue;
        struct customer_record before;
        assert_true(customer_get(w->txn, m->first + i, &arena, &before));
        assert_true(index_change(w->index, w->txn, &w->dict, m->first + i, &before, NULL, &e));
        assert_true(customer_delete(w->txn, m->first + i));
        assert_true(events_erase(w->txn, m->first + i, &e));
        m->customers[i].exists = false;
    }
    customer_arena_free(&arena);
}

static int64_t stored_value(const struct model *m, struct audience_writer *w, const struct model_event *ev,
                            int a)
{
    const struct model_value *v = &ev->attribute[a];
    if (!v->set)
        return PACKED_UNSET;
    if (m->attributes[a].type == QUERY_TYPE_TEXT)
        return dict_intern(w->txn, m->attributes[a].id[ev->type], strv_from(v->text), NULL);
    if (m->attributes[a].type == QUERY_TYPE_BOOL)
        return v->n ? PACKED_YES : PACKED_NO;
    return v->n;
}

/* One batch of one type: events [from, to) in the order they arrive. */
static void put_batch(const struct model *m, struct audience_writer *w, int type, size_t from, size_t to)
{
    size_t n = 0, n_attributes = 0;
    uint32_t *customer = calloc(to - from, sizeof *customer);
    usec_t *at = calloc(to - from, sizeof *at);
    uint16_t ids[ATTRIBUTES_MOST];
    uint64_t coded = 0;
    int64_t *values[ATTRIBUTES_MOST];
    for (int a = 0; a < m->n_attributes; a++) {
        if (!m->attributes[a].id[type])
            continue;
        ids[n_attributes] = m->attributes[a].id[type];
        coded |= (uint64_t)(m->attributes[a].type == QUERY_TYPE_TEXT) << n_attributes;
        values[n_attributes] = calloc(to - from, sizeof(int64_t));
        n = 0;
        for (size_t i = from; i < to; i++)
            if (m->events[i].type == type)
                values[n_attributes][n++] = stored_value(m, w, &m->events[i], a);
        n_attributes++;
    }
    n = 0;
    for (size_t i = from; i < to; i++) {
        if (m->events[i].type != type)
            continue;
        customer[n] = m->first + m->events[i].customer;
        at[n++] = m->events[i].second * USEC_SEC + 17;
    }
    const struct events_batch b = { .type = m->event_ids[type],
                                    .n = n,
                                    .customer = customer,
                                    .at = at,
                                    .n_attributes = n_attributes,
                                    .attribute = ids,
                                    .values = (const int64_t *const *)values,
                                    .coded = coded };
    struct err e = { 0 };
    if (n && !events_append(w->txn, &b, &e))
        fail_msg("%s", e.text);
    for (size_t a = 0; a < n_attributes; a++)
        free(values[a]);
    free(customer);
    free(at);
}

/* In batches of very different sizes. */
static void put_events(struct rnd *r, const struct model *m, struct audience_writer *w)
{
    for (size_t at = 0; at < m->n_events;) {
        size_t n = rnd_below(r, 3) ? 1 + rnd_below(r, 40) : 1 + rnd_below(r, 6000);
        if (n > m->n_events - at)
            n = m->n_events - at;
        for (int type = 0; type < m->n_event_types; type++)
            put_batch(m, w, type, at, at + n);
        at += n;
    }
}

static int event_order(const void *a, const void *b)
{
    const struct model_event *x = a, *y = b;
    if (x->customer != y->customer)
        return x->customer < y->customer ? -1 : 1;
    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return (x->arrival > y->arrival) - (x->arrival < y->arrival);
}

static void write_all(struct rnd *r, struct model *m, size_t events, bool own)
{
    struct err e = { 0 };
    struct audience_writer w;
    if (!audience_writer_init(&w, m->audience, &e) || !audience_writer_begin(&w, &e))
        fail_msg("%s", e.text);
    declare(m, &w);
    catalog_set_number(w.txn, CATALOG_NEXT_CUSTOMER, m->first);
    if (own)
        declare_own(r, m, &w);
    for (uint32_t i = 0; i < m->n; i++)
        random_customer(r, m, i);
    put_customers(m, &w);
    if (!audience_writer_commit(&w, true, &e) || !audience_writer_begin(&w, &e))
        fail_msg("%s", e.text);
    erase_some(r, m, &w);
    m->n_events = events;
    m->events = calloc(events, sizeof *m->events);
    for (size_t i = 0; i < events; i++) {
        random_event(r, m, &m->events[i]);
        m->events[i].arrival = i;
    }
    put_events(r, m, &w);
    if (!audience_writer_commit(&w, true, &e))
        fail_msg("%s", e.text);
    audience_writer_free(&w);
}

void model_make(struct model *m, uint64_t seed, uint32_t customers, size_t events, bool own)
{
    struct rnd r;
    struct err e = { 0 };
    rnd_seed(&r, seed);
    m->n = customers;
    for (int i = 0; i < 4; i++)
        m->alive[i] = 0.1 + (double)rnd_below(&r, 500) / 100;
    m->customers = calloc(customers, sizeof *m->customers);
    snprintf(m->dir, sizeof m->dir, "/tmp/tessera-eval-XXXXXX");
    assert_non_null(mkdtemp(m->dir));
    const struct audience_options o = { .dir = m->dir, .map_size = 256u << 20, .nosync = true };
    m->audience = audience_open(&o, &e);
    if (!m->audience)
        fail_msg("%s", e.text);
    write_all(&r, m, events, own);
    qsort(m->events, m->n_events, sizeof *m->events, event_order);
    for (size_t i = 0; i < m->n_events; i++) {
        struct model_customer *c = &m->customers[m->events[i].customer];
        if (i == 0 || m->events[i - 1].customer != m->events[i].customer)
            c->first = i;
        c->end = i + 1;
    }
}

void model_free(struct model *m)
{
    char command[128];
    audience_close(m->audience);
    snprintf(command, sizeof command, "rm -rf '%s'", m->dir);
    assert_int_equal(system(command), 0);
    for (size_t i = 0; i < m->n_segments; i++) {
        free(m->segments[i][0]);
        free(m->segments[i][1]);
    }
    free(m->customers);
    free(m->events);
}

void model_add_segment(struct model *m, const char *name, const char *query)
{
    struct err e = { 0 };
    const struct segment_by by = { .now = m->now };
    if (!segment_save(m->audience, strv_from(name), strv_from(query), SEGMENT_ADD, NULL, &by, NULL, &e))
        fail_msg("%s: %s", query, e.text);
    m->segments[m->n_segments][0] = strdup(name);
    m->segments[m->n_segments++][1] = strdup(query);
}
