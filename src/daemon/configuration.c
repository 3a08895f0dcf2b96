#include "daemon/configuration.h"

#include "base/buf.h"
#include "daemon/configuration_inside.h"
#include "engine/tlvs.h"

#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool config_read_group(enum config_table_id table, config_setting_t *s, void *out, const char *others,
                       const char *path, struct err *e)
{
    struct setting_table t = { config_tables[table].rows, config_tables[table].n, path };
    return setting_read_group(&t, s, out, others, e);
}

bool config_check_list(config_setting_t *list, const char *name, const char *path, struct err *e)
{
    if (list != NULL && !config_setting_is_list(list)) {
        return setting_error(e, path, list, "%s is a list: %s = ( { ... }, { ... } );", name, name);
    }
    for (int i = 0; list != NULL && i < config_setting_length(list); i++) {
        config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
        if (!config_setting_is_group(s)) {
            return setting_error(e, path, s, "each of %s is a group: { ... }", name);
        }
    }
    return true;
}

int64_t config_burst(int64_t rate, int64_t burst)
{
    return burst > 0 ? burst : rate > 10 ? rate / 10 : 1;
}

bool config_read_tlvs(config_setting_t *list, enum config_table_id table, struct tlv_options *out,
                      size_t most, size_t *n, const char *path, struct err *e)
{
    if (!config_check_list(list, "tlvs", path, e)) {
        return false;
    }
    for (int i = 0; list != NULL && i < config_setting_length(list); i++) {
        config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
        if (*n == most) {
            return setting_error(e, path, s, "more than %zu TLVs", most);
        }
        if (!config_read_group(table, s, &out[*n], "", path, e)) {
            return false;
        }
        ++*n;
    }
    return true;
}

/* Names, tags and values, with the place in the file. */
static bool config_check_tlvs(const struct config *c, config_t *cfg, const char *path, struct err *e)
{
    struct err why = { 0 };
    struct tlvs *t = tlvs_new(c->tlvs, c->n_tlvs, &why);
    config_setting_t *at = config_lookup(cfg, "tlvs"), *list = config_lookup(cfg, "carriers");
    for (size_t i = 0; t != NULL && i < c->n_carriers && why.code == ERR_NONE; i++) {
        struct tlvs_carrier one = { .n_tags = 0 };
        if (!tlvs_carrier_set(t, &c->carriers[i], &one, &why)) {
            at = config_setting_get_member(config_setting_get_elem(list, (unsigned)i), "tlvs");
        }
        tlvs_carrier_free(&one);
    }
    tlvs_free(t);
    return why.code == ERR_NONE || setting_error(e, path, at, "%s", why.text);
}

static bool config_read_all(struct config *c, config_t *cfg, const char *path, struct err *e)
{
    config_setting_t *root = config_root_setting(cfg), *list = config_lookup(cfg, "carriers");
    if (!config_read_group(CONFIG_DAEMON, root, c, "carriers|routes|rates|tlvs", path, e) ||
        !config_read_tlvs(config_lookup(cfg, "tlvs"), CONFIG_TLV, c->tlvs, ENGINE_MAX_TLVS, &c->n_tlvs, path,
                          e)) {
        return false;
    }
    if (list != NULL && !config_setting_is_list(list)) {
        return setting_error(e, path, list, "carriers is a list: carriers = ( { name = ...; }, { ... } );");
    }
    for (int i = 0; list != NULL && i < config_setting_length(list); i++) {
        config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
        if (!config_setting_is_group(s)) {
            return setting_error(e, path, s, "a carrier is a group: { name = ...; host = ...; }");
        }
        if (!config_read_carrier(c, s, path, e)) {
            return false;
        }
    }
    if (!config_check_tlvs(c, cfg, path, e)) {
        return false;
    }
    if (!config_read_routes(c, config_lookup(cfg, "routes"), path, e) ||
        !config_read_rates(c, config_lookup(cfg, "rates"), path, e)) {
        return false;
    }
    return c->retry_max >= c->retry_min ||
           err_set(e, ERR_INVALID, "%s: messages.retry_max is below retry_min", path);
}

struct config *config_load(const char *path, struct err *e)
{
    config_t cfg;
    struct config *c = calloc(1, sizeof *c);
    if (c == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    config_init(&cfg);
    bool ok = true;
    if (access(path, R_OK) != 0) {
        ok = err_set_errno(e, errno, "%s", path);
    } else if (config_read_file(&cfg, path) != CONFIG_TRUE) {
        ok = err_set(e, ERR_INVALID, "%s:%d: %s", config_error_file(&cfg) ? config_error_file(&cfg) : path,
                     config_error_line(&cfg), config_error_text(&cfg));
    } else {
        ok = config_read_all(c, &cfg, path, e);
    }
    config_destroy(&cfg);
    if (!ok) {
        config_free(c);
        return NULL;
    }
    return c;
}

void config_free(struct config *c)
{
    if (c != NULL) {
        free(c->routes);
        free(c->rates);
        explicit_bzero(c, sizeof *c); /* passwords */
        free(c);
    }
}

/* --- using --- */

static enum spool_uncertain config_policy(const char *word)
{
    return strcmp(word, "resend") == 0 ? UNCERTAIN_RESEND
           : strcmp(word, "fail") == 0 ? UNCERTAIN_FAIL
                                       : UNCERTAIN_HOLD;
}

/* A second thread has nothing to run on where there is one processor. */
static unsigned query_threads(const struct config *c)
{
    return sysconf(_SC_NPROCESSORS_ONLN) < 2 ? 1 : c->query_threads;
}

void config_engine_options(const struct config *c, struct engine_options *out)
{
    *out = (struct engine_options){
        .state_dir = c->state_dir,
        .facts_dir = c->facts_dir,
        .zoneinfo = c->zoneinfo,
        .zone = c->zone,
        .query_limits = c->query_limits,
        .query_threads = query_threads(c),
        .spool_map = (size_t)c->spool_map,
        .audience_map = (size_t)c->audience_map,
        .spool_reserve = (size_t)c->spool_reserve,
        .spool_queue = (size_t)c->spool_queue,
        .carriers = c->carriers,
        .n_carriers = c->n_carriers,
        .routes = c->routes,
        .n_routes = c->n_routes,
        .tlvs = c->tlvs,
        .n_tlvs = c->n_tlvs,
        .rates = c->rates,
        .n_rates = c->n_rates,
        .segments_sweep = c->segments_sweep,
        .reroute_after = c->reroute_after,
        .bind_attempts = (unsigned)c->bind_attempts,
        .tls_expiry_warning = c->tls_expiry_warning,
        .outbind = { .listen = c->outbind_listen,
                     .tls_cert = c->outbind_cert,
                     .tls_key = c->outbind_key,
                     .tls_ca = c->outbind_ca,
                     .most = (unsigned)c->outbind_most,
                     .timeout = c->outbind_timeout },
        .max_parts = (unsigned)c->max_parts,
        .max_attempts = (unsigned)c->max_attempts,
        .retry_min = c->retry_min,
        .retry_max = c->retry_max,
        .quiet_low_confidence = c->quiet_low_confidence,
        .quiet_margin = c->quiet_margin,
        .drain_timeout = c->drain_timeout,
        .keep_messages = c->keep_messages,
        .keep_inbound = c->keep_inbound,
        .keep_unknown = c->keep_unknown,
    };
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        out->uncertain[i] = config_policy(c->uncertain[i]);
    }
}

const char *config_fixed_difference(const struct config *a, const struct config *b)
{
    for (size_t i = 0; i < config_tables[CONFIG_DAEMON].n; i++) {
        const struct setting *s = &config_tables[CONFIG_DAEMON].rows[i];
        if (!s->reload && memcmp((const char *)a + s->offset, (const char *)b + s->offset, s->size) != 0) {
            return s->name;
        }
    }
    return NULL;
}

void config_print_settings(int fd)
{
    struct buf b = { 0 };
    for (size_t i = 0; i < CONFIG_TABLES; i++) {
        buf_printf(&b, "%s%s\n", i > 0 ? "\n" : "", config_tables[i].of);
        setting_describe(config_tables[i].rows, config_tables[i].n, &b);
    }
    if (!b.failed && write(fd, b.data, b.len) < 0) {
        return; /* nobody reads */
    }
    buf_free(&b);
}
