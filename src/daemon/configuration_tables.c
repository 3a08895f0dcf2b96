/* Every setting there is, as rows: what reads, prints and compares them knows none by name. */
#include "daemon/configuration.h"
#include "daemon/configuration_inside.h"
#include "domain/route.h"
#include "engine/attempts.h"

#include <stddef.h>

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
    { "query.threads", SETTING_UINT, AT(query_threads), 1, 2, "2", false,
      "processors one query over millions of customers may use" },
    { "segments.sweep", SETTING_DURATION, AT(segments_sweep), 0, 30 * USEC_DAY, "1m", true,
      "so often segments are looked at for who entered and left; 0 = never" },
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
    { "ucs2", SETTING_BOOL, OF(ucs2), 0, 0, "true", true,
      "it takes UCS-2 (data_coding 8); without it, texts that need it are refused" },
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

const struct config_table config_tables[CONFIG_TABLES] = {
    [CONFIG_DAEMON] = { settings, COUNT(settings), "# setting = default    (r: taken over at a reload)" },
    [CONFIG_CARRIER] = { carrier_settings, COUNT(carrier_settings), "# of each carrier" },
    [CONFIG_STATUS] = { status_settings, COUNT(status_settings), "# of each of a carrier's statuses" },
    [CONFIG_CARRIER_TLV] = { carrier_tlv_settings, COUNT(carrier_tlv_settings),
                             "# of each of a carrier's tlvs" },
    [CONFIG_TLV] = { tlv_settings, COUNT(tlv_settings), "# of each of tlvs" },
    [CONFIG_RATE] = { rate_settings, COUNT(rate_settings), "# of each of rates" },
    [CONFIG_ROUTE] = { route_settings, COUNT(route_settings), "# of each route" },
    [CONFIG_CANDIDATE] = { candidate_settings, COUNT(candidate_settings), "# of each of a route's carriers" },
};
