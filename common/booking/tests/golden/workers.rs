//! What workers send to one another, and what goes between them and operators.

use booking::domain::WorkerPool;
use booking::messages::{
    Control, DueHold, DueHolds, PoolOrder, Presence, PresenceKind, Prompt, QueueReport, Report,
};

use crate::bytes::is_golden;
use crate::samples::{EVENT, at, reservation_id};

#[test]
fn due_holds_of_version_1() {
    let hold = DueHold { event: EVENT, reservation: reservation_id(), due_at: at(120) };
    let files: [(Prompt, &'static [u8]); 3] = [
        (Prompt::Hold, include_bytes!("holds.v1.hold.json")),
        (Prompt::Start, include_bytes!("holds.v1.start.json")),
        (Prompt::Sweep, include_bytes!("holds.v1.sweep.json")),
    ];
    for (prompt, file) in files {
        is_golden(&DueHolds::new(prompt, vec![hold, hold]), file);
    }
}

#[test]
fn presence_of_version_1() {
    let files: [(PresenceKind, &'static [u8]); 3] = [
        (PresenceKind::Hello, include_bytes!("presence.v1.hello.json")),
        (PresenceKind::Beat, include_bytes!("presence.v1.beat.json")),
        (PresenceKind::Bye, include_bytes!("presence.v1.bye.json")),
    ];
    for (kind, file) in files {
        is_golden(&Presence::new("reservations-7f3a", kind), file);
    }
}

#[test]
fn controls_of_version_1() {
    let order = PoolOrder {
        pool: WorkerPool::Reservations,
        paused: true,
        revision: 3,
        reason: "the sale is rehearsed".to_owned(),
        changed_by: "ada@desk".to_owned(),
        changed_at: at(5),
    };
    is_golden(&Control::order(order.clone()), include_bytes!("control.v1.order.json"));
    let least = PoolOrder { reason: String::new(), changed_by: String::new(), ..order };
    is_golden(&Control::order(least), include_bytes!("control.v1.least.json"));
    is_golden(&Control::ask("reports.1"), include_bytes!("control.v1.ask.json"));
}

#[test]
fn a_report_of_version_1() {
    let queue = |age_ms, idle_ms| QueueReport {
        queue: "payments.01".to_owned(),
        working: true,
        in_hand: 7,
        age_ms,
        handled: 12_345,
        idle_ms,
    };
    let queues = vec![queue(Some(250), Some(40)), queue(None, None)];
    let report = Report::new("0123abcd", WorkerPool::Payments, false, queues);
    is_golden(&report, include_bytes!("report.v1.json"));
}
