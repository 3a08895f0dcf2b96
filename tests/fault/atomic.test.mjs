// An atomic import that is killed at random instants, or has one bad line, leaves nothing; the one that ends leaves everything.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, during, sanitized } from '../system/lib.mjs';

const N = sanitized ? 20_000 : 100_000, KILLS = 6;

test('the whole file or nothing', { timeout: 300_000 }, async () => {
  const daemon = new Daemon({ clock: '2026-11-18T12:00:00Z' });
  let seed = 11;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  const customers = async () => (await daemon.status()).audience.customers;
  await during(daemon, async () => {
    const lines = ['phone,first_name,tags,total'];
    for (let i = 0; i < N; i++) lines.push(`+44770${9000000 + i},Name${i % 1000},${i % 2 ? 'odd' : 'even'},${i % 90}.50`);
    const good = path.join(daemon.dir, 'good.csv'), bad = path.join(daemon.dir, 'bad.csv');
    fs.writeFileSync(good, lines.join('\n') + '\n');
    fs.writeFileSync(bad, [...lines.slice(0, 2000), 'nonsense,x,,', ...lines.slice(2000, 4000)].join('\n') + '\n');

    let r = await daemon.cli('import', 'customers', bad, '--atomic', '--piece', '16K');
    assert.equal(r.code, 1);
    assert.match(r.err, /1 of 4,000 rows were rejected: nothing was imported/);
    assert.equal(await customers(), 0);
    // The daemon itself refuses, too, when nobody looked first; and the import can be begun again.
    const octets = fs.readFileSync(bad), half = octets.indexOf('\n', octets.length / 2) + 1;
    const session = await daemon.api('POST', '/v1/imports', { kind: 'customers', name: 'bad.csv', size: octets.length, atomic: true });
    for (let twice = 0; twice < 2; twice++) {
      await daemon.api('PUT', `/v1/imports/${session.id}?offset=0`, octets.subarray(0, half));
      assert.equal(await customers(), 0, 'nothing before the end');
      const end = await daemon.request('PUT', `/v1/imports/${session.id}?offset=${half}&last=1`, octets.subarray(half));
      assert.equal(end.status, 400);
      assert.match(end.body.error.message, /nothing was imported/);
    }
    assert.equal(await customers(), 0);

    for (let kill = 0; kill < KILLS; kill++) {
      const command = daemon.cli('import', 'customers', good, '--atomic', '--piece', '256K', '--json');
      let over = false;
      command.then(() => (over = true));
      await new Promise((resolve) => setTimeout(resolve, 30 + random(sanitized ? 2000 : 700)));
      const ended = over;
      await daemon.kill();
      r = await command;
      await daemon.start();
      const n = await customers();
      assert.ok(n === 0 || n === N, `${n} customers after a kill`);
      if (ended || n === N) break; // it was faster
      assert.deepEqual(fs.readdirSync(daemon.state).filter((f) => !/^(spool|audience)\.(mdb|mdb-lock|lock)$/.test(f)), [], 'nothing is left aside');
    }
    r = await daemon.cli('import', 'customers', good, '--atomic', '--again');
    assert.equal(r.code, 0, r.err);
    assert.equal(await customers(), N);
    const count = async (query) => (await daemon.api('POST', '/v1/segments:evaluate', { query })).count;
    assert.equal(await count('tags has "odd"'), N / 2);
    r = await daemon.cli('store', 'check');
    assert.equal(r.code, 0, r.err);
  });
});
