/* Both stores of a state directory, while no daemon has them open: checked, the index built anew, written
 * anew without what was deleted. Each takes the stores' locks, so it refuses where a daemon runs. Results go
 * to `out` as lines for a person, or as one JSON object. */
#ifndef TESSERA_DAEMON_STORES_H
#define TESSERA_DAEMON_STORES_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

enum stores_result { STORES_FINE, STORES_DIFFER, STORES_FAILED };

/* STORES_DIFFER: *e says where. */
enum stores_result stores_check(const char *dir, bool json, struct buf *out, struct err *e);
enum stores_result stores_rebuild(const char *dir, bool json, struct buf *out, struct err *e);
enum stores_result stores_compact(const char *dir, bool json, struct buf *out, struct err *e);

#endif
