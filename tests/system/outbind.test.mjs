// Outbind: a carrier connects and asks us to bind on its connection; strangers are kept out.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import smpp from 'smpp';
import { breathe, scratch, slow, until, withGateway } from './lib.mjs';

const OUTBIND = { outbind_system_id: 'acmesmsc', outbind_password: 'letmein', outbind_peers: '127.0.0.1' };
const GOOD = { system_id: 'acmesmsc', password: 'letmein' };
const listening = (more = '') => `outbind: { listen = "127.0.0.1:0"; ${more} };\n`;

async function at(daemon) {
  return Number(/:(\d+)$/.exec((await daemon.status()).outbind.listen)[1]);
}

// A carrier that connects to us: {session, closed, binds: [pdu]}; `answer` is the status of its bind_resp.
async function call(daemon, said, { answer = 0, options = {} } = {}) {
  const caller = { binds: [], closed: false };
  caller.session = smpp.connect({ host: '127.0.0.1', port: await at(daemon), ...options }, () => {
    if (said) caller.session.outbind(said);
  });
  const { session } = caller;
  session.on('error', () => {});
  session.on('close', () => (caller.closed = true));
  for (const command of ['bind_receiver', 'bind_transceiver', 'bind_transmitter']) {
    session.on(command, (pdu) => {
      caller.binds.push(pdu);
      session.send(pdu.response({ command_status: answer, system_id: 'ACME' }));
    });
  }
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    caller.unbound = true;
    session.send(pdu.response());
    session.close();
  });
  return caller;
}

const outbinds = async (daemon) => (await daemon.status()).carriers[0].binds.filter((b) => b.outbind);

async function isRefused(daemon, caller, why) {
  await until('it to be closed', () => caller.closed);
  assert.match(await daemon.logged('outbind_refused'), why);
  assert.equal(caller.binds.length, 0, 'our password was not said');
  const { outbind } = await daemon.status();
  assert.deepEqual([outbind.accepted, outbind.refused, outbind.waiting], [0, 1, 0]);
}

test('after a right outbind we bind there as a receiver, and take what comes', async () => {
  await withGateway({ text: listening(), settings: { ...OUTBIND, transceivers: 0, transmitters: 1 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const caller = await call(daemon, GOOD);
    await until('a bind', () => caller.binds.length === 1);
    assert.equal(caller.binds[0].command, 'bind_receiver');
    assert.equal(caller.binds[0].system_id, 'test');
    assert.equal(caller.binds[0].password, 'secret');
    const [b] = await until('it to be bound', async () => {
      const list = await outbinds(daemon);
      return list[0]?.state === 'bound' && list;
    });
    assert.equal(b.mode, 'receiver');
    assert.match(b.host, /^127\.0\.0\.1:\d+$/);
    const id = await daemon.send('+447700900001', 'hello');
    await daemon.becomes(id, 'sent');
    assert.equal(carrier.receipt(carrier.submits[0], 'DELIVRD', { session: caller.session }), true);
    await daemon.becomes(id, 'delivered');
    assert.equal(await carrier.inbound('+447700900001', '80080', 'hello there', { session: caller.session }), 0);
    const shown = await daemon.cli('status');
    assert.match(shown.out, /the carrier asked for it \(outbind\)/);
    assert.match(shown.out, /outbinds at 127\.0\.0\.1:\d+ .*1 bound, 0 refused/);
    assert.match((await daemon.request('GET', '/metrics')).body, /^tessera_outbind_accepted_total 1$/m);
    caller.session.close();
    await until('it to be gone', async () => (await outbinds(daemon)).length === 0);
    const again = await call(daemon, GOOD);
    await until('another one', async () => (await outbinds(daemon))[0]?.state === 'bound');
    assert.doesNotMatch(daemon.log, /letmein|secret/);
    await daemon.stop();
    assert.equal(again.unbound, true, 'in good order');
  });
});

test('as a transceiver, when the settings say so: it is sent on too', async () => {
  await withGateway({ text: listening(), settings: { ...OUTBIND, outbind_mode: 'transceiver' }, carrier: { bind: () => 0x0d } }, async ({ carrier, daemon }) => {
    const caller = await call(daemon, GOOD), got = [];
    caller.session.on('submit_sm', (pdu) => {
      got.push(pdu);
      caller.session.send(pdu.response({ message_id: 'x1' }));
    });
    await until('a bind', () => caller.binds.length === 1);
    assert.equal(caller.binds[0].command, 'bind_transceiver');
    await daemon.becomes(await daemon.send('+447700900001', 'hello'), 'sent');
    assert.equal((await daemon.status()).carriers[0].state, 'degraded', 'our own bind is down, but it is sent');
    assert.equal(got.length, 1);
    assert.equal(carrier.submits.length, 0);
  });
});

for (const [what, said, settings, why] of [
  ['a wrong password', { ...GOOD, password: 'letmeio' }, {}, /acmesmsc.*no carrier has such/],
  ['a wrong system_id', { ...GOOD, system_id: 'acme' }, {}, /no carrier has such/],
  ['no password', { ...GOOD, password: '' }, {}, /no carrier has such/],
  ['an address that is none of the carrier\'s', GOOD, { outbind_peers: '192.0.2.0/24' }, /none has|no carrier has this address/],
]) {
  test(`refused: ${what}`, async () => {
    await withGateway({ text: listening(), settings: { ...OUTBIND, ...settings } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      await isRefused(daemon, await call(daemon, said), why);
    });
  });
}

for (const [what, octets] of [
  ['another PDU', Buffer.from('00000010000000150000000000000001', 'hex')],
  ['a length of four gigabytes', Buffer.from('ffffffff0000000b0000000000000001', 'hex')],
  ['an outbind of half a kilobyte and more', Buffer.concat([Buffer.from('000003000000000b0000000000000001', 'hex'), Buffer.alloc(0x2f0, 65)])],
  ['an outbind whose name does not end', Buffer.concat([Buffer.from('000000200000000b0000000000000001', 'hex'), Buffer.alloc(16, 65)])],
]) {
  test(`refused: ${what}`, async () => {
    await withGateway({ text: listening(), settings: OUTBIND }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      const caller = { closed: false, binds: [] };
      const s = net.connect(await at(daemon), '127.0.0.1', () => s.write(octets)).on('error', () => {}).on('close', () => (caller.closed = true));
      await isRefused(daemon, caller, /no outbind|no carrier has such/);
    });
  });
}

test('one that says nothing is closed in time, and not many of them are kept', async () => {
  await withGateway({ text: listening('timeout = "400ms"; max_waiting = 3;'), settings: OUTBIND }, async ({ daemon }) => {
    const port = await at(daemon), silent = [];
    for (let i = 0; i < 8; i++) {
      const s = net.connect(port, '127.0.0.1').on('error', () => {});
      s.began = Date.now();
      s.on('close', () => (s.took = Date.now() - s.began));
      silent.push(s);
    }
    silent[0].on('connect', () => silent[0].write(Buffer.from('000000')));
    await until('five to be turned away', () => silent.filter((s) => s.took !== undefined).length >= 5);
    assert.equal((await daemon.status()).outbind.waiting, 3);
    await until('the others', () => silent.every((s) => s.took !== undefined));
    assert.equal(silent.filter((s) => s.took >= 390).length, 3);
    const { outbind } = await daemon.status();
    assert.deepEqual([outbind.waiting, outbind.refused], [0, 8]);
    assert.ok([...daemon.log.matchAll(/outbind_refused/g)].length <= 1 + Math.ceil(2 * slow), 'a line a second');
  });
});

test('no more binds at once than a carrier may ask for', async () => {
  await withGateway({ text: listening(), settings: OUTBIND }, async ({ daemon }) => {
    const callers = [];
    for (let i = 0; i < 4; i++) {
      callers.push(await call(daemon, GOOD));
      await until('a bind', () => callers[i].binds.length === 1);
    }
    const fifth = await call(daemon, GOOD);
    await until('it to be closed', () => fifth.closed);
    assert.equal(fifth.binds.length, 0);
    assert.match(daemon.log, /outbind_refused .*as many binds as it may/);
    assert.equal((await outbinds(daemon)).filter((b) => b.state === 'bound').length, 4);
  });
});

test('over TLS', async () => {
  const dir = scratch();
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=tessera.example',
      '-addext', 'subjectAltName=DNS:tessera.example', '-keyout', 'own.key', '-out', 'own.pem'], { cwd: dir, stdio: 'ignore' });
    const text = listening(`tls_cert = "${path.join(dir, 'own.pem')}"; tls_key = "${path.join(dir, 'own.key')}"; timeout = "500ms";`);
    await withGateway({ text, settings: OUTBIND }, async ({ daemon }) => {
      const caller = await call(daemon, GOOD, { options: { tls: true, servername: 'tessera.example', rejectUnauthorized: true, ca: fs.readFileSync(path.join(dir, 'own.pem')) } });
      await until('a bind', () => caller.binds.length === 1);
      const plain = await call(daemon, GOOD);
      const { warnings } = await daemon.status();
      assert.equal(warnings.length, 1);
      assert.match(warnings[0], /^our certificate for outbinds \(outbind\.tls_cert\) expires in 1 day/);
      await until('one without TLS to be closed', () => plain.closed);
      assert.equal(plain.binds.length, 0);
    });
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
});

test('who comes from nowhere is turned away before the TLS handshake, however slow it is', async () => {
  const dir = scratch();
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=tessera.example',
      '-keyout', 'own.key', '-out', 'own.pem'], { cwd: dir, stdio: 'ignore' });
    const text = listening(`tls_cert = "${path.join(dir, 'own.pem')}"; tls_key = "${path.join(dir, 'own.key')}"; timeout = "1h";`);
    await withGateway({ text, settings: { ...OUTBIND, outbind_peers: '192.0.2.0/24' } }, async ({ daemon }) => {
      const silent = { closed: false, binds: [] };
      net.connect(await at(daemon), '127.0.0.1').on('error', () => {}).on('close', () => (silent.closed = true));
      await isRefused(daemon, silent, /no carrier has this address/);
    });
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
});

test('a reload that takes the right to ask away ends the binds that were asked for, and no other', async () => {
  await withGateway({ text: listening(), settings: OUTBIND }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const caller = await call(daemon, GOOD);
    await until('a bind', async () => (await outbinds(daemon))[0]?.state === 'bound');
    daemon.carriers[0].rate = 100;
    assert.equal(await daemon.reload(), true);
    assert.equal((await outbinds(daemon)).length, 1, 'another change leaves it alone');
    Object.assign(daemon.carriers[0], { outbind_system_id: undefined, outbind_password: undefined, outbind_peers: undefined });
    assert.equal(await daemon.reload(), true);
    await until('it to end in good order', () => caller.closed);
    assert.equal(caller.unbound, true);
    assert.equal((await outbinds(daemon)).length, 0);
    assert.equal(carrier.connections, 1, 'our own bind is the same');
  });
});

test('settings that would let anybody in are errors', async () => {
  for (const [settings, why] of [
    [{ outbind_system_id: 'x', outbind_peers: '127.0.0.1' }, /outbind_password .* is missing/],
    [{ outbind_system_id: 'x', outbind_password: 'y' }, /outbind_peers is missing/],
    [{ ...OUTBIND, outbind_peers: '127.0.0.1/33' }, /"127\.0\.0\.1\/33" is neither/],
    [{ outbind_password: 'y' }, /outbind_system_id is missing/],
  ]) {
    await assert.rejects(withGateway({ text: listening(), settings }, () => {}), (e) => {
      assert.match(e.message, why);
      return true;
    });
  }
  await breathe(0);
});
