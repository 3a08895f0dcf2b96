/* Segments as people write them: whatever parses is printed canonically, the print parses to the same tree
 * and prints to the same text; what does not parse is told with a place inside the text. */
#include "fuzz.h"

#include "query/parse.h"
#include "query/print.h"

#include <stdlib.h>
#include <string.h>

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void again(const struct query *q)
{
    struct buf first = { 0 }, second = { 0 };
    struct query_error e;
    static const struct query_limits wide = { .max_length = 1 << 20, .max_depth = QUERY_DEPTH_CEILING };
    require(query_print(q, &first));
    struct query *r = query_parse((struct strv){ (const char *)first.data, first.len }, &wide, &e);
    require(r != NULL);
    require(query_equal(q, r));
    require(query_print(r, &second));
    require(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    query_uses_time(r);
    query_free(r);
    buf_free(&first);
    buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query_error e;
    memset(&e, 0, sizeof e);
    struct query *q = query_parse((struct strv){ (const char *)data, size }, NULL, &e);
    if (q) {
        again(q);
        query_free(q);
    } else {
        require(e.offset <= size && e.text[0] != 0);
    }
    return 0;
}
