// How binds are asked for: refusals that pass and refusals that do not, the cap on attempts, peers that are out of step or
// silent, and the version that is spoken.
import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, test } from 'node:test';
import smpp from 'smpp';
import { breathe, Carrier, Daemon, slow, until, withGateway } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const bind = async (daemon) => (await daemon.status()).carriers[0].binds[0];
const metric = async (daemon, name) => Number(new RegExp(`^tessera_${name}\\{carrier="acme"\\} (\\d+)$`, 'm').exec((await daemon.request('GET', '/metrics')).body)[1]);
const attempts = (daemon) => [...daemon.log.matchAll(/^(\S+) .*bind_state .*to=connecting/gm)].map((m) => Date.parse(m[1]));

test('already bound: it waits for the old session to end, longer and longer, and says so', async () => {
  let alive = true;
  await withGateway({ settings: { already_bound_wait: '200ms', reconnect_min: '10ms', reconnect_max: '400ms' }, carrier: { bind: () => (alive ? 5 : 0) } }, async ({ carrier, daemon }) => {
    const b = await until('the reason', async () => {
      const x = await bind(daemon);
      return x.state === 'waiting' && x.last_error && x;
    });
    assert.equal(b.last_error, 'already bound: waiting for the old session to end');
    await until('four attempts', () => attempts(daemon).length >= 4);
    const at = attempts(daemon), gaps = at.slice(1, 4).map((t, i) => t - at[i]);
    for (const [i, least] of [180, 360, 360].entries()) assert.ok(gaps[i] >= least - 5, `${gaps}`);
    const health = await daemon.request('GET', '/healthz');
    assert.match(health.body.problems.join(), /already bound: waiting/);
    assert.doesNotMatch(daemon.log, /bind_refused|error /, 'no alarm');
    alive = false;
    await daemon.bound(carrier);
    assert.equal((await bind(daemon)).last_error, '');
  });
});

for (const [name, status] of [['password', 0x0e], ['system_id', 0x0f]]) {
  test(`a refused ${name} stops the bind with an alarm, until an operator says so`, async () => {
    let wrong = true;
    await withGateway({ carrier: { bind: () => (wrong ? status : 0) } }, async ({ carrier, daemon }) => {
      await daemon.logged('bind_refused');
      const b = await until('it to have stopped', async () => {
        const x = await bind(daemon);
        return x.state === 'stopped' && x;
      });
      assert.ok(b.last_error);
      assert.equal((await daemon.status()).carriers[0].state, 'stopped');
      assert.equal(await metric(daemon, 'binds_stopped'), 1);
      const health = await daemon.cli('health');
      assert.equal(health.code, 1);
      assert.match(health.out, /carrier "acme" is stopped: the (password|system id) is wrong/);
      assert.match((await daemon.cli('status')).out, /stopped.*tessera carrier resume acme/);
      await breathe(300);
      assert.equal(carrier.connections, 1, 'not tried again by itself');
      wrong = false;
      assert.equal((await daemon.cli('carrier', 'resume', 'acme')).code, 0);
      await daemon.bound(carrier);
      assert.equal(await metric(daemon, 'binds_stopped'), 0);
    });
  });
}

test('one bind refused while another is up: an alarm all the same', async () => {
  let wrong = true;
  await withGateway({ settings: { transceivers: 0, transmitters: 1, receivers: 1 }, carrier: { bind: (pdu) => (wrong && pdu.command === 'bind_receiver' ? 0x0e : 0) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.logged('bind_refused');
    const health = await until('the alarm', async () => {
      const h = await daemon.request('GET', '/healthz');
      return h.status === 503 && h;
    });
    assert.deepEqual(health.body.problems, ['carrier "acme": bind 1 (receiver) is stopped: the password is wrong']);
    await daemon.becomes(await daemon.send(number(1), 'hello'), 'sent');
    wrong = false;
    assert.equal(await daemon.reload(), true);
    await daemon.bound(carrier, 2);
    assert.equal((await daemon.request('GET', '/healthz')).status, 200);
  });
});

test('no more attempts in a minute than allowed, over all carriers, and every bind has its turn', async () => {
  const refusing = await Promise.all([1, 2].map(() => new Carrier({ bind: () => 0x0d }).listen()));
  const daemon = new Daemon({ settings: 'bind_attempts_per_minute = 7;\n', carriers: refusing.map((c, i) => ({ name: `c${i}`, port: c.port, transceivers: 3, reconnect_min: '10ms', reconnect_max: '20ms' })) });
  try {
    await daemon.start();
    await until('seven attempts', () => attempts(daemon).length === 7);
    await breathe(700);
    assert.equal(attempts(daemon).length, 7);
    assert.equal(refusing[0].connections + refusing[1].connections, 7);
    const tried = new Set([...daemon.log.matchAll(/carrier=(c\d) bind=(\d) .*to=connecting/g)].map((m) => m[1] + m[2]));
    assert.equal(tried.size, 6, 'each of the six');
    const all = (await daemon.status()).carriers.flatMap((c) => c.binds);
    const inMinute = all.filter((b) => Date.parse(b.next_attempt) > Date.now() + 50_000);
    assert.equal(inMinute.length, 6, JSON.stringify(all));
    daemon.settings = 'bind_attempts_per_minute = 12;\n';
    assert.equal(await daemon.reload(), true);
    await until('five more', () => attempts(daemon).length === 12);
    await breathe(700);
    assert.equal(attempts(daemon).length, 12);
    await daemon.stop();
  } finally {
    await daemon.cleanup();
    for (const c of refusing) await c.close();
  }
});

// A peer that never closes, whatever happens: it keeps its end open and reads on.
async function clinging(fn, settings, respond = () => {}) {
  const sockets = [];
  const server = net.createServer({ allowHalfOpen: true }, (s) => {
    sockets.push(s);
    s.at = Date.now();
    s.on('error', () => {});
    s.on('data', (d) => {
      if (d.length >= 16 && d.readUInt32BE(4) === 9) {
        const body = Buffer.from('X\0'), head = Buffer.alloc(16);
        [16 + body.length, 0x80000009, 0, d.readUInt32BE(12)].forEach((v, i) => head.writeUInt32BE(v >>> 0, 4 * i));
        s.write(Buffer.concat([head, body]));
        s.boundAt = Date.now();
        respond(s, sockets.length);
      }
    });
  });
  await new Promise((r) => server.listen(0, '127.0.0.1', r));
  const daemon = new Daemon({ carriers: [{ name: 'acme', port: server.address().port, ...settings }] });
  try {
    await daemon.start();
    await fn(daemon, sockets);
  } finally {
    await daemon.cleanup();
    for (const s of sockets) s.destroy();
    server.close();
  }
}

test('an enquire_link without answer: after enquire_timeout the connection is closed at once', async () => {
  await clinging(async (daemon, sockets) => {
    await until('another connection', () => sockets.length > 1);
    const took = sockets[1].at - sockets[0].boundAt;
    assert.ok(took >= 150 && took < 1500 * slow, `${took} ms`); // 250, less what this side noticed late
    assert.match(daemon.log, /session_closed .*reason=enquire_timeout/);
  }, { enquire_link: '100ms', enquire_timeout: '150ms' });
});

test('garbage: told so, and closed at once though the peer does not close', async () => {
  let nack = null;
  await clinging(async (daemon, sockets) => {
    await until('another connection', () => sockets.length > 1);
    assert.ok(sockets[1].at - sockets[0].boundAt < 1500 * slow, `${sockets[1].at - sockets[0].boundAt} ms`);
    assert.match(daemon.log, /session_closed .*reason=garbage/);
    await until('generic_nack', () => nack);
    assert.equal(nack.readUInt32BE(8), 2, 'ESME_RINVCMDLEN');
  }, {}, (s, n) => {
    if (n > 1) return;
    s.on('data', (d) => (nack = d));
    s.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  });
});

test('enquire_link is answered while the window and the queue are full', async () => {
  await withGateway({ text: 'drain_timeout = "200ms";\n', settings: { window: 2, enquire_link: '1h' }, carrier: { answer: () => null } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    for (let i = 0; i < 200; i++) await daemon.send(number(i), `text ${i}`);
    await until('a full window', () => carrier.submits.length === 2);
    const s = await daemon.status();
    assert.equal(s.queue.ready, 198);
    for (let i = 0; i < 5; i++) {
      const began = Date.now();
      assert.equal(await new Promise((r) => carrier.bound[0].session.enquire_link((pdu) => r(pdu.command_status))), 0);
      assert.ok(Date.now() - began < 500 * slow);
    }
    assert.equal(carrier.submits.length, 2);
    for (const x of carrier.submits) carrier.respond(x);
  });
});

describe('versions', () => {
  const LONG = 'a text that does not fit into one short message, '.repeat(8);
  const tlvs = (pdu) => Object.keys(smpp.tlvs).filter((name) => pdu[name] !== undefined);
  const rows = [
    // [ours, the carrier's, version_untold, what is spoken]
    ['3.4', 0x33, undefined, '3.3'], ['5.0', 0x33, undefined, '3.3'], ['3.3', 0x34, undefined, '3.3'], ['3.3', 0x50, undefined, '3.3'],
    ['3.4', 0x34, undefined, '3.4'], ['5.0', 0x34, undefined, '3.4'], ['3.4', 0x50, undefined, '3.4'], ['5.0', 0x50, undefined, '5.0'],
    ['3.4', undefined, undefined, '3.4'], ['5.0', undefined, undefined, '3.4'], ['5.0', undefined, '3.3', '3.3'],
  ];
  for (const [i, [ours, theirs, untold, spoken]] of rows.entries()) {
    const long_messages = ['sar', 'payload'][i % 2]; // what wants TLVs
    test(`${ours} here, ${theirs ? theirs.toString(16) : 'nothing told'} there${untold ? `, known to be ${untold}` : ''}: ${spoken}`, async () => {
      let asked = null;
      const settings = { version: ours, version_untold: untold, long_messages, transceivers: 0, transmitters: 1, receivers: 1 };
      await withGateway({ settings, carrier: { version: theirs, bind: (pdu) => ((asked = pdu.interface_version), 0) } }, async ({ carrier, daemon }) => {
        await daemon.bound(carrier, 2);
        assert.equal(asked, parseInt(ours.replace('.', ''), 16));
        assert.equal((await bind(daemon)).version, spoken);
        const id = await daemon.send(number(1), LONG);
        await daemon.becomes(id, 'sent');
        if (spoken === '3.3') {
          assert.ok(carrier.submits.length > 1);
          for (const s of carrier.submits) assert.deepEqual(tlvs(s.pdu), []);
          assert.ok(carrier.submits.every((s) => s.pdu.esm_class & 0x40), 'parts with a user data header');
        } else {
          assert.ok(carrier.submits.every((s) => tlvs(s.pdu).includes(carrier.submits.length > 1 ? 'sar_msg_ref_num' : 'message_payload')));
        }
        carrier.receipt(carrier.submits[0]);
        await until('the receipt to be answered', () => carrier.answers.length === 1);
        assert.equal(await carrier.inbound(number(1), '80080', 'hello'), 0);
      });
    });
  }
});
