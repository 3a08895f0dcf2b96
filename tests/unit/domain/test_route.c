/* Routes: rules in the order written, candidates by strategy among those that are up, prefixes behind them.
 */
#include "domain/route.h"
#include "support.h"

#include "base/random.h"

enum { A, B, C, D, CARRIERS };

static const struct route_candidate AB[] = { { A, 3, 50000 }, { B, 1, 40000 } };
static const struct route_candidate ONLY_C[] = { { C, 1, 0 } };

static struct route *with_rules(const struct route_rule *rules, size_t n)
{
    struct route *r = route_new();
    struct err e = { 0 };
    for (size_t i = 0; i < n; i++) {
        expect(route_add_rule(r, &rules[i], &e), "rule %zu: %s", i, e.text);
    }
    return r;
}

static const struct route_query german = {
    .number = 4915112345678,
    .region = { "DE", 2 },
    .sender = { "TESSERA", 7 },
    .campaign = { "spring", 6 },
    .tag = { "shop", 4 },
    .class_ = CLASS_PROMOTIONAL,
};

static void each_condition_holds_or_says_why_not(void **state)
{
    (void)state;
    static const struct {
        struct route_rule rule;
        enum route_why why;
    } rows[] = {
        { { .prefix = { NULL, 0 } }, ROUTE_MATCHES },
        { { .prefix = STRV("49") }, ROUTE_MATCHES },
        { { .prefix = STRV("+4915") }, ROUTE_MATCHES },
        { { .prefix = STRV("43, 49") }, ROUTE_MATCHES },
        { { .prefix = STRV("4915112345678") }, ROUTE_MATCHES },
        { { .prefix = STRV("49151123456789") }, ROUTE_OTHER_PREFIX },
        { { .prefix = STRV("44") }, ROUTE_OTHER_PREFIX },
        { { .region = STRV("DE") }, ROUTE_MATCHES },
        { { .region = STRV("AT, DE") }, ROUTE_MATCHES },
        { { .region = STRV("US") }, ROUTE_OTHER_REGION },
        { { .region = STRV("US-FL") }, ROUTE_OTHER_REGION },
        { { .class_ = STRV("promotional") }, ROUTE_MATCHES },
        { { .class_ = STRV("otp, promotional") }, ROUTE_MATCHES },
        { { .class_ = STRV("otp,transactional") }, ROUTE_OTHER_CLASS },
        { { .sender = STRV("TESSERA") }, ROUTE_MATCHES },
        { { .sender = STRV("Tessera") }, ROUTE_OTHER_SENDER },
        { { .campaign = STRV("spring") }, ROUTE_MATCHES },
        { { .campaign = STRV("*") }, ROUTE_MATCHES },
        { { .campaign = STRV("autumn") }, ROUTE_OTHER_CAMPAIGN },
        { { .tag = STRV("shop") }, ROUTE_MATCHES },
        { { .tag = STRV("sho") }, ROUTE_OTHER_TAG },
        { { .prefix = STRV("49"), .region = STRV("DE"), .class_ = STRV("promotional"), .tag = STRV("x") },
          ROUTE_OTHER_TAG },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct route_rule rule = rows[i].rule;
        rule.candidates = ONLY_C;
        rule.n_candidates = 1;
        struct route *r = with_rules(&rule, 1);
        struct route_choice c;
        enum route_why why = route_rule_why(r, 1, &german);
        expect(why == rows[i].why, "row %zu: %s", i, route_why_name(why));
        expect(route_choose(r, &german, NULL, 0, &c) == (why == ROUTE_MATCHES), "row %zu", i);
        assert_int_equal(c.carrier, why == ROUTE_MATCHES ? C : ROUTE_NONE);
        assert_int_equal(c.rule, why == ROUTE_MATCHES);
        route_free(r);
    }
}

static void a_region_takes_its_parts(void **state)
{
    (void)state;
    const struct route_rule rule = { .region = STRV("US"), .candidates = ONLY_C, .n_candidates = 1 };
    struct route *r = with_rules(&rule, 1);
    struct route_query q = { .number = 13055550123, .region = STRV("US-FL") };
    assert_int_equal(route_rule_why(r, 1, &q), ROUTE_MATCHES);
    q.region = STRV("USX");
    assert_int_equal(route_rule_why(r, 1, &q), ROUTE_OTHER_REGION);
    q.region = STRV("");
    assert_int_equal(route_rule_why(r, 1, &q), ROUTE_OTHER_REGION);
    q.region = STRV("U");
    assert_int_equal(route_rule_why(r, 1, &q), ROUTE_OTHER_REGION);
    assert_true(route_asks_region(r));
    route_free(r);
}

static void strategies_choose_among_what_is_up(void **state)
{
    (void)state;
    static const struct route_candidate three[] = { { A, 2, 50 }, { B, 0, 40 }, { C, 1, 40 } };
    static const struct {
        enum route_strategy strategy;
        uint8_t health[CARRIERS];
        uint64_t dice;
        int carrier;
        bool healthy;
    } rows[] = {
        { ROUTE_ORDER, { 0 }, 0, A, true },
        { ROUTE_ORDER, { ROUTE_DOWN }, 0, B, true },
        { ROUTE_ORDER, { ROUTE_DOWN, ROUTE_FAILING }, 0, C, true },
        { ROUTE_ORDER, { ROUTE_DOWN, ROUTE_FAILING, ROUTE_THROTTLED }, 0, A, false },
        { ROUTE_LEAST_COST, { 0 }, 0, B, true }, /* of equals the first */
        { ROUTE_LEAST_COST, { 0, ROUTE_PAUSED }, 0, C, true },
        { ROUTE_LEAST_COST, { 0, ROUTE_PAUSED, ROUTE_DOWN }, 0, A, true },
        { ROUTE_WEIGHTED, { 0 }, 0, A, true },
        { ROUTE_WEIGHTED, { 0 }, UINT64_MAX / 3 * 2, A, true },
        { ROUTE_WEIGHTED, { 0 }, UINT64_MAX / 100 * 67, C, true },
        { ROUTE_WEIGHTED, { 0 }, UINT64_MAX, C, true },
        { ROUTE_WEIGHTED, { ROUTE_DOWN }, 0, C, true },
        { ROUTE_WEIGHTED, { ROUTE_DOWN, 0, ROUTE_DOWN }, 0, B, true }, /* weight 0: only when no other is */
        { ROUTE_WEIGHTED, { ROUTE_DOWN, ROUTE_DOWN, ROUTE_DOWN }, UINT64_MAX, C, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct route_rule rule = { .strategy = rows[i].strategy,
                                         .candidates = three,
                                         .n_candidates = 3 };
        struct route *r = with_rules(&rule, 1);
        struct route_choice c;
        assert_true(route_choose(r, &german, rows[i].health, rows[i].dice, &c));
        expect(c.carrier == rows[i].carrier && c.healthy == rows[i].healthy, "row %zu: %d %d", i, c.carrier,
               c.healthy);
        assert_int_equal(c.cost, three[c.candidate].cost);
        route_free(r);
    }
}

static void a_rule_with_nothing_up_is_passed_over(void **state)
{
    (void)state;
    const struct route_rule rules[] = {
        { .class_ = STRV("otp"), .candidates = ONLY_C, .n_candidates = 1 },
        { .prefix = STRV("49"), .candidates = AB, .n_candidates = 2 },
        { .candidates = ONLY_C, .n_candidates = 1 },
    };
    struct route *r = with_rules(rules, 3);
    struct route_choice c;
    uint8_t health[CARRIERS] = { 0 };
    route_set_default(r, D);
    assert_true(route_choose(r, &german, health, 0, &c));
    assert_int_equal(c.rule, 2);
    health[A] = health[B] = ROUTE_DOWN;
    assert_true(route_choose(r, &german, health, 0, &c));
    assert_int_equal(c.rule, 3);
    assert_int_equal(c.carrier, C);
    health[C] = ROUTE_FAILING; /* then the carriers' own prefixes */
    assert_true(route_choose(r, &german, health, 0, &c));
    assert_int_equal(c.rule, 0);
    assert_int_equal(c.carrier, D);
    assert_true(c.healthy);
    health[D] = ROUTE_DOWN; /* nothing: it waits where it would go */
    assert_true(route_choose(r, &german, health, 0, &c));
    assert_int_equal(c.rule, 2);
    assert_int_equal(c.carrier, A);
    assert_false(c.healthy);
    route_free(r);
    route_free(NULL);
}

static void without_rules_the_longest_prefix_decides_whatever_its_health(void **state)
{
    (void)state;
    struct route *r = route_new();
    struct route_choice c;
    uint8_t health[CARRIERS] = { [B] = ROUTE_DOWN };
    assert_false(route_choose(r, &german, health, 0, &c));
    assert_int_equal(c.carrier, ROUTE_NONE);
    assert_true(route_add(r, STRV("49"), B, NULL));
    route_set_default(r, A);
    assert_true(route_choose(r, &german, health, 0, &c));
    assert_int_equal(c.carrier, B);
    assert_false(c.healthy);
    assert_int_equal(route_by_prefix(r, 447700900123), A);
    assert_false(route_names(r, B));
    route_free(r);
}

static void the_cost_of_a_carrier_is_of_the_first_rule_that_names_it(void **state)
{
    (void)state;
    static const struct route_candidate cheap[] = { { B, 1, 7 } };
    const struct route_rule rules[] = {
        { .class_ = STRV("otp"), .candidates = cheap, .n_candidates = 1 },
        { .prefix = STRV("49"), .candidates = AB, .n_candidates = 2 },
        { .candidates = cheap, .n_candidates = 1 },
    };
    struct route *r = with_rules(rules, 3);
    assert_int_equal(route_cost(r, &german, B), 40000);
    assert_int_equal(route_cost(r, &german, A), 50000);
    assert_int_equal(route_cost(r, &german, C), 0);
    struct route_query q = german;
    q.class_ = CLASS_OTP;
    assert_int_equal(route_cost(r, &q, B), 7);
    assert_true(route_names(r, B));
    assert_false(route_names(r, D));
    route_free(r);
}

static void wrong_rules_are_refused(void **state)
{
    (void)state;
    static const struct route_candidate twice[] = { { A, 1, 0 }, { A, 1, 0 } };
    static const struct route_candidate weightless[] = { { A, 0, 0 }, { B, 0, 0 } };
    static const struct route_candidate heavy[] = { { A, ROUTE_MAX_WEIGHT + 1, 0 } };
    static const struct route_candidate negative[] = { { A, 1, -1 } };
    static const struct {
        struct route_rule rule;
        const char *says;
    } rows[] = {
        { { .prefix = STRV("49,4x"), .candidates = ONLY_C, .n_candidates = 1 }, "4x" },
        { { .prefix = STRV("049"), .candidates = ONLY_C, .n_candidates = 1 }, "digits" },
        { { .prefix = STRV("49,,43"), .candidates = ONLY_C, .n_candidates = 1 }, "digits" },
        { { .region = STRV("Germany"), .candidates = ONLY_C, .n_candidates = 1 }, "Germany" },
        { { .region = STRV("de"), .candidates = ONLY_C, .n_candidates = 1 }, "de" },
        { { .region = STRV("US-"), .candidates = ONLY_C, .n_candidates = 1 }, "US-" },
        { { .class_ = STRV("otp,bulk"), .candidates = ONLY_C, .n_candidates = 1 }, "bulk" },
        { { .n_candidates = 0 }, "1 to 16" },
        { { .candidates = twice, .n_candidates = 2 }, "twice" },
        { { .strategy = ROUTE_WEIGHTED, .candidates = weightless, .n_candidates = 2 }, "above 0" },
        { { .candidates = heavy, .n_candidates = 1 }, "weights" },
        { { .candidates = negative, .n_candidates = 1 }, "negative" },
    };
    struct route *r = route_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = { 0 };
        expect(!route_add_rule(r, &rows[i].rule, &e) && strstr(e.text, rows[i].says) != NULL, "row %zu: %s",
               i, e.text);
    }
    assert_int_equal(route_rule_count(r), 0);
    route_free(r);
}

static void what_was_written_can_be_read_again(void **state)
{
    (void)state;
    char prefix[] = "49", tag[] = "shop";
    const struct route_rule rule = { .prefix = strv_from(prefix),
                                     .tag = strv_from(tag),
                                     .strategy = ROUTE_LEAST_COST,
                                     .candidates = AB,
                                     .n_candidates = 2 };
    struct route *r = with_rules(&rule, 1);
    memset(prefix, 'x', 2); /* it was copied */
    memset(tag, 'x', 4);
    const struct route_rule *got = route_rule_get(r, 1);
    assert_true(strv_eq_c(got->prefix, "49"));
    assert_true(strv_eq_c(got->tag, "shop"));
    assert_int_equal(got->region.n, 0);
    assert_int_equal(got->candidates[1].cost, 40000);
    assert_null(route_rule_get(r, 0));
    assert_null(route_rule_get(r, 2));
    enum route_strategy s;
    assert_true(route_strategy_parse(STRV("least_cost"), &s) && s == ROUTE_LEAST_COST);
    assert_false(route_strategy_parse(STRV("cheapest"), &s));
    assert_string_equal(route_strategy_name(ROUTE_WEIGHTED), "weighted");
    route_free(r);
}

static void weights_are_kept_over_many(void **state)
{
    (void)state;
    const struct route_rule rule = { .strategy = ROUTE_WEIGHTED, .candidates = AB, .n_candidates = 2 };
    struct route *r = with_rules(&rule, 1);
    struct rnd rnd;
    unsigned a = 0;
    rnd_seed(&rnd, 7);
    for (int i = 0; i < 100000; i++) {
        struct route_choice c;
        assert_true(route_choose(r, &german, NULL, rnd_u64(&rnd), &c));
        a += c.carrier == A;
    }
    assert_in_range(a, 74500, 75500);
    route_free(r);
}

/* --- against the obvious --- */

struct plain {
    char prefix[8];
    int class_; /* -1 = any */
    enum route_strategy strategy;
    struct route_candidate list[CARRIERS];
    size_t n;
};

static bool plain_matches(const struct plain *p, const char *number, enum message_class class_)
{
    return strncmp(number, p->prefix, strlen(p->prefix)) == 0 && (p->class_ < 0 || p->class_ == (int)class_);
}

/* Whether the carrier is one that the rule could choose. */
static bool plain_could(const struct plain *p, int carrier, const uint8_t *health)
{
    int64_t least = INT64_MAX;
    bool weighty = false, has = false;
    for (size_t i = 0; i < p->n; i++) {
        if (health[p->list[i].carrier] == ROUTE_UP) {
            least = p->list[i].cost < least ? p->list[i].cost : least;
            weighty = weighty || p->list[i].weight > 0;
        }
    }
    for (size_t i = 0; i < p->n && !has; i++) {
        const struct route_candidate *k = &p->list[i];
        if (health[k->carrier] != ROUTE_UP) {
            continue;
        }
        has = k->carrier == carrier && (p->strategy != ROUTE_LEAST_COST || k->cost == least) &&
              (p->strategy != ROUTE_WEIGHTED || !weighty || k->weight > 0);
        if (p->strategy == ROUTE_ORDER) {
            return has;
        }
    }
    return has;
}

static bool plain_up(const struct plain *p, const uint8_t *health)
{
    for (size_t i = 0; i < p->n; i++) {
        if (health[p->list[i].carrier] == ROUTE_UP) {
            return true;
        }
    }
    return false;
}

static size_t random_rules(struct rnd *rnd, struct plain *rules, struct route *r)
{
    static const char *const classes[] = { "otp", "transactional", "promotional" };
    size_t n = 1 + rnd_below(rnd, 8);
    for (size_t i = 0; i < n; i++) {
        struct plain *p = &rules[i];
        *p = (struct plain){ .class_ = (int)rnd_below(rnd, 6) - 1, .strategy = rnd_below(rnd, 3) };
        p->class_ = p->class_ >= CLASS_COUNT ? -1 : p->class_;
        if (rnd_below(rnd, 3) > 0) {
            snprintf(p->prefix, sizeof p->prefix, "%u", (unsigned)(1 + rnd_below(rnd, 30)));
        }
        for (uint16_t c = 0; c < CARRIERS; c++) {
            if (rnd_below(rnd, 2) > 0 || (c == D && p->n == 0)) {
                p->list[p->n++] = (struct route_candidate){ c, (uint32_t)rnd_below(rnd, 3) + (p->n == 1),
                                                            (int64_t)rnd_below(rnd, 3) };
            }
        }
        p->list[0].weight++;
        const struct route_rule rule = { .prefix = strv_from(p->prefix),
                                         .class_ = strv_from(p->class_ < 0 ? "" : classes[p->class_]),
                                         .strategy = p->strategy,
                                         .candidates = p->list,
                                         .n_candidates = p->n };
        struct err e = { 0 };
        expect(route_add_rule(r, &rule, &e), "%s", e.text);
    }
    return n;
}

static void agrees_with_a_plain_reading_of_the_rules(void **state)
{
    (void)state;
    static const uint8_t all_up[CARRIERS] = { 0 };
    struct rnd rnd;
    rnd_seed(&rnd, 15);
    for (int round = 0; round < 2000; round++) {
        struct plain rules[8];
        struct route *r = route_new();
        size_t n = random_rules(&rnd, rules, r);
        for (int i = 0; i < 20; i++) {
            char number[24];
            uint8_t health[CARRIERS];
            struct route_choice c;
            struct route_query q = { .number = 1 + rnd_below(&rnd, 40000), .class_ = rnd_below(&rnd, 3) };
            snprintf(number, sizeof number, "%llu", (unsigned long long)q.number);
            for (int k = 0; k < CARRIERS; k++) {
                health[k] = rnd_below(&rnd, 2) ? ROUTE_UP : ROUTE_DOWN;
            }
            size_t first = 0, up = 0; /* from 1 */
            for (size_t k = n; k > 0; k--) {
                if (plain_matches(&rules[k - 1], number, q.class_)) {
                    first = k;
                    up = plain_up(&rules[k - 1], health) ? k : up;
                }
            }
            bool found = route_choose(r, &q, health, rnd_u64(&rnd), &c);
            expect(found == (first > 0) && c.healthy == (up > 0), "round %d", round);
            if (found) {
                size_t by = up > 0 ? up : first;
                expect(c.rule == by, "round %d: rule %u, not %zu", round, c.rule, by);
                expect(plain_could(&rules[by - 1], c.carrier, up > 0 ? health : all_up),
                       "round %d: carrier %d of rule %zu", round, c.carrier, by);
            }
        }
        route_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_condition_holds_or_says_why_not),
        cmocka_unit_test(a_region_takes_its_parts),
        cmocka_unit_test(strategies_choose_among_what_is_up),
        cmocka_unit_test(a_rule_with_nothing_up_is_passed_over),
        cmocka_unit_test(without_rules_the_longest_prefix_decides_whatever_its_health),
        cmocka_unit_test(the_cost_of_a_carrier_is_of_the_first_rule_that_names_it),
        cmocka_unit_test(wrong_rules_are_refused),
        cmocka_unit_test(what_was_written_can_be_read_again),
        cmocka_unit_test(weights_are_kept_over_many),
        cmocka_unit_test(agrees_with_a_plain_reading_of_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
