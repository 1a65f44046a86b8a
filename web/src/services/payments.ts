import { ask } from './http';
import { attemptFor, endingAttempt } from './idempotency';
import { recall, remember } from './memory';
import { reservationPath } from './reservations';
import { pause, persist } from './retry';
import type { EventRef, Payment } from './types';

const WAIT_S = 10;
const TIMEOUT_MS = (WAIT_S + 5) * 1000;
const LONGEST_MS = 120_000;

/** Pays, and follows the payment to its end. The card number goes only to the server. */
export async function pay(event: EventRef, reservation: string, card: string): Promise<Payment> {
  const scope = payScope(reservation);
  // Store only the last digits of the card; with the key they identify the charge.
  const attempt = attemptFor(scope, card.slice(-4));
  const send = () =>
    ask<Payment>(`${reservationPath(event, reservation)}/payments`, {
      method: 'POST',
      body: { card },
      headers: { 'idempotency-key': attempt.key, prefer: `wait=${WAIT_S}` },
      timeoutMs: TIMEOUT_MS,
    });
  return endingAttempt(scope, async () => {
    const payment = (await persist(send)).data;
    remember(paymentName(reservation), payment.id);
    return settle(event, reservation, payment);
  });
}

/** The outcome of the payment that was in progress when the page was left, if any. */
export async function resumePayment(event: EventRef, reservation: string): Promise<Payment | undefined> {
  const id = recall<string>(paymentName(reservation));
  if (id === undefined) return undefined;
  return settle(event, reservation, await readPayment(event, reservation, id));
}

async function settle(event: EventRef, reservation: string, first: Payment): Promise<Payment> {
  const end = performance.now() + LONGEST_MS;
  let payment = first;
  while (payment.status === 'processing' && performance.now() < end) {
    const asked = performance.now();
    payment = await persist(() => readPayment(event, reservation, payment.id));
    // If the server does not wait before it responds, do not ask in a tight loop.
    if (payment.status === 'processing') await pause(Math.max(0, 500 - (performance.now() - asked)));
  }
  return payment;
}

async function readPayment(event: EventRef, reservation: string, id: string): Promise<Payment> {
  const path = `${reservationPath(event, reservation)}/payments/${encodeURIComponent(id)}`;
  return (await ask<Payment>(path, { headers: { prefer: `wait=${WAIT_S}` }, timeoutMs: TIMEOUT_MS })).data;
}

function payScope(reservation: string): string {
  return `pay.${reservation}`;
}

function paymentName(reservation: string): string {
  return `payment.${reservation}`;
}
