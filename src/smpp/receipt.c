#include "smpp/receipt.h"

#include "smpp/alphabet.h"
#include "smpp/udh.h"

#include <string.h>

/* --- the text: "key:value" pairs, keys in any order and case --- */

struct key {
    const char *name; /* lower case; '_' stands for a blank, an underscore, or nothing between the words */
    size_t field;     /* offset of the view in struct receipt */
};
#define KEY(name, field)                                                                                     \
    {                                                                                                        \
        name, offsetof(struct receipt, field)                                                                \
    }
static const struct key keys[] = {
    KEY("id", id),
    KEY("sub", sub),
    KEY("dlvrd", dlvrd),
    KEY("submit_date", submit_date),
    KEY("done_date", done_date),
    KEY("stat", stat),
    KEY("err", err),
    KEY("text", text),
};
#define KEYS (sizeof keys / sizeof *keys)

static inline struct strv *field_of(struct receipt *r, const struct key *k)
{
    return (struct strv *)((char *)r + k->field);
}

static inline bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

/* Octets of "name:" at the start of s, or 0. */
static size_t match_key(struct strv s, const char *name)
{
    size_t i = 0;
    for (; *name; name++) {
        if (*name == '_') {
            if (i < s.n && (s.p[i] == ' ' || s.p[i] == '_'))
                i++;
            continue;
        }
        if (i >= s.n || (s.p[i] | 0x20) != *name)
            return 0;
        i++;
    }
    return i < s.n && s.p[i] == ':' ? i + 1 : 0;
}

static const struct key *key_at(struct strv s, size_t *length)
{
    for (size_t i = 0; i < KEYS; i++)
        if ((*length = match_key(s, keys[i].name)) > 0)
            return &keys[i];
    return NULL;
}

/* The next key at the start of a word at or after `from`; its position, or s.n. */
static size_t find_key(struct strv s, size_t from, const struct key **key, size_t *length)
{
    for (size_t i = from; i < s.n; i++) {
        if (i > 0 && !blank(s.p[i - 1]))
            continue;
        *key = key_at(strv_sub(s, i, s.n - i), length);
        if (*key)
            return i;
    }
    *key = NULL;
    return s.n;
}

/* The one word after the colon; blanks between are passed over unless a key follows them ("sub: dlvrd:1"). */
static struct strv word_at(struct strv s, size_t at)
{
    size_t length, start = at;
    while (start < s.n && blank(s.p[start]))
        start++;
    if (start > at && key_at(strv_sub(s, start, s.n - start), &length))
        start = at;
    size_t end = start;
    while (end < s.n && !blank(s.p[end]))
        end++;
    return (struct strv){ s.p + start, end - start };
}

static struct strv trim_end(struct strv s)
{
    while (s.n && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* text: takes the rest, unless id or stat are still to come in it: then it ends where the next key begins. */
static struct strv text_at(struct strv s, size_t at, const struct receipt *r)
{
    bool complete = r->id.p && r->stat.p;
    const struct key *key;
    size_t length, first = s.n, next = at;
    bool more = false;
    while (!complete && (next = find_key(s, next, &key, &length)) < s.n) {
        if (first == s.n)
            first = next;
        more = more || (!r->id.p && key->field == offsetof(struct receipt, id)) ||
               (!r->stat.p && key->field == offsetof(struct receipt, stat));
        next += length;
    }
    return (struct strv){ s.p + at, (more ? first : s.n) - at };
}

static void read_fields(struct strv s, struct receipt *r)
{
    const struct key *key;
    size_t at = 0, length;
    while ((at = find_key(s, at, &key, &length)) < s.n) {
        struct strv value, *field = field_of(r, key);
        at += length;
        bool is_text =
            key->field == offsetof(struct receipt, text) && !r->text.p; /* looks ahead: once only */
        value = is_text ? text_at(s, at, r) : word_at(s, at);
        at = (size_t)(value.p - s.p) + value.n;
        if (!field->p) /* the first of several equal keys counts */
            *field = is_text ? trim_end(value) : value;
    }
}

/* --- dates --- */

static int number(const char *s, unsigned digits)
{
    int v = 0;
    for (unsigned i = 0; i < digits; i++)
        v = 10 * v + (s[i] - '0');
    return v;
}

/* A date whose year has `year_digits` digits, with seconds if the text goes on that long. */
static bool date_fields(struct strv s, unsigned year_digits, struct civil *c)
{
    const char *p = s.p + year_digits;
    int year = number(s.p, year_digits);
    if (year_digits == 2)
        year += year < 70 ? 2000 : 1900;
    *c = (struct civil){ .year = year,
                         .month = (uint8_t)number(p, 2),
                         .day = (uint8_t)number(p + 2, 2),
                         .hour = (uint8_t)number(p + 4, 2),
                         .minute = (uint8_t)number(p + 6, 2),
                         .second = (uint8_t)(s.n - year_digits >= 10 ? number(p + 8, 2) : 0) };
    return year >= 1970 && year < 2100 && civil_valid(c);
}

static struct receipt_date read_date(struct strv s)
{
    struct receipt_date d = { .kind = RECEIPT_DATE_NONE };
    struct civil long_form;
    if (s.n != 10 && s.n != 12 && s.n != 14)
        return d;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return d;
    if (s.n != 14 && date_fields(s, 2, &d.civil))
        d.kind = RECEIPT_DATE_OK;
    if (s.n != 10 && date_fields(s, 4, &long_form)) {
        if (d.kind == RECEIPT_DATE_NONE)
            d.civil = long_form;
        d.kind = d.kind == RECEIPT_DATE_OK ? RECEIPT_DATE_AMBIGUOUS : RECEIPT_DATE_OK;
    }
    if (d.kind == RECEIPT_DATE_NONE)
        d.civil = (struct civil){ 0 };
    return d;
}

/* --- all together --- */

struct strv receipt_id(const struct receipt *r)
{
    return r->tlv_id.n ? r->tlv_id : r->id;
}

unsigned receipt_state(const struct receipt *r)
{
    static const struct {
        const char *word;
        unsigned state;
    } WORDS[] = {
        { "DELIVERED", SMPP_STATE_DELIVERED },       { "UNDELIVERABLE", SMPP_STATE_UNDELIVERABLE },
        { "UNDELIVERED", SMPP_STATE_UNDELIVERABLE }, { "UNDELIVRD", SMPP_STATE_UNDELIVERABLE },
        { "FAILED", SMPP_STATE_UNDELIVERABLE },      { "REJECTED", SMPP_STATE_REJECTED },
        { "DND_REJECTED", SMPP_STATE_REJECTED },     { "ACCEPTED", SMPP_STATE_ACCEPTED },
    };
    for (size_t i = 0;
         r->message_state == SMPP_STATE_NONE && !r->scheduled && i < sizeof WORDS / sizeof *WORDS; i++)
        if (strv_ieq_c(r->stat, WORDS[i].word))
            return WORDS[i].state;
    return r->message_state;
}

static void judge(struct receipt *r)
{
    bool id = receipt_id(r).n > 0;
    bool state = r->stat.n > 0 || r->message_state != SMPP_STATE_NONE || r->scheduled;
    bool any = id || state || r->sub.p || r->dlvrd.p || r->submit_date.p || r->done_date.p || r->err.p;
    r->verdict = id && state ? RECEIPT_FULL : any ? RECEIPT_PARTIAL : RECEIPT_NOT;
}

static void read_text(struct strv text, struct receipt *r)
{
    read_fields(text, r);
    r->submit = read_date(r->submit_date);
    r->done = read_date(r->done_date);
    if (r->message_state != SMPP_STATE_NONE || r->scheduled)
        return; /* the TLV's */
    r->message_state = (uint8_t)smpp_state_from_word(r->stat);
    r->scheduled = strv_ieq_c(r->stat, "SCHEDLD") || strv_ieq_c(r->stat, "SCHEDULED");
}

enum receipt_verdict receipt_read_text(struct strv text, struct receipt *out)
{
    *out = (struct receipt){ .verdict = RECEIPT_NOT };
    read_text(text, out);
    judge(out);
    return out->verdict;
}

static void read_tlvs(const struct smpp_pdu *pdu, struct receipt *r)
{
    struct strv v;
    uint32_t state;
    if (smpp_tlv_get_cstr(pdu, SMPP_TLV_receipted_message_id, &v))
        r->tlv_id = strv_trim(v);
    if (smpp_tlv_get_uint(pdu, SMPP_TLV_message_state, &state)) {
        r->scheduled = state == 0;
        if (smpp_state_name(state))
            r->message_state = (uint8_t)state;
    }
    if (smpp_tlv_find(pdu, SMPP_TLV_network_error_code, &v) && v.n == 3) {
        const uint8_t *p = (const uint8_t *)v.p;
        r->has_error = true;
        r->error_network = p[0];
        r->error_code = be_get16(p + 1);
    }
}

/* Two octets a character, whatever data_coding says: the keys of a receipt are ASCII. */
static bool is_utf16(struct strv s, uint8_t data_coding)
{
    if (s.n < 4 || s.n % 2)
        return false;
    bool wide = s.p[0] == 0 && s.p[2] == 0;
    return wide || (data_coding == 0x08 && memchr(s.p, 0, s.n - 1) != NULL);
}

/* Septets packed as on the air, which carriers send that forgot to unpack them: believed only of a message
 * that is marked as a receipt, whose octets are none, and when a whole one comes out. */
static void read_packed(struct strv text, struct buf *scratch, struct receipt *r)
{
    struct buf septets = { 0 };
    struct receipt other = *r;
    bool ok = alphabet_unpack7(text, 0, false, SIZE_MAX, &septets);
    buf_clear(scratch);
    if (ok &&
        alphabet_decode(ALPHABET_GSM7, (struct strv){ (const char *)septets.data, septets.len }, scratch)) {
        read_text((struct strv){ (const char *)scratch->data, scratch->len }, &other);
        judge(&other);
        if (other.id.n && (other.stat.n || other.verdict == RECEIPT_FULL))
            *r = other;
    }
    buf_free(&septets);
}

enum receipt_verdict receipt_read(const struct smpp_pdu *pdu, struct buf *scratch, struct receipt *out)
{
    *out = (struct receipt){ .verdict = RECEIPT_NOT };
    buf_clear(scratch);
    uint8_t esm_class = 0, data_coding = 0;
    if (pdu->command_id == SMPP_CMD(deliver_sm) || pdu->command_id == SMPP_CMD(submit_sm)) {
        esm_class = pdu->sm.esm_class;
        data_coding = pdu->sm.data_coding;
    } else if (pdu->command_id == SMPP_CMD(data_sm)) {
        esm_class = pdu->data_sm.esm_class;
        data_coding = pdu->data_sm.data_coding;
    } else {
        return RECEIPT_NOT;
    }
    uint8_t type = esm_class & SMPP_ESM_TYPE;
    out->intermediate = type == SMPP_ESM_INTERMEDIATE;
    out->marked = type == SMPP_ESM_RECEIPT || out->intermediate;
    read_tlvs(pdu, out);

    struct strv text = smpp_pdu_message(pdu);
    struct udh udh;
    if (esm_class & SMPP_ESM_UDHI && udh_read(text, &udh))
        text = udh.data;
    if (is_utf16(text, data_coding)) {
        if (alphabet_decode(ALPHABET_UCS2, text, scratch))
            text = (struct strv){ (const char *)scratch->data, scratch->len };
    }
    read_text(text, out);
    judge(out);
    if (out->marked && !out->id.p && !out->stat.p && text.n >= 16)
        read_packed(text, scratch, out);
    return out->verdict;
}

static void put_date(struct buf *out, const char *key, usec_t at)
{
    struct civil c = civil_from_usec(at);
    buf_printf(out, " %s:%02d%02u%02u%02u%02u", key, (int)(c.year % 100), c.month, c.day, c.hour, c.minute);
}

bool receipt_put(struct buf *out, const struct receipt_write *r)
{
    const char *word = smpp_state_word(r->message_state);
    struct strv text = strv_sub(r->text, 0, 20); /* Appendix B: the first 20 characters */
    buf_put_strv(out, STRV("id:"));
    buf_put_strv(out, r->id);
    buf_printf(out, " sub:001 dlvrd:%03d", r->message_state == SMPP_STATE_DELIVERED);
    put_date(out, "submit date", r->submitted);
    put_date(out, "done date", r->done);
    buf_printf(out, " stat:%s err:%03u text:", word ? word : "UNKNOWN", r->err % 1000);
    return buf_put_strv(out, text);
}
