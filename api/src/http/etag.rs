//! Conditional reads (RFC 9110, section 13.1.2).

use axum::http::{HeaderMap, header};

/// Whether the client has this tag already. The comparison is weak, as the RFC demands for reads.
pub(crate) fn matches(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = values.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    tags.any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_known_tag_matches() {
        let knows = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, value.parse().unwrap());
            matches(&headers, "\"1-7\"")
        };
        assert!(knows("\"1-7\""));
        assert!(knows("W/\"1-7\""));
        assert!(knows("\"1-6\", \"1-7\""));
        assert!(knows("*"));
        assert!(!knows("\"1-6\""));
        assert!(!matches(&HeaderMap::new(), "\"1-7\""));
    }
}
