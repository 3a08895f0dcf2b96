// Carriers that misbehave, each with an audit of every message id on both sides: what was accepted ends in exactly one
// right state, nothing is sent twice unless its response was lost and the policy says so, and what the carrier took
// is what we say was sent.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Carrier, Daemon, during, until } from '../system/lib.mjs';
import { audit, CMD, load, pdu, RawCarrier } from './raw.mjs';

const ROK = 0, THROTTLED = 0x58;
const HOLD = 'messages: { retry_min = "20ms"; retry_max = "50ms"; uncertain: { otp = "resend"; transactional = "hold"; promotional = "hold"; }; };';

async function against(carrier, settings, fn) {
  await carrier.listen();
  const daemon = new Daemon({ clock: '2026-11-18T12:00:00Z', carriers: [{ name: 'acme', port: carrier.port, window: 20, ...settings }], settings: HOLD });
  await during(daemon, async () => {
    await daemon.bound(carrier);
    await fn(daemon);
  }, carrier);
}

// Every `every`-th submission, `bite(submit, carrier)` instead of a response; what is outstanding on that connection is lost.
function biter(every, bite, times = 4) {
  let left = times;
  const carrier = new RawCarrier((p, conn) => {
    if (conn.bitten) return true; // says nothing any more
    if (!p.submit || p.submit.n % every !== every - 1 || left === 0) return false;
    left--;
    conn.bitten = true;
    bite(p.submit, carrier);
    return true;
  });
  return carrier;
}

describe('carriers that misbehave', { concurrency: 3 }, () => {
  // A response that was written before the connection broke may have been lost with it.
  const broke = (s) => s.conn.bitten && (s.status === null || s.conn.reset);
  const bites = {
    'resets in the middle of a PDU': (s, c) => {
      s.conn.reset = true;
      s.conn.write(c.response(s).subarray(0, 11), () => s.conn.resetAndDestroy());
      s.status = null;
    },
    'closes after half a PDU': (s, c) => {
      s.conn.end(c.response(s).subarray(0, 17));
      s.status = null;
    },
    'a command_length of nothing': (s) => s.conn.write(pdu(0x80000004, { sequence: s.sequence, length: 0 })),
    'a command_length of fifteen': (s) => s.conn.write(pdu(0x80000004, { sequence: s.sequence, length: 15 })),
    'a command_length of two gigabytes': (s) => s.conn.write(pdu(0x80000004, { sequence: s.sequence, length: 0x7fffffff })),
    'a command_length of all ones': (s) => s.conn.write(pdu(0x80000004, { sequence: s.sequence, length: 0xffffffff })),
    'a command_length of a megabyte and more': (s) => s.conn.write(pdu(0x80000004, { sequence: s.sequence, length: (1 << 20) + 1 })),
  };
  for (const [name, bite] of Object.entries(bites)) {
    test(name, async () => {
      const carrier = biter(70, bite);
      await against(carrier, {}, async (daemon) => {
        const states = await audit(daemon, carrier, await load(daemon, 400), { lost: broke, broken: true });
        assert.equal(carrier.connections.length, 5, 'four that broke and one that did not');
        assert.ok(states.uncertain >= 4 && states.uncertain <= 80, JSON.stringify(states));
        if (name.startsWith('a command')) assert.match(daemon.log, /reason=garbage/);
      });
    });
  }

  test('half a PDU and then silence: the submissions are uncertain in time, the connection is given up', async () => {
    const carrier = biter(50, (s, c) => {
      s.conn.write(c.response(s).subarray(0, 9));
      s.status = null;
    }, 1);
    await against(carrier, { enquire_link: '50ms', response_timeout: '200ms' }, async (daemon) => {
      const before = await load(daemon, 50);
      await until('another connection', () => carrier.bound.length === 1 && carrier.connections.length === 2, 20_000);
      const after = await load(daemon, 50, { prefix: 'after' });
      const states = await audit(daemon, carrier, new Map([...before, ...after]), { lost: broke });
      assert.ok(states.uncertain >= 1 && states.uncertain <= 20, JSON.stringify(states));
      assert.equal(carrier.submits.length, 100);
    });
  });

  test('silence on one of two binds: the other goes on', async () => {
    const carrier = new RawCarrier((p, conn) => conn.n === 1 && conn.bound);
    await against(carrier, { transceivers: 2, enquire_link: '50ms', response_timeout: '300ms', window: 10 }, async (daemon) => {
      await daemon.bound(carrier, 2);
      const states = await audit(daemon, carrier, await load(daemon, 600), { lost: (s) => s.conn.n === 1 });
      assert.ok(states.uncertain >= 1, JSON.stringify(states));
      assert.ok(states.sent >= 300, JSON.stringify(states));
      await until('the silent one to be replaced', () => carrier.connections.length === 3, 20_000);
    });
  });

  test('one of two binds dead: nothing is lost or uncertain', async () => {
    let alive = null;
    const carrier = new RawCarrier((p, conn) => {
      if (conn === (alive ??= conn)) return false;
      conn.destroy();
      return true;
    });
    await against(carrier, { transceivers: 2 }, async (daemon) => {
      const states = await audit(daemon, carrier, await load(daemon, 500));
      assert.deepEqual(states, { sent: 500 });
      assert.ok(carrier.connections.length > 2, 'it is tried again');
    });
  });

  test('one octet a millisecond', async () => {
    const carrier = new RawCarrier((p, conn) => {
      if (!conn.slow) {
        conn.slow = { queue: [], timer: setInterval(() => conn.slow.queue.length && conn.write(Buffer.from([conn.slow.queue.shift()])), 1) };
        conn.on('close', () => clearInterval(conn.slow.timer));
      }
      const say = (b) => conn.slow.queue.push(...b);
      if (p.command === CMD.bind_transceiver) {
        conn.bound = true;
        say(pdu(0x80000009, { sequence: p.sequence, body: Buffer.from('SLOW\0') }));
      } else if (p.submit) say(carrier.response(p.submit));
      else if (p.command === CMD.enquire_link) say(pdu(0x80000015, { sequence: p.sequence }));
      else return false;
      return true;
    });
    await against(carrier, { enquire_link: '500ms' }, async (daemon) => {
      assert.deepEqual(await audit(daemon, carrier, await load(daemon, 80)), { sent: 80 });
      assert.equal(carrier.connections.length, 1);
    });
  });

  test('floods of enquire_link and of PDUs nobody knows', async () => {
    const EACH = 100;
    let asked = 0;
    const carrier = new RawCarrier((p, conn) => {
      if (!p.submit) return false;
      const flood = [];
      for (let i = 0; i < EACH; i++) {
        asked++;
        flood.push(pdu(CMD.enquire_link, { sequence: asked }), pdu(0x00000777, { sequence: 0x100000 + asked, body: Buffer.alloc(i, 7) }),
          pdu(0x80000777, { sequence: asked }), pdu(0x80000004, { sequence: 0x7000000 + asked }));
      }
      conn.write(Buffer.concat([...flood, carrier.response(p.submit)]));
      return true;
    });
    await against(carrier, {}, async (daemon) => {
      const N = 200;
      assert.deepEqual(await audit(daemon, carrier, await load(daemon, N)), { sent: N });
      assert.equal(carrier.connections.length, 1);
      await until('all to be answered', () => carrier.answered.length >= 2 * N * EACH);
      const enquired = carrier.answered.filter((a) => a.command === 0x80000015).map((a) => a.sequence);
      const nacked = carrier.answered.filter((a) => a.command === 0x80000000);
      assert.equal(enquired.length, N * EACH);
      assert.equal(new Set(enquired).size, N * EACH);
      assert.equal(nacked.length, N * EACH);
      assert.ok(nacked.every((a) => a.status === 3), 'ESME_RINVCMDID');
    });
  });

  test('responses in random order, some twice', async () => {
    const waiting = [];
    const carrier = new RawCarrier((p) => {
      if (!p.submit) return false;
      waiting.push(p.submit);
      return true;
    });
    const timer = setInterval(() => {
      while (waiting.length) {
        const [s] = waiting.splice(Math.floor(Math.random() * waiting.length), 1);
        carrier.respond(s);
        if (s.n % 5 === 0) carrier.respond(s);
      }
    }, 5);
    await against(carrier, { window: 50 }, async (daemon) => {
      assert.deepEqual(await audit(daemon, carrier, await load(daemon, 1000)), { sent: 1000 });
    }).finally(() => clearInterval(timer));
  });

  test('a tenth throttled', async () => {
    const carrier = new RawCarrier((p) => {
      if (!p.submit || p.submit.n % 10 !== 9) return false;
      carrier.respond(p.submit, THROTTLED);
      return true;
    });
    await against(carrier, { window: 10 }, async (daemon) => {
      assert.deepEqual(await audit(daemon, carrier, await load(daemon, 60), { refused: [THROTTLED] }), { sent: 60 });
    });
  });

  for (const [class_, resend] of [['transactional', false], ['otp', true]]) {
    test(`one response in a hundred lost, ${class_}: ${resend ? 'sent again' : 'held'}`, async () => {
      const carrier = new RawCarrier((p) => Boolean(p.submit) && p.submit.n % 100 === 50);
      await against(carrier, { response_timeout: '300ms' }, async (daemon) => {
        const states = await audit(daemon, carrier, await load(daemon, 1000, { class_ }), { lost: (s) => s.status === null, resend });
        assert.deepEqual(states, resend ? { sent: 1000 } : { sent: 990, uncertain: 10 });
        assert.equal(carrier.submits.length, resend ? 1010 : 1000);
      });
    });
  }

  test('half of the receipts before the response, some twice', async () => {
    const carrier = new Carrier({
      answer: (_, n, submit) => {
        submit.id = `x${n}`;
        if (n % 2) carrier.receipt(submit, 'DELIVRD', { id: submit.id });
        return { id: submit.id };
      },
      receipt: (s) => (s.n % 2 ? (s.n % 10 === 1 ? [20, 'DELIVRD'] : null) : [s.n % 30, 'DELIVRD']),
    });
    await against(carrier, { window: 50 }, async (daemon) => {
      const accepted = await load(daemon, 1000);
      await until('all receipts to be answered', () => carrier.answers.length === 1100, 30_000);
      assert.ok(carrier.answers.every((a) => a.status === ROK));
      await until('all to be delivered', async () => (await daemon.status()).queue.delivered === 1000);
      assert.deepEqual(await audit(daemon, carrier, accepted, { receipted: () => 'delivered' }), { delivered: 1000 });
    });
  });

  test('all binds down for a while: accepted all the same, and sent afterwards', async () => {
    const carrier = new Carrier();
    await against(carrier, { transceivers: 2 }, async (daemon) => {
      const before = await load(daemon, 200, { prefix: 'before' });
      await until('some to be sent', () => carrier.submits.length === 200);
      await until('their responses', async () => (await daemon.status()).queue.sent === 200);
      await carrier.close();
      const during = await load(daemon, 300, { prefix: 'during' });
      const s = await daemon.status();
      assert.equal(s.carriers[0].state, 'down');
      assert.equal(s.queue.ready, 300);
      await carrier.listen(carrier.port);
      assert.deepEqual(await audit(daemon, carrier, new Map([...before, ...during])), { sent: 500 });
      assert.equal(carrier.submits.length, 500);
    });
  });

  test('everything at once', async () => {
    const N = 1500;
    const fate = () => Math.random();
    const carrier = new Carrier({
      answer: (_pdu, _n, submit) => {
        submit.id = String(carrier.next); // as it will be told
        const f = fate();
        submit.lost = f < 0.01;
        if (submit.lost) return null;
        submit.receipted = fate() < 0.9;
        if (submit.receipted && f < 0.5) carrier.receipt(submit, 'DELIVRD', { id: submit.id }), (submit.early = true);
        setTimeout(() => {
          if (submit.session.closed) return;
          carrier.respond(submit);
          if (f > 0.95) carrier.respond(submit);
        }, fate() * 20);
        return null;
      },
      receipt: (s) => (s.receipted && !s.early ? [fate() * 30, 'DELIVRD'] : null),
    });
    await against(carrier, { window: 50, transceivers: 2, response_timeout: '400ms' }, async (daemon) => {
      await daemon.bound(carrier, 2);
      const accepted = await load(daemon, N);
      const wanted = () => carrier.submits.filter((s) => s.receipted).length;
      await until('all to have arrived', () => carrier.submits.length === N);
      await until('all receipts to be answered', () => new Set(carrier.answers.filter((a) => a.status === ROK).map((a) => a.id)).size === wanted());
      await until('all to be delivered', async () => (await daemon.status()).queue.delivered === wanted());
      const of = new Map(carrier.submits.map((s) => [s.text, s]));
      const states = await audit(daemon, carrier, accepted, { lost: (s) => s.lost, receipted: (t) => (of.get(t).receipted ? 'delivered' : 'sent') });
      assert.equal(states.uncertain ?? 0, carrier.submits.filter((s) => s.lost).length);
      assert.equal(carrier.submits.length, N, 'none twice');
    });
  });
});
