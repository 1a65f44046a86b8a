#![no_main]

#[path = "../checks.rs"]
#[expect(dead_code, reason = "the other targets use the other checks")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::messages(bytes));
