/* The figures of both stores, as of one job on a worker thread: for /v1/status and /metrics. */
#ifndef TESSERA_API_STORES_H
#define TESSERA_API_STORES_H

#include "engine/engine.h"
#include "store/catalog.h"
#include "store/spool.h"

struct stores {
    struct spool_counts counts; /* of all messages */
    struct spool_usage spool;
    struct catalog_usage audience;
    uint64_t customers, events;
};

bool stores_read(const struct engine_view *v, struct stores *out, struct err *e);

#endif
