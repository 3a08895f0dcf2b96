#include "smpp/tlv.h"

#include <string.h>

static const struct smpp_tlv_info rows[] = {
#define TLV(name, tag, type, min, max, since) { tag, SMPP_TLV_TYPE_##type, since, min, max, #name },
#include "smpp/tlv.def"
};
#define ROWS (sizeof rows / sizeof *rows)

const struct smpp_tlv_info *smpp_tlv_info(const struct smpp_tlv_vendor *vendor, uint16_t tag)
{
    for (size_t i = 0; vendor && i < vendor->count; i++)
        if (vendor->rows[i].tag == tag)
            return &vendor->rows[i];
    /* The rows are in ascending order (a test holds them to it). */
    size_t lo = 0, hi = ROWS;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (rows[mid].tag < tag)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < ROWS && rows[lo].tag == tag ? &rows[lo] : NULL;
}

const struct smpp_tlv_info *smpp_tlv_by_name(const struct smpp_tlv_vendor *vendor, struct strv name)
{
    for (size_t i = 0; vendor && i < vendor->count; i++)
        if (strv_eq_c(name, vendor->rows[i].name))
            return &vendor->rows[i];
    for (size_t i = 0; i < ROWS; i++)
        if (strv_eq_c(name, rows[i].name))
            return &rows[i];
    return NULL;
}

bool smpp_tlv_register(struct smpp_tlv_vendor *vendor, const struct smpp_tlv_info *row)
{
    if (vendor->count >= vendor->cap || row->min > row->max || !row->name || !*row->name)
        return false;
    if (smpp_tlv_info(vendor, row->tag) || smpp_tlv_by_name(vendor, strv_from(row->name)))
        return false;
    vendor->rows[vendor->count++] = *row;
    return true;
}

const struct smpp_tlv_info *smpp_tlv_at(size_t i)
{
    return i < ROWS ? &rows[i] : NULL;
}

static const char *const type_names[] = { "uint", "cstr", "octets", "flag" };

bool smpp_tlv_type_parse(struct strv name, enum smpp_tlv_type *out)
{
    for (unsigned i = 0; i < sizeof type_names / sizeof *type_names; i++) {
        if (strv_eq_c(name, type_names[i])) {
            *out = (enum smpp_tlv_type)i;
            return true;
        }
    }
    return false;
}

const char *smpp_tlv_type_name(enum smpp_tlv_type type)
{
    return (unsigned)type < sizeof type_names / sizeof *type_names ? type_names[type] : "octets";
}

bool smpp_tlv_size_ok(const struct smpp_tlv_info *row, size_t n)
{
    if (row->type == SMPP_TLV_TYPE_FLAG)
        return n == 0;
    if (row->type == SMPP_TLV_TYPE_UINT && n != 1 && n != 2 && n != 4)
        return false;
    return n >= row->min && n <= row->max;
}
