#include "base/bucket.h"

/* A token is 10^6 micro-tokens, and `rate` tokens a second are `rate` micro-tokens a microsecond: accrual is
 * one multiplication, without a remainder to lose. The cap keeps every sum of two levels inside int64. */
#define MICRO      INT64_C(1000000)
#define TOKENS_MAX INT64_C(1000000000000)

static int64_t clamp_tokens(int64_t v)
{
    return v < TOKENS_MAX ? v : TOKENS_MAX;
}

static void bucket_configure(struct bucket *b, int64_t rate, int64_t burst)
{
    b->rate = rate < 0 ? -1 : clamp_tokens(rate);
    b->burst = burst < 1 ? (rate > 0 ? 1 : 0) : clamp_tokens(burst);
}

/* A clock that steps back gives nothing and takes nothing. */
static int64_t bucket_level(const struct bucket *b, usec_t now)
{
    int64_t full = b->burst * MICRO;
    if (b->rate <= 0 || now <= b->at || b->level >= full) {
        return b->level;
    }
    uint64_t elapsed = (uint64_t)now - (uint64_t)b->at;
    if (elapsed > (uint64_t)((full - b->level) / b->rate)) {
        return full;
    }
    return b->level + (int64_t)elapsed * b->rate;
}

static void bucket_accrue(struct bucket *b, usec_t now)
{
    b->level = bucket_level(b, now);
    b->at = now > b->at ? now : b->at;
}

/* The level at which a cost is given: the full bucket when the cost is above it. */
static int64_t bucket_need(const struct bucket *b, int64_t cost)
{
    return (cost < b->burst ? cost : b->burst) * MICRO;
}

void bucket_init(struct bucket *b, int64_t rate, int64_t burst, usec_t now)
{
    bucket_configure(b, rate, burst);
    b->level = b->burst * MICRO;
    b->at = now;
}

void bucket_set_rate(struct bucket *b, int64_t rate, int64_t burst, usec_t now)
{
    if (b->rate == 0 && rate != 0) { /* nothing was counted while there was no limit */
        bucket_init(b, rate, burst, now);
        return;
    }
    bucket_accrue(b, now);
    bucket_configure(b, rate, burst);
    int64_t full = b->burst * MICRO;
    b->level = b->level < full ? b->level : full;
}

bool bucket_take(struct bucket *b, int64_t cost, usec_t now)
{
    if (b->rate < 0) {
        return false;
    }
    if (b->rate == 0 || cost <= 0) {
        return true;
    }
    bucket_accrue(b, now);
    if (b->level < bucket_need(b, cost)) {
        return false;
    }
    b->level -= clamp_tokens(cost) * MICRO;
    return true;
}

void bucket_give_back(struct bucket *b, int64_t cost)
{
    if (b->rate == 0 || cost <= 0) {
        return;
    }
    int64_t full = b->burst * MICRO, level = b->level + clamp_tokens(cost) * MICRO;
    b->level = level < full ? level : full;
}

void bucket_lower(struct bucket *b, int64_t tokens, usec_t now)
{
    if (b->rate <= 0) {
        return;
    }
    int64_t most = (tokens > 0 ? clamp_tokens(tokens) : 0) * MICRO;
    bucket_accrue(b, now);
    b->level = b->level < most ? b->level : most;
}

usec_t bucket_when(const struct bucket *b, int64_t cost, usec_t now)
{
    if (b->rate < 0) {
        return USEC_NEVER;
    }
    if (b->rate == 0 || cost <= 0) {
        return now;
    }
    int64_t lack = bucket_need(b, cost) - bucket_level(b, now);
    if (lack <= 0) {
        return now;
    }
    usec_t from = now > b->at ? now : b->at, wait = lack / b->rate + (lack % b->rate != 0), at;
    return __builtin_add_overflow(from, wait, &at) ? USEC_NEVER : at;
}
