// Imports as people have them: NDJSON, the exports of shops as they come, only known numbers, whole records.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, during } from './lib.mjs';

// As Shopify and the order exporters of WooCommerce write their headers; the people are fiction.
const SHOPIFY = `Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags
'1001,Ann,Lee,ann@example.com,yes,,1 High St,,Bath,ENG,GB,BA1,07700 900201,,yes,120.50,3,"likes blue,
and red",no,"vip, newsletter"
'1002,Bob,Ray,bob@example.com,no,ACME,,,Austin,TX,US,73301,,'+12025550143,no,0.00,0,,yes,
'1003,No,Phone,np@example.com,no,,,,,,,,,,no,0.00,0,,no,
`;
const WOO = `Order Number,Order Status,Order Date,First Name (Billing),Last Name (Billing),Country Code (Billing),Email (Billing),Phone (Billing),Order Total Amount,SKU,Item #,Item Name,Quantity,Item Cost
2001,completed,2026-10-01 09:30,Ann,Lee,GB,ann@example.com,07700 900201,31.00,SH-1,1,Shoes,2,10.50
2001,completed,2026-10-01 09:30,Ann,Lee,GB,ann@example.com,07700 900201,31.00,SO-1,2,Socks,4,2.50
2002,cancelled,2026-10-02 10:00,Bob,Ray,US,bob@example.com,(202) 555-0143,9.00,HA-1,1,Hat,1,9.00
2003,processing,2026-10-03 10:00,Cy,Orr,US,cy@example.com,(202) 555-0144,9.00,HA-1,1,Hat,1,9.00
`;

test('shops and NDJSON', { timeout: 60_000 }, async () => {
  const daemon = new Daemon({ clock: '2026-11-18T12:00:00Z' });
  const file = (name, text) => {
    const f = path.join(daemon.dir, name);
    fs.writeFileSync(f, text);
    return f;
  };
  const cli = async (code, ...args) => {
    const r = await daemon.cli(...args);
    assert.equal(r.code, code, `${args.join(' ')}: ${r.out}${r.err}`);
    return r;
  };
  const count = async (query) => (await daemon.api('POST', '/v1/segments:evaluate', { query })).count;
  const fields = async (number) => (await daemon.api('GET', `/v1/customers/${encodeURIComponent(number)}`)).fields;
  const told = (r) => { const { rows, created, updated, unchanged, events, duplicates, rejected, skipped } = JSON.parse(r.out); return { rows, created, updated, unchanged, events, duplicates, rejected, skipped }; };
  await during(daemon, async () => {
    // Shopify: who opted out before stays so, whatever the shop says.
    await cli(0, 'customer', 'block', '+447700900201', '--words', 'STOP');
    let r = await cli(0, 'import', 'customers', file('customers_export.csv', SHOPIFY), '--from', 'shopify', '--json');
    assert.deepEqual(told(r), { rows: 3, created: 2, updated: 0, unchanged: 0, events: 0, duplicates: 0, rejected: 1, skipped: 0 });
    assert.equal(JSON.parse(r.out).rejects[0].reason, 'no number');
    const ann = await daemon.api('GET', `/v1/customers/${encodeURIComponent('+447700900201')}`);
    assert.equal(ann.suppressed, true);
    assert.equal(ann.fields.accepts_sms, 'yes');
    assert.equal(ann.fields.total_spent, '120.5');
    assert.equal(ann.fields.note, 'likes blue,\nand red');
    assert.deepEqual(ann.tags.sort(), ['newsletter', 'vip']);
    assert.equal((await fields('+12025550143')).company, 'ACME');
    assert.equal(await count('total_orders >= 3 and accepts_sms'), 1);

    // WooCommerce: one row an item; what was cancelled is none; national numbers by the row's own country.
    const orders = file('orders.csv', WOO);
    r = await cli(0, 'import', 'customers', orders, '--from', 'woocommerce-customers', '--json');
    assert.equal(told(r).created, 1, 'Cy');
    r = await cli(0, 'import', 'events', orders, '--from', 'woocommerce', '--json');
    assert.deepEqual(told(r), { rows: 4, created: 0, updated: 0, unchanged: 0, events: 3, duplicates: 0, rejected: 0, skipped: 1 });
    assert.equal(await count('sum(purchase.amount, lifetime) = 31 and count(purchase, lifetime) = 2'), 1);
    assert.equal(await count('count(purchase where product = "hat", lifetime) = 1'), 1);
    r = await cli(0, 'import', 'events', orders, '--from', 'woocommerce', '--again', '--json');
    assert.equal(told(r).duplicates, 3, 'nothing is there twice');
    r = await cli(1, 'import', 'customers', orders, '--from', 'woocommerce');
    assert.match(r.err, /is for events/);
    r = await cli(4, 'import', 'customers', orders, '--from', 'nosuchshop');
    assert.match(r.err, /no ready mapping "nosuchshop"/);

    // NDJSON by its name, in small pieces; the place of what is wrong.
    const lines = [];
    for (let i = 0; i < 3000; i++) lines.push(JSON.stringify({ msisdn: `+4477009${10000 + i}`, profile: { score: i + 0.25, likes: i % 2 ? ['tea', 'cake'] : [] }, ...(i > 2000 ? { late: `v${i % 3}` } : {}) }));
    lines.splice(10, 0, '{"msisdn": "+447700900299", oops}');
    r = await cli(0, 'import', 'customers', file('people.ndjson', lines.join('\n')), '--map', 'profile.likes=interests', '--piece', '16K', '--json');
    assert.deepEqual(told(r), { rows: 3001, created: 3000, updated: 0, unchanged: 0, events: 0, duplicates: 0, rejected: 1, skipped: 0 });
    assert.deepEqual(JSON.parse(r.out).rejects.map((x) => [x.line, x.reason]), [[11, 'a name is missing (octet 29)']]);
    assert.equal(await count('interests has "tea"'), 1500);
    assert.equal(await count('profile.score >= 2999.25'), 1);
    assert.equal(await count('late = "v0"'), 333);
    const events = lines.filter((l) => !l.includes('oops')).slice(0, 500).map((l, i) => JSON.stringify({ phone: JSON.parse(l).msisdn, at: '2026-11-01T10:00:00Z', id: `e${i % 400}`, what: { page: `/p${i % 7}` } }));
    r = await cli(0, 'import', 'events', file('seen.jsonl', events.join('\n') + '\n'), '--type', 'visit', '--json', '--map', 'id=id', '--map', 'what.page=page');
    assert.deepEqual([told(r).events, told(r).duplicates], [400, 100]);
    assert.equal(await count('count(visit where page = "/p3", lifetime) > 0'), 57);

    // Only known numbers; whole records.
    const update = file('update.csv', 'phone,tier\n+447700910000,gold\n+447700999999,gold\n');
    r = await cli(0, 'import', 'customers', update, '--mode', 'update', '--json');
    assert.deepEqual([told(r).updated, told(r).created, told(r).rejected], [1, 0, 1]);
    r = await cli(0, 'import', 'customers', file('replace.csv', 'phone,first_name\n+447700910000,Zoe\n'), '--mode', 'replace', '--json');
    assert.equal(told(r).updated, 1);
    const zoe = await fields('+447700910000');
    assert.equal(zoe.first_name, 'Zoe');
    assert.equal(zoe.tier, undefined);
    assert.equal(zoe['profile.score'], undefined);
    assert.equal(await count('count(visit, lifetime) > 0 and first_name = "zoe"'), 1, 'what it did stays');
    assert.equal((await cli(0, 'store', 'check', '--json')).code, 0);
  });
});
