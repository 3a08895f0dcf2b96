// kill -9 in the middle of imports: what was applied stays, the same command again goes on, and in the end everything is
// there once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, during, sanitized, until } from '../system/lib.mjs';

const N = sanitized ? 50_000 : 100_000, EACH = 3;
const number = (i) => `+44770${String(9000000 + i).slice(0, 7)}`;

test('imports that were killed go on, and count right', { timeout: 300_000 }, async () => {
  const daemon = new Daemon({ clock: '2026-11-18T12:00:00Z' });
  let kills = 0;
  // Runs an import to its end however often the daemon is killed under it.
  const run = async (progress, total, ...args) => {
    for (let part = 1; ; part++) {
      const command = daemon.cli('import', ...args);
      if (part > 2) return command;
      let over = false;
      command.then(() => (over = true));
      const before = progress(await daemon.status());
      await until('some of it', async () => over || progress(await daemon.status()) >= Math.min(before + total / 4, total - 1));
      if (over) return command;
      await daemon.kill();
      kills++;
      const r = await command;
      await daemon.start();
      if (r.code === 0) return r; // it had just ended
      assert.notEqual(r.err, '', 'the command says why it did not end well');
    }
  };
  await during(daemon, async () => {
    const customers = ['phone,first_name,total,tags'], orders = ['order_id,phone,date,amount'];
    for (let i = 0; i < N; i++) {
      customers.push(`${number(i)},Name${i % 100},${i % 1000}.50,${i % 2 ? 'odd' : 'even'};all`);
      for (let k = 0; k < EACH; k++) orders.push(`${i * EACH + k},${number(i)},2026-10-${String(1 + (i + k) % 28).padStart(2, '0')},${k + 1}.25`);
    }
    const shop = path.join(daemon.dir, 'shop.csv'), log = path.join(daemon.dir, 'orders.csv');
    fs.writeFileSync(shop, customers.join('\n') + '\n');
    fs.writeFileSync(log, orders.join('\n') + '\n');

    const importCustomers = ['customers', shop, '--map', 'phone=msisdn', '--map', 'total=total:number', '--map', 'tags=tags'];
    const importOrders = ['events', log, '--type', 'purchase', '--map', 'phone=msisdn'];
    let r = await run((s) => s.audience.customers, N, ...importCustomers);
    assert.equal(r.code, 0, r.err);
    r = await run((s) => s.audience.events, N * EACH, ...importOrders);
    assert.equal(r.code, 0, r.err);
    assert.ok(kills >= 1, `${kills} kills`);

    const check = async () => {
      const f = await daemon.api('GET', '/v1/fields');
      assert.equal(f.customers, N);
      assert.equal(f.events.find((e) => e.name === 'purchase').count, N * EACH);
      const count = async (query) => (await daemon.api('POST', '/v1/segments:evaluate', { query })).count;
      assert.equal(await count('tags has "odd"'), N / 2);
      assert.equal(await count('total = 999.50'), N / 1000);
      assert.equal(await count(`count(purchase, lifetime) = ${EACH}`), N, 'each event once');
      assert.equal(await count('sum(purchase.amount, lifetime) = 6.75'), N);
    };
    await check();
    // The same files again, and after another kill: nothing is there twice.
    await daemon.kill();
    await daemon.start();
    for (const args of [importCustomers, importOrders]) {
      r = await daemon.cli('import', ...args);
      assert.equal(r.code, 0, r.err);
    }
    await check();
    console.log(`# ${kills} kills in imports of ${N} customers and ${N * EACH} events`);
  });
});
