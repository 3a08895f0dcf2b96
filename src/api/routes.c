#include "api/routes.h"

#include "api/call.h"

#include <stdio.h>
#include <string.h>

/* Everything the API serves. What reads needs a reader; what sends, pauses or imports an operator; what sets
 * the clock of a test an administrator. */
static const struct route ROUTES[] = {
    { HTTP_GET, "/healthz", ROLE_NONE, BODY_NONE, "", api_status_health },
    { HTTP_GET, "/metrics", ROLE_NONE, BODY_NONE, "", api_status_metrics },
    { HTTP_GET, "/v1/status", ROLE_READER, BODY_NONE, "", api_status_show },

    { HTTP_GET, "/v1/carriers", ROLE_READER, BODY_NONE, "", api_carrier_list },
    { HTTP_GET, "/v1/carriers/{name}", ROLE_READER, BODY_NONE, "", api_carrier_show },
    { HTTP_GET, "/v1/carriers/{name}/statuses", ROLE_READER, BODY_NONE, "", api_carrier_statuses },
    { HTTP_POST, "/v1/carriers/{name}/pause", ROLE_OPERATOR, BODY_JSON, "", api_carrier_pause },
    { HTTP_POST, "/v1/carriers/{name}/resume", ROLE_OPERATOR, BODY_JSON, "", api_carrier_resume },

    { HTTP_POST, "/v1/messages", ROLE_OPERATOR, BODY_JSON, "", api_message_send },
    { HTTP_GET, "/v1/messages", ROLE_READER, BODY_NONE,
      "number campaign carrier tag state from to before limit", api_message_list },
    { HTTP_GET, "/v1/messages/{id}", ROLE_READER, BODY_NONE, "", api_message_show },
    { HTTP_POST, "/v1/messages/{id}/cancel", ROLE_OPERATOR, BODY_JSON, "", api_message_cancel },
    { HTTP_POST, "/v1/messages/{id}/pause", ROLE_OPERATOR, BODY_JSON, "", api_message_pause },
    { HTTP_POST, "/v1/messages/{id}/resume", ROLE_OPERATOR, BODY_JSON, "", api_message_resume },
    { HTTP_POST, "/v1/messages/{id}/query", ROLE_OPERATOR, BODY_JSON, "", api_message_query },
    { HTTP_POST, "/v1/messages/{id}/replace", ROLE_OPERATOR, BODY_JSON, "", api_message_replace },
    { HTTP_POST, "/v1/messages/{id}/resolve", ROLE_OPERATOR, BODY_JSON, "", api_message_resolve },
    { HTTP_POST, "/v1/preview", ROLE_READER, BODY_JSON, "", api_text_preview },
    { HTTP_GET, "/v1/inbound", ROLE_READER, BODY_NONE, "number before limit", api_inbound_list },
    { HTTP_GET, "/v1/receipts/unknown", ROLE_READER, BODY_NONE, "carrier before limit", api_receipt_unknown },

    { HTTP_GET, "/v1/customers/{number}", ROLE_READER, BODY_NONE, "", api_customer_show },
    { HTTP_GET, "/v1/customers/{number}/export", ROLE_OPERATOR, BODY_NONE, "", api_customer_export },
    { HTTP_PATCH, "/v1/customers/{number}", ROLE_OPERATOR, BODY_JSON, "region create", api_customer_amend },
    { HTTP_DELETE, "/v1/customers/{number}", ROLE_ADMIN, BODY_NONE, "", api_customer_erase },
    { HTTP_GET, "/v1/fields", ROLE_READER, BODY_NONE, "", api_field_list },
    { HTTP_PUT, "/v1/fields/{name}", ROLE_OPERATOR, BODY_JSON, "", api_field_put },
    { HTTP_PUT, "/v1/fields/{name}/transitions", ROLE_OPERATOR, BODY_JSON, "", api_field_transitions },
    { HTTP_POST, "/v1/fields/{name}/rename", ROLE_OPERATOR, BODY_JSON, "", api_field_rename },
    { HTTP_POST, "/v1/fields/{name}/change", ROLE_OPERATOR, BODY_JSON, "", api_field_change },
    { HTTP_GET, "/v1/fields/{name}/change", ROLE_READER, BODY_NONE, "", api_field_change_show },
    { HTTP_DELETE, "/v1/fields/{name}", ROLE_ADMIN, BODY_NONE, "", api_field_drop },
    { HTTP_PUT, "/v1/events/{name}", ROLE_OPERATOR, BODY_JSON, "", api_event_put },
    { HTTP_POST, "/v1/events", ROLE_OPERATOR, BODY_OCTETS, "type region create", api_event_post },
    { HTTP_POST, "/v1/consents", ROLE_OPERATOR, BODY_JSON, "", api_consent_put },

    { HTTP_POST, "/v1/imports", ROLE_OPERATOR, BODY_JSON, "", api_import_begin },
    { HTTP_PUT, "/v1/imports/{id}", ROLE_OPERATOR, BODY_OCTETS, "offset last", api_import_piece },
    { HTTP_DELETE, "/v1/imports/{id}", ROLE_OPERATOR, BODY_NONE, "", api_import_end },

    { HTTP_GET, "/v1/segments", ROLE_READER, BODY_NONE, "", api_segment_list },
    { HTTP_PUT, "/v1/segments/{name}", ROLE_OPERATOR, BODY_JSON, "", api_segment_put },
    { HTTP_GET, "/v1/segments/{name}", ROLE_READER, BODY_NONE, "", api_segment_show },
    { HTTP_DELETE, "/v1/segments/{name}", ROLE_OPERATOR, BODY_NONE, "", api_segment_remove },
    { HTTP_GET, "/v1/segments/{name}/explain", ROLE_READER, BODY_NONE, "", api_segment_explain },
    { HTTP_GET, "/v1/segments/{name}/why", ROLE_READER, BODY_NONE, "number", api_segment_why },
    { HTTP_GET, "/v1/segments/{name}/history", ROLE_READER, BODY_NONE, "", api_segment_history },
    { HTTP_GET, "/v1/segments/{name}/changes", ROLE_READER, BODY_NONE, "before limit", api_segment_changes },
    { HTTP_POST, "/v1/segments/{name}/events", ROLE_OPERATOR, BODY_JSON, "", api_segment_events },
    { HTTP_POST, "/v1/segments/{name}/activate", ROLE_OPERATOR, BODY_JSON, "", api_segment_activate },
    { HTTP_POST, "/v1/segments/{name}/deactivate", ROLE_OPERATOR, BODY_JSON, "", api_segment_deactivate },
    { HTTP_POST, "/v1/segments:explain", ROLE_READER, BODY_JSON, "", api_segment_explain_query },
    { HTTP_POST, "/v1/segments:why", ROLE_READER, BODY_JSON, "", api_segment_why_query },
    { HTTP_POST, "/v1/segments:evaluate", ROLE_READER, BODY_JSON, "", api_segment_evaluate },
    { HTTP_POST, "/v1/segments:cross", ROLE_READER, BODY_JSON, "", api_segment_cross },
    { HTTP_POST, "/v1/segments:top", ROLE_READER, BODY_JSON, "", api_segment_top },

    { HTTP_POST, "/v1/campaigns", ROLE_OPERATOR, BODY_JSON, "", api_campaign_put },
    { HTTP_GET, "/v1/campaigns", ROLE_READER, BODY_NONE, "", api_campaign_list },
    { HTTP_GET, "/v1/campaigns/{name}", ROLE_READER, BODY_NONE, "", api_campaign_show },
    { HTTP_DELETE, "/v1/campaigns/{name}", ROLE_OPERATOR, BODY_NONE, "", api_campaign_remove },
    { HTTP_GET, "/v1/campaigns/{name}/preview", ROLE_READER, BODY_NONE, "at at_local",
      api_campaign_preview_show },
    { HTTP_GET, "/v1/campaigns/{name}/report", ROLE_READER, BODY_NONE, "", api_campaign_report },
    { HTTP_POST, "/v1/campaigns/{name}/start", ROLE_OPERATOR, BODY_JSON, "", api_campaign_start },
    { HTTP_POST, "/v1/campaigns/{name}/pause", ROLE_OPERATOR, BODY_JSON, "", api_campaign_pause },
    { HTTP_POST, "/v1/campaigns/{name}/resume", ROLE_OPERATOR, BODY_JSON, "", api_campaign_resume },
    { HTTP_POST, "/v1/campaigns/{name}/cancel", ROLE_OPERATOR, BODY_JSON, "", api_campaign_cancel },

    { HTTP_GET, "/v1/routes", ROLE_READER, BODY_NONE, "", api_carrier_routes },
    { HTTP_GET, "/v1/routes/explain", ROLE_READER, BODY_NONE, "number class sender campaign tag",
      api_carrier_route_explain },

    { HTTP_GET, "/v1/votes", ROLE_READER, BODY_NONE, "", api_vote_list },
    { HTTP_PUT, "/v1/votes/{name}", ROLE_OPERATOR, BODY_JSON, "", api_vote_put },
    { HTTP_GET, "/v1/votes/{name}", ROLE_READER, BODY_NONE, "", api_vote_show },
    { HTTP_DELETE, "/v1/votes/{name}", ROLE_OPERATOR, BODY_NONE, "", api_vote_remove },

    { HTTP_GET, "/v1/audience/fit", ROLE_READER, BODY_NONE, "", api_fit_show },
    { HTTP_POST, "/v1/audience/fit", ROLE_OPERATOR, BODY_JSON, "", api_fit_make },

    { HTTP_GET, "/v1/store/check", ROLE_OPERATOR, BODY_NONE, "", api_store_check },
    { HTTP_POST, "/v1/store/rebuild", ROLE_ADMIN, BODY_JSON, "", api_store_rebuild },
    { HTTP_GET, "/v1/store/rebuild", ROLE_READER, BODY_NONE, "", api_store_rebuild_show },
    { HTTP_POST, "/v1/store/compact", ROLE_ADMIN, BODY_JSON, "", api_store_compact },

    { HTTP_GET, "/v1/clock", ROLE_READER, BODY_NONE, "", api_clock_show },
    { HTTP_PUT, "/v1/clock", ROLE_ADMIN, BODY_JSON, "", api_clock_put },
};
#define ROUTES_N (sizeof ROUTES / sizeof ROUTES[0])

const char *role_name(enum role r)
{
    static const char *const NAMES[] = { "none", "reader", "operator", "admin" };
    return NAMES[r];
}

size_t route_count(void)
{
    return ROUTES_N;
}

const struct route *route_at(size_t i)
{
    return i < ROUTES_N ? &ROUTES[i] : NULL;
}

static bool route_matches(const char *pattern, struct strv path, struct strv params[ROUTE_MAX_PARAMS])
{
    struct strv rest = strv_from(pattern);
    size_t n = 0;
    for (;;) {
        const char *slash = rest.n != 0 ? memchr(rest.p + 1, '/', rest.n - 1) : NULL;
        size_t want = slash != NULL ? (size_t)(slash - rest.p) : rest.n;
        slash = path.n > 1 ? memchr(path.p + 1, '/', path.n - 1) : NULL;
        size_t have = slash != NULL ? (size_t)(slash - path.p) : path.n;
        if (want > 1 && rest.p[1] == '{') {
            if (have < 2 || n == ROUTE_MAX_PARAMS) {
                return false;
            }
            params[n++] = strv_sub(path, 1, have - 1);
        } else if (!strv_eq(strv_sub(rest, 0, want), strv_sub(path, 0, have))) {
            return false;
        }
        rest = strv_sub(rest, want, rest.n);
        path = strv_sub(path, have, path.n);
        if (rest.n == 0 || path.n == 0) {
            return rest.n == path.n;
        }
    }
}

static void route_allow_add(char allow[ROUTE_ALLOW_SIZE], enum http_method m)
{
    size_t at = strlen(allow);
    snprintf(allow + at, ROUTE_ALLOW_SIZE - at, "%s%s%s", at != 0 ? ", " : "", http_method_name(m),
             m == HTTP_GET ? ", HEAD" : "");
}

enum route_result route_find(enum http_method m, struct strv path, const struct route **out,
                             struct strv params[ROUTE_MAX_PARAMS], char allow[ROUTE_ALLOW_SIZE])
{
    if (m == HTTP_HEAD) {
        m = HTTP_GET;
    }
    allow[0] = '\0';
    for (size_t i = 0; i < ROUTES_N; i++) {
        struct strv found[ROUTE_MAX_PARAMS] = { { 0 } };
        if (!route_matches(ROUTES[i].pattern, path, found)) {
            continue;
        }
        if (ROUTES[i].method == m) {
            *out = &ROUTES[i];
            memcpy(params, found, sizeof found);
            return ROUTE_FOUND;
        }
        route_allow_add(allow, ROUTES[i].method);
    }
    return allow[0] != '\0' ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}
