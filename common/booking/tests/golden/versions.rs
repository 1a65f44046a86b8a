//! What is read of other versions: more fields, every known name, and no version that is not known.

use booking::domain::{PaymentStatus, Reason, ReservationStatus, TicketState};
use booking::messages::{BatchOutcome, DueHolds, Envelope, Message, Presence, PresenceKind};
use booking::requests::Request;

use crate::bytes::{golden, text};
use crate::samples::reserve;

#[test]
fn fields_that_are_not_known_are_ignored() {
    let later = text(golden(include_bytes!("presence.v1.beat.json")));
    let later = later.replacen('{', "{\"later\":[1,{\"a\":null}],", 1);
    let read = Presence::decode(later.as_bytes()).expect("a version that is known");
    assert_eq!(read, Presence::new("reservations-7f3a", PresenceKind::Beat));
    let requests = text(golden(include_bytes!("requests.v1.full.json")));
    let later = requests.replace("\"customer\"", "\"later\":true,\"customer\"");
    assert_ne!(later, requests);
    let read = Envelope::<Request>::decode(later.as_bytes()).expect("an envelope");
    assert_eq!(read[0], Ok(Request::Reserve(reserve())));
}

#[test]
fn a_version_that_is_not_known_is_not_read() {
    let next = |file: &[u8]| text(file).replacen("\"v\":1", "\"v\":2", 1).into_bytes();
    let presence = next(include_bytes!("presence.v1.beat.json"));
    let error = Presence::decode(&presence).expect_err("version 2");
    assert_eq!(error.to_string(), "version 2 is not known");
    assert!(BatchOutcome::decode(&next(include_bytes!("outcomes.v1.full.json"))).is_err());
    assert!(DueHolds::decode(&next(include_bytes!("holds.v1.hold.json"))).is_err());
    let requests = next(include_bytes!("requests.v1.full.json"));
    assert!(Envelope::<Request>::decode(&requests).is_err());
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
    let file = golden(include_bytes!("names.v1.json"));
    assert_eq!(serde_json::from_slice::<Names>(file).expect("every name is read"), names);
    assert_eq!(serde_json::to_string(&names).expect("plain"), text(file));
    for reason in Reason::ALL {
        assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        assert_eq!(serde_json::to_string(reason).expect("plain"), format!("\"{reason}\""));
    }
}
