#include "audience/import_inside.h"

#include "store/events.h"

/* The row's cell of the field; NULL: the file does not have the field. */
static const struct import_cell *cell_of(const struct audience_import *im, size_t row, uint16_t field,
                                         const char **header)
{
    for (size_t i = 0; i < im->map.n; i++) {
        const struct import_column *c = &im->map.columns[i];
        if (c->target == IMPORT_FIELD && !c->shared && c->id == field) {
            *header = c->header;
            return &im->cells[row * im->map.n_cells + c->cell];
        }
    }
    return NULL;
}

static struct strv value_of(const struct customer_record *before, uint16_t field)
{
    const struct customer_value *v = before ? customer_value(before, field) : NULL;
    return v ? v->text : strv_from(NULL);
}

bool import_stages_allow(struct audience_import *im, size_t row, const struct customer_record *before)
{
    bool ok = true;
    for (size_t i = 0; ok && i < im->stages.n; i++) {
        const char *header = "";
        const struct import_cell *cell = cell_of(im, row, im->stages.field[i], &header);
        struct buf why = { 0 };
        if (cell && cell->set && cell->text.n && /* taking it away is always allowed */
            !stages_allow(strv_from(im->stages.rules[i]), value_of(before, im->stages.field[i]), cell->text,
                          &why)) {
            ok = buf_reserve(&why, 1);
            if (ok) {
                why.data[why.len] = '\0';
            }
            import_reject(im, im->rows[row].line, header, cell->text,
                          ok ? (const char *)why.data : "not among the field's transitions");
            ok = false;
        }
        buf_free(&why);
    }
    return ok;
}

static int64_t code_of(struct audience_import *im, uint16_t attribute, struct strv text, bool *ok,
                       struct err *e)
{
    if (!text.n || !*ok) {
        return PACKED_UNSET;
    }
    uint32_t code = dict_cache_intern(&im->writer.dict, im->writer.txn, attribute, text, e);
    *ok = code != 0;
    return code;
}

static bool note(struct audience_import *im, uint32_t customer, struct strv field, struct strv from,
                 struct strv to, struct err *e)
{
    static const uint16_t attributes[] = { ATTRIBUTE_CHANGE_FIELD, ATTRIBUTE_CHANGE_FROM,
                                           ATTRIBUTE_CHANGE_TO };
    const struct strv texts[] = { field, from, to };
    struct import_log *log = &im->log;
    bool ok = import_log_reserve(log, 3, 1) || err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; ok && i < 3; i++) {
        log->attribute[i] = attributes[i];
        log->values[i][log->n] = code_of(im, attributes[i], texts[i], &ok, e);
    }
    if (ok) {
        log->texts = 7;
        log->customer[log->n] = customer;
        log->at[log->n++] = im->o.now;
    }
    return ok;
}

bool import_stages_note(struct audience_import *im, size_t row, const struct customer_record *before,
                        uint32_t customer, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < im->stages.n; i++) {
        const uint16_t field = im->stages.field[i];
        const char *header;
        const struct import_cell *cell = cell_of(im, row, field, &header);
        struct strv from = value_of(before, field);
        struct strv to = cell && cell->set              ? cell->text
                         : im->o.mode == IMPORT_REPLACE ? strv_from(NULL)
                                                        : from;
        if (!stages_same(from, to)) {
            const struct schema_field *f = schema_field(im->stages_schema, field);
            ok = !f || note(im, customer, f->name, from, to, e);
        }
    }
    return ok;
}

bool import_stages_begin(struct audience_import *im, struct catalog_txn *t, struct err *e)
{
    im->log.n = 0;
    schema_free(im->stages_schema);
    im->stages_schema = NULL;
    if (!stages_load(&im->stages, t, e)) {
        return false;
    }
    im->stages_schema = im->stages.n ? schema_load(t, e) : NULL;
    return im->stages.n == 0 || im->stages_schema;
}

bool import_stages_store(struct audience_import *im, struct err *e)
{
    return im->log.n == 0 || import_log_append(im, EVENT_FIELD_CHANGE, e);
}
