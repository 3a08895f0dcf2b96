// A real purchase log, imported as it is, at the instant 1998-07-01: ten queries whose counts and sums are what SQLite
// says of the same two files.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { data, withGateway } from './lib.mjs';

const dir = path.join(data, 'cdnow');
const missing = !data || !fs.existsSync(path.join(dir, 'purchases.csv'));

// [query, SQL that gives the members' numbers]; `today` is 1998-07-01, and "last N days" are calendar days, today included.
const P = 'select phone from purchases p';
const queries = [
  ['count(purchase, lifetime) >= 1', `${P} group by phone`],
  ['count(purchase, lifetime) = 1', `${P} group by phone having count(*) = 1`],
  ['count(purchase, lifetime) >= 5', `${P} group by phone having count(*) >= 5`],
  ['sum(purchase.amount, lifetime) > 100', `${P} group by phone having sum(cast(round(amount*100) as integer)) > 10000`],
  ['sum(purchase.amount, lifetime) between 50 and 60.5', `${P} group by phone having sum(cast(round(amount*100) as integer)) between 5000 and 6050`],
  ['days_since(purchase) > 180', `${P} group by phone having julianday('1998-07-01') - julianday(max(date)) > 180`],
  ['count(purchase, last 30 days) >= 1 and sum(purchase.quantity, last 30 days) > 2', `${P} where date > date('1998-07-01','-30 days') and date <= '1998-07-01' group by phone having sum(quantity) > 2`],
  ['sum(purchase.amount, last 365 days) >= 250', `${P} where date > date('1998-07-01','-365 days') group by phone having sum(cast(round(amount*100) as integer)) >= 25000`],
  ['signup before 1997-02-01 and not count(purchase, between 1998-01-01 and 1998-06-30) >= 1', `select phone from customers where signup < '1997-02-01' and phone not in (select phone from purchases where date between '1998-01-01' and '1998-06-30')`],
  ['count(purchase where amount >= 100 and quantity <= 5, lifetime) >= 1 or days_since(purchase) <= 7', `select distinct phone from purchases where amount >= 100 and quantity <= 5 union select phone from purchases group by phone having julianday('1998-07-01') - julianday(max(date)) <= 7`],
];

test('ten queries over the CDNOW log agree with SQLite', { skip: missing && 'the purchase log is not beside the checkout', timeout: 120_000 }, async () => {
  await withGateway({ clock: '1998-07-01T12:00:00Z' }, async ({ daemon }) => {
    let r = await daemon.cli('import', 'customers', path.join(dir, 'customers.csv'), '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    r = await daemon.cli('import', 'events', path.join(dir, 'purchases.csv'), '--type', 'purchase', '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    const sqlite = (sql) => {
      const script = `.mode csv\n.import ${path.join(dir, 'customers.csv')} customers\n.import ${path.join(dir, 'purchases.csv')} purchases_text\n`
        + 'create table purchases as select order_id, phone, date, cast(quantity as integer) quantity, cast(amount as real) amount from purchases_text;\n'
        + `${sql}\n`;
      return execFileSync('sqlite3', [':memory:'], { input: script, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] }).trim();
    };
    const f = await daemon.api('GET', '/v1/fields');
    assert.equal(f.customers, Number(sqlite('select count(distinct phone) from customers;')));
    assert.equal(f.events.find((e) => e.name === 'purchase').count, Number(sqlite('select count(*) from purchases;')));
    for (const [query, sql] of queries) {
      const ours = await daemon.json('segment', 'count', query);
      const theirs = Number(sqlite(`select count(*) from (${sql});`));
      assert.equal(ours.count, theirs, `${query}\n${sql}`);
      assert.ok(theirs > 0, `${query} is about somebody`);
      console.log(`# ${String(theirs).padStart(5)}  ${query}`);
    }
    // Cross tables: the loyal and the large baskets, and the segments made of the cells.
    const conditions = ['count(purchase, lifetime) > 2', 'avg(purchase.amount, lifetime) > 35'];
    const cross = await daemon.json('segment', 'cross', ...conditions, '--save', 'basket');
    const per = 'with c as (select phone, count(*) > 2 as loyal, sum(cast(round(amount*100) as integer)) > 3500 * count(*) as large from purchases group by phone)';
    for (const cell of cross.cells) {
      const theirs = Number(sqlite(`${per} select count(*) from c where loyal = ${Number(cell.is[0])} and large = ${Number(cell.is[1])};`));
      assert.equal(cell.count, theirs, cell.query);
      assert.ok(theirs > 0);
      assert.equal((await daemon.json('segment', 'show', `basket-${cell.is.map((yes) => (yes ? 'yes' : 'no')).join('-')}`)).count, theirs);
    }
    assert.equal(cross.cells.reduce((n, cell) => n + cell.count, 0), f.customers);
    r = await daemon.cli('segment', 'cross', ...conditions, '--save', 'basket');
    assert.match(r.err, /there is a segment "basket-no-no" already/);
    r = await daemon.cli('segment', 'cross', conditions[0], 'averag(purchase.amount) > 2');
    assert.match(r.err, /condition 2: /);
    // Sums, to the cent: how many customers spent exactly so much, for every amount that occurs; and all of it together.
    const totals = sqlite('select cents, count(*) from (select sum(cast(round(amount*100) as integer)) cents from purchases group by phone) group by cents;').split('\n').map((l) => l.split(',').map(Number));
    let sum = 0;
    for (const [cents, customers] of totals) {
      const exact = await daemon.api('POST', '/v1/segments:evaluate', { query: `sum(purchase.amount, lifetime) = ${(cents / 100).toFixed(2)}` });
      assert.equal(exact.count, customers, `${customers} spent ${cents}`);
      sum += exact.count * cents;
    }
    assert.equal(sum, Number(sqlite('select sum(cast(round(amount*100) as integer)) from purchases;')));
    console.log(`# ${totals.length} different sums, together ${(sum / 100).toFixed(2)}`);
  });
});
