#include "query/suggest.h"

#include <string.h>

/* A typing error in three letters is near, in ten of twelve it is another word. */
static unsigned suggest_tolerance(size_t n)
{
    unsigned t = (unsigned)(n + 2) / 3;
    return t > 3 ? 3 : t;
}

void suggest_begin(struct suggest *s, struct strv name)
{
    memset(s, 0, sizeof *s);
    if (name.n >= sizeof s->name)
        return;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        s->name[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
    }
    s->best = suggest_tolerance(name.n) + 1;
}

void suggest_offer(struct suggest *s, struct strv candidate)
{
    struct strv name = strv_from(s->name);
    if (name.n == 0 || candidate.n >= sizeof s->found)
        return;
    unsigned d = strv_distance(name, candidate);
    bool unfinished = name.n >= 3 && strv_starts(candidate, name); /* "birth" for "birth_date" is near, too */
    if (unfinished && d >= s->best && s->best > 0)
        d = s->best - 1;
    if (d >= s->best || (d >= name.n && !unfinished)) /* the latter: not one letter in common */
        return;
    s->best = d;
    strv_copy(candidate, s->found, sizeof s->found);
}

struct strv suggest_found(const struct suggest *s)
{
    return strv_from(s->found);
}
