#include "audience/bgnbd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N          4      /* parameters */
#define MOST_STEPS 600    /* of the simplex, from one beginning */
#define MOST_BEGIN 10000  /* rows that the beginnings are tried on */
#define LOWEST     (-9.0) /* of a parameter's logarithm: what is beyond is of no consequence */
#define HIGHEST    12.0

/* lgamma() writes to a global variable. */
static double log_gamma(double v)
{
    int sign;
    return lgamma_r(v, &sign);
}

/* What depends on the number of purchases alone: ln A1 + ln A2 without r ln alpha. */
static double purchases_term(const struct bgnbd *m, double x)
{
    return log_gamma(m->r + x) - log_gamma(m->r) + log_gamma(m->a + m->b) + log_gamma(m->b + x) -
           log_gamma(m->b) - log_gamma(m->a + m->b + x);
}

static double log_sum_exp(double a, double b)
{
    double high = a > b ? a : b, low = a > b ? b : a;
    return high + log1p(exp(low - high));
}

static double row_term(const struct bgnbd *m, const struct bgnbd_row *row)
{
    double x = row->x, active = -(m->r + x) * log(m->alpha + row->age);
    if (row->x == 0)
        return active;
    double gone = log(m->a) - log(m->b + x - 1) - (m->r + x) * log(m->alpha + row->recency);
    return log_sum_exp(active, gone);
}

double bgnbd_log_likelihood(const struct bgnbd *m, const struct bgnbd_row *rows, size_t n)
{
    double sum = 0, term = 0;
    const double scale = m->r * log(m->alpha);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || rows[i].x != rows[i - 1].x) /* rows by number of purchases: four gammas for many */
            term = purchases_term(m, rows[i].x);
        sum += (double)rows[i].customers * (scale + term + row_term(m, &rows[i]));
    }
    return sum;
}

/* --- the simplex --- */

struct corner {
    double p[N]; /* logarithms */
    double cost; /* minus the likelihood */
};

struct search {
    const struct bgnbd_row *rows;
    size_t n;
    struct corner corner[N + 1];
    unsigned steps;
    bool converged;
};

static struct bgnbd model_of(const double *p)
{
    return (struct bgnbd){ exp(p[0]), exp(p[1]), exp(p[2]), exp(p[3]) };
}

static void corner_set(struct search *s, struct corner *c)
{
    for (int i = 0; i < N; i++)
        c->p[i] = c->p[i] < LOWEST ? LOWEST : c->p[i] > HIGHEST ? HIGHEST : c->p[i];
    const struct bgnbd m = model_of(c->p);
    c->cost = -bgnbd_log_likelihood(&m, s->rows, s->n);
    if (isnan(c->cost))
        c->cost = HUGE_VAL;
}

/* The worst corner mirrored at the middle of the others, `by` times as far. */
static struct corner mirrored(struct search *s, double by)
{
    struct corner c;
    for (int i = 0; i < N; i++) {
        double middle = 0;
        for (int k = 0; k < N; k++)
            middle += s->corner[k].p[i] / N;
        c.p[i] = middle + by * (s->corner[N].p[i] - middle);
    }
    corner_set(s, &c);
    return c;
}

static int by_cost(const void *a, const void *b)
{
    const struct corner *x = a, *y = b;
    return (x->cost > y->cost) - (x->cost < y->cost);
}

static void shrink(struct search *s)
{
    for (int k = 1; k <= N; k++) {
        for (int i = 0; i < N; i++)
            s->corner[k].p[i] = (s->corner[k].p[i] + s->corner[0].p[i]) / 2;
        corner_set(s, &s->corner[k]);
    }
}

static void step(struct search *s)
{
    struct corner *worst = &s->corner[N], c = mirrored(s, -1);
    if (c.cost < s->corner[0].cost) {
        struct corner further = mirrored(s, -2);
        *worst = further.cost < c.cost ? further : c;
    } else if (c.cost < s->corner[N - 1].cost) {
        *worst = c;
    } else {
        struct corner inside = mirrored(s, c.cost < worst->cost ? -0.5 : 0.5);
        if (inside.cost < (c.cost < worst->cost ? c.cost : worst->cost))
            *worst = inside;
        else
            shrink(s);
    }
}

static bool small_enough(const struct search *s)
{
    double size = 0;
    for (int k = 1; k <= N; k++)
        for (int i = 0; i < N; i++)
            size = fmax(size, fabs(s->corner[k].p[i] - s->corner[0].p[i]));
    return size < 1e-5 && s->corner[N].cost - s->corner[0].cost <= 1e-9 * (1 + fabs(s->corner[0].cost));
}

static void search_from(struct search *s, const double *from, double width)
{
    for (int k = 0; k <= N; k++) {
        memcpy(s->corner[k].p, from, sizeof s->corner[k].p);
        if (k > 0)
            s->corner[k].p[k - 1] += width;
        corner_set(s, &s->corner[k]);
    }
    s->converged = false;
    for (unsigned n = 0; n < MOST_STEPS && !s->converged; n++, s->steps++) {
        qsort(s->corner, N + 1, sizeof s->corner[0], by_cost);
        s->converged = small_enough(s);
        if (!s->converged)
            step(s);
    }
    qsort(s->corner, N + 1, sizeof s->corner[0], by_cost);
}

static int by_purchases(const void *a, const void *b)
{
    const struct bgnbd_row *x = a, *y = b;
    return (x->x > y->x) - (x->x < y->x);
}

/* One row in so many, in order; the caller frees it. */
static struct bgnbd_row *rows_thinned(const struct bgnbd_row *rows, size_t every, size_t *n)
{
    size_t k = 0;
    struct bgnbd_row *some = malloc((*n / every + 1) * sizeof *some);
    for (size_t i = 0; some && i < *n; i += every)
        some[k++] = rows[i];
    *n = k;
    return some;
}

bool bgnbd_fit(const struct bgnbd_row *rows, size_t n, struct bgnbd_fit *out)
{
    static const double beginnings[][N] = { { 0, 0, 0, 0 }, { -1, 2, -1, 1 }, { 1, 3, 0, 2 } };
    struct bgnbd_row *sorted = malloc((n ? n : 1) * sizeof *sorted);
    if (!sorted)
        return false;
    memcpy(sorted, rows, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_purchases);
    struct search s = { .rows = sorted, .n = n };
    struct corner best = { .cost = HUGE_VAL };
    const size_t every = n / MOST_BEGIN + 1; /* of many rows some tell where to look */
    struct bgnbd_row *some = rows_thinned(sorted, every, &s.n);
    if (!some) {
        free(sorted);
        return false;
    }
    s.rows = some;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        search_from(&s, beginnings[i], 0.5);
        if (s.corner[0].cost < best.cost)
            best = s.corner[0];
    }
    free(some);
    s.rows = sorted;
    s.n = n;
    search_from(&s, best.p, 0.1); /* anew: a simplex may collapse where there is no minimum */
    *out = (struct bgnbd_fit){ .model = model_of(s.corner[0].p),
                               .log_likelihood = -s.corner[0].cost,
                               .converged = s.converged };
    out->steps = s.steps;
    free(sorted);
    return true;
}

/* 1 / (1 + d a / (b + x - 1) * ((alpha + age) / (alpha + recency))^(r + x)), d = 0 for x = 0: note 463 of the
 * authors; by its logarithm, as the power overflows. */
double bgnbd_alive(const struct bgnbd *m, uint32_t x, double recency, double age)
{
    if (x == 0)
        return 1;
    double odds =
        log(m->a) - log(m->b + x - 1) + (m->r + x) * (log(m->alpha + age) - log(m->alpha + recency));
    return 1 / (1 + exp(odds));
}
