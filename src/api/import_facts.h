/* What an import asks about numbers, zones and clocks, answered from the facts of the thread it runs on. */
#ifndef TESSERA_API_IMPORT_FACTS_H
#define TESSERA_API_IMPORT_FACTS_H

#include "audience/import.h"
#include "engine/facts.h"

#include <jansson.h>

struct import_facts {
    const struct facts *facts; /* set before each piece: facts belong to a thread */
    char region[16];           /* reads national numbers; "" = international forms only */
    struct audience_locator locator;
    /* of the thread that reads ahead */
    struct clocks *clocks_ahead;
    struct audience_locator locator_ahead;
};

/* Fills in ctx, locator and the callbacks of `o`; `f` must outlive the import. */
void import_facts_init(struct import_facts *f, struct strv region, struct audience_import_options *o);

/* For an import of customers that may be long: `facts` is set, and the thread that reads ahead has clocks of
 * its own, so that it says which ones new customers live by. Ends with import_facts_free. */
void import_facts_ahead(struct import_facts *f, const struct facts *facts, struct audience_import_options *o);
void import_facts_free(struct import_facts *f);

/* The rejects since the last time, as the API lists them. */
json_t *import_put_rejects(struct audience_import *im);

#endif
