#include "domain/route.h"

#include "domain/prefixes.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PREFIXES 64 /* of one rule */

struct rule {
    struct route_rule said; /* its views point into `text`, its candidates are ours */
    struct route_candidate candidates[ROUTE_MAX_CANDIDATES];
    char *text;
    struct {
        uint64_t value;
        unsigned digits;
    } prefixes[MAX_PREFIXES];
    size_t n_prefixes;
    unsigned classes; /* bits; 0 = any */
};

struct route {
    struct rule **rules;
    size_t n_rules;
    bool asks_region, has_costs;
    unsigned owners; /* besides the first */
    struct prefixes *prefixes;
};

/* --- names --- */

static const char *const strategies[] = { "order", "weighted", "least_cost" };
static const struct {
    const char *name, *text;
} healths[] = {
    [ROUTE_UP] = { "up", "healthy" },
    [ROUTE_DOWN] = { "down", "no bind takes submissions" },
    [ROUTE_PAUSED] = { "paused", "paused by an operator" },
    [ROUTE_THROTTLED] = { "throttled", "it takes nothing: throttled again and again" },
    [ROUTE_FAILING] = { "failing", "too many of the last minute's submissions failed" },
    [ROUTE_REMOVED] = { "removed", "not in the configuration any more" },
};
static const struct {
    const char *name, *text;
} whys[] = {
    [ROUTE_MATCHES] = { "matches", "matches" },
    [ROUTE_OTHER_PREFIX] = { "other_prefix", "is for other prefixes" },
    [ROUTE_OTHER_REGION] = { "other_region", "is for other regions" },
    [ROUTE_OTHER_CLASS] = { "other_class", "is for other classes" },
    [ROUTE_OTHER_SENDER] = { "other_sender", "is for another sender" },
    [ROUTE_OTHER_CAMPAIGN] = { "other_campaign", "is for another campaign" },
    [ROUTE_OTHER_TAG] = { "other_tag", "is for another tag" },
};
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

const char *route_health_name(enum route_health h)
{
    return (unsigned)h < COUNT(healths) ? healths[h].name : "?";
}

const char *route_health_text(enum route_health h)
{
    return (unsigned)h < COUNT(healths) ? healths[h].text : "?";
}

const char *route_why_name(enum route_why w)
{
    return (unsigned)w < COUNT(whys) ? whys[w].name : "?";
}

const char *route_why_text(enum route_why w)
{
    return (unsigned)w < COUNT(whys) ? whys[w].text : "?";
}

const char *route_strategy_name(enum route_strategy s)
{
    return (unsigned)s < COUNT(strategies) ? strategies[s] : "?";
}

bool route_strategy_parse(struct strv name, enum route_strategy *out)
{
    for (unsigned i = 0; i < COUNT(strategies); i++) {
        if (strv_eq_c(name, strategies[i])) {
            *out = (enum route_strategy)i;
            return true;
        }
    }
    return false;
}

/* --- building --- */

struct route *route_new(void)
{
    struct route *r = calloc(1, sizeof *r);
    if (r != NULL && (r->prefixes = prefixes_new()) == NULL) {
        free(r);
        return NULL;
    }
    return r;
}

struct route *route_ref(struct route *r)
{
    r->owners++;
    return r;
}

static void rule_free(struct rule *u)
{
    if (u != NULL) {
        free(u->text);
        free(u);
    }
}

void route_free(struct route *r)
{
    if (r == NULL || r->owners-- > 0) {
        return;
    }
    for (size_t i = 0; i < r->n_rules; i++) {
        rule_free(r->rules[i]);
    }
    free(r->rules);
    prefixes_free(r->prefixes);
    free(r);
}

static bool rule_read_prefixes(struct rule *u, struct err *e)
{
    struct strv rest = u->said.prefix, one;
    while (strv_next(&rest, ',', &one)) {
        if (u->n_prefixes == MAX_PREFIXES) {
            return err_set(e, ERR_LIMIT, "more than %d prefixes in one route", MAX_PREFIXES);
        }
        one = strv_trim(one);
        if (!prefixes_parse(one, &u->prefixes[u->n_prefixes].value, &u->prefixes[u->n_prefixes].digits, e)) {
            return err_prefix(e, "prefix \"" STRV_FMT "\"", STRV_ARG(one));
        }
        u->n_prefixes++;
    }
    return true;
}

static bool rule_read_classes(struct rule *u, struct err *e)
{
    struct strv rest = u->said.class_, one;
    while (strv_next(&rest, ',', &one)) {
        enum message_class c;
        if (!message_class_parse(strv_trim(one), &c)) {
            return err_set(e, ERR_INVALID,
                           "class \"" STRV_FMT "\" is not one of otp, transactional, promotional",
                           STRV_ARG(one));
        }
        u->classes |= 1u << c;
    }
    return true;
}

static bool region_is_one(struct strv s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (i > 2 && s.p[i] >= '0' && s.p[i] <= '9') ||
              (i == 2 && s.p[i] == '-'))) {
            return false;
        }
    }
    return s.n == 2 || (s.n > 3 && s.n <= 8);
}

static bool rule_check_regions(const struct rule *u, struct err *e)
{
    struct strv rest = u->said.region, one;
    while (strv_next(&rest, ',', &one)) {
        if (!region_is_one(strv_trim(one))) {
            return err_set(e, ERR_INVALID, "region \"" STRV_FMT "\" is not like \"DE\" or \"US-FL\"",
                           STRV_ARG(one));
        }
    }
    return true;
}

static bool rule_check_candidates(const struct rule *u, struct err *e)
{
    const struct route_rule *s = &u->said;
    uint64_t weights = 0;
    for (size_t i = 0; i < s->n_candidates; i++) {
        weights += s->candidates[i].weight;
        if (s->candidates[i].weight > ROUTE_MAX_WEIGHT || s->candidates[i].cost < 0) {
            return err_set(e, ERR_INVALID, "weights are 0 to %d, a cost is not negative", ROUTE_MAX_WEIGHT);
        }
        for (size_t j = 0; j < i; j++) {
            if (s->candidates[j].carrier == s->candidates[i].carrier) {
                return err_set(e, ERR_EXISTS, "a route names the same carrier twice");
            }
        }
    }
    return s->strategy != ROUTE_WEIGHTED || weights > 0 ||
           err_set(e, ERR_INVALID, "a weighted route needs a carrier with a weight above 0");
}

/* The views of the rule, moved to a copy of what they show. */
static bool rule_keep(struct rule *u, const struct route_rule *s)
{
    struct strv *views[] = { &u->said.prefix, &u->said.region,   &u->said.class_,
                             &u->said.sender, &u->said.campaign, &u->said.tag };
    size_t n = 0, at = 0;
    u->said = *s;
    for (size_t i = 0; i < COUNT(views); i++) {
        n += views[i]->n;
    }
    u->text = malloc(n + 1);
    if (u->text == NULL) {
        return false;
    }
    for (size_t i = 0; i < COUNT(views); i++) {
        if (views[i]->n > 0) {
            memcpy(u->text + at, views[i]->p, views[i]->n);
        }
        views[i]->p = u->text + at;
        at += views[i]->n;
    }
    memcpy(u->candidates, s->candidates, s->n_candidates * sizeof *s->candidates);
    u->said.candidates = u->candidates;
    return true;
}

bool route_add_rule(struct route *r, const struct route_rule *rule, struct err *e)
{
    if (r->n_rules == ROUTE_MAX_RULES) {
        return err_set(e, ERR_LIMIT, "more than %d routes", ROUTE_MAX_RULES);
    }
    if (rule->n_candidates == 0 || rule->n_candidates > ROUTE_MAX_CANDIDATES) {
        return err_set(e, ERR_INVALID, "a route has 1 to %d carriers", ROUTE_MAX_CANDIDATES);
    }
    struct rule **more = realloc(r->rules, (r->n_rules + 1) * sizeof(struct rule *));
    struct rule *u = calloc(1, sizeof *u);
    r->rules = more != NULL ? more : r->rules;
    if (more == NULL || u == NULL || !rule_keep(u, rule)) {
        rule_free(u);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    if (!rule_read_prefixes(u, e) || !rule_read_classes(u, e) || !rule_check_regions(u, e) ||
        !rule_check_candidates(u, e)) {
        rule_free(u);
        return false;
    }
    r->rules[r->n_rules++] = u;
    for (size_t i = 0; i < rule->n_candidates; i++) {
        r->has_costs = r->has_costs || rule->candidates[i].cost > 0;
    }
    r->asks_region = r->asks_region || u->said.region.n > 0;
    return true;
}

size_t route_rule_count(const struct route *r)
{
    return r->n_rules;
}

const struct route_rule *route_rule_get(const struct route *r, size_t i)
{
    return i >= 1 && i <= r->n_rules ? &r->rules[i - 1]->said : NULL;
}

bool route_has_costs(const struct route *r)
{
    return r->has_costs;
}

bool route_asks_region(const struct route *r)
{
    return r->asks_region;
}

bool route_names(const struct route *r, uint16_t carrier)
{
    for (size_t i = 0; i < r->n_rules; i++) {
        const struct route_rule *s = &r->rules[i]->said;
        for (size_t k = 0; k < s->n_candidates; k++) {
            if (s->candidates[k].carrier == carrier) {
                return true;
            }
        }
    }
    return false;
}

bool route_add(struct route *r, struct strv prefix, uint16_t carrier, struct err *e)
{
    return prefixes_add(r->prefixes, prefix, carrier, e);
}

void route_set_default(struct route *r, int carrier)
{
    prefixes_set_default(r->prefixes, carrier);
}

int route_by_prefix(const struct route *r, uint64_t number)
{
    return prefixes_find(r->prefixes, number);
}

/* --- matching --- */

static bool match_prefix(const struct rule *u, uint64_t number)
{
    unsigned digits = 0;
    for (uint64_t v = number; v; v /= 10) {
        digits++;
    }
    for (size_t i = 0; i < u->n_prefixes; i++) {
        uint64_t head = number;
        for (unsigned n = digits; n > u->prefixes[i].digits; n--) {
            head /= 10;
        }
        if (head == u->prefixes[i].value) {
            return true;
        }
    }
    return u->n_prefixes == 0;
}

static bool match_region(struct strv list, struct strv region)
{
    struct strv one;
    if (list.n == 0) {
        return true;
    }
    while (strv_next(&list, ',', &one)) {
        one = strv_trim(one);
        if (strv_starts(region, one) && (region.n == one.n || region.p[one.n] == '-')) {
            return true;
        }
    }
    return false;
}

static bool match_campaign(struct strv wanted, struct strv campaign)
{
    return wanted.n == 0 || (strv_eq_c(wanted, "*") ? campaign.n > 0 : strv_eq(wanted, campaign));
}

static enum route_why rule_why(const struct rule *u, const struct route_query *q)
{
    const struct route_rule *s = &u->said;
    if (!match_prefix(u, q->number)) {
        return ROUTE_OTHER_PREFIX;
    }
    if (!match_region(s->region, q->region)) {
        return ROUTE_OTHER_REGION;
    }
    if (u->classes != 0 && (u->classes >> q->class_ & 1) == 0) {
        return ROUTE_OTHER_CLASS;
    }
    if (s->sender.n > 0 && !strv_eq(s->sender, q->sender)) {
        return ROUTE_OTHER_SENDER;
    }
    if (!match_campaign(s->campaign, q->campaign)) {
        return ROUTE_OTHER_CAMPAIGN;
    }
    return s->tag.n > 0 && !strv_eq(s->tag, q->tag) ? ROUTE_OTHER_TAG : ROUTE_MATCHES;
}

enum route_why route_rule_why(const struct route *r, size_t i, const struct route_query *q)
{
    return rule_why(r->rules[i - 1], q);
}

/* --- choosing --- */

static bool is_up(const uint8_t *health, int carrier)
{
    return health == NULL || health[carrier] == ROUTE_UP;
}

/* A place on the line of all weights. */
static int pick_weighted(const struct route_rule *s, const uint8_t *health, uint64_t dice)
{
    uint64_t total = 0;
    int standby = -1;
    for (size_t i = 0; i < s->n_candidates; i++) {
        if (is_up(health, s->candidates[i].carrier)) {
            total += s->candidates[i].weight;
            standby = standby < 0 ? (int)i : standby;
        }
    }
    if (total == 0) {
        return standby;
    }
    uint64_t at = (dice >> 32) * total >> 32; /* total is below 2^32: 16 weights of at most a million */
    for (size_t i = 0; i < s->n_candidates; i++) {
        if (!is_up(health, s->candidates[i].carrier)) {
            continue;
        }
        if (at < s->candidates[i].weight) {
            return (int)i;
        }
        at -= s->candidates[i].weight;
    }
    return standby;
}

static int pick_ordered(const struct route_rule *s, const uint8_t *health, bool by_cost)
{
    int best = -1;
    for (size_t i = 0; i < s->n_candidates; i++) {
        if (is_up(health, s->candidates[i].carrier) &&
            (best < 0 || (by_cost && s->candidates[i].cost < s->candidates[best].cost))) {
            best = (int)i;
        }
    }
    return best;
}

/* The candidate, or -1 when none is up. */
static int rule_pick(const struct route_rule *s, const uint8_t *health, uint64_t dice)
{
    return s->strategy == ROUTE_WEIGHTED ? pick_weighted(s, health, dice)
                                         : pick_ordered(s, health, s->strategy == ROUTE_LEAST_COST);
}

/* The first that matches and has something up; false: there is none. */
static bool choose_up(const struct route *r, const struct route_query *q, const uint8_t *health,
                      uint64_t dice, struct route_choice *out)
{
    for (size_t i = 0; i < r->n_rules; i++) {
        const struct route_rule *s = &r->rules[i]->said;
        int at = rule_why(r->rules[i], q) == ROUTE_MATCHES ? rule_pick(s, health, dice) : -1;
        if (at >= 0) {
            *out = (struct route_choice){ s->candidates[at].carrier, (unsigned)i + 1, (unsigned)at,
                                          s->candidates[at].cost, true };
            return true;
        }
    }
    int carrier = prefixes_find(r->prefixes, q->number);
    if (carrier == PREFIXES_NONE || !is_up(health, carrier)) {
        return false;
    }
    *out = (struct route_choice){ .carrier = carrier, .healthy = true };
    return true;
}

bool route_choose(const struct route *r, const struct route_query *q, const uint8_t *health, uint64_t dice,
                  struct route_choice *out)
{
    *out = (struct route_choice){ .carrier = ROUTE_NONE };
    if (choose_up(r, q, health, dice, out)) {
        return true;
    }
    bool found = health != NULL && choose_up(r, q, NULL, dice, out);
    out->healthy = false;
    return found;
}

int64_t route_cost(const struct route *r, const struct route_query *q, uint16_t carrier)
{
    for (size_t i = 0; i < r->n_rules; i++) {
        const struct route_rule *s = &r->rules[i]->said;
        for (size_t k = 0; k < s->n_candidates; k++) {
            if (s->candidates[k].carrier == carrier && rule_why(r->rules[i], q) == ROUTE_MATCHES) {
                return s->candidates[k].cost;
            }
        }
    }
    return 0;
}
