// kill -9 at random instants of imports and of rebuilding the index: after each, without a daemon, the index says what the
// customers' records say and the spool agrees with itself; in the end everything is there once.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, build, sanitized, until } from '../system/lib.mjs';

const N = sanitized ? 20_000 : 60_000, EACH = 2, KILLS = sanitized ? 8 : 20;
const number = (i) => `+44770${String(9000000 + i).slice(0, 7)}`;

const offline = (what, dir) => new Promise((resolve) => execFile(path.join(build, 'src/daemon/tesserad'), [`--store-${what}`, dir, '--json'],
  (error, out, err) => resolve({ code: error ? error.code : 0, out, err })));

test('index and truth agree wherever the daemon was killed', { timeout: 600_000 }, async () => {
  const daemon = new Daemon({ clock: '2026-11-18T12:00:00Z' });
  let seed = 7, rebuilding = 0, importing = 0;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  try {
    const customers = ['phone,first_name,total,tags'], orders = ['order_id,phone,date,amount'];
    for (let i = 0; i < N; i++) {
      customers.push(`${number(i)},Name${i % 1000},${i % 1000}.50,${i % 2 ? 'odd' : 'even'};all`);
      for (let k = 0; k < EACH; k++) orders.push(`${i * EACH + k},${number(i)},2026-10-${String(1 + (i + k) % 28).padStart(2, '0')},${k + 1}.25`);
    }
    const shop = path.join(daemon.dir, 'shop.csv'), log = path.join(daemon.dir, 'orders.csv');
    fs.writeFileSync(shop, customers.join('\n') + '\n');
    fs.writeFileSync(log, orders.join('\n') + '\n');
    const imports = [['customers', shop, '--map', 'phone=msisdn', '--map', 'total=total:number', '--piece', '64K'],
      ['events', log, '--type', 'purchase', '--map', 'phone=msisdn', '--piece', '64K']];
    const run = async () => {
      for (const args of imports) {
        const r = await daemon.cli('import', ...args);
        if (r.code !== 0) return r;
      }
      return { code: 0 };
    };
    for (let kill = 0; kill < KILLS; kill++) {
      await daemon.start();
      // Imports while there is something to import; from then on, or in every third round, the index is made anew.
      const before = await daemon.status(), whole = before.audience.events >= N * EACH;
      const work = whole || kill % 3 === 2 ? daemon.cli('store', 'rebuild') : run();
      if (whole || kill % 3 === 2) {
        rebuilding++;
        await until('it to begin', async () => (await daemon.api('GET', '/v1/store/rebuild')).began);
      } else {
        importing++;
        await until('some of it', async () => {
          const now = (await daemon.status()).audience;
          return now.customers + now.events > before.audience.customers + before.audience.events;
        });
      }
      for (let spin = random(200_000); spin > 0; spin--);
      await new Promise((r) => setTimeout(r, random(120)));
      await daemon.kill();
      await work;
      const check = await offline('check', daemon.state);
      assert.equal(check.code, 0, `after kill ${kill}: ${check.err}`);
    }
    await daemon.start();
    const r = await run();
    assert.equal(r.code, 0, r.err);
    const f = await daemon.api('GET', '/v1/fields');
    assert.equal(f.customers, N);
    assert.equal(f.events.find((e) => e.name === 'purchase').count, N * EACH);
    const count = async (query) => (await daemon.api('POST', '/v1/segments:evaluate', { query })).count;
    assert.equal(await count('tags has "odd"'), N / 2);
    assert.equal(await count(`count(purchase, lifetime) = ${EACH}`), N, 'each event once');

    const rebuilt = await daemon.cli('store', 'rebuild');
    assert.equal(rebuilt.code, 0, rebuilt.err);
    assert.equal(await count('tags has "odd"'), N / 2);
    const check = await daemon.cli('store', 'check', '--json');
    assert.equal(check.code, 0, check.err);
    assert.equal(JSON.parse(check.out).customers, N);
    const refused = await offline('check', daemon.state);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /in use by process/);
    await daemon.stop();
    assert.equal((await offline('rebuild', daemon.state)).code, 0);
    assert.equal((await offline('compact', daemon.state)).code, 0);
    assert.equal((await offline('check', daemon.state)).code, 0);
    assert.ok(importing >= 3 && rebuilding >= 3);
    console.log(`# ${importing} kills of imports, ${rebuilding} of rebuilds`);
  } catch (e) {
    e.message += `\n--- log of tesserad ---\n${daemon.log.slice(-3000)}`;
    throw e;
  } finally {
    await daemon.cleanup();
  }
});
