/* Errors and values as the API says them: doc/api.md's table of errors holds for every code there is. */
#include "api/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void every_code_has_the_documented_status(void **state)
{
    static const struct {
        enum err_code code;
        int status;
        const char *name;
    } CASES[] = {
        { ERR_NONE, 200, NULL },
        { ERR_INVALID, 400, "invalid" },
        { ERR_NOT_FOUND, 404, "not_found" },
        { ERR_EXISTS, 409, "exists" },
        { ERR_STATE, 409, "state" },
        { ERR_BUSY, 503, "busy" },
        { ERR_FULL, 507, "full" },
        { ERR_LIMIT, 422, "limit" },
        { ERR_CORRUPT, 500, "corrupt" },
        { ERR_VERSION, 500, "version" },
        { ERR_IO, 500, "io" },
        { ERR_NOMEM, 500, "internal" },
        { ERR_INTERNAL, 500, "internal" },
    };
    (void)state;
    assert_int_equal(sizeof CASES / sizeof CASES[0], ERR_INTERNAL + 1);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(CASES[i].code, i);
        assert_int_equal(reply_status(CASES[i].code), CASES[i].status);
        if (CASES[i].name != NULL) {
            assert_string_equal(reply_code(CASES[i].code), CASES[i].name);
        }
    }
}

static void assert_json(json_t *j, const char *text)
{
    char *got = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(got);
    assert_string_equal(got, text);
    free(got);
    json_decref(j);
}

static void error_bodies(void **state)
{
    (void)state;
    assert_json(reply_error("state", "it is \"done\""),
                "{\"error\":{\"code\":\"state\",\"message\":\"it is \\\"done\\\"\"}}");
    json_t *j = reply_error("invalid", "x");
    struct query_error qe = {
        .code = QUERY_E_UNKNOWN_FIELD, .line = 2, .column = 14, .found = "gendr", .suggestion = "gender"
    };
    reply_error_place(j, &qe);
    assert_json(j, "{\"error\":{\"code\":\"invalid\",\"message\":\"x\",\"kind\":\"unknown_field\",\"found\":"
                   "\"gendr\",\"line\":2,\"column\":14,"
                   "\"suggestion\":\"gender\"}}");
    j = reply_error("invalid", "x");
    qe = (struct query_error){ .code = QUERY_OK, .line = 2 };
    reply_error_place(j, &qe);
    assert_json(j, "{\"error\":{\"code\":\"invalid\",\"message\":\"x\"}}");
}

static void values(void **state)
{
    (void)state;
    assert_json(reply_text(STRV("caf\xc3\xa9")), "\"caf\xc3\xa9\"");
    assert_json(reply_text(STRV("a\xff z")), "\"a\xef\xbf\xbd z\""); /* a carrier's octets, made clean */
    assert_json(reply_text((struct strv){ 0 }), "\"\"");
    assert_json(reply_instant(0), "null");
    assert_json(reply_instant(USEC_NEVER), "null");
    assert_json(reply_instant(INT64_C(1795298400) * USEC_SEC), "\"2026-11-21T22:00:00Z\"");
    assert_json(reply_number(447700900123), "\"+447700900123\"");
    assert_json(reply_number(0), "null");
    assert_json(reply_id(UINT64_MAX), "\"18446744073709551615\"");
    assert_json(reply_u64(UINT64_MAX), "9223372036854775807");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_the_documented_status),
        cmocka_unit_test(error_bodies),
        cmocka_unit_test(values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
