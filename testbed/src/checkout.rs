//! The paths of this checkout and of its build results.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the checkout that this program was built from.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("the package lies in the checkout").to_path_buf()
}

/// Cargo's target directory, as an absolute path: `CARGO_TARGET_DIR`, else `target/` of the
/// checkout.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The directory for temporary files of started programs, so that a killed program leaves nothing
/// in `/tmp`. The path is short, because a Unix socket's path is limited to little more than 100
/// bytes.
pub fn temporary() -> PathBuf {
    target().join("tmp")
}

/// A number that is the same for the same path on every run, for names and ports that belong to one
/// checkout.
pub fn path_hash(path: &Path) -> u64 {
    // FNV-1a, because the standard library's hasher may change with the compiler: what has such a
    // name would then be lost.
    path.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
