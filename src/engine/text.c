#include "engine/text.h"

#include "smpp/advice.h"

void text_look(struct strv utf8, const struct parts_options *style, struct text_look *out)
{
    *out = (struct text_look){ .style = *style, .plan = parts_plan(utf8, style) };
    struct advice a;
    if (out->plan.parts == 0) {
        advice_refusal(utf8, style, &out->advice);
        return;
    }
    if (out->plan.translit != TRANSLIT_OFF) {
        parts_plan_text(utf8, &out->plan, &out->sent, &out->replaced);
    }
    advice_make(utf8, style, &out->plan, &a);
    advice_text(&a, &out->plan, &out->advice);
}

void text_look_free(struct text_look *t)
{
    buf_free(&t->sent);
    buf_free(&t->advice);
}

bool text_refused(struct strv utf8, const struct parts_options *style, struct err *e)
{
    struct buf why = { 0 };
    if (!style->no_ucs2 || parts_plan(utf8, style).parts != 0) {
        return false;
    }
    bool ok = advice_refusal(utf8, style, &why);
    err_set(e, ok ? ERR_STATE : ERR_NOMEM, "%s", ok ? buf_cstr(&why) : "out of memory");
    buf_free(&why);
    return true;
}
