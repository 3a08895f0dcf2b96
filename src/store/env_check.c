/* Whether the pages of a file hang together, told without LMDB, which trusts its file: what it reads of a
 * damaged one ends in an assertion, outside of the map or in a circle. The format is that of LMDB 0.9
 * (mdb.c: MDB_page, MDB_node, MDB_db, MDB_meta), in the octets of the machine that wrote it. */
#include "store/env_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum { NODE_BIG = 1, NODE_TABLE = 2 };
#define PAGE_HEAD  16u
#define NODE_HEAD  8u
#define META_MAGIC 0xBEEFC0DEu
#define DEPTH_MOST 32u
#define NO_PAGE    UINT64_MAX

struct page_head {
    uint64_t number;
    uint16_t pad, flags;
    uint16_t lower, upper; /* of an overflow page: together how many pages there are */
};

struct node {
    uint16_t low, high, flags, key_size;
};

struct tree {
    uint32_t pad;
    uint16_t flags, depth;
    uint64_t branches, leaves, overflows, entries, root;
};

struct meta {
    uint32_t magic, version;
    uint64_t address, map_size;
    struct tree free, tables;
    uint64_t last_page, txn;
};

struct walk {
    const uint8_t *file;
    uint64_t n, last_page;
    uint32_t page_size;
    uint8_t *seen; /* a bit a page */
    const char *path;
    struct err *e;
    /* of the tree that is walked */
    char table[64];
    struct tree found;
    const struct tree *tree;
    bool is_free, is_tables;
    struct strv last_key, floor; /* the next record is above the one, and not below the other */
    bool has_last, has_floor;
};

static bool damaged(struct walk *w, uint64_t page, const char *what)
{
    return err_set(w->e, ERR_CORRUPT, "%s is damaged: page %llu of table \"%s\" %s", w->path,
                   (unsigned long long)page, w->table, what);
}

static const uint8_t *page_at(const struct walk *w, uint64_t page)
{
    return w->file + page * w->page_size;
}

/* Takes n pages for the tree: they are there, and nobody else has them. */
static bool pages_take(struct walk *w, uint64_t page, uint64_t n)
{
    if (page < 2 || page > w->last_page || n > w->last_page - page + 1)
        return damaged(w, page, "is none of the file");
    for (uint64_t i = page; i < page + n; i++) {
        if (w->seen[i / 8] >> (i % 8) & 1)
            return damaged(w, i, "is in use twice");
        w->seen[i / 8] |= (uint8_t)(1u << (i % 8));
    }
    return true;
}

static bool pages_in_file(struct walk *w, uint64_t page, uint64_t n)
{
    return (page + n) * w->page_size <= w->n || damaged(w, page, "lies behind the end of the file");
}

static int keys_compare(const struct walk *w, struct strv a, struct strv b)
{
    uint64_t x, y;
    if (!w->is_free) {
        int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
        return c ? c : a.n < b.n ? -1 : a.n > b.n;
    }
    memcpy(&x, a.p, sizeof(x));
    memcpy(&y, b.p, sizeof(y));
    return x < y ? -1 : x > y;
}

/* --- what leaves hold --- */

static bool free_list_check(struct walk *w, uint64_t page, const uint8_t *list, size_t n)
{
    uint64_t count, free_page;
    if (n < sizeof(count))
        return damaged(w, page, "has a list of free pages that is none");
    memcpy(&count, list, sizeof(count));
    if (count > n / sizeof(count) - 1)
        return damaged(w, page, "has a list of free pages that is cut off");
    for (uint64_t i = 1; i <= count; i++) {
        memcpy(&free_page, list + i * sizeof(free_page), sizeof(free_page));
        if (!pages_take(w, free_page, 1))
            return false;
    }
    return true;
}

/* What a record is whose value has pages of its own; *value is then there. */
static bool overflow_check(struct walk *w, uint64_t page, const uint8_t *at, size_t size,
                           const uint8_t **value)
{
    struct page_head head;
    uint64_t first;
    uint32_t pages;
    memcpy(&first, at, sizeof(first));
    if (first < 2 || first > w->last_page || !pages_in_file(w, first, 1))
        return damaged(w, page, "has a value on a page that is none of the file");
    memcpy(&head, page_at(w, first), sizeof(head));
    memcpy(&pages, page_at(w, first) + 12, sizeof(pages));
    if (head.number != first || head.flags != PAGE_OVERFLOW ||
        (uint64_t)pages * w->page_size < PAGE_HEAD + (uint64_t)size)
        return damaged(w, first, "does not have the value that it should");
    w->found.overflows += pages;
    *value = page_at(w, first) + PAGE_HEAD;
    return pages_take(w, first, pages) && pages_in_file(w, first, pages);
}

static bool table_walk(struct walk *w, const char *name, const struct tree *t, bool is_free, bool is_tables);

/* The value of the main tree's record: the root of a table. */
static bool table_check(struct walk *w, uint64_t page, struct strv key, const uint8_t *value, size_t size)
{
    struct walk outer = *w;
    struct tree t;
    char name[64];
    if (size != sizeof(t))
        return damaged(w, page, "has a table that is none");
    memcpy(&t, value, sizeof(t));
    strv_copy(key, name, sizeof(name));
    if (t.flags != 0)
        return damaged(w, page, "has a table of another kind");
    bool ok = table_walk(w, name, &t, false, false);
    outer.seen = w->seen;
    *w = outer;
    return ok;
}

static bool record_check(struct walk *w, uint64_t page, const uint8_t *at, const struct node *node,
                         struct strv key)
{
    size_t size = node->low | (size_t)node->high << 16;
    const uint8_t *value = at + NODE_HEAD + node->key_size;
    if ((w->has_last && keys_compare(w, w->last_key, key) >= 0) ||
        (w->has_floor && keys_compare(w, w->floor, key) > 0))
        return damaged(w, page, "has keys that do not ascend");
    w->last_key = key;
    w->has_last = true;
    w->has_floor = false;
    w->found.entries++;
    if ((node->flags & ~(NODE_BIG | NODE_TABLE)) != 0 || (node->flags & NODE_TABLE && !w->is_tables))
        return damaged(w, page, "has a record of an unknown kind");
    if (node->flags & NODE_BIG && !overflow_check(w, page, value, size, &value))
        return false;
    if (w->is_free)
        return free_list_check(w, page, value, size);
    return !w->is_tables || !(node->flags & NODE_TABLE) || table_check(w, page, key, value, size);
}

/* --- pages --- */

/* The node at place i of a page; *took is what it takes of it. */
static bool node_read(struct walk *w, uint64_t page, unsigned i, const struct page_head *head,
                      struct node *node, const uint8_t **at, size_t *took)
{
    const uint8_t *p = page_at(w, page);
    uint16_t offset;
    memcpy(&offset, p + PAGE_HEAD + 2 * i, sizeof(offset));
    if (offset < head->upper || offset % 2 || offset + NODE_HEAD > w->page_size)
        return damaged(w, page, "has a record outside of it");
    *at = p + offset;
    memcpy(node, *at, sizeof(*node));
    size_t size = NODE_HEAD + (size_t)node->key_size;
    if (head->flags == PAGE_LEAF)
        size += node->flags & NODE_BIG ? sizeof(uint64_t) : node->low | (size_t)node->high << 16;
    *took = (size + 1) & ~(size_t)1;
    if (offset + *took > w->page_size || (head->flags == PAGE_LEAF && node->key_size == 0))
        return damaged(w, page, "has a record that does not fit");
    return !w->is_free || head->flags != PAGE_LEAF || node->key_size == sizeof(uint64_t) ||
           damaged(w, page, "has a key that is none");
}

static bool page_walk(struct walk *w, uint64_t page, unsigned level);

static bool child_walk(struct walk *w, uint64_t page, unsigned i, unsigned level, const struct node *node,
                       struct strv key)
{
    uint64_t child = node->low | (uint64_t)node->high << 16 | (uint64_t)node->flags << 32;
    if (i > 0) { /* the first one's key says nothing */
        if (key.n == 0 || (w->is_free && key.n != sizeof(uint64_t)))
            return damaged(w, page, "has a key that is none");
        if (w->has_last && keys_compare(w, w->last_key, key) >= 0)
            return damaged(w, page, "has keys that do not ascend");
        w->floor = key;
        w->has_floor = true;
    }
    return page_walk(w, child, level + 1);
}

static bool page_walk(struct walk *w, uint64_t page, unsigned level)
{
    struct page_head head;
    const bool leaf = level == w->tree->depth;
    if (!pages_take(w, page, 1) || !pages_in_file(w, page, 1))
        return false;
    memcpy(&head, page_at(w, page), sizeof(head));
    if (head.number != page || head.flags != (leaf ? PAGE_LEAF : PAGE_BRANCH))
        return damaged(w, page, "is another page");
    if (head.lower < PAGE_HEAD || head.lower % 2 || head.upper < head.lower || head.upper > w->page_size)
        return damaged(w, page, "has no order");
    const unsigned n = (head.lower - PAGE_HEAD) / 2;
    size_t sum = 0;
    if (n < (leaf ? 1u : 2u))
        return damaged(w, page, "is empty");
    *(leaf ? &w->found.leaves : &w->found.branches) += 1;
    for (unsigned i = 0; i < n; i++) {
        struct node node;
        const uint8_t *at = NULL;
        size_t took = 0;
        if (!node_read(w, page, i, &head, &node, &at, &took))
            return false;
        struct strv key = { (const char *)at + NODE_HEAD, node.key_size };
        sum += took;
        if (!(leaf ? record_check(w, page, at, &node, key) : child_walk(w, page, i, level, &node, key)))
            return false;
    }
    return sum == w->page_size - head.upper || damaged(w, page, "has records that overlap");
}

/* --- trees --- */

static bool table_walk(struct walk *w, const char *name, const struct tree *t, bool is_free, bool is_tables)
{
    snprintf(w->table, sizeof(w->table), "%s", name);
    w->tree = t;
    w->is_free = is_free;
    w->is_tables = is_tables;
    w->has_last = w->has_floor = false;
    w->found = (struct tree){ 0 };
    if (t->depth > DEPTH_MOST || (t->root == NO_PAGE) != (t->depth == 0))
        return damaged(w, t->root, "is no root");
    if (t->root != NO_PAGE && !page_walk(w, t->root, 1))
        return false;
    const struct tree *f = &w->found;
    return (f->branches == t->branches && f->leaves == t->leaves && f->overflows == t->overflows &&
            f->entries == t->entries) ||
           damaged(w, t->root, "and those under it are not what the table counts");
}

static bool meta_read(const struct walk *w, uint64_t page, struct meta *out)
{
    struct page_head head;
    memcpy(&head, page_at(w, page), sizeof(head));
    memcpy(out, page_at(w, page) + PAGE_HEAD, sizeof(*out));
    return head.flags == PAGE_META && out->magic == META_MAGIC && out->free.pad == w->page_size;
}

/* The newer of the two, or the one of a transaction. */
static bool meta_find(const struct walk *w, uint64_t txn, struct meta *out)
{
    struct meta m;
    bool found = false;
    for (uint64_t page = 0; page < 2; page++) {
        if (!meta_read(w, page, &m) || (txn ? m.txn != txn : found && m.txn <= out->txn))
            continue;
        *out = m;
        found = true;
    }
    return found;
}

static bool walk_all(struct walk *w, const struct meta *m)
{
    w->last_page = m->last_page;
    if (m->last_page >= INT64_MAX / w->page_size)
        return err_set(w->e, ERR_CORRUPT, "%s is damaged: its root is none", w->path);
    w->seen = calloc(m->last_page / 8 + 1, 1);
    if (!w->seen)
        return err_set(w->e, ERR_NOMEM, "out of memory");
    bool ok = table_walk(w, "tables", &m->tables, false, true) &&
              table_walk(w, "free pages", &m->free, true, false);
    free(w->seen);
    return ok;
}

/* `txn` 0: nobody writes. */
static bool file_check(int fd, const char *path, uint64_t txn, bool *moved, struct err *e)
{
    struct walk w = { .path = path, .e = e, .page_size = (uint32_t)sysconf(_SC_PAGESIZE) };
    struct stat st;
    struct meta m;
    *moved = false;
    if (fstat(fd, &st) != 0)
        return err_set_errno(e, errno, "cannot examine %s", path);
    w.n = (uint64_t)st.st_size;
    if (w.n < 2 * (uint64_t)w.page_size)
        return err_set(e, ERR_CORRUPT, "%s is no store", path);
    void *map = mmap(NULL, w.n, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return err_set_errno(e, errno, "cannot read %s", path);
    w.file = map;
    bool ok = meta_find(&w, txn, &m);
    *moved = !ok && txn;
    ok = ok ? walk_all(&w, &m) : err_set(e, ERR_CORRUPT, "%s is damaged: it has no root", path);
    munmap(map, w.n);
    return ok;
}

bool env_check(struct env *env, struct err *e)
{
    const char *path;
    mdb_filehandle_t fd;
    bool ok = false, moved = true;
    if (mdb_env_get_fd(env->mdb, &fd) != 0 || mdb_env_get_path(env->mdb, &path) != 0)
        return err_set(e, ERR_INTERNAL, "no file");
    for (int i = 0; i < 100 && moved; i++) { /* two commits meanwhile: the root is gone; again */
        struct env_txn t;
        if (!env_begin(env, &t, false))
            return err_set(e, t.code, "cannot read the store: %s", env_error_text(&t));
        ok = file_check(fd, path, mdb_txn_id(t.txn), &moved, e);
        env_abort(&t);
    }
    return ok;
}

bool env_check_file(const char *dir, const char *name, struct err *e)
{
    char path[PATH_MAX];
    bool moved;
    int n = snprintf(path, sizeof(path), "%s/%s.mdb", dir, name);
    if (n < 0 || n >= PATH_MAX)
        return err_set(e, ERR_INVALID, "%s: path too long", dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || err_set_errno(e, errno, "cannot open %s", path);
    bool ok = file_check(fd, path, 0, &moved, e);
    close(fd);
    return ok;
}
