/* The one table of what the API serves: method, path, role, and who answers. Pure look-up; the table is
 * const.
 *
 * A pattern is a path whose segments are literal or "{name}", which takes any one segment that is not empty.
 */
#ifndef TESSERA_API_ROUTES_H
#define TESSERA_API_ROUTES_H

#include "base/strv.h"
#include "net/http.h"

#include <stdbool.h>
#include <stddef.h>

struct call;

/* Each has all that those before it may do. */
enum role { ROLE_NONE, ROLE_READER, ROLE_OPERATOR, ROLE_ADMIN };
const char *role_name(enum role r);

enum route_body { BODY_NONE, BODY_JSON, BODY_OCTETS };

#define ROUTE_MAX_PARAMS 2

struct route {
    enum http_method method;
    const char *pattern;
    enum role role;
    enum route_body body;
    const char *query; /* names of the parameters it knows, separated by one space; "" = none */
    void (*handler)(struct call *c);
};

size_t route_count(void);
const struct route *route_at(size_t i);

enum route_result { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };
#define ROUTE_ALLOW_SIZE 64

/* HEAD is answered by GET's route. ROUTE_NO_METHOD: `allow` has the methods of the path, "GET, HEAD, PUT". */
enum route_result route_find(enum http_method m, struct strv path, const struct route **out,
                             struct strv params[ROUTE_MAX_PARAMS], char allow[ROUTE_ALLOW_SIZE]);

#endif
