// TLVs by name, both ways: the Indian DLT ids as the example. The carrier knows them by their tags only.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import smpp from 'smpp';
import { until, withGateway } from './lib.mjs';

smpp.addTLV('dlt_entity_id', { id: 0x1400, type: smpp.types.tlv.cstring });
smpp.addTLV('dlt_template_id', { id: 0x1401, type: smpp.types.tlv.cstring });
smpp.addTLV('dlt_chain', { id: 0x1402, type: smpp.types.tlv.cstring });

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const declared = `tlvs = (
  { name = "dlt_entity_id"; tag = 0x1400; max = 30; value = "1101000000000000001"; },
  { name = "dlt_template_id"; tag = 0x1401; max = 30; },
  { name = "dlt_chain"; tag = 0x1402; type = "cstring"; },
  { name = "score"; tag = 0x2150; type = "int16"; },
  { name = "blob"; tag = 0x3000; type = "octets"; } );`;
const long = 'word '.repeat(60);

test('a message has its own, its campaign\'s, its carrier\'s and everybody\'s; on each part; kept through a crash', async () => {
  await withGateway({ text: declared, clock: '2026-11-18T12:00:00Z' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.api('POST', '/v1/carriers/acme/pause', {});
    const tlvs = { dlt_template_id: '1107000000000000002', score: 513, blob: '00ff', source_port: 8080 };
    const id = await daemon.send(number(1), long, { tlvs });
    assert.deepEqual((await daemon.message(id)).tlvs, tlvs);
    await daemon.kill();
    await daemon.start();
    await daemon.bound(carrier);
    await daemon.api('POST', '/v1/carriers/acme/resume', {});
    const m = await daemon.becomes(id, 'sent');
    assert.deepEqual(m.tlvs, tlvs);
    assert.equal(carrier.submits.length, 2);
    for (const { pdu } of carrier.submits) {
      assert.equal(pdu.dlt_entity_id.toString(), '1101000000000000001', 'everybody\'s');
      assert.equal(pdu.dlt_template_id.toString(), '1107000000000000002');
      assert.deepEqual([...pdu[0x2150]], [2, 1]);
      assert.deepEqual([...pdu[0x3000]], [0, 0xff]);
      assert.equal(pdu.source_port, 8080);
      assert.equal(pdu.dlt_chain, undefined);
    }
    // by the command line
    const sent = await daemon.json('send', '--to', number(2), '--tlv', 'dlt_template_id=1107', '--tlv', 'dlt_entity_id=1102', 'short');
    await daemon.becomes(sent.id, 'sent');
    assert.deepEqual([carrier.submits[2].pdu.dlt_entity_id, carrier.submits[2].pdu.dlt_template_id].map(String), ['1102', '1107']);
    assert.match((await daemon.cli('message', 'show', sent.id)).out, /TLVs +dlt_template_id=1107 dlt_entity_id=1102/);
    // a campaign
    await daemon.importCsv('customers', `phone\n${number(7)}\n${number(8)}\n`, { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    assert.equal((await daemon.cli('campaign', 'add', 'diwali', '--segment', 'all', '--text', 'hello', '--tlv', 'dlt_template_id=1108', '--tlv', 'score=7')).code, 0);
    assert.match((await daemon.cli('campaign', 'show', 'diwali')).out, /TLVs +dlt_template_id=1108 score=7/);
    await daemon.stop();
    await daemon.start();
    await daemon.bound(carrier);
    assert.deepEqual((await daemon.api('GET', '/v1/campaigns/diwali')).tlvs, { dlt_template_id: '1108', score: 7 });
    await daemon.api('POST', '/v1/campaigns/diwali/start');
    await until('the campaign', () => carrier.submits.length === 5);
    for (const { pdu } of carrier.submits.slice(3)) assert.deepEqual([pdu.dlt_entity_id, pdu.dlt_template_id].map(String), ['1101000000000000001', '1108']);
  });
});

const refused = [
  [{ dlt_template: 'x' }, /did you mean \\?"dlt_template_id\\?"/],
  [{ score: 70000 }, /"score" must be a whole number from 0 to 65535/],
  [{ score: 'many' }, /whole number/],
  [{ blob: 'xyz' }, /hexadecimal/],
  [{ dlt_entity_id: '1'.repeat(30) }, /at most|possible/],
  [{ dlt_entity_id: ['1'] }, /must be a text, a whole number or true/],
  [{ message_payload: '00' }, /written by Tessera itself/],
  [{ nonsense: 1 }, /declare it in tesserad.conf/],
];

test('what cannot be is refused when it is accepted', async () => {
  await withGateway({ text: declared }, async ({ daemon }) => {
    for (const [tlvs, why] of refused) {
      const m = await daemon.request('POST', '/v1/messages', { to: number(1), text: 'x', tlvs });
      assert.ok([400, 413, 422].includes(m.status), `${m.status}`);
      assert.match(m.body.error.message, why);
      assert.match((await daemon.request('POST', '/v1/campaigns', { name: 'c', segments: ['s'], text: 'x', tlvs })).body.error.message, why);
    }
    const r = await daemon.cli('send', '--to', number(1), '--tlv', 'score', 'x');
    assert.deepEqual([r.code, /NAME=VALUE/.test(r.err)], [2, true]);
  });
});

test('inbound messages bring theirs: by name when declared, else by tag', async () => {
  await withGateway({ text: declared }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    assert.equal(await carrier.inbound(number(1), '80080', 'hello', { dlt_entity_id: '1101', source_port: 9200, its_reply_type: 2 }), 0);
    assert.equal(await carrier.inbound(number(1), '80080', 'nothing with it'), 0);
    const { inbound } = await daemon.api('GET', '/v1/inbound');
    assert.deepEqual(inbound.map((i) => i.tlvs), [{}, { dlt_entity_id: '1101', source_port: 9200, its_reply_type: 2 }]);
    assert.match((await daemon.cli('inbound', 'list')).out, /dlt_entity_id=1101/);
  });
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    assert.equal(await carrier.inbound(number(1), '80080', 'hello', { dlt_entity_id: '1101' }), 0);
    const { inbound } = await daemon.api('GET', '/v1/inbound');
    assert.match(inbound[0].tlvs['0x1400'], /^31313031(00)?$/);
  });
});

test('a carrier with its own tag and value; after a reload another', async () => {
  const own = '( { name = "dlt_entity_id"; tag = 0x1402; value = "of acme"; } )';
  await withGateway({ text: declared, settings: { tlvs: { toString: () => own } } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.becomes(await daemon.send(number(1), 'x'), 'sent');
    assert.deepEqual([carrier.submits[0].pdu.dlt_chain.toString(), carrier.submits[0].pdu.dlt_entity_id], ['of acme', undefined]);
    daemon.carriers[0].tlvs = undefined;
    assert.ok(await daemon.reload());
    await daemon.becomes(await daemon.send(number(1), 'y'), 'sent');
    assert.equal(carrier.submits[1].pdu.dlt_entity_id.toString(), '1101000000000000001');
  });
});

test('a peer of SMPP 3.3 gets the message without them: counted, and logged once', async () => {
  await withGateway({ text: declared, carrier: { version: 0x33 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    for (let i = 0; i < 3; i++) await daemon.becomes(await daemon.send(number(i), 'x'), 'sent');
    assert.equal(carrier.submits.length, 3);
    for (const { pdu } of carrier.submits) assert.equal(pdu.dlt_entity_id, undefined);
    assert.equal((await daemon.status()).carriers[0].tlvs_withheld, 3);
    assert.equal(daemon.log.match(/ warn tlvs_withheld /g).length, 1);
  });
});

test('receipts bring the declared ones: into the history of their message', async () => {
  await withGateway({ text: declared }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), 'x');
    await daemon.becomes(id, 'sent');
    carrier.receipt(carrier.submits[0], 'DELIVRD', { dlt_entity_id: '1101', its_reply_type: 2 });
    const m = await daemon.becomes(id, 'delivered');
    assert.deepEqual(m.history.map((h) => [h.what, h.state, h.tlvs]).filter((h) => h[2]), [['receipt', 'delivered', { dlt_entity_id: '1101' }]]);
    assert.equal(m.history.at(-1).what, 'delivered');
    assert.match((await daemon.cli('message', 'show', id)).out, /receipt.*dlt_entity_id=1101/);
    // the same receipt again says nothing new; one without is none
    carrier.receipt(carrier.submits[0], 'DELIVRD', { dlt_entity_id: '1101' });
    const other = await daemon.send(number(2), 'y');
    await daemon.becomes(other, 'sent');
    carrier.receipt(carrier.submits[1]);
    assert.ok((await daemon.becomes(other, 'delivered')).history.every((h) => h.what !== 'receipt'));
    await until('all answered', () => carrier.answers.length === 3);
    assert.equal((await daemon.message(id)).history.filter((h) => h.what === 'receipt').length, 1);
  });
});
