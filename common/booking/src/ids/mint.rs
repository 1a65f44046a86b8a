//! The mint of ids: any front door makes them, and every other one recognises them.
//!
//! A UUID of version 8 (RFC 9562, section 5.8):
//!
//! ```text
//!  bits   0..47   fresh id: milliseconds since 1970, so that new rows are neighbours in the index
//!                 id from a key: keyed hash of (event, customer, key)
//!  bits  48..51   version, 8
//!  bits  52..63   fresh: random; from a key: hash
//!  bits  64..65   variant, 0b10
//!  bits  66..103  fresh: random; from a key: hash (with the ones above, 50 random bits in a fresh
//!                 id, and 98 of the hash in one from a key)
//!  bits 104..127  tag: keyed hash of (event, kind, all bits before)
//! ```
//!
//! The same key gives the same id in every process, and nothing is stored. The tag shows without a
//! read whether an id was issued: if so, it is pending until it is decided. To guess an existing id
//! takes 74 bits of luck. Whoever has the id has access to the reservation.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{EventId, Kind, ReservationId};

/// Mints ids and recognises them. All front doors of a system share one secret.
#[derive(Clone)]
pub struct Mint {
    key: [u8; 32],
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mint(..)")
    }
}

impl Mint {
    pub fn new(secret: &str) -> Self {
        Self { key: blake3::derive_key("boxoffice 2026-11 ids", secret.as_bytes()) }
    }

    /// A new id from this time and random bits.
    pub fn fresh<K: Kind>(&self, event: EventId, now: DateTime<Utc>) -> K {
        let mut bytes: [u8; 16] = rand::random();
        let ms = now.timestamp_millis().max(0) as u64;
        bytes[..6].copy_from_slice(&ms.to_be_bytes()[2..]);
        self.sealed(event, bytes)
    }

    /// The id that this key of this owner always gives. The owner is the customer for a
    /// reservation, and the reservation for a payment.
    pub fn keyed<K: Kind>(&self, event: EventId, owner: &str, key: &str) -> K {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(b"key");
        hasher.update(K::KIND);
        hasher.update(&event.0.to_be_bytes());
        hasher.update(&(owner.len() as u64).to_be_bytes());
        hasher.update(owner.as_bytes());
        hasher.update(key.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        self.sealed(event, bytes)
    }

    /// Whether a front door with this secret issued the id for this event.
    pub fn issued<K: Kind>(&self, event: EventId, id: K) -> bool {
        let bytes = *id.unwrap().as_bytes();
        bytes[6] >> 4 == 8 && bytes[8] >> 6 == 0b10 && self.tag::<K>(event, &bytes) == bytes[13..]
    }

    /// A short code that only a process with the secret can compute. A ticket's QR code shows it.
    pub fn ticket_code(&self, event: EventId, reservation: ReservationId, ticket: i32) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(b"ticket");
        hasher.update(&event.0.to_be_bytes());
        hasher.update(reservation.0.as_bytes());
        hasher.update(&ticket.to_be_bytes());
        let hash = hasher.finalize();
        hash.as_bytes()[..16].iter().map(|b| char::from(ALPHABET[usize::from(b & 31)])).collect()
    }

    fn sealed<K: Kind>(&self, event: EventId, mut bytes: [u8; 16]) -> K {
        bytes[6] = 0x80 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        let tag = self.tag::<K>(event, &bytes);
        bytes[13..].copy_from_slice(&tag);
        K::wrap(Uuid::from_bytes(bytes))
    }

    fn tag<K: Kind>(&self, event: EventId, bytes: &[u8; 16]) -> [u8; 3] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(b"tag");
        hasher.update(K::KIND);
        hasher.update(&event.0.to_be_bytes());
        hasher.update(&bytes[..13]);
        let hash = hasher.finalize();
        [hash.as_bytes()[0], hash.as_bytes()[1], hash.as_bytes()[2]]
    }
}

#[cfg(test)]
mod tests {
    use super::super::PaymentId;
    use super::*;

    const EVENT: EventId = EventId(7);

    fn mint() -> Mint {
        Mint::new("a secret for tests")
    }

    #[test]
    fn a_fresh_id_is_recognised_for_its_event_and_kind_only() {
        let now = DateTime::from_timestamp_millis(1_795_000_000_123).expect("in range");
        let id: ReservationId = mint().fresh(EVENT, now);
        assert!(mint().issued(EVENT, id));
        assert!(!mint().issued(EventId(8), id));
        assert!(!mint().issued(EVENT, PaymentId(id.0)));
        assert!(!Mint::new("another secret").issued(EVENT, id));
        assert_eq!(id.0.get_version_num(), 8);
        let ms = id.0.as_u128() >> 80;
        assert_eq!(ms, 1_795_000_000_123, "time comes first, so new ids are neighbours");
    }

    #[test]
    fn any_changed_bit_is_noticed() {
        let id: ReservationId = mint().keyed(EVENT, "ada@example.org", "k1");
        for bit in 0..128 {
            let other = ReservationId(Uuid::from_u128(id.0.as_u128() ^ (1 << bit)));
            assert!(!mint().issued(EVENT, other), "bit {bit}");
        }
    }

    #[test]
    fn a_key_gives_one_id_for_each_owner_and_event() {
        let id = |event, owner, key| mint().keyed::<ReservationId>(event, owner, key);
        assert_eq!(id(EVENT, "ada", "k"), id(EVENT, "ada", "k"));
        assert_ne!(id(EVENT, "ada", "k"), id(EVENT, "bob", "k"));
        assert_ne!(id(EVENT, "ada", "k"), id(EventId(8), "ada", "k"));
        assert_ne!(id(EVENT, "ada", "k"), id(EVENT, "adak", ""));
        assert!(mint().issued(EVENT, id(EVENT, "ada", "k")));
    }

    #[test]
    fn two_fresh_ids_of_one_moment_differ() {
        let now = DateTime::UNIX_EPOCH;
        let one: ReservationId = mint().fresh(EVENT, now);
        let two: ReservationId = mint().fresh(EVENT, now);
        assert_ne!(one, two);
    }
}
