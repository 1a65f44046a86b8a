// What every browser test shares: the stack under test, a browser, and the seats they may use.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before } from 'node:test';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const BASE = process.env.BOXOFFICE_URL ?? 'http://127.0.0.1:8080';
export const GOOD_CARD = '4242424242424242';
export const DECLINED_CARD = '4000000000000002';
export const SLOW_CARD = '4000000000005000';
export const DESK = { viewport: { width: 1280, height: 900 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

let browser;
const open = [];
const faults = [];

/** Registers the browser's life with the test runner; call once in each test file. */
export function useBrowser() {
  before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((context) => context.close()));
    assert.deepEqual(faults.splice(0), [], 'the page reported faults');
  });
  after(() => browser.close());
}

/** A page of a fresh visitor. Its uncaught errors and policy violations fail the test. */
export async function visitor(options = DESK) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(15_000);
  open.push(context);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) faults.push(message.text());
  });
  return page;
}

export async function api(path, { method = 'GET', body, headers = {} } = {}) {
  const response = await fetch(`${BASE}/api/v1${path}`, {
    method,
    headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(35_000),
  });
  const text = await response.text();
  return { status: response.status, data: text === '' ? undefined : JSON.parse(text) };
}

export const someone = () => `test-${randomUUID().slice(0, 8)}@example.org`;

/** Holds tickets as another buyer would. */
export async function holdElsewhere(event, tickets) {
  const answer = await api(`/events/${event}/reservations`, {
    method: 'POST',
    body: { customer: someone(), tickets },
    headers: { 'idempotency-key': randomUUID(), prefer: 'wait=20' },
  });
  assert.equal(answer.status, 201, JSON.stringify(answer.data));
  return answer.data;
}

async function findEvent(what, fits) {
  const { data } = await api('/events?limit=50');
  const event = data.events.find(fits);
  assert.ok(event, `the stack under test has no ${what}`);
  return (await api(`/events/${event.id}`)).data;
}

const onSale = (event) => event.status === 'on_sale';
const seated = (event) => event.sections.some((section) => section.kind === 'seated');
export const theatre = () => findEvent('seated event on sale', (event) => onSale(event) && seated(event) && event.hold_seconds >= 60);
export const shortHolds = () => findEvent('event with holds of a few seconds', (event) => onSale(event) && event.hold_seconds <= 10);
export const standing = () => findEvent('standing event', (event) => onSale(event) && event.sections.some((one) => one.kind === 'general'));
export const upcoming = () => findEvent('event to come', (event) => event.status === 'upcoming');

/** The ticket numbers that are not available now. */
export async function takenNow(event) {
  const { data } = await api(`/events/${event}/availability`);
  const taken = new Set();
  for (const section of data.sections) {
    for (const item of section.taken) {
      const [first, last] = Array.isArray(item) ? item : [item, item];
      for (let number = first; number <= last; number++) taken.add(number);
    }
  }
  return taken;
}

/** `count` free seats next to each other, in a row with room to spare, away from what other tests use. */
export async function freeSeats(event, count) {
  const [{ data: layout }, taken] = await Promise.all([api(`/events/${event}/layout`), takenNow(event)]);
  const runs = layout.sections
    .filter((section) => section.kind === 'seated')
    .flatMap((section) =>
      section.tickets
        .map((_, index) => section.tickets.slice(index, index + count))
        .filter((run) => run.length === count && run.every((seat) => seat.row === run[0].row && !taken.has(seat.number)))
        .map((run) => run.map((seat) => ({ ...seat, section: section.name }))),
    );
  assert.ok(runs.length > 0, 'no free seats are left for the test');
  return runs[Math.floor(Math.random() * runs.length)];
}

export const seatAt = (page, seat) => page.locator(`.map-host [data-seat="${seat.number}"]`);

/** Opens an event on its map, with the given seat in sight. */
export async function openMap(page, event, seat) {
  await page.goto(`${BASE}/events/${event.id}`);
  await page.locator('.map-host .block').first().waitFor();
  await page.locator('[data-link=live], [data-link=polling]').waitFor();
  if (seat) await show(page, event, seat);
}

async function show(page, event, seat) {
  const number = event.sections.find((section) => section.name === seat.section).number;
  const block = page.locator(`.map-host [data-section="${number}"]`);
  await page.waitForFunction(() => document.querySelector('.map-host [tabindex]') !== null);
  if ((await block.getAttribute('aria-hidden')) !== 'true') await block.click();
  for (let step = 0; step < 8; step++) {
    const map = await page.locator('.map-host').boundingBox();
    const at = (await seatAt(page, seat).count()) > 0 ? await seatAt(page, seat).boundingBox() : undefined;
    if (at && at.x > map.x && at.x + at.width < map.x + map.width && at.y > map.y && at.y + at.height < map.y + map.height) return;
    if (!at || at.y + at.height >= map.y + map.height) await page.getByRole('button', { name: 'Move down' }).click();
    else if (at.y <= map.y) await page.getByRole('button', { name: 'Move up' }).click();
    if (at && at.x + at.width >= map.x + map.width) await page.getByRole('button', { name: 'Move right' }).click();
    else if (at && at.x <= map.x) await page.getByRole('button', { name: 'Move left' }).click();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  assert.fail(`seat ${seat.number} could not be brought into sight`);
}

/** Fills in the order and holds it; ends on the reservation's page. */
export async function hold(page, customer = someone()) {
  await page.getByLabel('Your e-mail').fill(customer);
  await page.getByRole('button', { name: /^Hold \d+ ticket/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Held for you' }).waitFor();
}

export async function payWith(page, card) {
  await page.getByLabel('Card number').fill(card);
  await page.getByRole('button', { name: /^Pay/ }).click();
}

export const going = (page) => page.getByRole('heading', { level: 1, name: 'You’re going' }).waitFor();

/** The id of the reservation whose page this is. */
export const reservationId = (page) => new URL(page.url()).pathname.split('/')[4];
