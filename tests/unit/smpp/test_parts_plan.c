#include "support.h"

#include "base/random.h"
#include "base/utf8.h"
#include "smpp/parts.h"

static struct buf repeated(const char *unit, size_t times, const char *tail)
{
    struct buf b = { 0 };
    for (size_t i = 0; i < times; i++)
        buf_put_strv(&b, strv_from(unit));
    buf_put_strv(&b, strv_from(tail));
    return b;
}

static void the_fewest_parts_are_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        size_t times;
        const char *tail;
        struct parts_options o;
        enum alphabet alphabet;
        unsigned single, locking;
        enum translit_level level;
        unsigned parts;
    } cases[] = {
        /* off: as without options */
        { "a", 160, "", { 0 }, ALPHABET_GSM7, 0, 0, TRANSLIT_OFF, 1 },
        { "ğ", 71, "", { 0 }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 2 },
        { "“", 1, "", { 0 }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 1 },
        /* national tables only where they save a part */
        { "ğ", 1, "", { .languages = SHIFT_ALL }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 1 },
        { "a", 70, "ğ", { .languages = SHIFT_ALL }, ALPHABET_GSM7, SHIFT_TURKISH, 0, TRANSLIT_OFF, 1 },
        { "ğ", 77, "", { .languages = SHIFT_ALL }, ALPHABET_GSM7, SHIFT_TURKISH, 0, TRANSLIT_OFF, 1 },
        { "ğ", 78, "", { .languages = SHIFT_ALL }, ALPHABET_GSM7, 0, SHIFT_TURKISH, TRANSLIT_OFF, 1 },
        { "ğ", 155, "", { .languages = SHIFT_ALL }, ALPHABET_GSM7, 0, SHIFT_TURKISH, TRANSLIT_OFF, 1 },
        { "ğ", 156, "", { .languages = SHIFT_ALL }, ALPHABET_GSM7, 0, SHIFT_TURKISH, TRANSLIT_OFF, 2 },
        { "ग",
          120,
          "Z",
          { .languages = SHIFT_ALL },
          ALPHABET_GSM7,
          SHIFT_HINDI,
          SHIFT_HINDI,
          TRANSLIT_OFF,
          1 },
        { "ग", 155, "", { .languages = SHIFT_ALL }, ALPHABET_GSM7, 0, SHIFT_HINDI, TRANSLIT_OFF, 1 },
        { "á",
          75,
          "",
          { .languages = SHIFT_BIT(SHIFT_SPANISH) },
          ALPHABET_GSM7,
          SHIFT_SPANISH,
          0,
          TRANSLIT_OFF,
          1 },
        { "ğ", 100, "", { .languages = SHIFT_BIT(SHIFT_SPANISH) }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 2 },
        { "ğ", 100, "ग", { .languages = SHIFT_ALL }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 2 },
        { "ж", 100, "", { .languages = SHIFT_ALL }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 2 },
        { "a", 400, "", { .languages = SHIFT_ALL }, ALPHABET_GSM7, 0, 0, TRANSLIT_OFF, 3 },
        { "€", 100, "", { .languages = SHIFT_ALL }, ALPHABET_GSM7, 0, SHIFT_TURKISH, TRANSLIT_OFF, 1 },
        { "€", 80, "", { .languages = SHIFT_ALL }, ALPHABET_GSM7, 0, 0, TRANSLIT_OFF, 1 },
        /* not where somebody else splits */
        { "ğ",
          77,
          "",
          { .mode = PARTS_SAR, .languages = SHIFT_ALL },
          ALPHABET_GSM7,
          SHIFT_TURKISH,
          0,
          TRANSLIT_OFF,
          1 },
        { "ğ", 156, "", { .mode = PARTS_SAR, .languages = SHIFT_ALL }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 3 },
        { "ğ",
          156,
          "",
          { .mode = PARTS_PAYLOAD, .languages = SHIFT_ALL },
          ALPHABET_UCS2,
          0,
          0,
          TRANSLIT_OFF,
          1 },
        /* typographic, only where it keeps the text in GSM */
        { "a",
          100,
          "“b” – c…",
          { .translit = TRANSLIT_TYPOGRAPHIC },
          ALPHABET_GSM7,
          0,
          0,
          TRANSLIT_TYPOGRAPHIC,
          1 },
        { "a",
          10,
          "“b”",
          { .translit = TRANSLIT_TYPOGRAPHIC },
          ALPHABET_GSM7,
          0,
          0,
          TRANSLIT_TYPOGRAPHIC,
          1 },
        { "a", 100, "“ж”", { .translit = TRANSLIT_TYPOGRAPHIC }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 2 },
        { "a",
          100,
          "ğ’",
          { .translit = TRANSLIT_TYPOGRAPHIC, .languages = SHIFT_ALL },
          ALPHABET_GSM7,
          SHIFT_TURKISH,
          0,
          TRANSLIT_TYPOGRAPHIC,
          1 },
        { "a",
          10,
          "ğ’",
          { .translit = TRANSLIT_TYPOGRAPHIC, .languages = SHIFT_ALL },
          ALPHABET_UCS2,
          0,
          0,
          TRANSLIT_OFF,
          1 },
        { "a",
          100,
          "g\xcc\x86",
          { .translit = TRANSLIT_TYPOGRAPHIC, .languages = SHIFT_ALL },
          ALPHABET_GSM7,
          SHIFT_TURKISH,
          0,
          TRANSLIT_TYPOGRAPHIC,
          1 },
        /* full */
        { "a", 10, "ğł", { .translit = TRANSLIT_FULL }, ALPHABET_GSM7, 0, 0, TRANSLIT_FULL, 1 },
        { "a", 10, "“b”", { .translit = TRANSLIT_FULL }, ALPHABET_GSM7, 0, 0, TRANSLIT_TYPOGRAPHIC, 1 },
        { "ж", 100, "", { .translit = TRANSLIT_FULL }, ALPHABET_GSM7, 0, 0, TRANSLIT_FULL, 2 },
        { "a",
          10,
          "ğł日",
          { .translit = TRANSLIT_FULL, .languages = SHIFT_ALL },
          ALPHABET_UCS2,
          0,
          0,
          TRANSLIT_OFF,
          1 },
        /* and then letters are kept by national tables where that costs no part */
        { "a",
          10,
          "ğ",
          { .translit = TRANSLIT_FULL, .languages = SHIFT_ALL },
          ALPHABET_GSM7,
          SHIFT_TURKISH,
          0,
          TRANSLIT_OFF,
          1 },
        { "a",
          158,
          "ğ",
          { .translit = TRANSLIT_FULL, .languages = SHIFT_ALL },
          ALPHABET_GSM7,
          0,
          0,
          TRANSLIT_FULL,
          1 },
        { "ग",
          100,
          "ł",
          { .translit = TRANSLIT_FULL, .languages = SHIFT_ALL },
          ALPHABET_GSM7,
          0,
          SHIFT_HINDI,
          TRANSLIT_FULL,
          1 },
        /* without UCS-2: whatever can be said in any other way, 0 parts what cannot */
        { "a", 160, "", { .no_ucs2 = true }, ALPHABET_GSM7, 0, 0, TRANSLIT_OFF, 1 },
        { "“", 1, "", { .no_ucs2 = true }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 0 },
        { "“",
          1,
          "",
          { .no_ucs2 = true, .translit = TRANSLIT_FULL },
          ALPHABET_GSM7,
          0,
          0,
          TRANSLIT_TYPOGRAPHIC,
          1 },
        { "ж",
          1,
          "",
          { .no_ucs2 = true, .translit = TRANSLIT_TYPOGRAPHIC },
          ALPHABET_UCS2,
          0,
          0,
          TRANSLIT_OFF,
          0 },
        { "ж",
          100,
          "",
          { .no_ucs2 = true, .translit = TRANSLIT_FULL },
          ALPHABET_GSM7,
          0,
          0,
          TRANSLIT_FULL,
          2 },
        { "ж",
          9,
          "日",
          { .no_ucs2 = true, .translit = TRANSLIT_FULL },
          ALPHABET_UCS2,
          0,
          0,
          TRANSLIT_OFF,
          0 },
        { "ğ",
          1,
          "",
          { .no_ucs2 = true, .languages = SHIFT_ALL },
          ALPHABET_GSM7,
          SHIFT_TURKISH,
          0,
          TRANSLIT_OFF,
          1 },
        { "ğ",
          156,
          "",
          { .no_ucs2 = true, .mode = PARTS_SAR, .languages = SHIFT_ALL },
          ALPHABET_UCS2,
          0,
          0,
          TRANSLIT_OFF,
          0 },
        { "ç", 141, "", { .no_ucs2 = true, .latin1 = true }, ALPHABET_LATIN1, 0, 0, TRANSLIT_OFF, 2 },
        { "ç", 9, "ж", { .no_ucs2 = true, .latin1 = true }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 0 },
        { "é", 9, "", { .no_ucs2 = true, .wire = ALPHABET_ASCII }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 0 },
        /* forced */
        { "a", 3, "", { .forced = true, .alphabet = ALPHABET_UCS2 }, ALPHABET_UCS2, 0, 0, TRANSLIT_OFF, 1 },
        { "ğ",
          3,
          "",
          { .forced = true, .shift = { SHIFT_TURKISH, SHIFT_TURKISH } },
          ALPHABET_GSM7,
          SHIFT_TURKISH,
          SHIFT_TURKISH,
          TRANSLIT_OFF,
          1 },
    };
    struct parts p = { 0 };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf text = repeated(cases[i].unit, cases[i].times, cases[i].tail);
        struct parts_estimate e = parts_plan(buf_view(&text), &cases[i].o);
        if (e.alphabet != cases[i].alphabet || e.shift.single != cases[i].single ||
            e.shift.locking != cases[i].locking || e.translit != cases[i].level || e.parts != cases[i].parts)
            fail_msg("case %zu: %s %u %u %s %u parts", i, alphabet_name(e.alphabet), e.shift.single,
                     e.shift.locking, translit_name(e.translit), e.parts);
        assert_int_equal(parts_make(&p, buf_view(&text), &cases[i].o), e.parts != 0);
        assert_int_equal(p.count, e.parts);
        if (e.parts == 0) {
            buf_free(&text);
            continue;
        }
        assert_int_equal(p.alphabet, e.alphabet);
        assert_memory_equal(&p.shift, &e.shift, sizeof e.shift);
        buf_free(&text);
    }
    parts_free(&p);
}

static void capacities_leave_room_for_the_header(void **state)
{
    (void)state;
    static const struct shift none = { 0, 0 }, one = { 0, 6 }, two = { 6, 6 };
    static const struct {
        const struct shift *s;
        enum parts_mode mode;
        unsigned alone, each;
    } cases[] = {
        { &none, PARTS_UDH8, 160, 153 },  { &one, PARTS_UDH8, 155, 149 },  { &two, PARTS_UDH8, 152, 146 },
        { &none, PARTS_UDH16, 160, 152 }, { &one, PARTS_UDH16, 155, 148 }, { &two, PARTS_UDH16, 152, 145 },
        { &one, PARTS_SAR, 155, 149 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(parts_capacity_shifted(ALPHABET_GSM7, *cases[i].s, cases[i].mode, true),
                         cases[i].alone);
        assert_int_equal(parts_capacity_shifted(ALPHABET_GSM7, *cases[i].s, cases[i].mode, false),
                         cases[i].each);
    }
}

static void fields_follow_the_mode(void **state)
{
    (void)state;
    struct parts p = { 0 };
    struct buf text = repeated("a", 200, "");
    struct parts_options o = { .mode = PARTS_SAR, .reference = 0x1234 };
    assert_true(parts_make(&p, buf_view(&text), &o));
    struct parts_fields f = parts_fields(&p, 1);
    assert_true(f.sar);
    assert_int_equal(f.sar_msg_ref_num, 0x1234);
    assert_int_equal(f.sar_total_segments, 2);
    assert_int_equal(f.sar_segment_seqnum, 2);
    assert_int_equal(f.esm_class, 0);
    assert_int_equal(f.short_message.n, 47);

    o.mode = PARTS_PAYLOAD;
    assert_true(parts_make(&p, buf_view(&text), &o));
    f = parts_fields(&p, 0);
    assert_false(f.sar);
    assert_int_equal(f.short_message.n, 0);
    assert_int_equal(f.message_payload.n, 200);
    assert_true(parts_make(&p, STRV("short"), &o));
    f = parts_fields(&p, 0);
    assert_octets("short", f.short_message, STRV("short"));
    assert_int_equal(f.message_payload.n, 0);

    o.mode = PARTS_UDH8;
    assert_true(parts_make(&p, buf_view(&text), &o));
    f = parts_fields(&p, 0);
    assert_false(f.sar);
    assert_int_equal(f.esm_class, 0x40);
    assert_int_equal(f.short_message.n, 6 + 153);
    assert_true(parts_make(&p, STRV(""), &(struct parts_options){ .mode = PARTS_SAR }));
    assert_false(parts_fields(&p, 0).sar);
    buf_free(&text);

    /* what no TLV can hold is refused */
    text = repeated("a", 65535, "");
    o.mode = PARTS_PAYLOAD;
    assert_true(parts_make(&p, buf_view(&text), &o));
    buf_put_u8(&text, 'a');
    assert_false(parts_make(&p, buf_view(&text), &o));
    assert_int_equal(p.count, 0);
    buf_free(&text);
    parts_free(&p);
}

static void modes_have_names(void **state)
{
    (void)state;
    enum parts_mode back;
    for (int i = PARTS_UDH8; i <= PARTS_PAYLOAD; i++) {
        assert_true(parts_mode_parse(strv_from(parts_mode_name((enum parts_mode)i)), &back));
        assert_int_equal(back, i);
    }
    assert_false(parts_mode_parse(STRV("fax"), &back));
}

static void packed_parts_begin_at_a_septet(void **state)
{
    (void)state;
    struct parts p = { 0 };
    struct octets hello = octets_from_hex(STRV("e8329bfd06"));
    assert_true(parts_make(&p, STRV("hello"), &(struct parts_options){ .packed = true }));
    assert_octets("hello", parts_get(&p, 0), octets_view(hello));
    free(hello.p);
    /* seven septets leave seven bits, which would read as an '@' */
    struct octets seven = octets_from_hex(STRV("31d98c56b3dd1a"));
    assert_true(parts_make(&p, STRV("1234567"), &(struct parts_options){ .packed = true }));
    assert_octets("seven", parts_get(&p, 0), octets_view(seven));
    free(seven.p);
    static const struct {
        const char *unit;
        size_t n;
        uint32_t languages;
        unsigned parts;
    } cases[] = {
        { "a", 160, 0, 1 },         { "a", 161, 0, 2 },         { "a", 306, 0, 2 },
        { "ğ", 155, SHIFT_ALL, 1 }, { "ğ", 298, SHIFT_ALL, 2 }, { "\r", 160, 0, 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf text = repeated(cases[i].unit, cases[i].n, "");
        assert_true(parts_make(&p, buf_view(&text),
                               &(struct parts_options){ .packed = true, .languages = cases[i].languages }));
        assert_int_equal(p.count, cases[i].parts);
        for (unsigned k = 0; k < p.count; k++)
            assert_true(parts_get(&p, k).n <= 140);
        buf_free(&text);
    }
    /* no other alphabet is packed */
    assert_true(parts_make(&p, STRV("ж"), &(struct parts_options){ .packed = true }));
    assert_octets("ucs2", parts_get(&p, 0), STRV("\x04\x36"));
    parts_free(&p);
}

static void a_preview_tells_what_is_sent(void **state)
{
    (void)state;
    struct buf out = { 0 };
    struct translit_report r = { .replaced = 0 };
    struct parts_options o = { .translit = TRANSLIT_FULL, .languages = SHIFT_BIT(SHIFT_TURKISH) };
    struct strv text = STRV("ğ “łódź”");
    struct parts_estimate e = parts_plan(text, &o);
    assert_true(parts_plan_text(text, &e, &out, &r));
    assert_octets("sent", buf_view(&out), STRV("ğ \"lodz\""));
    assert_int_equal(r.replaced, 5);
    /* nothing is replaced of what stays UCS-2 */
    buf_clear(&out);
    r.replaced = 0;
    text = STRV("日 “a”");
    e = parts_plan(text, &o);
    assert_true(parts_plan_text(text, &e, &out, &r));
    assert_octets("untouched", buf_view(&out), text);
    assert_int_equal(r.replaced, 0);
    buf_free(&out);
}

/* --- properties over random texts --- */

static const char *const letters[] = {
    "a",
    "B",
    " ",
    "7",
    "@",
    "€",
    "{",
    "\r\n",
    "é",
    "Δ", /* GSM */
    "ğ",
    "ş",
    "ç",
    "ã",
    "á",
    "Ó", /* Latin tables */
    "न",
    "म",
    "स्ते",
    "क्ष",
    "ী",
    "ப",
    "اب",
    "ٹ", /* others */
    "“",
    "…",
    "ł",
    "ж",
    "Щ",
    "α", /* replaceable */
    "e\xcc\x81\xcc\xa3",
    "g\xcc\x86",
    "👨‍👩‍👧",
    "🇮🇹",
    "👍🏽",
    "😜",
    "日",
    "각",
    "\xe2\x80\x8b",
    "\xff",
};
/* Texts of one kind are likelier to be a choice: the first n of the letters from a beginning. */
static const struct {
    unsigned from, n;
} kinds[] = { { 0, 8 },
              { 0, 10 },
              { 8, 8 },
              { 10, 3 },
              { 10, 6 },
              { 16, 5 },
              { 21, 1 },
              { 22, 2 },
              { 0, 16 },
              { 24, 6 },
              { 8, 24 },
              { 30, 9 },
              { 0, COUNT(letters) } };

static struct buf random_text(struct rnd *r)
{
    struct buf b = { 0 };
    size_t kind = rnd_below(r, COUNT(kinds)), n = rnd_below(r, 400), plain = rnd_below(r, 5);
    for (size_t i = 0; i < n; i++) {
        size_t at = kinds[kind].from + rnd_below(r, kinds[kind].n);
        buf_put_strv(&b, strv_from(rnd_below(r, 4) < plain ? "a" : letters[at]));
    }
    return b;
}

static struct parts_options random_options(struct rnd *r)
{
    struct parts_options o = {
        .mode = (enum parts_mode)rnd_below(r, 4),
        .reference = (uint16_t)rnd_u64(r),
        .translit = (enum translit_level)rnd_below(r, 3),
        .languages = rnd_below(r, 2) ? SHIFT_ALL : (uint32_t)rnd_u64(r) & SHIFT_ALL,
        .packed = rnd_below(r, 3) == 0,
    };
    return o;
}

/* Splitting a text at any cost: which parts a text takes with these tables, by the encoder alone. */
static bool brute_encodable(struct strv text, struct shift s)
{
    struct shift_map m;
    struct buf out = { 0 };
    size_t lost;
    shift_map_init(&m, s);
    assert_true(shift_encode(&m, text, &out, &lost));
    buf_free(&out);
    return lost == 0;
}

static unsigned brute_parts(struct strv text, struct shift s, enum parts_mode mode)
{
    struct parts p = { 0 };
    struct parts_options o = { .mode = mode, .forced = true, .shift = s };
    unsigned n = parts_make(&p, text, &o) ? p.count : 9999;
    parts_free(&p);
    return n;
}

/* Every level, every language, every pair of tables tried: what was chosen is among the fewest, its text
 * among the least changed. */
static void nothing_is_cheaper_than_what_is_chosen(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 41);
    for (int round = 0; round < 700; round++) {
        struct buf text = random_text(&r);
        struct parts_options o = random_options(&r);
        struct strv s = buf_view(&text);
        unsigned best = 9999, best_level = 9, fewest = 0,
                 wide = parts_count_in(s, ALPHABET_UCS2, o.mode).parts;
        bool plain = false;
        for (unsigned level = 0; level <= (unsigned)o.translit; level++) {
            for (unsigned k = 0; k < 3 * SHIFT_LANGUAGES; k++) {
                uint8_t id = (uint8_t)(k / 3), kind = (uint8_t)(k % 3 + 1);
                struct shift pair = { kind & 1 ? id : 0, kind & 2 ? id : 0 };
                bool national = id != 0;
                if ((!national && kind != 1) || (national && !(o.languages & SHIFT_BIT(id))) ||
                    (pair.locking && !shift_has_locking(id)) || (national && o.mode == PARTS_PAYLOAD))
                    continue;
                struct shift_map m;
                struct buf sent = { 0 };
                struct translit_report report = { .replaced = 0 };
                shift_map_init(&m, pair);
                assert_true(translit_text(s, (enum translit_level)level, &m, &sent, &report));
                if (brute_encodable(buf_view(&sent), pair)) {
                    unsigned n = brute_parts(buf_view(&sent), pair, o.mode);
                    if (!(national && o.mode == PARTS_SAR && n > 1)) {
                        plain = plain || !national;
                        if (n < best || (n == best && level < best_level) ||
                            (n == best && level == best_level && report.replaced < fewest)) {
                            best = n;
                            best_level = level;
                            fewest = report.replaced;
                        }
                    }
                }
                buf_free(&sent);
            }
        }
        struct parts_estimate e = parts_plan(s, &o);
        if (best != 9999 && (plain || best < wide)) {
            if (e.alphabet != ALPHABET_GSM7 || e.parts != best || e.translit != best_level ||
                e.replaced != fewest)
                fail_msg("round %d: %u parts at level %u with %u replaced, not %u at %u with %u", round,
                         e.parts, e.translit, e.replaced, best, best_level, fewest);
        } else {
            assert_int_equal(e.alphabet, ALPHABET_UCS2);
            assert_int_equal(e.parts, wide);
            assert_int_equal(e.translit, TRANSLIT_OFF);
        }
        buf_free(&text);
    }
}

/* Whether `at` is where a cluster of the text ends. */
static bool is_boundary(struct strv text, size_t at)
{
    return at == text.n || utf8_cut(text, at) == at;
}

/* What is sent is what a handset reads: parts decoded one by one and put together are the text of the plan;
 * each fits into a message, and none begins or ends inside a cluster. */
static void parts_read_are_the_text(void **state)
{
    (void)state;
    struct rnd r;
    rnd_seed(&r, 42);
    struct parts p = { 0 };
    unsigned national = 0, replaced = 0, long_national = 0;
    for (int round = 0; round < 3000; round++) {
        struct buf text = random_text(&r), sent = { 0 }, whole = { 0 };
        struct parts_options o = random_options(&r);
        struct parts_estimate e = parts_plan(buf_view(&text), &o);
        assert_true(parts_plan_text(buf_view(&text), &e, &sent, NULL));
        assert_true(parts_make(&p, buf_view(&text), &o));
        assert_int_equal(p.count, e.parts);
        struct buf clean = { 0 };
        assert_true(utf8_put_clean(&clean, buf_view(&sent)));
        for (unsigned i = 0; i < p.count; i++) {
            struct parts_fields f = parts_fields(&p, i);
            struct strv octets = f.message_payload.n ? f.message_payload : f.short_message;
            struct alphabet_reading how = { ALPHABET_GSM7, o.packed };
            struct alphabet_message m;
            size_t before = whole.len;
            assert_true(alphabet_decode_message(f.data_coding, f.esm_class, octets, &how, &whole, &m));
            assert_int_equal(m.has_udh, f.esm_class != 0);
            assert_int_equal(m.udh.concat_total, p.count > 1 && o.mode <= PARTS_UDH16 ? p.count : 0);
            assert_memory_equal(&m.shift, &e.shift, sizeof e.shift);
            if (f.message_payload.n == 0)
                assert_true(octets.n <= (e.alphabet == ALPHABET_UCS2 || o.packed ? 140 : 160));
            /* padding of a packed part */
            if (o.packed && whole.len > before && whole.data[whole.len - 1] == '\r' &&
                !(whole.len <= clean.len && clean.data[whole.len - 1] == '\r'))
                whole.len--;
            assert_true(whole.len <= clean.len && is_boundary(buf_view(&clean), whole.len));
        }
        assert_octets("text", buf_view(&whole), buf_view(&clean));
        national += e.shift.single || e.shift.locking;
        long_national += (e.shift.single || e.shift.locking) && e.parts > 1;
        replaced += e.translit != TRANSLIT_OFF;
        buf_free(&text);
        buf_free(&sent);
        buf_free(&whole);
        buf_free(&clean);
    }
    parts_free(&p);
    assert_true(national > 100 && replaced > 100 && long_national > 30);
}

/* --- conformance vectors --- */

static void vectors_national_segments(void **state)
{
    (void)state;
    FILE *f = vectors_open("gsm-segments.jsonl");
    int n = 0;
    for (json_t *j; (j = vectors_next(f)) != NULL; json_decref(j)) {
        if (!strstr(json_string_value(json_object_get(j, "encoding")), "national"))
            continue;
        uint8_t id = (uint8_t)json_integer_value(json_object_get(j, "nli"));
        struct strv text = json_view(json_object_get(j, "text"));
        json_int_t room = json_integer_value(json_object_get(j, "units_per_part"));
        struct shift tables[] = { { id, 0 }, { 0, id }, { id, id } };
        struct parts_options o = { .forced = true };
        /* the cheapest pair that has it all */
        for (size_t i = COUNT(tables); i-- > 0;) {
            if (brute_encodable(text, tables[i]))
                o.shift = tables[i];
        }
        struct parts_estimate e = parts_plan(text, &o);
        assert_int_equal(e.parts, json_integer_value(json_object_get(j, "parts")));
        assert_int_equal(e.units, json_integer_value(json_object_get(j, "units")));
        assert_int_equal(e.left, json_integer_value(json_object_get(j, "units_left")));
        assert_int_equal(parts_capacity_shifted(ALPHABET_GSM7, e.shift, PARTS_UDH8, true), room);
        n++;
    }
    fclose(f);
    assert_int_equal(n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fewest_parts_are_chosen),
        cmocka_unit_test(capacities_leave_room_for_the_header),
        cmocka_unit_test(fields_follow_the_mode),
        cmocka_unit_test(modes_have_names),
        cmocka_unit_test(packed_parts_begin_at_a_septet),
        cmocka_unit_test(a_preview_tells_what_is_sent),
        cmocka_unit_test(nothing_is_cheaper_than_what_is_chosen),
        cmocka_unit_test(parts_read_are_the_text),
        cmocka_unit_test(vectors_national_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
