//! The bytes of every version of every message that was ever sent: each must be read for ever, and
//! those of the latest version are what this build writes. A file is never changed; a new version
//! adds files.

use booking::domain::{
    CardBehaviour, Currency, Payment, PaymentStatus, Reason, Reservation, ReservationStatus,
    TicketState, WorkerPool,
};
use booking::ids::{EventId, PaymentId, ReservationId, SectionNumber, TicketNumber, TierNumber};
use booking::messages::{
    BatchOutcome, Control, DueHold, DueHolds, Envelope, Message, PoolOrder, Presence, PresenceKind,
    Progress, Prompt, QueueReport, Report, SectionChange, TicketChange, TracedOutcome,
    later::with_more_fields,
};
use booking::payments::Pay;
use booking::requests::{Best, Cancel, Request, Reserve};
use booking::trace::Trace;
use chrono::{DateTime, Utc};

const EVENT: EventId = EventId(7);

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_000_000_123 + seconds * 1_000).expect("in range")
}

fn reservation_id() -> ReservationId {
    "019d0e6f-5d7b-8c3a-9d21-52a7f0b1c2d3".parse().expect("an id")
}

fn payment_id() -> PaymentId {
    "019d0e6f-9a01-8123-8fed-cba987654321".parse().expect("an id")
}

fn euro() -> Currency {
    "EUR".parse().expect("a currency")
}

fn numbers(tickets: &[i32]) -> Vec<TicketNumber> {
    tickets.iter().copied().map(TicketNumber).collect()
}

/// What an editor adds at the end of a file is not part of the message.
fn golden(bytes: &'static [u8]) -> &'static [u8] {
    bytes.trim_ascii_end()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("JSON is UTF-8")
}

/// The file reads as the message, as does one with fields that are not known here, and the message
/// is written as the file.
#[track_caller]
fn is_golden<M: Message + PartialEq + std::fmt::Debug>(message: &M, file: &'static [u8]) {
    assert_eq!(text(&message.encode()), text(golden(file)));
    assert_eq!(M::decode(golden(file)).as_ref(), Ok(message));
    assert_eq!(M::decode(&with_more_fields(golden(file))).as_ref(), Ok(message));
}

#[track_caller]
fn is_golden_envelope<T>(requests: Vec<T>, file: &'static [u8])
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug + Clone,
{
    assert_eq!(text(&Envelope::new(requests.clone()).encode()), text(golden(file)));
    let requests: Vec<_> = requests.into_iter().map(Ok).collect();
    assert_eq!(Envelope::<T>::decode(golden(file)).expect("an envelope"), requests);
    let more = with_more_fields(golden(file));
    assert_eq!(Envelope::<T>::decode(&more).expect("an envelope"), requests);
}

fn reserve() -> Reserve {
    Reserve {
        id: reservation_id(),
        event: EVENT,
        customer: "ada@example.org".to_owned(),
        tickets: numbers(&[12, 13]),
        best: Some(Best {
            quantity: 2,
            section: Some(SectionNumber(1)),
            tier: Some(TierNumber(2)),
            together: true,
        }),
        accepted_at: at(0),
        patience_ms: 30_000,
        fingerprint: -6_148_914_691_236_517_206,
    }
}

#[test]
fn requests_of_version_1_with_every_field() {
    let cancel = Cancel { id: reservation_id(), event: EVENT, accepted_at: at(1) };
    let requests = vec![Request::Reserve(reserve()), Request::Cancel(cancel)];
    is_golden_envelope(requests, include_bytes!("golden/requests.v1.full.json"));
}

#[test]
fn requests_of_version_1_without_what_may_be_absent() {
    let wish = Reserve { best: None, ..reserve() };
    let least = Best { quantity: 3, section: None, tier: None, together: false };
    let best = Reserve { tickets: Vec::new(), best: Some(least), ..reserve() };
    let requests = vec![Request::Reserve(wish), Request::Reserve(best)];
    is_golden_envelope(requests, include_bytes!("golden/requests.v1.least.json"));
}

fn trace() -> Trace {
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().expect("a trace")
}

#[test]
fn requests_of_version_1_of_which_one_is_traced() {
    let file = include_bytes!("golden/requests.v1.traced.json");
    let cancel = Cancel { id: reservation_id(), event: EVENT, accepted_at: at(1) };
    let requests = vec![Request::Cancel(cancel.clone()), Request::Cancel(cancel)];
    let envelope = Envelope::traced(requests.clone(), vec![(1, trace())]);
    assert_eq!(text(&envelope.encode()), text(golden(file)));
    let read = Envelope::<Request>::open(golden(file)).expect("an envelope");
    assert_eq!(read.traces, [(1, trace())]);
    assert_eq!(read.requests, requests.into_iter().map(Ok).collect::<Vec<_>>());
}

#[test]
fn outcomes_of_version_1_of_which_one_is_traced() {
    let mut outcomes = BatchOutcome::new("requests", at(3));
    outcomes.traces.push(TracedOutcome { id: reservation_id().0, trace: trace() });
    is_golden(&outcomes, include_bytes!("golden/outcomes.v1.traced.json"));
}

#[test]
fn payments_of_version_1_with_every_card() {
    let pay = |card| Pay {
        id: payment_id(),
        event: EVENT,
        reservation: reservation_id(),
        card,
        card_last4: "0002".to_owned(),
        accepted_at: at(2),
        patience_ms: 30_000,
        fingerprint: 42,
    };
    let cards = [
        CardBehaviour::Succeeds,
        CardBehaviour::Declined,
        CardBehaviour::InsufficientFunds,
        CardBehaviour::ProcessingError,
        CardBehaviour::Slow,
        CardBehaviour::LostAnswer,
    ];
    let requests = cards.map(pay).to_vec();
    is_golden_envelope(requests, include_bytes!("golden/payments.v1.json"));
}

#[test]
fn due_holds_of_version_1() {
    let hold = DueHold { event: EVENT, reservation: reservation_id(), due_at: at(120) };
    let files: [(Prompt, &'static [u8]); 3] = [
        (Prompt::Hold, include_bytes!("golden/holds.v1.hold.json")),
        (Prompt::Start, include_bytes!("golden/holds.v1.start.json")),
        (Prompt::Sweep, include_bytes!("golden/holds.v1.sweep.json")),
    ];
    for (prompt, file) in files {
        is_golden(&DueHolds::new(prompt, vec![hold, hold]), file);
    }
}

#[test]
fn presence_of_version_1() {
    let files: [(PresenceKind, &'static [u8]); 3] = [
        (PresenceKind::Hello, include_bytes!("golden/presence.v1.hello.json")),
        (PresenceKind::Beat, include_bytes!("golden/presence.v1.beat.json")),
        (PresenceKind::Bye, include_bytes!("golden/presence.v1.bye.json")),
    ];
    for (kind, file) in files {
        is_golden(&Presence::new("reservations-7f3a", kind), file);
    }
}

fn reservation() -> Reservation {
    Reservation {
        event: EVENT,
        id: reservation_id(),
        revision: 3,
        status: ReservationStatus::Held,
        customer: Some("ada@example.org".to_owned()),
        tickets: numbers(&[12, 13]),
        prices: vec![8_900, 5_900],
        currency: euro(),
        created_at: at(0),
        expires_at: Some(at(120)),
        frozen: true,
        reason: Some(Reason::TicketsUnavailable),
        conflicts: numbers(&[14]),
        fingerprint: 42,
    }
}

fn payment() -> Payment {
    Payment {
        event: EVENT,
        id: payment_id(),
        reservation: reservation_id(),
        status: PaymentStatus::Processing,
        amount: 14_800,
        currency: euro(),
        card: CardBehaviour::LostAnswer,
        card_last4: "0408".to_owned(),
        reason: Some(Reason::HoldLost),
        refund_due: true,
        created_at: at(2),
        fingerprint: 43,
    }
}

fn section(changes: Vec<TicketChange>) -> SectionChange {
    SectionChange { event: EVENT, number: SectionNumber(1), version: 41, available: 97, changes }
}

#[test]
fn outcomes_of_version_1_with_every_field() {
    let change =
        |state, until, tickets: &[i32]| TicketChange { state, until, tickets: numbers(tickets) };
    let mut outcomes = BatchOutcome::new("requests", at(1));
    let mut progress = Progress::new("requests.03", at(0));
    progress.add(at(1));
    outcomes.progress = vec![progress];
    outcomes.reservations = vec![reservation()];
    outcomes.payments = vec![payment()];
    outcomes.sections = vec![section(vec![
        change(TicketState::Available, None, &[1]),
        change(TicketState::Held, Some(at(120)), &[12, 13]),
        change(TicketState::Sold, None, &[2, 3]),
        change(TicketState::Blocked, None, &[4]),
    ])];
    is_golden(&outcomes, include_bytes!("golden/outcomes.v1.full.json"));
}

#[test]
fn outcomes_of_version_1_without_what_may_be_absent() {
    let mut outcomes = BatchOutcome::new("holds.due", at(1));
    is_golden(&outcomes, include_bytes!("golden/outcomes.v1.empty.json"));
    outcomes.reservations = vec![Reservation {
        status: ReservationStatus::Cancelled,
        customer: None,
        tickets: Vec::new(),
        prices: Vec::new(),
        expires_at: None,
        frozen: false,
        reason: None,
        conflicts: Vec::new(),
        ..reservation()
    }];
    outcomes.payments = vec![Payment { reason: None, refund_due: false, ..payment() }];
    outcomes.sections = vec![section(Vec::new())];
    is_golden(&outcomes, include_bytes!("golden/outcomes.v1.least.json"));
}

#[test]
fn every_name_of_a_state_or_a_reason_that_version_1_may_carry() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Names {
        tickets: Vec<TicketState>,
        reservations: Vec<ReservationStatus>,
        payments: Vec<PaymentStatus>,
        reasons: Vec<Reason>,
    }
    let names = Names {
        tickets: TicketState::ALL.to_vec(),
        reservations: ReservationStatus::ALL.to_vec(),
        payments: PaymentStatus::ALL.to_vec(),
        reasons: Reason::ALL.to_vec(),
    };
    let file = golden(include_bytes!("golden/names.v1.json"));
    assert_eq!(serde_json::from_slice::<Names>(file).expect("every name is read"), names);
    assert_eq!(serde_json::to_string(&names).expect("plain"), text(file));
    for reason in Reason::ALL {
        assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        assert_eq!(serde_json::to_string(reason).expect("plain"), format!("\"{reason}\""));
    }
}

#[test]
fn fields_that_are_not_known_are_ignored() {
    let later = text(golden(include_bytes!("golden/presence.v1.beat.json")));
    let later = later.replacen('{', "{\"later\":[1,{\"a\":null}],", 1);
    let read = Presence::decode(later.as_bytes()).expect("a version that is known");
    assert_eq!(read, Presence::new("reservations-7f3a", PresenceKind::Beat));
    let requests = text(golden(include_bytes!("golden/requests.v1.full.json")));
    let later = requests.replace("\"customer\"", "\"later\":true,\"customer\"");
    assert_ne!(later, requests);
    let read = Envelope::<Request>::decode(later.as_bytes()).expect("an envelope");
    assert_eq!(read[0], Ok(Request::Reserve(reserve())));
}

#[test]
fn a_version_that_is_not_known_is_not_read() {
    let next = |file: &[u8]| text(file).replacen("\"v\":1", "\"v\":2", 1).into_bytes();
    let presence = next(include_bytes!("golden/presence.v1.beat.json"));
    let error = Presence::decode(&presence).expect_err("version 2");
    assert_eq!(error.to_string(), "version 2 is not known");
    assert!(BatchOutcome::decode(&next(include_bytes!("golden/outcomes.v1.full.json"))).is_err());
    assert!(DueHolds::decode(&next(include_bytes!("golden/holds.v1.hold.json"))).is_err());
    let requests = next(include_bytes!("golden/requests.v1.full.json"));
    assert!(Envelope::<Request>::decode(&requests).is_err());
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
    is_golden(&Control::order(order.clone()), include_bytes!("golden/control.v1.order.json"));
    let least = PoolOrder { reason: String::new(), changed_by: String::new(), ..order };
    is_golden(&Control::order(least), include_bytes!("golden/control.v1.least.json"));
    is_golden(&Control::ask("reports.1"), include_bytes!("golden/control.v1.ask.json"));
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
    is_golden(&report, include_bytes!("golden/report.v1.json"));
}
