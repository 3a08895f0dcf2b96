/* Deterministic customers and purchases for the benchmark of the audience, as CSV on standard output:
 *
 *   audience_gen customers N msisdn,country,region,gender,birth_date,language,signup,tags,tier,stage,csat
 *   audience_gen purchases N       id,msisdn,time,department,product,amount   (5 N rows, in order of time)
 *
 * The same N gives the same octets on every machine. Countries (30) and tags (200, three a customer) are
 * Zipf-distributed; csat is unset for every second, tier for every third, language for one in fifty.
 * Purchases lie in the two years before audience_queries.h's "now", exactly five a customer. Numbers begin
 * with +999, which is nobody's. */
#include "tests/bench/audience_queries.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_MOST 256
#define PER      5
#define DAY_S    INT64_C(86400)
#define TABLE    65536u

static char out[1 << 20];
static size_t n_out;

static void put(const char *text, size_t n)
{
    memcpy(out + n_out, text, n);
    n_out += n;
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

static void put_char(char c)
{
    out[n_out++] = c;
}

static void put_digits(uint64_t v, unsigned width)
{
    for (unsigned i = width; i-- > 0; v /= 10) {
        out[n_out + i] = (char)('0' + v % 10);
    }
    n_out += width;
}

static void put_number(uint64_t v)
{
    unsigned width = 1;
    for (uint64_t w = v; w >= 10; w /= 10) {
        width++;
    }
    put_digits(v, width);
}

static void flush_rows(size_t room)
{
    if (n_out + room > sizeof out) {
        if (fwrite(out, 1, n_out, stdout) != n_out) {
            exit(1);
        }
        n_out = 0;
    }
}

/* A stateless random number (splitmix64's finish). */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* --- dates --- */

static char dates[80000][10]; /* of the days since 1930-01-01 */
#define DATES_FROM (-14610)

static void dates_make(void)
{
    static const unsigned char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    unsigned year = 1930, month = 1, day = 1;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        char text[40];
        snprintf(text, sizeof text, "%04u-%02u-%02u", year, month, day);
        memcpy(dates[i], text, 10);
        unsigned leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        if (++day > lengths[month - 1] + leap) {
            day = 1;
            month = month % 12 + 1;
            year += month == 1;
        }
    }
}

static void put_date(int64_t day)
{
    put(dates[day - DATES_FROM], 10);
}

/* --- Zipf --- */

static void zipf_make(uint8_t table[TABLE], unsigned n)
{
    double total = 0, sum = 0;
    for (unsigned i = 1; i <= n; i++) {
        total += 1.0 / i;
    }
    for (unsigned i = 1, at = 0; i <= n; i++) {
        sum += 1.0 / i;
        unsigned end = i == n ? TABLE : (unsigned)(sum / total * TABLE);
        for (; at < end; at++) {
            table[at] = (uint8_t)(i - 1);
        }
    }
}

/* --- customers --- */

static const char countries[30][3] = { "US", "DE", "GB", "FR", "IT", "ES", "PL", "NL", "CZ", "SE",
                                       "AT", "CH", "BE", "PT", "GR", "HU", "RO", "DK", "FI", "NO",
                                       "IE", "SK", "BG", "HR", "LT", "SI", "LV", "EE", "LU", "MT" };
static const char languages[12][3] = {
    "en", "de", "fr", "it", "es", "pl", "nl", "cs", "sv", "pt", "hu", "ro"
};
static const char *const tiers[] = { "gold", "silver", "bronze", "basic" };
static const char *const stages[] = { "lead", "contacted", "qualified", "offer", "customer", "lost" };

static void put_msisdn(uint64_t customer)
{
    put("+999", 4);
    put_digits(customer * 387420489 % 1000000000, 9); /* 3^18: every customer another */
}

static void put_customer(uint64_t i, const uint8_t *country_of, const uint8_t *tag_of, int64_t today)
{
    uint64_t a = mix(i * 4), b = mix(i * 4 + 1), c = mix(i * 4 + 2);
    unsigned country = country_of[a & 65535], tags[3], n = 0;
    put_msisdn(i);
    put_char(',');
    put(countries[country], 2);
    put_char(',');
    put(countries[country], 2);
    put_char('-');
    put_digits((a >> 16) % 8 + 1, 2);
    put_char(',');
    put_char("fmfmfmfmfmfmfmfx"[a >> 24 & 15]);
    put_char(',');
    put_date(today - 18 * 365 - (int64_t)((a >> 32) % (62 * 365)));
    put_char(',');
    if (b % 50) {
        put(languages[b % 4 ? country % 12 : (b >> 8) % 12], 2);
    }
    put_char(',');
    put_date(today - (int64_t)((b >> 16) % 2000));
    put_char(',');
    for (uint64_t r = c; n < 3; r = mix(r)) {
        unsigned tag = tag_of[r & 65535];
        if ((n > 0 && tags[0] == tag) || (n > 1 && tags[1] == tag)) {
            continue;
        }
        put_text(n ? ";tag" : "tag");
        put_digits(tag + 1, 3);
        tags[n++] = tag;
    }
    put_char(',');
    if ((b >> 32) % 3) {
        put_text(tiers[(b >> 36) % 16 < 2 ? 0 : 1 + (b >> 40) % 3]);
    }
    put_char(',');
    put_text(stages[(b >> 44) % 6]);
    put_char(',');
    if (b >> 52 & 1) {
        put_char((char)('1' + (b >> 53) % 5));
    }
    put_char('\n');
}

static void write_customers(uint64_t n)
{
    static uint8_t country_of[TABLE], tag_of[TABLE];
    zipf_make(country_of, 30);
    zipf_make(tag_of, 200);
    put_text("msisdn,country,region,gender,birth_date,language,signup,tags,tier,stage,csat\n");
    for (uint64_t i = 0; i < n; i++) {
        flush_rows(ROW_MOST);
        put_customer(i, country_of, tag_of, AUDIENCE_NOW_S / DAY_S);
    }
}

/* --- purchases --- */

/* The k-th of n in an order that looks random: a permutation of the next power of two, walked until it falls
 * inside. */
static uint64_t shuffled(uint64_t k, uint64_t n, unsigned bits)
{
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    do {
        k = (k * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x7f4a7c15)) & mask;
        k ^= k >> (bits / 2 + 1);
        k = (k * UINT64_C(0xbf58476d1ce4e5b9)) & mask;
        k ^= k >> (bits / 2);
    } while (k >= n);
    return k;
}

static void put_purchase(uint64_t k, uint64_t customer, int64_t second, const uint16_t *amount_of)
{
    uint64_t r = mix(k ^ UINT64_C(0x5bd1e995) << 32);
    unsigned product = (unsigned)(r % 1000);
    put_number(100000 + k);
    put_char(',');
    put_msisdn(customer);
    put_char(',');
    put_date(second / DAY_S);
    put_char('T');
    put_digits((uint64_t)(second % DAY_S / 3600), 2);
    put_char(':');
    put_digits((uint64_t)(second % 3600 / 60), 2);
    put_char(':');
    put_digits((uint64_t)(second % 60), 2);
    put_text("Z,dept");
    put_digits(product % 20 + 1, 2);
    put_text(",product");
    put_digits(product, 4);
    put_char(',');
    uint64_t cents = (uint64_t)amount_of[r >> 32 & 65535] * 10 + (r >> 48) % 10;
    put_number(cents / 100);
    put_char('.');
    put_digits(cents % 100, 2);
    put_char('\n');
}

static void write_purchases(uint64_t customers)
{
    static uint16_t amount_of[TABLE]; /* in tenths: median 40, nearly all between 1 and 1,500 */
    const uint64_t n = customers * PER;
    const int64_t span = 730 * DAY_S, start = AUDIENCE_NOW_S - span;
    unsigned bits = 2;
    for (unsigned i = 0; i < TABLE; i++) {
        double x =
            (i + 0.5) / TABLE; /* logistic in the logarithm: no tables of the normal distribution needed */
        double amount = 40 * pow(x / (1 - x), 0.55);
        amount_of[i] = (uint16_t)(amount < 1 ? 10 : amount > 5000 ? 50000 : amount * 10);
    }
    while (UINT64_C(1) << bits < n) {
        bits++;
    }
    put_text("id,msisdn,time,department,product,amount\n");
    for (uint64_t k = 0; k < n; k++) {
        flush_rows(ROW_MOST);
        int64_t second = start + (int64_t)((__int128)k * span / n);
        put_purchase(k, shuffled(k, n, bits) % customers, second, amount_of);
    }
}

int main(int argc, char **argv)
{
    uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    bool customers = argc == 3 && strcmp(argv[1], "customers") == 0;
    bool purchases = argc == 3 && strcmp(argv[1], "purchases") == 0;
    if ((!customers && !purchases) || n == 0 || n > 900000000) {
        fprintf(stderr, "usage: audience_gen customers|purchases NUMBER-OF-CUSTOMERS > file.csv\n");
        return 2;
    }
    dates_make();
    (customers ? write_customers : write_purchases)(n);
    flush_rows(sizeof out + 1);
    return fflush(stdout) == 0 ? 0 : 1;
}
