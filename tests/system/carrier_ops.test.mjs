// What an operator sees of a carrier: its settings without secrets, what each status means there, what a campaign cost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Carrier, Daemon, until, withGateway } from './lib.mjs';

const SOUND = '2026-11-18T12:00:00Z';

test('the statuses of a carrier: class, text, schedule, and what is overridden', { timeout: 60_000 }, async () => {
  const text = (s) => ({ toString: () => s });
  const statuses = text('( { status = "ESME_RINVDSTADR"; class = "temporary"; text = "the number is being moved"; }, { status = "0x400"; class = "permanent"; text = "no credit"; } )');
  await withGateway({ clock: SOUND, settings: { statuses, password: 'sesame' }, text: 'messages: { retry_min = "20s"; retry_max = "90m"; max_attempts = 7; };' }, async ({ daemon }) => {
    const { carrier, statuses: rows } = await daemon.json('carrier', 'statuses', 'acme');
    assert.equal(carrier, 'acme');
    const of = (status) => rows.find((r) => r.status === status);
    assert.deepEqual([of(0x58).name, of(0x58).class, of(0x58).overridden, of(0x58).retry], ['ESME_RTHROTTLED', 'throttled', false, null]);
    const moved = of(0x0b);
    assert.deepEqual([moved.class, moved.usually, moved.overridden, moved.text], ['temporary', 'permanent', true, 'the number is being moved']);
    assert.deepEqual(moved.retry, { first_s: 20, most_s: 5400, attempts: 7 });
    assert.deepEqual([of(0x400).name, of(0x400).class, of(0x400).text], [null, 'permanent', 'no credit']);
    assert.equal(new Set(rows.map((r) => r.status)).size, rows.length);
    const out = (await daemon.cli('carrier', 'statuses', 'acme')).out;
    assert.match(out, /ESME_RINVDSTADR +temporary +permanent +again after 20 s, longer each time up to 1 h 30 m, 7 attempts/);
    assert.match((await daemon.cli('carrier', 'statuses', 'acne')).err, /did you mean "acme"/);

    const shown = await daemon.cli('carrier', 'show', 'acme');
    assert.equal(shown.code, 0, shown.err);
    assert.match(shown.out, /system_id +test/);
    const one = await daemon.api('GET', '/v1/carriers/acme');
    assert.equal(one.settings.binds.transceivers, 1);
    assert.equal(one.name, 'acme');
    assert.ok(!JSON.stringify(one).includes('sesame') && !shown.out.includes('sesame'), 'no secret');
  });
});

test('a campaign\'s report has what it cost, by carrier, at the costs of then', { timeout: 60_000 }, async () => {
  const a = await new Carrier().listen(), b = await new Carrier({ answer: (pdu, n) => (n === 0 ? { status: 0x0b } : {}) }).listen();
  const routes = (cost) => `routes = ( { prefix = "49"; carriers = ( { name = "a"; cost = ${cost}; } ); }, { carriers = ( { name = "b"; cost = 0.0425; } ); } );`;
  const daemon = new Daemon({ clock: SOUND, settings: routes('0.1'), carriers: [{ name: 'a', port: a.port }, { name: 'b', port: b.port }] });
  try {
    await daemon.start();
    await daemon.bound(a);
    await daemon.bound(b);
    const numbers = Array.from({ length: 20 }, (_, i) => (i < 12 ? `+4477009${String(i).padStart(5, '0')}` : `+4915112${String(100000 + i)}`));
    await daemon.importCsv('customers', 'phone\n' + numbers.join('\n') + '\n', { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'sale', segments: ['all'], sender: 'TESSERA', text: 'x'.repeat(170), class: 'transactional' });
    const preview = await daemon.json('campaign', 'preview', 'sale');
    assert.ok(Math.abs(preview.cost - (12 * 2 * 0.0425 + 8 * 2 * 0.1)) < 1e-9, String(preview.cost));
    await daemon.json('campaign', 'start', 'sale');
    const r = await until('it to be complete', async () => {
      const x = await daemon.api('GET', '/v1/campaigns/sale/report');
      return x.complete && x;
    });
    // one part was refused: it costs nothing
    const by = Object.fromEntries(r.by_carrier.map((k) => [k.carrier, k]));
    assert.deepEqual([by.a.parts, by.b.parts], [16, 23]);
    assert.ok(Math.abs(by.a.cost - 1.6) < 1e-9 && Math.abs(by.b.cost - 23 * 0.0425) < 1e-9, JSON.stringify(r.by_carrier));
    assert.ok(Math.abs(r.cost - 2.5775) < 1e-9);
    daemon.settings = routes('5.0');
    assert.ok(await daemon.reload());
    await daemon.kill();
    await daemon.start();
    assert.ok(Math.abs((await daemon.api('GET', '/v1/campaigns/sale/report')).cost - 2.5775) < 1e-9, 'what is paid is paid');
    assert.match((await daemon.cli('campaign', 'report', 'sale')).out, /cost 2\.58/);
    await daemon.stop();
  } finally {
    await daemon.cleanup();
    await a.close();
    await b.close();
  }
});
