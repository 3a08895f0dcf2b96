// The segment language over the real daemon: the model of p_alive on a published data set, classes by recency, frequency and
// money, regular expressions, surveys, and what is wrong with a query told with its place.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { data, withGateway } from './lib.mjs';

const dir = path.join(data, 'cdnow');
const missing = !data || !fs.existsSync(path.join(dir, 'purchases.csv'));

// Fader, Hardie and Lee (2005), table 2: 39 weeks to 1997-09-30; r 0.243, alpha 4.414, a 0.793, b 2.426.
test('p_alive of the CDNOW log is what was published', { skip: missing && 'the purchase log is not beside the checkout', timeout: 120_000 }, async () => {
  await withGateway({ clock: '1997-09-30T12:00:00Z' }, async ({ daemon }) => {
    let r = await daemon.cli('import', 'customers', path.join(dir, 'customers.csv'), '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    r = await daemon.cli('audience', 'fit');
    assert.equal(r.code, 1, 'nobody has bought anything');
    assert.match(r.err, /p_alive cannot be told yet: it needs 20 customers who bought on more than one day, and there are 0/);
    r = await daemon.cli('audience', 'fit', '--show');
    assert.match(r.err, /no fit yet/);
    r = await daemon.cli('import', 'events', path.join(dir, 'purchases.csv'), '--type', 'purchase', '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    const unfitted = await daemon.json('segment', 'count', 'p_alive < 0.3'); // fits for itself

    const fit = await daemon.json('audience', 'fit');
    for (const [name, published] of [['r', 0.243], ['alpha', 4.414], ['a', 0.793], ['b', 2.426]])
      assert.ok(Math.abs(fit[name] - published) < 0.0005, `${name}: ${fit[name]}`);
    assert.ok(Math.abs(fit.log_likelihood + 9582.4) < 0.05);
    assert.deepEqual([fit.customers, fit.fitted, fit.converged], [2357, 2357, true]);
    assert.deepEqual(await daemon.json('audience', 'fit', '--show'), fit);
    r = await daemon.cli('audience', 'fit', '--show');
    assert.match(r.out, /^p_alive is told from 2,357 customers who bought, .* of them on more than one day, fitted .*\nBG\/NBD: r 0\.243, alpha 4\.414, a 0\.793, b 2\.426; log-likelihood -9582\.4\n/);

    // The closed form over the log itself, customer by customer.
    const today = Date.UTC(1997, 8, 30) / 864e5, days = new Map();
    for (const line of fs.readFileSync(path.join(dir, 'purchases.csv'), 'utf8').trim().split('\n').slice(1)) {
      const [, , phone, date] = line.split(','), day = Date.parse(date) / 864e5;
      if (day <= today) days.set(phone, (days.get(phone) ?? new Set()).add(day));
    }
    const alive = [...days.values()].map((set) => {
      const first = Math.min(...set), last = Math.max(...set), x = set.size - 1;
      if (x === 0) return 1;
      return 1 / (1 + fit.a / (fit.b + x - 1) * ((fit.alpha + (today - first) / 7) / (fit.alpha + (last - first) / 7)) ** (fit.r + x));
    });
    for (const p of [0.1, 0.3, 0.5, 0.9, 0.999]) {
      const got = await daemon.json('segment', 'count', `p_alive < ${p}`);
      assert.equal(got.count, alive.filter((a) => a < p).length, `p_alive < ${p}`);
    }
    assert.equal(unfitted.count, alive.filter((a) => a < 0.3).length);
    assert.equal((await daemon.json('segment', 'count', 'p_alive = 1')).count, alive.filter((a) => a === 1).length);

    // Every buyer has exactly one class of the eleven, and scores are quintiles from below.
    const classes = ['champions', 'cannot lose them', 'loyal customers', 'at risk', 'new customers', 'promising',
      'potential loyalists', 'need attention', 'about to sleep', 'hibernating', 'lost'];
    let sum = 0;
    for (const name of classes) sum += (await daemon.json('segment', 'count', `rfm(purchase).class = "${name}"`)).count;
    assert.equal(sum, 2357);
    assert.equal((await daemon.json('segment', 'count', 'rfm(purchase).score between 3 and 15')).count, 2357);
    const counts = new Map();
    for (const line of fs.readFileSync(path.join(dir, 'purchases.csv'), 'utf8').trim().split('\n').slice(1)) {
      const [, , phone, date] = line.split(',');
      if (date <= '1997-09-30') counts.set(phone, (counts.get(phone) ?? 0) + 1);
    }
    const all = [...counts.values()];
    for (let score = 1; score <= 5; score++)
      assert.equal((await daemon.json('segment', 'count', `rfm(purchase).f = ${score}`)).count,
        all.filter((n) => 1 + Math.floor(5 * all.filter((m) => m < n).length / all.length) === score).length, `f = ${score}`);
  });
});

test('matches, surveys, limits, and what is wrong with a query', { timeout: 60_000 }, async () => {
  const text = 'query: { max_length = 200; max_depth = 3; max_conditions = 4; };';
  await withGateway({ clock: '2026-11-20T12:00:00Z', text }, async ({ daemon }) => {
    const people = path.join(daemon.dir, 'people.csv'), answers = path.join(daemon.dir, 'answers.csv');
    fs.writeFileSync(people, 'phone,first_name\n+447700900001,Stra\u00dfe 1\n+447700900002,STRASSE 22\n+447700900003,Allee 3\n+447700900004,\n');
    fs.writeFileSync(answers, 'phone,time,name,status\n'
      + '+447700900001,2026-11-01T10:00:00Z,Spring,invited\n+447700900001,2026-11-05T10:00:00Z,spring,Answered\n'
      + '+447700900002,2026-11-02T10:00:00Z,spring,invited\n+447700900003,2026-11-02T10:00:00Z,autumn,invited\n');
    let r = await daemon.cli('import', 'customers', people, '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    r = await daemon.cli('import', 'events', answers, '--type', 'survey', '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    for (const [query, count] of [
      ['first_name matches "^strasse \\\\d$"', 1],
      ['first_name matches "STRA\u00dfE|allee"', 3],
      ['not first_name matches "."', 1],
      ['survey "spring" status = "invited"', 1],
      ['survey "spring" status = "answered"', 1],
      ['survey "SPRING" status != "invited"', 1], // of who was never asked it is not true
      ['survey "spring" status matches "^(invited|answered)$"', 2],
      ['survey "autumn" status starts with "inv"', 1],
      ['not survey "spring" status = "invited"', 3],
    ])
      assert.equal((await daemon.json('segment', 'count', query)).count, count, query);
    for (const [query, message] of [
      ['first_name matches "a(b"', /"a\(b" is no regular expression at 20: missing closing parenthesis/],
      ['rfm(survey).class = "lost"', /rfm needs a number "amount", which the event "survey" has not at 5; r and f do without/],
      ['p_alve < 0.3', /unknown field "p_alve" at 1/],
      ['1 < 2 and 1 < 2 and 1 < 2 and 1 < 2 and 1 < 2', /more conditions than the limit of 4 \(query\.max_conditions\)/],
      ['((((1 < 2))))', /nested deeper than the limit of 3 \(query\.max_depth\)/],
      [`first_name = "${'x'.repeat(200)}"`, /is longer than the limit of 200 \(query\.max_length\)/],
    ]) {
      await assert.rejects(daemon.json('segment', 'count', query), message, query);
    }
  });
});
