/* Reads routes and rates, which name carriers. */
#include "base/nearest.h"
#include "daemon/configuration_inside.h"
#include "domain/route.h"
#include "engine/rates.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

/* --- routes --- */

static bool config_no_carrier(const struct config *c, const char *name, config_setting_t *s, const char *path,
                              struct err *e)
{
    struct nearest near;
    nearest_begin(&near, strv_from(name));
    for (size_t i = 0; i < c->n_carriers; i++) {
        nearest_offer(&near, strv_from(c->carriers[i].name));
    }
    return nearest_found(&near).n > 0
               ? setting_error(e, path, s, "there is no carrier \"%s\"; did you mean \"%s\"?", name,
                               near.found)
               : setting_error(e, path, s, "there is no carrier \"%s\"", name);
}

static size_t config_find_carrier(const struct config *c, const char *name)
{
    size_t at = 0;
    while (at < c->n_carriers && strcmp(c->carriers[at].name, name) != 0) {
        at++;
    }
    return at;
}

static bool config_read_candidates(const struct config *c, struct route_options *o, config_setting_t *s,
                                   const char *path, struct err *e)
{
    config_setting_t *list = config_setting_get_member(s, "carriers");
    if (list == NULL) {
        return setting_error(e, path, s, "carriers is missing here: carriers = ( { name = ...; }, ... );");
    }
    if (!config_check_list(list, "carriers", path, e)) {
        return false;
    }
    int n = config_setting_length(list);
    if (n == 0 || n > ENGINE_ROUTE_CARRIERS) {
        return setting_error(e, path, list, "a route has 1 to %d carriers", ENGINE_ROUTE_CARRIERS);
    }
    for (int i = 0; i < n; i++) {
        config_setting_t *one = config_setting_get_elem(list, (unsigned)i);
        struct route_carrier *k = &o->carriers[o->n_carriers++];
        if (!config_read_group(CONFIG_CANDIDATE, one, k, "", path, e)) {
            return false;
        }
        if (config_find_carrier(c, k->name) == c->n_carriers) {
            return config_no_carrier(c, k->name, one, path, e);
        }
    }
    return true;
}

/* What the decision itself would refuse, with the place in the file. */
static bool config_check_route(const struct config *c, const struct route_options *o, config_setting_t *s,
                               const char *path, struct err *e)
{
    struct route_candidate list[ENGINE_ROUTE_CARRIERS];
    struct route_rule rule = { .prefix = strv_from(o->prefix),
                               .region = strv_from(o->region),
                               .class_ = strv_from(o->class_),
                               .candidates = list,
                               .n_candidates = o->n_carriers };
    struct route *r = route_new();
    struct err why = { .code = ERR_NOMEM, .text = "out of memory" };
    for (size_t i = 0; i < o->n_carriers; i++) {
        size_t at = config_find_carrier(c, o->carriers[i].name);
        list[i] = (struct route_candidate){ (uint16_t)at, o->carriers[i].weight, o->carriers[i].cost };
    }
    route_strategy_parse(strv_from(o->strategy), &rule.strategy);
    bool ok = r != NULL && route_add_rule(r, &rule, &why);
    route_free(r);
    return ok || setting_error(e, path, s, "%s", why.text);
}

bool config_read_routes(struct config *c, config_setting_t *list, const char *path, struct err *e)
{
    int n = list != NULL ? config_setting_length(list) : 0;
    if (!config_check_list(list, "routes", path, e)) {
        return false;
    }
    if (n > ROUTE_MAX_RULES) {
        return setting_error(e, path, list, "more than %d routes", ROUTE_MAX_RULES);
    }
    c->routes = n > 0 ? calloc((size_t)n, sizeof *c->routes) : NULL;
    if (n > 0 && c->routes == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    for (int i = 0; i < n; i++) {
        config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
        struct route_options *o = &c->routes[i];
        if (!config_read_group(CONFIG_ROUTE, s, o, "carriers", path, e) ||
            !config_read_candidates(c, o, s, path, e) || !config_check_route(c, o, s, path, e)) {
            return false;
        }
        c->n_routes++;
    }
    return true;
}

/* --- rates --- */

/* What the engine would refuse, with the place in the file. */
static bool config_check_rate(const struct config *c, const struct rate_options *o, config_setting_t *s,
                              const char *path, struct err *e)
{
    struct engine_options as_if = { .rates = o, .n_rates = 1 };
    struct err why = { 0 };
    if (o->carrier[0] && config_find_carrier(c, o->carrier) == c->n_carriers) {
        return config_no_carrier(c, o->carrier, s, path, e);
    }
    for (const struct rate_options *other = c->rates; other < o; other++) {
        if (strcmp(o->sender, other->sender) == 0 && strcmp(o->region, other->region) == 0 &&
            strcmp(o->prefix, other->prefix) == 0 && strcmp(o->class_, other->class_) == 0 &&
            strcmp(o->carrier, other->carrier) == 0) {
            return setting_error(e, path, s, "there is a rate for the same already");
        }
    }
    return rates_check(&as_if, &why) || setting_error(e, path, s, "%s", why.text);
}

bool config_read_rates(struct config *c, config_setting_t *list, const char *path, struct err *e)
{
    int n = list != NULL ? config_setting_length(list) : 0;
    if (!config_check_list(list, "rates", path, e)) {
        return false;
    }
    if (n > ENGINE_MAX_RATES) {
        return setting_error(e, path, list, "more than %d rates", ENGINE_MAX_RATES);
    }
    c->rates = n > 0 ? calloc((size_t)n, sizeof *c->rates) : NULL;
    if (n > 0 && c->rates == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    for (int i = 0; i < n; i++) {
        config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
        struct rate_options *o = &c->rates[i];
        if (!config_read_group(CONFIG_RATE, s, o, "", path, e) || !config_check_rate(c, o, s, path, e)) {
            return false;
        }
        o->burst = config_burst(o->rate, o->burst);
        c->n_rates++;
    }
    struct err why = { 0 };
    return rates_overlap_check(c->rates, c->n_rates, &why) || setting_error(e, path, list, "%s", why.text);
}
