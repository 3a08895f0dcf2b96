#include "engine/text.h"

#include "smpp/advice.h"

void text_look(struct strv utf8, const struct parts_options *style, struct text_look *out)
{
    *out = (struct text_look){ .style = *style, .plan = parts_plan(utf8, style) };
    struct advice a;
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
