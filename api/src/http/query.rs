//! Query parameters. There are few, and their values are simple.
//!
//! This is not axum's `Query`: that one refuses a repeated name, and each route would have to turn
//! its rejections into problems. Here the first value counts and unknown names are ignored, as
//! clients expect; each route checks its own values.

/// The first value of a name. Nothing is decoded: no valid value contains an escape.
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
