/* The BG/NBD model against what its authors published, and against its closed forms. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audience/bgnbd.h"
#include "base/civil.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void assert_near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within))
        fail_msg("%.9g, expected %.9g", got, want);
}

/* The sample of CDNOW with 39 weeks of calibration, to 1997-09-30. */
static size_t cdnow_rows(struct bgnbd_row *rows, size_t most)
{
    const char *dir = getenv("TESSERA_DATA");
    char path[1000], line[200];
    snprintf(path, sizeof path, "%s/cdnow/purchases.csv", dir ? dir : "");
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    const int32_t end = civil_days(1997, 9, 30);
    int32_t first = 0, last = 0;
    unsigned of = 0;
    size_t n = 0;
    assert_non_null(fgets(line, sizeof line, f));
    while (fgets(line, sizeof line, f)) { /* by customer and date */
        unsigned customer, y, m, d;
        assert_int_equal(sscanf(line, "%*u,%u,%*[^,],%u-%u-%u", &customer, &y, &m, &d), 4);
        int32_t day = civil_days((int32_t)y, m, d);
        if (day > end)
            continue;
        if (customer != of) {
            assert_true(n < most);
            rows[n++] = (struct bgnbd_row){ .age = (end - day) / 7.0, .customers = 1 };
            first = last = day;
            of = customer;
        } else if (day != last) {
            rows[n - 1].x++;
            rows[n - 1].recency = (day - first) / 7.0;
            last = day;
        }
    }
    fclose(f);
    return n;
}

/* Table 2 of the paper: r = 0.243, alpha = 4.414, a = 0.793, b = 2.426, log-likelihood -9582.4. */
static void test_cdnow_gives_what_was_published(void **state)
{
    (void)state;
    static struct bgnbd_row rows[3000];
    size_t n = cdnow_rows(rows, COUNT(rows));
    if (n == 0)
        skip();
    assert_int_equal(n, 2357);
    struct bgnbd_fit fit;
    assert_true(bgnbd_fit(rows, n, &fit));
    assert_true(fit.converged);
    assert_near(fit.model.r, 0.243, 0.0005);
    assert_near(fit.model.alpha, 4.414, 0.0005);
    assert_near(fit.model.a, 0.793, 0.0005);
    assert_near(fit.model.b, 2.426, 0.0005);
    assert_near(fit.log_likelihood, -9582.4, 0.05);
}

/* Customer 1 of the sample: x = 2, t_x = 30.43, T = 38.86; by the formula as it is printed. */
static void test_alive_is_the_closed_form(void **state)
{
    (void)state;
    const struct bgnbd m = { 0.243, 4.414, 0.793, 2.426 };
    static const struct {
        uint32_t x;
        double recency, age;
    } rows[] = { { 2, 30.43, 38.86 }, { 1, 1.71, 38.86 }, { 7, 29.43, 38.86 }, { 3, 0, 0 }, { 26, 5, 30 } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        double x = rows[i].x;
        double want = 1 / (1 + m.a / (m.b + x - 1) *
                                   pow((m.alpha + rows[i].age) / (m.alpha + rows[i].recency), m.r + x));
        assert_near(bgnbd_alive(&m, rows[i].x, rows[i].recency, rows[i].age), want, 1e-12);
    }
    assert_near(bgnbd_alive(&m, 2, 30.43, 38.86), 0.7266, 0.0005);
}

static void test_edges(void **state)
{
    (void)state;
    const struct bgnbd m = { 0.243, 4.414, 0.793, 2.426 };
    assert_true(bgnbd_alive(&m, 0, 0, 500) == 1); /* never came back: nothing to leave after */
    assert_true(bgnbd_alive(&m, 100000, 1, 5000) == 0);
    assert_near(bgnbd_alive(&m, 100000, 5000, 5000), 1, 1e-4);
    const struct bgnbd_row many = { 100000, 1, 5000, 1000000 }, today = { 0, 0, 0, 5 };
    assert_true(isfinite(bgnbd_log_likelihood(&m, &many, 1)));
    assert_near(bgnbd_log_likelihood(&m, &today, 1), 0, 1e-12);
}

/* The four terms as they are printed, multiplied, for numbers that do not overflow. */
static void test_likelihood_is_the_product(void **state)
{
    (void)state;
    const struct bgnbd m = { 0.7, 3.2, 0.9, 1.7 };
    for (uint32_t k = 0; k < 6; k++) {
        const struct bgnbd_row row = { k, k * 1.5, 12, 3 };
        double x = k;
        double a1 = tgamma(m.r + x) * pow(m.alpha, m.r) / tgamma(m.r);
        double a2 = tgamma(m.a + m.b) * tgamma(m.b + x) / (tgamma(m.b) * tgamma(m.a + m.b + x));
        double a3 = pow(1 / (m.alpha + row.age), m.r + x);
        double a4 = k ? m.a / (m.b + x - 1) * pow(1 / (m.alpha + row.recency), m.r + x) : 0;
        assert_near(bgnbd_log_likelihood(&m, &row, 1), 3 * log(a1 * a2 * (a3 + a4)), 1e-9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cdnow_gives_what_was_published),
        cmocka_unit_test(test_alive_is_the_closed_form),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_likelihood_is_the_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
