//! Addresses and networks, as settings write them.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// One address (`192.0.2.7`), a network (`10.0.0.0/8`), or `private`: loopback, link-local and
/// private addresses (RFC 1918, RFC 4193).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Addresses whose first bits, this many, are the same.
    Prefix(IpAddr, u8),
    /// Loopback, link-local and private addresses.
    Private,
}

impl Network {
    /// Whether the address is in the network. An IPv4 address is never in an IPv6 network.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (*self, address) {
            (Self::Private, IpAddr::V4(address)) => {
                address.is_loopback() || address.is_private() || address.is_link_local()
            }
            (Self::Private, IpAddr::V6(address)) => {
                address.is_loopback()
                    || address.is_unique_local()
                    || address.is_unicast_link_local()
            }
            (Self::Prefix(IpAddr::V4(network), bits), IpAddr::V4(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
            }
            (Self::Prefix(IpAddr::V6(network), bits), IpAddr::V6(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "private" {
            return Ok(Self::Private);
        }
        let wrong = || format!("{text:?} is neither an address, nor a network, nor \"private\"");
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits <= most { Ok(Self::Prefix(address, bits)) } else { Err(wrong()) }
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        assert!(has("10.0.0.0/8", "10.255.0.1") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("192.0.2.7", "192.0.2.7") && !has("192.0.2.7", "192.0.2.8"));
        assert!(has("0.0.0.0/0", "203.0.113.1") && !has("0.0.0.0/0", "::1"));
        assert!(has("2001:db8::/32", "2001:db8:1::1") && !has("2001:db8::/32", "2001:db9::1"));
        for private in ["127.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.1.1", "::1", "fd00::1"] {
            assert!(has("private", private), "{private}");
        }
        assert!(!has("private", "203.0.113.1") && !has("private", "2001:db8::1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for odd in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "public", "10.0.0.0/", "1.2.3.4:80"] {
            assert!(odd.parse::<Network>().is_err(), "{odd}");
        }
    }
}
