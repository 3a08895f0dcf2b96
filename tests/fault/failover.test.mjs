// One host of two dead, with an audit of every message id on both sides: dead from the start (refusing, or a black hole),
// dying under load, and coming back under load.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { describe, test } from 'node:test';
import { Daemon, during, until } from '../system/lib.mjs';
import { audit, load, RawCarrier } from './raw.mjs';

const HOLD = 'messages: { retry_min = "20ms"; retry_max = "50ms"; uncertain: { otp = "resend"; transactional = "hold"; promotional = "hold"; }; };';
const KINDS = [
  ['transceivers', { transceivers: 2 }, 2],
  ['a transmitter and a receiver', { transceivers: 0, transmitters: 1, receivers: 1 }, 2],
];

// What both hosts saw, in the order of its coming.
const both = (...hosts) => ({ get submits() { return hosts.flatMap((h) => h.submits).sort((a, b) => a.at - b.at); } });

async function against(ports, settings, fn) {
  const daemon = new Daemon({ clock: '2026-11-18T12:00:00Z', settings: HOLD,
    carriers: [{ name: 'acme', host: undefined, hosts: ports.map((p) => `127.0.0.1:${p}`), window: 20, ...settings }] });
  await during(daemon, fn);
}

async function hosts(n, fn) {
  const list = await Promise.all(Array.from({ length: n }, () => new RawCarrier().listen()));
  try {
    await fn(...list);
  } finally {
    for (const h of list) await h.close();
  }
}

// A host that takes no connection and refuses none: its backlog is full, so further SYNs go unanswered.
async function blackHole() {
  const child = spawn(process.execPath, ['-e', `
    const s = require('net').createServer();
    s.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('fs').writeSync(1, s.address().port + '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise((r) => child.stdout.once('data', (d) => r(Number(d))));
  const fill = Array.from({ length: 6 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
  await until('its backlog to be full', () => fill.filter((s) => s.readyState === 'open').length >= 2);
  return { port, close: () => (fill.forEach((s) => s.destroy()), child.kill('SIGKILL')) };
}

const firstChoice = (daemon, is) => until(`every bind to be ${is ? 'on the first host' : 'elsewhere'}`, async () => {
  const { binds } = (await daemon.status()).carriers[0];
  return binds.every((b) => b.state === 'bound' && b.first_choice === is);
});

describe('one host of two dead', { concurrency: 2 }, () => {
  for (const [kind, settings, n] of KINDS) {
    test(`refusing, ${kind}: the other takes all`, async () => {
      await hosts(2, async (a, b) => {
        await a.close();
        await against([a.port, b.port], settings, async (daemon) => {
          await daemon.bound(b, n);
          assert.deepEqual(await audit(daemon, b, await load(daemon, 500)), { sent: 500 });
          await firstChoice(daemon, false);
        });
      });
    });

    test(`a black hole, ${kind}: the other takes all`, async () => {
      const hole = await blackHole();
      try {
        await hosts(1, async (b) => {
          await against([hole.port, b.port], { ...settings, connect_timeout: '300ms', bind_timeout: '300ms', failback: '1s' }, async (daemon) => {
            const accepted = await load(daemon, 300);
            await daemon.bound(b, n);
            assert.deepEqual(await audit(daemon, b, accepted), { sent: 300 });
            // The first is tried again beside the bind there is, which does not notice.
            await until('the first to be tried again', () => [...daemon.log.matchAll(new RegExp(`to=connecting why=\\S*:${hole.port}`, 'g'))].length > n);
            assert.deepEqual(await audit(daemon, b, new Map([...accepted, ...await load(daemon, 100, { prefix: 'then' })])), { sent: 400 });
            assert.equal(b.connections.length, n);
          });
        });
      } finally {
        hole.close();
      }
    });

    test(`dying under load and coming back under load, ${kind}`, async () => {
      await hosts(2, async (a, b) => {
        const { port } = a;
        let dying = false;
        a.on = (p) => {
          if (!p.submit || p.submit.n < 150 || dying) return dying;
          dying = true; // nothing is answered any more
          setImmediate(() => a.close());
          return true;
        };
        await against([a.port, b.port], { ...settings, failback: '1s' }, async (daemon) => {
          await daemon.bound(a, n);
          const accepted = await load(daemon, 1000);
          await firstChoice(daemon, false);
          dying = false;
          a.on = () => false;
          const taken = b.submits.length;
          assert.ok(taken > 0);
          await a.listen(port);
          for (let round = 0, there = false; !there; round++) {
            const more = await load(daemon, 100, { prefix: `round ${round}` });
            for (const [t, id] of more) accepted.set(t, id);
            there = (await daemon.status()).carriers[0].binds.every((x) => x.state === 'bound' && x.first_choice);
          }
          for (const [t, id] of await load(daemon, 100, { prefix: 'back' })) accepted.set(t, id);
          // What the dying host had not answered, or whose answer broke off with the connection, is uncertain; nothing else.
          const lost = (s) => s.conn.gone && a.connections.includes(s.conn) && s.n >= 100 && s.n < 1000 && s.at <= diedAt(a);
          const states = await audit(daemon, both(a, b), accepted, { lost, broken: true });
          assert.ok((states.uncertain ?? 0) <= 40, JSON.stringify(states));
          assert.equal(states.sent + (states.uncertain ?? 0), accepted.size);
          assert.ok(a.submits.some((s) => s.text.startsWith('back ')), 'the first serves again');
          await until('the other to be left in good order', () => b.bound.length === 0);
        });
      });
    });
  }
});

// When the last of the connections that broke was still being used.
function diedAt(host) {
  const old = new Set(host.connections.filter((c) => c.gone));
  return Math.max(...host.submits.filter((s) => old.has(s.conn)).map((s) => s.at));
}
