/* Reads one carrier's group, and refuses what its settings could not mean together. */
#include "daemon/configuration_inside.h"
#include "engine/style.h"
#include "net/network.h"

#include <libconfig.h>
#include <string.h>

static bool config_read_status(struct carrier_options *o, config_setting_t *s, const char *path,
                               struct err *e)
{
    struct status_words w = { .status = "" };
    if (o->n_statuses == ENGINE_MAX_STATUSES) {
        return setting_error(e, path, s, "more than %d statuses", ENGINE_MAX_STATUSES);
    }
    struct status_rule *r = &o->statuses[o->n_statuses];
    if (!config_read_group(CONFIG_STATUS, s, &w, "", path, e)) {
        return false;
    }
    if (!smpp_status_parse(strv_from(w.status), &r->status) || r->status == 0) {
        return setting_error(e, path, s, "\"%s\" is no status: ESME_RSUBMITFAIL, 0x401 or 1025, but not 0",
                             w.status);
    }
    for (size_t i = 0; i < o->n_statuses; i++) {
        if (o->statuses[i].status == r->status) {
            return setting_error(e, path, s, "status %s is there already", w.status);
        }
    }
    smpp_status_class_parse(strv_from(w.class_), &r->class_);
    strv_copy(strv_from(w.text), r->text, sizeof r->text);
    o->n_statuses++;
    return true;
}

static bool config_read_statuses(struct carrier_options *o, config_setting_t *s, const char *path,
                                 struct err *e)
{
    config_setting_t *list = config_setting_get_member(s, "statuses");
    bool ok = config_check_list(list, "statuses", path, e);
    for (int i = 0; ok && list != NULL && i < config_setting_length(list); i++) {
        ok = config_read_status(o, config_setting_get_elem(list, (unsigned)i), path, e);
    }
    return ok;
}

/* "name", "name:port", "192.0.2.1:2775", "[2001:db8::1]:2775", "2001:db8::1". */
static bool config_parse_host(struct strv s, uint16_t port, struct carrier_host *h)
{
    struct strv name = s, rest = { 0 };
    size_t colons = 0, last = 0, end = 0;
    for (size_t i = 0; i < s.n; i++) {
        colons += s.p[i] == ':';
        last = s.p[i] == ':' ? i : last;
        end = s.p[i] == ']' ? i : end;
    }
    if (s.n > 0 && s.p[0] == '[') {
        name = strv_sub(s, 1, end - 1);
        rest = strv_sub(s, end + 1, s.n);
        if (end == 0 || (rest.n > 0 && rest.p[0] != ':')) {
            return false;
        }
        rest = rest.n > 0 ? strv_sub(rest, 1, rest.n) : rest;
    } else if (colons == 1) {
        name = strv_sub(s, 0, last);
        rest = strv_sub(s, last + 1, s.n);
    }
    uint64_t p = port;
    bool given = rest.p != NULL && (rest.n > 0 || colons == 1);
    if (name.n == 0 || (given && (!strv_to_u64(rest, &p) || p == 0 || p > 65535))) {
        return false;
    }
    h->port = (uint16_t)p;
    return strv_copy(name, h->name, sizeof h->name);
}

/* hosts = [ ... ], or host alone. */
static bool config_read_hosts(struct carrier_options *o, config_setting_t *s, const char *path, struct err *e)
{
    config_setting_t *list = config_setting_get_member(s, "hosts");
    if (list == NULL) {
        return o->host[0] != 0 || setting_error(e, path, s, "host is missing here (or hosts, for several)");
    }
    int n = config_setting_is_aggregate(list) ? config_setting_length(list) : 0;
    if (o->host[0] != 0) {
        return setting_error(e, path, list, "give either host or hosts, not both");
    }
    if (config_setting_is_group(list) || n == 0 || n > ENGINE_MAX_HOSTS) {
        return setting_error(e, path, list,
                             "hosts is a list of 1 to %d: hosts = [ \"a.example:2775\", ... ];",
                             ENGINE_MAX_HOSTS);
    }
    for (int i = 0; i < n; i++) {
        const char *text = config_setting_get_string_elem(list, i);
        if (text == NULL || !config_parse_host(strv_from(text), o->port, &o->hosts[i])) {
            return setting_error(e, path, list,
                                 "\"%s\" is no host: \"name\", \"name:port\" or \"[::1]:port\"",
                                 text ? text : "");
        }
    }
    o->n_hosts = (size_t)n;
    strv_copy(strv_from(o->hosts[0].name), o->host, sizeof o->host);
    o->port = o->hosts[0].port;
    return true;
}

static bool config_read_carrier_tlvs(struct carrier_options *o, config_setting_t *s, const char *path,
                                     struct err *e)
{
    return config_read_tlvs(config_setting_get_member(s, "tlvs"), CONFIG_CARRIER_TLV, o->tlvs,
                            ENGINE_CARRIER_TLVS, &o->n_tlvs, path, e);
}

/* The words of how texts are written; and what was one of them once. */
static bool config_check_texts(const struct carrier_options *o, config_setting_t *s, const char *path,
                               struct err *e)
{
    struct parts_options style;
    struct err why = { 0 };
    config_setting_t *old = config_setting_get_member(s, "udh16");
    if (old != NULL) {
        return setting_error(e, path, old, "udh16 is called long_messages now: long_messages = \"%s\";",
                             config_setting_get_bool(old) ? "udh16" : "udh8");
    }
    return style_of(o, &style, &why) || setting_error(e, path, s, "carrier \"%s\": %s", o->name, why.text);
}

/* Whoever passes for the carrier is told our password: nobody may do so by leaving a setting out. */
static bool config_check_outbind(const struct carrier_options *o, config_setting_t *s, const char *path,
                                 struct err *e)
{
    struct strv bad = { 0 };
    if (o->outbind_system_id[0] == 0) {
        return o->outbind_password[0] == 0 && o->outbind_peers[0] == 0
                   ? true
                   : setting_error(e, path, s, "outbind_system_id is missing here");
    }
    if (o->outbind_password[0] == 0) {
        return setting_error(e, path, s, "outbind_password (or outbind_password_file) is missing here");
    }
    if (o->outbind_peers[0] == 0) {
        return setting_error(e, path, s,
                             "outbind_peers is missing here: outbind_peers = \"192.0.2.0/24,2001:db8::1\";");
    }
    return network_list_check(strv_from(o->outbind_peers), &bad) ||
           setting_error(e, path, s, "outbind_peers: \"" STRV_FMT "\" is neither an address nor a network",
                         STRV_ARG(bad));
}

bool config_read_carrier(struct config *c, config_setting_t *s, const char *path, struct err *e)
{
    if (c->n_carriers == ENGINE_MAX_CARRIERS) {
        return setting_error(e, path, s, "more than %d carriers", ENGINE_MAX_CARRIERS);
    }
    struct carrier_options *o = &c->carriers[c->n_carriers];
    if (!setting_read_secret_file(s, path, "password_file", o->password, sizeof o->password, e) ||
        !setting_read_secret_file(s, path, "outbind_password_file", o->outbind_password,
                                  sizeof o->outbind_password, e) ||
        !config_read_group(CONFIG_CARRIER, s, o,
                           "password_file|outbind_password_file|statuses|hosts|tlvs|udh16", path, e) ||
        !config_check_outbind(o, s, path, e) || !config_read_hosts(o, s, path, e) ||
        !config_read_statuses(o, s, path, e) || !config_check_texts(o, s, path, e) ||
        !config_read_carrier_tlvs(o, s, path, e)) {
        return false;
    }
    for (size_t i = 0; i < c->n_carriers; i++) {
        if (strcmp(c->carriers[i].name, o->name) == 0) {
            return setting_error(e, path, s, "there is a carrier \"%s\" already", o->name);
        }
    }
    unsigned binds = o->transceivers + o->transmitters + o->receivers;
    if (binds == 0 || binds > ENGINE_MAX_BINDS) {
        return setting_error(e, path, s, "carrier \"%s\" has %u binds; 1 to %d are possible", o->name, binds,
                             ENGINE_MAX_BINDS);
    }
    if (o->transceivers + o->transmitters == 0) {
        return setting_error(e, path, s, "carrier \"%s\" has receivers only: nothing could be sent", o->name);
    }
    if (o->version == 0x33 && o->transceivers > 0) {
        return setting_error(
            e, path, s,
            "carrier \"%s\": SMPP 3.3 has no transceivers; set transceivers = 0, and transmitters "
            "and receivers",
            o->name);
    }
    if (o->reconnect_max < o->reconnect_min) {
        return setting_error(e, path, s, "carrier \"%s\": reconnect_max is below reconnect_min", o->name);
    }
    o->burst = config_burst(o->rate, o->burst);
    o->bind_burst = config_burst(o->bind_rate, o->bind_burst);
    c->n_carriers++;
    return true;
}
