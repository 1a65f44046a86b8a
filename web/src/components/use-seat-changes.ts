import { useEffect, useState } from 'preact/hooks';
import type { Booking } from '../live/booking';

/** Renders the component again when a seat of the section changes. */
export function useSeatChanges(booking: Booking, section: number): void {
  const [, setRound] = useState(0);
  useEffect(
    () =>
      booking.onSeats((changes) => {
        const seats = booking.plan.value?.seats;
        if (changes.some(([ticket]) => seats?.get(ticket)?.section === section)) setRound((round) => round + 1);
      }),
    [booking, section],
  );
}
