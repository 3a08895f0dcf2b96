/* A file of inbound messages. */
#include "simulator/simulator.h"

#include "base/utf8.h"
#include "simulator/delivery.h"
#include "simulator/number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct inbound_row {
    usec_t delay;
    struct strv from, to, text;
};

/* False at a line that is none; *skip when it is empty or a comment. */
static bool inbound_parse(struct strv line, struct inbound_row *row, bool *skip)
{
    struct strv delay, rest = line;
    struct delivery_address address;
    *skip = strv_trim(line).n == 0 || line.p[0] == '#';
    if (*skip)
        return true;
    if (!strv_next(&rest, '\t', &delay) || !number_parse_duration(strv_trim(delay), &row->delay) ||
        !strv_next(&rest, '\t', &row->from) || !strv_next(&rest, '\t', &row->to))
        return false;
    row->text = rest;
    return delivery_address_parse(row->from, &address) && delivery_address_parse(row->to, &address) &&
           utf8_valid(row->text);
}

static bool inbound_each(struct simulator *s, const char *path, struct strv all, bool check, struct err *err)
{
    struct strv line;
    for (size_t n = 1; strv_next(&all, '\n', &line); n++) {
        struct inbound_row row;
        bool skip;
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        if (!inbound_parse(line, &row, &skip))
            return err_set(err, ERR_INVALID, "%s:%zu: not \"delay TAB from TAB to TAB text\" in UTF-8", path,
                           n);
        if (!skip && !check && !simulator_inbound(s, row.from, row.to, row.text, row.delay, err))
            return err_prefix(err, "%s:%zu", path, n);
    }
    return true;
}

bool simulator_inbound_file(struct simulator *s, const char *path, struct err *err)
{
    struct buf all = { .limit = 64u << 20 };
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set_errno(err, errno, "%s", path);
    char chunk[8192];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
        buf_put(&all, chunk, n);
    bool fine = !ferror(f) && !all.failed;
    fclose(f);
    struct strv text = { (const char *)all.data, all.len };
    if (!fine)
        err_set(err, ERR_IO, "%s: cannot be read, or is over 64 MiB", path);
    fine = fine && inbound_each(s, path, text, true, err) && inbound_each(s, path, text, false, err);
    buf_free(&all);
    return fine;
}
