#include "simulator/number.h"

#include <math.h>
#include <stdlib.h>

bool number_parse_fraction(struct strv s, double *out)
{
    char text[32], *end;
    if (s.n == 0 || !strv_copy(s, text, sizeof text) || text[0] < '0' || text[0] > '9')
        return false;
    *out = strtod(text, &end);
    return *end == 0 && isfinite(*out);
}

bool number_parse_duration(struct strv s, usec_t *out)
{
    static const struct {
        const char *unit;
        usec_t usec;
    } units[] = { { "", USEC_SEC },  { "us", 1 },          { "ms", USEC_MS },
                  { "s", USEC_SEC }, { "m", USEC_MINUTE }, { "h", USEC_HOUR } };
    size_t digits = 0;
    while (digits < s.n && ((s.p[digits] >= '0' && s.p[digits] <= '9') || s.p[digits] == '.'))
        digits++;
    double value;
    if (!number_parse_fraction(strv_sub(s, 0, digits), &value))
        return false;
    struct strv unit = strv_sub(s, digits, s.n - digits);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strv_eq_c(unit, units[i].unit)) {
            value *= (double)units[i].usec;
            *out = (usec_t)value;
            return value <= 365.0 * (double)USEC_DAY;
        }
    return false;
}
