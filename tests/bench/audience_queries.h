/* What is asked in the benchmark of the audience: each query in the segment language and, as a comment, the
 * SQL that means the same, over
 *
 *   customers(number, country, region, gender, birth_date, language, signup, tier, stage, csat),
 *   tags(number, tag)            -- or a list column "tags" in customers
 *   purchases(id, number, time, department, product, amount)
 *
 * as audience_gen writes them. "Now" is AUDIENCE_NOW for everybody; the zone is UTC, so that today is
 * 2026-11-01 and `last 90 days` begins on 2026-08-04, `last 365 days` on 2025-11-02. This is the only place
 * they are in. */
#ifndef TESSERA_BENCH_AUDIENCE_QUERIES_H
#define TESSERA_BENCH_AUDIENCE_QUERIES_H

#define AUDIENCE_NOW_S INT64_C(1793534400) /* 2026-11-01T12:00:00Z */

struct audience_question {
    const char *name, *text;
};

static const struct audience_question audience_questions[] = {
    /* select number from customers c where exists (select from tags t where t.number = c.number and tag =
     * 'tag010') and country = 'DE' and birth_date > date '1991-11-01' and birth_date <= date '2001-11-01' */
    { "Q1", "tags has \"tag010\" and country = \"DE\" and age(birth_date) between 25 and 34" },
    /* select number from customers where number in (select number from tags where tag in ('tag003',
     * 'tag007')) and number not in (select number from tags where tag = 'tag001') */
    { "Q2", "(tags has \"tag003\" or tags has \"tag007\") and not tags has \"tag001\"" },
    /* select number from purchases where department = 'dept07' and time >= timestamp '2026-08-04'
     * and time <= timestamp '2026-11-01 12:00' group by number having count(*) >= 2 */
    { "Q3", "count(purchase where department = \"dept07\", last 90 days) >= 2" },
    /* with s as (select c.number, coalesce(sum(amount) filter (where time >= timestamp '2025-11-02'), 0) as
     * spent, max(time) as last from customers c left join purchases p on p.number = c.number and time <=
     * timestamp '2026-11-01 12:00' group by c.number) select number from (select number, last, cume_dist()
     * over (order by spent) as part from s) x where part >= 0.8 and date '2026-11-01' - last::date > 60 */
    { "Q4", "percentile(sum(purchase.amount, last 365 days)) >= 0.8 and days_since(purchase) > 60" },
    /* select number from customers c where country in ('DE', 'FR', 'GB') and gender = 'f'
     * and birth_date > date '1981-11-01' and birth_date <= date '2001-11-01'
     * and (number in (select number from tags where tag in ('tag005', 'tag012')) or tier = 'gold'
     *   or stage = 'qualified') and not (coalesce(language = 'en', false) or coalesce(csat <= 2, false)) */
    { "Q5",
      "country in (\"DE\", \"FR\", \"GB\") and gender = \"f\" and age(birth_date) between 25 and 44 and "
      "(tags has any (\"tag005\", \"tag012\") or tier = \"gold\" or stage = \"qualified\") and "
      "not (language = \"en\" or csat <= 2)" },
};

/* Q6: how many customers each two of these 20 have in common: 190 counts, and the 20 counts of each alone.
 * select a.tag, b.tag, count(*) from tags a join tags b on a.number = b.number and a.tag < b.tag
 * where a.tag between 'tag001' and 'tag020' and b.tag between 'tag001' and 'tag020' group by 1, 2 */
#define AUDIENCE_OVERLAPS     20
#define AUDIENCE_OVERLAP_TEXT "tags has \"tag%03d\"" /* 1..20 */

#endif
