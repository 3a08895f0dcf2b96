/* One line an event, to stderr or a file: time, level, event name, key=value pairs. Used by engine/ and
 * above; library folders return errors instead. Safe to call from any thread: a line is one write(2). */
#ifndef TESSERA_BASE_LOG_H
#define TESSERA_BASE_LOG_H

#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG }; /* no clash: <syslog.h> is never included */

struct log {
    int fd;
    enum log_level level;
    bool show_numbers; /* false: log_number() masks */
    bool sd_prefix;    /* "<6>" priorities for journald */
};

/* Writes `2026-11-21T22:00:00.000Z info event_name key=value ...` . The format holds `key=%s` pairs only; a
 * value that may have a space or quote in it is passed through log_quote(). */
void log_event(const struct log *l, enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

bool log_level_parse(struct strv s, enum log_level *out);
const char *log_level_name(enum log_level level);

struct log_text {
    char s[256];
};
/* Quoted with "", control characters and quotes escaped, cut with "..." : safe as a value of a log line. */
struct log_text log_quote(struct strv s);
/* "+4477009*****" : the last five digits masked, unless the log says otherwise. */
struct log_text log_number(const struct log *l, uint64_t msisdn);

#endif
