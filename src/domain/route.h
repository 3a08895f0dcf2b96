/* Which carrier takes a message. Pure decisions over an immutable table: what is healthy, and the dice, are
 * parameters.
 *
 * Rules are tried in the order written; the first whose conditions all hold and that has a healthy candidate
 * decides, by its strategy. Behind the rules come the carriers' own prefixes (domain/prefixes.h). When
 * nothing that matches is healthy, the first that matches decides as if all were up: the message waits there,
 * and is decided about anew when something changes. Any thread may ask. */
#ifndef TESSERA_DOMAIN_ROUTE_H
#define TESSERA_DOMAIN_ROUTE_H

#include "base/err.h"
#include "base/strv.h"
#include "domain/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUTE_NONE           (-1)
#define ROUTE_MAX_RULES      1000
#define ROUTE_MAX_CANDIDATES 16
#define ROUTE_MAX_WEIGHT     1000000

/* Why a carrier is not to be chosen; ROUTE_UP: it may be. */
enum route_health { ROUTE_UP, ROUTE_DOWN, ROUTE_PAUSED, ROUTE_THROTTLED, ROUTE_FAILING, ROUTE_REMOVED };
const char *route_health_name(enum route_health h); /* "up", "down", ... */
const char *route_health_text(enum route_health h); /* "no bind takes submissions" */

/* order: the first; weighted: by the dice, weight 0 only when no other is up; least_cost: the cheapest, of
 * equals the first. Always among those that are up. */
enum route_strategy { ROUTE_ORDER, ROUTE_WEIGHTED, ROUTE_LEAST_COST };
const char *route_strategy_name(enum route_strategy s);
bool route_strategy_parse(struct strv name, enum route_strategy *out);

struct route_candidate {
    uint16_t carrier;
    uint32_t weight;
    int64_t cost; /* a part, in millionths of the operator's currency */
};

/* Each condition "" = any. Lists are separated by commas. */
struct route_rule {
    struct strv prefix;   /* list: "49,+4366" */
    struct strv region;   /* list: "DE,US"; "US" takes "US-FL", too */
    struct strv class_;   /* list: "otp,transactional" */
    struct strv sender;   /* as asked for, exactly */
    struct strv campaign; /* its name, exactly; "*" = any campaign */
    struct strv tag;      /* of the message, exactly */
    enum route_strategy strategy;
    const struct route_candidate *candidates;
    size_t n_candidates;
};

struct route_query {
    uint64_t number;
    struct strv region, sender, campaign, tag;
    enum message_class class_;
};

struct route_choice {
    int carrier;        /* or ROUTE_NONE */
    unsigned rule;      /* from 1 in the order written; 0: the carriers' prefixes */
    unsigned candidate; /* of the rule, from 0 */
    int64_t cost;       /* a part */
    bool healthy;       /* false: it waits there */
};

struct route;

struct route *route_new(void);
struct route *route_ref(struct route *r); /* one more owner; owners live on one thread */
void route_free(struct route *r);         /* one owner less */
/* Copies the rule. ERR_INVALID says which condition is wrong. */
bool route_add_rule(struct route *r, const struct route_rule *rule, struct err *e);
size_t route_rule_count(const struct route *r);
/* Rule i, from 1; views live as long as `r`. */
const struct route_rule *route_rule_get(const struct route *r, size_t i);
bool route_has_costs(const struct route *r);   /* whether any part costs anything */
bool route_asks_region(const struct route *r); /* whether a query needs its region */
/* Whether a rule names the carrier. */
bool route_names(const struct route *r, uint16_t carrier);

/* The carriers' own prefixes: ERR_EXISTS when one has a carrier already. */
bool route_add(struct route *r, struct strv prefix, uint16_t carrier, struct err *e);
void route_set_default(struct route *r, int carrier);        /* ROUTE_NONE: no default */
int route_by_prefix(const struct route *r, uint64_t number); /* the carrier, or ROUTE_NONE */

/* health: enum route_health by carrier, for every carrier there is; NULL: all are up. dice: any 64 random
 * bits. False: nothing matches. */
bool route_choose(const struct route *r, const struct route_query *q, const uint8_t *health, uint64_t dice,
                  struct route_choice *out);

/* What becomes of the query at rule i (from 1), by itself. */
enum route_why {
    ROUTE_MATCHES,
    ROUTE_OTHER_PREFIX,
    ROUTE_OTHER_REGION,
    ROUTE_OTHER_CLASS,
    ROUTE_OTHER_SENDER,
    ROUTE_OTHER_CAMPAIGN,
    ROUTE_OTHER_TAG
};
enum route_why route_rule_why(const struct route *r, size_t i, const struct route_query *q);
const char *route_why_name(enum route_why w); /* "other_prefix" */
const char *route_why_text(enum route_why w); /* "is for other prefixes" */
/* What a part costs at that carrier, by the first rule that matches and names it; 0 when none does. */
int64_t route_cost(const struct route *r, const struct route_query *q, uint16_t carrier);

#endif
