//! Parses the head of an HTTP response, as far as the load kit needs it.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    /// Where the body begins.
    pub length: usize,
    /// None if the body is chunked.
    pub body_length: Option<usize>,
    pub retry_after_seconds: Option<u32>,
    /// Whether the server closes the connection after this response.
    pub is_last: bool,
}

/// The bytes are not an HTTP response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Parses the head of a response. None if it is not complete yet.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, Malformed> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let mut lines = bytes[..end].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let status = status(lines.next().unwrap_or_default())?;
    let has_no_body = matches!(status, 100..=199 | 204 | 304);
    let mut head = Head {
        status,
        length: end + 4,
        body_length: has_no_body.then_some(0),
        retry_after_seconds: None,
        is_last: false,
    };
    let mut is_chunked = false;
    for line in lines {
        let Some((name, value)) = header(line) else { return Err(Malformed) };
        if name.eq_ignore_ascii_case(b"content-length") {
            head.body_length = Some(number(value)?);
        } else if name.eq_ignore_ascii_case(b"retry-after") {
            head.retry_after_seconds = number(value).ok().and_then(|n| u32::try_from(n).ok());
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            is_chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if name.eq_ignore_ascii_case(b"connection") {
            head.is_last = value.eq_ignore_ascii_case(b"close");
        }
    }
    if head.body_length.is_none() && !is_chunked {
        return Err(Malformed);
    }
    Ok(Some(head))
}

fn status(line: &[u8]) -> Result<u16, Malformed> {
    let rest = line.strip_prefix(b"HTTP/1.1 ").ok_or(Malformed)?;
    let digits = rest.get(..3).ok_or(Malformed)?;
    u16::try_from(number(digits)?).map_err(|_| Malformed)
}

fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((&line[..colon], line[colon + 1..].trim_ascii()))
}

fn number(digits: &[u8]) -> Result<usize, Malformed> {
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_complete() {
        let bytes = b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nx: y\r\n\r\n{\"id\":\"abc\"}";
        for end in 0..bytes.len() {
            let read = head(&bytes[..end]).unwrap();
            assert_eq!(read.is_some(), end >= bytes.len() - 12, "{end}");
        }
        let read = head(bytes).unwrap().unwrap();
        assert_eq!((read.status, read.body_length, read.is_last), (201, Some(12), false));
        assert_eq!(&bytes[read.length..], b"{\"id\":\"abc\"}");
    }

    #[test]
    fn when_to_try_again_and_the_end_of_the_connection_are_read() {
        let bytes =
            b"HTTP/1.1 503 x\r\nretry-after: 2\r\nconnection: close\r\ncontent-length:0\r\n\r\n";
        let read = head(bytes).unwrap().unwrap();
        assert_eq!((read.retry_after_seconds, read.is_last), (Some(2), true));
    }

    #[test]
    fn a_body_has_a_length_or_chunks_or_is_not_there() {
        assert_eq!(head(b"HTTP/1.1 304 x\r\n\r\n").unwrap().unwrap().body_length, Some(0));
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(head(chunked).unwrap().unwrap().body_length, None);
        assert_eq!(head(b"HTTP/1.1 200 OK\r\n\r\n"), Err(Malformed));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        assert_eq!(head(b"SSH-2.0\r\n\r\n"), Err(Malformed));
        assert_eq!(head(b"HTTP/1.1 2\r\n\r\n"), Err(Malformed));
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), Err(Malformed));
        assert_eq!(head(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"), Err(Malformed));
    }
}
