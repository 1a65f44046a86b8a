//! Comparing a message with the bytes of a file.

use booking::messages::{Envelope, Message, later::with_more_fields};

/// The file reads as the message, as does one with fields that are not known here, and the message
/// is written as the file.
#[track_caller]
pub(crate) fn is_golden<M: Message + PartialEq + std::fmt::Debug>(
    message: &M,
    file: &'static [u8],
) {
    assert_eq!(text(&message.encode()), text(golden(file)));
    assert_eq!(M::decode(golden(file)).as_ref(), Ok(message));
    assert_eq!(M::decode(&with_more_fields(golden(file))).as_ref(), Ok(message));
}

#[track_caller]
pub(crate) fn is_golden_envelope<T>(requests: Vec<T>, file: &'static [u8])
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug + Clone,
{
    assert_eq!(text(&Envelope::new(requests.clone()).encode()), text(golden(file)));
    let requests: Vec<_> = requests.into_iter().map(Ok).collect();
    assert_eq!(Envelope::<T>::decode(golden(file)).expect("an envelope"), requests);
    let more = with_more_fields(golden(file));
    assert_eq!(Envelope::<T>::decode(&more).expect("an envelope"), requests);
}

/// What an editor adds at the end of a file is not part of the message.
pub(crate) fn golden(bytes: &'static [u8]) -> &'static [u8] {
    bytes.trim_ascii_end()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("JSON is UTF-8")
}
