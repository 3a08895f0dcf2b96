#include "cli/doc.h"

#include "base/civil.h"

const json_t *doc_get(const json_t *o, const char *name)
{
    return json_object_get(o, name);
}

const char *doc_text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s != NULL ? s : "";
}

struct strv doc_strv(const json_t *o, const char *name)
{
    const json_t *s = json_object_get(o, name);
    return (struct strv){ json_string_value(s), json_string_length(s) };
}

double doc_real(const json_t *o, const char *name)
{
    return json_number_value(json_object_get(o, name));
}

int64_t doc_int(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    if (json_is_real(v)) {
        double r = json_real_value(v);
        return r >= -9e18 && r <= 9e18 ? (int64_t)(r < 0 ? r - 0.5 : r + 0.5) : 0;
    }
    return json_integer_value(v);
}

bool doc_bool(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}

usec_t doc_instant(const json_t *o, const char *name)
{
    usec_t t;
    bool has_offset, has_time;
    return civil_parse(doc_strv(o, name), &t, &has_offset, &has_time) ? t : 0;
}

void doc_set_text(json_t *o, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        json_object_set_new(o, name, json_string(value));
    }
}
