// A field that the text of a campaign has keeps its name, and stays, until the campaign is over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const ANN = '+447700900501', BOB = '+447700900502';

test('a field in the text of a campaign is neither renamed nor dropped', { timeout: 60_000 }, async () => {
  await withGateway({ clock: '2026-11-20T12:00:00Z' }, async ({ carrier, daemon }) => {
    const cli = async (code, ...args) => {
      const r = await daemon.cli(...args);
      assert.equal(r.code, code, `${args.join(' ')}: ${r.out}${r.err}`);
      return r.out + r.err;
    };
    const refused = async (field, words) => {
      assert.match(await cli(1, 'field', 'rename', field, 'alias'), words);
      assert.match(await cli(1, 'field', 'drop', field, '--yes'), words);
    };
    await until('the bind', () => carrier.bound.length > 0);
    await daemon.importCsv('customers', `phone,nickname,city\n${ANN},Annie,Leeds\n${BOB},Bobby,York\n`);
    const add = (name, text) => daemon.api('POST', '/v1/campaigns', { name, segments: ['everybody'], sender: 'SHOP', text });
    await cli(0, 'segment', 'add', 'everybody', 'nickname is set');
    await add('spring', 'Hello {{ nickname | default:"you" }} and {{nickname}}');
    await add('plain', 'nickname is a word here, {{"{{"}}city}} too');
    await refused('nickname', /campaign "spring" \(draft\) has \{\{nickname\}\} in its text: remove it first/);
    await cli(0, 'field', 'rename', 'city', 'town');
    await cli(0, 'field', 'add', 'extra', 'text');
    // paused, it would still render
    await add('summer', 'From {{town}}');
    await cli(0, 'carrier', 'pause', 'acme');
    await cli(0, 'campaign', 'start', 'summer');
    await cli(0, 'campaign', 'pause', 'summer');
    await refused('town', /campaign "summer" \(paused\) has \{\{town\}\} in its text: let it end, or cancel it first/);
    await cli(0, 'campaign', 'cancel', 'summer');
    await cli(0, 'field', 'rename', 'town', 'city');
    await cli(0, 'carrier', 'resume', 'acme');
    // over, its texts are written
    await cli(0, 'campaign', 'start', 'spring');
    await until('both', () => carrier.submits.length === 2);
    await until('its end', async () => (await daemon.api('GET', '/v1/campaigns/spring')).state === 'done');
    await cli(0, 'segment', 'remove', 'everybody');
    await cli(0, 'field', 'rename', 'nickname', 'alias');
    await cli(0, 'field', 'drop', 'alias', '--yes');
    assert.deepEqual(carrier.submits.map((s) => s.text).sort(), ['Hello Annie and Annie', 'Hello Bobby and Bobby']);
  });
});
