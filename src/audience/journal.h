/* Which customers each change of the audience touched, for watchers (watch.h) that look only at those: a row
 * a change number, written with the change. There are rows only while a segment is watched. A row that is
 * missing says "everybody", so that whoever changes something and says nothing is on the safe side. */
#ifndef TESSERA_AUDIENCE_JOURNAL_H
#define TESSERA_AUDIENCE_JOURNAL_H

#include "audience/set.h"
#include "base/clock.h"
#include "store/catalog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_MOST 65536 /* customers of one change; more are "everybody" */
#define JOURNAL_ROWS 20000 /* kept at most; watchers that are further behind look at everybody */

struct journal { /* of the transaction that is open; zero-initialise */
    uint32_t *ids;
    size_t n, cap;
    bool everybody;
    usec_t latest; /* of the events that were added */
};

void journal_free(struct journal *j);
void journal_clear(struct journal *j);
void journal_add(struct journal *j, uint32_t customer);
void journal_add_events(struct journal *j, const uint32_t *customers, const usec_t *at, size_t n);
/* Into the row of `change`, when anybody watches. */
bool journal_write(struct journal *j, struct catalog_txn *t, uint64_t change, struct err *e);

struct journal_sum { /* of the changes after one, up to another */
    bool everybody;
    bool missing;               /* it is everybody as a row was missing: `latest` is not known */
    usec_t latest;              /* instant of the latest event that was added; 0: none */
    struct audience_set *among; /* the customers, unless everybody; the caller frees it */
};
bool journal_read(struct catalog_txn *t, uint64_t after, uint64_t to, struct journal_sum *out, struct err *e);
/* Writes: rows up to `change` are not needed any more. */
void journal_purge(struct catalog_txn *t, uint64_t change);

#endif
