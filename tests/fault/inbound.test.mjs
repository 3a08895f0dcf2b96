// kill -9 while people answer: every inbound message and every receipt that was taken from the carrier is there
// afterwards, an opt-out holds, and a vote counts once, though the carrier sends again what was not answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Carrier, Daemon, during, sanitized, until } from '../system/lib.mjs';

const KILLS = Number(process.env.TESSERA_KILLS ?? (sanitized ? 4 : 10));
const number = (i) => `+4477009${String(i).padStart(5, '0')}`;

test(`kill -9 at ${KILLS} random instants while messages and receipts come in`, { timeout: 600_000 }, async () => {
  const carrier = await new Carrier().listen();
  const daemon = new Daemon({ carriers: [{ name: 'acme', port: carrier.port, transceivers: 2 }], settings: 'messages: { uncertain: { transactional = "hold"; }; };' });
  const said = new Set(), taken = new Set(); // by serial number: each is another person
  const receipted = new Set(); // ids of messages whose receipt was taken
  let serial = 0, running = true;
  const closing = new WeakMap();
  const closed = (session) => {
    if (!closing.has(session)) closing.set(session, new Promise((r) => session.once('close', () => r(null))));
    return closing.get(session);
  };
  const stops = (i) => i % 5 === 4;
  const person = async () => {
    while (running) {
      const i = serial++;
      said.add(i);
      while (running && !taken.has(i)) { // again until it is taken, as carriers do
        const session = carrier.receiver();
        const status = session && await Promise.race([closed(session),
          carrier.inbound(number(i), '80080', stops(i) ? 'Stop!' : `SONG ${i % 2 + 1}`, { session, user_message_reference: i & 0xffff })]);
        if (status === 0) taken.add(i);
        else await new Promise((r) => setTimeout(r, 5));
      }
    }
  };
  const sender = async (_, k) => {
    for (let n = 0; running; n++) {
      try {
        const text = `text ${k} ${n}`, id = await daemon.send(number(90_000 + n % 1000), text);
        const submit = await until('it to come', () => carrier.submits.find((x) => x.text === text), 2000), session = carrier.receiver();
        if (!session) continue;
        carrier.receipt(submit, 'DELIVRD', { session });
        const answer = () => carrier.answers.findLast((a) => a.id === submit.id);
        await until('its answer', () => answer() || !carrier.sessions.has(session));
        if (answer()?.status === 0) receipted.add(id);
      } catch {
        await new Promise((r) => setTimeout(r, 10)); // killed meanwhile
      }
    }
  };
  const audit = async () => {
    const listed = new Map(); // number -> its inbound messages
    for (let next = ''; next !== undefined;) {
      const page = await daemon.api('GET', `/v1/inbound?limit=1000${next && `&before=${next}`}`);
      for (const m of page.inbound) listed.set(m.from, [...(listed.get(m.from) ?? []), m]);
      next = page.next;
    }
    for (const i of said) {
      const n = listed.get(number(i))?.length ?? 0;
      assert.ok(n === 1 || (n === 0 && !taken.has(i)), `${number(i)}: ${n} kept, ${taken.has(i) ? 'taken' : 'not taken'}`);
    }
    const tally = await daemon.api('GET', '/v1/votes/song'), voted = [...listed.values()].flat().filter((m) => m.vote === 'song');
    assert.equal(tally.voters, voted.length);
    for (const o of tally.options) assert.equal(o.votes, voted.filter((m) => m.text === `SONG ${o.n}`).length);
    assert.equal((await daemon.status()).suppressed_numbers, [...listed.values()].flat().filter((m) => m.consent === 'stop').length);
    for (const i of [...taken].filter(stops)) {
      const r = await daemon.request('POST', '/v1/messages', { to: number(i), text: 'hello' });
      assert.equal(r.status, 409, `${number(i)} has opted out`);
    }
    for (const id of receipted) assert.equal((await daemon.message(id)).state, 'delivered', `${id}: its receipt was taken`);
  };
  await during(daemon, async () => {
    await daemon.bound(carrier, 2);
    await daemon.api('PUT', '/v1/votes/song', { keyword: 'SONG', options: ['A', 'B'] });
    const clients = [...Array.from({ length: 4 }, person), ...Array.from({ length: 2 }, sender)];
    for (let k = 0; k < KILLS; k++) {
      const at = serial + 20 + Math.floor(Math.random() * 300);
      await until('load', () => serial >= at, 60_000);
      await daemon.kill();
      carrier.drop();
      await daemon.start();
      await daemon.bound(carrier, 2);
    }
    running = false;
    await Promise.all(clients);
    await audit();
    assert.ok(taken.size > KILLS * 20 && receipted.size > 0);
    console.log(`# ${KILLS} kills: ${taken.size} inbound messages and ${receipted.size} receipts taken, all of them there`);
  }, { close: () => { running = false; } }, carrier);
});
