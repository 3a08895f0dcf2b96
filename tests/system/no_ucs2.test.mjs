// A carrier that takes no UCS-2 (ucs2 = false): what can be transliterated is, the rest is refused before it is accepted, with the
// characters at fault; nothing of data_coding 8 ever reaches it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const number = (i) => `+4477009007${String(i).padStart(2, '0')}`;
const never = (carrier) => assert.deepEqual(carrier.submits.filter((s) => s.pdu.data_coding !== 0).map((s) => s.text), []);

test('texts for a carrier without UCS-2', { timeout: 60_000 }, async () => {
  await withGateway({ settings: { ucs2: false, transliteration: 'full' }, clock: '2026-11-20T12:00:00Z' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const sent = async (text, as) => {
      const n = carrier.submits.length;
      const m = await daemon.api('POST', '/v1/messages', { to: number(1), text });
      await until('it', () => carrier.submits.length > n);
      assert.equal(carrier.submits[n].text, as);
      assert.equal(m.alphabet, 'gsm7');
    };
    await sent('Привет “мир”', 'Privet "mir"');
    await sent('Łódź', 'Lodz');
    for (const [text, why] of [['你好, Ayşe', /^the carrier takes no UCS-2 \(ucs2 = false\), which the characters U\+4F60 \(你\) and U\+597D \(好\) need$/], ['smile 😀', /the character U\+1F600 \(😀\) needs$/]]) {
      const r = await daemon.request('POST', '/v1/messages', { to: number(1), text });
      assert.deepEqual([r.status, r.body.error.code], [409, 'state']);
      assert.match(r.body.error.message, why);
    }
    const cli = await daemon.cli('send', '--to', number(1), '你好');
    assert.equal(cli.code, 1);
    assert.match(cli.err, /takes no UCS-2/);
    // before anything is sent
    const p = await daemon.api('POST', '/v1/preview', { text: '你好' });
    assert.deepEqual([p.parts, /takes no UCS-2/.test(p.advice)], [0, true]);
    assert.match((await daemon.cli('preview', '你好')).out, /^cannot be sent \(carrier acme\)\n {2}hint: the carrier takes no UCS-2/);
    assert.equal((await daemon.json('carrier', 'show', 'acme')).settings.ucs2, false);
    // a campaign: who cannot be reached so fails by name, the others get it
    await daemon.importCsv('customers', `phone,first_name\n${number(1)},Žofia\n${number(2)},明\n${number(3)},Bob\n`);
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'hi', segments: ['all'], text: 'Hello {{first_name}}' });
    const look = await daemon.api('GET', '/v1/campaigns/hi/preview');
    assert.deepEqual([look.parts, look.alphabets], [{ total: 2, 1: 2, refused: 1 }, { gsm7: 2, ucs2: 0, latin1: 0 }]);
    const n = carrier.submits.length;
    await daemon.api('POST', '/v1/campaigns/hi/start');
    const report = await until('all of it', async () => {
      const r = await daemon.api('GET', '/v1/campaigns/hi/report');
      return r.sent === 2 && r.failed === 1 && r;
    });
    assert.deepEqual(report.failed_by.map((f) => [f.reason, f.count]), [['alphabet', 1]]);
    assert.deepEqual(carrier.submits.slice(n).map((s) => s.text).sort(), ['Hello Bob', 'Hello Zofia']);
    never(carrier);
  });
});

test('without transliteration it is refused with what would help, and what waits when UCS-2 is turned off fails', { timeout: 60_000 }, async () => {
  await withGateway({ clock: '2026-11-20T12:00:00Z' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const later = await daemon.send(number(1), 'Добрый день', { send_at: '2026-11-20T13:00:00Z' });
    const plain = await daemon.send(number(2), 'Good day', { send_at: '2026-11-20T13:00:00Z' });
    daemon.carriers[0].ucs2 = false;
    assert.ok(await daemon.reload());
    const r = await daemon.request('POST', '/v1/messages', { to: number(1), text: 'it’s' });
    assert.equal(r.status, 409);
    assert.match(r.body.error.message, /U\+2019 \(’\) needs; transliteration = "typographic" would replace it/);
    await daemon.setClock('2026-11-20T13:00:01Z');
    await daemon.becomes(plain, 'sent');
    const m = await daemon.becomes(later, 'failed');
    assert.deepEqual([m.reason, m.detail], ['alphabet', 'it has characters that need UCS-2, which the carrier does not take']);
    never(carrier);
    // and on again
    daemon.carriers[0].ucs2 = true;
    assert.ok(await daemon.reload());
    await daemon.becomes(await daemon.send(number(1), 'Добрый день'), 'sent');
    assert.equal(carrier.submits.at(-1).pdu.data_coding, 8);
  });
});
