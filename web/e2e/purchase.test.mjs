import assert from 'node:assert/strict';
import {
  DECLINED_CARD, GOOD_CARD, PHONE, api, freeSeats, going, hold, openMap, payWith, reservationId, seatAt, shows, standing, takenNow,
  test, theatre, useBrowser, visitor,
} from './support.mjs';

useBrowser();

test('a purchase by mouse, from the list of events to the tickets', async () => {
  const event = await theatre();
  const seats = await freeSeats(event.id, 2);
  const page = await visitor();
  await openMap(page, event, ...seats);
  for (const seat of seats) await seatAt(page, seat).click();
  await shows(page, '.map-host [aria-pressed=true]', 2);
  await hold(page);
  await payWith(page, GOOD_CARD);
  await going(page);
  await shows(page, '.ticket img', 2);
  await page.waitForFunction(() => [...document.querySelectorAll('.ticket img')].every((img) => img.complete && img.naturalWidth > 0));
  const { data } = await api(`/events/${event.id}/reservations/${reservationId(page)}`);
  assert.equal(data.status, 'confirmed');
  assert.deepEqual(data.tickets.map((ticket) => ticket.number).sort(), seats.map((seat) => seat.number).sort());
});

test('a purchase on a phone, by touch', async () => {
  const event = await theatre();
  const [seat] = await freeSeats(event.id, 1);
  const page = await visitor(PHONE);
  await openMap(page, event, seat);
  await seatAt(page, seat).tap();
  await page.getByRole('button', { name: 'Review order' }).tap();
  await hold(page);
  await payWith(page, GOOD_CARD);
  await going(page);
});

test('standing tickets are bought by number', async () => {
  const event = await standing();
  const general = event.sections.find((section) => section.kind === 'general');
  const page = await visitor();
  await openMap(page, event);
  await page.locator(`.map-host [data-section="${general.number}"]`).click();
  await page.getByLabel('How many').fill('3');
  await hold(page);
  await shows(page, '.reserved .lines li', 3);
  await payWith(page, GOOD_CARD);
  await going(page);
});

test('the best seats are found together', async () => {
  const event = await theatre();
  const page = await visitor();
  await openMap(page, event);
  await page.getByRole('button', { name: 'Best available' }).click();
  await page.getByRole('button', { name: 'One more' }).click();
  await hold(page);
  await shows(page, '.reserved .lines li', 3);
});

test('a declined card is said so, and another one pays within the same hold', async () => {
  const event = await theatre();
  const [seat] = await freeSeats(event.id, 1);
  const page = await visitor();
  await openMap(page, event, seat);
  await seatAt(page, seat).click();
  await hold(page);
  const id = reservationId(page);
  await payWith(page, DECLINED_CARD);
  await page.getByRole('alert').filter({ hasText: 'Card declined' }).waitFor();
  await payWith(page, GOOD_CARD);
  await going(page);
  assert.equal(reservationId(page), id);
});

test('a hold that is given up frees its seat', async () => {
  const event = await theatre();
  const [seat] = await freeSeats(event.id, 1);
  const page = await visitor();
  await openMap(page, event, seat);
  await seatAt(page, seat).click();
  await hold(page);
  assert.ok((await takenNow(event.id)).has(seat.number));
  await page.getByRole('button', { name: 'Give these tickets up' }).click();
  await page.getByRole('button', { name: 'Keep' }).click();
  await page.getByRole('button', { name: 'Give these tickets up' }).and(page.locator(':focus')).press('Enter');
  await page.getByRole('button', { name: 'Yes, give up' }).click();
  await page.getByRole('heading', { level: 1, name: 'Given up' }).waitFor();
  await page.getByRole('button', { name: 'Choose others' }).click();
  await page.getByRole('button', { name: /^Hold 1 ticket/ }).waitFor();
  assert.ok(!(await takenNow(event.id)).has(seat.number));
});
