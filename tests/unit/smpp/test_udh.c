#include "support.h"

#include "smpp/udh.h"

static void concatenation_headers_go_both_ways(void **state)
{
    (void)state;
    uint8_t out[7];
    struct udh u;
    assert_int_equal(udh_write_concat(out, 8, 0x1cc, 4, 2), 6);
    assert_memory_equal(out, "\x05\x00\x03\xcc\x04\x02", 6);
    assert_true(udh_read((struct strv){ (char *)out, 6 }, &u));
    assert_int_equal(u.concat_bits, 8);
    assert_int_equal(u.concat_ref, 0xcc);
    assert_int_equal(u.concat_total, 4);
    assert_int_equal(u.concat_seq, 2);

    assert_int_equal(udh_write_concat(out, 16, 0x1cc, 255, 255), 7);
    assert_memory_equal(out, "\x06\x08\x04\x01\xcc\xff\xff", 7);
    assert_true(udh_read((struct strv){ (char *)out, 7 }, &u));
    assert_int_equal(u.concat_bits, 16);
    assert_int_equal(u.concat_ref, 0x1cc);
    assert_int_equal(u.data.n, 0);
}

static void odd_headers_are_read_as_far_as_they_go(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool ok;
        unsigned bits, ref, data, single, locking, port;
    } cases[] = {
        { "", false, 0, 0, 0, 0, 0, 0 },
        { "05", false, 0, 0, 1, 0, 0, 0 },                      /* the header is longer than the message */
        { "050003aa0200", true, 0, 0, 0, 0, 0, 0 },             /* part 0 of 2 */
        { "050003aa0203", true, 0, 0, 0, 0, 0, 0 },             /* part 3 of 2 */
        { "050003aa0001", true, 0, 0, 0, 0, 0, 0 },             /* part 1 of 0 */
        { "0500ffaa0201", true, 0, 0, 0, 0, 0, 0 },             /* an element that runs past the header */
        { "010041", true, 0, 0, 1, 0, 0, 0 },                   /* half an element */
        { "0324010341", true, 0, 0, 1, 3, 0, 0 },               /* single shift, Portuguese */
        { "0625010324010241", true, 0, 0, 1, 2, 3, 0 },         /* locking and single shift */
        { "0a0003010201000302020241", true, 8, 2, 1, 0, 0, 0 }, /* the last of two equal elements counts */
        { "040402171842", true, 0, 0, 1, 0, 0, 0x17 },          /* 8-bit ports */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct octets o = octets_from_hex(strv_from(cases[i].hex));
        struct udh u;
        assert_int_equal(udh_read(octets_view(o), &u), cases[i].ok);
        assert_int_equal(u.concat_bits, cases[i].bits);
        assert_int_equal(u.concat_ref, cases[i].ref);
        assert_int_equal(u.data.n, cases[i].data);
        assert_int_equal(u.national_single, cases[i].single);
        assert_int_equal(u.national_locking, cases[i].locking);
        assert_int_equal(u.port_dst, cases[i].port);
        free(o.p);
    }
}

static int64_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static void conformance_vectors(void **state)
{
    (void)state;
    FILE *f = vectors_open("udh.jsonl");
    int n = 0;
    for (json_t *j; (j = vectors_next(f)) != NULL; n++) {
        struct octets o = octets_from_hex(json_view(json_object_get(j, "hex")));
        struct udh u;
        const json_t *data = json_object_get(j, "user_data");
        bool ok = udh_read(octets_view(o), &u);
        assert_int_equal(ok, !json_is_null(data));
        if (json_is_string(data)) {
            struct octets want = octets_from_hex(json_view(data));
            assert_octets("user data", u.data, octets_view(want));
            free(want.p);
        }
        const json_t *concat = json_object_get(j, "concat"), *ports = json_object_get(j, "ports");
        assert_int_equal(u.concat_bits, number(concat, "bits"));
        assert_int_equal(u.concat_ref, number(concat, "ref"));
        assert_int_equal(u.concat_total, number(concat, "total"));
        assert_int_equal(u.concat_seq, number(concat, "seq"));
        assert_int_equal(u.port_dst, number(ports, "dst"));
        assert_int_equal(u.port_src, number(ports, "src"));
        free(o.p);
        json_decref(j);
    }
    fclose(f);
    assert_true(n >= 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concatenation_headers_go_both_ways),
        cmocka_unit_test(odd_headers_are_read_as_far_as_they_go),
        cmocka_unit_test(conformance_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
