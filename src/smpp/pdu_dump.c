/* A PDU as one line of text for a person. */
#include "smpp/pdu.h"

#include <stdio.h>
#include <string.h>

#define DUMP_OCTETS_MAX 80

struct dump {
    struct buf *out;
    bool content; /* show messages and whole addresses */
};

/* Printable ASCII as it is; anything else, quotes and backslashes as \xHH. The last `masked` octets become
 * '*'. */
static void put_quoted(struct buf *out, struct strv s, size_t masked)
{
    static const char digits[] = "0123456789abcdef";
    size_t show = s.n > DUMP_OCTETS_MAX ? DUMP_OCTETS_MAX : s.n;
    buf_put_u8(out, '"');
    for (size_t i = 0; i < show; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (i + masked >= s.n) {
            buf_put_u8(out, '*');
        } else if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            buf_put_u8(out, c);
        } else {
            char hex[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };
            buf_put(out, hex, 4);
        }
    }
    buf_put_u8(out, '"');
    if (show < s.n)
        buf_put_strv(out, STRV("..."));
}

static void put_hex(struct buf *out, struct strv s)
{
    char hex[2 * DUMP_OCTETS_MAX + 1];
    size_t show = s.n > DUMP_OCTETS_MAX ? DUMP_OCTETS_MAX : s.n;
    hex_encode(s.p, show, hex);
    buf_put(out, hex, 2 * show);
    if (show < s.n)
        buf_put_strv(out, STRV("..."));
}

static void dump_u8(struct dump *d, const char *name, uint8_t v)
{
    buf_printf(d->out, " %s=%u", name, v);
}

static void dump_cstr(struct dump *d, const char *name, struct strv s)
{
    if (strcmp(name, "password") == 0) {
        buf_printf(d->out, " %s=%s", name, s.n ? "(hidden)" : "\"\"");
        return;
    }
    bool number = strstr(name, "_addr") != NULL && s.n > 5;
    buf_printf(d->out, " %s=", name);
    put_quoted(d->out, s, number && !d->content ? 5 : 0);
}

static void dump_octets(struct dump *d, const char *name, struct strv s)
{
    buf_printf(d->out, " %s[%zu]", name, s.n);
    if (d->content && s.n) {
        buf_put_u8(d->out, '=');
        put_hex(d->out, s);
    }
}

static void dump_list(struct dump *d, const char *name, const struct smpp_list *l)
{
    buf_printf(d->out, " %s(%u)", name, l->count);
    dump_octets(d, "", l->octets);
}

#define LAYOUT(layout)                                                                                       \
    static void dump_##layout(struct dump *d, const struct smpp_##layout *b)                                 \
    {                                                                                                        \
        (void)d, (void)b;
#define U8(field, bad)        dump_u8(d, #field, b->field);
#define CSTR(field, max, bad) dump_cstr(d, #field, b->field);
#define SM(field)             dump_octets(d, #field, b->field);
#define DESTS(field)          dump_list(d, #field, &b->field);
#define UNSUCCESS(field)      dump_list(d, #field, &b->field);
#define END(layout)           }
#include "smpp/pdu.def"

static void dump_body(struct dump *d, const struct smpp_pdu *pdu)
{
    switch (pdu->command_id) {
#define PDU(name, id, layout, since)                                                                         \
    case id:                                                                                                 \
        dump_##layout(d, &pdu->layout);                                                                      \
        break;
#include "smpp/pdu.def"
    default: dump_octets(d, "body", pdu->unknown);
    }
}

static void dump_tlv(struct dump *d, const struct smpp_tlv *t)
{
    const struct smpp_tlv_info *info = smpp_tlv_info(t->tag);
    char number[16];
    snprintf(number, sizeof number, "0x%04x", t->tag);
    dump_octets(d, info ? info->name : number, t->value);
}

bool smpp_pdu_dump(const struct smpp_pdu *pdu, bool content, struct buf *out)
{
    struct dump d = { out, content };
    const char *name = smpp_command_name(pdu->command_id);
    const char *status = smpp_status_name(pdu->command_status);
    if (name)
        buf_put_strv(out, strv_from(name));
    else
        buf_printf(out, "0x%08x", pdu->command_id);
    buf_printf(out, " seq=%u", pdu->sequence_number);
    if (status)
        buf_printf(out, " status=%s", status);
    else
        buf_printf(out, " status=0x%08x", pdu->command_status);
    if (pdu->body_absent || pdu->defect == SMPP_DEFECT_LENGTH)
        return !out->failed;
    dump_body(&d, pdu);
    struct smpp_tlv t;
    for (size_t pos = 0; smpp_tlv_next(pdu, &pos, &t);)
        dump_tlv(&d, &t);
    return !out->failed;
}
