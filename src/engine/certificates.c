/* When certificates end: the peers' as they showed them at the last handshake, and our own. What ends within
 * tls_expiry_warning is told in the status and, once a day, in the log: a carrier whose certificate ends is
 * down from one second to the next. */
#include "engine/internal.h"

#include "base/buf.h"
#include "base/civil.h"
#include "net/tls.h"

#include <stdio.h>

int64_t certificates_days(usec_t expires, usec_t wall)
{
    usec_t left = expires - wall;
    return left >= 0 ? left / USEC_DAY : -1 - (-left - 1) / USEC_DAY;
}

usec_t certificates_own(const struct carrier *c)
{
    usec_t t;
    return c->tls != NULL && tls_cert_expiry(c->tls, &t) ? t : 0;
}

usec_t certificates_peer(const struct carrier *c)
{
    usec_t first = 0;
    for (size_t i = 0; i < c->n_links + ENGINE_MAX_OUTBINDS; i++) {
        const struct link *k = i < c->n_links ? c->links[i] : c->outbinds[i - c->n_links];
        usec_t t = k != NULL ? link_certificate(k) : 0;
        first = t != 0 && (first == 0 || t < first) ? t : first;
    }
    return first;
}

static bool certificates_soon(const struct engine *g, usec_t expires)
{
    return expires != 0 && g->o.tls_expiry_warning != 0 && expires - engine_wall(g) < g->o.tls_expiry_warning;
}

static void certificates_log(const struct engine *g, const char *carrier, const char *whose, usec_t expires)
{
    if (certificates_soon(g, expires)) {
        log_event(g->log, LOG_WARN, "certificate_expires", "carrier=%s whose=%s expires=%s days=%lld",
                  carrier, whose, civil_format_utc(expires).s,
                  (long long)certificates_days(expires, engine_wall(g)));
    }
}

void certificates_second(struct carrier *c)
{
    usec_t peer = certificates_peer(c), own = certificates_own(c), now = engine_mono(c->g);
    if (peer == c->cert_peer && own == c->cert_own && now < c->cert_again) {
        return; /* neither another one nor another day */
    }
    c->cert_peer = peer;
    c->cert_own = own;
    c->cert_again = now + USEC_DAY;
    certificates_log(c->g, c->o.name, "carrier", peer);
    certificates_log(c->g, c->o.name, "own", own);
}

static void certificates_put(const struct engine *g, struct buf *out, const char *whose, usec_t expires)
{
    if (!certificates_soon(g, expires)) {
        return;
    }
    int64_t days = certificates_days(expires, engine_wall(g));
    buf_printf(out, "%s ", whose);
    if (days < 0) {
        buf_printf(out, "has expired on %s\n", civil_format_utc(expires).s);
    } else {
        buf_printf(out, "expires in %lld %s, on %s\n", (long long)days, days == 1 ? "day" : "days",
                   civil_format_utc(expires).s);
    }
}

void engine_warnings(const struct engine *g, struct buf *out)
{
    char whose[100];
    for (size_t i = 0; i < g->n_carriers; i++) {
        const struct carrier *c = g->carriers[i];
        snprintf(whose, sizeof whose, "carrier \"%s\": its certificate", c->o.name);
        certificates_put(g, out, whose, certificates_peer(c));
        snprintf(whose, sizeof whose, "carrier \"%s\": our certificate (tls_cert)", c->o.name);
        certificates_put(g, out, whose, certificates_own(c));
    }
    certificates_put(g, out, "our certificate for outbinds (outbind.tls_cert)",
                     outbind_certificate(g->outbind));
}
