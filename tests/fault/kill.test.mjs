// kill -9 at random instants under load, then an audit of every message id against the carrier's log: nothing that was
// accepted is lost, nothing with a recorded response is sent again, what is uncertain is counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Carrier, Daemon, during, until } from '../system/lib.mjs';

const KILLS = Number(process.env.TESSERA_KILLS ?? 20);
const WINDOW = 50, BINDS = 2, BATCH = 4096;

test(`kill -9 at ${KILLS} random instants`, { timeout: 1_800_000 }, async () => {
  const carrier = await new Carrier({ receipt: () => [Math.random() * 30, 'DELIVRD'] }).listen();
  const daemon = new Daemon({ clock: '2026-11-18T12:00:00Z', carriers: [{ name: 'acme', port: carrier.port, window: WINDOW, transceivers: BINDS, rate: 2000 }],
    settings: 'messages: { uncertain: { otp = "hold"; transactional = "hold"; promotional = "hold"; }; };' });
  const accepted = new Map(); // our text -> id
  let serial = 0, running = true, uncertain = 0;
  await during(daemon, async () => {
    const rows = ['phone'];
    for (let i = 0; i < 20_000; i++) rows.push(`+4477008${String(i).padStart(5, '0')}`);
    await daemon.importCsv('customers', rows.join('\n') + '\n', { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'load', segments: ['all'], sender: 'TESSERA', text: 'campaign {{msisdn}}' });
    await daemon.api('POST', '/v1/campaigns/load/start');
    const client = async () => {
      while (running) {
        const text = `single ${serial++}`;
        try {
          const r = await daemon.request('POST', '/v1/messages', { to: `+4477009${String(serial % 100000).padStart(5, '0')}`, text, class: 'transactional' });
          if (r.status === 202) accepted.set(text, r.body.id);
        } catch {
          await new Promise((r) => setTimeout(r, 10)); // killed: what was not answered was not promised
        }
      }
    };
    const clients = Array.from({ length: 4 }, client);
    for (let k = 0; k < KILLS; k++) {
      const at = carrier.submits.length + Math.floor(Math.random() * 600);
      await until('load', () => carrier.submits.length >= at, 60_000);
      await daemon.kill();
      carrier.drop();
      await daemon.start();
      const recovered = (await daemon.api('GET', '/v1/status')).recovered;
      uncertain += recovered.in_flight;
      assert.ok(recovered.in_flight <= WINDOW * BINDS + BATCH, `${recovered.in_flight} uncertain`);
      assert.equal(recovered.held, recovered.in_flight);
    }
    running = false;
    await Promise.all(clients);
    await until('the rest to be sent', async () => {
      const s = await daemon.api('GET', '/v1/status');
      return s.queue.ready === 0 && s.queue.in_flight === 0 && (await daemon.api('GET', '/v1/campaigns/load')).state === 'done';
    }, 120_000);

    // The carrier's side: how often each text arrived.
    const arrived = new Map();
    for (const s of carrier.submits) arrived.set(s.text, (arrived.get(s.text) ?? 0) + 1);
    for (const [text, n] of arrived) assert.equal(n, 1, `"${text}" was sent ${n} times`); // with "hold" nothing is ever sent again
    // Our side: every accepted message is known, and was sent or is uncertain.
    let held = 0;
    for (const [text, id] of accepted) {
      const m = await daemon.api('GET', `/v1/messages/${id}`);
      assert.equal(m.text, text);
      assert.ok(['sent', 'delivered', 'uncertain'].includes(m.state), `${id} is ${m.state}`);
      if (m.state === 'uncertain') held++;
      else assert.equal(arrived.get(text), 1, `${id} "${text}" is ${m.state} and never arrived`);
    }
    const report = await daemon.api('GET', '/v1/campaigns/load/report');
    assert.equal(report.recipients, 20_000);
    assert.equal(report.sent + report.delivered + report.uncertain, 20_000, JSON.stringify(report));
    const campaign = [...arrived.keys()].filter((t) => t.startsWith('campaign ')).length;
    assert.ok(campaign >= report.sent + report.delivered && campaign <= 20_000);
    const status = await daemon.api('GET', '/v1/status');
    assert.equal(status.queue.uncertain, uncertain);
    assert.ok(held + report.uncertain <= uncertain, "each is counted"); // the others: their 202 was lost with the kill
    console.log(`# ${KILLS} kills, ${accepted.size} single messages and 20000 recipients: ${carrier.submits.length} submissions, ${uncertain} uncertain, none lost, none twice`);
  }, { close: () => { running = false; } }, carrier);
});
