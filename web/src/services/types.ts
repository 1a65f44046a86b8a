/** The types of the API, version 1. Times are RFC 3339 UTC, money is in minor units. */

export interface Money {
  amount: number;
  currency: string;
}

export type EventStatus = 'upcoming' | 'on_sale' | 'paused' | 'closed';

export interface Tier {
  number: number;
  name: string;
  price: Money;
}

export interface Section {
  number: number;
  name: string;
  kind: 'seated' | 'general';
  tiers: number[];
  capacity: number;
  available: number;
  version: number;
}

/** An event's id, as it stands in an address or in an answer. */
export type EventRef = string | number;

export interface Event {
  id: number;
  name: string;
  venue: string;
  starts_at: string;
  on_sale_at: string;
  status: EventStatus;
  hold_seconds: number;
  tickets_per_reservation: number;
  tickets_per_customer: number | null;
  tiers: Tier[];
  sections: Section[];
  layout_version: number;
  server_now: string;
}

export interface EventList {
  events: Event[];
  /** Where the next page begins, when there is one. */
  next: string | null;
}

export interface LayoutTicket {
  number: number;
  row: string;
  seat: string;
  tier: number;
  x: number;
  y: number;
  accessible: boolean;
}

export interface LayoutSection {
  number: number;
  name: string;
  kind: 'seated' | 'general';
  tickets: LayoutTicket[];
}

export interface Layout {
  sections: LayoutSection[];
}

/** A ticket number, or the first and last of an unbroken run of them. */
export type NumberOrRange = number | [number, number];

export interface SectionAvailability {
  number: number;
  version: number;
  available: number;
  taken: NumberOrRange[];
}

export interface Availability {
  server_now: string;
  sections: SectionAvailability[];
}

export interface SectionDelta {
  number: number;
  version: number;
  available: number;
  changes: { state: 'available' | 'held' | 'sold' | 'blocked'; tickets: NumberOrRange[] }[];
}

export interface AvailabilityDelta {
  sections: SectionDelta[];
}

export interface Best {
  quantity: number;
  section?: number;
  tier?: number;
  together: boolean;
}

export interface ReservationRequest {
  customer: string;
  tickets?: number[];
  best?: Best;
}

export type ReservationStatus =
  | 'pending'
  | 'held'
  | 'paying'
  | 'confirmed'
  | 'rejected'
  | 'cancelled'
  | 'expired'
  | 'refunded';

export interface ReservedTicket {
  number: number;
  label: string;
  section: number;
  tier: number;
  price: Money;
}

export interface Reservation {
  id: string;
  event: number;
  /** Null until the front door that responds has received the outcome. */
  customer: string | null;
  status: ReservationStatus;
  /** Increases with every change of state. */
  revision: number;
  tickets: ReservedTicket[];
  total: Money;
  created_at: string | null;
  expires_at: string | null;
  expires_in_ms: number | null;
  server_now: string;
  reason: string | null;
  /** The requested tickets that were not available, if that was the reason. */
  conflicts?: number[];
  /** Only while pending. */
  queue?: { eta_ms: number };
}

export type PaymentStatus = 'processing' | 'succeeded' | 'declined' | 'failed' | 'refunded';

export interface Payment {
  id: string;
  status: PaymentStatus;
  reason: string | null;
  /** Null until the front door that responds has received the outcome. */
  amount: Money | null;
  card_last4: string | null;
}

export interface IssuedTicket {
  number: number;
  label: string;
  /** The name of its section. */
  section: string;
  code: string;
  qr: string;
}

export interface IssuedTickets {
  tickets: IssuedTicket[];
}

/** RFC 9457, with the fields that some of its types add. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  reason?: string;
  errors?: { field: string; detail: string }[];
  /** The requested tickets that are not available. */
  tickets?: number[];
  limit?: number;
  /** Seconds. */
  retry_after?: number;
  reservation?: string;
  payment?: string;
  state?: string;
  on_sale_at?: string;
  card_last4?: string;
}
