/* Counters of a campaign and of everything, gathered in memory during a transaction and written with it, so
 * that they are exact: what is counted and what is stored commit together. Belongs to the writer. */
#ifndef TESSERA_STORE_SPOOL_COUNT_H
#define TESSERA_STORE_SPOOL_COUNT_H

#include "base/hmap.h"
#include "store/spool_table.h"

struct spool_count_entry {
    uint32_t campaign;
    struct spool_count_record r;
};
struct spool_cost_row {
    uint64_t parts;
    int64_t cost; /* millionths */
};
struct spool_cost_entry {
    uint32_t campaign, carrier;
    struct spool_cost_row r;
};
struct spool_count {
    struct hmap cost_index; /* campaign << 32 | carrier -> place in costs */
    struct spool_cost_entry *costs;
    size_t n_costs, cap_costs;
    struct hmap index; /* campaign -> place in list */
    struct spool_count_entry *list;
    size_t n, cap;
};

/* Unsuccessful ends are counted by reason too, a carrier's refusal by its status. */
void spool_count_enter(struct spool_count *c, struct env_txn *t, const struct spool_record *r);
void spool_count_leave(struct spool_count *c, struct env_txn *t, const struct spool_record *r);

enum spool_count_what { COUNT_PARTS_SENT, COUNT_REPLIED, COUNT_OPTED_OUT };
void spool_count_event(struct spool_count *c, struct env_txn *t, uint32_t campaign,
                       enum spool_count_what what);
/* A part of the campaign was taken by the carrier. */
void spool_count_cost(struct spool_count *c, struct env_txn *t, uint32_t campaign, uint16_t carrier,
                      int64_t cost);
void spool_count_write(struct spool_count *c, struct env_txn *t);
void spool_count_reset(struct spool_count *c);
void spool_count_free(struct spool_count *c);

#endif
