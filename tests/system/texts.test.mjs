// Texts as carriers want them: modes of long messages, alphabets, national tables, packing, replacement. What arrived is
// read here by the octets, not by our code.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import smpp from 'smpp';
import { Carrier, Daemon, until, withGateway } from './lib.mjs';

// The octets as they came, beside what "smpp" makes of them.
const decode = smpp.filters.message.decode;
smpp.filters.message.decode = function (value, ...more) {
  const read = decode.call(this, value, ...more);
  if (Buffer.isBuffer(value)) Object.defineProperty(read, 'raw', { value });
  return read;
};

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const BASIC = '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const EXTENSION = { 0x0a: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2f: '\\', 0x3c: '[', 0x3d: '~', 0x3e: ']', 0x40: '|', 0x65: '€' };
// 3GPP TS 23.038 A.2.1 and A.3.1
const TURKISH_SINGLE = { ...EXTENSION, 0x47: 'Ğ', 0x49: 'İ', 0x53: 'Ş', 0x63: 'ç', 0x67: 'ğ', 0x69: 'ı', 0x73: 'ş' };
const TURKISH_LOCKING = { 0x04: '€', 0x07: 'ı', 0x0b: 'Ğ', 0x0c: 'ğ', 0x1c: 'Ş', 0x1d: 'ş', 0x40: 'İ', 0x60: 'ç' };

function septets(octets, { single, locking }) {
  let text = '';
  for (let i = 0; i < octets.length; i++) {
    if (octets[i] === 0x1b) text += (single ? TURKISH_SINGLE : EXTENSION)[octets[++i]];
    else text += (locking && TURKISH_LOCKING[octets[i]]) || BASIC[octets[i]];
  }
  return text;
}

function unpack(octets, fill) {
  const out = [];
  for (let bit = fill; bit + 7 <= octets.length * 8; bit += 7) {
    const at = bit >> 3;
    out.push(((octets[at] | (octets[at + 1] ?? 0) << 8) >> (bit & 7)) & 0x7f);
  }
  return out;
}

// One submit_sm by its octets: {text, ref, total, seq, single, locking, units}
function read(pdu, { packed = false } = {}) {
  const raw = pdu.message_payload?.raw ?? pdu.short_message.raw, part = { total: 1, seq: 1, octets: raw.length };
  let data = raw, header = 0;
  if (pdu.esm_class & 0x40) {
    header = raw[0] + 1;
    data = raw.subarray(header);
    for (let i = 1; i < header; i += 2 + raw[i + 1]) {
      const ie = raw.subarray(i + 2, i + 2 + raw[i + 1]);
      if (raw[i] === 0x00) Object.assign(part, { bits: 8, ref: ie[0], total: ie[1], seq: ie[2] });
      else if (raw[i] === 0x08) Object.assign(part, { bits: 16, ref: ie.readUInt16BE(0), total: ie[2], seq: ie[3] });
      else if (raw[i] === 0x24) part.single = ie[0];
      else if (raw[i] === 0x25) part.locking = ie[0];
      else assert.fail(`element ${raw[i]}`);
    }
  }
  if (pdu.sar_msg_ref_num !== undefined) Object.assign(part, { bits: 'sar', ref: pdu.sar_msg_ref_num, total: pdu.sar_total_segments, seq: pdu.sar_segment_seqnum });
  if (pdu.data_coding === 8) part.text = data.swap16().toString('utf16le');
  else if (pdu.data_coding === 3) part.text = data.toString('latin1');
  else part.text = septets(packed ? unpack(data, (7 - header * 8 % 7) % 7) : data, part);
  if (packed && /\r$/.test(part.text)) part.text = part.text.slice(0, -1);
  return part;
}

// The messages that the parts make, each complete.
function join(submits, options) {
  const sets = new Map();
  for (const s of submits) {
    const p = read(s.pdu, options), key = p.total === 1 ? Symbol('alone') : `${s.to}/${p.ref}/${p.bits}`;
    if (!sets.has(key)) sets.set(key, []);
    assert.equal(sets.get(key)[p.seq - 1], undefined, 'each part once');
    sets.get(key)[p.seq - 1] = p;
  }
  return [...sets.values()].map((parts) => {
    assert.equal(parts.filter(Boolean).length, parts[0].total);
    return { ...parts[0], count: parts.length, text: parts.map((p) => p.text).join(''), parts };
  });
}

const long = Array.from({ length: 40 }, (_, i) => `word${i} €{${i}}`).join(' ');
const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', flag = '\u{1f1f9}\u{1f1f7}', accents = 'e\u0301o\u0308';
const emoji = Array.from({ length: 24 }, (_, i) => `${i}${[family, flag, accents, '\u{1f600}'][i % 4]}`).join('');
const turkish = 'Şişli’de güneşli bir gün, İstanbul ışıl ışıl. '.repeat(6).replaceAll('’', "'");

// settings of the carrier, text, what arrives
const cases = [
  ['udh8', { long_messages: 'udh8' }, long, { bits: 8 }],
  ['udh16', { long_messages: 'udh16' }, long, { bits: 16 }],
  ['sar', { long_messages: 'sar' }, long, { bits: 'sar' }],
  ['payload', { long_messages: 'payload' }, long, { count: 1, payload: true }],
  ['payload of a short text', { long_messages: 'payload' }, 'short', { count: 1, payload: false }],
  ['UCS-2, clusters at the borders of parts', {}, emoji, { bits: 8, coding: 8 }],
  ['UCS-2 by SAR', { long_messages: 'sar' }, emoji, { bits: 'sar', coding: 8 }],
  ['Turkish without tables', {}, turkish, { coding: 8 }],
  ['Turkish with tables', { languages: 'tr,es' }, turkish, { coding: 0, locking: 1, bits: 8 }],
  ['Turkish, one letter', { languages: 'tr' }, 'a'.repeat(150) + 'ş', { coding: 0, single: 1, count: 1 }],
  ['packed', { packed: true }, long, { bits: 8, packed: true }],
  ['packed, one part', { packed: true }, 'x'.repeat(159) + '@', { count: 1, octets: 140, packed: true }],
  ['packed, with tables', { packed: true, languages: 'tr' }, turkish, { coding: 0, packed: true }],
  ['typographic', { transliteration: 'typographic' }, '“Quoted” – and more…', { coding: 0, count: 1, sent: '"Quoted" - and more...' }],
  ['typographic, but not letters', { transliteration: 'typographic' }, '“Žižek”', { coding: 8, sent: '“Žižek”' }],
  ['full', { transliteration: 'full' }, '“Žižek” Привет', { coding: 0, count: 1, sent: '"Zizek" Privet' }],
  ['off', {}, '“Quoted”', { coding: 8 }],
  ['latin1 beside GSM', { latin1: true }, 'não '.repeat(30), { coding: 3, count: 1 }],
  ['UCS-2 without latin1', {}, 'não '.repeat(30), { coding: 8, count: 2 }],
];

for (const [name, settings, text, want] of cases) {
  test(`${name}: what arrives is the text`, async () => {
    await withGateway({ settings }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      const sent = await daemon.api('POST', '/v1/messages', { to: number(1), text });
      await daemon.becomes(sent.id, 'sent');
      const [m, ...more] = join(carrier.submits, { packed: want.packed });
      assert.equal(more.length, 0);
      assert.equal(m.text, want.sent ?? text);
      assert.equal(sent.parts, carrier.submits.length);
      assert.equal((await daemon.message(sent.id)).parts.length, carrier.submits.length);
      const pdu = carrier.submits[0].pdu;
      if ('coding' in want) assert.equal(pdu.data_coding, want.coding);
      if ('count' in want) assert.equal(m.count, want.count);
      if ('payload' in want) assert.equal(pdu.message_payload !== undefined, want.payload);
      for (const k of ['bits', 'single', 'locking', 'octets']) if (k in want) assert.equal(m[k], want[k], k);
      if (want.bits === 'sar') assert.ok(carrier.submits.every((s) => (s.pdu.esm_class & 0x40) === 0));
      for (const p of m.parts) {
        if (!want.payload) assert.ok(p.octets <= (pdu.data_coding === 0 && !want.packed ? 160 : 140), `${p.octets} octets`);
        const clusters = [...new Intl.Segmenter().segment(m.text)].map((s) => s.index);
        const at = m.parts.slice(0, p.seq).reduce((n, x) => n + x.text.length, 0);
        assert.ok(at === m.text.length || clusters.includes(at), `part ${p.seq} ends inside a cluster`);
      }
    });
  });
}

test('a carrier whose default alphabet is Latin-1 gets its letters, and UCS-2 for what it has not', async () => {
  await withGateway({ settings: { alphabet: 'latin1' } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), 'é @ ñ');
    await daemon.becomes(id, 'sent');
    await daemon.becomes(await daemon.send(number(1), '5 €'), 'sent');
    const [a, b] = carrier.submits.map((s) => s.pdu);
    assert.deepEqual([a.data_coding, a.short_message.raw.toString('latin1')], [0, 'é @ ñ']);
    assert.equal(b.data_coding, 8);
    assert.equal(await carrier.inbound(number(2), '80080', Buffer.from('né @', 'latin1'), { data_coding: 0 }), 0);
    assert.equal((await daemon.api('GET', '/v1/inbound')).inbound[0].text, 'né @');
  });
});

for (const [what, settings, carrierOptions] of [
  ['we say 3.3', { version: '3.3', transceivers: 0, transmitters: 1, receivers: 1 }, {}],
  ['the carrier says 3.3', {}, { version: 0x33 }],
]) {
  test(`no TLVs to SMPP 3.3 (${what}): payload becomes parts with a header, counted as such`, async () => {
    await withGateway({ settings: { long_messages: 'payload', ...settings }, carrier: carrierOptions }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      await until('the version', async () => (await daemon.status()).carriers[0].binds[0].version === '3.3');
      const sent = await daemon.api('POST', '/v1/messages', { to: number(1), text: long });
      await daemon.becomes(sent.id, 'sent');
      const [m] = join(carrier.submits);
      assert.deepEqual([m.text, m.bits, m.count], [long, 8, sent.parts]);
      assert.ok(sent.parts > 1);
      for (const s of carrier.submits) assert.equal(s.pdu.message_payload, undefined);
    });
  });
}

test('inbound: parts, tables, packed and UCS-2 are read', async () => {
  await withGateway({ settings: { packed: true } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const inbound = async (octets, data_coding, udhi) => {
      assert.equal(await carrier.inbound(number(1), '80080', Buffer.from(octets), { data_coding, esm_class: udhi ? 0x40 : 0 }), 0);
      return (await daemon.api('GET', '/v1/inbound')).inbound[0].text;
    };
    assert.equal(await inbound(Buffer.from('\ud83d\ude00!', 'utf16le').swap16(), 8), '😀!');
    assert.equal(await inbound([0xe8, 0x32, 0x9b, 0xfd, 0x06], 0), 'hello');
    assert.equal(await inbound([0x03, 0x25, 0x01, 0x01, 0xe8, 0x70, 0x1a], 0, true), 'şŞ');
  });
});

test('references: many long messages to one recipient, none twice among the last 255, also across a crash', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const refs = [];
    for (let round = 0; round < 4; round++) {
      const from = carrier.submits.length;
      const ids = await Promise.all(Array.from({ length: 90 }, (_, i) => daemon.send(number(i % 3 === 0 ? 1 : i), long)));
      for (const id of ids) await daemon.becomes(id, 'sent');
      refs.push(...new Set(carrier.submits.slice(from).filter((s) => s.to === number(1).slice(1)).map((s) => read(s.pdu).ref)));
      if (round % 2 === 1) {
        await daemon.kill();
        await daemon.start();
        await daemon.bound(carrier);
      }
    }
    assert.ok(refs.length >= 120);
    assert.equal(new Set(refs).size, refs.length, 'each reference once');
  });
});

test('a message that moves to another carrier, or whose carrier changes, is planned again', async () => {
  const [first, second] = [await new Carrier().listen(), await new Carrier().listen()];
  const daemon = new Daemon({
    carriers: [{ name: 'first', port: first.port, transliteration: 'full', long_messages: 'udh16' }, { name: 'second', port: second.port, long_messages: 'payload' }],
    settings: 'messages: { reroute_after = "100ms"; };\nroutes = ( { carriers = ( { name = "first"; }, { name = "second"; } ); } );',
  });
  try {
    await daemon.start();
    await daemon.bound(first);
    await daemon.bound(second);
    await daemon.api('POST', '/v1/carriers/first/pause', {});
    await daemon.api('POST', '/v1/carriers/second/pause', {});
    const sent = await daemon.api('POST', '/v1/messages', { to: number(1), text: turkish });
    assert.deepEqual([sent.alphabet, sent.parts], ['gsm7', 2]);
    // as the first wants it now
    daemon.carriers[0].long_messages = 'udh8';
    daemon.carriers[0].transliteration = 'off';
    assert.ok(await daemon.reload());
    await daemon.api('POST', '/v1/carriers/first/resume', {});
    let m = await daemon.becomes(sent.id, 'sent');
    assert.equal(m.parts.length, first.submits.length);
    assert.deepEqual(join(first.submits).map((s) => [s.text, s.bits, s.count]), [[turkish, 8, m.parts.length]]);
    assert.equal(first.submits[0].pdu.data_coding, 8);
    // as the second wants it
    await daemon.api('POST', '/v1/carriers/first/pause', {});
    const moved = await daemon.send(number(2), turkish);
    await daemon.api('POST', '/v1/carriers/second/resume', {});
    m = await daemon.becomes(moved, 'sent');
    assert.deepEqual([m.carrier, m.parts.length, second.submits.length], ['second', 1, 1]);
    assert.equal(read(second.submits[0].pdu).text, turkish);
    await daemon.stop();
  } catch (e) {
    e.message += `\n${daemon.log.slice(-3000)}`;
    throw e;
  } finally {
    await daemon.cleanup();
    await first.close();
    await second.close();
  }
});

test('preview tells what is sent, what is replaced and what would save parts; so do messages and campaigns', async () => {
  const settings = { transliteration: 'typographic', languages: 'tr' };
  await withGateway({ settings, clock: '2026-11-18T12:00:00Z' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const quoted = '“Two” – and “two” more';
    const p = await daemon.api('POST', '/v1/preview', { text: quoted });
    assert.deepEqual([p.carrier, p.alphabet, p.parts, p.units, p.left, p.languages, p.advice, p.sent_text, p.long_messages],
      ['acme', 'gsm7', 1, 22, 138, {}, null, '"Two" - and "two" more', 'udh8']);
    assert.deepEqual(p.replaced, [{ from: '“', codepoint: 0x201c, to: '"', count: 2 }, { from: '”', codepoint: 0x201d, to: '"', count: 2 }, { from: '–', codepoint: 0x2013, to: '-', count: 1 }]);
    const t = await daemon.api('POST', '/v1/preview', { text: turkish, to: number(1) });
    assert.deepEqual([t.alphabet, t.languages, t.parts], ['gsm7', { locking: 'turkish' }, 2]);
    const z = await daemon.api('POST', '/v1/preview', { text: 'Ž' + 'x'.repeat(100), carrier: 'acme' });
    assert.equal(z.advice, 'the character U+017D (Ž) forces UCS-2: 2 parts rather than 1; transliteration = "full" would make it 1');
    assert.match((await daemon.request('POST', '/v1/preview', { text: 'x', carrier: 'acne' })).body.error.message, /did you mean "acme"/);
    // people
    const drawn = (await daemon.cli('preview', quoted)).out;
    assert.match(drawn, /^1 part, GSM 7-bit, 138 characters left \(carrier acme\)\n {2}sent as: "Two" - and "two" more\n/);
    assert.match(drawn, /“ +U\+201C +" +2\n/);
    assert.match((await daemon.cli('preview', turkish)).out, /turkish locking table/);
    assert.match((await daemon.cli('preview', 'Ž' + 'x'.repeat(100))).out, /hint: the character U\+017D \(Ž\) forces UCS-2/);
    // a message
    const m = await daemon.json('send', '--to', number(1), quoted);
    assert.deepEqual([m.parts, m.sent_text, m.replaced.length, m.left], [1, '"Two" - and "two" more', 3, 138]);
    assert.match((await daemon.cli('send', '--to', number(1), quoted)).out, /1 part, GSM 7-bit, 138 characters left\n {2}sent as: "Two"/);
    // a campaign: as each would be sent
    await daemon.importCsv('customers', `phone,first_name\n${number(1)},Ayşe\n${number(2)},Žofia\n${number(3)},Bob\n`, { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'hi', segments: ['all'], text: `Hello {{first_name}}, it’s ${'x'.repeat(90)}` });
    const c = await daemon.api('GET', '/v1/campaigns/hi/preview');
    assert.deepEqual([c.alphabets, c.languages, c.parts], [{ gsm7: 2, ucs2: 1, latin1: 0 }, { turkish: 1 }, { total: 4, 1: 2, 2: 1 }]);
    assert.deepEqual(c.replaced, [{ from: '’', codepoint: 0x2019, to: "'", count: 2 }]);
    assert.deepEqual(c.texts.map((x) => [x.parts, x.alphabet, x.languages, x.advice !== null]),
      [[1, 'gsm7', { single: 'turkish' }, false], [2, 'ucs2', {}, true], [1, 'gsm7', {}, false]]);
    const text = (await daemon.cli('campaign', 'preview', 'hi')).out;
    assert.match(text, /Replaced characters\n.*\n.*’ +U\+2019 +' +2/);
    assert.match(text, /hint: the characters U\+017D \(Ž\) and U\+2019 \(’\) force UCS-2: 2 parts rather than 1/);
    // what a preview says is what is sent
    await daemon.api('POST', '/v1/campaigns/hi/start');
    await until('all', () => carrier.submits.length === 2 + 4);
    assert.deepEqual(join(carrier.submits.slice(2)).map((x) => x.text.slice(0, 17)).sort(), ["Hello Ayşe, it's ", "Hello Bob, it's x", 'Hello Žofia, it’s'].sort());
  });
});
