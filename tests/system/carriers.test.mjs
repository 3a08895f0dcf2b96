// Binds: which are made, how the load spreads over them, and what happens when they go away.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { breathe, Daemon, slow, until, withGateway } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const commands = (carrier) => carrier.bound.map((b) => b.command).sort();
const sendMany = (daemon, n, more = {}) => Promise.all(Array.from({ length: n }, (_, i) => daemon.send(number(i), `text ${i}`, more)));

test('a transmitter and a receiver: submissions on one, receipts on the other', async () => {
  await withGateway({ settings: { transceivers: 0, transmitters: 1, receivers: 1 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier, 2);
    assert.deepEqual(commands(carrier), ['bind_receiver', 'bind_transmitter']);
    const id = await daemon.send(number(1), 'hello');
    await daemon.becomes(id, 'sent');
    const of = (session) => carrier.bound.find((b) => b.session === session).command;
    assert.equal(of(carrier.submits[0].session), 'bind_transmitter');
    assert.equal(of(carrier.receiver()), 'bind_receiver');
    carrier.receipt(carrier.submits[0]);
    await daemon.becomes(id, 'delivered');
    await until('the receipt to be answered', () => carrier.answers.length === 1);
    assert.equal(carrier.answers[0].status, 0);
    const s = await daemon.status();
    assert.deepEqual(s.carriers[0].binds.map((b) => [b.mode, b.state]), [['transmitter', 'bound'], ['receiver', 'bound']]);
  });
});

test('three transceivers share the load, each within its window', async () => {
  await withGateway({ settings: { transceivers: 3, window: 5 }, carrier: { answer: () => null } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier, 3);
    const outstanding = () => {
      const per = new Map();
      for (const s of carrier.submits) if (s.status === null) per.set(s.session, (per.get(s.session) ?? 0) + 1);
      return [...per.values()];
    };
    await sendMany(daemon, 40);
    await until('fifteen submissions', () => carrier.submits.length === 15);
    await breathe();
    assert.deepEqual(outstanding(), [5, 5, 5]);
    const s = await daemon.status();
    assert.equal(s.carriers[0].in_flight, 15);
    for (const b of s.carriers[0].binds) assert.deepEqual(b.window, { used: 5, size: 5 });
    while (carrier.submits.some((x) => x.status === null)) {
      assert.ok(outstanding().every((n) => n <= 5), `${outstanding()}`);
      const done = carrier.submits.filter((x) => x.status !== null).length;
      carrier.respond(carrier.submits.find((x) => x.status === null));
      await until('the next submission', () => carrier.submits.length === Math.min(40, done + 16));
    }
    assert.equal(new Set(carrier.submits.map((x) => x.to)).size, 40);
    await until('all to be sent', async () => (await daemon.status()).queue.sent === 40);
  });
});

test('enquire_link is asked and answered', async () => {
  await withGateway({ settings: { enquire_link: '50ms' } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await until('three enquire_links', () => carrier.enquired >= 3);
    const status = await new Promise((r) => carrier.bound[0].session.enquire_link((pdu) => r(pdu.command_status)));
    assert.equal(status, 0);
    assert.equal(carrier.connections, 1);
  });
});

test('the carrier unbinds: what is outstanding is answered first, then it is bound again', async () => {
  await withGateway({ carrier: { answer: (pdu, n) => (n === 0 ? null : {}) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), 'outstanding');
    await until('the submission', () => carrier.submits.length === 1);
    const session = carrier.bound[0].session;
    let unbound = false;
    session.unbind(() => (unbound = true));
    await until('the bind to be leaving', async () => (await daemon.status()).carriers[0].binds[0].state === 'unbinding');
    assert.equal(unbound, false, 'a response is still to come');
    const later = await daemon.send(number(2), 'afterwards');
    carrier.respond(carrier.submits[0]);
    await until('unbind_resp', () => unbound);
    session.close();
    await daemon.becomes(id, 'sent');
    await until('another bind', () => carrier.connections === 2 && carrier.bound.length === 1);
    await daemon.becomes(later, 'sent');
    assert.equal(carrier.submits.length, 2, 'nothing twice');
  });
});

test('a connection drops under load: each class by its policy, and sending goes on within two seconds', async () => {
  let silent = true;
  await withGateway({
    text: 'messages: { uncertain: { otp = "resend"; transactional = "hold"; promotional = "fail"; }; };\n',
    clock: '2026-11-18T12:00:00Z', settings: { window: 6 }, carrier: { answer: () => (silent ? null : {}) },
  }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const ids = { otp: [], transactional: [], promotional: [] };
    for (const c of Object.keys(ids)) for (const i of [1, 2]) ids[c].push(await daemon.send(number(i), `${c} ${i}`, { class: c }));
    await until('a full window', () => carrier.submits.length === 6);
    const waiting = await Promise.all([3, 4, 5].map((i) => daemon.send(number(i), `waiting ${i}`)));
    silent = false;
    const began = Date.now();
    carrier.drop();
    await until('sending to go on', () => carrier.submits.length > 6);
    assert.ok(Date.now() - began < 2000 * slow, `${Date.now() - began} ms`);
    for (const id of [...ids.otp, ...waiting]) await daemon.becomes(id, 'sent');
    for (const id of ids.transactional) assert.equal((await daemon.becomes(id, 'uncertain')).reason, 'uncertain');
    for (const id of ids.promotional) assert.equal((await daemon.becomes(id, 'failed')).reason, 'uncertain');
    const times = new Map();
    for (const s of carrier.submits) times.set(s.text, (times.get(s.text) ?? 0) + 1);
    assert.deepEqual([...times].filter(([, n]) => n > 1).map(([t]) => t).sort(), ['otp 1', 'otp 2'], 'only what may be sent again was');
    assert.equal((await daemon.status()).carriers[0].lost, 6);
  });
});

test('a carrier that resets under a campaign: every recipient is sent to once or is uncertain', async () => {
  const N = 2000;
  let drops = 0;
  const carrier = { onSubmit: () => {}, answer: () => ({}) };
  await withGateway({ clock: '2026-11-18T12:00:00Z', settings: { window: 50, transceivers: 2 }, carrier }, async ({ carrier: c, daemon }) => {
    c.options.onSubmit = (s) => {
      if (s.n % 400 === 399 && drops < 4) {
        drops++;
        setImmediate(() => s.session.socket.resetAndDestroy());
      }
    };
    await daemon.bound(c, 2);
    await daemon.importCsv('customers', ['phone', ...Array.from({ length: N }, (_, i) => number(i))].join('\n') + '\n', { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'all', segments: ['all'], sender: 'TESSERA', text: 'hello' });
    await daemon.api('POST', '/v1/campaigns/all/start');
    const r = await until('the campaign to be complete', async () => {
      const p = await daemon.api('GET', '/v1/campaigns/all/report');
      return p.sent + p.uncertain === N && p;
    });
    assert.equal(drops, 4);
    const to = c.submits.map((s) => s.to);
    assert.equal(new Set(to).size, to.length, 'nobody twice: the policy is hold');
    assert.ok(to.length >= r.sent && r.uncertain <= drops * 50, JSON.stringify(r));
  });
});

test('reconnecting backs off, with jitter, and does not storm', async () => {
  const server = net.createServer((s) => {
    s.on('error', () => {});
    s.destroy();
  });
  await new Promise((r) => server.listen(0, '127.0.0.1', r));
  const daemon = new Daemon({ carriers: [{ name: 'gone', port: server.address().port, transceivers: 2, reconnect_min: '100ms', reconnect_max: '800ms' }] });
  const gapsOf = (bind) => { // the log has each bind's own attempts
    const at = [...daemon.log.matchAll(new RegExp(`^(\\S+) .*bind_state .*bind=${bind} .*to=connecting `, 'gm'))].map((m) => Date.parse(m[1]));
    return at.slice(1).map((t, i) => t - at[i]);
  };
  try {
    await daemon.start();
    const gaps = await until('five attempts of each bind', () => {
      const list = [0, 1].map(gapsOf);
      return list.every((g) => g.length >= 4) && list;
    });
    for (const g of gaps) {
      for (let k = 0; k < 4; k++) {
        const most = Math.min(800, 100 * 2 ** k);
        assert.ok(g[k] >= most / 2 - 5, `pause ${k} of ${g}`);
        assert.ok(g[k] <= most + 150 * slow, `pause ${k} of ${g}`);
      }
    }
    assert.notDeepEqual(gaps[0].slice(0, 4), gaps[1].slice(0, 4), 'two binds do not knock together');
    const s = await daemon.status();
    assert.equal(s.carriers[0].state, 'down');
    await daemon.stop();
  } finally {
    await daemon.cleanup();
    server.close();
  }
});

test('already bound: tried again, not given up', async () => {
  let refused = 0;
  await withGateway({ settings: { already_bound_wait: '50ms' }, carrier: { bind: () => (refused++ < 2 ? 0x05 : 0) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    assert.equal(carrier.connections, 3);
    assert.doesNotMatch(daemon.log, /bind_refused/);
  });
});

test('a carrier that floods with inbound messages: all are answered and kept', async () => {
  const N = 3000;
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const answers = await Promise.all(Array.from({ length: N }, (_, i) => carrier.inbound(number(i), '80080', `flood ${i}`)));
    // One that had no room is told so and would be sent again; none is dropped without a word.
    const kept = answers.filter((a) => a === 0).length;
    assert.ok(answers.every((a) => a === 0 || a === 0x58), `${[...new Set(answers)]}`);
    assert.ok(kept > 0);
    assert.equal((await daemon.status()).carriers[0].inbound, N);
    let listed = 0;
    for (let before = ''; ;) {
      const page = await daemon.api('GET', `/v1/inbound?limit=1000${before}`);
      listed += page.inbound.length;
      if (!page.next) break;
      before = `&before=${page.next}`;
    }
    assert.equal(listed, kept);
  });
});
