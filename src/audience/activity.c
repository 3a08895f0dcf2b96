#include "audience/activity.h"

#include "audience/audience_inside.h"
#include "store/columns.h"
#include "store/events.h"

#include <stdlib.h>

/* Events of the list that have a customer, still of all types. */
struct feed_rows {
    size_t n;
    uint16_t *event;
    uint32_t *customer;
    usec_t *at;
    int64_t *campaign;
};

static bool feed_rows_alloc(struct feed_rows *r, size_t n)
{
    r->event = calloc(n, sizeof(*r->event));
    r->customer = calloc(n, sizeof(*r->customer));
    r->at = calloc(n, sizeof(*r->at));
    r->campaign = calloc(n, sizeof(*r->campaign));
    return r->event && r->customer && r->at && r->campaign;
}

static void feed_rows_free(struct feed_rows *r)
{
    free(r->event);
    free(r->customer);
    free(r->at);
    free(r->campaign);
}

static bool feed_makes_customer(const struct audience_feed_options *o, uint16_t event)
{
    return o && o->create_customers && (event == EVENT_INBOUND || event == EVENT_START);
}

/* The customer of an activity, made if that is wanted. *id stays when there is none. */
static bool feed_customer(struct audience_writer *w, const struct audience_activity *a,
                          const struct audience_feed_options *o, struct audience_feed_result *result,
                          uint32_t *id, bool *known, struct err *e)
{
    *known = true;
    if (a->customer && (column_get(w->txn, FIELD_MSISDN, a->customer - 1) == (int64_t)a->number)) {
        *id = a->customer - 1;
        return true;
    }
    if (audience_writer_find(w, a->number, id)) {
        return true;
    }
    if (!a->number || !feed_makes_customer(o, a->event)) {
        *known = false;
        result->unknown++;
        return true;
    }
    struct customer_record r = { .msisdn = a->number, .created = a->at, .changed = a->at };
    result->created++;
    return audience_writer_create(w, o->locator, &r, id, e);
}

/* Stable in the order of the list, one type of event after the other. */
static bool feed_append(struct catalog_txn *t, const struct feed_rows *r, struct err *e)
{
    struct feed_rows one = { 0 };
    uint8_t done[SCHEMA_MAX_EVENTS + 64] = { 0 };
    bool ok = feed_rows_alloc(&one, r->n ? r->n : 1) || err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; ok && i < r->n; i++) {
        if (done[r->event[i]]) {
            continue;
        }
        done[r->event[i]] = 1;
        one.n = 0;
        for (size_t j = i; j < r->n; j++) {
            if (r->event[j] == r->event[i]) {
                one.customer[one.n] = r->customer[j];
                one.at[one.n] = r->at[j];
                one.campaign[one.n++] = r->campaign[j];
            }
        }
        const uint16_t attribute = ATTRIBUTE_CAMPAIGN;
        const int64_t *const values = one.campaign;
        const struct events_batch b = { .type = r->event[i],
                                        .n = one.n,
                                        .customer = one.customer,
                                        .at = one.at,
                                        .n_attributes = 1,
                                        .attribute = &attribute,
                                        .values = &values };
        ok = events_append(t, &b, e);
    }
    feed_rows_free(&one);
    return ok;
}

bool audience_apply_feed(struct audience *a, const struct audience_activity *list, size_t n,
                         uint64_t last_seq, const struct audience_feed_options *o,
                         struct audience_feed_result *result, struct err *e)
{
    struct audience_writer w;
    struct feed_rows rows = { 0 };
    struct audience_feed_result local = { 0 };
    bool ok = audience_writer_init(&w, a, e) && audience_writer_begin(&w, e);
    if (ok && !feed_rows_alloc(&rows, n ? n : 1)) {
        ok = err_set(e, ERR_NOMEM, "out of memory");
    }
    uint64_t applied = ok ? catalog_number(w.txn, CATALOG_FEED_SEQ) : 0;
    for (size_t i = 0; ok && i < n; i++) {
        bool known;
        if (list[i].seq <= applied) {
            local.repeated++;
            continue;
        }
        if (list[i].event == 0 || list[i].event >= SCHEMA_MAX_EVENTS + 64) {
            ok = err_set(e, ERR_INVALID, "unknown type of activity %u", list[i].event);
            break;
        }
        ok = feed_customer(&w, &list[i], o, &local, &rows.customer[rows.n], &known, e);
        if (ok && known) {
            rows.event[rows.n] = list[i].event;
            rows.at[rows.n] = list[i].at;
            rows.campaign[rows.n++] = list[i].campaign ? (int64_t)list[i].campaign : PACKED_UNSET;
        }
    }
    local.applied = rows.n;
    ok = ok && feed_append(w.txn, &rows, e);
    journal_add_events(&w.journal, rows.customer, rows.at, ok ? rows.n : 0);
    if (ok) {
        if (last_seq > applied) {
            catalog_set_number(w.txn, CATALOG_FEED_SEQ, last_seq);
        }
        if (local.unknown) {
            catalog_set_number(w.txn, CATALOG_FEED_UNKNOWN,
                               catalog_number(w.txn, CATALOG_FEED_UNKNOWN) + local.unknown);
        }
        ok = audience_writer_commit(&w, rows.n > 0, e);
    }
    if (ok && result) {
        *result = local;
    }
    feed_rows_free(&rows);
    audience_writer_free(&w);
    return ok;
}

static uint64_t feed_number(struct audience *a, enum catalog_number which)
{
    struct catalog_txn *t = catalog_begin_read(a->catalog, NULL);
    uint64_t n = t ? catalog_number(t, which) : 0;
    catalog_end(t);
    return n;
}

uint64_t audience_feed_seq(struct audience *a)
{
    return feed_number(a, CATALOG_FEED_SEQ);
}

uint64_t audience_feed_unknown(struct audience *a)
{
    return feed_number(a, CATALOG_FEED_UNKNOWN);
}
