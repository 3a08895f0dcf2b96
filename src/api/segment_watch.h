/* What is known of a segment by looking at it again and again (audience/watch.h), for the list. */
#ifndef TESSERA_API_SEGMENT_WATCH_H
#define TESSERA_API_SEGMENT_WATCH_H

#include "audience/audience.h"

#include <jansson.h>

json_t *segment_watch(struct audience_view *view, struct strv name); /* null: not looked at yet */

#endif
