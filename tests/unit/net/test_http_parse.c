#include "net_test.h"

#include "net/http_parse.h"

static void the_end_of_the_head_is_found_wherever_the_search_was_interrupted(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
    size_t n = sizeof(text) - 1, end = n - 4;
    (void)state;
    for (size_t have = 0; have <= n; have++)
        for (size_t from = 0; from <= have && from < end; from++)
            assert_int_equal(http_head_end((const uint8_t *)text, have, from), have >= end ? end : 0);
    assert_int_equal(http_head_end((const uint8_t *)"\n\n\r\n\n\r", 6, 0), 0);
}

static int parse(const char *text, struct http_head *h, char *copy)
{
    const char *why = NULL;
    size_t n = strlen(text);
    memcpy(copy, text, n + 1);
    assert_int_equal(http_head_end((const uint8_t *)copy, n, 0), n);
    int status = http_parse_head(copy, n, h, &why);
    assert_true(status == 0 || why != NULL);
    return status;
}

static void a_request_is_taken_apart(void **state)
{
    char copy[1024];
    struct http_head h;
    (void)state;
    assert_int_equal(
        parse("POST /v1/customers/%2B4915%C3%A4/x?limit=10&q=a%20b+c%26d&flag&e=&&q=2 HTTP/1.1\r\n"
              "Host: localhost\r\nCONTENT-length:   42  \r\nX-Empty:\r\n"
              "Authorization: Bearer a:b\r\n\r\n",
              &h, copy),
        0);
    assert_int_equal(h.method, HTTP_POST);
    assert_true(strv_eq_c(h.path, "/v1/customers/+4915\xc3\xa4/x"));
    assert_int_equal(h.path.p[h.path.n], 0);
    assert_int_equal(h.param_count, 5);
    static const char *const params[][2] = {
        { "limit", "10" }, { "q", "a b c&d" }, { "flag", "" }, { "e", "" }, { "q", "2" }
    };
    for (size_t i = 0; i < 5; i++) {
        assert_true(strv_eq_c(h.params[i].name, params[i][0]));
        assert_true(strv_eq_c(h.params[i].value, params[i][1]));
    }
    assert_int_equal(h.header_count, 4);
    assert_true(strv_eq_c(h.headers[2].value, ""));
    assert_true(strv_eq_c(h.headers[3].value, "Bearer a:b"));
    assert_int_equal(h.content_length, 42);
    assert_true(h.keep_alive);
    assert_false(h.chunked);
}

static void heads_are_accepted_or_refused(void **state)
{
#define HOST "Host: a\r\n"
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        { "GET / HTTP/1.1\r\n" HOST "\r\n", 0 },
        { "GET / HTTP/1.0\r\n\r\n", 0 },
        { "GET http://a.example:80/x?y=1 HTTP/1.1\r\n" HOST "\r\n", 0 },
        { "GET /a//b HTTP/1.1\r\n" HOST "\r\n", 0 },
        { "GET /..a/b.. HTTP/1.1\r\n" HOST "\r\n", 0 },
        { "GET /?x=../y HTTP/1.1\r\n" HOST "\r\n", 0 },
        { "GET / HTTP/1.1\r\n\r\n", 400 },              /* no Host */
        { "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400 }, /* two */
        { "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET / HTTP/1.1 \r\n" HOST "\r\n", 400 },
        { "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET HTTP/1.1\r\n" HOST "\r\n", 400 },
        { " GET / HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET a HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET http:// HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET http://a HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /#f HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /../etc HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /a/%2e%2E/b HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /a/. HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /a%2fb HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /a%00b HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /a%2 HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /a% HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /a%gg HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /?a=%00 HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "GET /?a=%1 HTTP/1.1\r\n" HOST "\r\n", 400 },
        { "BREW / HTTP/1.1\r\n" HOST "\r\n", 501 },
        { "get / HTTP/1.1\r\n" HOST "\r\n", 501 },
        { "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
        { "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
        { "GET / XTTP/1.1\r\n" HOST "\r\n", 400 },
        { "\x16\x03\x01\x02 aaaaaaaaaa\r\n\r\n", 400 },
        { "GET / HTTP/1.1\n" HOST "\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "X: a\nY: b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501 },
        { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n", 417 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char copy[512];
        struct http_head h;
        int status = parse(cases[i].text, &h, copy);
        if (status != cases[i].status)
            fail_msg("case %zu: %d, not %d: %s", i, status, cases[i].status, cases[i].text);
    }
}

static void keep_alive_follows_version_and_header(void **state)
{
    static const struct {
        const char *text;
        bool keep;
    } cases[] = {
        { "GET / HTTP/1.1\r\n" HOST "\r\n", true },
        { "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false },
        { "GET / HTTP/1.1\r\n" HOST "Connection: x, Close\r\n\r\n", false },
        { "GET / HTTP/1.0\r\n\r\n", false },
        { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char copy[512];
        struct http_head h;
        assert_int_equal(parse(cases[i].text, &h, copy), 0);
        assert_int_equal(h.keep_alive, cases[i].keep);
    }
}

static void headers_and_parameters_are_counted(void **state)
{
    char text[8192] = "GET / HTTP/1.1\r\nHost: a\r\n", copy[8192];
    struct http_head h;
    (void)state;
    for (int i = 0; i < HTTP_MAX_HEADERS; i++)
        strcat(text, "X: y\r\n");
    strcat(text, "\r\n");
    assert_int_equal(parse(text, &h, copy), 431);
    strcpy(text, "GET /?");
    for (int i = 0; i <= HTTP_MAX_PARAMS; i++)
        strcat(text, "a=b&");
    strcat(text, " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(parse(text, &h, copy), 400);
}

static void chunks_are_joined_however_they_are_cut(void **state)
{
    static const char text[] =
        "5\r\nhello\r\n1;name=\"v\"\r\n \r\n00A\r\nworld12345\r\n0\r\nTrailer: x\r\n\r\nNEXT";
    size_t n = sizeof(text) - 1, body_n = n - 4;
    (void)state;
    for (size_t cut = 0; cut <= body_n; cut++) {
        struct http_chunks c = { 0 };
        struct buf out = { 0 };
        int status;
        assert_int_equal(http_chunks_feed(&c, (const uint8_t *)text, cut, &out, 100, &status), cut);
        assert_int_equal(status, 0);
        assert_int_equal(http_chunks_feed(&c, (const uint8_t *)text + cut, n - cut, &out, 100, &status),
                         body_n - cut);
        assert_int_equal(status, 0);
        assert_int_equal(c.state, HTTP_CHUNK_DONE);
        assert_int_equal(out.len, 16);
        assert_memory_equal(out.data, "hello world12345", 16);
        buf_free(&out);
    }
}

static void malformed_or_too_many_chunks_are_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        { "\r\n", 400 },
        { "g\r\n", 400 },
        { "-1\r\n", 400 },
        { "5\nhello", 400 },
        { "5;ext\nhello", 400 },
        { "2\r\nabc\r\n", 400 },
        { "0\r\nX: y\n", 400 },
        { "B\r\n", 413 },
        { "5\r\nhello\r\n6\r\n", 413 },
        { "1000000000000000\r\n", 413 },
        { "FFFFFFFFFFFFFFFF\r\n", 413 },
        { "A\r\n0123456789\r\n0\r\n\r\n", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct http_chunks c = { 0 };
        struct buf out = { 0 };
        int status;
        http_chunks_feed(&c, (const uint8_t *)cases[i].text, strlen(cases[i].text), &out, 10, &status);
        if (status != cases[i].status)
            fail_msg("case %zu: %d, not %d", i, status, cases[i].status);
        buf_free(&out);
    }
    /* an extension without end */
    struct http_chunks c = { 0 };
    struct buf out = { 0 };
    int status = 0;
    http_chunks_feed(&c, (const uint8_t *)"1;", 2, &out, 10, &status);
    for (int i = 0; i < 100 && !status; i++) {
        uint8_t junk[1000];
        memset(junk, 'x', sizeof(junk));
        http_chunks_feed(&c, junk, sizeof(junk), &out, 10, &status);
    }
    assert_int_equal(status, 400);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_the_head_is_found_wherever_the_search_was_interrupted),
        cmocka_unit_test(a_request_is_taken_apart),
        cmocka_unit_test(heads_are_accepted_or_refused),
        cmocka_unit_test(keep_alive_follows_version_and_header),
        cmocka_unit_test(headers_and_parameters_are_counted),
        cmocka_unit_test(chunks_are_joined_however_they_are_cut),
        cmocka_unit_test(malformed_or_too_many_chunks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
