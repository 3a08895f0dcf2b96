#include "cli/source.h"

#include "base/hash.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_BLOCK      ((size_t)1 << 20)
#define SOURCE_MAX_HEADER ((size_t)1 << 20)

bool source_open(struct source *s, const char *path, size_t piece, size_t max_records, struct err *e)
{
    struct stat st;
    bool input = strcmp(path, "-") == 0;
    const char *slash = strrchr(path, '/');
    *s = (struct source){ .fd = STDIN_FILENO };
    s->split = (struct split){ .delimiter = ',', .target = piece, .max_records = max_records };
    strv_copy(strv_from(input           ? "standard input"
                        : slash != NULL ? slash + 1
                                        : path),
              s->name, sizeof s->name);
    if (!input && (s->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
        return err_set_errno(e, errno, "%s", path);
    }
    if (fstat(s->fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        err_set_errno(e, S_ISDIR(st.st_mode) ? EISDIR : errno, "%s", path);
        source_close(s);
        return false;
    }
    /* A redirected file may have been read in part already: only what we opened ourselves is gone back in. */
    s->seekable = !input && S_ISREG(st.st_mode);
    s->size = s->seekable ? (uint64_t)st.st_size : 0;
    return true;
}

void source_close(struct source *s)
{
    if (s->fd > STDIN_FILENO) {
        close(s->fd);
    }
    s->fd = -1;
    buf_free(&s->octets);
}

static ssize_t source_read(int fd, void *p, size_t n)
{
    ssize_t got;
    do {
        got = read(fd, p, n);
    } while (got < 0 && errno == EINTR);
    return got;
}

bool source_fingerprint(struct source *s, uint64_t *out, struct err *e)
{
    uint64_t h = 0;
    ssize_t got = 0;
    if (!s->seekable) {
        struct rnd r;
        rnd_seed_system(&r);
        *out = rnd_u64(&r);
        return true;
    }
    if (!source_seek(s, 0, e) || !buf_reserve(&s->octets, SOURCE_BLOCK)) {
        return false;
    }
    /* A block may be read in halves: it is filled before it is hashed. */
    do {
        size_t n = 0;
        while (n < SOURCE_BLOCK && (got = source_read(s->fd, s->octets.data + n, SOURCE_BLOCK - n)) > 0) {
            n += (size_t)got;
        }
        h = hash_u64(h ^ hash_stable(s->octets.data, n));
    } while (got > 0);
    if (got < 0) {
        return err_set_errno(e, errno, "%s", s->name);
    }
    *out = h;
    return source_seek(s, 0, e);
}

bool source_seek(struct source *s, uint64_t offset, struct err *e)
{
    if (offset == s->offset && s->octets.len == 0 && !s->seekable) {
        return true;
    }
    if (!s->seekable) {
        return err_set(e, ERR_STATE, "standard input cannot be read again from octet %llu on",
                       (unsigned long long)offset);
    }
    if (lseek(s->fd, (off_t)offset, SEEK_SET) < 0) {
        return err_set_errno(e, errno, "%s", s->name);
    }
    buf_clear(&s->octets);
    s->offset = offset;
    s->at_end = false;
    return true;
}

/* Until `want` octets are there, or the end. */
static bool source_fill(struct source *s, size_t want, struct err *e)
{
    while (s->octets.len < want && !s->at_end) {
        if (!buf_reserve(&s->octets, SOURCE_BLOCK)) {
            return err_set(e, ERR_NOMEM, "out of memory");
        }
        ssize_t got = source_read(s->fd, s->octets.data + s->octets.len, SOURCE_BLOCK);
        if (got < 0) {
            return err_set_errno(e, errno, "%s", s->name);
        }
        s->octets.len += (size_t)got;
        s->at_end = got == 0;
    }
    return true;
}

static struct strv source_octets(const struct source *s)
{
    return (struct strv){ (const char *)s->octets.data, s->octets.len };
}

/* Where a file is gone into in its middle, the delimiter is still in its first line. */
static bool source_header(struct source *s, size_t *length, struct err *e)
{
    *length = 0;
    if (s->split.lines) {
        return true;
    }
    if (s->offset == 0) {
        struct strv start = strv_sub(source_octets(s), 0, SOURCE_MAX_HEADER);
        *length = split_header(start, s->at_end && start.n == s->octets.len);
        if (*length == 0 && start.n == SOURCE_MAX_HEADER) {
            return err_set(e, ERR_INVALID,
                           "%s: the header is longer than 1 MiB, or a quote in it is not closed", s->name);
        }
        s->split.delimiter = split_delimiter(strv_sub(start, 0, *length));
        return true;
    }
    if (s->seekable) {
        static const size_t MOST = 65536;
        char start[65536];
        ssize_t got = pread(s->fd, start, MOST, 0);
        struct strv text = { start, got > 0 ? (size_t)got : 0 };
        s->split.delimiter = split_delimiter(strv_sub(text, 0, split_header(text, true)));
    }
    return true;
}

bool source_peek(struct source *s, struct strv *piece, bool *last, struct err *e)
{
    size_t want = s->split.target + 1, header;
    for (;;) {
        if (!source_fill(s, want, e) || !source_header(s, &header, e)) {
            return false;
        }
        size_t n = split_piece(&s->split, source_octets(s), header, s->at_end);
        if (n > SPLIT_MAX_PIECE || (n == 0 && s->octets.len > SPLIT_MAX_PIECE)) {
            return err_set(e, ERR_LIMIT, "%s: a line longer than 4 MiB begins at octet %llu: is it %s?",
                           s->name, (unsigned long long)s->offset, s->split.lines ? "NDJSON" : "a CSV file");
        }
        /* What ends with what has been read may be the end of the file: only reading on tells. */
        if ((n == 0 || n == s->octets.len) && !s->at_end) {
            want = s->octets.len + 1;
            continue;
        }
        *piece = strv_sub(source_octets(s), 0, n);
        *last = s->at_end && n == s->octets.len;
        return true;
    }
}

void source_take(struct source *s, struct strv piece)
{
    s->offset += piece.n;
    buf_consume(&s->octets, piece.n);
}
