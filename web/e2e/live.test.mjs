import assert from 'node:assert/strict';
import { execSync } from 'node:child_process';
import {
  GOOD_CARD, freeSeats, going, hold, holdElsewhere, openMap, payWith, seatAt, shows, someone, test, theatre, useBrowser,
  visitor,
} from './support.mjs';

useBrowser();

/** Waits until a seat that another buyer holds turns on this page, which may be told of it, and may not ask. */
async function turnsUnasked(page, event, seat) {
  await page.route('**/availability', (route) => route.abort());
  await holdElsewhere(event.id, [seat.number]);
  await page.locator(`.map-host [data-seat="${seat.number}"]:not(.available, .chosen)`).waitFor();
  await page.unroute('**/availability');
}

test('a seat taken elsewhere turns without being asked for', async () => {
  const event = await theatre();
  const page = await visitor();
  const [seat] = await freeSeats(event.id, 1);
  await openMap(page, event, seat);
  await page.locator('[data-link=live]').waitFor();
  await turnsUnasked(page, event, seat);
});

test('who loses a chosen seat is told which, and keeps the rest', async () => {
  const event = await theatre();
  const seats = await freeSeats(event.id, 3);
  const page = await visitor();
  await openMap(page, event, ...seats);
  for (const seat of seats) await seatAt(page, seat).click();
  await holdElsewhere(event.id, [seats[1].number]);
  const notice = page.getByRole('alert').filter({ hasText: `Row ${seats[1].row}, seat ${seats[1].seat} has gone` });
  await notice.waitFor();
  assert.match(await notice.innerText(), /kept your other 2 seats/);
  await page.getByRole('button', { name: 'Hold 2 tickets' }).waitFor();
});

test('who clicks second is told which seat went, and keeps the rest', async () => {
  const event = await theatre();
  const seats = await freeSeats(event.id, 2);
  const page = await visitor();
  await openMap(page, event, ...seats);
  for (const seat of seats) await seatAt(page, seat).click();
  await page.getByLabel('Your e-mail').fill(someone());
  // The news is kept from this page, as if the other buyer had been faster by less than the network.
  await page.route('**/availability', (route) => route.abort());
  await page.route('**/stream', (route) => route.abort());
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.locator('[data-link=offline]').waitFor();
  await holdElsewhere(event.id, [seats[0].number]);
  await page.getByRole('button', { name: /^Hold \d ticket/ }).click();
  await page.getByRole('alert').filter({ hasText: `Row ${seats[0].row}, seat ${seats[0].seat} has gone` }).waitFor();
  await hold(page);
  await shows(page, '.reserved .lines li', 1);
});

test('of two browsers after the same seats at the same moment, one holds them', async () => {
  const event = await theatre();
  const seats = await freeSeats(event.id, 2);
  const pages = await Promise.all([visitor(), visitor()]);
  for (const page of pages) {
    await openMap(page, event, ...seats);
    for (const seat of seats) await seatAt(page, seat).click();
    await page.getByLabel('Your e-mail').fill(someone());
  }
  // At once, without the checks of a usual click: the seats of the slower page may turn while they run.
  await Promise.all(pages.map((page) => page.getByRole('button', { name: /^Hold 2 tickets/ }).evaluate((button) => button.click())));
  const ends = await Promise.all(
    pages.map((page) =>
      Promise.race([
        page.getByRole('heading', { level: 1, name: 'Held for you' }).waitFor().then(() => 'held'),
        page.getByRole('heading', { level: 1, name: 'Not held' }).waitFor().then(() => 'lost'),
        page.getByRole('alert').filter({ hasText: 'gone to someone else' }).waitFor().then(() => 'lost'),
      ]),
    ),
  );
  assert.deepEqual(ends.sort(), ['held', 'lost']);
});

test('seats keep turning when the stream cannot be had', async () => {
  const event = await theatre();
  const [seat] = await freeSeats(event.id, 1);
  const page = await visitor();
  await page.route('**/stream', (route) => route.fulfill({ status: 404 }));
  await page.goto(new URL(`/events/${event.id}`, process.env.BOXOFFICE_URL ?? 'http://127.0.0.1:8080').href);
  await page.locator('[data-link=polling]').waitFor();
  await page.getByRole('button', { name: 'Choose from a list' }).click();
  await page.getByRole('button', { name: new RegExp(`^${seat.section}`) }).click();
  await page.getByRole('button', { name: new RegExp(`^Row ${seat.row}\\b`) }).click();
  const button = page.getByRole('button', { name: new RegExp(`^Row ${seat.row}, seat ${seat.seat}, `) });
  await button.focus();
  await holdElsewhere(event.id, [seat.number]);
  await page.getByRole('button', { name: new RegExp(`^Row ${seat.row}, seat ${seat.seat}, taken`) }).waitFor();
  assert.equal(await button.evaluate((element) => element === document.activeElement), true, 'the focus stays');
});

const restart = process.env.BOXOFFICE_RESTART_API;
test('open pages survive a restart of the api', { skip: restart ? false : 'BOXOFFICE_RESTART_API is not set' }, async () => {
  const event = await theatre();
  const [paid, seen] = await freeSeats(event.id, 2);
  const [watching, paying] = await Promise.all([visitor(), visitor()]);
  await openMap(paying, event, paid);
  await seatAt(paying, paid).click();
  await hold(paying);
  await openMap(watching, event, seen);
  await watching.locator('[data-link=live]').waitFor();
  execSync(restart, { stdio: 'inherit', timeout: 60_000 });
  await payWith(paying, GOOD_CARD);
  await going(paying);
  await watching.locator('[data-link=live]').waitFor({ timeout: 30_000 });
  await turnsUnasked(watching, event, seen);
});
