#include "store/spool_count.h"

#include <stdlib.h>
#include <string.h>

void spool_count_free(struct spool_count *c)
{
    hmap_free(&c->index);
    free(c->list);
    hmap_free(&c->cost_index);
    free(c->costs);
    *c = (struct spool_count){ 0 };
}

void spool_count_reset(struct spool_count *c)
{
    hmap_clear(&c->index);
    c->n = 0;
    hmap_clear(&c->cost_index);
    c->n_costs = 0;
}

static struct spool_count_record *entry_get(struct spool_count *c, struct env_txn *t, uint32_t campaign)
{
    uint64_t at;
    if (hmap_get(&c->index, campaign, &at))
        return &c->list[at].r;
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 16;
        struct spool_count_entry *list = realloc(c->list, cap * sizeof(*list));
        if (!list)
            goto nomem;
        c->list = list;
        c->cap = cap;
    }
    if (!hmap_put(&c->index, campaign, c->n))
        goto nomem;
    struct spool_count_entry *e = &c->list[c->n++];
    e->campaign = campaign;
    spool_table_get_count(t, campaign, &e->r);
    return &e->r;
nomem:
    env_fail(t, ERR_NOMEM);
    return NULL;
}

static void count_status(struct spool_count_record *k, uint32_t status, int64_t by)
{
    uint32_t i = 0;
    while (i < k->n_status && k->status[i].status != status)
        i++;
    if (i == SPOOL_COUNT_STATUSES) { /* the last place gathers the rest */
        i = SPOOL_COUNT_STATUSES - 1;
        k->status[i].status = SPOOL_STATUS_OTHER;
    } else if (i == k->n_status) {
        k->status[i].status = status;
        k->status[i].spare = 0;
        k->status[i].count = 0;
        k->n_status++;
    }
    k->status[i].count += (uint64_t)by;
}

static void count_one(struct spool_count_record *k, const struct spool_record *r, int64_t by)
{
    enum message_state s = (enum message_state)r->state;
    k->by_state[s] += (uint64_t)by;
    if (!message_state_final(s) || s == MESSAGE_DELIVERED)
        return;
    k->by_reason[r->reason] += (uint64_t)by;
    if (s == MESSAGE_FAILED && r->reason == REASON_CARRIER_STATUS)
        count_status(k, r->code, by);
}

static void count_both(struct spool_count *c, struct env_txn *t, const struct spool_record *r, int64_t by)
{
    struct spool_count_record *k = entry_get(c, t, 0);
    if (k)
        count_one(k, r, by);
    k = r->campaign ? entry_get(c, t, r->campaign) : NULL;
    if (k)
        count_one(k, r, by);
}

void spool_count_enter(struct spool_count *c, struct env_txn *t, const struct spool_record *r)
{
    count_both(c, t, r, 1);
}

void spool_count_leave(struct spool_count *c, struct env_txn *t, const struct spool_record *r)
{
    count_both(c, t, r, -1);
}

void spool_count_event(struct spool_count *c, struct env_txn *t, uint32_t campaign,
                       enum spool_count_what what)
{
    for (int all = campaign ? 0 : 1; all < 2; all++) {
        struct spool_count_record *k = entry_get(c, t, all ? 0 : campaign);
        if (!k)
            return;
        switch (what) {
        case COUNT_PARTS_SENT: k->parts_sent++; break;
        case COUNT_REPLIED: k->replied++; break;
        case COUNT_OPTED_OUT: k->opted_out++; break;
        }
    }
}

static struct spool_cost_entry *cost_get(struct spool_count *c, struct env_txn *t, uint32_t campaign,
                                         uint32_t carrier)
{
    uint64_t id = (uint64_t)campaign << 32 | carrier, at;
    struct env_key k;
    struct strv v;
    if (hmap_get(&c->cost_index, id, &at))
        return &c->costs[at];
    if (c->n_costs == c->cap_costs) {
        size_t cap = c->cap_costs ? c->cap_costs * 2 : 16;
        struct spool_cost_entry *list = realloc(c->costs, cap * sizeof(*list));
        if (!list)
            return NULL;
        c->costs = list;
        c->cap_costs = cap;
    }
    if (!hmap_put(&c->cost_index, id, c->n_costs))
        return NULL;
    struct spool_cost_entry *e = &c->costs[c->n_costs++];
    *e = (struct spool_cost_entry){ .campaign = campaign, .carrier = carrier };
    if (env_get(t, SPOOL_COST, env_key1(&k, id), &v) && v.n == sizeof(e->r))
        memcpy(&e->r, v.p, sizeof(e->r));
    return e;
}

void spool_count_cost(struct spool_count *c, struct env_txn *t, uint32_t campaign, uint16_t carrier,
                      int64_t cost)
{
    struct spool_cost_entry *e = cost_get(c, t, campaign, carrier);
    if (!e) {
        env_fail(t, ERR_NOMEM);
        return;
    }
    e->r.parts++;
    e->r.cost += cost;
}

static void write_costs(struct spool_count *c, struct env_txn *t)
{
    struct env_key k;
    for (size_t i = 0; i < c->n_costs; i++) {
        const struct spool_cost_entry *e = &c->costs[i];
        env_put(t, SPOOL_COST, env_key1(&k, (uint64_t)e->campaign << 32 | e->carrier),
                env_view(&e->r, sizeof(e->r)));
    }
}

void spool_count_write(struct spool_count *c, struct env_txn *t)
{
    uint8_t key[4];
    write_costs(c, t);
    for (size_t i = 0; i < c->n; i++) {
        be_put32(key, c->list[i].campaign);
        env_put(t, SPOOL_COUNT, env_view(key, 4),
                env_view(&c->list[i].r, spool_table_count_size(&c->list[i].r)));
    }
}
