#include "api/import_facts.h"

#include "domain/number.h"

#include <string.h>

/* The row's own country counts where it is one. */
static bool import_parse_number(void *ctx, struct strv text, struct strv region, uint64_t *msisdn,
                                struct err *e)
{
    const struct import_facts *f = ctx;
    const struct numbering *n = f->facts->shared->numbering;
    bool own = region.n != 0 && numbering_country_code(n, region) != 0;
    return number_parse(n, text, own ? region : strv_from(f->region), msisdn, e);
}

static usec_t import_instant_of(void *ctx, int64_t local_usec)
{
    const struct import_facts *f = ctx;
    return zone_instant(f->facts->zone, local_usec);
}

/* The customer's own zone wins over the number's; the region of the quiet hours is always the number's, so
 * the customer's own is not asked for. */
static bool import_locate_by(const struct import_facts *f, struct clocks *clocks, uint64_t msisdn,
                             struct strv zone, struct audience_place_of *out)
{
    *out = (struct audience_place_of){ .clock = { 0 } };
    uint32_t clock = clocks_of_zone(clocks, msisdn, zone, NULL);
    if (clock != CLOCKS_UNKNOWN) {
        out->clock = strv_from(clocks_text(clocks, clock));
    }
    struct numbering_hit hit;
    if (numbering_lookup(f->facts->shared->numbering, msisdn, &hit)) {
        out->region = strv_from(hit.region);
    }
    return out->clock.n != 0 || out->region.n != 0;
}

static bool import_locate(void *ctx, uint64_t msisdn, struct strv zone, struct strv region,
                          struct audience_place_of *out)
{
    const struct import_facts *f = ctx;
    (void)region;
    return import_locate_by(f, f->facts->clocks, msisdn, zone, out);
}

static bool import_locate_ahead(void *ctx, uint64_t msisdn, struct strv zone, struct strv region,
                                struct audience_place_of *out)
{
    const struct import_facts *f = ctx;
    (void)region;
    return import_locate_by(f, f->clocks_ahead, msisdn, zone, out);
}

void import_facts_ahead(struct import_facts *f, const struct facts *facts, struct audience_import_options *o)
{
    f->facts = facts;
    f->clocks_ahead = f->clocks_ahead ? f->clocks_ahead : clocks_new(facts->shared->numbering);
    f->locator_ahead = (struct audience_locator){ .ctx = f, .locate = import_locate_ahead };
    o->locator_ahead = f->clocks_ahead ? &f->locator_ahead : NULL;
}

void import_facts_free(struct import_facts *f)
{
    clocks_free(f->clocks_ahead);
    f->clocks_ahead = NULL;
}

void import_facts_init(struct import_facts *f, struct strv region, struct audience_import_options *o)
{
    memset(f, 0, sizeof *f);
    strv_copy(region, f->region, sizeof f->region);
    f->locator = (struct audience_locator){ .ctx = f, .locate = import_locate };
    o->ctx = f;
    o->parse_number = import_parse_number;
    o->instant_of = import_instant_of;
    o->locator = &f->locator;
}
