/* The tables behind quiet hours, read and checked: rows of rules by region and class, and lists of holidays.
 * Used by quiet.c alone. Immutable after loading. */
#ifndef TESSERA_DOMAIN_QUIET_TABLE_H
#define TESSERA_DOMAIN_QUIET_TABLE_H

#include "base/err.h"
#include "base/strv.h"
#include "domain/table.h"
#include "domain/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUIET_MAX_WINDOWS 6

struct quiet_cell {
    uint8_t count; /* 0 = closed */
    struct {
        uint16_t from,
            to; /* minutes of the local day, [from, to), ascending, neither touching nor overlapping */
    } windows[QUIET_MAX_WINDOWS];
    struct strv text; /* as written */
};

struct quiet_row {
    char region[8];
    struct quiet_cell days[7]; /* 0 = Monday */
    struct quiet_cell holiday;
    bool own_holiday;             /* false: "=", a holiday is as its weekday */
    bool unlimited;               /* every cell is the whole day */
    char zone[ZONE_MAX_NAME + 1]; /* "" = the recipient's */
    uint32_t max_messages, max_hours;
    struct strv class_name, basis, confidence, source;
};

/* The holidays of one region, days since the epoch, ascending. */
struct quiet_holidays {
    char region[8];
    int32_t *days;
    size_t count;
};

struct quiet_table {
    struct table text; /* the rows' views point into it */
    struct quiet_row *rows;
    size_t row_count, row_cap;
    struct quiet_holidays *lists; /* sorted by region, as the file is */
    size_t list_count;
    int32_t covered_from, covered_to; /* whole years that the lists cover: [from, to) */
};

bool quiet_table_load(struct quiet_table *t, const char *rules_path, const char *holidays_path, bool skip_low,
                      bool skip_unverified, struct err *e);
void quiet_table_free(struct quiet_table *t);

/* The row for exactly this region and class name ("promotional", "transactional", "all"); NULL when none. */
const struct quiet_row *quiet_table_row(const struct quiet_table *t, struct strv region,
                                        const char *class_name);
/* NULL when the region has no list. */
const struct quiet_holidays *quiet_table_holidays(const struct quiet_table *t, struct strv region);
bool quiet_holidays_has(const struct quiet_holidays *h, int32_t day); /* h may be NULL */

#endif
