#include "domain/zone.h"

#include "domain/tzif.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE    (1 << 20)
#define MAX_ZONES   2000
#define MAX_VERSION 31

struct zone {
    struct tzif *data;
    char name[ZONE_MAX_NAME + 1];
};

struct zones {
    char *dir;
    struct zone **sorted; /* by name */
    size_t count, cap;
    unsigned generation;
    char version[MAX_VERSION + 1];
};

/* No dot is allowed, so that neither ".." nor hidden files can be named. */
bool zone_name_valid(struct strv name)
{
    if (name.n == 0 || name.n > ZONE_MAX_NAME) {
        return false;
    }
    struct strv rest = name, part;
    size_t seen = 0;
    while (strv_next(&rest, '/', &part)) {
        seen += part.n + 1;
        if (part.n == 0 || part.p[0] == '-' || part.p[0] == '+') {
            return false;
        }
        for (size_t i = 0; i < part.n; i++) {
            char c = part.p[i];
            bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!letter && c != '_' && c != '-' && c != '+') {
                return false;
            }
        }
    }
    return seen == name.n + 1; /* no "/" at the end */
}

/* --- files --- */

static bool read_fd(int fd, char *data, size_t cap, size_t *n)
{
    *n = 0;
    while (*n < cap) {
        ssize_t got = read(fd, data + *n, cap - *n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0;
        }
        *n += (size_t)got;
    }
    errno = EFBIG;
    return false;
}

/* The content of dir/name, on the heap. A file of exactly `cap` octets counts as too large. */
static char *read_file(const char *dir, const char *name, size_t cap, size_t *n, struct err *e)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        err_set(e, ERR_INVALID, "path too long");
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        int why = errno;
        if (fd >= 0) {
            close(fd);
        }
        if (why == ENOENT || why == ENOTDIR) {
            err_set(e, ERR_NOT_FOUND, "there is no time zone \"%s\"", name);
        } else {
            err_set_errno(e, why, "%s", path);
        }
        return NULL;
    }
    char *data = NULL;
    if (!S_ISREG(st.st_mode)) {
        err_set(e, ERR_NOT_FOUND, "there is no time zone \"%s\"", name);
    } else if (!(data = malloc(cap))) {
        err_set(e, ERR_NOMEM, "out of memory");
    } else if (!read_fd(fd, data, cap, n)) {
        err_set_errno(e, errno, "%s", path);
        free(data);
        data = NULL;
    }
    close(fd);
    return data;
}

static struct tzif *load(const char *dir, const char *name, struct err *e)
{
    size_t n;
    char *data = read_file(dir, name, MAX_FILE, &n, e);
    if (!data) {
        return NULL;
    }
    struct tzif *z = tzif_parse((struct strv){ data, n }, e);
    free(data);
    if (!z) {
        err_prefix(e, "time zone \"%s\"", name);
    }
    return z;
}

/* The first line of `file` after `prefix`; false when there is none. */
static bool read_first_line(const char *dir, const char *file, const char *prefix, char *out, size_t size)
{
    char path[4096], line[128];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    FILE *f = fopen(path, "re");
    if (!f) {
        return false;
    }
    bool ok = fgets(line, sizeof line, f) && strncmp(line, prefix, strlen(prefix)) == 0;
    fclose(f);
    if (ok) {
        struct strv v = strv_trim(strv_from(line + strlen(prefix)));
        ok = v.n > 0 && strv_copy(v, out, size);
    }
    return ok;
}

static void read_version(struct zones *z)
{
    if (!read_first_line(z->dir, "tzdata.zi", "# version ", z->version, sizeof z->version) &&
        !read_first_line(z->dir, "+VERSION", "", z->version, sizeof z->version)) {
        strv_copy(STRV("unknown"), z->version, sizeof z->version);
    }
}

/* --- cache --- */

struct zones *zones_new(const char *dir, struct err *e)
{
    if (!dir || !*dir) {
        dir = getenv("TZDIR");
    }
    if (!dir || !*dir) {
        dir = ZONE_DEFAULT_DIR;
    }
    struct stat st;
    if (stat(dir, &st) != 0) {
        err_set_errno(e, errno, "time zones: %s", dir);
        return NULL;
    }
    struct zones *z = calloc(1, sizeof *z);
    if (!z || !(z->dir = strdup(dir))) {
        err_set(e, ERR_NOMEM, "out of memory");
        free(z);
        return NULL;
    }
    read_version(z);
    return z;
}

void zones_free(struct zones *z)
{
    if (z) {
        for (size_t i = 0; i < z->count; i++) {
            tzif_free(z->sorted[i]->data);
            free(z->sorted[i]);
        }
        free(z->sorted);
        free(z->dir);
        free(z);
    }
}

/* The place where the name is, or where it belongs. */
static size_t find(const struct zones *z, struct strv name, bool *there)
{
    size_t low = 0, high = z->count;
    *there = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strv_cmp(strv_from(z->sorted[mid]->name), name);
        if (order == 0) {
            *there = true;
            return mid;
        }
        if (order < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static bool make_room(struct zones *z, struct err *e)
{
    if (z->count < z->cap) {
        return true;
    }
    size_t cap = z->cap ? z->cap * 2 : 64;
    if (cap > MAX_ZONES) {
        return err_set(e, ERR_LIMIT, "more than %d time zones", MAX_ZONES / 2);
    }
    struct zone **more = realloc(z->sorted, cap * sizeof *more);
    if (!more) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    z->sorted = more;
    z->cap = cap;
    return true;
}

const struct zone *zones_get(struct zones *z, struct strv name, struct err *e)
{
    if (!zone_name_valid(name)) {
        err_set(e, ERR_INVALID, "not the name of a time zone; names are such as \"Europe/Berlin\"");
        return NULL;
    }
    bool there;
    size_t at = find(z, name, &there);
    if (there) {
        return z->sorted[at];
    }
    struct zone *new = make_room(z, e) ? calloc(1, sizeof *new) : NULL;
    if (!new) {
        return NULL;
    }
    strv_copy(name, new->name, sizeof new->name);
    new->data = load(z->dir, new->name, e);
    if (!new->data) {
        free(new);
        return NULL;
    }
    memmove(z->sorted + at + 1, z->sorted + at, (z->count - at) * sizeof *z->sorted);
    z->sorted[at] = new;
    z->count++;
    return new;
}

bool zones_reload(struct zones *z, struct err *e)
{
    struct tzif **fresh = calloc(z->count + 1, sizeof *fresh);
    if (!fresh) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    size_t n = 0;
    while (n < z->count && (fresh[n] = load(z->dir, z->sorted[n]->name, e))) {
        n++;
    }
    bool ok = n == z->count;
    for (size_t i = 0; i < n; i++) { /* all or none: swap, then free what is not used */
        if (ok) {
            struct tzif *old = z->sorted[i]->data;
            z->sorted[i]->data = fresh[i];
            fresh[i] = old;
        }
        tzif_free(fresh[i]);
    }
    free(fresh);
    if (ok) {
        z->generation++;
        read_version(z);
    }
    return ok;
}

unsigned zones_generation(const struct zones *z)
{
    return z->generation;
}

const char *zones_version(const struct zones *z)
{
    return z->version;
}

const char *zones_dir(const struct zones *z)
{
    return z->dir;
}

size_t zones_loaded(const struct zones *z)
{
    return z->count;
}

/* --- asking --- */

const char *zone_name(const struct zone *z)
{
    return z->name;
}

static int64_t floor_seconds(usec_t at)
{
    return at / USEC_SEC - (at % USEC_SEC < 0);
}

static usec_t from_seconds(int64_t s)
{
    usec_t v;
    return __builtin_mul_overflow(s, USEC_SEC, &v) ? (s < 0 ? INT64_MIN : USEC_NEVER) : v;
}

struct zone_span zone_span_at(const struct zone *z, usec_t at)
{
    struct tzif_span s = tzif_span_at(z->data, floor_seconds(at));
    return (struct zone_span){ from_seconds(s.from), from_seconds(s.to), s.offset };
}

int32_t zone_offset(const struct zone *z, usec_t at)
{
    return tzif_offset(z->data, floor_seconds(at));
}

usec_t zone_next_change(const struct zone *z, usec_t at)
{
    return from_seconds(tzif_next_change(z->data, floor_seconds(at)));
}

int64_t zone_local(const struct zone *z, usec_t at)
{
    int64_t v, offset = zone_offset(z, at) * USEC_SEC;
    return __builtin_add_overflow(at, offset, &v) ? at : v;
}

usec_t zone_instant(const struct zone *z, int64_t local_usec)
{
    /* No offset is larger than 26 hours: begin in a span that is surely too early and walk. */
    int64_t start;
    if (__builtin_sub_overflow(local_usec, 27 * USEC_HOUR, &start)) {
        return local_usec;
    }
    struct zone_span s = zone_span_at(z, start);
    for (;;) {
        int64_t at;
        if (__builtin_sub_overflow(local_usec, s.offset_s * USEC_SEC, &at)) {
            return local_usec;
        }
        if (at < s.from) { /* the reading was jumped over */
            return s.from;
        }
        if (at < s.to || s.to == USEC_NEVER) {
            return at;
        }
        s = zone_span_at(z, s.to);
    }
}
