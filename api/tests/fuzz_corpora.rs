//! What the fuzz targets check holds of all that their corpora have, so that the targets keep
//! building and what was once found stays mended, without a fuzzer.

#[path = "../../fuzz/checks.rs"]
mod checks;

use std::path::Path;

/// How many there are.
fn all_of(target: &str, check: fn(&[u8])) -> usize {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let files = std::fs::read_dir(&corpus).unwrap_or_else(|error| panic!("{target}: {error}"));
    files.map(|file| check(&std::fs::read(file.expect("an entry").path()).expect("a file"))).count()
}

#[test]
fn whatever_was_found_by_fuzzing_is_read_without_a_panic() {
    assert!(all_of("messages", checks::messages) >= 10);
    assert!(all_of("ids", checks::ids) >= 5);
    assert!(all_of("headers", checks::headers) >= 5);
}
