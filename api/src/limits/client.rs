//! The client's address: where a request comes from, behind the proxies that we trust.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName};
use process::settings::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The most entries that are read: chains of proxies are short.
const HOPS_MAX: usize = 16;

/// The nearest address that is not a trusted proxy. None if all known addresses are trusted
/// proxies: such requests are not limited, because a badly configured proxy would otherwise make
/// all clients share one limit.
pub(crate) fn find_client(
    peer: IpAddr,
    headers: &HeaderMap,
    trusted: &[Network],
) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return Some(peer);
    }
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let entries = values.filter_map(|value| value.to_str().ok()).flat_map(|v| v.rsplit(','));
    for entry in entries.take(HOPS_MAX) {
        // An entry that cannot be parsed comes from our own proxy, or from a source that is not
        // trusted.
        let address = parse_address(entry.trim())?;
        if !is_trusted(address) {
            return Some(address);
        }
    }
    None
}

fn parse_address(text: &str) -> Option<IpAddr> {
    let plain = text.parse().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|both| both.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    plain.or_else(with_port).or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

/// The name that an address is counted under. An IPv6 client can choose its address within a /64,
/// so the whole /64 counts as one.
pub(super) fn name_address(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        find_client(peer.parse().unwrap(), &headers, &trusted).map(|address| address.to_string())
    }

    #[test]
    fn who_is_no_trusted_proxy_is_not_believed() {
        let seen = seen("203.0.113.9", &["198.51.100.1"], &["private"]);
        assert_eq!(seen.as_deref(), Some("203.0.113.9"));
    }

    #[test]
    fn the_nearest_that_is_no_trusted_proxy_counts_whatever_it_claims() {
        let forged = "1.2.3.4, 198.51.100.7, 10.0.0.2";
        let believed = seen("10.0.0.1", &[forged], &["10.0.0.0/8"]);
        assert_eq!(believed.as_deref(), Some("198.51.100.7"));
        let split = seen("10.0.0.1", &["1.2.3.4", "198.51.100.7:4711"], &["private"]);
        assert_eq!(split.as_deref(), Some("198.51.100.7"));
        let mapped = seen("::ffff:10.0.0.1", &["[2001:db8::1]"], &["private"]);
        assert_eq!(mapped.as_deref(), Some("2001:db8::1"));
    }

    #[test]
    fn a_trusted_proxy_that_does_not_say_for_whom_it_asks_is_nobody() {
        assert_eq!(seen("127.0.0.1", &[], &["private"]), None);
        assert_eq!(seen("127.0.0.1", &["unknown"], &["private"]), None);
        assert_eq!(seen("10.1.1.1", &["10.2.2.2"], &["private"]), None);
        assert_eq!(seen("127.0.0.1", &[], &[]).as_deref(), Some("127.0.0.1"));
    }

    #[test]
    fn an_ipv6_network_of_a_client_has_one_name() {
        let of = |text: &str| name_address(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
