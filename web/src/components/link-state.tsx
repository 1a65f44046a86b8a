import type { Booking } from '../live/booking';

const WORDS = {
  connecting: 'Connecting…',
  live: 'Live',
  polling: 'Updating every few seconds',
  offline: 'Offline: what you see may be old',
};

/** How fresh the seats on screen are. */
export function LinkState({ booking }: { booking: Booking }) {
  const link = booking.link.value;
  return (
    <p class={`link-state ${link}`} data-link={link}>
      <span class="dot" aria-hidden="true" /> {WORDS[link]}
    </p>
  );
}
