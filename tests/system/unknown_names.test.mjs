// A name that is not there is refused everywhere in the same words: what it is no name of, the nearest one, and the command that
// lists them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withGateway } from './lib.mjs';

const NUMBER = '+447700900601';
// what, its list, the name asked for, the nearest; the commands
const cases = [
  ['carrier', 'carrier', 'acem', 'acme', [['carrier', 'show'], ['carrier', 'pause'], ['carrier', 'statuses'], ['message', 'list', '--carrier'], ['receipt', 'unknown', '--carrier'], ['preview', 'hi', '--carrier']]],
  ['carrier', 'carrier', 'zzzzzz', null, [['carrier', 'show'], ['receipt', 'unknown', '--carrier']]],
  ['campaign', 'campaign', 'sprnig', 'spring', [['campaign', 'show'], ['campaign', 'report'], ['campaign', 'start'], ['campaign', 'pause'], ['message', 'list', '--campaign']]],
  ['campaign', 'campaign', 'zzzzzz', null, [['campaign', 'show']]],
  ['segment', 'segment', 'vip', 'vips', [['segment', 'show'], ['segment', 'explain'], ['segment', 'remove'], ['campaign', 'add', 'x', '--text', 'hi', '--segment']]],
  ['vote', 'vote', 'lunhc', 'lunch', [['vote', 'tally'], ['vote', 'remove']]],
  ['field', 'field', 'teir', 'tier', [['field', 'rename', null, 'other'], ['field', 'drop', null, '--yes'], ['field', 'change', null, 'number'], ['field', 'transitions', null, 'a>b'], ['customer', 'set', NUMBER, '--unset']]],
  ['event', 'event', 'vist', 'visit', [['event', 'post', NUMBER]]],
  ['visit attribute', 'event', 'pgae=x', 'page', [['event', 'post', NUMBER, 'visit', '--set']]],
];

test('unknown names are refused in the same words', { timeout: 60_000 }, async () => {
  await withGateway({ clock: '2026-11-20T12:00:00Z' }, async ({ daemon }) => {
    const ok = async (...args) => {
      const r = await daemon.cli(...args);
      assert.equal(r.code, 0, `${args.join(' ')}: ${r.out}${r.err}`);
    };
    await daemon.importCsv('customers', `phone,tier\n${NUMBER},gold\n`);
    await ok('segment', 'add', 'vips', 'tier = "gold"');
    await ok('campaign', 'add', 'spring', '--segment', 'vips', '--text', 'hi');
    await ok('vote', 'add', 'lunch', '--keyword', 'LUNCH', '--options', 'PIZZA,SUSHI');
    await ok('event', 'add', 'visit', '--attribute', 'page:text');
    for (const [what, list, name, near, commands] of cases) {
      const text = `tessera: there is no ${what} "${name.split('=')[0]}"; ${near ? `did you mean "${near}"? ` : ''}"tessera ${list} list" shows what there is\n`;
      for (const words of commands) {
        const args = words.includes(null) ? words.map((w) => w ?? name) : [...words, name];
        const r = await daemon.cli(...args);
        assert.deepEqual([r.code, r.err], [4, text], args.join(' '));
      }
    }
    for (const verb of [['query'], ['show'], ['cancel'], ['pause'], ['resume'], ['replace', '--text', 'x'], ['resolve', '--fail']]) {
      const r = await daemon.cli('message', verb[0], '99', ...verb.slice(1));
      assert.deepEqual([r.code, r.err], [4, 'tessera: there is no message 99; "tessera message list" shows the latest\n'], verb[0]);
    }
    for (const [query, words] of [['teir = "x"', 'unknown field "teir" at 1; did you mean "tier"? "tessera field list" shows what there is'],
      ['zzzzzz = "x"', 'unknown field "zzzzzz" at 1; "tessera field list" shows what there is'],
      ['count(vist) > 1', 'unknown event "vist" at 7; did you mean "visit"? "tessera event list" shows what there is'],
      ['count(visit where zzzz = 1) > 1', 'unknown attribute of event "visit": "zzzz" at 19; "tessera event list" shows what there is'],
      ['in segment "vip"', 'unknown segment "vip" at 12; did you mean "vips"? "tessera segment list" shows what there is']]) {
      const r = await daemon.request('POST', '/v1/segments:evaluate', { query });
      assert.deepEqual([r.status, r.body.error.message], [400, words]);
    }
    const text = await daemon.request('POST', '/v1/campaigns', { name: 'y', segments: ['vips'], sender: 'S', text: 'Hi {{teir}}' });
    assert.equal(text.body.error.message, 'column 6: unknown field "teir"; did you mean "tier"? "tessera field list" shows what there is');
  });
});
