//! The system that the demo uses: only one on this machine, because the demo buys tickets.

use anyhow::{Context, Result, ensure};

/// The base URL, if it is plain HTTP to this machine.
pub(super) fn base(url: &str) -> Result<String> {
    let url = url.trim_end_matches('/');
    let rest = url.strip_prefix("http://").context("the URL has to begin with http://")?;
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_local = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    ensure!(is_local, "{host:?} is not this machine: the demo buys tickets, and only here");
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn only_this_machine() {
        for url in
            ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80/", "http://127.9.9.9/x"]
        {
            assert_eq!(base(url).unwrap(), url.trim_end_matches('/'));
        }
        for url in [
            "https://127.0.0.1",
            "http://example.org",
            "http://10.0.0.1:8080",
            "http://localhost.example.org",
            "http://127.0.0.1@example.org",
            "http://user@127.0.0.1",
            "http://",
            "127.0.0.1:8080",
        ] {
            assert!(base(url).is_err(), "{url}");
        }
    }
}
