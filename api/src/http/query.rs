//! Query parameters, which are few and plain here.
//!
//! Not axum's `Query`: it refuses a name that is there twice, and a route would have to turn its
//! refusals into problems. Here the first value counts and what no route knows is ignored, as the
//! routes have always done; each route says itself what is wrong with a value.

/// The first value of a name. Values need no decoding: all that are known are plain.
pub(crate) fn find_value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_of_a_name_counts() {
        assert_eq!(find_value("a=1&b=2&a=3", "a"), Some("1"));
        assert_eq!(find_value("b=", "b"), Some(""));
        assert_eq!(find_value("ab=1", "a"), None);
        assert_eq!(find_value("", "a"), None);
    }
}
