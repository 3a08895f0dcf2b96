/* Who asks, and how queries are evaluated for an answer. */
#include "api/call.h"
#include "engine/facts.h"

#include <pwd.h>
#include <stdio.h>

struct call_caller call_caller(const struct call *c)
{
    struct call_caller caller = { .known = false };
    caller.known = http_peer_uid(c->r, &caller.uid);
    return caller;
}

struct strv call_caller_name(const struct call_caller *caller, char *out)
{
    char octets[4096];
    struct passwd entry, *found = NULL;
    if (!caller->known) {
        return (struct strv){ "", 0 };
    }
    if (getpwuid_r((uid_t)caller->uid, &entry, octets, sizeof octets, &found) == 0 && found != NULL) {
        snprintf(out, CALL_CALLER_SIZE, "%s", found->pw_name);
    } else {
        snprintf(out, CALL_CALLER_SIZE, "uid %u", (unsigned)caller->uid);
    }
    return strv_from(out);
}

struct eval_options call_eval_options(const struct engine_view *v)
{
    return (struct eval_options){ .now = v->now,
                                  .zone = v->facts->zone,
                                  .zones = v->facts->zones,
                                  .limits = &v->facts->shared->limits,
                                  .rfm = v->facts->shared->rfm,
                                  .threads = v->facts->shared->query_threads };
}
