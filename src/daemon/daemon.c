#include "config.h"

#include "daemon/daemon.h"

#include "api/api.h"
#include "base/civil.h"
#include "daemon/configuration.h"
#include "daemon/stores.h"
#include "domain/number.h"
#include "net/loop.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#ifndef CONFIG_FILE
#define CONFIG_FILE "/etc/tessera/tesserad.conf"
#endif

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct daemon {
    const char *config_path;
    struct config *config;
    struct clock clock;
    struct log log;
    struct loop *loop;
    struct engine *engine;
    struct api *api;
    struct loop_timer watchdog;
    usec_t watchdog_every;
    bool test_clock, stopping;
};

static const char usage[] =
    "Usage: tesserad [OPTION]...\n"
    "The SMPP gateway daemon. Runs in the foreground and logs to standard error.\n"
    "\n"
    "  -c, --config FILE        configuration (default " CONFIG_FILE ")\n"
    "      --check              check the configuration and exit\n"
    "      --settings           list every setting with its default and exit\n"
    "      --test-clock INSTANT begin at that wall clock (2026-03-29T00:00:00Z), "
    "which the API may then set; for tests\n"
    "      --store-check DIR    check the stores of a state_dir no daemon uses, and exit\n"
    "      --store-rebuild DIR  build the index of customers anew, and exit\n"
    "      --store-compact DIR  write the stores anew without what was deleted, and exit\n"
    "      --json               the result of these three as JSON\n"
    "  -h, --help               this text\n"
    "  -V, --version            the version\n"
    "\n"
    "Signals: HUP reads the configuration again; TERM and INT stop intake, wait for "
    "the carriers' responses,\n"
    "unbind and exit. Exit status: 0 stopped in good order, 1 could not run, 2 wrong "
    "usage or configuration.\n"
    "See tesserad(8) and tesserad.conf(5).\n";

static void daemon_notify(const char *state)
{
#ifdef HAVE_SYSTEMD
    sd_notify(0, state);
#else
    (void)state;
#endif
}

static void daemon_watchdog(void *arg)
{
    struct daemon *d = arg;
    daemon_notify("WATCHDOG=1");
    loop_timer_in(&d->watchdog, d->watchdog_every);
}

static void daemon_begin_watchdog(struct daemon *d)
{
    uint64_t usec = 0;
#ifdef HAVE_SYSTEMD
    if (sd_watchdog_enabled(0, &usec) <= 0) {
        usec = 0;
    }
#endif
    loop_timer_init(&d->watchdog, d->loop, daemon_watchdog, d);
    if (usec > 0) {
        d->watchdog_every = (usec_t)(usec / 2);
        loop_timer_in(&d->watchdog, 0);
    }
}

static void daemon_log_options(struct daemon *d)
{
    log_level_parse(strv_from(d->config->log_level), &d->log.level);
    d->log.show_numbers = d->config->log_numbers;
}

/* --- signals --- */

static void daemon_drained(void *ctx)
{
    struct daemon *d = ctx;
    log_event(&d->log, LOG_INFO, "stopped", "text=%s", "\"every bind is down\"");
    loop_stop(d->loop);
}

static void daemon_on_stop(int signo, void *arg)
{
    struct daemon *d = arg;
    if (d->stopping) {
        log_event(&d->log, LOG_WARN, "stop_now", "signal=%d text=%s", signo,
                  "\"asked twice: not waiting any longer\"");
        loop_stop(d->loop);
        return;
    }
    d->stopping = true;
    log_event(&d->log, LOG_INFO, "stopping", "signal=%d drain_timeout_s=%lld", signo,
              (long long)(d->config->drain_timeout / USEC_SEC));
    daemon_notify("STOPPING=1");
    api_stop(d->api, NULL, NULL);
    engine_drain(d->engine, daemon_drained, d);
}

static void daemon_reload(struct daemon *d)
{
    struct err e = { 0 };
    struct engine_options o;
    struct config *fresh = config_load(d->config_path, &e);
    if (fresh == NULL) {
        log_event(&d->log, LOG_ERROR, "reload_refused", "text=%s", log_quote(strv_from(e.text)).s);
        return;
    }
    const char *fixed = config_fixed_difference(d->config, fresh);
    if (fixed != NULL) {
        log_event(&d->log, LOG_WARN, "reload_partial", "setting=%s text=%s", fixed,
                  "\"takes effect at the next start only\"");
    }
    config_engine_options(fresh, &o);
    if (!engine_reload(d->engine, &o, &e)) {
        log_event(&d->log, LOG_ERROR, "reload_refused", "text=%s", log_quote(strv_from(e.text)).s);
        config_free(fresh);
        return;
    }
    config_free(d->config);
    d->config = fresh;
    daemon_log_options(d);
    log_event(&d->log, LOG_INFO, "reloaded", "config=%s carriers=%zu", d->config_path, fresh->n_carriers);
}

static void daemon_on_hup(int signo, void *arg)
{
    struct daemon *d = arg;
    (void)signo;
    if (d->stopping) {
        return;
    }
#ifdef HAVE_SYSTEMD
    char text[80];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono(&d->clock));
    daemon_notify(text);
#endif
    daemon_reload(d);
    daemon_notify("READY=1");
}

/* --- start --- */

/* Wanted by `tessera store compact`: nobody has the stores open yet. What fails is tried again at the next
 * start; the daemon runs all the same. */
static void daemon_compact(struct daemon *d)
{
    char mark[1024];
    struct err e = { 0 };
    struct buf out = { 0 };
    snprintf(mark, sizeof mark, "%s/%s", d->config->state_dir, ENGINE_COMPACT_MARK);
    if (access(mark, F_OK) != 0) {
        return;
    }
    if (stores_compact(d->config->state_dir, true, &out, &e) == STORES_FINE && unlink(mark) == 0) {
        log_event(&d->log, LOG_INFO, "stores_compacted", "text=%s",
                  log_quote(strv_trim((struct strv){ (const char *)out.data, out.len })).s);
    } else {
        log_event(&d->log, LOG_ERROR, "compact_failed", "text=%s", log_quote(strv_from(e.text)).s);
    }
    buf_free(&out);
}

static bool daemon_open(struct daemon *d, struct err *e)
{
    struct engine_options o;
    daemon_compact(d);
    d->loop = loop_new(&d->clock, e);
    if (d->loop == NULL) {
        return false;
    }
    config_engine_options(d->config, &o);
    o.clock = &d->clock;
    o.log = &d->log;
    d->engine = engine_new(&o, d->loop, e);
    if (d->engine == NULL) {
        return false;
    }
    struct api_options ao = { .version = PACKAGE_VERSION,
                              .log = &d->log,
                              .clock = &d->clock,
                              .clock_settable = d->test_clock,
                              .max_body = (size_t)d->config->api_max_body };
    d->api = api_new(d->engine, d->loop, &ao, e);
    return d->api != NULL &&
           api_listen_unix(d->api, d->config->api_socket, (unsigned)d->config->api_mode, e) &&
           loop_on_signal(d->loop, SIGTERM, daemon_on_stop, d, e) &&
           loop_on_signal(d->loop, SIGINT, daemon_on_stop, d, e) &&
           loop_on_signal(d->loop, SIGHUP, daemon_on_hup, d, e);
}

static void daemon_close(struct daemon *d)
{
    api_free(d->api);
    engine_free(d->engine);
    loop_timer_stop(&d->watchdog);
    if (d->loop != NULL) {
        loop_turn(d->loop, 0); /* what was to be freed at the end of a turn */
        loop_free(d->loop);
    }
}

static int daemon_run(struct daemon *d)
{
    struct err e = { 0 };
    log_event(&d->log, LOG_INFO, "starting", "version=%s config=%s state_dir=%s", PACKAGE_VERSION,
              d->config_path, d->config->state_dir);
    if (!daemon_open(d, &e)) {
        log_event(&d->log, LOG_ERROR, "start_failed", "code=%s text=%s", err_code_name(e.code),
                  log_quote(strv_from(e.text)).s);
        fprintf(stderr, "tesserad: %s\n", e.text);
        daemon_close(d);
        return EXIT_FAILED;
    }
    engine_start(d->engine);
    daemon_begin_watchdog(d);
    log_event(&d->log, LOG_INFO, "ready", "socket=%s", d->config->api_socket);
    daemon_notify("READY=1");
    loop_run(d->loop);
    daemon_close(d);
    log_event(&d->log, LOG_INFO, "exit", "status=0");
    return EXIT_FINE;
}

static bool daemon_set_clock(struct daemon *d, const char *text)
{
    int64_t at;
    bool has_offset, has_time;
    if (!civil_parse(strv_from(text), &at, &has_offset, &has_time) || !has_offset) {
        fprintf(stderr, "tesserad: --test-clock: \"%s\" is no instant; write 2026-03-29T00:00:00Z\n", text);
        return false;
    }
    clock_set_wall(&d->clock, at);
    d->test_clock = true;
    return true;
}

/* Without a daemon: what is wrong goes to standard error, exit status 1; in order is 0. */
static int daemon_stores(const char *dir, bool json,
                         enum stores_result (*what)(const char *dir, bool json, struct buf *out,
                                                    struct err *e))
{
    struct err e = { 0 };
    struct buf out = { 0 };
    enum stores_result r = what(dir, json, &out, &e);
    if (out.len != 0) {
        fwrite(out.data, 1, out.len, stdout);
    }
    buf_free(&out);
    if (r != STORES_FINE) {
        fprintf(stderr, "tesserad: %s\n", e.text);
    }
    if (r == STORES_DIFFER) {
        fprintf(stderr, "tesserad: an index that differs is built anew by --store-rebuild %s\n", dir);
    }
    return r == STORES_FINE && fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

int daemon_main(int argc, char **argv)
{
    enum { OPT_CHECK = 256, OPT_SETTINGS, OPT_CLOCK, OPT_STORE_CHECK, OPT_REBUILD, OPT_COMPACT, OPT_JSON };
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "check", no_argument, NULL, OPT_CHECK },
        { "settings", no_argument, NULL, OPT_SETTINGS },
        { "test-clock", required_argument, NULL, OPT_CLOCK },
        { "store-check", required_argument, NULL, OPT_STORE_CHECK },
        { "store-rebuild", required_argument, NULL, OPT_REBUILD },
        { "store-compact", required_argument, NULL, OPT_COMPACT },
        { "json", no_argument, NULL, OPT_JSON },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    static struct daemon d = { .config_path = CONFIG_FILE };
    struct err e = { 0 };
    bool check = false, json = false;
    enum stores_result (*stores)(const char *, bool, struct buf *, struct err *) = NULL;
    const char *stores_dir = NULL;
    int c;
    d.log =
        (struct log){ .fd = STDERR_FILENO, .level = LOG_INFO, .sd_prefix = getenv("JOURNAL_STREAM") != NULL };
    while ((c = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
        switch (c) {
        case 'c': d.config_path = optarg; break;
        case OPT_CHECK: check = true; break;
        case OPT_STORE_CHECK:
        case OPT_REBUILD:
        case OPT_COMPACT:
            stores_dir = optarg;
            stores = c == OPT_STORE_CHECK ? stores_check : c == OPT_REBUILD ? stores_rebuild : stores_compact;
            break;
        case OPT_JSON: json = true; break;
        case OPT_SETTINGS: config_print_settings(STDOUT_FILENO); return EXIT_FINE;
        case OPT_CLOCK:
            if (!daemon_set_clock(&d, optarg)) {
                return EXIT_USAGE;
            }
            break;
        case 'h': fputs(usage, stdout); return EXIT_FINE;
        case 'V':
            printf("tesserad %s%s\n", PACKAGE_VERSION,
                   number_has_library() ? " (national numbers by libphonenumber)" : "");
            return EXIT_FINE;
        default: fputs("Try `tesserad --help`.\n", stderr); return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "tesserad: unexpected argument \"%s\"\nTry `tesserad --help`.\n", argv[optind]);
        return EXIT_USAGE;
    }
    if (stores != NULL) {
        return daemon_stores(stores_dir, json, stores);
    }
    d.config = config_load(d.config_path, &e);
    if (d.config == NULL) {
        fprintf(stderr, "tesserad: %s\n", e.text);
        return EXIT_USAGE;
    }
    if (check) {
        printf("%s: fine (%zu carrier%s)\n", d.config_path, d.config->n_carriers,
               d.config->n_carriers == 1 ? "" : "s");
        config_free(d.config);
        return EXIT_FINE;
    }
    daemon_log_options(&d);
    int status = daemon_run(&d);
    config_free(d.config);
    return status;
}
