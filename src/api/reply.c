#include "api/reply.h"

#include "base/buf.h"
#include "base/civil.h"
#include "base/utf8.h"
#include "domain/number.h"

#include <stdio.h>

int reply_status(enum err_code code)
{
    switch (code) {
    case ERR_NONE: return 200;
    case ERR_INVALID: return 400;
    case ERR_NOT_FOUND: return 404;
    case ERR_EXISTS:
    case ERR_STATE: return 409;
    case ERR_LIMIT: return 422;
    case ERR_BUSY: return 503;
    case ERR_FULL: return 507;
    case ERR_CORRUPT:
    case ERR_VERSION:
    case ERR_IO:
    case ERR_NOMEM:
    case ERR_INTERNAL: break;
    }
    return 500;
}

const char *reply_code(enum err_code code)
{
    return code == ERR_NOMEM ? err_code_name(ERR_INTERNAL) : err_code_name(code);
}

json_t *reply_error(const char *code, const char *message)
{
    json_t *inner = json_object();
    json_object_set_new(inner, "code", reply_cstr(code));
    json_object_set_new(inner, "message", reply_cstr(message));
    json_t *outer = json_object();
    json_object_set_new(outer, "error", inner);
    return outer;
}

void reply_error_place(json_t *error, const struct query_error *qe)
{
    json_t *inner = json_object_get(error, "error");
    if (qe->code == QUERY_OK) {
        return;
    }
    json_object_set_new(inner, "kind", reply_cstr(query_error_name(qe->code)));
    if (qe->found[0] != '\0') {
        json_object_set_new(inner, "found", reply_cstr(qe->found));
    }
    if (qe->line != 0) {
        json_object_set_new(inner, "line", reply_u64(qe->line));
        json_object_set_new(inner, "column", reply_u64(qe->column));
    }
    if (qe->suggestion[0] != '\0') {
        json_object_set_new(inner, "suggestion", reply_cstr(qe->suggestion));
    }
}

json_t *reply_octets(struct strv octets)
{
    char hex[2001];
    if (octets.n > 1000) {
        return json_null();
    }
    hex_encode(octets.p, octets.n, hex);
    return reply_cstr(hex);
}

json_t *reply_text(struct strv s)
{
    json_t *j = s.n != 0 ? json_stringn(s.p, s.n) : json_string("");
    if (j == NULL) { /* not UTF-8: carriers send what they like */
        struct buf clean = { 0 };
        if (utf8_put_clean(&clean, s)) {
            j = json_stringn((const char *)clean.data, clean.len);
        }
        buf_free(&clean);
    }
    return j;
}

json_t *reply_cstr(const char *s)
{
    return reply_text(strv_from(s));
}

json_t *reply_instant(usec_t wall)
{
    return wall == 0 || wall == USEC_NEVER ? json_null() : json_string(civil_format_utc(wall).s);
}

json_t *reply_local(usec_t reading)
{
    struct civil_text t = civil_format_utc(reading);
    return json_stringn(t.s, 19);
}

json_t *reply_number(uint64_t msisdn)
{
    return msisdn == 0 ? json_null() : json_string(number_format(msisdn).s);
}

json_t *reply_id(uint64_t id)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)id);
    return json_string(text);
}

json_t *reply_u64(uint64_t v)
{
    return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}
