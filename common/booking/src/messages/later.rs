//! Messages as a later build might write them, with fields that this build does not know: during a
//! deploy both builds run at the same time. Not in release builds.
//!
//! `BOXOFFICE_WRITES_AS=later` makes a process write all its messages this way.

use serde_json::{Value, json};

/// The bytes to send: the given ones, or the same with more fields.
#[inline]
pub(super) fn sent(message: Vec<u8>) -> Vec<u8> {
    if is_on() { with_more_fields(&message) } else { message }
}

/// Whether this process adds fields. Never in a release build.
#[inline]
pub fn is_on() -> bool {
    #[cfg(debug_assertions)]
    {
        use std::sync::LazyLock;
        static IS_LATER: LazyLock<bool> = LazyLock::new(|| {
            std::env::var("BOXOFFICE_WRITES_AS").is_ok_and(|build| build == "later")
        });
        *IS_LATER
    }
    #[cfg(not(debug_assertions))]
    false
}

/// Adds a field to every object that has several. An object with a single entry names a variant and
/// stays as it is.
pub fn with_more_fields(message: &[u8]) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(message).expect("messages are JSON");
    extend(&mut value);
    serde_json::to_vec(&value).expect("plain data always has a JSON form")
}

fn extend(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(extend),
        Value::Object(fields) => {
            fields.values_mut().for_each(extend);
            if fields.len() > 1 {
                fields.insert("later".to_owned(), json!([1, {"minor": 7, "nothing": null}]));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_a_field_more_and_names_of_kinds_stay() {
        let more = with_more_fields(br#"{"v":1,"requests":[{"cancel":{"id":1,"event":2}}]}"#);
        let later = r#""later":[1,{"minor":7,"nothing":null}]"#;
        let cancel = format!(r#"{{"cancel":{{"event":2,"id":1,{later}}}}}"#);
        let text = format!(r#"{{{later},"requests":[{cancel}],"v":1}}"#);
        assert_eq!(String::from_utf8(more).expect("JSON"), text);
    }
}
