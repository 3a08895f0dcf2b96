#include "simulator/program.h"

#include "config.h"

#include "base/buf.h"
#include "net/loop.h"
#include "simulator/console.h"
#include "simulator/control.h"
#include "simulator/options.h"
#include "simulator/simulator.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

struct program {
    struct options o;
    struct loop *loop;
    struct simulator *sim;
    struct console *console;
    bool stopping;
};

static void program_on_stopped(void *arg)
{
    loop_stop(((struct program *)arg)->loop);
}

/* Once: in good order. Twice: now. */
static void program_stop(void *arg)
{
    struct program *p = arg;
    if (p->stopping)
        loop_stop(p->loop);
    else
        simulator_stop(p->sim, program_on_stopped, p);
    p->stopping = true;
}

static void program_on_signal(int signo, void *arg)
{
    (void)signo;
    program_stop(arg);
}

/* A reader never sees half a number: written aside, then renamed. */
static bool program_write_port(const struct program *p, struct err *err)
{
    char aside[4096];
    if (!p->o.port_file)
        return true;
    int n = snprintf(aside, sizeof aside, "%s.new", p->o.port_file);
    FILE *f = n > 0 && (size_t)n < sizeof aside ? fopen(aside, "we") : NULL;
    if (!f)
        return err_set_errno(err, errno, "%s", p->o.port_file);
    fprintf(f, "%u\n", simulator_port(p->sim));
    if (fclose(f) != 0 || rename(aside, p->o.port_file) != 0)
        return err_set_errno(err, errno, "%s", p->o.port_file);
    return true;
}

static bool program_start(struct program *p, struct err *err)
{
    if (!(p->loop = loop_new(NULL, err)) || !(p->sim = simulator_new(p->loop, &p->o.sim, err)))
        return false;
    p->console = console_new(p->loop, p->sim, program_stop, p);
    if (!p->console)
        return err_set(err, ERR_NOMEM, "no memory");
    if (p->o.control && !console_listen(p->console, p->o.control, err))
        return false;
    if (p->o.inbound_file && !simulator_inbound_file(p->sim, p->o.inbound_file, err))
        return false;
    if (!loop_on_signal(p->loop, SIGTERM, program_on_signal, p, err) ||
        !loop_on_signal(p->loop, SIGINT, program_on_signal, p, err))
        return false;
    if (!p->o.no_stdin)
        console_watch(p->console, STDIN_FILENO);
    return program_write_port(p, err);
}

static void program_say_end(const struct program *p)
{
    struct buf b = { 0 };
    control_put_stats(p->sim, &b);
    printf("%s\n", buf_cstr(&b));
    buf_free(&b);
}

static bool program_check_journal(const struct program *p)
{
    bool whole = simulator_journal_whole(p->sim);
    if (!whole)
        fprintf(stderr, "tessera-smsc: %s could not be written: it is not whole\n", p->o.sim.journal_path);
    return whole;
}

static int program_serve(struct program *p)
{
    struct err err = { 0 };
    bool fine = program_start(p, &err);
    if (fine) {
        if (!p->o.quiet)
            printf("listening on %s\n", simulator_address(p->sim));
        fflush(stdout);
        loop_run(p->loop);
        if (!p->o.quiet)
            program_say_end(p);
        fine = program_check_journal(p);
    } else {
        fprintf(stderr, "tessera-smsc: %s\n", err.text);
    }
    console_free(p->console);
    simulator_free(p->sim);
    if (p->loop)
        loop_free(p->loop);
    return fine ? 0 : 1;
}

int program_run(int argc, char **argv)
{
    struct program p = { 0 };
    struct err err = { 0 };
    if (!options_parse(argc, argv, &p.o, &err)) {
        fprintf(stderr, "tessera-smsc: %s\nTry tessera-smsc --help\n", err.text);
        return 2;
    }
    if (p.o.help) {
        struct buf b = { 0 };
        options_put_help(&b);
        fputs(buf_cstr(&b), stdout);
        buf_free(&b);
        return 0;
    }
    if (p.o.version) {
        printf("tessera-smsc %s\n", PACKAGE_VERSION);
        return 0;
    }
    return program_serve(&p);
}
