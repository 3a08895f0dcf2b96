// Several hosts of a carrier: in order, over to the next when one fails, back to the first without a gap.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { breathe, Carrier, Daemon, during, slow, until } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const at = (carrier) => `127.0.0.1:${carrier.port ?? carrier}`;
const list = (...carriers) => carriers.map(at);

// A port on which nobody listens.
async function dead() {
  const s = net.createServer();
  await new Promise((r) => s.listen(0, '127.0.0.1', r));
  const { port } = s.address();
  await new Promise((r) => s.close(r));
  return port;
}

async function carriers(options, fn) {
  const all = await Promise.all(options.map((o) => new Carrier(o).listen()));
  try {
    await fn(...all);
  } finally {
    for (const c of all) await c.close();
  }
}

async function daemonWith(settings, fn, more = {}) {
  const daemon = new Daemon({ carriers: [{ name: 'acme', host: undefined, ...settings }], ...more });
  await during(daemon, fn);
}

const binds = async (daemon) => (await daemon.status()).carriers[0].binds;
const isOn = (daemon, carrier) => until(`the bind to be on ${at(carrier)}`, async () => {
  const [b] = await binds(daemon);
  return b.state === 'bound' && b.host === at(carrier) && b;
});

test('the first host serves, the second is not asked', async () => {
  await carriers([{}, {}], async (a, b) => {
    await daemonWith({ hosts: list(a, b) }, async (daemon) => {
      assert.equal((await isOn(daemon, a)).first_choice, true);
      await daemon.becomes(await daemon.send(number(1), 'hello'), 'sent');
      assert.equal(b.connections, 0);
    });
  });
});

test('one that refuses the connection, or says nothing, or refuses the bind: the next at once, and the status says so', async () => {
  const silent = net.createServer((s) => s.on('error', () => {}).on('data', () => {}));
  await new Promise((r) => silent.listen(0, '127.0.0.1', r));
  await carriers([{ bind: () => 0x0d }, {}], async (refusing, good) => {
    // A second's pause between rounds: without failing over at once it would not be bound so soon.
    const hosts = list(await dead(), silent.address().port, refusing, good);
    await daemonWith({ hosts, reconnect_min: '30s', reconnect_max: '60s', bind_timeout: '200ms' }, async (daemon) => {
      assert.equal((await isOn(daemon, good)).first_choice, false);
      await daemon.becomes(await daemon.send(number(1), 'hello'), 'sent');
      assert.equal(good.submits.length, 1);
      const shown = await daemon.cli('carrier', 'list');
      assert.match(shown.out, new RegExp(`${at(good)}.*not the first host`));
      assert.match((await daemon.request('GET', '/metrics')).body, /^tessera_binds_elsewhere\{carrier="acme"\} 1$/m);
    });
  });
  silent.close();
});

test('all hosts dead: one round, then the pause, the first again', async () => {
  const ports = [await dead(), await dead()];
  await daemonWith({ hosts: list(...ports), reconnect_min: '400ms', reconnect_max: '400ms' }, async (daemon) => {
    const tries = () => [...daemon.log.matchAll(/^(\S+) .*bind_state .*to=connecting why=\S*?:(\d+)/gm)].map((m) => [Date.parse(m[1]), Number(m[2])]);
    await until('three rounds', () => tries().length >= 6);
    const t = tries().slice(0, 6);
    assert.deepEqual(t.map((x) => x[1]), [...ports, ...ports, ...ports]);
    for (const i of [2, 4]) assert.ok(t[i][0] - t[i - 1][0] >= 195, `the pause before ${i}: ${t.map((x) => x[0] - t[0][0])}`);
    for (const i of [1, 3, 5]) assert.ok(t[i][0] - t[i - 1][0] < 150 * slow, `at once: ${t.map((x) => x[0] - t[0][0])}`);
    assert.equal((await daemon.request('GET', '/healthz')).status, 503);
  });
});

test('a connection that breaks goes over to the next host, and back when the first is there again: nothing lost, nothing twice', async () => {
  await carriers([{}, { answer: (_, n) => (n < 3 ? null : {}) }], async (a, b) => {
    await daemonWith({ hosts: list(a, b), failback: '200ms', window: 50 }, async (daemon) => {
      await isOn(daemon, a);
      await daemon.becomes(await daemon.send(number(0), 'on the first'), 'sent');
      await a.close();
      assert.equal((await isOn(daemon, b)).first_choice, false);
      const ids = [];
      for (let i = 0; i < 3; i++) ids.push(await daemon.send(number(i), `outstanding ${i}`));
      await until('three on the second', () => b.submits.length === 3);
      await a.listen(a.port);
      assert.equal((await isOn(daemon, a)).first_choice, true);
      assert.equal(b.bound.length, 1, 'the old bind waits for its responses');
      assert.equal(b.unbinds, 0);
      await daemon.becomes(await daemon.send(number(9), 'back on the first'), 'sent');
      assert.equal(b.submits.length, 3);
      for (const s of b.submits) b.respond(s);
      for (const id of ids) await daemon.becomes(id, 'sent');
      await until('an unbind in good order', () => b.unbinds === 1 && b.sessions.size === 0);
      assert.deepEqual(a.submits.map((s) => s.text), ['on the first', 'back on the first']);
      assert.match(daemon.log, / failback carrier=acme bind=0/);
    });
  });
});

test('an address of IPv6, in brackets', async (t) => {
  const server = net.createServer((s) => s.on('error', () => {}).on('data', () => {}));
  const there = await new Promise((r) => server.on('error', () => r(false)).listen(0, '::1', () => r(true)));
  if (!there) return t.skip('no IPv6 here');
  const { port } = server.address();
  try {
    await daemonWith({ hosts: [`[::1]:${port}`], bind_timeout: '200ms' }, async (daemon) => {
      await daemon.logged(new RegExp(`to=connecting why="\\[::1\\]:${port}"`));
      await daemon.logged(/to=binding why="connected"/);
    });
  } finally {
    server.close();
  }
});

test('failback = 0: it stays where it is', async () => {
  await carriers([{}, {}], async (a, b) => {
    await daemonWith({ hosts: list(a, b), failback: 0 }, async (daemon) => {
      await isOn(daemon, a);
      await a.close();
      await isOn(daemon, b);
      await a.listen(a.port);
      await breathe(400);
      await isOn(daemon, b);
      assert.equal(a.connections, 1);
    });
  });
});

test('a transmitter and a receiver go over and come back, one after the other', async () => {
  await carriers([{}, {}], async (a, b) => {
    const settings = { hosts: list(a, b), transceivers: 0, transmitters: 1, receivers: 1, failback: '200ms' };
    await daemonWith(settings, async (daemon) => {
      await daemon.bound(a, 2);
      await a.close();
      await daemon.bound(b, 2);
      assert.deepEqual(b.bound.map((x) => x.command).sort(), ['bind_receiver', 'bind_transmitter']);
      const id = await daemon.send(number(1), 'hello');
      await daemon.becomes(id, 'sent');
      b.receipt(b.submits[0]);
      await daemon.becomes(id, 'delivered');
      await a.listen(a.port);
      await daemon.bound(a, 2);
      assert.deepEqual(a.bound.map((x) => x.command).sort(), ['bind_receiver', 'bind_transmitter']);
      await until('both to be told so', async () => (await binds(daemon)).every((x) => x.first_choice && x.state === 'bound'));
      await until('the others to have gone', () => b.bound.length === 0);
      const back = await daemon.send(number(2), 'back');
      await daemon.becomes(back, 'sent');
      a.receipt(a.submits.at(-1));
      await daemon.becomes(back, 'delivered');
    });
  });
});

test('hosts change at a reload', async () => {
  await carriers([{}, {}], async (a, b) => {
    await daemonWith({ hosts: list(a) }, async (daemon) => {
      await isOn(daemon, a);
      daemon.carriers[0].hosts = list(b, a);
      assert.equal(await daemon.reload(), true);
      await isOn(daemon, b);
      await until('the old bind to have gone', () => a.bound.length === 0);
      daemon.carriers[0].failback = '7m'; // no reason to bind anew
      assert.equal(await daemon.reload(), true);
      await breathe();
      assert.equal(b.connections, 1);
    });
  });
});

test('hosts that make no sense are errors with their place', async () => {
  for (const [settings, why] of [
    [{ hosts: [] }, /:\d+: hosts is a list of 1 to 8/],
    [{ hosts: ['a.example:0'] }, /"a\.example:0" is no host/],
    [{ hosts: ['[::1'] }, /"\[::1" is no host/],
    [{ hosts: ['a.example:x'] }, /is no host/],
    [{ hosts: ['a.example'], host: 'b.example' }, /either host or hosts/],
    [{}, /host is missing here/],
    [{ host: 'a.example', version: '3.3' }, /3\.3 has no transceivers/],
  ]) {
    const daemon = new Daemon({ carriers: [{ name: 'acme', host: undefined, ...settings }] });
    await assert.rejects(daemon.start(), (e) => {
      assert.match(e.message, why);
      return true;
    });
    await daemon.cleanup();
  }
});
