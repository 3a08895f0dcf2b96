// Carriers that lie and carriers that stall: nothing they send does harm, and others are not made to wait.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Carrier, Daemon, breathe, during, until, withGateway } from '../system/lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;

// A PDU by hand: command, status, sequence, body; `length` may lie.
function pdu(command, status, sequence, body = Buffer.alloc(0), length = 16 + body.length) {
  const head = Buffer.alloc(16);
  [length, command, status, sequence].forEach((v, i) => head.writeUInt32BE(v >>> 0, 4 * i));
  return Buffer.concat([head, body]);
}
const SUBMIT_RESP = 0x80000004, DELIVER = 5, NACK = 0x80000000;

test('wrong, repeated and odd responses', async () => {
  const write = (s, ...octets) => s.session.socket.write(Buffer.concat(octets));
  const cases = [
    // [what the carrier does with a submission, what becomes of the message]
    ['a response to something else first', (s) => write(s, pdu(SUBMIT_RESP, 0, s.pdu.sequence_number + 1000, Buffer.from('x\0')), pdu(SUBMIT_RESP, 0, s.pdu.sequence_number, Buffer.from('a\0'))), 'sent'],
    ['the response three times', (s) => write(s, ...[1, 2, 3].map((i) => pdu(SUBMIT_RESP, 0, s.pdu.sequence_number, Buffer.from(`b${i}\0`)))), 'sent'],
    ['a refusal after the success', (s) => write(s, pdu(SUBMIT_RESP, 0, s.pdu.sequence_number, Buffer.from('c\0')), pdu(SUBMIT_RESP, 8, s.pdu.sequence_number)), 'sent'],
    ['no body', (s) => write(s, pdu(SUBMIT_RESP, 0, s.pdu.sequence_number)), 'sent'],
    ['an id that does not end', (s) => write(s, pdu(SUBMIT_RESP, 0, s.pdu.sequence_number, Buffer.alloc(40, 65))), 'sent'],
    ['an empty id', (s) => write(s, pdu(SUBMIT_RESP, 0, s.pdu.sequence_number, Buffer.from('\0'))), 'sent'],
    ['octets behind the id', (s) => write(s, pdu(SUBMIT_RESP, 0, s.pdu.sequence_number, Buffer.from('d\0\x04\x23\xff\xff\x01'))), 'sent'],
    ['generic_nack', (s) => write(s, pdu(NACK, 3, s.pdu.sequence_number)), 'failed'],
    ['a status nobody knows', (s) => write(s, pdu(SUBMIT_RESP, 0x12345678, s.pdu.sequence_number)), 'failed'],
    ['the response octet by octet', async (s) => {
      for (const o of pdu(SUBMIT_RESP, 0, s.pdu.sequence_number, Buffer.from('e\0'))) {
        s.session.socket.write(Buffer.from([o]));
        await new Promise((r) => setImmediate(r));
      }
    }, 'sent'],
  ];
  await withGateway({ carrier: { answer: () => null } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    for (const [what, act, state] of cases) {
      const n = carrier.submits.length, id = await daemon.send(number(n), what);
      await until('the submission', () => carrier.submits.length === n + 1);
      await act(carrier.submits[n]);
      assert.equal((await daemon.becomes(id, state)).text, what);
    }
    assert.equal(carrier.connections, 1, 'the bind has lived through all of that');
    assert.equal((await daemon.status()).queue.uncertain, 0);
  });
});

test('requests that make no sense are refused one by one', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const { session } = carrier.bound[0];
    const answers = new Map();
    session.on('pdu', (p) => answers.set(p.sequence_number, [p.command, p.command_status]));
    const body = (text, length = text.length) => Buffer.concat([Buffer.from('\0\x01\x01447700900001\0\0\x0180080\0\0\0\0\0\0\0\0\0\0', 'latin1'), Buffer.from([length]), Buffer.from(text)]);
    session.socket.write(Buffer.concat([
      pdu(0x12345, 0, 9001), // no command
      pdu(4, 0, 9002, body('hello')), // submit_sm to us
      pdu(9, 0, 9003), // bind_transceiver to us
      pdu(DELIVER, 0, 9004, Buffer.from('\0')), // ends too soon
      pdu(DELIVER, 0, 9005, body('hello', 200)), // says it is longer
      pdu(DELIVER, 0, 9006, body('hello')),
    ]));
    await until('six answers', () => [1, 2, 3, 4, 5, 6].every((i) => answers.has(9000 + i)));
    assert.equal(answers.get(9001)[0], 'generic_nack');
    for (const i of [2, 3, 4, 5]) assert.notEqual(answers.get(9000 + i)[1], 0, `${answers.get(9000 + i)}`);
    assert.deepEqual(answers.get(9006), ['deliver_sm_resp', 0]);
    const { inbound } = await daemon.api('GET', '/v1/inbound');
    assert.deepEqual(inbound.map((m) => m.text), ['hello']);
    assert.equal(carrier.connections, 1);
  });
});

for (const [what, octets] of [
  ['a length of nothing', pdu(DELIVER, 0, 1, Buffer.alloc(0), 0)],
  ['a length below the head\'s', pdu(DELIVER, 0, 1, Buffer.alloc(0), 15)],
  ['a length of four gigabytes', pdu(DELIVER, 0, 1, Buffer.alloc(0), 0xffffffff)],
]) {
  test(`${what} ends the session, and it is bound again`, async () => {
    await withGateway({}, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      carrier.bound[0].session.socket.write(octets);
      assert.match(await daemon.logged('session_closed'), /reason=garbage/);
      await until('a new bind', () => carrier.connections === 2 && carrier.bound.length === 1);
      await daemon.becomes(await daemon.send(number(1), 'hello'), 'sent');
    });
  });
}

test('a carrier that stalls holds up its own messages only', async () => {
  const stalled = await new Carrier().listen(), good = await new Carrier().listen();
  const daemon = new Daemon({ carriers: [{ name: 'stalled', port: stalled.port, prefixes: '49', window: 10, response_timeout: '300ms' }, { name: 'good', port: good.port }] });
  await during(daemon, async () => {
    await daemon.bound(stalled);
    await daemon.bound(good);
    stalled.bound[0].session.pause(); // takes nothing from its socket any more
    const stuck = [];
    for (let i = 0; i < 30; i++) stuck.push(await daemon.send(`+4915110000${String(i).padStart(3, '0')}`, `stuck ${i}`));
    for (let i = 0; i < 200; i++) await daemon.send(number(i), `good ${i}`);
    await until('the others', () => good.submits.length === 200);
    await until('ten uncertain ones', async () => (await daemon.status()).queue.uncertain >= 10);
    await breathe();
    stalled.bound[0].session.resume();
    // What was only late is sent after all, and nothing goes twice.
    for (const id of stuck) await daemon.becomes(id, 'sent');
    assert.equal(stalled.submits.length, 30);
    assert.equal(stalled.connections, 1);
  }, stalled, good);
});
