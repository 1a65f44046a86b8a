//! Reads the output of a child process.

use std::io::{BufRead, Read};

/// The most bytes of one line; a longer line is split.
const LINE_MAX: u64 = 1024 * 1024;

/// The next line, or a part of a line that is too long. None at the end, or when the pipe breaks.
pub(crate) fn next_line(from: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let length = from.by_ref().take(LINE_MAX).read_until(b'\n', &mut line).ok()?;
    if length == 0 {
        return None;
    }
    let line = String::from_utf8_lossy(&line);
    Some(line.trim_end_matches(['\n', '\r']).to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn lines_are_whole_and_bounded() {
        let long = "x".repeat(LINE_MAX as usize + 1);
        let text = format!("one\r\n\n\u{e4}\n{long}\nlast");
        let mut from = BufReader::new(text.as_bytes());
        let lines: Vec<String> = std::iter::from_fn(|| next_line(&mut from)).collect();
        assert_eq!(lines[..3], ["one", "", "\u{e4}"]);
        assert_eq!((lines[3].len(), lines[4].len()), (LINE_MAX as usize, 1));
        assert_eq!(lines[5..], ["last"]);
    }
}
