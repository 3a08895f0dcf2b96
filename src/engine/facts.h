/* What the world is like: numbering, zones, quiet hours, opt-out words, names of classes. What never changes
 * is shared; zones, clocks and quiet hours keep caches that belong to one thread, so each thread has its own
 * `struct facts` over the same shared part. Clock ids mean nothing outside their own dictionary: between
 * threads and in stores a clock is its text. */
#ifndef TESSERA_ENGINE_FACTS_H
#define TESSERA_ENGINE_FACTS_H

#include "audience/rfm.h"
#include "base/err.h"
#include "domain/clocks.h"
#include "domain/consent.h"
#include "domain/number.h"
#include "domain/quiet.h"
#include "query/parse.h"

struct facts_shared {
    struct numbering *numbering;
    struct consent *consent;
    struct rfm_classes *rfm;    /* NULL: the built-in ones */
    struct query_limits limits; /* of queries; set by the engine */
    unsigned query_threads;     /* for one query; as limits */
};

struct facts {
    const struct facts_shared *shared;
    struct zones *zones;
    struct clocks *clocks;
    struct quiet *quiet;
    const struct zone *zone; /* the instance's own */
};

struct facts_options {
    const char *dir;      /* the tables */
    const char *zoneinfo; /* NULL: the system's */
    const char *zone;     /* "Europe/Berlin" */
    usec_t quiet_margin;
    bool low_confidence; /* obey rules of low confidence too */
};

struct facts_shared *facts_shared_load(const char *dir, struct err *e);
void facts_shared_free(struct facts_shared *s);
struct facts *facts_new(const struct facts_shared *s, const struct facts_options *o, struct err *e);
void facts_free(struct facts *f);

#endif
