/* Customers changed one by one: what becomes of each request, and that truth, index and history say the same.
 */
#include "audience_fixture.h"

#include "audience/amend.h"
#include "audience/stages.h"

#define ANN UINT64_C(447700900001)
#define BOB UINT64_C(447700900002)

static void given_customers(struct fixture *f)
{
    struct err e = { 0 };
    assert_true(fixture_customers(f,
                                  "shoe=shoe:number(1),since=since:date,pets=pets:bool,shop=shop:place,"
                                  "likes=likes:set,stage=stage:text",
                                  "phone,tier,shoe,since,pets,shop,likes,tags,stage\n"
                                  "+447700900001,gold,42.5,2026-01-02,yes,\"52.5,13.4\",golf,VIP;new,lead\n"
                                  "+447700900002,,,,,,,,\n"));
    assert_true(audience_set_transitions(f->a, STRV("stage"), STRV("lead>prospect, *>lost"), &e));
}

static void note_change(void *ctx, struct catalog_txn *t, const struct schema_field *f,
                        const struct customer_value *before, const struct customer_value *after)
{
    struct buf *b = ctx;
    const struct customer_value *both[] = { before, after };
    buf_printf(b, STRV_FMT ":", STRV_ARG(f->name));
    for (size_t i = 0; i < 2; i++) {
        struct strv text;
        buf_printf(b, "%s", i ? ">" : "");
        for (size_t k = 0; both[i] && k < both[i]->n_codes; k++) {
            assert_true(dict_text(t, f->id, both[i]->codes[k], &text));
            buf_printf(b, STRV_FMT "|", STRV_ARG(text));
        }
        if (both[i] && f->type != SCHEMA_SET) {
            audience_value_text(t, f, both[i], b);
        }
    }
    buf_printf(b, ";");
}

static struct buf told;

/* When one request is made; its outcome. */
static struct amend_request amend(struct fixture *f, uint64_t msisdn, bool create,
                                  const struct amend_field *fields, size_t n)
{
    const struct amend_options o = { .now = FIXTURE_NOW + 1000000, .told = note_change };
    struct amend_request q = { .msisdn = msisdn, .create = create, .fields = fields, .n = n, .ctx = &told };
    struct err e = { 0 };
    buf_clear(&told);
    if (!amend_customers(f->a, &o, &q, 1, &e)) {
        fail_msg("%s", e.text);
    }
    return q;
}

static void values_are_set_emptied_and_edited(void **state)
{
    static const struct {
        struct amend_field field;
        const char *told;
    } cases[] = {
        { { .name = STRV("tier"), .what = AMEND_VALUE, .value = STRV(" platinum ") }, "tier:gold>platinum;" },
        { { .name = STRV("shoe"), .what = AMEND_VALUE, .value = STRV("41") }, "shoe:42.5>41;" },
        { { .name = STRV("since"), .what = AMEND_VALUE, .value = STRV("2026-02-03") },
          "since:2026-01-02>2026-02-03;" },
        { { .name = STRV("pets"), .what = AMEND_VALUE, .value = STRV("no") }, "pets:yes>no;" },
        { { .name = STRV("shop"), .what = AMEND_UNSET }, "shop:52.5,13.4>;" },
        { { .name = STRV("tags"),
            .what = AMEND_EDIT,
            .add = STRV("\037a,b\037vip"),
            .remove = STRV("\037NEW\037none") },
          "tags:VIP|new|>VIP|a,b|;" },
        { { .name = STRV("likes"), .what = AMEND_VALUE, .value = STRV("tennis; chess") },
          "likes:golf|>tennis|chess|;" },
        { { .name = STRV("likes"), .what = AMEND_LIST, .value = STRV("\037golf") },
          "likes:tennis|chess|>golf|;" },
        { { .name = STRV("likes"), .what = AMEND_EDIT, .remove = STRV("\037golf") }, "likes:golf|>;" },
        { { .name = STRV("tags"), .what = AMEND_LIST }, "tags:VIP|a,b|>;" },
        { { .name = STRV("stage"), .what = AMEND_VALUE, .value = STRV("Prospect") }, "stage:lead>Prospect;" },
        { { .name = STRV("stage"), .what = AMEND_UNSET }, "stage:Prospect>;" },
    };
    struct fixture *f = *state;
    given_customers(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct amend_request q = amend(f, ANN, false, &cases[i].field, 1);
        assert_string_equal(q.err.text, "");
        assert_true(q.changed && !q.created);
        assert_string_equal(buf_cstr(&told), cases[i].told);
        /* again it changes nothing */
        if (cases[i].field.what != AMEND_VALUE || i < 4) {
            assert_false(amend(f, ANN, false, &cases[i].field, 1).changed);
        }
        fixture_verify(f);
    }
    assert_string_equal(fixture_show(f, ANN).s, "msisdn=+447700900001;created=2023-11-14;tier=platinum;"
                                                "shoe=41;since=2026-02-03;pets=no;");
    assert_string_equal(fixture_show(f, BOB).s, "msisdn=+447700900002;created=2023-11-14;");
}

static void what_cannot_be_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        uint64_t msisdn;
        struct amend_field field;
        enum err_code code;
        const char *text;
    } cases[] = {
        { 1,
          { .name = STRV("tier"), .what = AMEND_VALUE, .value = STRV("x") },
          ERR_NOT_FOUND,
          "no customer has this number: \"create\" makes it one" },
        { ANN,
          { .name = STRV("teir"), .what = AMEND_VALUE, .value = STRV("x") },
          ERR_NOT_FOUND,
          "there is no field \"teir\"; did you mean \"tier\"? \"tessera field list\" shows what there is" },
        { ANN,
          { .name = STRV("zzzzzz"), .what = AMEND_UNSET },
          ERR_NOT_FOUND,
          "there is no field \"zzzzzz\"; \"tessera field list\" shows what there is" },
        { ANN,
          { .name = STRV("msisdn"), .what = AMEND_VALUE, .value = STRV("1") },
          ERR_INVALID,
          "\"msisdn\" is who the customer is: it cannot be changed" },
        { ANN,
          { .name = STRV("created"), .what = AMEND_UNSET },
          ERR_INVALID,
          "\"created\" is kept by the gateway and cannot be set" },
        { ANN,
          { .name = STRV("shoe"), .what = AMEND_VALUE, .value = STRV("big") },
          ERR_INVALID,
          "shoe (number(1)): not a number with at most 1 digits after the point: \"big\"" },
        { ANN,
          { .name = STRV("since"), .what = AMEND_VALUE, .value = STRV("soon") },
          ERR_INVALID,
          "since (date): not a date (2026-11-21): \"soon\"" },
        { ANN,
          { .name = STRV("pets"), .what = AMEND_VALUE, .value = STRV("2") },
          ERR_INVALID,
          "pets (yes/no): not yes or no: \"2\"" },
        { ANN,
          { .name = STRV("shop"), .what = AMEND_VALUE, .value = STRV("here") },
          ERR_INVALID,
          "shop (place): not a place (latitude,longitude in degrees): \"here\"" },
        { ANN,
          { .name = STRV("tier"), .what = AMEND_LIST, .value = STRV("\037a") },
          ERR_INVALID,
          "\"tier\" is no set (text): it has one value" },
        { ANN,
          { .name = STRV("tier"), .what = AMEND_EDIT, .add = STRV("\037a") },
          ERR_INVALID,
          "\"tier\" is no set (text): it has one value" },
        { ANN,
          { .name = STRV("stage"), .what = AMEND_VALUE, .value = STRV("banana") },
          ERR_STATE,
          "stage: \"banana\" is none of: lead, prospect, lost" },
    };
    struct fixture *f = *state;
    given_customers(f);
    struct fixture_text before = fixture_show(f, ANN);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct amend_field fields[] = {
            { .name = STRV("pets"), .what = AMEND_VALUE, .value = STRV("no") }, /* which could be done */
            cases[i].field,
        };
        bool same = strv_eq(fields[0].name, fields[1].name);
        struct amend_request q = amend(f, cases[i].msisdn, false, fields + same, 2 - same);
        assert_string_equal(q.err.text, cases[i].text);
        assert_int_equal(q.err.code, cases[i].code);
        assert_false(q.changed);
        assert_string_equal(fixture_show(f, ANN).s, before.s);
    }
    const struct amend_field twice[] = { { .name = STRV("tier"), .what = AMEND_UNSET },
                                         { .name = STRV("tier"), .what = AMEND_UNSET } };
    assert_string_equal(amend(f, ANN, false, twice, 2).err.text, "\"tier\" is said twice");
    fixture_verify(f);
}

static void a_set_holds_a_thousand(void **state)
{
    struct fixture *f = *state;
    struct buf members = { 0 };
    given_customers(f);
    for (int i = 0; i < IMPORT_MAX_MEMBERS - 2; i++) {
        buf_printf(&members, "%cm%d", IMPORT_MEMBER, i);
    }
    struct amend_field field = { .name = STRV("tags"),
                                 .what = AMEND_EDIT,
                                 .add = { (const char *)members.data, members.len } };
    assert_true(amend(f, ANN, false, &field, 1).changed); /* with the two there were */
    field.add = STRV("\037one more");
    struct amend_request q = amend(f, ANN, false, &field, 1);
    assert_int_equal(q.err.code, ERR_LIMIT);
    assert_string_equal(q.err.text, "tags (set): more than 1000 members");
    field.remove = STRV("\037m5");
    assert_true(amend(f, ANN, false, &field, 1).changed);
    fixture_verify(f);
    buf_free(&members);
}

/* Requests of one transaction: each sees what those before it did, a refused one does not touch the others.
 */
static void requests_together_are_one_transaction(void **state)
{
    static const struct amend_field lead = { .name = STRV("stage"),
                                             .what = AMEND_VALUE,
                                             .value = STRV("lead") },
                                    prospect = { .name = STRV("stage"),
                                                 .what = AMEND_VALUE,
                                                 .value = STRV("prospect") },
                                    bad = { .name = STRV("shoe"), .what = AMEND_VALUE, .value = STRV("x") },
                                    none = { .name = STRV("tier"), .what = AMEND_UNSET };
    struct fixture *f = *state;
    struct err e = { 0 };
    given_customers(f);
    struct amend_request list[] = {
        { .msisdn = 4915112345678, .create = true, .fields = &lead, .n = 1 },
        { .msisdn = 4915112345678, .fields = &bad, .n = 1 },
        { .msisdn = 4915112345678, .create = true, .fields = &prospect, .n = 1 },
        { .msisdn = 4915112345679, .fields = &lead, .n = 1 },
        { .msisdn = BOB, .fields = &lead, .n = 1 },
        { .msisdn = 4915112345680, .create = true, .fields = &none, .n = 1 },
        { .msisdn = 4915112345681, .create = true, .fields = &bad, .n = 1 },
    };
    const enum err_code codes[] = { 0, ERR_INVALID, 0, ERR_NOT_FOUND, 0, 0, ERR_INVALID };
    const struct amend_options o = { .now = FIXTURE_NOW };
    struct audience_view *v = audience_view_begin(f->a, &e);
    uint64_t change = v->change;
    audience_view_end(v);
    assert_true(amend_customers(f->a, &o, list, 7, &e));
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(list[i].err.code, codes[i]);
        assert_int_equal(list[i].changed, codes[i] == 0);
    }
    assert_true(list[0].created && !list[2].created && list[5].created);
    v = audience_view_begin(f->a, &e);
    assert_int_equal(v->change, change + 1);
    assert_int_equal(audience_count(v), 4);
    audience_view_end(v);
    assert_string_equal(fixture_show(f, 4915112345678).s,
                        "msisdn=+4915112345678;created=2023-11-14;stage=prospect;");
    assert_string_equal(fixture_show(f, 4915112345681).s, "");
    fixture_verify(f);
    /* nothing to do is no change */
    struct amend_request again = { .msisdn = BOB, .fields = &lead, .n = 1 };
    assert_true(amend_customers(f->a, &o, &again, 1, &e));
    assert_false(again.changed);
    v = audience_view_begin(f->a, &e);
    assert_int_equal(v->change, change + 1);
    audience_view_end(v);
    audience_close(f->a);
    fixture_open(f);
    fixture_verify(f);
}

static bool put_event(void *ctx, const struct audience_event *ev)
{
    for (size_t i = 0; i < ev->n; i++) {
        buf_printf(ctx, STRV_FMT "=" STRV_FMT " ", STRV_ARG(ev->attributes[i]->name), STRV_ARG(ev->texts[i]));
    }
    return buf_printf(ctx, ";");
}

static void steps_are_kept_as_imports_keep_them(void **state)
{
    static const struct amend_field steps[] = {
        { .name = STRV("stage"), .what = AMEND_VALUE, .value = STRV("prospect") },
        { .name = STRV("stage"),
          .what = AMEND_VALUE,
          .value = STRV("Prospect") }, /* other letters: no step */
        { .name = STRV("stage"), .what = AMEND_VALUE, .value = STRV("lost") },
        { .name = STRV("stage"), .what = AMEND_UNSET },
    };
    struct fixture *f = *state;
    struct err e = { 0 };
    struct buf b = { 0 };
    given_customers(f);
    for (size_t i = 0; i < 4; i++) {
        assert_true(amend(f, ANN, false, &steps[i], 1).changed);
    }
    struct audience_view *v = audience_view_begin(f->a, &e);
    assert_true(audience_customer_events(v, 0, put_event, &b, &e));
    audience_view_end(v);
    assert_string_equal(buf_cstr(&b), "field=stage from=lead to=prospect ;field=stage from=Prospect to=lost ;"
                                      "field=stage from=lost ;");
    buf_free(&b);
    fixture_verify(f);
}

static uint32_t code_of(struct fixture *f, const char *field, const char *text)
{
    struct err e = { 0 };
    struct audience_view *v = audience_view_begin(f->a, &e);
    const struct schema_field *x = schema_find_field(v->schema, strv_from(field));
    uint32_t code = dict_find(v->txn, x->id, strv_from(text));
    audience_view_end(v);
    return code;
}

/* What customers had before is in no dictionary when it has been swept; what somebody has stays. */
static void texts_that_nobody_has_are_forgotten(void **state)
{
    static const struct {
        const char *field, *text;
        bool stays;
    } texts[] = {
        { "tier", "gold", false }, { "tier", "silver", true }, { "tags", "VIP", false },
        { "tags", "new", true },   { "likes", "golf", true },  { "stage", "lead", true },
    };
    static const struct amend_field changes[] = {
        { .name = STRV("tier"), .what = AMEND_VALUE, .value = STRV("silver") },
        { .name = STRV("tags"), .what = AMEND_EDIT, .remove = STRV("\037vip") },
    };
    struct fixture *f = *state;
    struct err e = { 0 };
    given_customers(f);
    assert_true(amend(f, ANN, false, changes, 2).changed);
    uint32_t before = code_of(f, "tier", "gold");
    assert_true(before);
    assert_true(audience_forget_unused(f->a, &e));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(code_of(f, texts[i].field, texts[i].text) != 0, texts[i].stays);
    }
    fixture_verify(f);
    /* it may come again, as another */
    const struct amend_field again = { .name = STRV("tier"), .what = AMEND_VALUE, .value = STRV("Gold") };
    assert_true(amend(f, BOB, false, &again, 1).changed);
    assert_true(code_of(f, "tier", "gold") > before);
    assert_true(audience_forget_unused(f->a, &e));
    fixture_verify(f);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(values_are_set_emptied_and_edited),
        T(what_cannot_be_is_refused_and_changes_nothing),
        T(a_set_holds_a_thousand),
        T(requests_together_are_one_transaction),
        T(steps_are_kept_as_imports_keep_them),
        T(texts_that_nobody_has_are_forgotten),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_free(&told);
    return failed;
}
