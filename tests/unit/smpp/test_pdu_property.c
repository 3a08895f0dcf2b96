/* Properties of the codec over random PDUs and random damage. */
#include "support.h"

#include "base/random.h"
#include "smpp/pdu.h"

struct gen {
    struct rnd r;
    char pool[4096];
};

static struct strv random_text(struct gen *g, size_t max, bool nul)
{
    size_t n = rnd_below(&g->r, 3) ? rnd_below(&g->r, max < 12 ? max + 1 : 12) : rnd_below(&g->r, max + 1);
    char *p = g->pool + rnd_below(&g->r, sizeof g->pool - n);
    for (size_t i = 0; !nul && i < n; i++)
        if (p[i] == 0)
            p[i] = 'x';
    return (struct strv){ p, n };
}

static struct smpp_list random_list(struct gen *g, struct buf *b, bool dests)
{
    struct smpp_list l = { .count = (uint8_t)rnd_below(&g->r, 6) };
    b->len = 0;
    for (unsigned i = 0; i < l.count; i++) {
        struct smpp_dest d = { (uint8_t)(1 + rnd_below(&g->r, 2)), 1, 1, random_text(g, 20, false) };
        struct smpp_unsuccess u = { 1, 2, random_text(g, 20, false), (uint32_t)rnd_u64(&g->r) };
        assert_true(dests ? smpp_dest_put(b, &d) : smpp_unsuccess_put(b, &u));
    }
    l.octets = buf_view(b);
    return l;
}

#define LAYOUT(layout)                                                                                       \
    static void random_##layout(struct gen *g, struct buf *list, struct smpp_##layout *b)                    \
    {                                                                                                        \
        (void)g, (void)list, (void)b;
#define U8(field, bad)        b->field = (uint8_t)rnd_u64(&g->r);
#define CSTR(field, max, bad) b->field = random_text(g, (max)-1, false);
#define SM(field)             b->field = random_text(g, 255, true);
#define DESTS(field)          b->field = random_list(g, list, true);
#define UNSUCCESS(field)      b->field = random_list(g, list, false);
#define END(layout)           }
#include "smpp/pdu.def"

static void assert_list(const char *what, const struct smpp_list *got, const struct smpp_list *want)
{
    assert_int_equal(got->count, want->count);
    assert_octets(what, got->octets, want->octets);
}

#define LAYOUT(layout)                                                                                       \
    static void assert_##layout(const struct smpp_##layout *got, const struct smpp_##layout *want)           \
    {                                                                                                        \
        (void)got, (void)want;
#define U8(field, bad)        assert_int_equal(got->field, want->field);
#define CSTR(field, max, bad) assert_octets(#field, got->field, want->field);
#define SM(field)             assert_octets(#field, got->field, want->field);
#define DESTS(field)          assert_list(#field, &got->field, &want->field);
#define UNSUCCESS(field)      assert_list(#field, &got->field, &want->field);
#define END(layout)           }
#include "smpp/pdu.def"

static void random_pdu(struct gen *g, struct buf *list, struct smpp_pdu *pdu)
{
    uint32_t id = smpp_command_at(rnd_below(&g->r, 33));
    smpp_pdu_init(pdu, id, rnd_below(&g->r, 2) ? 0 : (uint32_t)rnd_u64(&g->r), (uint32_t)rnd_u64(&g->r));
    switch (id) {
#define PDU(name, number, layout, since)                                                                     \
    case number:                                                                                             \
        random_##layout(g, list, &pdu->layout);                                                              \
        break;
#include "smpp/pdu.def"
    default: fail();
    }
    for (size_t n = rnd_below(&g->r, 5); n; n--) {
        const struct smpp_tlv_info *row = smpp_tlv_at(rnd_below(&g->r, 64));
        uint16_t tag = rnd_below(&g->r, 3) ? row->tag : (uint16_t)rnd_u64(&g->r);
        assert_true(smpp_tlv_add(pdu, tag, random_text(g, 300, true)));
    }
}

static void assert_same_pdu(const struct smpp_pdu *got, const struct smpp_pdu *want)
{
    assert_int_equal(got->command_id, want->command_id);
    assert_int_equal(got->command_status, want->command_status);
    assert_int_equal(got->sequence_number, want->sequence_number);
    switch (want->command_id) {
#define PDU(name, number, layout, since)                                                                     \
    case number:                                                                                             \
        assert_##layout(&got->layout, &want->layout);                                                        \
        break;
#include "smpp/pdu.def"
    default: fail();
    }
    assert_int_equal(got->tlv_count, want->tlv_count);
    for (unsigned i = 0; i < want->tlv_count; i++) {
        assert_int_equal(got->tlvs[i].tag, want->tlvs[i].tag);
        assert_octets("tlv", got->tlvs[i].value, want->tlvs[i].value);
    }
}

static struct gen *gen_new(uint64_t seed)
{
    struct gen *g = malloc(sizeof *g);
    assert_non_null(g);
    rnd_seed(&g->r, seed);
    for (size_t i = 0; i < sizeof g->pool; i++)
        g->pool[i] = (char)rnd_u64(&g->r);
    return g;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct gen *g = gen_new(1);
    for (int round = 0; round < 20000; round++) {
        struct buf list = { 0 }, out = { 0 };
        struct smpp_pdu pdu, back;
        random_pdu(g, &list, &pdu);
        assert_true(smpp_pdu_encode(&pdu, &out));
        struct octets o = octets_copy(out.data, out.len);
        assert_int_equal(smpp_frame_length(o.p, o.n, SMPP_FRAME_MAX), (long)o.n);
        assert_int_equal(smpp_pdu_decode(o.p, o.n, &back, NULL), SMPP_DECODE_OK);
        assert_same_pdu(&back, &pdu);
        free(o.p);
        buf_free(&list);
        buf_free(&out);
    }
    free(g);
}

/* Reads everything a decoded PDU points to, so that a sanitizer sees a view that leaves the input. */
static void touch(const struct smpp_pdu *pdu)
{
    struct buf out = { 0 };
    assert_true(smpp_pdu_dump(pdu, true, &out));
    out.len = 0;
    if (pdu->defect != SMPP_DEFECT_LENGTH) {
        smpp_pdu_encode(pdu, &out);
        (void)smpp_pdu_validate(pdu, SMPP_V50);
    }
    buf_free(&out);
}

static void mutate(struct rnd *r, uint8_t *p, size_t n)
{
    for (size_t k = 1 + rnd_below(r, 4); k; k--) {
        size_t at = rnd_below(r, n);
        p[at] = (uint8_t)(rnd_below(r, 2) ? rnd_u64(r) : (uint64_t)p[at] ^ (UINT64_C(1) << rnd_below(r, 8)));
    }
}

/* Truncated, mutated and random octets at the end of an allocation: ASan tells if the decoder steps outside.
 */
static void no_octets_lead_outside(void **state)
{
    (void)state;
    struct gen *g = gen_new(2);
    unsigned results[3] = { 0 };
    for (int round = 0; round < 20000; round++) {
        struct buf list = { 0 }, out = { 0 };
        struct smpp_pdu pdu, back;
        random_pdu(g, &list, &pdu);
        assert_true(smpp_pdu_encode(&pdu, &out));
        size_t n = rnd_below(&g->r, 2) ? out.len : rnd_below(&g->r, out.len + 1);
        if (n)
            mutate(&g->r, out.data, n);
        if (n >= 4 && rnd_below(&g->r, 4)) /* keep it a whole frame, so that the body is reached */
            be_put32(out.data, (uint32_t)n);
        struct octets o = octets_copy(out.data, n);
        uint32_t status;
        enum smpp_decode result = smpp_pdu_decode(o.p, o.n, &back, &status);
        results[result]++;
        assert_int_equal(result == SMPP_DECODE_BAD, status != SMPP_ESME_ROK);
        if (result != SMPP_DECODE_NEED_MORE)
            touch(&back);
        free(o.p);
        buf_free(&list);
        buf_free(&out);
    }
    assert_true(results[SMPP_DECODE_OK] && results[SMPP_DECODE_NEED_MORE] && results[SMPP_DECODE_BAD]);
    free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(no_octets_lead_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
