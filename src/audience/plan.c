#include "audience/plan.h"

enum { /* orders of magnitude, not measurements */
       COST_BITMAP = 1,
       COST_COLUMN = 10,
       COST_DICTIONARY = 20,
       COST_TRIGONOMETRY = 40,
       COST_SEGMENT = 60,
       COST_EVENTS = 100, /* and one for each day of the window */
       COST_LIFETIME = 5000,
       COST_EVERYBODY = 20000,
       COST_MOST = 1000000,
};

static uint32_t window_cost(const struct query_window *w)
{
    static const uint32_t days[] = {
        [QUERY_UNIT_HOUR] = 1,   [QUERY_UNIT_DAY] = 1,    [QUERY_UNIT_WEEK] = 7,
        [QUERY_UNIT_MONTH] = 30, [QUERY_UNIT_YEAR] = 365,
    };
    uint64_t n = COST_LIFETIME;
    if (w->kind == QUERY_WINDOW_LAST)
        n = (uint64_t)w->n * days[w->unit];
    else if (w->kind == QUERY_WINDOW_THIS)
        n = days[w->unit];
    return COST_EVENTS + (uint32_t)(n < COST_LIFETIME ? n : COST_LIFETIME);
}

static uint32_t num_cost(const struct query_num *num)
{
    switch (num->kind) {
    case QUERY_NUM_LITERAL: return 0;
    case QUERY_NUM_FIELD:
    case QUERY_NUM_AGE: return COST_COLUMN;
    case QUERY_NUM_AGGREGATE: return window_cost(&num->aggregate.window) * (uint32_t)num->aggregate.n_events;
    case QUERY_NUM_PERCENTILE: return COST_EVERYBODY + num_cost(num->operand);
    case QUERY_NUM_RFM:
    case QUERY_NUM_P_ALIVE: return COST_EVERYBODY;
    }
    return 0;
}

static uint32_t cond_cost(const struct query_node *node)
{
    struct query_num *nums[3];
    uint32_t cost = 0;
    switch (node->kind) {
    case QUERY_COMPARE:
    case QUERY_BETWEEN:
    case QUERY_RANGE:
        for (size_t i = 0, n = query_node_nums(node, nums); i < n; i++)
            cost += num_cost(nums[i]);
        return cost;
    case QUERY_SET_HAS: return COST_BITMAP * (uint32_t)node->has.n;
    case QUERY_TEXT:
    case QUERY_TEXT_IN:
        if (node->text.value.is_rfm)
            return COST_EVERYBODY;
        return node->text.op <= QUERY_TEXT_NE ? COST_COLUMN : COST_DICTIONARY;
    case QUERY_NEAR: return COST_TRIGONOMETRY;
    case QUERY_SEGMENT: return COST_SEGMENT;
    case QUERY_TENURE: return 2 * COST_COLUMN;
    case QUERY_BUCKET: return COST_TRIGONOMETRY;
    case QUERY_SURVEY: return COST_EVENTS + COST_LIFETIME;
    default: return COST_COLUMN;
    }
}

uint32_t plan_cost(const struct query_node *node)
{
    if (node->kind != QUERY_AND && node->kind != QUERY_OR && node->kind != QUERY_NOT)
        return cond_cost(node);
    uint64_t cost = 0;
    for (size_t i = 0; i < node->operands.n; i++)
        cost += plan_cost(node->operands.items[i]);
    return cost < COST_MOST ? (uint32_t)cost : COST_MOST;
}

void plan_order(const struct query_node *node, struct plan_step *steps)
{
    for (uint32_t i = 0; i < node->operands.n; i++) {
        struct plan_step step = { plan_cost(node->operands.items[i]), i };
        size_t k = i;
        for (; k > 0 && steps[k - 1].cost > step.cost; k--)
            steps[k] = steps[k - 1];
        steps[k] = step;
    }
}

/* --- what is not evaluated yet: nothing --- */

bool plan_supported(const struct query *q, struct query_error *e)
{
    (void)q;
    (void)e;
    return true;
}
