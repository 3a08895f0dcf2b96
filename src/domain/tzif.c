#include "domain/tzif.h"

#include "base/buf.h"
#include "domain/posix_tz.h"

#include <stdbool.h>
#include <stdlib.h>

#define HEADER_SIZE 44
#define MAX_TIMES   20000 /* Morocco's explicit table to 2087 has about 200 */
#define MAX_TYPES   256
/* RFC 9636 §3.2: utoff SHOULD lie between -25 and +26 hours, exclusive. */
#define MIN_OFFSET (-25 * 3600)
#define MAX_OFFSET (26 * 3600)

struct tzif {
    int64_t *at;     /* transitions that change the offset, ascending */
    int32_t *offset; /* after each of them */
    size_t count;
    int32_t first; /* before the first transition */
    bool has_rule;
    int64_t rule_from; /* the rule decides from here on; INT64_MIN: always */
    struct posix_tz rule;
};

struct counts { /* RFC 9636 §3.1, in the order of the file */
    uint32_t isut, isstd, leap, time, type, chars;
};

static bool corrupt(struct err *e, const char *what)
{
    return err_set(e, ERR_CORRUPT, "not a valid TZif file: %s", what);
}

static bool read_header(struct rd *r, uint8_t *version, struct counts *c, struct err *e)
{
    struct strv magic = rd_bytes(r, 4);
    *version = rd_u8(r);
    rd_bytes(r, 15);
    c->isut = rd_u32(r);
    c->isstd = rd_u32(r);
    c->leap = rd_u32(r);
    c->time = rd_u32(r);
    c->type = rd_u32(r);
    c->chars = rd_u32(r);
    if (r->failed || !strv_eq_c(magic, "TZif")) {
        return corrupt(e, "no header");
    }
    if (*version != 0 && (*version < '2' || *version > '4')) {
        return err_set(e, ERR_VERSION, "TZif version 0x%02x is not known", *version);
    }
    return true;
}

static bool check_counts(const struct counts *c, struct err *e)
{
    if (c->type == 0 || c->type > MAX_TYPES || c->chars == 0) {
        return corrupt(e, "no local time types, or too many");
    }
    if ((c->isut != 0 && c->isut != c->type) || (c->isstd != 0 && c->isstd != c->type)) {
        return corrupt(e, "indicator counts do not match");
    }
    if (c->time > MAX_TIMES) {
        return corrupt(e, "too many transitions");
    }
    if (c->leap != 0) {
        return err_set(e, ERR_CORRUPT, "the file counts leap seconds (\"right/\"), which is not supported");
    }
    return true;
}

/* Octets of a data block. No overflow: six products of 32-bit counts with small factors. */
static uint64_t block_size(const struct counts *c, unsigned time_size)
{
    return (uint64_t)c->time * (time_size + 1) + (uint64_t)c->type * 6 + c->chars +
           (uint64_t)c->leap * (time_size + 4) + c->isstd + c->isut;
}

static bool read_types(struct strv types, uint32_t count, uint32_t chars, int32_t *offsets, struct err *e)
{
    struct rd r = rd_from(types.p, types.n);
    for (uint32_t i = 0; i < count; i++) {
        offsets[i] = (int32_t)rd_u32(&r);
        uint8_t is_dst = rd_u8(&r), name = rd_u8(&r);
        if (offsets[i] <= MIN_OFFSET || offsets[i] >= MAX_OFFSET) {
            return corrupt(e, "offset out of range");
        }
        if (is_dst > 1 || name >= chars) {
            return corrupt(e, "local time type out of range");
        }
    }
    return true;
}

static bool read_block(struct tzif *z, struct rd *r, const struct counts *c, unsigned time_size,
                       struct err *e)
{
    if (!check_counts(c, e)) {
        return false;
    }
    if (block_size(c, time_size) > rd_left(r)) {
        return corrupt(e, "cut short");
    }
    struct strv times = rd_bytes(r, (size_t)c->time * time_size);
    struct strv indices = rd_bytes(r, c->time);
    struct strv types = rd_bytes(r, (size_t)c->type * 6);
    rd_bytes(r, (size_t)c->chars + c->isstd + c->isut);

    int32_t offsets[MAX_TYPES];
    if (!read_types(types, c->type, c->chars, offsets, e)) {
        return false;
    }
    z->at = calloc((size_t)c->time + 1, sizeof *z->at);
    z->offset = calloc((size_t)c->time + 1, sizeof *z->offset);
    if (!z->at || !z->offset) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    z->first = offsets[0]; /* RFC 9636 §3.2: type 0 holds before the first transition */
    z->rule_from = INT64_MIN;
    struct rd t = rd_from(times.p, times.n);
    for (uint32_t i = 0; i < c->time; i++) {
        int64_t at = time_size == 8 ? (int64_t)rd_u64(&t) : (int32_t)rd_u32(&t);
        uint8_t type = (uint8_t)indices.p[i];
        if (type >= c->type || (i > 0 && at <= z->rule_from)) {
            return corrupt(e, "transitions out of order or of unknown type");
        }
        z->rule_from = at; /* after the loop: the last transition, even if it changes no offset */
        if (offsets[type] != (z->count ? z->offset[z->count - 1] : z->first)) {
            z->at[z->count] = at;
            z->offset[z->count++] = offsets[type];
        }
    }
    return true;
}

/* RFC 9636 §3.3: newline, TZ string, newline. Empty: nothing is known after the last transition, and the last
 * offset is as good a guess as any. */
static bool read_footer(struct tzif *z, struct rd *r, struct err *e)
{
    struct strv rest = rd_bytes(r, rd_left(r)), tz;
    if (rest.n < 2 || rest.p[0] != '\n') {
        return corrupt(e, "no footer");
    }
    rest = strv_sub(rest, 1, rest.n);
    size_t n = rest.n;
    if (!strv_next(&rest, '\n', &tz) || tz.n == n) {
        return corrupt(e, "footer not closed");
    }
    if (tz.n == 0) {
        return true;
    }
    z->has_rule = true;
    return posix_tz_parse(tz, &z->rule, e);
}

static bool read_file(struct tzif *z, struct strv data, struct err *e)
{
    struct rd r = rd_from(data.p, data.n);
    struct counts c;
    uint8_t version;
    if (!read_header(&r, &version, &c, e)) {
        return false;
    }
    if (version == 0) {
        return read_block(z, &r, &c, 4, e);
    }
    uint64_t skip = block_size(&c, 4); /* the 32-bit block is for readers of version 1 only */
    if (skip > rd_left(&r)) {
        return corrupt(e, "cut short");
    }
    rd_bytes(&r, (size_t)skip);
    return read_header(&r, &version, &c, e) && read_block(z, &r, &c, 8, e) && read_footer(z, &r, e);
}

struct tzif *tzif_parse(struct strv data, struct err *e)
{
    struct tzif *z = calloc(1, sizeof *z);
    if (!z) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    if (!read_file(z, data, e)) {
        tzif_free(z);
        return NULL;
    }
    return z;
}

struct tzif *tzif_from_posix(struct strv tz, struct err *e)
{
    struct tzif *z = calloc(1, sizeof *z);
    if (!z) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    if (!posix_tz_parse(tz, &z->rule, e)) {
        free(z);
        return NULL;
    }
    z->has_rule = true;
    z->rule_from = INT64_MIN;
    return z;
}

void tzif_free(struct tzif *z)
{
    if (z) {
        free(z->at);
        free(z->offset);
        free(z);
    }
}

struct tzif_span tzif_span_at(const struct tzif *z, int64_t at)
{
    struct tzif_span s = { .from = INT64_MIN, .to = TZIF_NEVER, .offset = z->first };
    if (z->has_rule && at >= z->rule_from) {
        s = posix_tz_span(&z->rule, at);
        s.from = s.from > z->rule_from ? s.from : z->rule_from;
        return s;
    }
    size_t low = 0, high = z->count; /* transitions at or before `at` */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (z->at[mid] <= at) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low > 0) {
        s.from = z->at[low - 1];
        s.offset = z->offset[low - 1];
    }
    if (low < z->count) {
        s.to = z->at[low];
    } else if (z->has_rule) {
        s.to = z->rule_from;
    }
    return s;
}

int32_t tzif_offset(const struct tzif *z, int64_t at)
{
    return tzif_span_at(z, at).offset;
}

int64_t tzif_next_change(const struct tzif *z, int64_t at)
{
    struct tzif_span s = tzif_span_at(z, at);
    /* At most: the table's end and one step of the rule that changes nothing. */
    for (unsigned i = 0; i < 16 && s.to != TZIF_NEVER; i++) {
        struct tzif_span next = tzif_span_at(z, s.to);
        if (next.offset != s.offset) {
            return s.to;
        }
        s = next;
    }
    return TZIF_NEVER;
}
