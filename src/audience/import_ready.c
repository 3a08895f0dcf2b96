/* What a row will be in the store, as far as that can be said without it: the codes of its texts, where they
 * are known already, and the customer's record. Done by whoever reads, so that less is left to the thread
 * that applies; a row of which something is not known is applied from its cells. */
#include "audience/import_inside.h"

#include <stdlib.h>
#include <string.h>

void import_plan_make(struct audience_import *im)
{
    im->n_plan = 0;
    im->planned = true;
    for (size_t i = 0; i < im->map.n; i++) {
        const struct import_column *c = &im->map.columns[i];
        if (c->target != IMPORT_FIELD || c->shared || c->type == SCHEMA_NONE) {
            continue;
        }
        if (!c->id) { /* not declared yet */
            im->planned = false;
            return;
        }
        size_t at = im->n_plan++;
        for (; at > 0 && im->map.columns[im->plan[at - 1]].id > c->id; at--) {
            im->plan[at] = im->plan[at - 1];
        }
        im->plan[at] = (uint16_t)i;
    }
}

static bool members_reserve(struct audience_import *im, size_t more)
{
    if (im->n_members + more <= im->cap_members) {
        return true;
    }
    size_t cap = 2 * (im->n_members + more) + 1024;
    uint32_t *p = realloc(im->members, cap * sizeof(*p));
    if (p) {
        im->members = p;
        im->cap_members = cap;
    }
    return p != NULL;
}

/* The members' codes, ascending, each once, behind those of the rows before. The cell's number says where. */
static bool ready_set(struct audience_import *im, uint16_t field, struct import_cell *cell)
{
    struct strv text = cell->text, member;
    size_t n = 0;
    if (!members_reserve(im, cell->text.n / 2 + 1)) {
        return false;
    }
    uint32_t *own = im->members + im->n_members;
    while (import_next_member(&text, &member)) {
        uint32_t code = dict_cache_find(im->known, field, member);
        if (!code) {
            return false;
        }
        own[n++] = code;
    }
    n = import_codes_sort(own, n);
    cell->number = (int64_t)((uint64_t)im->n_members << 16 | n);
    im->n_members += n;
    return true;
}

const uint32_t *import_cell_codes(const struct audience_import *im, const struct import_cell *cell, size_t *n)
{
    *n = (uint64_t)cell->number & 0xffff;
    return im->members + ((uint64_t)cell->number >> 16);
}

/* The region and the clock that the number gives. False: they are not known, or the texts have no codes. */
static bool ready_place(struct audience_import *im, struct import_row *row, size_t *n)
{
    struct audience_place_of place = { 0 };
    size_t at = 0;
    struct strv own[2] = { { 0 } };
    for (size_t i = 0; i < *n; i++) {
        const struct customer_value *v = &im->values[i];
        at += v->field < FIELD_REGION;
        own[0] = v->field == FIELD_ZONE ? v->text : own[0];
        own[1] = v->field == FIELD_REGION ? v->text : own[1];
    }
    if (!im->locator) {
        return !im->o.locator;
    }
    if (!im->locator->locate(im->locator->ctx, row->msisdn, own[0], own[1], &place)) {
        return true;
    }
    row->clock = place.clock.n ? dict_cache_find(im->known, FIELD_CLOCK, place.clock) : 0;
    row->region = place.region.n && !own[1].n ? dict_cache_find(im->known, FIELD_REGION, place.region) : 0;
    if ((place.clock.n && !row->clock) || (place.region.n && !own[1].n && !row->region)) {
        return false;
    }
    if (row->region) {
        memmove(im->values + at + 1, im->values + at, (*n - at) * sizeof(*im->values));
        im->values[at] = (struct customer_value){ .field = FIELD_REGION, .type = SCHEMA_TEXT };
        im->values[at].text = place.region; /* encoded before the next call */
        ++*n;
    }
    return true;
}

static bool ready_values(struct audience_import *im, struct import_cell *cells, size_t *n)
{
    bool all = true;
    *n = 0;
    if (im->n_plan + 1 > im->cap_values) {
        struct customer_value *p = realloc(im->values, (im->n_plan + 1) * 2 * sizeof(*p));
        if (!p) {
            return false;
        }
        im->values = p;
        im->cap_values = (im->n_plan + 1) * 2;
    }
    for (size_t i = 0; i < im->n_plan; i++) {
        const struct import_column *c = &im->map.columns[im->plan[i]];
        struct import_cell *cell = &cells[c->cell];
        if (!cell->set) {
            continue;
        }
        struct customer_value *v = &im->values[(*n)++];
        *v = (struct customer_value){ .field = c->id, .type = c->type, .number = cell->number };
        if (c->type == SCHEMA_TEXT) {
            cell->number = dict_cache_find(im->known, c->id, cell->text);
            v->text = cell->text;
            all = all && cell->number;
        } else if (c->type == SCHEMA_SET && all) {
            all = ready_set(im, c->id, cell);
            v->codes = all ? import_cell_codes(im, cell, &v->n_codes) : NULL;
        }
    }
    return all;
}

static void ready_event(struct audience_import *im, struct import_cell *cells)
{
    for (size_t i = 0; i < im->n_plan; i++) {
        const struct import_column *c = &im->map.columns[im->plan[i]];
        struct import_cell *cell = &cells[c->cell];
        if (c->type == SCHEMA_TEXT && cell->set) {
            cell->number = dict_cache_find(im->known, c->id, cell->text);
        }
    }
}

void import_row_ready(struct audience_import *im, struct import_row *row, struct import_cell *cells)
{
    size_t n;
    if (!im->planned || !im->known) {
        return;
    }
    if (im->o.kind == IMPORT_EVENTS) {
        ready_event(im, cells);
        return;
    }
    size_t at = im->records.len;
    if (ready_values(im, cells, &n) && ready_place(im, row, &n) && at <= UINT32_MAX &&
        customer_encode_values(&im->records, im->values, n)) {
        row->record = (uint32_t)at;
        row->n_record = (uint32_t)(im->records.len - at);
        row->ready = true;
    }
}
