//! A health check that a container can run on itself: images have no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use ureq::Agent;

const TIMEOUT: Duration = Duration::from_secs(3);

/// The health check's URL for a process that listens at this address. A wildcard address becomes
/// loopback, because nobody can connect to a wildcard.
pub fn url(listen: SocketAddr, ready: bool) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let path = if ready { "readyz" } else { "livez" };
    format!("http://{}/{path}", SocketAddr::new(ip, listen.port()))
}

/// Sends the request, and blocks for three seconds at most. The error says what is wrong.
pub fn check(url: &str) -> Result<(), String> {
    let config = Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        .proxy(None)
        .build();
    let agent: Agent = config.into();
    let mut answer = agent.get(url).call().map_err(|error| format!("{url}: {error}"))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let body = answer.body_mut().read_to_string().unwrap_or_default();
    Err(format!("{url}: {}: {}", answer.status(), body.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_listens_everywhere_is_asked_at_home() {
        let url = |listen: &str| url(listen.parse().expect("an address"), true);
        assert_eq!(url("0.0.0.0:9081"), "http://127.0.0.1:9081/readyz");
        assert_eq!(url("[::]:9081"), "http://[::1]:9081/readyz");
        assert_eq!(url("10.1.2.3:80"), "http://10.1.2.3:80/readyz");
    }
}
