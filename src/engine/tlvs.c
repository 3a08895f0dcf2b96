#include "engine/tlvs.h"

#include "base/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- types --- */

enum tlv_type { TLV_CSTRING, TLV_STRING, TLV_OCTETS, TLV_INT8, TLV_INT16, TLV_INT32, TLV_FLAG };
static const char *const type_words[] = { "cstring", "string", "octets", "int8", "int16", "int32", "flag" };

struct tlv_row {
    char name[40];
    uint16_t tag;
    enum tlv_type type;
    uint16_t min, max; /* octets of the value */
};

struct tlvs {
    struct tlv_row rows[ENGINE_MAX_TLVS];
    size_t n;
    struct buf defaults; /* for every carrier */
};

/* Not for whoever submits: the text, its parts and the answers are written and read by the engine itself. */
static bool tlv_is_ours(uint16_t tag)
{
    switch (tag) {
    case SMPP_TLV_sar_msg_ref_num:
    case SMPP_TLV_sar_total_segments:
    case SMPP_TLV_sar_segment_seqnum:
    case SMPP_TLV_message_payload:
    case SMPP_TLV_additional_status_info_text:
    case SMPP_TLV_receipted_message_id:
    case SMPP_TLV_message_state:
    case SMPP_TLV_network_error_code:
    case SMPP_TLV_delivery_failure_reason:
    case SMPP_TLV_dpf_result:
    case SMPP_TLV_ms_availability_status:
    case SMPP_TLV_sc_interface_version:
    case SMPP_TLV_congestion_state: return true;
    default: return tag >= SMPP_TLV_broadcast_channel_indicator && tag <= SMPP_TLV_broadcast_service_group;
    }
}

static void row_of_standard(const struct smpp_tlv_info *i, struct tlv_row *row)
{
    static const enum tlv_type integers[] = { TLV_INT8, TLV_INT8, TLV_INT16, TLV_INT32, TLV_INT32 };
    *row = (struct tlv_row){ .tag = i->tag, .min = i->min, .max = i->max };
    strv_copy(strv_from(i->name), row->name, sizeof row->name);
    switch ((enum smpp_tlv_type)i->type) {
    case SMPP_TLV_TYPE_UINT: row->type = integers[i->max <= 4 ? i->max : 4]; break;
    case SMPP_TLV_TYPE_CSTR: row->type = TLV_CSTRING; break;
    case SMPP_TLV_TYPE_OCTETS: row->type = TLV_OCTETS; break;
    case SMPP_TLV_TYPE_FLAG: row->type = TLV_FLAG; break;
    }
}

static const struct tlv_row *row_declared(const struct tlvs *t, struct strv name)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strv_eq_c(name, t->rows[i].name)) {
            return &t->rows[i];
        }
    }
    return NULL;
}

static bool row_by_name(const struct tlvs *t, struct strv name, struct tlv_row *out)
{
    const struct tlv_row *row = row_declared(t, name);
    const struct smpp_tlv_info *i = row == NULL ? smpp_tlv_by_name(name) : NULL;
    if (row != NULL) {
        *out = *row;
    } else if (i != NULL && !tlv_is_ours(i->tag)) {
        row_of_standard(i, out);
    }
    return row != NULL || (i != NULL && !tlv_is_ours(i->tag));
}

static bool row_by_tag(const struct tlvs *t, uint16_t tag, struct tlv_row *out)
{
    for (size_t i = 0; t != NULL && i < t->n; i++) {
        if (t->rows[i].tag == tag) {
            *out = t->rows[i];
            return true;
        }
    }
    const struct smpp_tlv_info *i = smpp_tlv_info(tag);
    if (i != NULL) {
        row_of_standard(i, out);
    }
    return i != NULL;
}

/* --- declared --- */

static bool tlvs_declare(struct tlvs *t, const struct tlv_options *o, struct err *e)
{
    struct tlv_row *row = &t->rows[t->n];
    if (t->n == ENGINE_MAX_TLVS) {
        return err_set(e, ERR_LIMIT, "more than %d TLVs", ENGINE_MAX_TLVS);
    }
    strv_copy(strv_from(o->name), row->name, sizeof row->name);
    row->tag = o->tag;
    size_t type = 0;
    while (type < sizeof type_words / sizeof type_words[0] && strcmp(o->type, type_words[type]) != 0) {
        type++;
    }
    row->type = (enum tlv_type)type;
    row->min = 0;
    row->max = (uint16_t)(o->max != 0 ? o->max : 255);
    if (type > TLV_FLAG) {
        return err_set(e, ERR_INVALID, "TLV \"%s\": \"%s\" is no type", o->name, o->type);
    }
    const struct smpp_tlv_info *standard = smpp_tlv_by_name(strv_from(o->name));
    if (standard != NULL) {
        return err_set(e, ERR_INVALID, "\"%s\" is a TLV of the standard and needs no declaration", o->name);
    }
    standard = smpp_tlv_info(o->tag);
    if (o->tag == 0 || standard != NULL) {
        return err_set(e, ERR_INVALID, "TLV \"%s\": tag 0x%04X is %s%s", o->name, o->tag,
                       standard != NULL ? "the standard's " : "none",
                       standard != NULL ? standard->name : "; vendors have 0x1400 to 0x3FFF");
    }
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].tag == o->tag || strcmp(t->rows[i].name, o->name) == 0) {
            return err_set(e, ERR_EXISTS, "TLV \"%s\" (0x%04X): \"%s\" has that name or tag already", o->name,
                           o->tag, t->rows[i].name);
        }
    }
    t->n++;
    return o->value[0] == 0 || tlvs_put(t, strv_from(o->name), strv_from(o->value), &t->defaults, e);
}

struct tlvs *tlvs_new(const struct tlv_options *o, size_t n, struct err *e)
{
    struct tlvs *t = calloc(1, sizeof *t);
    if (t == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (!tlvs_declare(t, &o[i], e)) {
            tlvs_free(t);
            return NULL;
        }
    }
    return t;
}

void tlvs_free(struct tlvs *t)
{
    if (t != NULL) {
        buf_free(&t->defaults);
        free(t);
    }
}

/* --- from texts --- */

static bool tlvs_no_name(const struct tlvs *t, struct strv name, struct err *e)
{
    struct nearest near;
    nearest_begin(&near, name);
    for (size_t i = 0; i < t->n; i++) {
        nearest_offer(&near, strv_from(t->rows[i].name));
    }
    for (size_t i = 0; smpp_tlv_at(i) != NULL; i++) {
        if (!tlv_is_ours(smpp_tlv_at(i)->tag)) {
            nearest_offer(&near, strv_from(smpp_tlv_at(i)->name));
        }
    }
    if (smpp_tlv_by_name(name) != NULL) {
        return err_set(e, ERR_INVALID, "TLV \"" STRV_FMT "\" is written by Tessera itself", STRV_ARG(name));
    }
    return nearest_found(&near).n > 0
               ? err_set(e, ERR_INVALID, "there is no TLV \"" STRV_FMT "\"; did you mean \"%s\"?",
                         STRV_ARG(name), near.found)
               : err_set(e, ERR_INVALID,
                         "there is no TLV \"" STRV_FMT "\": declare it in tesserad.conf (tlvs)",
                         STRV_ARG(name));
}

static bool tlv_put_integer(const struct tlv_row *row, struct strv value, struct buf *list, struct err *e)
{
    unsigned width = row->type == TLV_INT8 ? 1 : row->type == TLV_INT16 ? 2 : 4;
    uint64_t v, most = (UINT64_C(1) << 8 * width) - 1;
    uint8_t octets[8];
    if (!strv_to_u64(value, &v) || v > most) {
        return err_set(e, ERR_INVALID, "TLV \"%s\" must be a whole number from 0 to %llu", row->name,
                       (unsigned long long)most);
    }
    be_put64(octets, v);
    return buf_put_u16(list, (uint16_t)width) && buf_put(list, octets + 8 - width, width);
}

static bool tlv_put_octets(const struct tlv_row *row, struct strv value, struct buf *list, struct err *e)
{
    uint8_t octets[TLVS_MAX_OCTETS];
    long n = hex_decode(value, octets, sizeof octets);
    if (n < 0 || n < row->min || n > row->max) {
        return err_set(e, n < 0 ? ERR_INVALID : ERR_LIMIT,
                       "TLV \"%s\" must be %u to %u octets in hexadecimal, such as 00ff", row->name, row->min,
                       row->max);
    }
    return buf_put_u16(list, (uint16_t)n) && buf_put(list, octets, (size_t)n);
}

static bool tlv_put_text(const struct tlv_row *row, struct strv value, struct buf *list, struct err *e)
{
    size_t nul = row->type == TLV_CSTRING;
    if (value.n + nul > row->max || value.n + nul < row->min) {
        return err_set(e, ERR_LIMIT, "TLV \"%s\" has %zu octets; %zu to %zu are possible", row->name, value.n,
                       row->min > nul ? row->min - nul : 0, row->max - nul);
    }
    if (value.n > 0 && memchr(value.p, 0, value.n) != NULL) {
        return err_set(e, ERR_INVALID, "TLV \"%s\" must not have a NUL", row->name);
    }
    return buf_put_u16(list, (uint16_t)(value.n + nul)) && buf_put_strv(list, value) &&
           (nul == 0 || buf_put_u8(list, 0));
}

static bool tlv_put_flag(const struct tlv_row *row, struct strv value, struct buf *list, struct err *e)
{
    return strv_eq_c(value, "true")
               ? buf_put_u16(list, 0)
               : err_set(e, ERR_INVALID, "TLV \"%s\" has no value: true, or leave it out", row->name);
}

bool tlvs_put(const struct tlvs *t, struct strv name, struct strv value, struct buf *list, struct err *e)
{
    struct tlv_row row;
    struct smpp_tlv had;
    size_t at = list->len;
    bool ok;
    name = strv_sub(name, 0, sizeof row.name);
    if (!row_by_name(t, name, &row)) {
        return tlvs_no_name(t, name, e);
    }
    for (size_t pos = 0; tlvs_next((struct strv){ (const char *)list->data, at }, &pos, &had);) {
        if (had.tag == row.tag) {
            return err_set(e, ERR_INVALID, "TLV \"%s\" is given twice", row.name);
        }
    }
    buf_put_u16(list, row.tag);
    switch (row.type) {
    case TLV_INT8:
    case TLV_INT16:
    case TLV_INT32: ok = tlv_put_integer(&row, value, list, e); break;
    case TLV_OCTETS: ok = tlv_put_octets(&row, value, list, e); break;
    case TLV_FLAG: ok = tlv_put_flag(&row, value, list, e); break;
    default: ok = tlv_put_text(&row, value, list, e); break;
    }
    if (ok && list->len > TLVS_MAX_OCTETS) {
        ok = err_set(e, ERR_LIMIT, "TLVs: more than %d octets", TLVS_MAX_OCTETS);
    }
    if (list->failed) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    list->len = ok ? list->len : at;
    return ok;
}

bool tlvs_next(struct strv list, size_t *pos, struct smpp_tlv *out)
{
    if (*pos >= list.n) {
        return false;
    }
    struct rd r = rd_from(list.p + *pos, list.n - *pos);
    out->tag = rd_u16(&r);
    size_t n = rd_u16(&r);
    out->value = rd_bytes(&r, n);
    *pos = list.n - rd_left(&r);
    return !r.failed;
}

/* --- for people --- */

static bool is_text(struct strv s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((uint8_t)s.p[i] < 0x20 || (uint8_t)s.p[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

void tlvs_show(const struct tlvs *t, const struct smpp_tlv *tlv, struct tlv_shown *out, struct buf *scratch)
{
    struct tlv_row row = { .type = TLV_OCTETS };
    struct strv v = tlv->value;
    *out = (struct tlv_shown){ .kind = TLV_SHOWN_TEXT };
    if (row_by_tag(t, tlv->tag, &row)) {
        strv_copy(strv_from(row.name), out->name, sizeof out->name);
    } else {
        snprintf(out->name, sizeof out->name, "0x%04x", tlv->tag);
    }
    bool integer = row.type >= TLV_INT8 && row.type <= TLV_INT32 && v.n >= 1 && v.n <= 4;
    if (integer) {
        out->kind = TLV_SHOWN_NUMBER;
        for (size_t i = 0; i < v.n; i++) {
            out->number = out->number << 8 | (uint8_t)v.p[i];
        }
        return;
    }
    if (row.type == TLV_FLAG && v.n == 0) {
        out->kind = TLV_SHOWN_FLAG;
        return;
    }
    struct strv text = strv_sub(v, 0, v.n > 0 && v.p[v.n - 1] == 0 ? v.n - 1 : v.n);
    buf_clear(scratch);
    if ((row.type == TLV_CSTRING || row.type == TLV_STRING) && is_text(text)) {
        buf_put_strv(scratch, text);
    } else if (buf_reserve(scratch, 2 * v.n + 1)) {
        hex_encode(v.p, v.n, (char *)scratch->data);
        scratch->len = 2 * v.n;
    }
    out->text = (struct strv){ (const char *)scratch->data, scratch->len };
}

/* --- carriers --- */

void tlvs_carrier_free(struct tlvs_carrier *c)
{
    buf_free(&c->defaults);
}

static bool tlvs_carrier_one(const struct tlvs *t, const struct tlv_options *o, struct tlvs_carrier *out,
                             struct err *e)
{
    struct tlv_row row;
    if (!row_by_name(t, strv_from(o->name), &row)) {
        return tlvs_no_name(t, strv_from(o->name), e);
    }
    if (o->tag != 0 && tlv_is_ours(o->tag)) {
        return err_set(e, ERR_INVALID, "TLV \"%s\": tag 0x%04X is written by Tessera itself", o->name,
                       o->tag);
    }
    for (size_t i = 0; i < out->n_tags; i++) {
        if (out->from[i] == row.tag || (o->tag != 0 && out->to[i] == o->tag)) {
            return err_set(e, ERR_EXISTS, "TLV \"%s\": another of the carrier's has that name or tag already",
                           o->name);
        }
    }
    if (o->tag != 0 && o->tag != row.tag) {
        out->from[out->n_tags] = row.tag;
        out->to[out->n_tags++] = o->tag;
    }
    return o->value[0] == 0 || tlvs_put(t, strv_from(o->name), strv_from(o->value), &out->defaults, e);
}

bool tlvs_carrier_set(const struct tlvs *t, const struct carrier_options *c, struct tlvs_carrier *out,
                      struct err *e)
{
    struct tlvs_carrier made = { .n_tags = 0 };
    bool ok = true;
    for (size_t i = 0; ok && i < c->n_tlvs; i++) {
        ok = tlvs_carrier_one(t, &c->tlvs[i], &made, e);
    }
    if (ok) { /* the carrier's own go before those of all: the first of a tag counts */
        ok = t->defaults.len == 0 || buf_put(&made.defaults, t->defaults.data, t->defaults.len) ||
             err_set(e, ERR_NOMEM, "out of memory");
    }
    if (!ok) {
        tlvs_carrier_free(&made);
        return false;
    }
    tlvs_carrier_free(out);
    *out = made;
    return true;
}

size_t tlvs_merge(const struct tlvs_carrier *c, struct strv message, struct strv campaign,
                  struct smpp_tlv *out, size_t max)
{
    const struct strv lists[] = { message, campaign, { (const char *)c->defaults.data, c->defaults.len } };
    struct smpp_tlv one;
    size_t n = 0;
    for (size_t k = 0; k < 3; k++) {
        for (size_t pos = 0; n < max && tlvs_next(lists[k], &pos, &one);) {
            size_t i = 0;
            while (i < n && out[i].tag != one.tag) {
                i++;
            }
            out[i] = i == n ? one : out[i];
            n += i == n;
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < c->n_tags; k++) {
            if (out[i].tag == c->from[k]) {
                out[i].tag = c->to[k];
                break;
            }
        }
    }
    return n;
}

/* --- inbound --- */

static void keep(const struct smpp_tlv *tlv, struct buf *list)
{
    if (list->len + 4 + tlv->value.n <= TLVS_MAX_OCTETS) {
        buf_put_u16(list, tlv->tag);
        buf_put_u16(list, (uint16_t)tlv->value.n);
        buf_put_strv(list, tlv->value);
    }
}

void tlvs_declared_of_pdu(const struct tlvs *t, const struct smpp_pdu *pdu, struct buf *list)
{
    struct smpp_tlv tlv;
    for (size_t pos = 0; t->n > 0 && pdu->tlv_count > 0 && smpp_tlv_next(pdu, &pos, &tlv);) {
        for (size_t i = 0; i < t->n; i++) {
            if (t->rows[i].tag == tlv.tag) {
                keep(&tlv, list);
            }
        }
    }
}

void tlvs_of_pdu(const struct smpp_pdu *pdu, struct buf *list)
{
    struct smpp_tlv tlv;
    for (size_t pos = 0; pdu->tlv_count > 0 && smpp_tlv_next(pdu, &pos, &tlv);) {
        if (!tlv_is_ours(tlv.tag)) {
            keep(&tlv, list);
        }
    }
}
