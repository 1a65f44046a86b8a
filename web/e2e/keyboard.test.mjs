import assert from 'node:assert/strict';
import { BASE, GOOD_CARD, api, going, openMap, someone, test, theatre, useBrowser, visitor } from './support.mjs';

useBrowser();

/** Presses Tab until the focus is on an element whose name matches. */
async function tabTo(page, name, most = 60) {
  for (let presses = 0; presses < most; presses++) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    if (name.test(at)) return at;
  }
  return assert.fail(`Tab never reached ${name}; it ended on "${await focused(page)}"`);
}

function focused(page) {
  return page.evaluate(() => {
    const at = document.activeElement;
    return at?.getAttribute('aria-label') ?? at?.labels?.[0]?.textContent ?? at?.textContent ?? '';
  });
}

/** Waits until the focus is on an element whose name matches, and says its name. */
async function focusOn(page, name) {
  let at = '';
  for (let looks = 0; looks < 100; looks++) {
    at = await focused(page);
    if (name.test(at)) return at;
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  return assert.fail(`the focus is on "${at}", not on ${name}`);
}

const heading = (page, name) => page.getByRole('heading', { name }).waitFor();

test('a purchase by keyboard alone, through the list', async () => {
  const event = await theatre();
  const page = await visitor();
  await page.goto(BASE);
  await page.locator('.event-row').first().waitFor();
  await tabTo(page, new RegExp(event.name.slice(0, 12).replace(/[^\w ]/g, '.')));
  await page.keyboard.press('Enter');
  await heading(page, 'Choose your tickets');
  assert.match(await tabTo(page, /./), /^Choose from a list$/, 'the list is the first Tab stop of the page’s content');
  await page.keyboard.press('Enter');
  await heading(page, '1. Choose a section');
  await tabTo(page, / left, /);
  await page.keyboard.press('Enter');
  await heading(page, /^2\. .*choose a row$/);
  await tabTo(page, /^Row .* left, /);
  await page.keyboard.press('Enter');
  await heading(page, /^3\. .*choose seats$/);
  const seat = await tabTo(page, /^Row \w+, seat \d+, available, /);
  assert.match(seat, /^Row \w+, seat \d+, available, €\d+/);
  await page.keyboard.press('Space');
  // The focus stays on the seat, which now says that it is chosen.
  await focusOn(page, /, chosen, /);
  await tabTo(page, /Your e-mail/);
  await page.keyboard.type(someone());
  await page.keyboard.press('Enter');
  await heading(page, 'Held for you');
  // The focus starts at the new page's heading.
  await focusOn(page, /^Held for you$/);
  await tabTo(page, /Card number/);
  await page.keyboard.type(GOOD_CARD);
  await page.keyboard.press('Enter');
  await going(page);
  await focusOn(page, /^You’re going$/);
});

test('the map is one Tab stop, and arrows lead from seat to seat', async () => {
  const event = await theatre();
  const page = await visitor();
  await openMap(page, event);
  await page.getByRole('button', { name: 'Move down' }).focus();
  await page.keyboard.press('Tab');
  if (/show seats$/.test(await focused(page))) await page.keyboard.press('Enter');
  const first = await focusOn(page, /^Row \w+, seat \d+, /);
  await page.keyboard.press('ArrowRight');
  const second = await focused(page);
  assert.notEqual(second, first);
  assert.equal(second.split(',')[0], first.split(',')[0], 'the same row');
  await page.keyboard.press('ArrowDown');
  assert.notEqual((await focused(page)).split(',')[0], second.split(',')[0]);
  const number = await page.evaluate(() => document.activeElement.getAttribute('data-seat'));
  const stops = await page.locator('.map-host [tabindex]').count();
  assert.equal(stops, 1, 'one Tab stop in the map');
  if (/available/.test(await focused(page))) {
    await page.keyboard.press('Enter');
    await focusOn(page, /, chosen, /);
  }
  await page.keyboard.press('Escape');
  await page.keyboard.press('+');
  await page.keyboard.press('Tab');
  assert.doesNotMatch(await focused(page), /^Row/, 'Tab leaves the map');
  const { data } = await api(`/events/${event.id}/layout`);
  assert.ok(data.sections.some((section) => section.tickets?.some((ticket) => String(ticket.number) === number)));
});
