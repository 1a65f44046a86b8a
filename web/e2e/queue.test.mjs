import assert from 'node:assert/strict';
import { freeSeats, holdElsewhere, openMap, seatAt, shows, someone, test, theatre, useBrowser, visitor } from './support.mjs';

useBrowser();

/** Sends the page's request on without waiting, so that it is answered as pending, as in a long queue. */
async function dontWait(page, between) {
  await page.route('**/reservations', async (route) => {
    const { prefer, ...headers } = route.request().headers();
    assert.match(prefer, /^wait=\d+$/);
    await between?.();
    await route.continue({ headers });
  });
}

test('a request in the queue is shown as pending, and its hold arrives by itself', async () => {
  const event = await theatre();
  const [seat] = await freeSeats(event.id, 1);
  const page = await visitor();
  await openMap(page, event, seat);
  await seatAt(page, seat).click();
  await dontWait(page);
  // No news of the reservation reaches the page for a while, as when the queue is long.
  const news = /\/reservations\/[^/]+$/;
  await page.route(news, (route) => route.abort());
  await page.getByLabel('Your e-mail').fill(someone());
  await page.getByRole('button', { name: 'Hold 1 ticket' }).click();
  await page.getByRole('heading', { level: 1, name: 'In the queue' }).waitFor();
  await page.getByRole('button', { name: 'Cancel this request' }).waitFor();
  assert.match(new URL(page.url()).pathname, /\/reservations\/[0-9a-f-]{36}$/);
  await page.unroute(news);
  await page.getByRole('heading', { level: 1, name: 'Held for you' }).waitFor();
});

test('a request that loses in the queue says which seat went, and the rest stays in the order', async () => {
  const event = await theatre();
  const seats = await freeSeats(event.id, 2);
  const page = await visitor();
  await openMap(page, event, ...seats);
  for (const seat of seats) await seatAt(page, seat).click();
  await page.getByLabel('Your e-mail').fill(someone());
  await dontWait(page, () => holdElsewhere(event.id, [seats[0].number]));
  const answer = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('button', { name: 'Hold 2 tickets' }).click();
  // Refused at once where the house knew already, else by the queue: either way the other seat is kept.
  const queued = (await answer).status() === 202;
  const gone = `Row ${seats[0].row}, seat ${seats[0].seat} has gone to someone else`;
  await page.getByText(gone).first().waitFor();
  if (queued) await page.getByRole('button', { name: 'Choose again' }).click();
  await page.getByRole('button', { name: 'Hold 1 ticket' }).waitFor();
  await shows(page, '.order .lines li', 1);
});
