/* What the files of the configuration share: the tables of settings, and the reading of groups by them.
 * Included by configuration*.c only. Errors name file and line. */
#ifndef TESSERA_DAEMON_CONFIGURATION_INSIDE_H
#define TESSERA_DAEMON_CONFIGURATION_INSIDE_H

#include "daemon/configuration.h"
#include "daemon/setting.h"

enum config_table_id {
    CONFIG_DAEMON,
    CONFIG_CARRIER,
    CONFIG_STATUS,
    CONFIG_CARRIER_TLV,
    CONFIG_TLV,
    CONFIG_RATE,
    CONFIG_ROUTE,
    CONFIG_CANDIDATE,
    CONFIG_TABLES
};
struct config_table {
    const struct setting *rows;
    size_t n;
    const char *of; /* heading when they are printed */
};
extern const struct config_table config_tables[CONFIG_TABLES];

struct status_words {
    char status[40], class_[16], text[120];
};

/* A group by its table; `others`: members that are read elsewhere, "a|b". */
bool config_read_group(enum config_table_id table, config_setting_t *s, void *out, const char *others,
                       const char *path, struct err *e);
/* A list of groups, or nothing (NULL). */
bool config_check_list(config_setting_t *list, const char *name, const char *path, struct err *e);
bool config_read_tlvs(config_setting_t *list, enum config_table_id table, struct tlv_options *out,
                      size_t most, size_t *n, const char *path, struct err *e);
int64_t config_burst(int64_t rate, int64_t burst); /* what 0 stands for */

/* --- configuration_carrier.c --- */
bool config_read_carrier(struct config *c, config_setting_t *s, const char *path, struct err *e);

/* --- configuration_routes.c: after the carriers, whose names they say --- */
bool config_read_routes(struct config *c, config_setting_t *list, const char *path, struct err *e);
bool config_read_rates(struct config *c, config_setting_t *list, const char *path, struct err *e);

#endif
