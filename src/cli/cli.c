#include "cli/cli.h"

#include "config.h"

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void cli_put_v(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

static void cli_put_v(struct buf *b, const char *fmt, va_list ap)
{
    char text[1024];
    vsnprintf(text, sizeof text, fmt, ap);
    buf_clear(b);
    buf_put_strv(b, strv_from(text));
}

int cli_fail(struct cli *c, int code, const char *next, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    cli_put_v(&c->message, fmt, ap);
    va_end(ap);
    buf_clear(&c->next);
    buf_put_strv(&c->next, strv_from(next));
    return c->exit = code;
}

int cli_usage(struct cli *c, const char *fmt, ...)
{
    va_list ap;
    const struct command *k = c->args.command;
    va_start(ap, fmt);
    cli_put_v(&c->message, fmt, ap);
    va_end(ap);
    buf_clear(&c->next);
    buf_printf(&c->next, "\"tessera %s%s%s --help\" says how it is used", k->noun, k->verb != NULL ? " " : "",
               k->verb != NULL ? k->verb : "");
    return c->exit = CLI_USAGE;
}

struct table *cli_table(const struct cli *c, unsigned indent)
{
    struct table_look look = { .width = c->term.out ? term_width(STDOUT_FILENO) : 0,
                               .indent = indent,
                               .colour = c->term.colour,
                               .unicode = c->term.unicode };
    return table_new(&look);
}

void cli_put_styled(const struct cli *c, struct buf *out, enum style style, const char *text)
{
    struct buf clean = { 0 };
    text_put_clean(&clean, strv_from(text));
    term_put_style(out, c->term.colour, style, (struct strv){ (const char *)clean.data, clean.len });
    buf_free(&clean);
}

int cli_print(struct cli *c, struct buf *out)
{
    bool ok = !out->failed && (out->len == 0 || fwrite(out->data, 1, out->len, stdout) == out->len) &&
              fflush(stdout) == 0;
    int why = out->failed ? ENOMEM : errno;
    buf_free(out);
    return ok ? CLI_OK : cli_fail(c, CLI_FAILED, "", "cannot write to standard output: %s", strerror(why));
}

/* "tessera: message" and, below it, what to do next. */
static void cli_tell(struct cli *c)
{
    struct buf line = { 0 };
    term_put_style(&line, c->term.err && c->term.colour, STYLE_BAD, STRV("tessera:"));
    fprintf(stderr, "%s %s\n", buf_cstr(&line), buf_cstr(&c->message));
    if (c->next.len != 0) {
        fprintf(stderr, "  %s\n", buf_cstr(&c->next));
    }
    buf_free(&line);
}

static int cli_help(struct cli *c)
{
    struct buf out = { 0 };
    if (c->args.command != NULL) {
        help_put_command(&out, c->args.command);
    } else if (c->args.noun != NULL) {
        help_put_noun(&out, commands, c->args.noun);
    } else {
        help_put_all(&out, commands);
    }
    return cli_print(c, &out);
}

static int cli_version(struct cli *c)
{
    struct buf out = { 0 };
    buf_printf(&out, "tessera %s\n", PACKAGE_VERSION);
    return cli_print(c, &out);
}

static int cli_run(struct cli *c, int argc, char **argv)
{
    struct args_error usage = { 0 };
    struct err e = { 0 };
    if (!args_parse(commands, argc, argv, &c->args, &usage)) {
        return cli_fail(c, CLI_USAGE, usage.next, "%s", usage.err.text);
    }
    if (c->args.help || c->args.version) {
        return c->args.help ? cli_help(c) : cli_version(c);
    }
    const char *from_environment = getenv("TESSERA_SOCKET");
    c->socket = c->args.socket != NULL                                    ? c->args.socket
                : from_environment != NULL && from_environment[0] != '\0' ? from_environment
                                                                          : CLI_SOCKET;
    if (strlen(c->socket) >= sizeof((struct sockaddr_un *)0)->sun_path) {
        return cli_fail(c, CLI_USAGE, "", "the name of the socket is longer than a Unix socket's may be: %s",
                        c->socket);
    }
    c->client = client_new(c->socket, &e);
    if (c->client == NULL) {
        return cli_fail(c, CLI_FAILED, "", "%s", e.text);
    }
    return c->args.command->run(c);
}

int cli_main(int argc, char **argv)
{
    struct cli c = { .term = term_find() };
    tzset();
    int code = cli_run(&c, argc, argv);
    if (c.message.len != 0) {
        fflush(stdout);
        cli_tell(&c);
    }
    client_free(c.client);
    args_free(&c.args);
    buf_free(&c.message);
    buf_free(&c.next);
    return code;
}
