import { effect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Booking } from '../live/booking';
import { SeatMap } from '../seatmap/map';
import type { Plan } from '../seatmap/plan';
import { Loading } from './loading';
import { MapLegend } from './map-legend';
import { Notice } from './notice';
import { pricesOf } from './sections-left';

const STEP = 1.6;
const PAN_PX = 120;
const HELP = 'map-help';

/** The seat map with its buttons and legend. */
export function MapChooser({ booking }: { booking: Booking }) {
  const plan = booking.plan.value;
  const error = booking.planError.value;
  if (error) {
    return (
      <Notice tone="error" title="The seat map could not be loaded">
        <p>{error}</p>
        <button type="button" class="button" onClick={() => booking.loadPlan()}>
          Try again
        </button>
      </Notice>
    );
  }
  return plan ? <LoadedMap booking={booking} plan={plan} /> : <Loading what="the seat map" />;
}

function LoadedMap({ booking, plan }: { booking: Booking; plan: Plan }) {
  const host = useRef<HTMLDivElement>(null);
  const map = useRef<SeatMap | undefined>(undefined);
  const [pointed, setPointed] = useState('');
  useEffect(() => {
    if (!host.current) return undefined;
    const made = mount(host.current, booking, plan, setPointed);
    map.current = made.map;
    return made.stop;
  }, [booking, plan]);
  const act = (step: (map: SeatMap) => void) => () => map.current && step(map.current);
  return (
    <div class="map-chooser">
      <div class="map-tools" role="group" aria-label="Move the map">
        <Tool label="Zoom in" sign="+" onClick={act((one) => one.zoom(STEP))} />
        <Tool label="Zoom out" sign="−" onClick={act((one) => one.zoom(1 / STEP))} />
        <Tool label="Show the whole house" sign="⤢" onClick={act((one) => one.showAll())} />
        <Tool label="Move left" sign="←" onClick={act((one) => one.pan(PAN_PX, 0))} />
        <Tool label="Move right" sign="→" onClick={act((one) => one.pan(-PAN_PX, 0))} />
        <Tool label="Move up" sign="↑" onClick={act((one) => one.pan(0, PAN_PX))} />
        <Tool label="Move down" sign="↓" onClick={act((one) => one.pan(0, -PAN_PX))} />
      </div>
      <div class="map-frame">
        <div class="map-host" ref={host} />
        <p class="pointed" aria-hidden="true" data-empty={pointed === ''}>
          {pointed}
        </p>
      </div>
      <p class="hint" id={HELP}>
        Pinch, use the buttons, or hold Ctrl and turn the wheel to zoom. With a keyboard: arrows move, Enter chooses, Escape shows
        the whole house.
      </p>
      <MapLegend booking={booking} />
    </div>
  );
}

function Tool({ label, sign, onClick }: { label: string; sign: string; onClick: () => void }) {
  return (
    <button type="button" aria-label={label} title={label} onClick={onClick}>
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}

// The map is outside the component tree: signals and the live feed update it directly.
function mount(host: HTMLElement, booking: Booking, plan: Plan, onPoint: (text: string) => void) {
  const { event, board, cart } = booking;
  const map = new SeatMap(host, {
    plan,
    helpId: HELP,
    stateOf: (seat) => board.stateOf(seat.section, seat.number),
    tierPlace: (tier) => event.tiers.findIndex((one) => one.number === tier),
    pricesOf: (section) => pricesOf(event, event.sections.find((one) => one.number === section.number) ?? { tiers: [] }),
    onToggle: (seat) => booking.toggle(seat.number),
    onGeneral: (section) => {
      cart.best.value = { ...cart.best.value, section, tier: undefined };
      cart.way.value = 'best';
    },
    onPoint,
  });
  const stops = [
    booking.onSeats((changes) => map.update(changes)),
    effect(() => map.setMine(new Set(cart.seats.value), booking.own.value, booking.asking.value)),
    ...plan.sections.map((section) => effect(() => map.setLeft(section.number, board.left(section.number).value))),
    () => map.destroy(),
  ];
  return { map, stop: () => stops.forEach((stop) => stop()) };
}
