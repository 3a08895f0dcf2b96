// A carrier that asks to slow down, in each of the ways there are: the rate it takes is found, order and every message
// are kept, and it is sent more again when it takes more.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const ROK = 0, MSGQFUL = 0x14, THROTTLED = 0x58;

// Takes `capacity` parts in any second, and answers `status` to the others.
function limited(capacity, status = THROTTLED) {
  const taken = [];
  const peer = { capacity, taken, refused: 0 };
  peer.answer = () => {
    const now = performance.now();
    while (taken.length && taken[0] <= now - 1000) taken.shift();
    if (taken.length >= peer.capacity) {
      peer.refused++;
      return { status };
    }
    taken.push(now);
    return {};
  };
  return peer;
}

const rate = async (daemon) => (await daemon.status()).carriers[0].rate;
const taken = (carrier) => carrier.submits.filter((s) => s.status === ROK);

// Every text once, and those to one recipient in the order in which they were accepted.
function audit(carrier, n, recipients) {
  const texts = taken(carrier).map((s) => Number(s.text.slice(5)));
  assert.equal(texts.length, n);
  assert.equal(new Set(texts).size, n, 'nothing twice');
  for (let r = 0; r < recipients; r++) {
    const of = texts.filter((t) => t % recipients === r);
    assert.deepEqual(of, of.toSorted((a, b) => a - b), `recipient ${r} in order`);
  }
}

async function load(daemon, n, recipients) {
  for (let i = 0; i < n; i += 50) { // accepted in this order
    for (let k = i; k < Math.min(i + 50, n); k++) await daemon.send(number(k % recipients), `text ${k}`);
  }
}

describe('a carrier that asks to slow down', { concurrency: true }, () => {
  test('ESME_RTHROTTLED: the rate found is near what the carrier takes; it recovers when the carrier does', async () => {
    const N = 60, peer = limited(N), total = 300;
    await withGateway({ settings: { window: 50 }, carrier: { answer: peer.answer } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      await load(daemon, total, 7);
      await daemon.logged(/ throttled carrier=acme cause=throttled rate=\d+ before=\d+/);
      await until('what it began with to be past', () => carrier.submits.at(-1).at - carrier.submits[0].at > 1500);
      const from = taken(carrier).length, refused = peer.refused, t = performance.now();
      await until('two seconds more', () => performance.now() - t > 2000);
      const share = (taken(carrier).length - from) / 2 / N;
      assert.ok(share > 0.55 && share <= 1.05, `${share} of what it takes`); // 0.6 to 1, and a few parts at each end
      assert.ok(peer.refused - refused < 0.2 * N, `${peer.refused - refused} refused meanwhile`);
      const r = await rate(daemon);
      assert.ok(r.found >= 0.5 * N && r.found <= 1.2 * N, `${r.found}/s found`);
      assert.equal(r.cause, 'throttled');
      assert.ok(Math.abs(Date.parse(r.since) - carrier.submits[0].at) < 1500, r.since);
      assert.equal(r.limit, null);
      assert.match((await daemon.cli('status')).out, /acme says that .* \(since .*\): it is sent \d+ parts\/s/);
      const metrics = (await daemon.request('GET', '/metrics')).body;
      assert.match(metrics, /tessera_rate_found\{carrier="acme"\} [1-9]/);
      assert.match(metrics, /tessera_carrier_throttled\{carrier="acme"\} 1/);
      peer.capacity = Infinity;
      await until('all to be sent', () => taken(carrier).length === total);
      assert.ok((await rate(daemon)).found > r.found, 'it is sent more again');
      audit(carrier, total, 7);
      assert.equal(daemon.log.match(/ throttled carrier/g).length, 1, 'told once');
    });
  });

  test('ESME_RMSGQFUL: the same', async () => {
    const N = 40, peer = limited(N, MSGQFUL), total = 120;
    await withGateway({ settings: { window: 50, rate: 400 }, carrier: { answer: peer.answer } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      await load(daemon, total, 7);
      await daemon.logged(/ throttled carrier=acme cause=queue_full/);
      await until('all to be sent', () => taken(carrier).length === total);
      const seconds = (carrier.submits.at(-1).at - carrier.submits[0].at) / 1000;
      assert.ok(seconds < total / N / 0.6 + 1, `${seconds} s`);
      assert.equal((await rate(daemon)).limit, 400);
      audit(carrier, total, 7);
    });
  });

  test('congestion_state: slowed from the threshold on, though nothing is refused', async () => {
    let state = 89;
    // npm's "smpp" leaves the TLVs of a response to us
    const answer = (pdu, n, submit) => {
      submit.id = String(n);
      setImmediate(() => {
        submit.status = ROK;
        submit.session.send(pdu.response({ message_id: submit.id, congestion_state: state }));
      });
      return null;
    };
    await withGateway({ settings: { window: 20, rate: 200, version: '5.0' }, carrier: { answer } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      await load(daemon, 60, 7);
      await until('all to be sent', () => taken(carrier).length === 60);
      assert.equal((await rate(daemon)).found, null, '89 is the best load');
      state = 95;
      await load(daemon, 200, 7);
      await daemon.logged(/ throttled carrier=acme cause=congested/);
      const r = await until('a rate', async () => { const x = await rate(daemon); return x.found && x; });
      assert.ok(r.found <= 140, `${r.found}`);
      assert.equal(r.cause, 'congested');
      assert.equal(r.limit, 200);
      state = 50;
      const low = (await rate(daemon)).found;
      await until('more again', async () => (await rate(daemon)).found > low);
      await until('all to be sent', () => taken(carrier).length === 260);
    });
  });

  test('a carrier that takes nothing is left alone for longer, and routes avoid it', async () => {
    const peer = limited(0);
    await withGateway({ settings: { window: 10 }, carrier: { answer: peer.answer } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      await load(daemon, 20, 20);
      await daemon.logged(/ throttled_pause carrier=acme cause=throttled pause_ms=4000/);
      const s = await until('routes to avoid it', async () => {
        const [k] = (await daemon.status()).carriers;
        return k.health === 'throttled' && k;
      });
      assert.ok(Date.parse(s.throttled_until) > Date.now());
      assert.ok(peer.refused <= 20, `${peer.refused} tried`);
      assert.match((await daemon.cli('carrier', 'list')).out, /and nothing until/);
    });
  });
});
