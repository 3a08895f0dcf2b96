#include "simulator/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#define JOURNAL_HEAD "#time\tevent\taccount\tmessage_id\tfrom\tto\tstatus\tpart\ttext\n"

bool journal_open(struct journal *j, const char *path, struct err *err)
{
    *j = (struct journal){ .fd = -1 };
    if (!path)
        return true;
    j->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (j->fd < 0)
        return err_set_errno(err, errno, "%s", path);
    if (lseek(j->fd, 0, SEEK_END) <= 0)
        buf_put_strv(&j->lines, STRV(JOURNAL_HEAD));
    return true;
}

void journal_close(struct journal *j)
{
    journal_flush(j);
    if (j->fd >= 0)
        close(j->fd);
    buf_free(&j->lines);
    j->fd = -1;
}

bool journal_on(const struct journal *j)
{
    return j->fd >= 0 && !j->failed;
}

static void journal_put_field(struct buf *b, struct strv s)
{
    buf_put_u8(b, '\t');
    if (s.n == 0)
        buf_put_u8(b, '-');
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c == '\t')
            buf_put_strv(b, STRV("\\t"));
        else if (c == '\n')
            buf_put_strv(b, STRV("\\n"));
        else if (c == '\r')
            buf_put_strv(b, STRV("\\r"));
        else if (c == '\\')
            buf_put_strv(b, STRV("\\\\"));
        else if (c < 0x20 || c == 0x7f)
            buf_printf(b, "\\x%02x", c);
        else
            buf_put_u8(b, c);
    }
}

void journal_put(struct journal *j, const struct journal_line *line)
{
    if (!journal_on(j))
        return;
    struct buf *b = &j->lines;
    buf_printf(b, "%" PRId64 ".%06" PRId64 "\t%s", line->at / USEC_SEC, line->at % USEC_SEC, line->event);
    journal_put_field(b, line->account);
    journal_put_field(b, line->message_id);
    journal_put_field(b, line->from);
    journal_put_field(b, line->to);
    journal_put_field(b, strv_from(line->status));
    journal_put_field(b, line->part);
    journal_put_field(b, line->text);
    buf_put_u8(b, '\n');
}

bool journal_flush(struct journal *j)
{
    size_t done = 0;
    while (journal_on(j) && done < j->lines.len) {
        ssize_t n = write(j->fd, j->lines.data + done, j->lines.len - done);
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            j->failed = true;
    }
    buf_clear(&j->lines);
    return !j->failed;
}
