#include "smpp/tlv.h"

#include <string.h>

static const struct smpp_tlv_info rows[] = {
#define TLV(name, tag, type, min, max, since) { tag, SMPP_TLV_TYPE_##type, since, min, max, #name },
#include "smpp/tlv.def"
};
#define ROWS (sizeof rows / sizeof *rows)

const struct smpp_tlv_info *smpp_tlv_info(uint16_t tag)
{
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

const struct smpp_tlv_info *smpp_tlv_by_name(struct strv name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strv_eq_c(name, rows[i].name))
            return &rows[i];
    return NULL;
}

const struct smpp_tlv_info *smpp_tlv_at(size_t i)
{
    return i < ROWS ? &rows[i] : NULL;
}

bool smpp_tlv_size_ok(const struct smpp_tlv_info *row, size_t n)
{
    if (row->type == SMPP_TLV_TYPE_FLAG)
        return n == 0;
    if (row->type == SMPP_TLV_TYPE_UINT && n != 1 && n != 2 && n != 4)
        return false;
    return n >= row->min && n <= row->max;
}
