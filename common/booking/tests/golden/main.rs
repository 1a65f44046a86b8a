//! The bytes of every version of every message that was ever sent: each must be read for ever, and
//! those of the latest version are what this build writes. A file is never changed; a new version
//! adds files.

mod bytes;
mod samples;

mod outcomes;
mod requests;
mod versions;
mod workers;
