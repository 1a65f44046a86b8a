import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { PAGES } from './pages.mjs';
import { DESK, PHONE, freeSeats, openMap, seatAt, theatre, useBrowser, visitor } from './support.mjs';

useBrowser();

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SNAPSHOTS = new URL('./snapshots/', import.meta.url);

for (const [name, open] of Object.entries(PAGES)) {
  test(`${name}: no axe violations in either theme, and the expected tree`, async () => {
    const page = await visitor({ ...PHONE, colorScheme: 'light' });
    await open(page);
    await compare(name, await page.locator('body').ariaSnapshot());
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

/** Compares with the committed tree; what differs from run to run (numbers, dates, codes, what was last announced) is left out of both. */
async function compare(name, tree) {
  const stable = tree
    .replace(/(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d+ \w+ \d+ at [\d:]+ \w+|(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+ \w{3,4}\b/g, 'DATE')
    .replace(/ticket [A-Z0-9-]{6,}|: [A-Z0-9]{2,}-[A-Z0-9-]{4,}/g, 'CODE')
    .replace(/[\w./:-]*\/(events|api)\/[\w./-]*/g, 'URL')
    .replace(/(?<!level=)\d[\d,.:]*/g, 'N')
    .replace(/^- status.*\n?/gm, '')
    .replace(/\brow [A-Z]\b/gi, 'row R');
  const file = new URL(`${name.replaceAll(/[, ]+/g, '-')}.yml`, SNAPSHOTS);
  if (process.env.UPDATE_SNAPSHOTS) {
    await mkdir(SNAPSHOTS, { recursive: true });
    await writeFile(file, `${stable}\n`);
    return;
  }
  assert.equal(`${stable}\n`, await readFile(file, 'utf8'), `${name}: UPDATE_SNAPSHOTS=1 accepts a wanted change`);
}
