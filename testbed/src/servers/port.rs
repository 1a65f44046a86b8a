//! Free ports for private servers.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

use anyhow::{Result, bail};

/// Ports below the range from which the kernel takes those of outgoing connections (32768 and up on
/// Linux). A client could take a port from that range while its server is down for a moment; a
/// client that tries to reconnect to it could even connect to itself.
const FIRST: u16 = 10_000;
const LAST: u16 = 32_000;

static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A free port on 127.0.0.1 that was not returned before. The search starts at a port that depends
/// on `seed`, so a server usually gets the same port at its next start.
pub fn free(seed: u64) -> Result<u16> {
    let mut given = GIVEN.lock().expect("no holder panics");
    let count = u64::from(LAST - FIRST) + 1;
    for step in 0..count {
        let offset = (seed % count + step) % count;
        let port = FIRST + u16::try_from(offset)?;
        if !given.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            given.insert(port);
            return Ok(port);
        }
    }
    bail!("no free port between {FIRST} and {LAST}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once() {
        let ports: BTreeSet<u16> = (0..20).map(|_| free(7).unwrap()).collect();
        assert_eq!(ports.len(), 20);
        assert!(ports.iter().all(|port| (FIRST..=LAST).contains(port)));
    }

    #[test]
    fn a_taken_port_is_passed_over() {
        // Take the next free port, as another program would.
        let first = free(11_111).unwrap();
        let take = |port| Some((port, TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?));
        let (port, _taken) = (first + 1..=LAST).find_map(take).unwrap();
        let next = free(u64::from(port - FIRST)).unwrap();
        assert!(next > port);
    }
}
