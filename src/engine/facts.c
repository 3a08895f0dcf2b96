#include "engine/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *facts_path(char *out, size_t size, const char *dir, const char *file)
{
    snprintf(out, size, "%s/%s", dir, file);
    return out;
}

/* Of the facts the one that may be missing: there are classes built in. */
static bool facts_load_classes(struct facts_shared *s, const char *dir, struct err *e)
{
    char path[1024];
    if (access(facts_path(path, sizeof path, dir, "rfm_classes.tsv"), F_OK) != 0) {
        return true;
    }
    s->rfm = rfm_classes_load(path, e);
    return s->rfm != NULL;
}

struct facts_shared *facts_shared_load(const char *dir, struct err *e)
{
    char path[1024];
    struct facts_shared *s = calloc(1, sizeof *s);
    if (s == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    s->numbering = numbering_load(facts_path(path, sizeof path, dir, "numbering.tsv"), e);
    if (s->numbering != NULL) {
        s->consent = consent_load(facts_path(path, sizeof path, dir, "optout_keywords.tsv"), e);
    }
    if (s->consent == NULL || !facts_load_classes(s, dir, e)) {
        facts_shared_free(s);
        return NULL;
    }
    return s;
}

void facts_shared_free(struct facts_shared *s)
{
    if (s != NULL) {
        numbering_free(s->numbering);
        consent_free(s->consent);
        rfm_classes_free(s->rfm);
        free(s);
    }
}

static bool facts_fill(struct facts *f, const struct facts_options *o, struct err *e)
{
    char rules[1024], holidays[1024];
    f->zones = zones_new(o->zoneinfo, e);
    if (f->zones == NULL) {
        return false;
    }
    f->zone = zones_get(f->zones, strv_from(o->zone), e);
    if (f->zone == NULL) {
        return err_prefix(e, "zone \"%s\"", o->zone);
    }
    f->clocks = clocks_new(f->shared->numbering);
    if (f->clocks == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    struct quiet_options qo = {
        .rules_path = facts_path(rules, sizeof rules, o->dir, "quiet_hours.tsv"),
        .holidays_path = facts_path(holidays, sizeof holidays, o->dir, "holidays.tsv"),
        .clocks = f->clocks,
        .zones = f->zones,
        .margin = o->quiet_margin,
        .skip_low = !o->low_confidence,
        .skip_unverified = !o->low_confidence,
    };
    f->quiet = quiet_load(&qo, e);
    return f->quiet != NULL;
}

struct facts *facts_new(const struct facts_shared *s, const struct facts_options *o, struct err *e)
{
    struct facts *f = calloc(1, sizeof *f);
    if (f == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    f->shared = s;
    if (!facts_fill(f, o, e)) {
        facts_free(f);
        return NULL;
    }
    return f;
}

void facts_free(struct facts *f)
{
    if (f != NULL) {
        quiet_free(f->quiet);
        clocks_free(f->clocks);
        zones_free(f->zones);
        free(f);
    }
}
