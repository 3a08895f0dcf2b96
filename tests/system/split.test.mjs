// A campaign over two carriers: each takes what is routed to it as fast as it can, and a slow one holds nobody up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Carrier, Daemon, breathe, slow, until } from './lib.mjs';

const SOUND = '2026-11-18T12:00:00Z';
const N = 2000;
const ROUTES = `routes = ( { tag = "quick"; carriers = ( { name = "quick"; } ); }, { tag = "slow"; carriers = ( { name = "slow"; } ); },
  { strategy = "weighted"; carriers = ( { name = "slow"; weight = 1; }, { name = "quick"; weight = 1; } ); } );`;

test('a carrier of five a second does not pace the other, nor single messages behind what waits for it', { timeout: 120_000 }, async () => {
  const sluggish = await new Carrier().listen(), quick = await new Carrier().listen();
  const daemon = new Daemon({ clock: SOUND, settings: ROUTES, carriers: [{ name: 'slow', port: sluggish.port, rate: 5, burst: 1 }, { name: 'quick', port: quick.port, window: 100 }] });
  try {
    await daemon.start();
    await daemon.bound(sluggish);
    await daemon.bound(quick);
    await daemon.importCsv('customers', 'phone\n' + Array.from({ length: N }, (_, i) => `+4477009${String(i).padStart(5, '0')}`).join('\n') + '\n', { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'both', segments: ['all'], sender: 'TESSERA', text: 'both', class: 'transactional' });
    const from = Date.now();
    await daemon.json('campaign', 'start', 'both');
    await until('it to be done', async () => (await daemon.api('GET', '/v1/campaigns/both')).state === 'done');
    await until('the quick one to have all of its own', async () => {
      const r = await daemon.api('GET', '/v1/campaigns/both/report');
      return quick.submits.length + sluggish.submits.length + r.queued >= N - 1 && r.in_flight === 0;
    });
    const took = Date.now() - from;
    assert.ok(took < 5_000 * slow, `${took} ms`);
    assert.ok(Math.abs(quick.submits.length - N / 2) < N / 10, `${quick.submits.length} by the quick one`);
    assert.ok(sluggish.submits.length < 10 + took / 100, `${sluggish.submits.length} by the slow one`);

    // a message that is no part of it takes turns with it
    const before = sluggish.submits.length;
    const id = await daemon.send('+447700900999', 'single', { tag: 'slow' });
    await daemon.becomes(id, 'sent');
    assert.ok(sluggish.submits.findIndex((s) => s.text === 'single') - before < 4, 'not behind a thousand');

    // all of it is in the store: nothing is lost, nothing goes twice
    await daemon.kill();
    daemon.carriers[0].rate = undefined;
    daemon.carriers[0].burst = undefined;
    daemon.carriers[0].window = 100;
    daemon.writeConfig();
    await daemon.start();
    await until('all to be sent', async () => {
      const r = await daemon.api('GET', '/v1/campaigns/both/report');
      return r.sent + (r.uncertain ?? 0) >= N;
    });
    await breathe();
    const to = [...sluggish.submits, ...quick.submits].filter((s) => s.text === 'both').map((s) => s.to);
    assert.equal(new Set(to).size, N);
    assert.equal(to.length, N);
    await daemon.stop();
  } finally {
    await daemon.cleanup();
    await sluggish.close();
    await quick.close();
  }
});

test('what is parked for a paused carrier is cancelled with its campaign, and waits for it otherwise', { timeout: 120_000 }, async () => {
  const one = await new Carrier().listen(), two = await new Carrier().listen();
  const daemon = new Daemon({ clock: SOUND, settings: 'messages: { reroute_after = "1h"; };', carriers: [{ name: 'one', port: one.port, prefixes: '44' }, { name: 'two', port: two.port }] });
  try {
    await daemon.start();
    await daemon.bound(one);
    await daemon.bound(two);
    const numbers = Array.from({ length: 600 }, (_, i) => (i % 2 ? `+4477009${String(i).padStart(5, '0')}` : `+4915112${String(100000 + i)}`));
    await daemon.importCsv('customers', 'phone\n' + numbers.join('\n') + '\n', { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.json('carrier', 'pause', 'one');
    for (const [name, end] of [['dropped', 'cancel'], ['kept', null]]) {
      const had = two.submits.length;
      await daemon.api('POST', '/v1/campaigns', { name, segments: ['all'], sender: 'TESSERA', text: name, class: 'transactional' });
      await daemon.json('campaign', 'start', name);
      await until('the other carrier to have its own', () => two.submits.length === had + 300);
      await until('the rest to be ready', async () => (await daemon.api('GET', `/v1/campaigns/${name}/report`)).queued === 300);
      if (end) {
        await daemon.json('campaign', 'cancel', name);
        await until('it to be cancelled', async () => (await daemon.api('GET', `/v1/campaigns/${name}/report`)).cancelled === 300);
      }
    }
    assert.equal(one.submits.length, 0);
    await daemon.json('carrier', 'resume', 'one');
    await until('what was kept to go', () => one.submits.length === 300);
    await breathe();
    assert.ok(one.submits.every((s) => s.text === 'kept'));
    assert.equal(new Set(one.submits.map((s) => s.to)).size, 300);
    await daemon.stop();
  } finally {
    await daemon.cleanup();
    await one.close();
    await two.close();
  }
});
