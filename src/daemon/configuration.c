#include "daemon/configuration.h"

#include "base/buf.h"
#include "base/nearest.h"
#include "daemon/setting.h"
#include "domain/route.h"
#include "engine/attempts.h"
#include "engine/rates.h"
#include "engine/style.h"
#include "engine/tlvs.h"
#include "net/network.h"

#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field)    offsetof(struct config, field), sizeof(((struct config *)0)->field)
#define OF(field)    offsetof(struct carrier_options, field), sizeof(((struct carrier_options *)0)->field)
#define CHOICE_LEVEL "error|warn|info|debug"
#define CHOICE_UNC   "resend|hold|fail"

#ifndef FACTS_DIR
#define FACTS_DIR "/usr/share/tessera"
#endif

/* name, type, place, least, most, default, may change at a reload, what it is */
static const struct setting settings[] = {
    { "state_dir", SETTING_TEXT, AT(state_dir), 1, 0, "/var/lib/tessera", false, "where the stores live" },
    { "facts_dir", SETTING_TEXT, AT(facts_dir), 1, 0, FACTS_DIR, false,
      "numbering.tsv, quiet_hours.tsv, holidays.tsv, optout_keywords.tsv, and rfm_classes.tsv if it is "
      "there" },
    { "zoneinfo", SETTING_TEXT, AT(zoneinfo), 0, 0, "", false,
      "directory of time zones; empty: the system's" },
    { "zone", SETTING_TEXT, AT(zone), 1, 0, "UTC", false,
      "the instance's own time zone: what \"today\" means in a query" },
    { "log.level", SETTING_CHOICE, AT(log_level), 0, 0, "info", true, CHOICE_LEVEL },
    { "log.numbers", SETTING_BOOL, AT(log_numbers), 0, 0, "false", true,
      "show customers' numbers in the log whole" },
    { "api.socket", SETTING_TEXT, AT(api_socket), 1, 0, "/run/tessera/api.sock", false,
      "Unix socket of the API" },
    { "api.mode", SETTING_MODE, AT(api_mode), 0, 0777, "0660", false,
      "permissions of the socket: who may use the API" },
    { "api.max_body", SETTING_SIZE, AT(api_max_body), 1 << 16, 1 << 30, "16M", false, "largest request" },
    { "spool.map_size", SETTING_SIZE, AT(spool_map), 1 << 20, INT64_C(1) << 46, "16G", false,
      "most the queue and its log may take on disk" },
    { "spool.reserve", SETTING_SIZE, AT(spool_reserve), 0, INT64_C(1) << 46, "0", false,
      "kept for ending what has begun when the map is full; 0 = a tenth" },
    { "spool.queue", SETTING_INT, AT(spool_queue), 0, 1 << 24, "0", false,
      "operations that may wait for the disk; 0 = 65536" },
    { "audience.map_size", SETTING_SIZE, AT(audience_map), 1 << 20, INT64_C(1) << 46, "64G", false,
      "most the customers and their events may take on disk" },
    { "query.max_length", SETTING_UINT, AT(query_limits.max_length), 64, 1 << 20, "16384", false,
      "longest query of a segment, in octets" },
    { "query.max_depth", SETTING_UINT, AT(query_limits.max_depth), 1, QUERY_DEPTH_CEILING, "32", false,
      "parentheses, not, where and functions inside each other" },
    { "query.max_conditions", SETTING_UINT, AT(query_limits.max_conditions), 1, 100000, "256", false,
      "most conditions of a query" },
    { "quiet.margin", SETTING_DURATION, AT(quiet_margin), 0, 12 * USEC_HOUR, "5m", false,
      "stop so much before a window closes" },
    { "quiet.low_confidence", SETTING_BOOL, AT(quiet_low_confidence), 0, 0, "true", false,
      "obey rules whose source is of low confidence or unverified, too" },
    { "messages.max_parts", SETTING_INT, AT(max_parts), 1, 255, "10", true, "most parts of one message" },
    { "messages.max_attempts", SETTING_INT, AT(max_attempts), 1, 1000, "8", true,
      "attempts after temporary refusals, the first included" },
    { "messages.retry_min", SETTING_DURATION, AT(retry_min), USEC_MS, USEC_DAY, "30s", true,
      "first pause before a retry" },
    { "messages.retry_max", SETTING_DURATION, AT(retry_max), USEC_MS, 7 * USEC_DAY, "1h", true,
      "longest pause" },
    { "messages.uncertain.otp", SETTING_CHOICE, AT(uncertain[CLASS_OTP]), 0, 0, "resend", true, CHOICE_UNC },
    { "messages.uncertain.transactional", SETTING_CHOICE, AT(uncertain[CLASS_TRANSACTIONAL]), 0, 0, "hold",
      true, CHOICE_UNC },
    { "messages.uncertain.promotional", SETTING_CHOICE, AT(uncertain[CLASS_PROMOTIONAL]), 0, 0, "hold", true,
      CHOICE_UNC },
    { "retention.messages", SETTING_DURATION, AT(keep_messages), 0, 36500 * USEC_DAY, "90d", true,
      "delete messages so long after their end; 0 = never" },
    { "retention.inbound", SETTING_DURATION, AT(keep_inbound), 0, 36500 * USEC_DAY, "365d", true,
      "delete inbound messages so long after they came; 0 = never" },
    { "receipts.keep_unknown", SETTING_DURATION, AT(keep_unknown), USEC_SEC, 36500 * USEC_DAY, "3d", true,
      "keep receipts of unknown messages so long; at most 100,000" },
    { "messages.reroute_after", SETTING_DURATION, AT(reroute_after), 0, USEC_DAY, "5s", true,
      "a carrier is down so long before routes move what waits for it to another" },
    { "outbind.listen", SETTING_TEXT, AT(outbind_listen), 0, 0, "", false,
      "address and port where carriers ask us to bind, \"192.0.2.1:2775\"; empty: nowhere" },
    { "outbind.tls_cert", SETTING_TEXT, AT(outbind_cert), 0, 0, "", false,
      "our certificate there (PEM); empty: no TLS" },
    { "outbind.tls_key", SETTING_TEXT, AT(outbind_key), 0, 0, "", false, "its key (PEM)" },
    { "outbind.tls_ca", SETTING_TEXT, AT(outbind_ca), 0, 0, "", false,
      "carriers must show a certificate of this authority (PEM); empty: they need none" },
    { "outbind.timeout", SETTING_DURATION, AT(outbind_timeout), USEC_MS, USEC_HOUR, "10s", false,
      "for the outbind of a connection" },
    { "outbind.max_waiting", SETTING_INT, AT(outbind_most), 1, 10000, "16", false,
      "most connections that have not said an outbind yet" },
    { "tls_expiry_warning", SETTING_DURATION, AT(tls_expiry_warning), 0, 3650 * USEC_DAY, "30d", true,
      "warn so long before a certificate ends, a carrier's or ours; 0 = never" },
    { "bind_attempts_per_minute", SETTING_INT, AT(bind_attempts), 0, ATTEMPTS_MAX, "60", true,
      "most attempts to bind in any minute, over all carriers; 0 = no limit" },
    { "drain_timeout", SETTING_DURATION, AT(drain_timeout), 0, USEC_HOUR, "10s", true,
      "how long SIGTERM waits for the carriers' responses" },
};

static const struct setting carrier_settings[] = {
    { "name", SETTING_NAME, OF(name), 1, 0, NULL, true,
      "what it is called; its receipts and queue go by this name" },
    { "host", SETTING_TEXT, OF(host), 1, 0, "", true, "name or address of the carrier; several: hosts" },
    { "port", SETTING_U16, OF(port), 1, 65535, "2775", true, "TCP port, of all hosts that name none" },
    { "failback", SETTING_DURATION, OF(failback), 0, USEC_DAY, "5m", true,
      "on another host than the first: try the first so often; 0 = never" },
    { "system_id", SETTING_TEXT, OF(system_id), 0, 15, NULL, true, "who we are (SMPP 3.4 section 5.2.1)" },
    { "password", SETTING_SECRET, OF(password), 0, 8, "", true, "better: password_file" },
    { "system_type", SETTING_TEXT, OF(system_type), 0, 12, "", true, "when the carrier asks for one" },
    { "address_range", SETTING_TEXT, OF(address_range), 0, 40, "", true, "when the carrier asks for one" },
    { "transceivers", SETTING_UINT, OF(transceivers), 0, ENGINE_MAX_BINDS, "1", true,
      "how many transceiver binds" },
    { "transmitters", SETTING_UINT, OF(transmitters), 0, ENGINE_MAX_BINDS, "0", true,
      "how many transmitter binds" },
    { "receivers", SETTING_UINT, OF(receivers), 0, ENGINE_MAX_BINDS, "0", true, "how many receiver binds" },
    { "version", SETTING_VERSION, OF(version), 0, 0, "3.4", true, "3.3|3.4|5.0" },
    { "version_untold", SETTING_VERSION, OF(untold_version), 0, 0, "3.4", true, "3.3|3.4|5.0" },
    { "window", SETTING_UINT, OF(window), 1, 65536, "100", true,
      "most submissions without response, a bind" },
    { "rate", SETTING_INT, OF(rate), 0, 10000000, "0", true, "parts a second over all binds; 0 = no limit" },
    { "burst", SETTING_INT, OF(burst), 0, 10000000, "0", true,
      "parts at once after a pause; 0 = a tenth of the rate" },
    { "bind_rate", SETTING_INT, OF(bind_rate), 0, 10000000, "0", true,
      "parts a second over each bind; 0 = no limit" },
    { "bind_burst", SETTING_INT, OF(bind_burst), 0, 10000000, "0", true,
      "parts at once over a bind after a pause; 0 = a tenth of bind_rate" },
    { "congestion", SETTING_UINT, OF(congestion), 0, 100, "90", true,
      "congestion_state (SMPP 5.0) from which on it is sent to more slowly; 0 = never" },
    { "response_timeout", SETTING_DURATION, OF(response_timeout), USEC_MS, USEC_HOUR, "60s", true,
      "after which a submission without response is uncertain" },
    { "enquire_link", SETTING_DURATION, OF(enquire_link), USEC_MS, USEC_HOUR, "30s", true,
      "silence before enquire_link" },
    { "enquire_timeout", SETTING_DURATION, OF(enquire_timeout), USEC_MS, USEC_HOUR, "10s", true,
      "for its answer; then the connection is closed and bound anew" },
    { "bind_timeout", SETTING_DURATION, OF(bind_timeout), USEC_MS, USEC_HOUR, "10s", true,
      "for the answer to a bind" },
    { "connect_timeout", SETTING_DURATION, OF(connect_timeout), USEC_MS, USEC_HOUR, "10s", true,
      "for name, connection and TLS together" },
    { "reconnect_min", SETTING_DURATION, OF(reconnect_min), USEC_MS, USEC_HOUR, "1s", true,
      "first pause before binding again" },
    { "reconnect_max", SETTING_DURATION, OF(reconnect_max), USEC_MS, USEC_DAY, "2m", true, "longest pause" },
    { "already_bound_wait", SETTING_DURATION, OF(already_bound_wait), USEC_MS, USEC_DAY, "30s", true,
      "first pause when the carrier says we are bound already; doubles up to reconnect_max" },
    { "tls", SETTING_BOOL, OF(tls), 0, 0, "false", true, "TLS 1.2 or 1.3" },
    { "tls_min", SETTING_CHOICE, OF(tls_min), 0, 0, "1.2", true, "1.2|1.3" },
    { "tls_verify", SETTING_BOOL, OF(tls_verify), 0, 0, "true", true,
      "false: any certificate (for trials only)" },
    { "tls_ca", SETTING_TEXT, OF(tls_ca), 0, 0, "", true, "PEM file of the authority; empty: the system's" },
    { "tls_cert", SETTING_TEXT, OF(tls_cert), 0, 0, "", true, "our own certificate (PEM)" },
    { "tls_key", SETTING_TEXT, OF(tls_key), 0, 0, "", true, "its key (PEM)" },
    { "tls_name", SETTING_TEXT, OF(tls_name), 0, 0, "", true,
      "name expected in the certificate; empty: host" },
    { "outbind_system_id", SETTING_TEXT, OF(outbind_system_id), 0, 15, "", true,
      "who its outbind says it is; empty: no outbind of it is taken" },
    { "outbind_password", SETTING_SECRET, OF(outbind_password), 0, 8, "", true,
      "what its outbind must carry; better: outbind_password_file" },
    { "outbind_peers", SETTING_TEXT, OF(outbind_peers), 0, 0, "", true,
      "addresses and networks its outbind may come from, \"192.0.2.0/24,2001:db8::1\"" },
    { "outbind_mode", SETTING_CHOICE, OF(outbind_mode), 0, 0, "receiver", true,
      "receiver|transceiver|transmitter" },
    { "long_messages", SETTING_CHOICE, OF(long_messages), 0, 0, "udh8", true, "udh8|udh16|sar|payload" },
    { "transliteration", SETTING_CHOICE, OF(transliteration), 0, 0, "off", true, "off|typographic|full" },
    { "languages", SETTING_TEXT, OF(languages), 0, 0, "", true,
      "national tables that it knows, \"tr,es,pt\" or \"all\"; empty: none" },
    { "alphabet", SETTING_CHOICE, OF(alphabet), 0, 0, "gsm7", true, "gsm7|latin1|ascii" },
    { "packed", SETTING_BOOL, OF(packed), 0, 0, "false", true, "septets packed, as on the air" },
    { "latin1", SETTING_BOOL, OF(latin1), 0, 0, "false", true,
      "it takes Latin-1 (data_coding 3), too: used where it takes fewer parts than UCS-2" },
    { "validity", SETTING_CHOICE, OF(validity), 0, 0, "relative", true, "relative|absolute|none" },
    { "service_type", SETTING_TEXT, OF(service_type), 0, 5, "", true, "when the carrier asks for one" },
    { "prefixes", SETTING_TEXT, OF(prefixes), 0, 0, "", true,
      "numbers that go this way, \"49,43\"; empty: all that no other carrier names" },
    { "sender", SETTING_TEXT, OF(sender), 0, MESSAGE_MAX_SENDER, "", true,
      "sender of messages that name none" },
    { "receipt_ids", SETTING_CHOICE, OF(receipt_ids), 0, 0, "auto", true, "auto|same|hex_dec|dec_hex" },
    { "receipts_by", SETTING_CHOICE, OF(receipts_by), 0, 0, "esm_class", true, "esm_class|text|either" },
    { "max_failures", SETTING_UINT, OF(max_failures), 0, 100, "50", true,
      "percent of a minute's submissions that fail, from which on routes avoid it; 0 = never" },
};

#define IN_STATUS(field) offsetof(struct status_words, field), sizeof(((struct status_words *)0)->field)
struct status_words {
    char status[40], class_[16], text[120];
};
static const struct setting status_settings[] = {
    { "status", SETTING_TEXT, IN_STATUS(status), 1, 0, NULL, true, "ESME_RSUBMITFAIL, 0x401 or 1025" },
    { "class", SETTING_CHOICE, IN_STATUS(class_), 0, 0, NULL, true,
      "temporary|throttled|permanent|bind_fault" },
    { "text", SETTING_TEXT, IN_STATUS(text), 0, 0, "", true,
      "what people are told; empty: what the table says" },
};

#define IN_RATE(field) offsetof(struct rate_options, field), sizeof(((struct rate_options *)0)->field)
static const struct setting rate_settings[] = {
    { "rate", SETTING_INT, IN_RATE(rate), 1, 10000000, NULL, true, "parts a second, of all it holds for" },
    { "burst", SETTING_INT, IN_RATE(burst), 0, 10000000, "0", true,
      "parts at once after a pause; 0 = a tenth of the rate" },
    { "sender", SETTING_TEXT, IN_RATE(sender), 0, 0, "", true, "messages with this sender" },
    { "region", SETTING_TEXT, IN_RATE(region), 0, 0, "", true, "to numbers of these regions, \"DE,US-FL\"" },
    { "prefix", SETTING_TEXT, IN_RATE(prefix), 0, 0, "", true, "to numbers that begin so, \"49,4366\"" },
    { "class", SETTING_TEXT, IN_RATE(class_), 0, 0, "", true, "of these classes, \"otp,transactional\"" },
    { "carrier", SETTING_TEXT, IN_RATE(carrier), 0, 0, "", true, "over this carrier" },
};

#define IN_ROUTE(field) offsetof(struct route_options, field), sizeof(((struct route_options *)0)->field)
static const struct setting route_settings[] = {
    { "prefix", SETTING_TEXT, IN_ROUTE(prefix), 0, 0, "", true, "numbers that begin so, \"49,4366\"" },
    { "region", SETTING_TEXT, IN_ROUTE(region), 0, 0, "", true, "numbers of these regions, \"DE,US-FL\"" },
    { "class", SETTING_TEXT, IN_ROUTE(class_), 0, 0, "", true, "of these classes, \"otp,transactional\"" },
    { "sender", SETTING_TEXT, IN_ROUTE(sender), 0, 0, "", true, "with this sender, as asked for" },
    { "campaign", SETTING_TEXT, IN_ROUTE(campaign), 0, 0, "", true, "of this campaign; \"*\": of any" },
    { "tag", SETTING_TEXT, IN_ROUTE(tag), 0, 0, "", true, "with this tag" },
    { "strategy", SETTING_CHOICE, IN_ROUTE(strategy), 0, 0, "order", true, "order|weighted|least_cost" },
};

#define IN_CANDIDATE(field) offsetof(struct route_carrier, field), sizeof(((struct route_carrier *)0)->field)
static const struct setting candidate_settings[] = {
    { "name", SETTING_NAME, IN_CANDIDATE(name), 1, 0, NULL, true, "of a carrier" },
    { "weight", SETTING_UINT, IN_CANDIDATE(weight), 0, 1000000, "1", true,
      "its share, by the strategy weighted; 0 = only when no other is up" },
    { "cost", SETTING_COST, IN_CANDIDATE(cost), 0, INT64_C(1000000000000), "0", true,
      "of a part, by the strategy least_cost; in your currency" },
};

#define IN_TLV(field) offsetof(struct tlv_options, field), sizeof(((struct tlv_options *)0)->field)
static const struct setting tlv_settings[] = {
    { "name", SETTING_NAME, IN_TLV(name), 1, 0, NULL, true, "by which messages and campaigns give it" },
    { "tag", SETTING_U16, IN_TLV(tag), 1, 65535, NULL, true, "0x1400 to 0x3FFF are the vendors'" },
    { "type", SETTING_CHOICE, IN_TLV(type), 0, 0, "cstring", true,
      "cstring|string|octets|int8|int16|int32|flag" },
    { "max", SETTING_UINT, IN_TLV(max), 0, 255, "0", true,
      "most octets, the NUL of a cstring included; 0 = 255" },
    { "value", SETTING_TEXT, IN_TLV(value), 0, 0, "", true, "for messages that give none" },
};
static const struct setting carrier_tlv_settings[] = {
    { "name", SETTING_NAME, IN_TLV(name), 1, 0, NULL, true, "as declared, or the standard's" },
    { "tag", SETTING_U16, IN_TLV(tag), 0, 65535, "0", true, "this carrier's own; 0 = as declared" },
    { "value", SETTING_TEXT, IN_TLV(value), 0, 0, "", true, "for messages that give none" },
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* --- reading --- */

/* A list of groups, or nothing. */
static bool config_check_list(config_setting_t *list, const char *name, const char *path, struct err *e)
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

static bool config_read_status(struct carrier_options *o, config_setting_t *s, const char *path,
                               struct err *e)
{
    struct setting_table t = { status_settings, COUNT(status_settings), path };
    struct status_words w = { .status = "" };
    if (o->n_statuses == ENGINE_MAX_STATUSES) {
        return setting_error(e, path, s, "more than %d statuses", ENGINE_MAX_STATUSES);
    }
    struct status_rule *r = &o->statuses[o->n_statuses];
    if (!setting_read_group(&t, s, &w, "", e)) {
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

/* A list of them, by either table. `tlvs`: what is declared, to check a carrier's against; NULL: these are.
 */
static bool config_read_tlvs(config_setting_t *list, const struct setting *rows, size_t n_rows,
                             struct tlv_options *out, size_t most, size_t *n, const char *path, struct err *e)
{
    struct setting_table t = { rows, n_rows, path };
    if (!config_check_list(list, "tlvs", path, e)) {
        return false;
    }
    for (int i = 0; list != NULL && i < config_setting_length(list); i++) {
        config_setting_t *s = config_setting_get_elem(list, (unsigned)i);
        if (*n == most) {
            return setting_error(e, path, s, "more than %zu TLVs", most);
        }
        if (!setting_read_group(&t, s, &out[*n], "", e)) {
            return false;
        }
        ++*n;
    }
    return true;
}

static bool config_read_carrier_tlvs(struct carrier_options *o, config_setting_t *s, const char *path,
                                     struct err *e)
{
    return config_read_tlvs(config_setting_get_member(s, "tlvs"), carrier_tlv_settings,
                            COUNT(carrier_tlv_settings), o->tlvs, ENGINE_CARRIER_TLVS, &o->n_tlvs, path, e);
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

static int64_t config_burst(int64_t rate, int64_t burst)
{
    return burst > 0 ? burst : rate > 10 ? rate / 10 : 1;
}

static bool config_read_carrier(struct config *c, config_setting_t *s, const char *path, struct err *e)
{
    struct setting_table t = { carrier_settings, COUNT(carrier_settings), path };
    if (c->n_carriers == ENGINE_MAX_CARRIERS) {
        return setting_error(e, path, s, "more than %d carriers", ENGINE_MAX_CARRIERS);
    }
    struct carrier_options *o = &c->carriers[c->n_carriers];
    if (!setting_read_secret_file(s, path, "password_file", o->password, sizeof o->password, e) ||
        !setting_read_secret_file(s, path, "outbind_password_file", o->outbind_password,
                                  sizeof o->outbind_password, e) ||
        !setting_read_group(&t, s, o, "password_file|outbind_password_file|statuses|hosts|tlvs|udh16", e) ||
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
    struct setting_table t = { candidate_settings, COUNT(candidate_settings), path };
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
        if (!setting_read_group(&t, one, k, "", e)) {
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

static bool config_read_routes(struct config *c, config_setting_t *list, const char *path, struct err *e)
{
    struct setting_table t = { route_settings, COUNT(route_settings), path };
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
        if (!setting_read_group(&t, s, o, "carriers", e) || !config_read_candidates(c, o, s, path, e) ||
            !config_check_route(c, o, s, path, e)) {
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

static bool config_read_rates(struct config *c, config_setting_t *list, const char *path, struct err *e)
{
    struct setting_table t = { rate_settings, COUNT(rate_settings), path };
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
        if (!setting_read_group(&t, s, o, "", e) || !config_check_rate(c, o, s, path, e)) {
            return false;
        }
        o->burst = config_burst(o->rate, o->burst);
        c->n_rates++;
    }
    return true;
}

static bool config_read_all(struct config *c, config_t *cfg, const char *path, struct err *e)
{
    struct setting_table t = { settings, COUNT(settings), path };
    config_setting_t *root = config_root_setting(cfg), *list = config_lookup(cfg, "carriers");
    if (!setting_read_group(&t, root, c, "carriers|routes|rates|tlvs", e) ||
        !config_read_tlvs(config_lookup(cfg, "tlvs"), tlv_settings, COUNT(tlv_settings), c->tlvs,
                          ENGINE_MAX_TLVS, &c->n_tlvs, path, e)) {
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

void config_engine_options(const struct config *c, struct engine_options *out)
{
    *out = (struct engine_options){
        .state_dir = c->state_dir,
        .facts_dir = c->facts_dir,
        .zoneinfo = c->zoneinfo,
        .zone = c->zone,
        .query_limits = c->query_limits,
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
    for (size_t i = 0; i < COUNT(settings); i++) {
        const struct setting *s = &settings[i];
        if (!s->reload && memcmp((const char *)a + s->offset, (const char *)b + s->offset, s->size) != 0) {
            return s->name;
        }
    }
    return NULL;
}

void config_print_settings(int fd)
{
    struct buf b = { 0 };
    buf_printf(&b, "# setting = default    (r: taken over at a reload)\n");
    setting_describe(settings, COUNT(settings), &b);
    buf_printf(&b, "\n# of each carrier\n");
    setting_describe(carrier_settings, COUNT(carrier_settings), &b);
    buf_printf(&b, "\n# of each of a carrier's statuses\n");
    setting_describe(status_settings, COUNT(status_settings), &b);
    buf_printf(&b, "\n# of each of a carrier's tlvs\n");
    setting_describe(carrier_tlv_settings, COUNT(carrier_tlv_settings), &b);
    buf_printf(&b, "\n# of each of tlvs\n");
    setting_describe(tlv_settings, COUNT(tlv_settings), &b);
    buf_printf(&b, "\n# of each of rates\n");
    setting_describe(rate_settings, COUNT(rate_settings), &b);
    buf_printf(&b, "\n# of each route\n");
    setting_describe(route_settings, COUNT(route_settings), &b);
    buf_printf(&b, "\n# of each of a route's carriers\n");
    setting_describe(candidate_settings, COUNT(candidate_settings), &b);
    if (!b.failed && write(fd, b.data, b.len) < 0) {
        return; /* nobody reads */
    }
    buf_free(&b);
}
