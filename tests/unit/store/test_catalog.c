#include "audience_store.h"

#include "store/documents.h"
#include "store/env.h"
#include "store/members.h"

static void numbers_survive_a_commit_and_a_reopen(void **state)
{
    struct scratch *s = *state;
    scratch_begin(s, true);
    assert_int_equal(catalog_number(s->txn, CATALOG_FEED_SEQ), 0);
    catalog_set_number(s->txn, CATALOG_FEED_SEQ, 77);
    assert_int_equal(catalog_number(s->txn, CATALOG_FEED_SEQ), 77);
    scratch_commit(s);
    scratch_reopen(s);
    scratch_begin(s, false);
    assert_int_equal(catalog_number(s->txn, CATALOG_FEED_SEQ), 77);
}

static void an_aborted_transaction_leaves_nothing(void **state)
{
    struct scratch *s = *state;
    scratch_begin(s, true);
    catalog_set_number(s->txn, CATALOG_CHANGE, 5);
    document_put(s->txn, DOCUMENT_SEGMENT, STRV("a"), STRV("b"));
    scratch_end(s);
    struct strv v;
    scratch_begin(s, false);
    assert_int_equal(catalog_number(s->txn, CATALOG_CHANGE), 0);
    assert_false(document_get(s->txn, DOCUMENT_SEGMENT, STRV("a"), &v));
}

static void a_store_in_use_is_refused(void **state)
{
    struct scratch *s = *state;
    struct err e = { 0 };
    const struct catalog_options o = { .dir = s->dir };
    assert_null(catalog_open(&o, &e));
    assert_int_equal(e.code, ERR_EXISTS);
}

static void the_store_of_somebody_else_is_refused(void **state)
{
    struct scratch *s = *state;
    static const char *const tables[] = { "x" };
    struct err e = { 0 };
    const struct env_options other = {
        .dir = s->dir,
        .name = "audience",
        .format = "something-else",
        .version = 1,
        .map_size = 1 << 20,
        .tables = tables,
        .n_tables = 1,
    };
    const struct catalog_options o = { .dir = s->dir };
    catalog_close(s->catalog);
    s->catalog = NULL;
    scratch_remove(s->dir);
    struct env *env = env_open(&other, &e);
    assert_non_null(env);
    env_close(env);
    assert_null(catalog_open(&o, &e));
    assert_int_equal(e.code, ERR_CORRUPT);
}

static void a_store_of_another_version_is_refused_with_what_to_do(void **state)
{
    struct scratch *s = *state;
    static const char *const tables[] = { "schema" };
    struct err e = { 0 };
    const struct env_options before = { .dir = s->dir,
                                        .name = "audience",
                                        .format = "tessera-audience",
                                        .version = 1,
                                        .map_size = 1 << 20,
                                        .tables = tables,
                                        .n_tables = 1 };
    const struct catalog_options o = { .dir = s->dir };
    catalog_close(s->catalog);
    s->catalog = NULL;
    scratch_remove(s->dir);
    env_close(env_open(&before, &e));
    assert_null(catalog_open(&o, &e));
    assert_int_equal(e.code, ERR_VERSION);
    assert_non_null(strstr(e.text, "format version 1"));
    assert_non_null(strstr(e.text, "import anew (spool.mdb stays)"));
}

static bool gather(void *ctx, struct strv name, struct strv value)
{
    char *out = ctx;
    sprintf(out + strlen(out), STRV_FMT "=" STRV_FMT ";", STRV_ARG(name), STRV_ARG(value));
    return true;
}

static void documents_are_kept_by_kind_and_name(void **state)
{
    struct scratch *s = *state;
    char list[100] = "", longest[DOCUMENT_MAX_NAME + 1];
    memset(longest, 'n', sizeof(longest));
    scratch_begin(s, true);
    document_put(s->txn, DOCUMENT_SEGMENT, STRV("b"), STRV("2"));
    document_put(s->txn, DOCUMENT_SEGMENT, STRV("a"), STRV("1"));
    document_put(s->txn, DOCUMENT_IMPORT, STRV("a"), STRV("other"));
    document_put(s->txn, DOCUMENT_SEGMENT, STRV("c"), STRV("3"));
    assert_true(document_delete(s->txn, DOCUMENT_SEGMENT, STRV("c")));
    assert_false(document_delete(s->txn, DOCUMENT_SEGMENT, STRV("c")));
    document_each(s->txn, DOCUMENT_SEGMENT, gather, list);
    assert_string_equal(list, "a=1;b=2;");
    assert_false(
        document_put(s->txn, DOCUMENT_SEGMENT, (struct strv){ longest, sizeof(longest) }, STRV("x")));
    struct err e = { 0 };
    assert_false(catalog_ok(s->txn, &e)); /* it sticks */
    assert_int_equal(e.code, ERR_LIMIT);
}

static bool gather_members(void *ctx, uint32_t code, uint16_t container, struct strv octets)
{
    char *out = ctx;
    sprintf(out + strlen(out), "%u/%u=" STRV_FMT ";", code, container, STRV_ARG(octets));
    return true;
}

static void containers_are_kept_by_field_code_and_number(void **state)
{
    struct scratch *s = *state;
    char one[100] = "", all[100] = "";
    struct strv v;
    scratch_begin(s, true);
    members_put(s->txn, 7, 2, 300, STRV("c"));
    members_put(s->txn, 7, 2, 1, STRV("b"));
    members_put(s->txn, 7, 1, 65535, STRV("a"));
    members_put(s->txn, 8, 2, 1, STRV("d"));
    members_put(s->txn, 7, 2, 5, STRV("e"));
    members_put(s->txn, 7, 2, 5, strv_from(NULL));
    assert_false(members_get(s->txn, 7, 2, 5, &v));
    assert_true(members_get(s->txn, 7, 2, 300, &v));
    assert_true(strv_eq_c(v, "c"));
    members_each(s->txn, 7, 2, gather_members, one);
    assert_string_equal(one, "2/1=b;2/300=c;");
    members_each_code(s->txn, 7, gather_members, all);
    assert_string_equal(all, "1/65535=a;2/1=b;2/300=c;");
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(numbers_survive_a_commit_and_a_reopen),
        T(an_aborted_transaction_leaves_nothing),
        T(a_store_in_use_is_refused),
        T(a_store_of_another_version_is_refused_with_what_to_do),
        T(the_store_of_somebody_else_is_refused),
        T(documents_are_kept_by_kind_and_name),
        T(containers_are_kept_by_field_code_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
