import { freeSeats, going, hold, openMap, seatAt, shows, test, theatre, useBrowser, visitor } from './support.mjs';

useBrowser();

/** What the list on the form promises of each card, and how that looks. */
const CARDS = {
  succeeds: ['going'],
  'is declined': ['Card declined'],
  'has insufficient funds': ['Card declined: insufficient funds'],
  'fails once, then succeeds': ['The payment failed', 'going'],
  'takes five seconds': ['going'],
  'loses the first answer': ['going'],
};

for (const [effect, outcomes] of Object.entries(CARDS)) {
  test(`the card that ${effect}`, async () => {
    const event = await theatre();
    const [seat] = await freeSeats(event.id, 1);
    const page = await visitor();
    await openMap(page, event, seat);
    await seatAt(page, seat).click();
    await hold(page);
    await shows(page, '.test-cards li', Object.keys(CARDS).length);
    for (const outcome of outcomes) {
      await page.getByRole('button', { name: `Use the card that ${effect}` }).click();
      await page.getByRole('button', { name: /^Pay €/ }).click();
      if (outcome === 'going') await going(page);
      else await page.getByRole('alert').getByText(outcome, { exact: true }).waitFor();
    }
  });
}
