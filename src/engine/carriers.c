/* The carriers there are: their numbers in the spool, their coming and going at reloads, and which numbers
 * they take. */
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool carriers_add(struct engine *g, const struct carrier_options *o, struct err *e)
{
    struct carrier **p = realloc(g->carriers, (g->n_carriers + 1) * sizeof *p);
    if (p == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    g->carriers = p;
    struct carrier *c = carrier_new(g, (uint16_t)g->n_carriers, o, e);
    if (c == NULL) {
        return false;
    }
    g->carriers[g->n_carriers++] = c;
    return true;
}

static struct carrier *carriers_find(const struct engine *g, const char *name)
{
    for (size_t i = 0; i < g->n_carriers; i++) {
        if (strcmp(g->carriers[i]->o.name, name) == 0) {
            return g->carriers[i];
        }
    }
    return NULL;
}

struct book_carriers {
    char names[ENGINE_MAX_CARRIERS * 4][32];
    size_t n;
};

static bool carrier_load_one(void *ctx, struct strv name, struct strv value)
{
    struct book_carriers *b = ctx;
    uint64_t number;
    if (strv_to_u64(value, &number) && number < sizeof b->names / sizeof b->names[0]) {
        strv_copy(name, b->names[number], sizeof b->names[number]);
        b->n = number + 1 > b->n ? (size_t)number + 1 : b->n;
    }
    return true;
}

static const struct carrier_options *carrier_options_of(const struct engine_options *o, const char *name)
{
    for (size_t i = 0; i < o->n_carriers; i++) {
        if (strcmp(o->carriers[i].name, name) == 0) {
            return &o->carriers[i];
        }
    }
    return NULL;
}

static void carriers_stored(void *ctx, const struct spool_result *r)
{
    struct engine *g = ctx;
    g->book_unsaved = g->book_unsaved || r->code != ERR_NONE;
}

static void carriers_put(struct engine *g, const struct carrier *c)
{
    char text[8];
    snprintf(text, sizeof text, "%u", c->number);
    spool_put_doc(g->spool, DOC_CARRIER, strv_from(c->o.name), strv_from(text), carriers_stored, g);
    engine_touch_spool(g);
}

void carriers_save(struct engine *g)
{
    for (size_t i = 0; i < g->n_carriers; i++) {
        if (g->carriers[i]->o.name[0] != 0) {
            carriers_put(g, g->carriers[i]);
        }
    }
}

static bool carriers_number_new(struct engine *g, const struct carrier_options *o, struct err *e)
{
    if (g->n_carriers >= ENGINE_MAX_CARRIERS * 4) {
        return err_set(e, ERR_LIMIT, "more than %d different carriers were ever configured",
                       ENGINE_MAX_CARRIERS * 4);
    }
    if (!carriers_add(g, o, e)) {
        return false;
    }
    carriers_put(g, g->carriers[g->n_carriers - 1]);
    return true;
}

/* Those the spool knows keep their numbers; new ones get the next. */
bool carriers_load(struct engine *g, struct spool_reader *r, const struct engine_options *o, struct err *e)
{
    struct book_carriers *b = calloc(1, sizeof *b);
    bool ok = b != NULL;
    if (ok) {
        spool_each_doc(r, DOC_CARRIER, carrier_load_one, b);
    }
    for (size_t i = 0; ok && i < b->n; i++) {
        struct carrier_options gone = { 0 };
        strv_copy(strv_from(b->names[i]), gone.name, sizeof gone.name);
        const struct carrier_options *co = carrier_options_of(o, b->names[i]);
        ok = carriers_add(g, co ? co : &gone, e);
    }
    free(b);
    for (size_t i = 0; ok && i < o->n_carriers; i++) {
        ok = carriers_find(g, o->carriers[i].name) != NULL || carriers_number_new(g, &o->carriers[i], e);
    }
    return ok;
}

/* A carrier's number by its name: one of `o` that has none yet has the one it will get. */
struct numbering_of {
    const struct engine *g;
    const struct engine_options *o;
};

static int carriers_number_of(const void *ctx, const char *name)
{
    const struct numbering_of *w = ctx;
    const struct carrier *c = carriers_find(w->g, name);
    size_t fresh = 0;
    if (c != NULL || carrier_options_of(w->o, name) == NULL) {
        return c != NULL ? c->number : -1;
    }
    for (size_t i = 0; strcmp(w->o->carriers[i].name, name) != 0; i++) {
        fresh += carriers_find(w->g, w->o->carriers[i].name) == NULL;
    }
    return (int)(w->g->n_carriers + fresh);
}

static bool routes_add(struct route *r, const char *prefixes, const struct carrier *c, struct err *e)
{
    struct strv rest = strv_from(prefixes), one;
    if (rest.n == 0 && !route_names(r, c->number)) { /* one that a route names takes what routes give it */
        route_set_default(r, c->number);
    }
    while (strv_next(&rest, ',', &one)) {
        one = strv_trim(one);
        if (one.n > 0 && !route_add(r, one, c->number, e)) {
            return err_prefix(e, "carrier \"%s\": prefix \"" STRV_FMT "\"", c->o.name, STRV_ARG(one));
        }
    }
    return true;
}

static struct route *routes_of(const struct engine *g, const struct engine_options *o, struct err *e)
{
    struct route *r = route_new();
    if (r == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    if (!routing_add_rules(r, o, carriers_number_of, &(struct numbering_of){ g, o }, e)) {
        route_free(r);
        return NULL;
    }
    for (size_t i = g->n_carriers; i-- > 0;) { /* of several without prefixes the first is the default */
        if (g->carriers[i]->configured && !routes_add(r, g->carriers[i]->o.prefixes, g->carriers[i], e)) {
            route_free(r);
            return NULL;
        }
    }
    return r;
}

bool carriers_route(struct engine *g, const struct engine_options *o, struct err *e)
{
    struct route *r = routes_of(g, o, e);
    if (r == NULL) {
        return false;
    }
    route_free(g->route);
    g->route = r;
    routing_reset(g);
    return true;
}

/* Everything that can be wrong, before anything is changed. */
static bool carriers_check(const struct engine *g, const struct engine_options *o, struct err *e)
{
    size_t fresh = 0;
    struct route *r = route_new();
    bool ok = r != NULL ? routing_add_rules(r, o, carriers_number_of, &(struct numbering_of){ g, o }, e)
                        : err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; ok && i < o->n_carriers; i++) {
        const struct carrier_options *co = &o->carriers[i];
        const struct carrier *c = carriers_find(g, co->name);
        struct carrier as_if = { .o = { .host = "" },
                                 .number = (uint16_t)(c ? c->number : g->n_carriers + fresh) };
        strv_copy(strv_from(co->name), as_if.o.name, sizeof as_if.o.name);
        fresh += c == NULL;
        struct tlvs_carrier tlvs = { .n_tags = 0 };
        ok = carrier_check(co, e) &&
             (tlvs_carrier_set(g->tlvs, co, &tlvs, e) || err_prefix(e, "carrier \"%s\"", co->name)) &&
             routes_add(r, co->prefixes, &as_if, e);
        tlvs_carrier_free(&tlvs);
    }
    route_free(r);
    if (ok && g->n_carriers + fresh > ENGINE_MAX_CARRIERS * 4) {
        return err_set(e, ERR_LIMIT, "more than %d different carriers were ever configured",
                       ENGINE_MAX_CARRIERS * 4);
    }
    return ok;
}

bool carriers_reload(struct engine *g, const struct engine_options *o, struct err *e)
{
    if (!carriers_check(g, o, e)) {
        return false;
    }
    for (size_t i = 0; i < o->n_carriers; i++) {
        struct carrier *c = carriers_find(g, o->carriers[i].name);
        if (c != NULL ? !carrier_reconfigure(c, &o->carriers[i], e)
                      : !carriers_number_new(g, &o->carriers[i], e)) {
            return false;
        }
        if (c == NULL) {
            carrier_start(g->carriers[g->n_carriers - 1]);
        }
    }
    for (size_t i = 0; i < g->n_carriers; i++) {
        struct carrier *c = g->carriers[i];
        if (c->configured && carrier_options_of(o, c->o.name) == NULL) {
            struct carrier_options gone = { 0 };
            strv_copy(strv_from(c->o.name), gone.name, sizeof gone.name);
            if (!carrier_reconfigure(c, &gone, e)) {
                return false;
            }
        }
    }
    return carriers_route(g, o, e);
}
