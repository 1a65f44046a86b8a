import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Booking } from '../live/booking';
import type { PlanSection, Row, Seat } from '../seatmap/plan';
import { plural, priceRange } from '../services/format';
import { Loading } from './loading';
import { ListSeats } from './list-seats';
import { pricesOf } from './sections-left';
import { useSeatChanges } from './use-seat-changes';

/** Chooses section, row and seat, with one list at a time of what is available now. */
export function ListChooser({ booking }: { booking: Booking }) {
  const plan = booking.plan.value;
  const [section, setSection] = useState<PlanSection>();
  const [row, setRow] = useState<Row>();
  const heading = useRef<HTMLHeadingElement>(null);
  const arrived = useRef(false);
  // In a layout effect, before the next key is handled: later, the buyer may already have moved the focus.
  useLayoutEffect(() => {
    if (arrived.current) heading.current?.focus();
    arrived.current = true;
  }, [section, row]);
  if (!plan) return <Loading what="the list" />;
  const choose = (one: PlanSection) => {
    if (one.kind === 'general') {
      booking.cart.best.value = { ...booking.cart.best.value, section: one.number, tier: undefined };
      booking.cart.way.value = 'best';
    } else setSection(one);
  };
  const rowName = row && (row.name === '' ? 'all seats' : `row ${row.name}`);
  return (
    <div class="list-chooser">
      <h3 ref={heading} tabIndex={-1}>
        {!section ? '1. Choose a section' : !row ? `2. ${section.name}: choose a row` : `3. ${section.name}, ${rowName}: choose seats`}
      </h3>
      {section && (
        <p class="steps-back">
          <button type="button" class="plain" onClick={() => (setRow(undefined), setSection(undefined))}>
            All sections
          </button>
          {row && (
            <button type="button" class="plain" onClick={() => setRow(undefined)}>
              All rows of {section.name}
            </button>
          )}
        </p>
      )}
      {!section && <Sections booking={booking} sections={plan.sections} onChoose={choose} />}
      {section && !row && <RowList booking={booking} section={section} onChoose={setRow} />}
      {section && row && <ListSeats key={row.name} booking={booking} section={section} row={row} />}
    </div>
  );
}

interface SectionsProps {
  booking: Booking;
  sections: PlanSection[];
  onChoose: (section: PlanSection) => void;
}

function Sections({ booking, sections, onChoose }: SectionsProps) {
  const { event, board } = booking;
  return (
    <ul class="choices">
      {sections.map((section) => {
        const info = event.sections.find((one) => one.number === section.number);
        const left = board.left(section.number).value ?? info?.available ?? 0;
        return (
          <li key={section.number}>
            <button type="button" aria-disabled={left === 0} onClick={() => left > 0 && onChoose(section)}>
              <span class="name">{section.name}</span>
              <span class="detail">
                {left === 0 ? 'sold out' : `${left} left`}
                {info && `, ${priceRange(pricesOf(event, info))}`}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function RowList({ booking, section, onChoose }: { booking: Booking; section: PlanSection; onChoose: (row: Row) => void }) {
  useSeatChanges(booking, section.number);
  const free = (seat: Seat) => booking.board.stateOf(seat.section, seat.number) === 'available';
  const rows = section.rows.map((row) => ({ row, free: row.seats.filter(free) })).filter((one) => one.free.length > 0);
  if (rows.length === 0) return <p>Nothing is left in {section.name} right now.</p>;
  return (
    <ul class="choices">
      {rows.map((one) => (
        <li key={one.row.name}>
          <button type="button" onClick={() => onChoose(one.row)}>
            <span class="name">{one.row.name === '' ? 'All seats' : `Row ${one.row.name}`}</span>
            <span class="detail">
              {plural(one.free.length, 'seat')} left, {priceRange(one.free.flatMap((seat) => seat.price ?? []))}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
