/* The table of routes: complete against doc/api.md in both directions, a role for each, and its look-up. */
#include "api/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEN_MAX 256

static bool seen[SEEN_MAX]; /* routes the document has named */

static bool parse_method(const char *word, size_t n, enum http_method *out)
{
    for (enum http_method m = HTTP_GET; m <= HTTP_OPTIONS; m++) {
        if (strlen(http_method_name(m)) == n && strncmp(http_method_name(m), word, n) == 0) {
            *out = m;
            return true;
        }
    }
    return false;
}

static void must_exist(enum http_method m, const char *path)
{
    const struct route *r = NULL;
    struct strv params[ROUTE_MAX_PARAMS];
    char allow[ROUTE_ALLOW_SIZE];
    if (route_find(m, strv_from(path), &r, params, allow) != ROUTE_FOUND) {
        fail_msg("doc/api.md has %s %s, the table of routes has not", http_method_name(m), path);
        return;
    }
    for (size_t i = 0; i < route_count(); i++) {
        if (route_at(i) == r) {
            seen[i] = true;
        }
    }
}

/* "/v1/campaigns/NAME/start|pause": a path for each alternative of the last segment. */
static void must_exist_each(enum http_method m, const char *path)
{
    char base[256], one[512];
    const char *last = strrchr(path, '/');
    snprintf(base, sizeof base, "%.*s", (int)(last - path), path);
    char list[256];
    snprintf(list, sizeof list, "%s", last + 1);
    char *save = NULL;
    for (char *w = strtok_r(list, "|", &save); w != NULL; w = strtok_r(NULL, "|", &save)) {
        snprintf(one, sizeof one, "%s/%s", base, w);
        must_exist(m, one);
    }
}

/* Every `METHOD /path` of the document. */
static void read_document_line(const char *line)
{
    char path[256];
    const char *p = line;
    while ((p = strchr(p, '`')) != NULL) {
        const char *word = ++p;
        const char *end = strchr(word, '`');
        size_t n = strcspn(word, " `");
        enum http_method m;
        if (end == NULL) {
            return;
        }
        if (parse_method(word, n, &m) && word[n] == ' ' && word[n + 1] == '/') {
            size_t len = strcspn(word + n + 1, " ?[`");
            snprintf(path, sizeof path, "%.*s", (int)len, word + n + 1);
            must_exist_each(m, path);
        }
        p = end + 1;
    }
}

static void document_and_table_agree(void **state)
{
    (void)state;
    char file[1024], line[4096];
    const char *src = getenv("TESSERA_SRC");
    snprintf(file, sizeof file, "%s/doc/api.md", src != NULL ? src : ".");
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    bool inside = false; /* the general part before the first section has examples only */
    while (fgets(line, sizeof line, f) != NULL) {
        inside = inside || strncmp(line, "## ", 3) == 0;
        if (inside) {
            read_document_line(line);
        }
    }
    fclose(f);
    for (size_t i = 0; i < route_count(); i++) {
        if (!seen[i]) {
            fail_msg("%s %s is not in doc/api.md", http_method_name(route_at(i)->method),
                     route_at(i)->pattern);
        }
    }
}

static void every_route_has_role_and_handler(void **state)
{
    (void)state;
    assert_true(route_count() > 30);
    for (size_t i = 0; i < route_count(); i++) {
        const struct route *r = route_at(i);
        assert_non_null(r->handler);
        assert_non_null(r->query);
        if (strncmp(r->pattern, "/v1/", 4) == 0) {
            assert_true(r->role >= ROLE_READER);
        }
        if (r->method != HTTP_GET && strncmp(r->pattern, "/v1/segments:", 13) != 0 &&
            strcmp(r->pattern, "/v1/preview") != 0) {
            assert_true(r->role >= ROLE_OPERATOR); /* what changes something is not for readers */
        }
        for (size_t k = 0; k < i; k++) { /* no route hides another */
            assert_false(route_at(k)->method == r->method && strcmp(route_at(k)->pattern, r->pattern) == 0);
        }
    }
    assert_null(route_at(route_count()));
}

static void looks_up(void **state)
{
    static const struct {
        enum http_method m;
        const char *path;
        enum route_result result;
        const char *pattern_or_allow, *param;
    } CASES[] = {
        { HTTP_GET, "/healthz", ROUTE_FOUND, "/healthz", "" },
        { HTTP_HEAD, "/healthz", ROUTE_FOUND, "/healthz", "" },
        { HTTP_GET, "/v1/segments/lapsed-vips", ROUTE_FOUND, "/v1/segments/{name}", "lapsed-vips" },
        { HTTP_GET, "/v1/customers/+447700900123", ROUTE_FOUND, "/v1/customers/{number}", "+447700900123" },
        { HTTP_POST, "/v1/messages/17/cancel", ROUTE_FOUND, "/v1/messages/{id}/cancel", "17" },
        { HTTP_POST, "/v1/segments:evaluate", ROUTE_FOUND, "/v1/segments:evaluate", "" },
        { HTTP_GET, "/v1/segments:evaluate", ROUTE_NO_METHOD, "POST", "" },
        { HTTP_DELETE, "/v1/segments", ROUTE_NO_METHOD, "GET, HEAD", "" },
        { HTTP_PATCH, "/v1/segments/a", ROUTE_NO_METHOD, "PUT, GET, HEAD, DELETE", "" },
        { HTTP_OPTIONS, "/v1/messages", ROUTE_NO_METHOD, "POST, GET, HEAD", "" },
        { HTTP_GET, "/", ROUTE_NO_PATH, "", "" },
        { HTTP_GET, "/v1", ROUTE_NO_PATH, "", "" },
        { HTTP_GET, "/v2/status", ROUTE_NO_PATH, "", "" },
        { HTTP_GET, "/v1/segments/", ROUTE_NO_PATH, "", "" },
        { HTTP_GET, "/v1/segments/a/", ROUTE_NO_PATH, "", "" },
        { HTTP_GET, "/v1/segments/a/b", ROUTE_NO_PATH, "", "" },
        { HTTP_GET, "/v1/statuses", ROUTE_NO_PATH, "", "" },
        { HTTP_GET, "//v1/status", ROUTE_NO_PATH, "", "" },
        { HTTP_POST, "/v1/campaigns//start", ROUTE_NO_PATH, "", "" },
        { HTTP_GET, "/v1/campaigns/a/start", ROUTE_NO_METHOD, "POST", "" },
        { HTTP_POST, "/v1/campaigns/a/begin", ROUTE_NO_PATH, "", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct route *r = NULL;
        struct strv params[ROUTE_MAX_PARAMS] = { { 0 } };
        char allow[ROUTE_ALLOW_SIZE];
        enum route_result got = route_find(CASES[i].m, strv_from(CASES[i].path), &r, params, allow);
        if (got != CASES[i].result) {
            fail_msg("%s: %d", CASES[i].path, got);
        }
        if (got == ROUTE_FOUND) {
            assert_string_equal(r->pattern, CASES[i].pattern_or_allow);
            assert_true(strv_eq_c(params[0], CASES[i].param));
        } else {
            assert_string_equal(allow, CASES[i].pattern_or_allow);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_and_table_agree),
        cmocka_unit_test(every_route_has_role_and_handler),
        cmocka_unit_test(looks_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
