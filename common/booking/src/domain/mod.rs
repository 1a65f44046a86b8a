//! What is booked: events, tickets, reservations and payments, and their states.

mod event;
mod money;
mod payment;
mod reason;
mod reservation;
mod seating_plan;
mod states;
mod worker_pool;

pub use event::{Event, SaleStatus, Section, SectionKind, Terms, Tier};
pub use money::{Currency, Money};
pub use payment::{Card, CardBehaviour, Payment};
pub use reason::Reason;
pub use reservation::Reservation;
pub use seating_plan::{PlanSection, SeatingPlan};
pub use states::{PaymentStatus, ReservationStatus, TicketState};
pub use worker_pool::WorkerPool;
