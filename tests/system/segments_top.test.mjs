// The customer of the week, month and year: who a number of the language is highest of.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, during } from './lib.mjs';

const PEOPLE = 'phone,first_name,last_name,tier\n+447700900001,Ann,Lee,gold\n+447700900002,Bob,,\n+447700900003,,,gold\n+447700900004,Di,Fox,\n';
const ORDERS = ['phone,time,amount', // today is Friday, 2026-11-20
  '+447700900001,2026-11-19T10:00:00Z,10', '+447700900002,2026-11-18T10:00:00Z,10', // this week: as much as each other
  '+447700900003,2026-11-02T10:00:00Z,70.25', '+447700900001,2026-11-03T10:00:00Z,50', // this month
  '+447700900002,2026-02-02T10:00:00Z,500', '+447700900002,2025-12-31T10:00:00Z,1000000', ''].join('\n');

test('segment top', { timeout: 60_000 }, async () => {
  const daemon = new Daemon({ clock: '2026-11-20T12:00:00Z' });
  await during(daemon, async () => {
    for (const [kind, text, ...more] of [['customers', PEOPLE], ['events', ORDERS, '--type', 'purchase']]) {
      const file = path.join(daemon.dir, `${kind}.csv`);
      fs.writeFileSync(file, text);
      const r = await daemon.cli('import', kind, file, '--map', 'phone=msisdn', ...more);
      assert.equal(r.code, 0, r.err);
    }
    const top = async (...args) => (await daemon.json('segment', 'top', ...args)).top.map((x) => `${x.number.slice(-1)} ${x.value}`);
    assert.deepEqual(await top('--by', 'sum(purchase.amount, this week)', '--limit', '2'), ['1 10', '2 10'], 'equal: in the order of the numbers');
    assert.deepEqual(await top('--by', 'sum(purchase.amount, this month)', '--limit', '3'), ['3 70.25', '1 60', '2 10']);
    assert.deepEqual(await top('--by', 'sum(purchase.amount, this year)', '--limit', '1'), ['2 510']);
    assert.deepEqual(await top('--by', 'avg(purchase.amount)'), ['2 333503.33', '3 70.25', '1 30'], 'Di has no average');
    assert.deepEqual(await top('count(purchase, this month) >= 1', '--by', 'count(purchase)'), ['2 3', '1 2', '3 1']);
    assert.equal((await daemon.cli('segment', 'add', 'gold', 'tier = "gold"')).code, 0);
    assert.deepEqual(await top('gold', '--by', 'sum(purchase.amount, this year)'), ['3 70.25', '1 60']);

    const doc = await daemon.json('segment', 'top', 'gold', '--by', 'AVG( purchase.amount , this month )', '--limit', '1');
    assert.deepEqual({ ...doc, evaluated: 0 }, { by: 'avg(purchase.amount, this month)', among: 2, with: 2, evaluated: 0, top: [{ number: '+447700900003', value: '70.25' }] });
    let r = await daemon.cli('segment', 'top', '--by', 'sum(purchase.amount, this month)', '--limit', '2');
    assert.equal(r.out, `by sum(purchase.amount, this month)

     number         value  name
  1  +447700900003  70.25
  2  +447700900001     60  Ann Lee

4 of 4 customers have it
`);
    for (const [args, code, message] of [
      [['--by', 'tier'], 1, /by: this is not one number of a customer at 1: write one such as sum\(purchase\.amount, this month\)/],
      [['--by', 'sum(purchase.amuont)'], 1, /by: .*did you mean "amount"/],
      [['teir = "x"', '--by', 'count(purchase)'], 1, /query: unknown field "teir" at 1; did you mean "tier"/],
      [['nosuch', '--by', 'count(purchase)'], 4, /nosuch/],
      [['gold'], 2, /--by/],
      [['--by', 'count(purchase)', '--limit', '1001'], 2, /1000/],
    ]) {
      r = await daemon.cli('segment', 'top', ...args);
      assert.equal(r.code, code, r.err);
      assert.match(r.err, message);
    }
    await assert.rejects(daemon.api('POST', '/v1/segments:top', { by: 'count(purchase)', query: 'tier is set', segment: 'gold' }), /not both/);
  });
});
