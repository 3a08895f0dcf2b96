// What people write back: opting out and in, in their languages, and votes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breathe, until, withGateway } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const customer = (daemon, n) => daemon.api('GET', `/v1/customers/${encodeURIComponent(n)}`);
const tally = async (daemon, name) => {
  const t = await daemon.api('GET', `/v1/votes/${name}`);
  return [t.options.map((o) => o.votes), t.voters];
};

const stops = ['STOP', 'stop', ' Stop! ', 'Stop texting me please', 'cancel please', 'UNSUBSCRIBE', 'Opt-out', 'END', 'Quit.',
  'ARRÊT', 'arreter', 'STOPP', 'Stoppen', 'alto', 'BAJA', 'no más', 'PARE', 'Sair', 'dur', 'İPTAL', 'TD', '"STOP"', 'S\u0301TOP', 'ＳＴＯＰ'];
const others = ['please don\'t stop', 'I cannot stop laughing', 'stopwatch', 'end of the story', 'cancel my order of last week', 'what?', 'yes', '', '🛑', 'HELP'];

test('opt-out words in several languages, and texts that are none', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    for (const [i, word] of stops.entries()) {
      assert.equal(await carrier.inbound(number(i), '80080', word), 0);
      const c = await customer(daemon, number(i));
      assert.equal(c.suppressed, true, `"${word}"`);
      assert.equal(c.consent.length, 1);
      assert.deepEqual([c.consent[0].action, c.consent[0].words], ['stop', word], 'the exact words');
      for (const class_ of ['promotional', 'transactional', 'otp']) {
        const r = await daemon.request('POST', '/v1/messages', { to: number(i), text: 'still there?', class: class_ });
        assert.equal(r.status, 409);
        assert.equal(r.body.error.code, 'state');
        assert.match(r.body.error.message, /opted out/);
      }
    }
    for (const [i, text] of others.entries()) {
      assert.equal(await carrier.inbound(number(500 + i), '80080', text), 0);
      assert.equal((await customer(daemon, number(500 + i))).suppressed, false, `"${text}"`);
    }
    assert.equal((await daemon.status()).suppressed_numbers, stops.length);
    assert.equal(carrier.submits.length, 0);
  });
});

test('START opts in again, other texts do not, and all of it holds across a restart', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const allowed = async (n) => (await daemon.request('POST', '/v1/messages', { to: n, text: 'hello' })).status === 202;
    for (const i of [1, 2]) await carrier.inbound(number(i), '80080', 'STOP');
    for (const text of ['hello?', 'yes', 'start the car', 'LUNCH 1']) await carrier.inbound(number(1), '80080', text);
    assert.equal(await allowed(number(1)), false, 'ordinary messages never opt anyone back in');
    await carrier.inbound(number(2), '80080', 'start');
    assert.equal(await allowed(number(2)), true);
    await daemon.stop();
    await daemon.start();
    await daemon.bound(carrier);
    assert.equal(await allowed(number(1)), false);
    assert.equal(await allowed(number(2)), true);
    assert.equal(await carrier.inbound(number(1), '80080', 'Unstop'), 0);
    assert.equal(await allowed(number(1)), true);
    await daemon.kill();
    await daemon.start();
    assert.equal(await allowed(number(1)), true);
    assert.deepEqual((await customer(daemon, number(1))).consent.map((c) => [c.action, c.words]).sort(), [['start', 'Unstop'], ['stop', 'STOP']]);
    await daemon.api('POST', '/v1/consents', { number: number(3), action: 'stop', words: 'by telephone' });
    assert.equal(await allowed(number(3)), false);
  });
});

test('who opts out while a campaign runs gets nothing more of it', async () => {
  const N = 60;
  await withGateway({ clock: '2026-11-18T12:00:00Z', settings: { rate: 30, burst: 1 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.importCsv('customers', ['phone', ...Array.from({ length: N }, (_, i) => number(i))].join('\n') + '\n', { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'slow', segments: ['all'], sender: 'TESSERA', text: 'hello' });
    await daemon.api('POST', '/v1/campaigns/slow/start');
    await until('it to run', () => carrier.submits.length >= 5);
    const got = new Set(carrier.submits.map((s) => '+' + s.to));
    const late = Array.from({ length: N }, (_, i) => number(i)).filter((n) => !got.has(n)).slice(-10);
    for (const n of late) assert.equal(await carrier.inbound(n, '80080', 'stop'), 0);
    const answered = [...got][0];
    assert.equal(await carrier.inbound(answered, '80080', 'STOP'), 0);
    const r = await until('the end', async () => {
      const p = await daemon.api('GET', '/v1/campaigns/slow/report');
      return p.queued + p.held + p.in_flight === 0 && p;
    });
    assert.equal(r.suppressed, 10, JSON.stringify(r));
    assert.equal(r.sent, N - 10);
    assert.equal(r.opted_out, 1, 'the one who had got it');
    for (const n of late) assert.ok(!carrier.submits.some((s) => '+' + s.to === n), `${n} was left alone`);
  });
});

test('a message that waits is not sent to who opts out meanwhile', async () => {
  await withGateway({ clock: '2026-11-18T03:00:00Z' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const held = await daemon.send(number(1), 'sale', { class: 'promotional' }), other = await daemon.send(number(2), 'sale', { class: 'promotional' });
    assert.equal((await daemon.message(held)).state, 'held');
    await carrier.inbound(number(1), '80080', 'STOP');
    await daemon.setClock('2026-11-18T12:00:00Z');
    await daemon.becomes(other, 'sent');
    assert.equal((await daemon.becomes(held, 'suppressed')).reason, 'suppressed');
    assert.equal(carrier.submits.length, 1);
  });
});

test('votes: number, name, alias, unknown option; the first or the last one counts', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.api('PUT', '/v1/votes/lunch', { keyword: 'LUNCH', options: ['PIZZA', 'SUSHI'], aliases: { SUSHI: ['FISH', 'RAW FISH'] } });
    await daemon.api('PUT', '/v1/votes/song', { keyword: 'SONG', options: ['A', 'B', 'C'], last_wins: true });
    const say = async (i, text) => assert.equal(await carrier.inbound(number(i), '80080', text), 0);
    await say(1, 'LUNCH pizza');
    await say(2, ' lunch,  2! ');
    await say(3, 'Lunch raw fish');
    await say(4, 'lunch FISH');
    await say(1, 'LUNCH sushi'); // once a number
    await say(5, 'LUNCH kebab');
    await say(6, 'LUNCH');
    await say(7, 'LUNCH 3');
    await say(8, 'LUNCHPIZZA');
    await say(9, 'what is for LUNCH pizza');
    assert.deepEqual(await tally(daemon, 'lunch'), [[1, 3], 4]);
    await say(1, 'song a');
    await say(2, 'SONG b');
    await say(1, 'SONG C');
    await say(1, 'song zzz');
    assert.deepEqual(await tally(daemon, 'song'), [[0, 1, 1], 2]);
    const { inbound } = await daemon.api('GET', `/v1/inbound?number=${encodeURIComponent(number(5))}`);
    assert.equal(inbound[0].text, 'LUNCH kebab');
    assert.equal(inbound[0].vote, null, 'kept, but no vote');

    // Across a restart: what was counted stays, and still counts once.
    await daemon.kill();
    await daemon.start();
    await until('a new bind', () => carrier.connections === 2 && carrier.bound.length === 1);
    await say(2, 'lunch 1');
    await say(10, 'lunch 1');
    await say(2, 'song 3');
    assert.deepEqual(await tally(daemon, 'lunch'), [[2, 3], 5]);
    assert.deepEqual(await tally(daemon, 'song'), [[0, 0, 2], 2]);
    // Someone who has opted out may still vote, and is not opted in by it.
    await say(11, 'STOP');
    await say(11, 'LUNCH 1');
    assert.deepEqual(await tally(daemon, 'lunch'), [[3, 3], 6]);
    assert.equal((await customer(daemon, number(11))).suppressed, true);
  });
});

test('the same inbound message again, by the carrier\'s own reference, is kept once', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.api('PUT', '/v1/votes/song', { keyword: 'SONG', options: ['A', 'B'] });
    for (let i = 0; i < 3; i++) assert.equal(await carrier.inbound(number(1), '80080', 'SONG a', { user_message_reference: 77 }), 0);
    assert.equal((await daemon.api('GET', '/v1/inbound')).inbound.length, 1);
    assert.equal(await carrier.inbound(number(1), '80080', 'SONG a', { user_message_reference: 78 }), 0);
    assert.equal(await carrier.inbound(number(1), '80080', 'SONG a'), 0);
    assert.equal((await daemon.api('GET', '/v1/inbound')).inbound.length, 3, 'saying the same twice is no repeat');
    await breathe(20);
    assert.deepEqual(await tally(daemon, 'song'), [[1, 0], 1]);
  });
});
