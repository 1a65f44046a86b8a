import { useEffect, useState } from 'preact/hooks';
import { announce } from '../services/announce';
import { money } from '../services/format';
import { pay, resumePayment } from '../services/payments';
import { explain, ProblemError, refusal } from '../services/problem';
import type { EventRef, Payment, Reservation } from '../services/types';
import { Notice } from './notice';
import { TestCards } from './test-cards';

type Outcome = { tone: 'error' | 'warning'; title: string; detail: string };

/**
 * Pays for a held reservation. It stays visible while paying, so that the buyer can try again at once after a
 * declined card.
 */
export function PaymentForm({ event, reservation }: { event: EventRef; reservation: Reservation }) {
  const [card, setCard] = useState('');
  const [sending, setSending] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const busy = sending || reservation.status === 'paying';
  useEffect(() => {
    // Also shows the outcome of a payment that was in progress when the page was reloaded.
    resumePayment(event, reservation.id).then(
      (payment) => payment && setOutcome(outcomeOf(payment)),
      () => undefined,
    );
  }, [event, reservation.id]);
  const submit = async (submitted: SubmitEvent) => {
    submitted.preventDefault();
    if (busy) return;
    setSending(true);
    setOutcome(undefined);
    announce('Paying');
    try {
      setOutcome(outcomeOf(await pay(event, reservation.id, card.replace(/\D/g, ''))));
    } catch (error) {
      setOutcome(outcomeOfError(error));
    }
    setSending(false);
  };
  return (
    <form class="payment" onSubmit={submit}>
      <h2>Pay</h2>
      {outcome && !busy && (
        <Notice tone={outcome.tone} title={outcome.title}>
          {outcome.detail}
        </Notice>
      )}
      <label class="field">
        <span>Card number</span>
        <input
          name="card"
          inputMode="numeric"
          autocomplete="cc-number"
          required
          pattern="[0-9 ]{12,23}"
          title="12 to 19 digits"
          value={card}
          readOnly={busy}
          onInput={(input) => setCard(input.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button primary wide" aria-disabled={busy}>
        {busy ? 'Paying…' : `Pay ${money(reservation.total)}`}
      </button>
      <TestCards onUse={setCard} />
    </form>
  );
}

const AGAIN = 'Nothing was charged. Try again, or use another card, while your seats are held.';

function outcomeOf({ status, reason }: Payment): Outcome | undefined {
  if (status === 'declined' || status === 'failed') return notPaid(reason);
  if (status === 'refunded') {
    return { tone: 'warning', title: 'Refunded', detail: 'The seats were lost before the payment arrived. You have your money back.' };
  }
  return undefined;
}

function outcomeOfError(error: unknown): Outcome {
  const declined = refusal(error, 'payment-declined');
  if (declined) return notPaid(declined.reason);
  const title = error instanceof ProblemError ? error.problem.title : 'No answer yet';
  return { tone: 'error', title, detail: explain(error) };
}

function notPaid(reason: string | null | undefined): Outcome {
  if (reason === 'processing_error') return { tone: 'error', title: 'The payment failed', detail: AGAIN };
  const why = reason && reason !== 'card_declined' ? `: ${reason.replaceAll('_', ' ')}` : '';
  return { tone: 'error', title: `Card declined${why}`, detail: AGAIN };
}
