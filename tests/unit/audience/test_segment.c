#include "audience_fixture.h"

#include "audience/segment.h"

static const struct segment_by BY = { FIXTURE_NOW, { "ada", 3 } };

static bool save(struct fixture *f, const char *name, const char *query, enum segment_save how, struct err *e)
{
    struct query_error qe;
    return segment_save(f->a, strv_from(name), strv_from(query), how, NULL, &BY, &qe, e);
}

static void must_save(struct fixture *f, const char *name, const char *query)
{
    struct err e = { 0 };
    if (!save(f, name, query, SEGMENT_PUT, &e)) {
        fail_msg("%s: %s", name, e.text);
    }
}

static bool put_segment(void *ctx, const struct segment *s)
{
    struct buf *b = ctx;
    return buf_printf(b, STRV_FMT ":%u%s{" STRV_FMT "}%llu;", STRV_ARG(s->name), s->version,
                      s->active ? "" : "-", STRV_ARG(s->query), (unsigned long long)s->count);
}

static void expect_list(struct fixture *f, const char *want)
{
    struct buf b = { 0 };
    struct audience_view *v = audience_view_begin(f->a, NULL);
    segment_each(v, put_segment, &b);
    audience_view_end(v);
    assert_string_equal(buf_cstr(&b), want);
    buf_free(&b);
}

static void segments_are_kept_with_versions(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    assert_true(save(f, "vips", "tags has \"VIP\"", SEGMENT_ADD, &e));
    assert_false(save(f, "vips", "tags has \"x\"", SEGMENT_ADD, &e));
    assert_int_equal(e.code, ERR_EXISTS);
    assert_false(save(f, "nobody", "tags has \"x\"", SEGMENT_CHANGE, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_true(save(f, "vips", "tags has \"VIP\"", SEGMENT_CHANGE, &e)); /* the same: no new version */
    must_save(f, "all", "msisdn is set");
    expect_list(f, "all:1{msisdn is set}0;vips:1{tags has \"VIP\"}0;");
    must_save(f, "vips", "tags has \"gold\"");
    audience_close(f->a);
    fixture_open(f);
    expect_list(f, "all:1{msisdn is set}0;vips:2{tags has \"gold\"}0;");
    assert_true(segment_delete(f->a, STRV("all"), &BY, &e));
    assert_false(segment_delete(f->a, STRV("vip"), &BY, &e));
    assert_string_equal(
        e.text,
        "there is no segment \"vip\"; did you mean \"vips\"? \"tessera segment list\" shows what there is");
    expect_list(f, "vips:2{tags has \"gold\"}0;");
}

static void what_cannot_be_evaluated_is_not_saved(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name, *query, *error;
        enum query_error_code code;
    } cases[] = {
        { "a", "gendr = \"f\"", "did you mean \"gender\"?", QUERY_E_UNKNOWN_FIELD },
        { "a", "count(purchas) > 1", "did you mean \"purchase\"?", QUERY_E_UNKNOWN_EVENT },
        { "a", "sum(purchase.amont) > 1", "did you mean \"amount\"?", QUERY_E_UNKNOWN_ATTRIBUTE },
        { "a", "in segment \"b\"", "b", QUERY_E_UNKNOWN_SEGMENT },
        { "a", "gender = 3", "", QUERY_E_SYNTAX },
        { "a", "gender > 3", "", QUERY_E_TYPE },
        { "a", "clock = \"x\"", "clock", QUERY_E_UNKNOWN_FIELD },
        { "a b", "gender = \"f\"", "a segment's name", QUERY_OK },
        { "", "gender = \"f\"", "a segment's name", QUERY_OK },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct query_error qe;
        struct err e = { 0 };
        bool ok = segment_save(f->a, strv_from(cases[i].name), strv_from(cases[i].query), SEGMENT_ADD, NULL,
                               &BY, &qe, &e);
        if (ok || !strstr(e.text, cases[i].error) ||
            (cases[i].code != QUERY_E_SYNTAX && qe.code != cases[i].code)) {
            fail_msg("case %zu: %s (%s)", i, e.text, query_error_name(qe.code));
        }
    }
    expect_list(f, "");
}

static void circles_are_refused(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    must_save(f, "a", "gender = \"f\"");
    must_save(f, "b", "in segment \"a\" and tier = \"gold\"");
    must_save(f, "c", "in segment \"b\" or in segment \"a\"");
    struct query_error qe;
    assert_false(segment_save(f->a, STRV("a"), STRV("in segment \"c\""), SEGMENT_CHANGE, NULL, &BY, &qe, &e));
    assert_int_equal(qe.code, QUERY_E_CYCLE);
    assert_false(
        segment_save(f->a, STRV("a"), STRV("not in segment \"a\""), SEGMENT_CHANGE, NULL, &BY, &qe, &e));
    assert_int_equal(qe.code, QUERY_E_CYCLE);
    assert_false(
        segment_save(f->a, STRV("new"), STRV("in segment \"new\""), SEGMENT_ADD, NULL, &BY, &qe, &e));
    must_save(f, "a", "gender = \"m\""); /* still free to change otherwise */
}

static void what_is_referred_to_stays(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    must_save(f, "a", "gender = \"f\"");
    must_save(f, "b", "not in segment \"a\"");
    assert_false(segment_delete(f->a, STRV("a"), &BY, &e));
    assert_int_equal(e.code, ERR_STATE);
    assert_string_equal(e.text, "the segment \"b\" refers to \"a\"");
    assert_false(segment_set_active(f->a, STRV("a"), false, &BY, &e));
    assert_true(segment_set_active(f->a, STRV("b"), false, &BY, &e));
    assert_true(segment_set_active(f->a, STRV("a"), false, &BY, &e)); /* only an inactive one refers to it */
    assert_false(segment_set_active(f->a, STRV("b"), true, &BY, &e));
    assert_string_equal(e.text, "it refers to \"a\", which is not active");
    assert_false(save(f, "c", "in segment \"a\"", SEGMENT_ADD, &e));
    struct audience_view *v = audience_view_begin(f->a, NULL);
    assert_null(segment_query_text(v, STRV("a")));
    audience_view_end(v);
    assert_true(segment_set_active(f->a, STRV("a"), true, &BY, &e));
    assert_true(segment_set_active(f->a, STRV("b"), true, &BY, &e));
    v = audience_view_begin(f->a, NULL);
    char *text = segment_query_text(v, STRV("b"));
    assert_string_equal(text, "not in segment \"a\"");
    free(text);
    audience_view_end(v);
    assert_true(segment_delete(f->a, STRV("b"), &BY, &e));
    assert_true(segment_delete(f->a, STRV("a"), &BY, &e));
}

static void counts_are_noted_for_their_version(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    must_save(f, "a", "gender = \"f\"");
    assert_true(segment_note_count(f->a, STRV("a"), 1, 5, 1234, 99, &e));
    expect_list(f, "a:1{gender = \"f\"}1234;");
    must_save(f, "a", "gender = \"m\"");
    assert_true(segment_note_count(f->a, STRV("a"), 1, 6, 77, 100, &e)); /* of a query that is no more */
    expect_list(f, "a:2{gender = \"m\"}1234;");
    assert_true(segment_note_count(f->a, STRV("gone"), 1, 6, 77, 100, &e));
    expect_list(f, "a:2{gender = \"m\"}1234;");
}

static bool put_version(void *ctx, const struct segment_version *v)
{
    return buf_printf(ctx, "%u %s " STRV_FMT " {" STRV_FMT "};", v->version, segment_event_name(v->what),
                      STRV_ARG(v->who), STRV_ARG(v->query));
}

static void expect_history(struct fixture *f, const char *name, const char *want)
{
    struct buf b = { 0 };
    struct audience_view *v = audience_view_begin(f->a, NULL);
    segment_history(v, strv_from(name), put_version, &b);
    audience_view_end(v);
    assert_string_equal(buf_cstr(&b), want);
    buf_free(&b);
}

static void every_change_has_a_row_and_outlives_the_segment(void **state)
{
    struct fixture *f = *state;
    struct err e = { 0 };
    const struct segment_by ben = { FIXTURE_NOW + 1, { "ben", 3 } };
    must_save(f, "a", "gender = \"f\"");
    must_save(f, "a-b", "gender = \"x\""); /* begins alike */
    must_save(f, "a", "gender = \"f\"");   /* no change */
    assert_true(segment_save(f->a, STRV("a"), STRV("gender = \"m\""), SEGMENT_PUT, NULL, &ben, NULL, &e));
    assert_true(segment_set_active(f->a, STRV("a"), false, &ben, &e));
    assert_true(segment_set_active(f->a, STRV("a"), false, &BY, &e)); /* no change */
    assert_true(segment_set_active(f->a, STRV("a"), true, &BY, &e));
    assert_true(segment_delete(f->a, STRV("a"), &ben, &e));
    audience_close(f->a);
    fixture_open(f);
    must_save(f, "a", "gender = \"f\"");
    expect_history(f, "a",
                   "1 added ada {gender = \"f\"};2 changed ben {gender = \"m\"};"
                   "2 deactivated ben {gender = \"m\"};2 activated ada {gender = \"m\"};"
                   "2 removed ben {};3 added ada {gender = \"f\"};");
    expect_history(f, "a-b", "1 added ada {gender = \"x\"};");
    expect_history(f, "b", "");
    expect_list(f, "a:3{gender = \"f\"}0;a-b:1{gender = \"x\"}0;");
}

static bool put_user(void *ctx, struct strv name)
{
    return buf_printf(ctx, STRV_FMT ";", STRV_ARG(name));
}

static void who_refers_to_a_segment_is_known(void **state)
{
    struct fixture *f = *state;
    must_save(f, "a", "gender = \"f\"");
    must_save(f, "b", "not in segment \"a\"");
    must_save(f, "c", "in segment \"b\" and in segment \"a\" and not in segment \"a\"");
    struct buf b = { 0 };
    struct audience_view *v = audience_view_begin(f->a, NULL);
    segment_users(v, STRV("a"), put_user, &b);
    buf_put_strv(&b, STRV("|"));
    segment_users(v, STRV("b"), put_user, &b);
    buf_put_strv(&b, STRV("|"));
    segment_users(v, STRV("c"), put_user, &b);
    audience_view_end(v);
    assert_string_equal(buf_cstr(&b), "b;c;|c;|");
    buf_free(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(segments_are_kept_with_versions),
        T(what_cannot_be_evaluated_is_not_saved),
        T(circles_are_refused),
        T(what_is_referred_to_stays),
        T(counts_are_noted_for_their_version),
        T(every_change_has_a_row_and_outlives_the_segment),
        T(who_refers_to_a_segment_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
