/* Texts of carriers and subscribers: receipts, message ids, times, user data headers, alphabets, parts. The
 * first octet is esm_class, the second data_coding, the rest is the text. */
#include "fuzz.h"

#include "base/utf8.h"
#include "smpp/parts.h"
#include "smpp/receipt.h"
#include "smpp/time.h"
#include "smpp/udh.h"

#include <stdlib.h>

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* A view must lie in the text or be absent. */
static void inside(struct strv view, struct strv text)
{
    require(view.n == 0 || (view.p >= text.p && view.p + view.n <= text.p + text.n));
}

static void read_receipt(struct strv text)
{
    struct receipt r;
    receipt_read_text(text, &r);
    const struct strv fields[] = { r.id, r.sub, r.dlvrd, r.submit_date, r.done_date, r.stat, r.err, r.text };
    for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++)
        inside(fields[i], text);
    require(r.verdict != RECEIPT_FULL || (r.id.n && r.stat.n));
    if (r.submit.kind != RECEIPT_DATE_NONE)
        require(civil_valid(&r.submit.civil));
    if (r.done.kind != RECEIPT_DATE_NONE)
        require(civil_valid(&r.done.civil));
    struct smpp_msgid ids[3];
    unsigned n = smpp_msgid_candidates(r.id, ids);
    for (unsigned i = 0; i < n; i++)
        require(ids[i].n > 0 && ids[i].n <= 64);
    require(r.id.n == 0 || n == 0 || receipt_id_same(r.id, r.id) == RECEIPT_ID_SAME);
}

static void read_pdu(uint8_t esm_class, uint8_t data_coding, struct strv text)
{
    struct smpp_pdu pdu;
    struct receipt r;
    struct buf scratch = { 0 };
    smpp_pdu_init(&pdu, SMPP_CMD(deliver_sm), 0, 1);
    pdu.sm.esm_class = esm_class;
    pdu.sm.data_coding = data_coding;
    pdu.sm.short_message = text;
    receipt_read(&pdu, &scratch, &r);
    buf_free(&scratch);
}

static void read_alphabet(uint8_t data_coding, struct strv text)
{
    struct buf out = { 0 };
    require(alphabet_decode(data_coding_read(data_coding, ALPHABET_GSM7).alphabet, text, &out));
    require(utf8_valid((struct strv){ (const char *)out.data, out.len }));
    buf_clear(&out);
    require(alphabet_unpack7(text, data_coding % 7, data_coding & 0x80, SIZE_MAX, &out));
    buf_free(&out);
}

static void split(uint8_t esm_class, struct strv text)
{
    struct parts p = { 0 };
    enum alphabet a = alphabet_choose(text);
    enum parts_mode mode = (enum parts_mode)(esm_class & 3);
    struct parts_estimate e = parts_count_in(text, a, mode);
    require(parts_split(&p, text, a, mode, 7) == (e.parts <= PARTS_MAX));
    require(p.count == (e.parts <= PARTS_MAX ? e.parts : 0));
    parts_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct strv text = { (const char *)data + 2, size - 2 };
    struct udh udh;
    struct smpp_time t;
    char again[SMPP_TIME_SIZE];
    read_receipt(text);
    read_pdu(data[0], data[1], text);
    read_alphabet(data[1], text);
    split(data[0], text);
    if (udh_read(text, &udh))
        require(udh.header.n + udh.data.n == text.n);
    if (smpp_time_parse(text, &t))
        require(smpp_time_format(&t, again));
    return 0;
}
