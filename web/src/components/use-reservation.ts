import { useEffect, useState } from 'preact/hooks';
import { followReservation, isFinal } from '../live/follow-reservation';
import { forgetReservation } from '../services/own-hold';
import type { ProblemError } from '../services/problem';
import { takeAnswer, type Timed } from '../services/reservations';

export interface Followed {
  timed: Timed | undefined;
  refused: ProblemError | undefined;
  /** False while the server cannot be reached. */
  up: boolean;
}

/** A reservation as it changes, until its final state. */
export function useReservation(event: string, id: string): Followed {
  const [timed, setTimed] = useState<Timed | undefined>(() => takeAnswer(id));
  const [refused, setRefused] = useState<ProblemError>();
  const [up, setUp] = useState(true);
  useEffect(
    () =>
      followReservation(event, id, {
        onState: (next) => {
          if (isFinal(next.reservation.status)) forgetReservation(event, id);
          setTimed(next);
        },
        onRefused: setRefused,
        onLink: setUp,
      }),
    [event, id],
  );
  return { timed, refused, up };
}
