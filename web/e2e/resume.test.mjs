import assert from 'node:assert/strict';
import {
  BASE, GOOD_CARD, SLOW_CARD, api, freeSeats, going, hold, openMap, payWith, reservationId, seatAt, shortHolds, shows, someone,
  takenNow, test, theatre, useBrowser, visitor,
} from './support.mjs';

useBrowser();

const held = (page) => page.getByRole('heading', { level: 1, name: 'Held for you' }).waitFor();

test('a reload at every step loses nothing and books nothing twice', async () => {
  const event = await theatre();
  const seats = await freeSeats(event.id, 2);
  const page = await visitor();
  await openMap(page, event, ...seats);
  for (const seat of seats) await seatAt(page, seat).click();
  const customer = someone();
  await page.getByLabel('Your e-mail').fill(customer);

  await page.reload();
  await page.getByRole('button', { name: 'Hold 2 tickets' }).waitFor();
  assert.equal(await page.getByLabel('Your e-mail').inputValue(), customer);

  // The request reaches the server, and its answer is lost with the page that asked.
  const keys = [];
  let arrived;
  const sent = new Promise((resolve) => (arrived = resolve));
  await page.route('**/reservations', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (keys.length > 1) return route.continue();
    await route.fetch();
    return arrived();
  });
  await page.getByRole('button', { name: 'Hold 2 tickets' }).click();
  await sent;
  await page.reload();
  await held(page);
  assert.equal(new Set(keys).size, 1, 'the same wish travels under the same key');
  const id = reservationId(page);
  const taken = await takenNow(event.id);
  assert.ok(seats.every((seat) => taken.has(seat.number)));

  await page.reload();
  await held(page);
  assert.equal(reservationId(page), id);

  await payWith(page, SLOW_CARD);
  await page.getByRole('heading', { level: 1, name: 'Paying' }).waitFor();
  await page.reload();
  await going(page);
  assert.equal(reservationId(page), id);

  await page.reload();
  await shows(page, '.ticket', 2);
  await page.getByRole('link', { name: 'Tickets to print' }).click();
  await page.getByRole('heading', { level: 1, name: 'Your tickets' }).waitFor();
  await page.reload();
  await shows(page, '.ticket', 2);
});

test('a double click books once', async () => {
  const event = await theatre();
  const [seat] = await freeSeats(event.id, 1);
  const page = await visitor();
  await openMap(page, event, seat);
  await seatAt(page, seat).click();
  await page.getByLabel('Your e-mail').fill(someone());
  const posts = [];
  page.on('request', (request) => request.method() === 'POST' && posts.push(request.headers()['idempotency-key']));
  await page.getByRole('button', { name: 'Hold 1 ticket' }).dblclick();
  await held(page);
  assert.equal(new Set(posts).size, 1);
  const { data } = await api(`/events/${event.id}/reservations/${reservationId(page)}`);
  assert.equal(data.tickets.length, 1);
});

test('a hold runs out on screen, keeps its seats in mind, and can be had again', async () => {
  const event = await shortHolds();
  const [seat] = await freeSeats(event.id, 1);
  const page = await visitor();
  await openMap(page, event, seat);
  await seatAt(page, seat).click();
  await hold(page);
  await page.getByRole('timer').waitFor();
  const first = reservationId(page);
  await page.getByRole('heading', { level: 1, name: 'Your hold has run out' }).waitFor();
  // The clock on screen ends a moment before the server's: wait until the house has the seat back.
  await page.waitForFunction(
    async ([url, id]) => (await (await fetch(`${url}/reservations/${id}`)).json()).status === 'expired',
    [`${BASE}/api/v1/events/${event.id}`, first],
  );
  await page.getByRole('button', { name: 'Hold 1 ticket again' }).click();
  await held(page);
  assert.notEqual(reservationId(page), first);
  await payWith(page, GOOD_CARD);
  await going(page);
});

test('a reservation that never was is said so', async () => {
  const event = await theatre();
  const page = await visitor();
  await page.goto(`${BASE}/events/${event.id}/reservations/00000000-0000-4000-8000-000000000000`);
  await page.getByRole('heading', { level: 1, name: 'No such reservation' }).waitFor();
});
