/* Reads a group of the configuration by a table of settings: type, bounds, default. What the table does not
 * know is an error that names the nearest setting. */
#ifndef TESSERA_DAEMON_SETTING_H
#define TESSERA_DAEMON_SETTING_H

#include "base/buf.h"
#include "base/err.h"

#include <libconfig.h>
#include <stddef.h>
#include <stdint.h>

enum setting_type {
    SETTING_TEXT,     /* char[]; min, max: length in octets (max 0: the place's) */
    SETTING_NAME,     /* the same, letters, digits, '-', '_', '.' */
    SETTING_SECRET,   /* the same, never shown */
    SETTING_INT,      /* int64_t */
    SETTING_UINT,     /* unsigned */
    SETTING_U16,      /* uint16_t */
    SETTING_BOOL,     /* bool */
    SETTING_SIZE,     /* int64_t octets; "16M", "4G" */
    SETTING_DURATION, /* usec_t; "200ms", "30s", "5m", "1h", "7d"; a plain number is seconds */
    SETTING_MODE,     /* int64_t; "0660" */
    SETTING_CHOICE,   /* char[]; one of the words in `about` */
    SETTING_VERSION,  /* uint8_t 0x33, 0x34, 0x50 */
    SETTING_COST,     /* int64_t millionths; 0.05, 1, "0.0035" */
};

struct setting {
    const char *name; /* "group.name" */
    enum setting_type type;
    size_t offset, size; /* of its place in the struct */
    int64_t min, max;
    const char *value; /* default as text; NULL: must be given */
    bool reload;       /* may change while running */
    const char *about;
};

struct setting_table {
    const struct setting *rows;
    size_t n;
    const char *path; /* of the file */
};

/* Fills `out` with defaults, then with what `group` says. `besides`: names the caller reads
 * itself, "a|b". */
bool setting_read_group(const struct setting_table *t, config_setting_t *group, void *out,
                        const char *besides, struct err *e);
/* When `group` has `name`: the first line of the file it names. */
bool setting_read_secret_file(config_setting_t *group, const char *path, const char *name, char *out,
                              size_t size, struct err *e);
/* "FILE:LINE: ..."; returns false. */
bool setting_error(struct err *e, const char *path, const config_setting_t *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void setting_describe(const struct setting *rows, size_t n, struct buf *out);

/* A value from text, without bounds; for defaults and strings alike. */
bool setting_parse_duration(struct strv s, int64_t *usec);
bool setting_parse_size(struct strv s, int64_t *octets);

#endif
