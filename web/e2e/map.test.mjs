import assert from 'node:assert/strict';
import { DESK, PHONE, layoutOf, openMap, seatAt, show, test, theatre, useBrowser, visitor } from './support.mjs';

useBrowser();

const scaleOf = (page) => page.evaluate(() => Number(/scale\(([\d.]+)\)/.exec(document.querySelector('.world').getAttribute('transform'))[1]));
/** Waits until the map is larger than that; says how large. */
async function scaleAbove(page, least) {
  for (let looks = 0; looks < 100; looks++) {
    const scale = await scaleOf(page);
    if (scale > least) return scale;
    await frame(page);
  }
  return assert.fail(`the map's scale is ${await scaleOf(page)}, not above ${least}`);
}
const middleOf = async (page) => {
  const box = await page.locator('.map-host').boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
};
const frame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

test('a bare wheel scrolls the page, and with Ctrl it zooms the map', async () => {
  const page = await visitor(DESK);
  await openMap(page, await theatre());
  const at = await middleOf(page);
  await page.mouse.move(at.x, at.y);
  const before = await scaleOf(page);
  await page.mouse.wheel(0, 120);
  await page.waitForFunction(() => scrollY > 0);
  assert.equal(await scaleOf(page), before);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -120);
  await page.keyboard.up('Control');
  await scaleAbove(page, before);
});

test('the buttons zoom and move, and a drag moves without choosing a seat', async () => {
  const page = await visitor(DESK);
  await openMap(page, await theatre());
  const whole = await scaleOf(page);
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await scaleAbove(page, whole);
  const transform = () => page.locator('.world').getAttribute('transform');
  const before = await transform();
  const at = await middleOf(page);
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x - 80, at.y - 60, { steps: 8 });
  await page.mouse.up();
  assert.notEqual(await transform(), before);
  await frame(page);
  assert.equal(await page.locator('.map-host .chosen').count(), 0);
  await page.getByRole('button', { name: 'Show the whole house' }).click();
  assert.equal(await scaleOf(page), whole);
});

test('two fingers zoom, and a finger on a seat too small to hit comes closer instead of choosing', async () => {
  const event = await theatre();
  const page = await visitor(PHONE);
  await openMap(page, event);
  const touch = await page.context().newCDPSession(page);
  const at = await middleOf(page);
  const fingers = (apart) => [
    { x: at.x - apart, y: at.y, id: 1 },
    { x: at.x + apart, y: at.y, id: 2 },
  ];
  const whole = await scaleOf(page);
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: fingers(40) });
  for (let apart = 45; apart <= 80; apart += 5) {
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: fingers(apart) });
  }
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  const pinched = await scaleAbove(page, whole * 1.3);
  const seats = page.locator('.map-host .seat.available');
  await seats.first().waitFor();
  const small = await page.evaluate(() => {
    const map = document.querySelector('.map-host').getBoundingClientRect();
    for (const seat of document.querySelectorAll('.map-host .seat.available')) {
      const box = seat.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      if (x > map.x + 20 && x < map.right - 20 && y > map.y + 20 && y < map.bottom - 20) return { x, y, width: box.width };
    }
    return undefined;
  });
  assert.ok(small && small.width < 18, JSON.stringify(small));
  await page.touchscreen.tap(small.x, small.y);
  await scaleAbove(page, pinched);
  await frame(page);
  assert.equal(await page.locator('.map-host .chosen').count(), 0);
});

/** The seat that a click in the middle of this one hits. */
function topmostAt(page, seat) {
  return seatAt(page, seat).evaluate((element) => {
    element.scrollIntoView({ block: 'center', behavior: 'instant' });
    const { x, y, width, height } = element.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2)?.getAttribute('data-seat');
  });
}

for (const [size, options] of Object.entries({ desk: DESK, phone: PHONE })) {
  test(`the corners of every section can be reached, and nothing lies over them, ${size}`, async () => {
    const event = await theatre();
    const { sections } = await layoutOf(event.id);
    const page = await visitor(options);
    await openMap(page, event);
    for (const { name, tickets } of sections) {
      for (const corner of [tickets[0], tickets.at(-1)]) {
        await page.getByRole('button', { name: 'Show the whole house' }).click();
        await show(page, event, [{ ...corner, section: name }]);
        assert.equal(await topmostAt(page, corner), String(corner.number), `${name}, row ${corner.row}, seat ${corner.seat}`);
      }
    }
  });
}
