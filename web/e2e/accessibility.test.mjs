import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { PAGES } from './pages.mjs';
import { DESK, PHONE, freeSeats, openMap, seatAt, test, theatre, useBrowser, visitor } from './support.mjs';

useBrowser();

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const LOADED_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 100;
const SNAPSHOTS = new URL('./snapshots/', import.meta.url);

for (const [name, open] of Object.entries(PAGES)) {
  test(`${name}: fits a phone, no axe violations in either theme, the expected tree`, async () => {
    const page = await visitor({ ...PHONE, colorScheme: 'light' });
    await open(page);
    await compare(name, page);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= PHONE.viewport.width, `${name} is ${width} px wide on a phone`);
    await page.evaluate(AXE);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await violations(page), [], `${name}, ${colorScheme}`);
    }
  });
}

test('a seat says its row, number, state and price, and seats of the map pass axe', async () => {
  const event = await theatre();
  const [seat] = await freeSeats(event.id, 1);
  const page = await visitor(DESK);
  await openMap(page, event, seat);
  const tree = await page.locator('.map-host').ariaSnapshot();
  assert.match(tree, new RegExp(`button "Row ${seat.row}, seat ${seat.seat}, available, €[\\d.]+`));
  await seatAt(page, seat).click();
  assert.match(await page.locator('.map-host').ariaSnapshot(), new RegExp(`"Row ${seat.row}, seat ${seat.seat}, chosen, .*\\[pressed\\]`));
  await page.evaluate(AXE);
  assert.deepEqual(await violations(page), []);
});

test('targets are at least 24 pixels, seats included once a finger may choose them', async () => {
  const event = await theatre();
  const [seat] = await freeSeats(event.id, 1);
  const page = await visitor(PHONE);
  await openMap(page, event, seat);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('button, a, input, select, summary')]
      .map((element) => ({ name: element.getAttribute('aria-label') ?? element.textContent, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && box.bottom > 0 && (box.width < 24 || box.height < 24))
      .map(({ name, box }) => `${name}: ${box.width} × ${box.height}`),
  );
  assert.deepEqual(small, []);
  const apart = await page.evaluate((number) => {
    const middle = (element) => {
      const box = element.getBoundingClientRect();
      return box.x + box.width / 2;
    };
    const element = document.querySelector(`[data-seat="${number}"]`);
    const neighbour = element.nextElementSibling?.hasAttribute('data-seat') ? element.nextElementSibling : element.previousElementSibling;
    return Math.abs(middle(element) - middle(neighbour));
  }, seat.number);
  assert.ok(apart >= 24, `seats are ${apart} px apart`);
});

async function violations(page) {
  const found = await page.evaluate(
    (rules) => window.axe.run(document, { runOnly: { type: 'tag', values: rules } }).then((result) => result.violations),
    RULES,
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ''}`).join('; ')}`);
}

/** What differs from run to run and says nothing about the page: which seats were free, dates, codes, the last announcement. */
const UNSTABLE = [
  [/(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,? \d+ \w+ \d+ at [\d:]+ \w+/g, 'DATE'],
  [/(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+ \w{3,4}\b/g, 'DATE'],
  [/\b[A-Z0-9]{16}\b/g, 'CODE'],
  [/\/events\/[\w/-]+/g, 'URL'],
  [/(?<!level=)\d+([.,:]\d+)*/g, 'N'],
  [/\brow [A-Z]\b/gi, 'row R'],
  [/(paragraph|listitem): .*(row R, seat N)[^"\n]*/g, '$1: SEAT'],
  [/(heading "N\. ).*(row R: choose seats)/g, '$1SECTION, $2'],
  [/All rows of [^"]+/g, 'All rows of SECTION'],
  [/( +- listitem:\n +- button "row R, seat N, available, €N"\n)+/g, '$1'],
  [/paragraph: (Live|Updating every few seconds|Connecting…)/g, 'paragraph: FRESHNESS'],
  [/^- status.*\n?/gm, ''],
];

async function stableTree(page) {
  const tree = await page.locator('body').ariaSnapshot();
  return `${UNSTABLE.reduce((text, [pattern, word]) => text.replace(pattern, word), `${tree}\n`).trimEnd()}\n`;
}

/** Compares with the committed tree, once what still loads is there. */
async function compare(name, page) {
  const file = new URL(`${name.replaceAll(/[, ]+/g, '-')}.yml`, SNAPSHOTS);
  if (process.env.UPDATE_SNAPSHOTS) {
    await mkdir(SNAPSHOTS, { recursive: true });
    await page.waitForTimeout(LOADED_WITHIN_MS);
    await writeFile(file, await stableTree(page));
    return;
  }
  const wanted = await readFile(file, 'utf8');
  let tree = await stableTree(page);
  for (const end = Date.now() + LOADED_WITHIN_MS; tree !== wanted && Date.now() < end; tree = await stableTree(page)) {
    await page.waitForTimeout(LOOK_AGAIN_MS);
  }
  assert.equal(tree, wanted, `${name}: UPDATE_SNAPSHOTS=1 accepts a wanted change`);
}
