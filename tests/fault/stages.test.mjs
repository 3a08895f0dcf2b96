// kill -9 at random instants of imports into a field with transitions, and of changes by hand beside them: after each, truth,
// index and history agree; in the end every customer has taken each step once.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, build, sanitized } from '../system/lib.mjs';

const N = sanitized ? 8_000 : 30_000, KILLS = sanitized ? 6 : 12;
const number = (i) => `+44770${String(9000000 + i).slice(0, 7)}`;
const check = (dir) => new Promise((resolve) => execFile(path.join(build, 'src/daemon/tesserad'), ['--store-check', dir, '--json'],
  (error, out, err) => resolve({ code: error ? error.code : 0, out, err })));
// The way of a customer: all are leads; two of three become prospects, half of all customers, which not all may.
const steps = ['lead', 'prospect', 'customer'];
const takes = [() => true, (i) => i % 3 !== 0, (i) => i % 2 === 0];
const may = [() => true, (i) => takes[1](i), (i) => takes[1](i) && takes[2](i)];

test('steps are in truth, index and history together, wherever the daemon was killed', { timeout: 300_000 }, async () => {
  const daemon = new Daemon({ clock: '2026-11-18T12:00:00Z' });
  let seed = 11;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  const count = async (query) => (await daemon.api('POST', '/v1/segments:evaluate', { query })).count;
  const taken = (step) => `count(field_change where field = "stage" and to = "${step}", lifetime)`;
  // Who is where has the steps that lead there, each once, and nobody else has.
  const agree = async (when) => {
    const wrong = {
      lead: `stage = "lead" and not (${taken('lead')} = 1 and ${taken('prospect')} = 0 and ${taken('customer')} = 0)`,
      prospect: `stage = "prospect" and not (${taken('lead')} = 1 and ${taken('prospect')} = 1 and ${taken('customer')} = 0)`,
      customer: `stage = "customer" and not (${taken('lead')} = 1 and ${taken('prospect')} = 1 and ${taken('customer')} = 1)`,
      nobody: `not (stage is set) and count(field_change, lifetime) > 0`,
    };
    for (const [what, query] of Object.entries(wrong)) assert.equal(await count(query), 0, `${when}: ${what}`);
  };
  try {
    const files = steps.map((step, k) => {
      const file = path.join(daemon.dir, `${step}.csv`);
      fs.writeFileSync(file, `phone,stage\n${Array.from({ length: N }, (_, i) => i).filter(takes[k]).map((i) => `${number(i)},${step}\n`).join('')}`);
      return file;
    });
    const run = async () => {
      let rejected = 0;
      for (const file of files) {
        const r = await daemon.cli('import', 'customers', file, '--map', 'phone=msisdn', '--piece', '16K', '--json');
        if (r.code !== 0 && !/"rejected"/.test(r.out)) return null;
        rejected += JSON.parse(r.out).rejected;
      }
      return rejected;
    };
    await daemon.start();
    for (const args of [['field', 'add', 'stage', 'text'], ['field', 'transitions', 'stage', '>lead, lead>prospect, prospect>customer']]) assert.equal((await daemon.cli(...args)).code, 0);
    let by_hand = 0, partial = 0;
    const of = (k) => Array.from({ length: N }, (_, i) => i).filter(may[k]).length, whole = N + of(1) + of(2);
    const history = async () => (await daemon.api('GET', '/v1/fields')).events.find((e) => e.name === 'field_change').count;
    for (let kill = 0; kill < KILLS; kill++) {
      const work = run();
      // Meanwhile some take the same steps by hand: 409 when the import has not come to them, or was quicker.
      let going = true;
      const hand = (async () => {
        while (going) {
          const i = random(N), k = random(3);
          const r = takes[k](i) && may[k](i) && await daemon.request('PATCH', `/v1/customers/${encodeURIComponent(number(i))}`, { stage: steps[k] }).catch(() => null);
          if (r === null) return;
          by_hand += r.status === 200 && r.body.changed;
        }
      })();
      await new Promise((r) => setTimeout(r, 40 + random(sanitized ? 800 : 250)));
      await daemon.kill();
      going = false;
      await Promise.all([work, hand]);
      const offline = await check(daemon.state);
      assert.equal(offline.code, 0, `after kill ${kill}: ${offline.err}`);
      await daemon.start();
      await agree(`after kill ${kill}`);
      partial += (await history()) < whole;
    }
    await run();
    await agree('in the end');
    assert.equal(await count(`${taken('lead')} = 1`), N);
    assert.equal(await count(`${taken('prospect')} = 1`), of(1));
    assert.equal(await count(`${taken('customer')} = 1 and stage = "customer"`), of(2), 'those who may, and each once');
    assert.equal(await history(), whole);
    assert.ok(partial >= 2, `${partial} kills in the middle`);
    assert.equal((await daemon.cli('store', 'check')).code, 0);
    console.log(`# ${KILLS} kills, ${partial} in the middle, ${by_hand} steps by hand`);
    await daemon.stop();
  } catch (e) {
    e.message += `\n--- log of tesserad ---\n${daemon.log.slice(-3000)}`;
    throw e;
  } finally {
    await daemon.cleanup();
  }
});
