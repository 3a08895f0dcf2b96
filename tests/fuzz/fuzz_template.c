/* Personal texts: the input up to the first NUL is the template, what follows are the values of its fields,
 * each up to the next NUL. A text that renders is UTF-8 and within its limit. */
#include "fuzz.h"

#include "base/utf8.h"
#include "domain/template.h"

#include <stdlib.h>
#include <string.h>

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* The i-th piece between NULs; false when there is none. */
static bool lookup(void *ctx, size_t field, const char *name, struct strv *value)
{
    struct strv *rest = ctx;
    const char *p = rest->p, *end = rest->p + rest->n;
    require(name != NULL && field < TEMPLATE_MAX_FIELDS);
    for (;;) {
        const char *nul = memchr(p, 0, (size_t)(end - p));
        const char *stop = nul ? nul : end;
        if (field == 0) {
            *value = (struct strv){ p, (size_t)(stop - p) };
            return true;
        }
        if (!nul)
            return false;
        p = nul + 1;
        field--;
    }
}

static bool nothing(void *ctx, size_t field, const char *name, struct strv *value)
{
    (void)ctx, (void)field, (void)name, (void)value;
    return false;
}

static void render(const struct template *t, template_lookup *fn, struct strv values)
{
    struct buf out = { 0 };
    struct template_report report = { 0 };
    struct err e = { 0 };
    if (template_render(t, fn, &values, &out, &report, &e)) {
        require(out.len <= TEMPLATE_MAX_RENDER);
        require(utf8_valid((struct strv){ (const char *)out.data, out.len }));
        require(report.missing == 0 || report.first_missing < template_field_count(t));
        require(!template_is_constant(t) || report.missing == 0);
    } else {
        require(e.text[0] != 0);
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "first_name", "city", "a" };
    const struct template_names known = { names, 3 };
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    struct strv text = { (const char *)data, n };
    struct strv values = nul ? (struct strv){ (const char *)nul + 1, size - n - 1 } : (struct strv){ "", 0 };
    struct err e = { 0 };
    struct template *t = template_parse(text, NULL, &e);
    struct template *strict = template_parse(text, &known, NULL);
    require(t != NULL || (e.text[0] != 0 && strict == NULL));
    if (t) {
        require(template_field_count(t) <= TEMPLATE_MAX_FIELDS);
        require(template_is_constant(t) == (template_field_count(t) == 0));
        render(t, lookup, values);
        render(t, nothing, values);
    }
    template_free(t);
    template_free(strict);
    return 0;
}
