// What every browser test shares: the stack under test, a browser, and the seats they may use.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { after, afterEach, before, test as nodeTest } from 'node:test';
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

/** Which seats the tests take; another number takes others. */
const SEED = process.env.BOXOFFICE_SEED ?? '1';
const TEST_LIMIT_MS = 120_000;
const SHOWN_LINES_MAX = 60;

let browser;
const open = [];
const faults = [];
const used = [];

/** Registers the browser's life with the test runner; call once in each test file. */
export function useBrowser() {
  before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((context) => context.close()));
    assert.deepEqual(faults.splice(0), [], 'the page reported faults');
  });
  after(() => browser?.close());
}

/** A test that, where it fails, says which seats it used and what its pages showed. */
export function test(name, ...rest) {
  const body = rest.pop();
  nodeTest(name, ...rest, async () => {
    let timer;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not over after ${TEST_LIMIT_MS} ms`)), TEST_LIMIT_MS);
    });
    try {
      await Promise.race([body(), limit]);
    } catch (error) {
      const pages = await Promise.all(open.flatMap((context) => context.pages()).map(described));
      error.stack = [error.stack, ...used, ...pages].join('\n');
      throw error;
    } finally {
      clearTimeout(timer);
      used.length = 0;
    }
  });
}

async function described(page) {
  const tree = await page.locator('body').ariaSnapshot({ timeout: 5_000 }).catch((error) => error.message);
  const lines = tree.split('\n');
  return [`the page at ${page.url()}:`, ...lines.slice(0, SHOWN_LINES_MAX), ...(lines.length > SHOWN_LINES_MAX ? ['…'] : [])].join('\n');
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

/** `count` free seats next to each other. Which ones follows from the file and BOXOFFICE_SEED, and from what was taken before. */
export async function freeSeats(event, count) {
  const [layout, taken] = await Promise.all([layoutOf(event), takenNow(event)]);
  const runs = layout.sections
    .filter((section) => section.kind === 'seated')
    .flatMap((section) =>
      section.tickets
        .map((_, index) => section.tickets.slice(index, index + count))
        .filter((run) => run.length === count && run.every((seat) => seat.row === run[0].row))
        .map((run) => run.map((seat) => ({ ...seat, section: section.name }))),
    );
  const start = nextNumber() % runs.length;
  const run = [...runs.slice(start), ...runs.slice(0, start)].find((seats) => seats.every((seat) => !taken.has(seat.number)));
  assert.ok(run, 'no free seats are left for the test');
  used.push(`seats of event ${event}, BOXOFFICE_SEED=${SEED}: ${run.map((seat) => `${seat.number} (${seat.section}, row ${seat.row}, seat ${seat.seat})`).join(', ')}`);
  return run;
}

export const layoutOf = async (event) => (await api(`/events/${event}/layout`)).data;

let drawn = 0;
function nextNumber() {
  const text = `${SEED} ${basename(process.argv[1])} ${(drawn += 1)}`;
  return createHash('sha256').update(text).digest().readUInt32BE();
}

export const seatAt = (page, seat) => page.locator(`.map-host [data-seat="${seat.number}"]`);

/** Opens an event on its map, with these seats of one section in sight, if any. */
export async function openMap(page, event, ...seats) {
  await page.goto(`${BASE}/events/${event.id}`);
  await page.locator('.map-host .block').first().waitFor();
  await page.locator('[data-link=live], [data-link=polling]').waitFor();
  if (seats.length > 0) await show(page, event, seats);
}

/** Waits until exactly so many elements are there. */
export async function shows(page, selector, count) {
  const is = ([wanted, number]) => document.querySelectorAll(wanted).length === number;
  await page.waitForFunction(is, [selector, count]).catch(async (error) => {
    assert.equal(await page.locator(selector).count(), count, `${selector}: ${error.message}`);
  });
}

/** A function that tells how many milliseconds the page has kept a processor busy since now. */
export async function processorClock(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value * 1_000;
  };
  const start = await busy();
  return async () => (await busy()) - start;
}

const STEPS_MAX = 40;

/** Brings seats into sight as a buyer does: to their section first, then with the buttons. */
export async function show(page, event, seats) {
  const number = event.sections.find((section) => section.name === seats[0].section).number;
  const block = page.locator(`.map-host [data-section="${number}"]`);
  await page.waitForFunction(() => document.querySelector('.map-host [tabindex]') !== null);
  await settledMap(page);
  if ((await block.getAttribute('aria-hidden')) !== 'true') await block.click();
  for (let step = 0; step < STEPS_MAX; step++) {
    await settledMap(page);
    const move = await page.evaluate(moveTowards, seats.map((seat) => seat.number));
    if (move === undefined) return;
    await page.getByRole('button', { name: move }).click();
  }
  assert.fail(`seats ${seats.map((seat) => seat.number)} could not be brought into sight`);
}

// A map that was moved draws its seats a few at a time.
function settledMap(page) {
  return page.evaluate(async () => {
    const picture = () => `${document.querySelector('.world').getAttribute('transform')} ${document.querySelectorAll('.map-host [data-seat]').length}`;
    for (let same = 0, before = ''; same < 3; ) {
      await new Promise(requestAnimationFrame);
      same = picture() === before ? same + 1 : 0;
      before = picture();
    }
  });
}

// In the page: the button that moves the map towards the seats; none when all are wholly in sight.
function moveTowards(numbers) {
  const map = document.querySelector('.map-host').getBoundingClientRect();
  const seats = [...document.querySelectorAll('.map-host [data-seat]')];
  const numberOf = (seat) => Number(seat.getAttribute('data-seat'));
  const boxes = seats.filter((seat) => numbers.includes(numberOf(seat))).map((seat) => seat.getBoundingClientRect());
  if (boxes.length < numbers.length) return numbers.every((number) => number < numberOf(seats[0])) ? 'Move up' : 'Move down';
  if (boxes.some((box) => box.top < map.top)) return 'Move up';
  if (boxes.some((box) => box.bottom > map.bottom)) return 'Move down';
  if (boxes.some((box) => box.left < map.left)) return 'Move left';
  if (boxes.some((box) => box.right > map.right)) return 'Move right';
  return undefined;
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
