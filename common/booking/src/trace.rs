//! Traces: the W3C Trace Context (`traceparent`) of a request, which goes through the broker to the
//! decision and back. Each step logs a line with the id of the trace, its own span and the parent
//! span. A request without a context, or with one that is not sampled, costs nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The position of a request in its trace: the trace, and the span that causes the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Trace {
    trace: u128,
    span: u64,
}

impl Trace {
    /// Parses a `traceparent` header; none if it is malformed or not sampled.
    pub fn sampled(header: &str) -> Option<Self> {
        let (trace, flags) = parse(header)?;
        (flags & 1 == 1).then_some(trace)
    }

    /// A new span with this one as its parent.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span: rand::random_range(1..=u64::MAX), ..self }
    }

    /// A new trace for a batch: many requests cause it, and it links to them.
    pub fn batch() -> Self {
        let (trace, span) = (rand::random_range(1..=u128::MAX), rand::random_range(1..=u64::MAX));
        Self { trace, span }
    }

    /// The trace's id: 32 hexadecimal digits.
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The span's id: 16 hexadecimal digits.
    pub fn span_id(self) -> String {
        format!("{:016x}", self.span)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace, self.span)
    }
}

impl From<Trace> for String {
    fn from(trace: Trace) -> Self {
        trace.to_string()
    }
}

/// The text is not a `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent")]
pub struct NoTrace;

impl FromStr for Trace {
    type Err = NoTrace;

    fn from_str(text: &str) -> Result<Self, NoTrace> {
        parse(text).map(|(trace, _)| trace).ok_or(NoTrace)
    }
}

impl TryFrom<String> for Trace {
    type Error = NoTrace;

    fn try_from(text: String) -> Result<Self, NoTrace> {
        text.parse()
    }
}

/// The context and its flags. Versions after 00 may be longer; the known fields are read.
fn parse(text: &str) -> Option<(Trace, u8)> {
    let mut parts = text.split('-');
    let mut hex = |digits: usize| {
        let part = parts.next()?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let fits = part.len() == digits && part.bytes().all(is_hex);
        fits.then(|| u128::from_str_radix(part, 16).ok())?
    };
    let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    let is_over = parts.next().is_none();
    let valid = version != 0xff && (version != 0 || is_over) && trace != 0 && span != 0;
    valid.then_some((Trace { trace, span: span as u64 }, flags as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_context_is_read_and_written_as_the_standard_has_it() {
        let trace = Trace::sampled(HEADER).expect("valid");
        assert_eq!(trace.to_string(), HEADER);
        assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let child = trace.child();
        assert_eq!(child.trace_id(), trace.trace_id());
        assert_ne!(child.span_id(), trace.span_id());
        let later = HEADER.replacen("00", "01", 1) + "-what-comes-later";
        assert_eq!(Trace::sampled(&later), Some(trace));
    }

    #[test]
    fn what_is_malformed_or_not_sampled_is_no_trace() {
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(Trace::sampled(bad), None, "{bad}");
        }
    }
}
