#include "api/stores.h"

#include "audience/audience.h"

#include <string.h>

bool stores_read(const struct engine_view *v, struct stores *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    spool_get_counts(v->spool, 0, &out->counts);
    spool_get_usage(v->spool, &out->spool);
    struct audience_view *view = audience_view_begin(v->audience, e);
    if (view == NULL) {
        return false;
    }
    bool ok = true;
    audience_get_usage(view, &out->audience);
    out->customers = audience_count(view);
    for (size_t i = 0; ok && i < view->schema->n_events; i++) {
        struct audience_event_coverage cover = { 0 };
        ok = audience_event_coverage(view, &view->schema->events[i], &cover, e);
        out->events += cover.events;
    }
    audience_view_end(view);
    return ok;
}
