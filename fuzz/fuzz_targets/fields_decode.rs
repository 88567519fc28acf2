//! Fields, as a store may hold them.

#![no_main]

use ai_evals_performance_core::explain::{Wanted, decode, nearest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let fields = decode(input);
    let wanted = Wanted::new(b"{s5:inputs2:hi}", b"");
    let found = nearest(&wanted, [(input, 0.0, ())]);
    assert!(found.is_some() || fields.is_none());
});
