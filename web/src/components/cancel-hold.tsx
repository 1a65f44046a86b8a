import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { cancelReservation } from '../services/reservations';
import { explain } from '../services/problem';
import type { EventRef } from '../services/types';
import { Notice } from './notice';

/** Cancels the hold, after a confirmation: on a busy sale the seats are taken again at once. */
export function CancelHold({ event, id, label }: { event: EventRef; id: string; label: string }) {
  const [step, setStep] = useState<'rest' | 'sure' | 'sent'>('rest');
  const [problem, setProblem] = useState<string>();
  const yes = useRef<HTMLButtonElement>(null);
  const first = useRef<HTMLButtonElement>(null);
  const wasAsked = useRef(false);
  useLayoutEffect(() => {
    // The button that had the focus was just removed.
    if (step === 'sure') yes.current?.focus();
    else if (wasAsked.current) first.current?.focus();
    wasAsked.current = step === 'sure';
  }, [step]);
  const cancel = async () => {
    setStep('sent');
    setProblem(undefined);
    try {
      await cancelReservation(event, id);
    } catch (error) {
      setProblem(explain(error));
      setStep('rest');
    }
  };
  return (
    <div class="cancel-hold">
      {problem && <Notice tone="error">{problem}</Notice>}
      {step === 'sure' ? (
        <p>
          Really give them up?{' '}
          <button type="button" class="button danger" onClick={cancel} ref={yes}>
            Yes, give up
          </button>{' '}
          <button type="button" class="button" onClick={() => setStep('rest')}>
            Keep
          </button>
        </p>
      ) : (
        <button type="button" class="plain" ref={first} aria-disabled={step === 'sent'} onClick={() => step === 'rest' && setStep('sure')}>
          {step === 'sent' ? 'Giving up…' : label}
        </button>
      )}
    </div>
  );
}
