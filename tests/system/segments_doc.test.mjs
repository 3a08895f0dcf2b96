// Every example of doc/segments.md, read from it: each is evaluated, its canonical form is read back as the same, and of the examples of
// needs it is known who of ten people must be found. An example without an expectation here is an error, and the other way round.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, during, source } from './lib.mjs';

const text = fs.readFileSync(path.join(source, 'doc/segments.md'), 'utf8');
const section = (title) => text.slice(text.indexOf(`## ${title}\n`)).split('\n## ')[0];
const cells = (line) => line.slice(1, -1).split(/(?<!\\)\|/).map((c) => c.trim().replaceAll('\\|', '|'));
const spans = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map((m) => m[1]);
const rows = (of) => of.split('\n').filter((l) => l.startsWith('| ') && !l.startsWith('| ---')).map(cells);

// The examples of needs: in tables of two columns, "who" and "query".
const examples = [];
for (const line of text.split('\n')) {
  const c = line.startsWith('| ') ? cells(line) : [];
  if (c[0] === 'who' && c[1] === 'query') examples.open = true;
  else if (!line.startsWith('|')) examples.open = false;
  else if (examples.open && c[0] !== '---') examples.push({ who: c[0], query: spans(c[1])[0] });
}
const words = (line) => [...line.matchAll(/'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2]);
const commands = [...text.matchAll(/^```\n(tessera [^`]+)\n```$/gm)].flatMap((m) => m[1].split('\n')).map(words);

// Today is Friday, 2026-11-20; each is known by an initial. Ivy and Joe are two of whom nothing is known.
const PEOPLE = `phone,name,gender,birth_date,region,signup,stage,tier,tags,interests,channels,home,city,language,marital_status,income,household,balance,visits,newsletter
+447700900001,Ann,f,1996-11-23,DE-BY,2026-11-18,qualified,gold,VIP;new,baby fashion;tea;baking,sms;email,"50.1,14.4",Graz,de,single,40000,1,20.5,4,yes
+447700900002,Bob,m,1990-01-01,DE-BE,2020-01-01,lead,silver,,tea;baking;coffee,email,"48.1,11.6",sao paulo,en,married,,,5,23,no
+447700900003,Cid,f,1980-11-20,AT,2024-11-25,lead,silver,new,baby fashion,sms,,Linz,fr,single,20000,4,,,
+447700900004,Dan,,,,2026-02-01,customer,,VIP,,,"52.5,13.4",,,,,,,,
+447700900005,Eve,f,1998-05-05,US-FL,2026-03-01,,,,,,,,,,,,,,
+447700900006,Fay,f,2010-11-20,DE,2025-11-19,,,,,,,,,,,,,,
+447700900007,Gil,m,1970-11-15,,2023-06-01,,,,,,,,,,,,,,
+447700900008,Hal,,,,2022-01-01,,,,,,,,,,,,,,
+447700900009,Ivy,,,,,,,,,,,,,,,,,,
+447700900010,Joe,,,,,,,,,,,,,,,,,,
`;
const at = (who, ...rest) => `+4477009000${String('ABCDEFGHIJ'.indexOf(who) + 1).padStart(2, '0')},${rest.join(',')}`;
const EVENTS = {
  purchase: ['time,amount,department,product,category',
    at('A', '2026-11-01T23:30:00Z', 100, 'Accessories', 'TRUCK', 'food'), at('A', '2026-11-02T03:30:00Z', 100, 'accessories', 'truck', 'food'),
    at('A', '2026-11-03T12:00:00Z', 100, 'Accessories', 'TRUCK', 'toys'), at('B', '2026-01-10T12:00:00Z', 1, 'Accessories', 'TRUCK', 'food'),
    at('C', '2026-10-10T12:00:00Z', 20, 'Baby', 'doll', 'toys'), // a Saturday
    at('D', '2025-12-20T12:00:00Z', 5000, 'Cars', 'coupe', 'car'), at('D', '2026-01-15T12:00:00Z', 50, 'Cars', 'mat', 'toys'), at('D', '2026-02-01T12:00:00Z', 50, 'Cars', 'mat', 'toys'),
    at('F', '2026-07-04T12:00:00Z', 5, 'Toys', 'ball', 'toys'), at('F', '2026-08-02T12:00:00Z', 6, 'Toys', 'kite', 'toys'), // a Saturday and a Sunday in summer
    at('G', '2025-04-14T12:00:00Z', 9, 'Eggs', 'egg', 'easter'), at('G', '2026-03-30T12:00:00Z', 9, 'Eggs', 'egg', 'easter'), at('G', '2026-02-10T12:00:00Z', 9, 'Garden', 'rose', 'flowers'),
    at('H', '2024-01-10T12:00:00Z', 7, 'Toys', 'ball', 'toys'), at('H', '2024-02-10T12:00:00Z', 7, 'Toys', 'ball', 'toys'), ...[3, 4, 5].map((m) => at('H', `2024-0${m}-10T12:00:00Z`, 7, 'Toys', 'ball', 'toys'))],
  cart_add: ['time,amount', at('B', '2026-11-20T08:00:00Z', 60), at('F', '2026-11-19T08:00:00Z', 20), at('H', '2026-11-19T08:00:00Z', 30), at('H', '2026-11-19T09:00:00Z', 25)],
  wish: ['time,product', at('G', '2026-11-01T08:00:00Z', 'rose'), at('A', '2026-11-01T08:00:00Z', 'doll')],
  view: ['time,category', ...[1, 2, 3].map((h) => at('D', `2026-11-19T0${h}:00:00Z`, 'Tents')), at('A', '2026-11-19T08:00:00Z', 'tents')],
  click: ['time', at('C', '2026-11-19T08:00:00Z'), at('A', '2026-11-07T08:00:00Z'), at('A', '2026-09-19T08:00:00Z')],
  redemption: ['time,code', at('B', '2026-11-01T08:00:00Z', 'Spring'), at('A', '2026-11-01T08:00:00Z', 'FALL')],
  csat: ['time,score', at('C', '2026-11-01T12:00:00Z', 3), at('C', '2026-11-02T12:00:00Z', 2), at('A', '2026-11-02T12:00:00Z', 3)],
  survey: ['time,name,status', at('C', '2026-11-01T12:00:00Z', 'spring', 'invited'), at('A', '2026-11-01T12:00:00Z', 'spring', 'invited'), at('A', '2026-11-04T12:00:00Z', 'spring', 'answered')],
  inbound: ['time', ...['2026-06-01T00:00:00Z', '2026-07-31T23:59:59Z', '2026-08-15T12:00:00Z', '2026-09-15T12:00:00Z', '2026-10-15T12:00:00Z', '2026-05-30T12:00:00Z'].map((t) => at('A', t)),
    at('B', '2026-10-15T12:00:00Z'), at('C', '2026-11-19T10:00:00Z'), ...[1, 2, 3, 4, 5].map((d) => at('D', `2026-11-1${d}T23:00:00Z`)), at('D', '2026-11-18T12:00:00Z')],
  sent: ['time', ...[1, 2, 3, 4, 5].map((s) => at('E', `2026-11-01T00:00:0${s}Z`)), at('A', '2026-11-01T00:00:05Z'), at('B', '2026-11-17T00:00:05Z')],
  delivered: ['time', at('A', '2026-11-01T00:01:05Z'), at('B', '2026-05-01T00:01:05Z')],
  failed: ['time', at('E', '2026-11-01T00:01:05Z'), at('E', '2026-11-02T00:01:05Z')],
};
const FOUND = {
  'has not written for a month': 'AB', 'has never written': 'EFGHIJ', 'was written to this week': 'B', 'got nothing for half a year, or ever': 'BCDEFGHIJ', 'was reached lately': 'A',
  'out of reach: what is sent fails': 'E', 'reach is unknown': 'BCDFGHIJ', 'active late at night': 'D', 'the same with clicks, and never on one event alone': 'D', 'writes in office hours': 'ABC',
  // who people are
  'women of 25 to 34 in Bavaria': 'A', 'singles of middle income': 'A', families: 'BC', 'who reads German or French': 'AC', 'anywhere in Germany': 'ABF', 'near the shop': 'A', 'too far to come by': 'BD',
  'in one of a few cities': 'AC', 'likes either': 'AB', 'likes both, and not that': 'A', 'e-mail and SMS': 'A', 'sales stage': 'A', loyal: 'ABGH', welcome: 'A', dissatisfied: 'C',
  'never satisfied, asked twice at least': 'C', 'has not answered the survey': 'C',
  // what people do
  'tagged VIP, buys accessories often': 'A', "asleep, but never yesterday's buyer": 'BDGH', 'left a full cart': 'B', 'left a cart worth 50 or more': 'BH', 'wishes, and does not buy': 'G',
  'looked again and again': 'D', 'interested, not bought': 'A', 'just bought a car: leave out': 'D', 'buys the same again': 'AH', 'bought twice, the last time within a year': 'F', 'clicked, did not buy': 'AC',
  'has not used the code': 'ACDEFGHIJ', 'writes to us every month': 'A', 'late-night snackers': 'A', 'never answers: leave out': 'E', 'a tenth that gets nothing': '', // of ten, by the hash
  // occasions
  'birthday soon': 'ACF', 'birthday today, of age': 'C', 'birthday in the last week, today too, and no purchase': 'CFG', 'a year with us, or two, this week': 'F', 'Christmas buyers': 'A',
  'bought before Christmas, this year not yet': 'D', 'Easter buyers: the week before, each year': 'G', "flowers for Valentine's day": 'G', 'buys in summer only': 'F', 'weekend shoppers': 'DF',
  // value
  'champions of the last year': 'A', 'about to be lost': 'DGH', 'buys often, and little': 'H', 'loyal, with a large basket': 'ACD', 'top fifth by money, asleep': 'D', 'the best twentieth of this month': 'A',
  'probably gone': 'DH',
};

test('the examples of doc/segments.md find whom they are about', { timeout: 120_000 }, async () => {
  const daemon = new Daemon({ clock: '2026-11-20T12:00:00Z' });
  await during(daemon, async () => {
    const load = async (name, content, ...args) => {
      const file = path.join(daemon.dir, name);
      fs.writeFileSync(file, content);
      const r = await daemon.cli('import', ...args.slice(0, 1), file, '--map', 'phone=msisdn', ...args.slice(1));
      assert.deepEqual([r.code, / 0 rejected/.test(r.out)], [0, true], r.out + r.err);
    };
    await load('people.csv', PEOPLE, 'customers');
    for (const [type, [header, ...list]] of Object.entries(EVENTS)) await load(`${type}.csv`, `phone,${header}\n${list.join('\n')}\n`, 'events', '--type', type);

    // p_alive needs more buyers than these: it is fitted to thirty who are erased then.
    const crowd = [...Array(30).keys()].map((i) => `+4477009001${String(i).padStart(2, '0')}`);
    await load('crowd.csv', `phone\n${crowd.join('\n')}\n`, 'customers');
    const day = (n) => new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10);
    const theirs = crowd.flatMap((phone, i) => [...Array(1 + i % 6).keys()].map((k) => `${phone},${day(i * 9 + k * (20 + i * 3))},1`));
    await load('theirs.csv', `phone,time,amount\n${theirs.join('\n')}\n`, 'events', '--type', 'purchase');
    assert.equal((await daemon.cli('audience', 'fit')).code, 0);
    for (const phone of crowd) await daemon.api('DELETE', `/v1/customers/${encodeURIComponent(phone)}`);

    const initials = async (query) => { // by everybody's place in the list of all
      const { top } = await daemon.api('POST', '/v1/segments:top', { by: 'msisdn', query, limit: 1000 });
      return top.map((x) => 'ABCDEFGHIJ'[x.number.slice(-2) - 1]).sort().join('');
    };
    const canonical = async (query) => (await daemon.api('POST', '/v1/segments:cross', { queries: [query] })).cells[0].query;
    const checked = async (query) => {
      const one = await canonical(query), found = await initials(query);
      assert.equal(await canonical(one), one, query);
      assert.equal(await initials(one), found, `${query}\n${one}`);
      assert.equal(await initials(`not (${query})`), [...'ABCDEFGHIJ'].filter((c) => !found.includes(c)).join(''), query);
      return found;
    };
    // The commands of the text, in its order; they make segments, too.
    assert.ok(commands.length >= 6);
    for (const args of commands) {
      const r = await daemon.cli(...args.slice(1));
      assert.equal(r.code, 0, `${args.join(' ')}: ${r.err}`);
    }
    assert.equal((await daemon.cli('segment', 'add', 'gold', 'tier = "gold"')).code, 0);
    // Needs.
    const got = {};
    for (const { who, query } of examples) {
      assert.ok(!(who in got), `${who}: twice`);
      got[who] = await checked(query);
    }
    assert.deepEqual(got, FOUND);
    // The reference: the first way to write of each row of the conditions, each number, each window.
    let n = 0;
    for (const [, write] of rows(section('Conditions')).slice(1)) {
      await checked(spans(write)[0]);
      n++;
    }
    for (const [write] of rows(section('Numbers'))) {
      for (const one of /^(`(last|this|between) |none)/.test(write) ? spans(write) : []) { // a window
        await checked(`count(purchase, ${one}) >= 1`);
        n++;
      }
      if (/^`[a-z_]+(\(|`)/.test(write)) {
        await daemon.api('POST', '/v1/segments:top', { by: spans(write)[0].replace('NUMBER', 'count(purchase)') });
        n++;
      }
    }
    assert.ok(n >= 32, `${n} rows`);
    // What a field was before.
    const transitions = text.match(/`tessera (field transitions stage '[^']*')`/)[1];
    assert.equal((await daemon.cli(...words(transitions))).code, 0);
    const kept = section('What a field was before').split('\n').filter((l) => l.startsWith('    ')).map((l) => l.trim());
    assert.equal(kept.length, 3);
    for (const query of kept) await checked(query);
  });
});
