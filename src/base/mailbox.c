#include "base/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* The descriptor is written when the first message comes and read when the last one goes, both under the
 * lock, so that its readiness and `count` never disagree and a burst of posts costs one system call. */
struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    int fd;
    bool closed;
    size_t head, count, capacity;
    void *messages[];
};

static bool mailbox_init_sync(struct mailbox *m)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0) {
        return false;
    }
    bool ok =
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 && pthread_cond_init(&m->ready, &attr) == 0;
    pthread_condattr_destroy(&attr);
    if (!ok) {
        return false;
    }
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        pthread_cond_destroy(&m->ready);
        return false;
    }
    return true;
}

struct mailbox *mailbox_new(size_t capacity)
{
    if (capacity == 0 || capacity > (SIZE_MAX - sizeof(struct mailbox)) / sizeof(void *)) {
        return NULL;
    }
    struct mailbox *m = calloc(1, sizeof *m + capacity * sizeof m->messages[0]);
    if (!m) {
        return NULL;
    }
    m->capacity = capacity;
    m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->fd < 0 || !mailbox_init_sync(m)) {
        if (m->fd >= 0) {
            close(m->fd);
        }
        free(m);
        return NULL;
    }
    return m;
}

void mailbox_free(struct mailbox *m)
{
    if (!m) {
        return;
    }
    pthread_cond_destroy(&m->ready);
    pthread_mutex_destroy(&m->lock);
    close(m->fd);
    free(m);
}

int mailbox_fd(const struct mailbox *m)
{
    return m->fd;
}

static void mailbox_signal(struct mailbox *m)
{
    uint64_t one = 1;
    while (write(m->fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

static void mailbox_unsignal(struct mailbox *m)
{
    uint64_t value;
    while (read(m->fd, &value, sizeof value) < 0 && errno == EINTR) {
    }
}

bool mailbox_post(struct mailbox *m, void *message)
{
    pthread_mutex_lock(&m->lock);
    bool ok = !m->closed && m->count < m->capacity;
    if (ok) {
        size_t at = m->head + m->count;
        m->messages[at < m->capacity ? at : at - m->capacity] = message;
        if (m->count++ == 0) {
            mailbox_signal(m);
        }
        pthread_cond_signal(&m->ready);
    }
    pthread_mutex_unlock(&m->lock);
    return ok;
}

static void *mailbox_take_locked(struct mailbox *m)
{
    if (m->count == 0) {
        return NULL;
    }
    void *message = m->messages[m->head];
    m->head = m->head + 1 < m->capacity ? m->head + 1 : 0;
    if (--m->count == 0) {
        mailbox_unsignal(m);
    }
    return message;
}

void *mailbox_take(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    void *message = mailbox_take_locked(m);
    pthread_mutex_unlock(&m->lock);
    return message;
}

/* False when the time is not representable: wait without an end. */
static bool mailbox_deadline(usec_t timeout, struct timespec *at)
{
    usec_t end;
    clock_gettime(CLOCK_MONOTONIC, at);
    if (__builtin_add_overflow((usec_t)at->tv_sec * USEC_SEC + at->tv_nsec / 1000, timeout > 0 ? timeout : 0,
                               &end)) {
        return false;
    }
    at->tv_sec = (time_t)(end / USEC_SEC);
    at->tv_nsec = (long)(end % USEC_SEC) * 1000;
    return true;
}

void *mailbox_wait(struct mailbox *m, usec_t timeout)
{
    struct timespec until;
    bool bounded = mailbox_deadline(timeout, &until);
    int rc = 0;
    pthread_mutex_lock(&m->lock);
    while (m->count == 0 && !m->closed && rc == 0) {
        rc = bounded ? pthread_cond_timedwait(&m->ready, &m->lock, &until)
                     : pthread_cond_wait(&m->ready, &m->lock);
    }
    void *message = mailbox_take_locked(m);
    pthread_mutex_unlock(&m->lock);
    return message;
}

void mailbox_close(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->closed = true;
    pthread_cond_broadcast(&m->ready);
    pthread_mutex_unlock(&m->lock);
}

bool mailbox_closed(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    bool closed = m->closed;
    pthread_mutex_unlock(&m->lock);
    return closed;
}

size_t mailbox_count(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    size_t count = m->count;
    pthread_mutex_unlock(&m->lock);
    return count;
}

size_t mailbox_room(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    size_t room = m->closed ? 0 : m->capacity - m->count;
    pthread_mutex_unlock(&m->lock);
    return room;
}
