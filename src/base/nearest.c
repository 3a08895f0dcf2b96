#include "base/nearest.h"

#include <stdio.h>
#include <string.h>

#define TOLERANCE_MOST 3 /* a typing error in three letters is near, in ten of twelve it is another word */

/* Into 65 octets; false when it does not fit. */
static bool nearest_fold(struct strv s, char out[65])
{
    if (s.n > 64)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
    }
    out[s.n] = '\0';
    return true;
}

void nearest_begin(struct nearest *n, struct strv name)
{
    unsigned tolerance = (unsigned)(name.n + 2) / 3;
    memset(n, 0, sizeof *n);
    if (nearest_fold(name, n->name))
        n->best = (tolerance < TOLERANCE_MOST ? tolerance : TOLERANCE_MOST) + 1;
}

bool nearest_offer(struct nearest *n, struct strv candidate)
{
    char folded[65];
    struct strv name = strv_from(n->name), other;
    if (name.n == 0 || !nearest_fold(candidate, folded))
        return false;
    other = strv_from(folded);
    unsigned d = strv_distance(name, other);
    bool unfinished = name.n >= 3 && strv_starts(other, name);
    if (unfinished && d >= n->best && n->best > 0)
        d = n->best - 1;
    if (d >= n->best || (d >= name.n && !unfinished)) /* the latter: not one letter in common */
        return false;
    n->best = d;
    strv_copy(candidate, n->found, sizeof n->found);
    return true;
}

struct strv nearest_found(const struct nearest *n)
{
    return strv_from(n->found);
}

bool nearest_refuse(const struct nearest *n, const char *what, struct strv name, const char *command,
                    struct err *e)
{
    bool near = n->found[0] != '\0';
    char list[80] = "";
    if (command != NULL) {
        snprintf(list, sizeof list, "%s\"%s\" shows what there is", near ? " " : "; ", command);
    }
    return err_set(e, ERR_NOT_FOUND, "there is no %s \"" STRV_FMT "\"%s%s%s%s", what,
                   STRV_ARG(strv_sub(name, 0, 64)), near ? "; did you mean \"" : "", n->found,
                   near ? "\"?" : "", list);
}
