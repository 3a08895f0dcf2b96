/* The configuration: libconfig's syntax, checked against one table of settings before anything is used. Every
 * error names file and line. conf/tesserad.conf is the manual by example, tesserad.conf(5) the reference. */
#ifndef TESSERA_DAEMON_CONFIGURATION_H
#define TESSERA_DAEMON_CONFIGURATION_H

#include "engine/options.h"

struct config {
    char state_dir[512], facts_dir[512], zoneinfo[512], zone[64];
    struct query_limits query_limits;
    unsigned query_threads;
    char api_socket[104];
    int64_t api_mode, api_max_body;
    char outbind_listen[128], outbind_cert[256], outbind_key[256], outbind_ca[256];
    usec_t outbind_timeout, tls_expiry_warning;
    int64_t outbind_most;
    char log_level[16];
    bool log_numbers;
    int64_t spool_map, spool_reserve, spool_queue, audience_map;
    int64_t max_parts, max_attempts, bind_attempts;
    usec_t retry_min, retry_max, quiet_margin, drain_timeout;
    usec_t keep_messages, keep_inbound, keep_unknown;
    bool quiet_low_confidence;
    char uncertain[CLASS_COUNT][16];
    struct carrier_options carriers[ENGINE_MAX_CARRIERS];
    size_t n_carriers;
    struct route_options *routes; /* on the heap */
    size_t n_routes;
    struct tlv_options tlvs[ENGINE_MAX_TLVS];
    size_t n_tlvs;
    struct rate_options *rates; /* on the heap */
    size_t n_rates;
    usec_t segments_sweep;
    usec_t reroute_after;
};

/* NULL with *e: "FILE:LINE: ...". Free with config_free. */
struct config *config_load(const char *path, struct err *e);
void config_free(struct config *c);
/* The engine's options; they point into the configuration. Clock and log are the caller's. */
void config_engine_options(const struct config *c, struct engine_options *out);
/* Names a setting that cannot change while running and differs; NULL: none. */
const char *config_fixed_difference(const struct config *a, const struct config *b);
/* Every setting with its default, one a line: for --settings and the manual. */
void config_print_settings(int fd);

#endif
