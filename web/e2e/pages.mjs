// Every page and state that a buyer can meet, and how to get there.
import {
  BASE, DECLINED_CARD, GOOD_CARD, freeSeats, going, hold, openMap, payWith, seatAt, shortHolds, standing, theatre, upcoming,
} from './support.mjs';

async function held(page) {
  const event = await theatre();
  const [seat] = await freeSeats(event.id, 1);
  await openMap(page, event, seat);
  await seatAt(page, seat).click();
  await hold(page);
}

async function at(page, event, heading) {
  await page.goto(`${BASE}/events/${event.id}`);
  await page.getByRole('heading', { name: heading }).waitFor();
}

const settled = (page) => page.locator('[data-link=live], [data-link=polling]').waitFor();

async function list(page, steps) {
  await at(page, await theatre(), 'Choose your tickets');
  await settled(page);
  await page.getByRole('button', { name: 'Choose from a list' }).click();
  for (let step = 0; step < steps; step++) await page.locator('.choices button').last().click();
  await page.getByRole('heading', { level: 3 }).waitFor();
}

export const PAGES = {
  events: async (page) => {
    await page.goto(BASE);
    await page.locator('.event-row').first().waitFor();
  },
  'event on the map': async (page) => {
    await openMap(page, await theatre());
    await page.waitForFunction(() => document.querySelector('.map-host [tabindex]') !== null);
  },
  'event, sections of the list': (page) => list(page, 0),
  'event, seats of the list': (page) => list(page, 2),
  'event, best available': async (page) => {
    await at(page, await standing(), 'Choose your tickets');
    await settled(page);
    await page.getByRole('button', { name: 'Best available' }).click();
  },
  'event to come': async (page) => {
    await at(page, await upcoming(), 'Sections and prices');
  },
  held,
  declined: async (page) => {
    await held(page);
    await payWith(page, DECLINED_CARD);
    await page.getByRole('alert').filter({ hasText: 'Card declined' }).waitFor();
  },
  'run out': async (page) => {
    const event = await shortHolds();
    const [seat] = await freeSeats(event.id, 1);
    await openMap(page, event, seat);
    await seatAt(page, seat).click();
    await hold(page);
    await page.getByRole('heading', { level: 1, name: 'Your hold has run out' }).waitFor();
  },
  tickets: async (page) => {
    await held(page);
    await payWith(page, GOOD_CARD);
    await going(page);
    await page.getByRole('link', { name: 'Tickets to print' }).click();
    await page.getByRole('heading', { level: 1, name: 'Your tickets' }).waitFor();
    await page.locator('.ticket').first().waitFor();
  },
  missing: async (page) => {
    await page.goto(`${BASE}/nowhere`);
    await page.getByRole('heading', { level: 1, name: 'Nothing here' }).waitFor();
  },
};
