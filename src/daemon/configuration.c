#include "daemon/configuration.h"

#include "base/buf.h"
#include "daemon/setting.h"

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
      "numbering.tsv, quiet_hours.tsv, holidays.tsv, optout_keywords.tsv" },
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
    { "drain_timeout", SETTING_DURATION, AT(drain_timeout), 0, USEC_HOUR, "10s", true,
      "how long SIGTERM waits for the carriers' responses" },
};

static const struct setting carrier_settings[] = {
    { "name", SETTING_NAME, OF(name), 1, 0, NULL, true,
      "what it is called; its receipts and queue go by this name" },
    { "host", SETTING_TEXT, OF(host), 1, 0, NULL, true, "name or address of the carrier" },
    { "port", SETTING_U16, OF(port), 1, 65535, "2775", true, "TCP port" },
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
    { "window", SETTING_UINT, OF(window), 1, 65536, "100", true,
      "most submissions without response, a bind" },
    { "rate", SETTING_INT, OF(rate), 0, 10000000, "0", true, "parts a second over all binds; 0 = no limit" },
    { "burst", SETTING_INT, OF(burst), 0, 10000000, "0", true,
      "parts at once after a pause; 0 = a tenth of the rate" },
    { "response_timeout", SETTING_DURATION, OF(response_timeout), USEC_MS, USEC_HOUR, "60s", true,
      "after which a submission without response is uncertain" },
    { "enquire_link", SETTING_DURATION, OF(enquire_link), USEC_MS, USEC_HOUR, "30s", true,
      "silence before enquire_link" },
    { "bind_timeout", SETTING_DURATION, OF(bind_timeout), USEC_MS, USEC_HOUR, "10s", true,
      "for the answer to a bind" },
    { "connect_timeout", SETTING_DURATION, OF(connect_timeout), USEC_MS, USEC_HOUR, "10s", true,
      "for name, connection and TLS together" },
    { "reconnect_min", SETTING_DURATION, OF(reconnect_min), USEC_MS, USEC_HOUR, "1s", true,
      "first pause before binding again" },
    { "reconnect_max", SETTING_DURATION, OF(reconnect_max), USEC_MS, USEC_DAY, "2m", true, "longest pause" },
    { "tls", SETTING_BOOL, OF(tls), 0, 0, "false", true, "TLS 1.2 or 1.3" },
    { "tls_verify", SETTING_BOOL, OF(tls_verify), 0, 0, "true", true,
      "false: any certificate (for trials only)" },
    { "tls_ca", SETTING_TEXT, OF(tls_ca), 0, 0, "", true, "PEM file of the authority; empty: the system's" },
    { "tls_cert", SETTING_TEXT, OF(tls_cert), 0, 0, "", true, "our own certificate (PEM)" },
    { "tls_key", SETTING_TEXT, OF(tls_key), 0, 0, "", true, "its key (PEM)" },
    { "tls_name", SETTING_TEXT, OF(tls_name), 0, 0, "", true,
      "name expected in the certificate; empty: host" },
    { "udh16", SETTING_BOOL, OF(udh16), 0, 0, "false", true,
      "16-bit references in the parts of long messages" },
    { "validity", SETTING_CHOICE, OF(validity), 0, 0, "relative", true, "relative|absolute|none" },
    { "service_type", SETTING_TEXT, OF(service_type), 0, 5, "", true, "when the carrier asks for one" },
    { "prefixes", SETTING_TEXT, OF(prefixes), 0, 0, "", true,
      "numbers that go this way, \"49,43\"; empty: all that no other carrier names" },
    { "sender", SETTING_TEXT, OF(sender), 0, MESSAGE_MAX_SENDER, "", true,
      "sender of messages that name none" },
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* --- reading --- */

static bool config_read_carrier(struct config *c, config_setting_t *s, const char *path, struct err *e)
{
    struct setting_table t = { carrier_settings, COUNT(carrier_settings), path };
    if (c->n_carriers == ENGINE_MAX_CARRIERS) {
        return setting_error(e, path, s, "more than %d carriers", ENGINE_MAX_CARRIERS);
    }
    struct carrier_options *o = &c->carriers[c->n_carriers];
    if (!setting_read_secret_file(s, path, "password_file", o->password, sizeof o->password, e) ||
        !setting_read_group(&t, s, o, "password_file", e)) {
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
    if (o->reconnect_max < o->reconnect_min) {
        return setting_error(e, path, s, "carrier \"%s\": reconnect_max is below reconnect_min", o->name);
    }
    if (o->burst == 0) {
        o->burst = o->rate > 10 ? o->rate / 10 : 1;
    }
    c->n_carriers++;
    return true;
}

static bool config_read_all(struct config *c, config_t *cfg, const char *path, struct err *e)
{
    struct setting_table t = { settings, COUNT(settings), path };
    config_setting_t *root = config_root_setting(cfg), *list = config_lookup(cfg, "carriers");
    if (!setting_read_group(&t, root, c, "carriers", e)) {
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
        .spool_map = (size_t)c->spool_map,
        .audience_map = (size_t)c->audience_map,
        .spool_reserve = (size_t)c->spool_reserve,
        .spool_queue = (size_t)c->spool_queue,
        .carriers = c->carriers,
        .n_carriers = c->n_carriers,
        .max_parts = (unsigned)c->max_parts,
        .max_attempts = (unsigned)c->max_attempts,
        .retry_min = c->retry_min,
        .retry_max = c->retry_max,
        .quiet_low_confidence = c->quiet_low_confidence,
        .quiet_margin = c->quiet_margin,
        .drain_timeout = c->drain_timeout,
        .keep_messages = c->keep_messages,
        .keep_inbound = c->keep_inbound,
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
    if (!b.failed && write(fd, b.data, b.len) < 0) {
        return; /* nobody reads */
    }
    buf_free(&b);
}
