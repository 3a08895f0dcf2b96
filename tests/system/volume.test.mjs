// 100,000 customers with 500,000 purchases, a campaign of more than 20,000 recipients with a receipt for every message:
// every message reaches one final state, each recipient once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const N = process.env.TESSERA_SANITIZED ? 20_000 : 100_000;

// Deterministic: the same numbers each run (a linear congruential generator).
function generator(seed) {
  let s = BigInt(seed);
  return (n) => {
    s = (s * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number((s >> 33n) % BigInt(n));
  };
}

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;

test('a campaign over a large audience', { timeout: 600_000 }, async () => {
  const any = generator(42);
  const outcome = (i) => (i % 20 === 0 ? 'UNDELIV' : i % 33 === 0 ? 'EXPIRED' : 'DELIVRD');
  let seen = 0;
  await withGateway({ clock: '2026-11-18T12:00:00Z', settings: { window: 500, transceivers: 2 }, carrier: { receipt: () => [0, outcome(seen++)] } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier, 2);
    const customers = ['phone,first_name,tags,birth_date'], orders = ['order_id,phone,date,department,amount'];
    const spent = new Map();
    for (let i = 0; i < N; i++) {
      customers.push(`${number(i)},Name${i % 1000},${any(10) === 0 ? 'VIP' : 'plain'},${1950 + any(50)}-0${1 + any(9)}-1${any(10)}`);
      for (let k = 0; k < 5; k++) {
        const amount = 100 + any(100_000);
        const day = String(1 + any(28)).padStart(2, '0'), month = String(1 + any(10)).padStart(2, '0');
        const dept = `D${any(20)}`;
        orders.push(`${i * 5 + k},${number(i)},2026-${month}-${day},${dept},${(amount / 100).toFixed(2)}`);
        if (dept === 'D7') spent.set(i, (spent.get(i) ?? 0) + amount);
      }
    }
    const shop = path.join(daemon.dir, 'shop.csv'), log = path.join(daemon.dir, 'orders.csv');
    fs.writeFileSync(shop, customers.join('\n') + '\n');
    fs.writeFileSync(log, orders.join('\n') + '\n');
    let r = await daemon.cli('import', 'customers', shop, '--region', 'GB', '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    r = await daemon.cli('import', 'events', log, '--type', 'purchase', '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    const f = await daemon.api('GET', '/v1/fields');
    assert.equal(f.customers, N);
    assert.equal(f.events.find((e) => e.name === 'purchase').count, 5 * N);

    const s = await daemon.json('segment', 'count', 'sum(purchase.amount where department = "D7", lifetime) > 500');
    assert.equal(s.count, [...spent.values()].filter((v) => v > 50_000).length);
    await daemon.api('PUT', '/v1/segments/buyers', { query: 'count(purchase where department = "D7", lifetime) >= 1' });
    assert.ok(spent.size * 100_000 / N >= 20_000, `${spent.size} recipients`);
    await daemon.api('POST', '/v1/campaigns', { name: 'big', segments: ['buyers'], sender: 'TESSERA', text: 'Hello {{first_name}}, {{tags}}' });
    await daemon.api('POST', '/v1/campaigns/big/start');
    const report = await until('every recipient to have a final state', async () => {
      const p = await daemon.api('GET', '/v1/campaigns/big/report');
      assert.equal(p.recipients, p.queued + p.held + p.in_flight + p.uncertain + p.sent + p.delivered + p.undeliverable + p.expired
        + p.rejected + p.deleted + p.unknown + p.failed + p.suppressed + p.cancelled, JSON.stringify(p));
      return p.delivered + p.undeliverable + p.expired === p.recipients && p;
    }, 240_000);
    assert.equal(report.recipients, spent.size);
    assert.equal(carrier.submits.length, spent.size);
    assert.deepEqual(new Set(carrier.submits.map((x) => x.to)), new Set([...spent.keys()].map((i) => number(i).slice(1))));
    const stats = (stat) => carrier.receipts.filter((x) => x.stat === stat).length;
    assert.equal(report.delivered, stats('DELIVRD'));
    assert.equal(report.undeliverable, stats('UNDELIV'));
    assert.equal(report.expired, stats('EXPIRED'));
    await until('the receipts to be in the index', async () =>
      (await daemon.json('segment', 'count', 'count(delivered, last 7 days) = 1')).count === report.delivered);
  });
});
