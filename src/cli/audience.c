/* tessera audience */
#include "cli/ask.h"
#include "cli/doc.h"
#include "cli/handlers.h"
#include "cli/text.h"

static void fit_draw(struct cli *c, const json_t *doc, struct buf *out)
{
    static const char *const names[] = { "r", "alpha", "a", "b" };
    buf_printf(out, "p_alive is told from %s customers who bought, %s of them on more than one day",
               text_count(doc_int(doc, "customers")).s, text_count(doc_int(doc, "repeaters")).s);
    if (doc_int(doc, "fitted") != doc_int(doc, "customers")) {
        buf_printf(out, " (a sample of %s)", text_count(doc_int(doc, "fitted")).s);
    }
    buf_printf(out, ", fitted %s\n", text_minute(doc_instant(doc, "at")).s);
    for (size_t i = 0; i < 4; i++) {
        buf_printf(out, "%s%s %.3f", i != 0 ? ", " : "BG/NBD: ", names[i], doc_real(doc, names[i]));
    }
    buf_printf(out, "; log-likelihood %.1f\n", doc_real(doc, "log_likelihood"));
    if (!doc_bool(doc, "converged")) {
        cli_put_styled(c, out, STYLE_BAD, "The fit did not converge");
        buf_printf(out, ": look at the probabilities before you rely on them\n");
    }
}

int run_audience_fit(struct cli *c)
{
    struct buf path = ask_path("audience", "fit", NULL);
    bool show = args_flag(&c->args, "show");
    return ask_show(c, show ? "GET" : "POST", &path, show ? NULL : json_object(), fit_draw);
}
