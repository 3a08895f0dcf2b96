// What waits can be stopped and let go: a message, a campaign that is running or done; at once, in the whole store. And the
// clock on the wall may be set back or forth at any time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breathe, until, withGateway } from './lib.mjs';

const SOUND = '2026-11-18T12:00:00Z';
const NUMBER = '+447700900001';

async function campaign(daemon, name, n, more = {}) {
  const csv = 'phone\n' + Array.from({ length: n }, (_, i) => `+4477009${String(i).padStart(5, '0')}`).join('\n') + '\n';
  await daemon.importCsv('customers', csv, { map: { phone: 'msisdn' } });
  await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
  await daemon.api('POST', '/v1/campaigns', { name, segments: ['all'], sender: 'TESSERA', text: name, class: 'transactional', ...more });
}

const report = (daemon, name) => daemon.api('GET', `/v1/campaigns/${name}/report`);
const state = async (daemon, name) => (await daemon.api('GET', `/v1/campaigns/${name}`)).state;

test('a message that waits is paused and resumed, and keeps its time', { timeout: 60_000 }, async () => {
  await withGateway({ clock: SOUND }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.json('carrier', 'pause', 'acme');
    const now = await daemon.send(NUMBER, 'now');
    const later = await daemon.send(NUMBER, 'later', { send_at: '2026-11-18T13:00:00Z' });
    for (const id of [now, later]) {
      const r = await daemon.cli('message', 'pause', id);
      assert.equal(r.code, 0, r.err);
      const m = await daemon.message(id);
      assert.deepEqual([m.state, m.reason, m.until], ['held', 'paused', null]);
    }
    await daemon.json('carrier', 'resume', 'acme');
    await breathe();
    assert.equal(carrier.submits.length, 0);
    await daemon.kill();
    await daemon.start();
    await daemon.bound(carrier);
    await breathe();
    assert.equal(carrier.submits.length, 0, 'still paused after a kill');
    await daemon.json('message', 'resume', later);
    const m = await daemon.message(later);
    assert.deepEqual([m.state, m.reason, m.until], ['held', 'schedule', '2026-11-18T13:00:00Z']);
    await daemon.json('message', 'resume', now);
    await daemon.becomes(now, 'sent');
    assert.equal(carrier.submits.length, 1);
    assert.match((await daemon.cli('message', 'pause', now)).err, /it is sent: only what waits here can be paused/);
    assert.match((await daemon.cli('message', 'resume', later)).err, /not paused/);
    assert.match((await daemon.cli('message', 'pause', '99')).err, /no message 99/);
  });
});

test('a campaign that is done and whose messages wait is paused, resumed at once, and cancelled', { timeout: 60_000 }, async () => {
  const N = 3000;
  let refuse = true;
  await withGateway({ clock: SOUND, settings: { window: 100 }, text: 'messages: { retry_min = "1s"; retry_max = "1s"; max_attempts = 1000; };',
    carrier: { answer: () => ({ status: refuse ? 0x64 : 0 }) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await campaign(daemon, 'spring', N);
    await daemon.json('campaign', 'start', 'spring');
    await until('it to be done', async () => (await state(daemon, 'spring')) === 'done');
    await daemon.json('campaign', 'pause', 'spring');
    await until('all to be held by the pause', async () => {
      await daemon.setClock(new Date(Date.parse((await daemon.api('GET', '/v1/clock')).now) + 5_000).toISOString());
      const paused = await daemon.api('GET', '/v1/messages?campaign=spring&limit=1000');
      return paused.messages.every((m) => m.reason === 'paused');
    });
    refuse = false;
    const seen = carrier.submits.length;
    await breathe(300);
    assert.equal(carrier.submits.length, seen, 'nothing goes');
    const one = (await daemon.api('GET', '/v1/messages?campaign=spring&limit=1')).messages[0];
    assert.match((await daemon.cli('message', 'resume', one.id)).err, /its campaign "spring" is paused/);
    await daemon.kill();
    await daemon.start();
    await daemon.bound(carrier);
    await breathe();
    assert.equal(await state(daemon, 'spring'), 'paused');
    const from = Date.now();
    await daemon.json('campaign', 'resume', 'spring');
    await until('all to be sent', async () => (await report(daemon, 'spring')).sent === N);
    assert.ok(Date.now() - from < 5_000 * (process.env.TESSERA_SANITIZED ? 4 : 1), `${Date.now() - from} ms`);
    assert.equal(await state(daemon, 'spring'), 'done');
    assert.match((await daemon.cli('campaign', 'pause', 'spring')).err, /none of its messages waits/);

    refuse = true;
    daemon.settings = 'messages: { retry_min = "1h"; retry_max = "1h"; max_attempts = 1000; };';
    await daemon.reload();
    await daemon.api('POST', '/v1/campaigns', { name: 'never', segments: ['all'], sender: 'TESSERA', text: 'never', class: 'transactional' });
    await daemon.json('campaign', 'start', 'never');
    await until('all to be tried', async () => (await state(daemon, 'never')) === 'done' && (await daemon.status()).queue.held === N);
    await daemon.json('campaign', 'cancel', 'never');
    await until('all to be cancelled', async () => (await report(daemon, 'never')).cancelled === N);
    assert.equal((await daemon.status()).queue.held, 0);
    assert.equal((await report(daemon, 'spring')).sent, N, 'of no other campaign');
  });
});

test('a campaign is cancelled while its messages are ready at a carrier that is paused', { timeout: 60_000 }, async () => {
  await withGateway({ clock: SOUND, text: 'messages: { retry_min = "1s"; retry_max = "1s"; max_attempts = 1000; };', carrier: { answer: () => ({ status: 0x64 }) } },
    async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      await campaign(daemon, 'off', 200);
      await daemon.json('campaign', 'start', 'off');
      await until('it to be done', async () => (await state(daemon, 'off')) === 'done');
      await daemon.json('carrier', 'pause', 'acme');
      const single = await daemon.send('+447700900777', 'stays');
      await until('all to be ready', async () => {
        await daemon.setClock(new Date(Date.parse((await daemon.api('GET', '/v1/clock')).now) + 5_000).toISOString());
        return (await daemon.status()).queue.ready === 201;
      });
      await daemon.json('campaign', 'cancel', 'off');
      await until('all to be cancelled', async () => (await report(daemon, 'off')).cancelled === 200);
      assert.equal((await daemon.message(single)).state, 'ready');
      const before = carrier.submits.length;
      carrier.options.answer = () => ({});
      await daemon.json('carrier', 'resume', 'acme');
      await daemon.becomes(single, 'sent');
      assert.equal(carrier.submits.length, before + 1);
    });
});

test('the clock is set back: what quiet hours held goes when it may now, and nothing goes before its time', { timeout: 60_000 }, async () => {
  let wall = Date.parse('2026-11-19T03:00:00Z');
  const at = [];
  await withGateway({ clock: new Date(wall).toISOString(), carrier: { onSubmit: (s) => at.push([s.text, wall]), answer: (pdu, n, s) => ({ status: s.text === 'retry' && s.n < 1 ? 0x64 : 0 }) },
    text: 'messages: { retry_min = "1h"; retry_max = "1h"; };' }, async ({ carrier, daemon }) => {
    const set = async (iso) => {
      wall = Date.parse(iso);
      await daemon.setClock(iso);
    };
    await daemon.bound(carrier);
    const retry = await daemon.send(NUMBER, 'retry');
    await until('it to be refused', async () => (await daemon.message(retry)).reason === 'retry');
    const quiet = [];
    for (let i = 0; i < 300; i++) quiet.push(await daemon.send(`+4477009${String(i).padStart(5, '0')}`, 'offer', { class: 'promotional' }));
    assert.equal((await daemon.message(quiet[0])).reason, 'quiet_hours');
    const timed = await daemon.send(NUMBER, 'timed', { send_at: '2026-11-19T09:30:00Z' });

    // a night before: still closed, and what was released is held again, for the window that comes first now
    await set('2026-11-18T02:00:00Z');
    await until('the retry to go', async () => (await daemon.message(retry)).state === 'sent');
    await until('all to be held again', async () => {
      const m = await daemon.message(quiet[299]);
      return m.state === 'held' && Date.parse(m.until) < Date.parse('2026-11-18T12:00:00Z');
    });
    assert.equal(carrier.submits.filter((s) => s.text === 'offer').length, 0, 'none outside its window');

    // the middle of that day, by a step forwards: they go
    await set('2026-11-18T12:00:00Z');
    await until('all to be sent', () => carrier.submits.filter((s) => s.text === 'offer').length === 300);
    // back in the morning of the day it was given: not before its time, and then it does
    assert.deepEqual([(await daemon.message(timed)).state, (await daemon.message(timed)).until], ['held', '2026-11-19T09:30:00Z']);
    await daemon.json('carrier', 'pause', 'acme');
    await set('2026-11-19T09:30:01Z');
    await until('it to be ready', async () => (await daemon.message(timed)).state === 'ready');
    await set('2026-11-19T08:00:00Z');
    await daemon.json('carrier', 'resume', 'acme');
    await until('it to be held again', async () => (await daemon.message(timed)).state === 'held');
    await set('2026-11-19T09:30:02Z');
    await daemon.becomes(timed, 'sent');
    for (const [text, when] of at) {
      const hour = new Date(when).getUTCHours();
      if (text === 'offer') assert.ok(hour >= 8 && hour < 21, `${text} at ${new Date(when).toISOString()}`);
    }
    assert.equal(carrier.submits.filter((s) => s.text === 'timed').length, 1);
    assert.equal((await daemon.status()).queue.held, 0, 'none is stuck');
    assert.ok(daemon.log.includes(' clock_set '));
  });
});
