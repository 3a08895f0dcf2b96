#include "cli/term.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

struct term term_find(void)
{
    const char *no_color = getenv("NO_COLOR"), *name = getenv("TERM");
    struct term t = { .out = isatty(STDOUT_FILENO) == 1, .err = isatty(STDERR_FILENO) == 1 };
    bool dumb = name == NULL || strcmp(name, "dumb") == 0;
    t.out = t.out && !dumb;
    t.err = t.err && !dumb;
    t.colour = t.out && (no_color == NULL || no_color[0] == '\0');
    setlocale(LC_CTYPE, "");
    t.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    return t;
}

unsigned term_width(int fd)
{
    struct winsize w = { 0 };
    return isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

unsigned term_height(int fd)
{
    struct winsize w = { 0 };
    return isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &w) == 0 ? w.ws_row : 0;
}

void term_put_style(struct buf *out, bool colour, enum style style, struct strv text)
{
    static const char *const CODES[] = { "", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m" };
    bool styled = colour && style != STYLE_PLAIN && text.n != 0;
    if (styled) {
        buf_put_strv(out, strv_from(CODES[style]));
    }
    buf_put_strv(out, text);
    if (styled) {
        buf_put_strv(out, STRV("\033[0m"));
    }
}

void term_hold_signals(bool stop_too)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (stop_too) {
        sigaddset(&set, SIGTSTP);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
}

bool term_ending(void)
{
    sigset_t set;
    return sigpending(&set) == 0 && (sigismember(&set, SIGINT) == 1 || sigismember(&set, SIGTERM) == 1 ||
                                     sigismember(&set, SIGHUP) == 1);
}

int term_sleep(usec_t d)
{
    sigset_t set;
    struct timespec ts = { .tv_sec = (time_t)(d / USEC_SEC), .tv_nsec = (long)(d % USEC_SEC) * 1000 };
    sigprocmask(SIG_BLOCK, NULL, &set);
    int signo = sigtimedwait(&set, NULL, &ts);
    if (signo <= 0) {
        return 0;
    }
    if (signo != SIGTSTP) {
        raise(signo); /* held: it waits again */
    }
    return signo;
}
