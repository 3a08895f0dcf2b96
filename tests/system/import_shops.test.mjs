// Files exactly as shops and their exporters write them (conf/README.md names the sources of the headers), through the ready mappings.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, during } from './lib.mjs';

function shop(options, fn) {
  const daemon = new Daemon({ clock: '2026-11-18T12:00:00Z', ...options });
  let files = 0;
  const load = async (kind, from, text, ...more) => {
    const file = path.join(daemon.dir, `${++files}.csv`);
    fs.writeFileSync(file, text);
    const r = await daemon.cli('import', kind, file, '--from', from, '--json', ...more);
    assert.equal(r.code, 0, r.out + r.err);
    const { rows, created, updated, events, duplicates, rejected, skipped, rejects } = JSON.parse(r.out);
    return { rows, created, updated, events, duplicates, rejected, skipped, reasons: rejects.map((x) => `${x.line} ${x.column}: ${x.reason}`) };
  };
  const count = async (query) => (await daemon.json('segment', 'count', query)).count;
  const customer = (number) => daemon.api('GET', `/v1/customers/${encodeURIComponent(number)}`);
  return during(daemon, () => fn({ daemon, load, count, customer }));
}

const none = { events: 0, duplicates: 0, skipped: 0, reasons: [] };

// The people are fiction. Shopify protects what spreadsheets would take for a number by an apostrophe, but not always.
const SHOPIFY_TODAY = `Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags,Accepts WhatsApp Marketing,Date of birth (customer.metafields.facts.birth_date),Referral (customer.metafields.app.referral_link)
'7210448301122,Ann,Lee,ann@example.com,yes,"Lee & Sons, Ltd","1 High St
Flat ""B""",,Bath,ENG,GB,BA1 1AA,07700 900201,,yes,1120.50,3,"likes ""blue"",
and red",no,"vip, newsletter",no,'1990-11-20,https://example.com/a
'7210448301123,Bob,'t Hooft,bob@example.com,no,ACME,,,Boston,MA,US,'02026,(202) 555-0199,'+12025550143,no,0.00,0,,yes,,,,
'7210448301124,No,Phone,np@example.com,no,,,,,,,,,,no,0.00,0,,no,,,,
'7210448301125,Cy,Orr,,no,,,,,,GB,,'+447700900203,not yet,no,0.00,0,,no,,yes,1985-02-01,
'7210448301126,Di,Bad,,no,,,,,,GB,,,12,no,0.00,0,,no,,,,
`;
const SHOPIFY_2022 = `\uFEFFCustomer ID,First Name,Last Name,Email,Accepts Email Marketing,Company,Address1,Address2,City,Province,Province Code,Country,Country Code,Zip,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt\r
6210448301122,Eve,Ash,eve@example.com,no,,2 Low St,,Leeds,England,ENG,United Kingdom,GB,LS1 1AA,'+447700900210,yes,20.00,1,"new, vip",,no\r
6210448301123,Flo,Bay,flo@example.com,no,,,,Austin,Texas,TX,United States,US,'73301,(202) 555-0144,no,0.00,0,,,no\r
`;
const SHOPIFY_OLD = `First Name,Last Name,Email,Company,Address1,Address2,City,Province,Province Code,Country,Country Code,Zip,Phone,Accepts Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt
Gus,Cox,gus@example.com,,123 Fake Street,,Ottawa,Ontario,ON,Canada,CA,a1b2c3,613 555 0145,yes,100,1,,,yes
`;

test('Shopify, Customers, Export: today, 2022, and before', { timeout: 60_000 }, () => shop({}, async ({ load, count, customer }) => {
  assert.deepEqual(await load('customers', 'shopify', SHOPIFY_TODAY), { ...none, rows: 5, created: 3, updated: 0, rejected: 2,
    reasons: ['6 Phone: no number', '8 Phone: too short for GB: 2 digits after +44 instead of 7 to 10'] });
  const ann = await customer('+447700900201'); // the number of the address, read in its country
  const { created, region, ...fields } = ann.fields;
  assert.deepEqual(fields, { first_name: 'Ann', last_name: 'Lee', email: 'ann@example.com', accepts_email: 'yes', accepts_sms: 'yes', accepts_whatsapp: 'no', company: 'Lee & Sons, Ltd',
    city: 'Bath', province: 'ENG', zip: 'BA1 1AA', total_spent: '1120.5', total_orders: '3', note: 'likes "blue",\nand red', tax_exempt: 'no', birth_date: '1990-11-20' });
  assert.deepEqual(ann.tags.sort(), ['newsletter', 'vip']);
  const bob = (await customer('+12025550143')).fields; // his own before that of the address
  assert.deepEqual([bob.last_name, bob.zip, bob.birth_date], ["'t Hooft", '02026', undefined]);
  assert.equal((await customer('+447700900203')).fields.birth_date, '1985-02-01'); // his own is none: that of the address
  assert.equal(await count('anniversary(birth_date) within next 7 days and accepts_sms and total_spent > 1000'), 1);

  assert.deepEqual(await load('customers', 'shopify', SHOPIFY_2022), { ...none, rows: 2, created: 2, updated: 0, rejected: 0 });
  const eve = (await customer('+447700900210')).fields, flo = (await customer('+12025550144')).fields;
  assert.deepEqual([eve.accepts_email, eve.accepts_sms, eve.city, eve.province, eve.zip, eve.total_spent], ['no', 'yes', 'Leeds', 'ENG', 'LS1 1AA', '20']);
  assert.equal(flo.zip, '73301');

  assert.deepEqual(await load('customers', 'shopify', SHOPIFY_OLD), { ...none, rows: 1, created: 1, updated: 0, rejected: 0 });
  const gus = (await customer('+16135550145')).fields;
  assert.deepEqual([gus.accepts_email, gus.city, gus.province, gus.zip, gus.total_spent, gus.tax_exempt], ['yes', 'Ottawa', 'ON', 'a1b2c3', '100', 'yes']);
}));

// Advanced Order Export For WooCommerce, the columns it has ticked from the start; states in words; one row an item, and one a coupon.
const ADVANCED = 'Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing),Company (Billing),Address 1&2 (Billing),City (Billing),State Code (Billing),Postcode (Billing),Country Code (Billing),Email (Billing),Phone (Billing),First Name (Shipping),Last Name (Shipping),Address 1&2 (Shipping),City (Shipping),State Code (Shipping),Postcode (Shipping),Country Code (Shipping),Payment Method Title,Cart Discount Amount,Order Subtotal Amount,Shipping Method Title,Order Shipping Amount,Order Refund Amount,Order Total Amount,Order Total Tax Amount,SKU,Item #,Item Name,Quantity (- Refund),Item Cost,Coupon Code,Discount Amount,Discount Amount Tax\r\n'
  + [['2001', 'Completed', '2026-10-01 09:30', 'Ann', 'GB', '07700 900201', '31.00', 'SH-1,1,Shoes,2,10.50', 'WELCOME,1.00,0.00'],
    ['2001', 'Completed', '2026-10-01 09:30', 'Ann', 'GB', '07700 900201', '31.00', 'SO-1,2,"Socks, red",4,2.50', ',,'],
    ['2002', 'Cancelled', '2026-10-02 10:00', 'Bob', 'US', '(202) 555-0143', '9.00', 'HA-1,1,Hat,1,9.00', ',,'],
    ['2003', 'Processing', '2026-10-03 00:30', 'Cy', 'US', '(202) 555-0144', '27.00', 'HA-1,1,Hat,2,9.00', 'WELCOME,1.00,0.00'], // one of three came back
    ['2003', 'Processing', '2026-10-03 00:30', 'Cy', 'US', '(202) 555-0144', '27.00', 'SC-1,2,Scarf,0,5.00', 'LATE,1.00,0.00'], // came back
    ['2003', 'Processing', '2026-10-03 00:30', 'Cy', 'US', '(202) 555-0144', '27.00', ',,,,', 'THIRD,1.00,0.00'], // only a coupon
    ['2004', 'Refunded', '2026-10-04 10:00', 'Cy', 'US', '(202) 555-0144', '9.00', 'HA-1,1,Hat,0,9.00', ',,'],
    ['2005', 'On hold', '2026-10-04 10:00', 'Cy', 'US', '(202) 555-0144', '9.00', 'HA-1,1,Hat,1,9.00', ',,'],
    ['2006', 'Completed', '2026-10-05 10:00', 'Di', 'GB', '', '9.00', 'HA-1,1,Hat,1,9.00', ',,'],
  ].map(([order, state, at, name, country, phone, total, item, coupon]) => `${order},${state},"${at}","Leave it
at the ""door""",${name},Orr,,"1 High St, Flat 2",Bath,,BA1 1AA,${country},x@example.com,"${phone}",,,,,,,,Card,0.00,31.00,Post,0.00,0.00,${total},5.00,${item},${coupon}\r\n`).join('');

test('WooCommerce, Advanced Order Export as it comes', { timeout: 60_000 }, () => shop({}, async ({ load, count, customer }) => {
  assert.deepEqual(await load('customers', 'woocommerce-customers', ADVANCED), { ...none, rows: 9, created: 3, updated: 0, rejected: 1, reasons: ['18 Phone (Billing): no number'] });
  const ann = (await customer('+447700900201')).fields;
  assert.deepEqual([ann.first_name, ann.last_name, ann.city, ann.zip, ann.email], ['Ann', 'Orr', 'Bath', 'BA1 1AA', 'x@example.com']);
  const first = await load('events', 'woocommerce', ADVANCED);
  assert.deepEqual(first, { rows: 9, created: 0, updated: 0, events: 3, duplicates: 0, rejected: 1, skipped: 5, reasons: ['18 Phone (Billing): no number'] });
  assert.equal(await count('sum(purchase.amount) = 31 and count(purchase) = 2 and count(purchase where product = "socks, red" and sku = "so-1" and quantity = 4) = 1'), 1);
  assert.equal(await count('sum(purchase.amount) = 18 and count(purchase) = 1 and count(purchase where product = "hat") = 1'), 1);
  assert.equal(await count('count(purchase) = 0'), 1); // what Bob ordered was cancelled
  assert.deepEqual([(await load('events', 'woocommerce', ADVANCED)).duplicates], [3]);
}));

// Order Export & Order Import, line items in separate rows (first), and as it comes, one row an order (second).
const SEPARATE = `order_id,order_number,order_date,paid_date,status,shipping_total,order_total,order_currency,customer_id,billing_first_name,billing_last_name,billing_company,billing_email,billing_phone,billing_address_1,billing_address_2,billing_postcode,billing_city,billing_state,billing_country,shipping_first_name,shipping_phone,customer_note,item_product_id,item_name,item_sku,item_quantity,item_subtotal,item_subtotal_tax,item_total,item_total_tax,item_refunded,item_refunded_qty,item_meta
301,301,"2026-10-01 00:30:00",2026-10-01T00:31:05+02:00,completed,4.90,45.90,EUR,7,Ann,Lee,,ann@example.com,'+447700900201,"1 High St
Flat 2",,BA1 1AA,Bath,,GB,Ann,,,65,Polo - Blue,PO-B,2,30.00,5.70,30.00,5.70,,,
301,301,"2026-10-01 00:30:00",2026-10-01T00:31:05+02:00,completed,4.90,45.90,EUR,7,Ann,Lee,,ann@example.com,'+447700900201,"1 High St
Flat 2",,BA1 1AA,Bath,,GB,Ann,,,65,Polo - Red,PO-R,1,11.00,2.09,11.00,2.09,,,
302,302,2026-10-02 10:00:00,,refunded,0.00,9.00,EUR,0,Bob,Ray,,bob@example.com,,,,,,,GB,Bob,07700 900202,,66,Hat,HA-1,1,9.00,0,9.00,0,9,1,
303,303,2026-10-02 10:00:00,2026-10-02T10:00:01+02:00,processing,0.00,9.00,USD,0,Bob,Ray,,bob@example.com,,,,,,,GB,Bob,07700 900202,,66,Hat,HA-1,1,9.00,0,9.00,0,,,
`;
const ORDERS = `order_id,order_number,order_date,paid_date,status,order_total,order_currency,billing_phone,billing_country,line_item_1,line_item_2
401,401,2026-10-05 10:00:00,2026-10-05T10:00:01+02:00,completed,45.90,EUR,07700 900201,GB,name:Polo|product_id:65|sku:PO-B|quantity:2|total:30.00|sub_total:30.00,name:Hat|product_id:66|sku:|quantity:1|total:11.00|sub_total:11.00
402,402,2026-10-05 11:00:00,,pending,9.00,EUR,07700 900201,GB,name:Hat|product_id:66|sku:|quantity:1|total:9.00|sub_total:9.00,
`;

test('WooCommerce, Order Export & Order Import, times with and without a zone', { timeout: 60_000 }, () => shop({ zone: 'Europe/Berlin' }, async ({ load, count, customer }) => {
  assert.equal((await load('customers', 'woocommerce-customers', SEPARATE)).created, 2);
  assert.equal((await customer('+447700900202')).fields.first_name, 'Bob'); // no number to the bill
  assert.deepEqual(await load('events', 'woocommerce', SEPARATE), { ...none, rows: 4, created: 0, updated: 0, events: 3, rejected: 0, skipped: 1 });
  // Half past midnight in the shop's and the gateway's zone is the day before in London.
  assert.equal(await count('count(purchase where month = 9 and hour = 23) = 2 and sum(purchase.amount) = 41'), 1);
  assert.equal(await count('count(purchase where product = "polo - red" and currency = "eur") = 1'), 1);
  assert.equal(await count('sum(purchase.amount where currency = "USD") = 9'), 1);
  // When it was paid, with the zone that the file names.
  assert.equal((await load('events', 'woocommerce', SEPARATE.replaceAll('30', '70'), '--map', 'order_date=-')).events, 3);
  assert.equal(await count('count(purchase where month = 9 and hour = 23) = 4'), 1);

  assert.deepEqual(await load('events', 'woocommerce', ORDERS), { ...none, rows: 2, created: 0, updated: 0, events: 1, rejected: 0, skipped: 1 });
  assert.equal(await count('last(purchase.amount) = 45.9'), 1);
}));

// Customer/Order/Coupon Export: "Default - One Row per Item", "CSV Import", "Legacy - One Row per Item" and its customers; WooCommerce's own customers.
const ITEMS = `order_id,order_number,date,status,shipping_total,shipping_tax_total,fee_total,fee_tax_total,tax_total,discount_total,order_total,refunded_total,order_currency,payment_method,shipping_method,customer_id,billing_first_name,billing_last_name,billing_company,billing_email,billing_phone,billing_address_1,billing_address_2,billing_postcode,billing_city,billing_state,billing_country,shipping_first_name,shipping_last_name,shipping_address_1,shipping_address_2,shipping_postcode,shipping_city,shipping_state,shipping_country,shipping_company,customer_note,item_id,item_product_id,item_name,item_sku,item_quantity,item_subtotal,item_subtotal_tax,item_total,item_total_tax,item_refunded,item_refunded_qty,item_meta,shipping_items,fee_items,tax_items,coupon_items,order_notes,download_permissions_granted
501,501,2026-10-01 10:00:00,processing,0,0,0,0,0,0,20.00,0,GBP,card,post,3,Ann,Lee,,ann@example.com,07700 900201,,,BA1,Bath,,GB,,,,,,,,,,,11,65,Cap,,1,10.00,0,10.00,0,0,0,,,,,,,1
501,501,2026-10-01 10:00:00,processing,0,0,0,0,0,0,20.00,0,GBP,card,post,3,Ann,Lee,,ann@example.com,07700 900201,,,BA1,Bath,,GB,,,,,,,,,,,12,65,Cap,,1,10.00,0,10.00,0,0,0,,,,,,,1
`;
const IMPORT = `id,order_number,order_number_formatted,created_at,status,total,total_shipping,cart_tax,shipping_tax,total_discount,total_refunded,payment_method,currency,customer_user,billing_first_name,billing_last_name,billing_email,billing_phone,billing_country,note,line_items
601,601,601,2026-10-02 10:00:00,completed,33.00,0,0,0,0,0,card,GBP,3,Ann,Lee,ann@example.com,07700 900201,GB,,"[{""id"":1,""name"":""Cap""}]"
`;
const LEGACY = `Order ID,Date,Order Status,Shipping,Shipping Tax,Fees,Fee Tax,Tax,Discount Total,Order Total,Payment Method,Shipping Method,Billing First Name,Billing Last Name,Billing Email,Billing Phone,Billing Address 1,Billing Address 2,Billing Post code,Billing City,Billing State,Billing Country,Billing Company,Customer Note,Item SKU,Item Name,Item Variation,Item Amount,Row Price,Order Notes,Coupons
701,2026-10-03 10:00:00,completed,0,0,0,0,0,0,31.00,card,post,Ann,Lee,ann@example.com,07700 900201,,,BA1 1AA,Bath,,GB,,,CA-1,Cap,Size: L,2,21.00,,
701,2026-10-03 10:00:00,completed,0,0,0,0,0,0,31.00,card,post,Ann,Lee,ann@example.com,07700 900201,,,BA1 1AA,Bath,,GB,,,CA-1,Cap,Size: S,1,10.00,,
`;
const PEOPLE = `customer_id,first_name,last_name,email,date_registered,billing_first_name,billing_last_name,billing_company,billing_email,billing_phone,billing_address_1,billing_address_2,billing_postcode,billing_city,billing_state,billing_country,shipping_first_name,shipping_last_name,shipping_company,shipping_address_1,shipping_address_2,shipping_postcode,shipping_city,shipping_state,shipping_country
3,Ann,Lee,ann@example.com,2024-05-06 07:08:09,Anna,,,,07700 900201,,,BA1,Bath,,GB,,,,,,,,,
`;
const ANALYTICS = `Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,Country / Region,City,Region,Postal Code,Billing Phone,Shipping Phone,Role
"Cy, Orr",cy,2026-10-01 10:00:00,2025-01-02 03:04:05,cy@example.com,4,120.50,30.13,US,Austin,TX,73301,,'+12025550144,customer
Di Fox,,2026-10-01 10:00:00,,di@example.com,1,9.00,9.00,GB,,,,07700 900204,,
`;

test('WooCommerce, Customer/Order/Coupon Export and Analytics', { timeout: 60_000 }, () => shop({}, async ({ daemon, load, count, customer }) => {
  assert.deepEqual(await load('customers', 'woocommerce-customers', PEOPLE), { ...none, rows: 1, created: 1, updated: 0, rejected: 0 });
  const ann = (await customer('+447700900201')).fields;
  assert.deepEqual([ann.first_name, ann.last_name, ann.email, ann.signup], ['Anna', 'Lee', 'ann@example.com', '2024-05-06']);
  const rows = async (text) => { const { events, rejected, skipped } = await load('events', 'woocommerce', text); return [events, rejected, skipped]; };
  assert.deepEqual(await rows(ITEMS), [2, 0, 0], 'the same thing on two lines is two');
  assert.equal(await count('sum(purchase.amount) = 20 and count(purchase) = 2'), 1);
  assert.deepEqual(await rows(IMPORT), [1, 0, 0]);
  assert.equal(await count('last(purchase.amount) = 33 and count(purchase where currency = "gbp") = 3'), 1);
  assert.deepEqual(await rows(LEGACY), [2, 0, 0]);
  assert.equal(await count('sum(purchase.amount where product = "cap" and variation = "size: l" and quantity = 2) = 21'), 1);

  assert.deepEqual(await load('customers', 'woocommerce-customers', ANALYTICS), { ...none, rows: 2, created: 2, updated: 0, rejected: 0 });
  const cy = (await customer('+12025550144')).fields;
  assert.deepEqual([cy.full_name, cy.signup, cy.total_orders, cy.total_spent, cy.city, cy.province, cy.zip, cy.role], ['Cy, Orr', '2025-01-02', '4', '120.5', 'Austin', 'TX', '73301', 'customer']);
  // What older versions write, and the download of orders, has no number: said, not guessed.
  const file = path.join(daemon.dir, 'old.csv');
  fs.writeFileSync(file, 'Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,Country / Region,City,Region,Postal Code\nCy,cy,,,cy@example.com,4,1,1,US,,,\n');
  const r = await daemon.cli('import', 'customers', file, '--from', 'woocommerce-customers');
  assert.deepEqual([r.code, /no column has the number/.test(r.err)], [1, true], r.err);
}));
