// The log: one event a line, and nothing personal or secret in it at the default level, whatever happens.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { breathe, until, withGateway } from './lib.mjs';

const N = 300;
const number = (i) => `+4477009${String(70000 + i * 7).padStart(5, '0')}`;

async function busy({ carrier, daemon }) {
  await daemon.bound(carrier);
  await daemon.importCsv('customers', ['phone,first_name', ...Array.from({ length: N }, (_, i) => `${number(i)},Zacharias`), 'nonsense,Zacharias'].join('\n') + '\n', { map: { phone: 'msisdn' } });
  await daemon.api('PUT', '/v1/segments/all', { query: 'first_name = "Zacharias"' });
  await daemon.api('PUT', '/v1/votes/lunch', { keyword: 'LUNCH', options: ['PIZZA', 'SUSHI'] });
  await daemon.api('POST', '/v1/campaigns', { name: 'all', segments: ['all'], sender: 'TESSERA', text: 'Dear {{first_name}}, confidential' });
  await daemon.api('POST', '/v1/campaigns/all/start');
  await until('it to be sent', () => carrier.submits.length >= N);
  for (let i = 0; i < 20; i++) {
    await carrier.inbound(number(i), '80080', ['STOP', 'LUNCH pizza', 'my password is hunter2', 'START'][i % 4]);
    await daemon.request('POST', '/v1/messages', { to: number(i), text: 'Your code is 918273', class: 'otp' });
    await daemon.request('POST', '/v1/messages', { to: number(i), text: 'Your code is 918273', clas: 'otp' });
    await daemon.request('GET', `/v1/customers/${encodeURIComponent(number(i))}`);
  }
  await daemon.api('POST', '/v1/consents', { number: number(50), action: 'stop', words: 'on the telephone' });
  carrier.receipt({ id: 'stranger', to: number(1).slice(1), from: 'TESSERA' });
  carrier.drop();
  await until('another bind', () => carrier.connections > 1 && carrier.bound.length === 1);
  carrier.bound[0].session.socket.write(Buffer.from('no SMPP at all, but 447700970007 is in it'));
  await daemon.logged('session_closed');
  await until('yet another bind', () => carrier.connections > 2 && carrier.bound.length === 1);
  await daemon.reload();
  await breathe();
}

// Some refused, some lost, some delivered.
const answer = (pdu, n) => (n % 50 === 7 ? { status: 0x0b } : n % 50 === 8 ? { status: 0x64 } : {});
const options = { clock: '2026-11-18T12:00:00Z', carrier: { answer, receipt: (s) => [0, s.n % 3 ? 'DELIVRD' : 'UNDELIV'] }, settings: { password: 'hush4711' } };

test('no number, text, name or secret in the log at its default level', async () => {
  await withGateway(options, async (g) => {
    await busy(g);
    const { daemon } = g;
    await daemon.stop();
    for (let i = 0; i < N; i++) {
      assert.ok(!daemon.log.includes(number(i).slice(1)), `${number(i)} is in the log`);
      assert.ok(!daemon.log.includes(number(i).slice(3)), `${number(i)} is in the log without its country`);
    }
    for (const word of ['hush4711', 'Zacharias', 'confidential', '918273', 'hunter2', 'pizza', 'on the telephone']) {
      assert.ok(!daemon.log.includes(word), `"${word}" is in the log`);
    }
    assert.match(daemon.log, / inbound .*from=\+?4477\d*[*x.…]+/, 'numbers are there, masked');
    for (const line of daemon.log.trimEnd().split('\n')) {
      assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warn|info) [a-z_]+( [a-z_]+=("([^"\\]|\\.)*"|[^\s"]*))*$/);
    }
  });
});

test('with log.numbers numbers are whole; secrets and texts still are not', async () => {
  await withGateway({ ...options, text: 'log: { level = "debug"; numbers = true; };\n' }, async (g) => {
    await busy(g);
    assert.ok(g.daemon.log.includes(number(1).slice(1)));
    for (const word of ['hush4711', '918273', 'hunter2']) assert.ok(!g.daemon.log.includes(word), `"${word}" is in the log`);
  });
});

test('the password may be in a file of its own', async () => {
  let seen;
  const dir = fs.mkdtempSync('/tmp/tessera-test-');
  try {
    fs.writeFileSync(path.join(dir, 'password'), 'fromfile\n', { mode: 0o600 });
    await withGateway({ carrier: { bind: (pdu) => ((seen = pdu.password), 0) }, settings: { password: undefined, password_file: path.join(dir, 'password') } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      assert.equal(seen, 'fromfile');
      assert.doesNotMatch(daemon.log, /fromfile/);
    });
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
});
